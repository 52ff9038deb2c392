"""Extracts arrive damaged: what was good stays published, what is wrong is named, and a repaired file is taken in."""

import json
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from desk import (
    CLA,
    EPISODES,
    HEADER,
    LAIT,
    NEIGHBOURS,
    POPULATION,
    Desk,
    assert_complete_version,
    differing_rows,
    edit_csv,
    lay_out,
    set_cell,
)
from warm_cfp import Outcome, WarmCfp

SOURCE_OF = {
    CLA: "ees",
    POPULATION: "population",
    EPISODES: "ssda903",
    HEADER: "ssda903",
    LAIT: "lait",
    NEIGHBOURS: "lait",
}
FIGURES = ("fct_indicator_value", "comparator_value", "indicator_comparison")

pytestmark = pytest.mark.slow


def cut_in_half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def fill_with_noise(file: Path) -> None:
    file.write_bytes(random.Random(file.name).randbytes(file.stat().st_size))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def leave_out_a_column(file: Path) -> None:
    if file.suffix == ".csv":
        text = file.read_text(encoding="utf-8-sig")
        file.write_text("\n".join(line.split(",", 1)[1] for line in text.splitlines() if line), encoding="utf-8")
    elif file.suffix == ".parquet":
        rewrite_parquet(file, 'SELECT * EXCLUDE ("Values")')
    else:
        change_workbook(file, lambda sheet: sheet.delete_cols(1))


def add_a_column(file: Path) -> None:
    if file.suffix == ".csv":
        text = file.read_text(encoding="utf-8-sig")
        first, *rest = [line for line in text.splitlines() if line]
        file.write_text("\n".join([f"{first},surplus", *(f"{line},9" for line in rest)]) + "\n", encoding="utf-8")
    elif file.suffix == ".parquet":
        rewrite_parquet(file, "SELECT *, '9' AS surplus")


def put_a_folder_in_its_place(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")


def put_a_link_in_its_place(file: Path) -> None:
    raw = next(folder for folder in file.parents if folder.name == "raw")
    outside = raw.with_name("elsewhere") / file.name
    outside.parent.mkdir(exist_ok=True)
    shutil.move(file, outside)
    file.symlink_to(outside)


def rewrite_parquet(file: Path, select: str) -> None:
    path = str(file).replace("'", "''")
    connection = duckdb.connect()
    try:
        connection.execute("CREATE TABLE held AS FROM read_parquet(?)", [str(file)])
        connection.execute(f"COPY ({select} FROM held) TO '{path}' (FORMAT parquet)")
    finally:
        connection.close()


def change_workbook(file: Path, change: Callable) -> None:
    import openpyxl

    book = openpyxl.load_workbook(file)
    change(book.worksheets[0])
    book.save(file)


def blow_up(file: Path) -> None:
    """A workbook of some kilobytes that would unpack to gigabytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(300):
                sheet.write(b"0" * 1_000_000)


def assert_rows_accounted_for(desk: Desk) -> None:
    """Every row of every registered file is loaded or quarantined, and the register agrees with what is stored."""
    wrong = desk.ask_warehouse(
        """SELECT file_path, rows_landed, rows_loaded, rows_quarantined FROM landing.source_file
        WHERE rows_landed <> rows_loaded + rows_quarantined"""
    )
    assert wrong == []
    for table, file_id, loaded in desk.ask_warehouse(
        """SELECT source_id || '.' || table_name, file_id, rows_loaded FROM landing.source_file
        WHERE "use" IN ('current', 'stale', 'superseded')"""
    ):
        assert desk.ask_warehouse(f'SELECT count(*) FROM raw_{table} WHERE "_file_id" = ?', file_id) == [(loaded,)]


def assert_kept(desk: Desk, good: Desk, outcome: Outcome, files: tuple[str, ...]) -> None:
    """The run went through without the damaged files: each source is stale and says which file, and its figures are
    those of its last good file.
    """
    assert outcome.code == 0, str(outcome)
    assert_complete_version(desk.published)
    assert_rows_accounted_for(desk)
    states = desk.state()
    for file in files:
        status, message = states[SOURCE_OF[file]]
        assert status == "stale", f"{file}: {status}, {message}"
        assert file in message
        assert file in outcome.out
        uses = desk.query("SELECT file_use FROM marts.source_file WHERE file_path = ? AND file_use <> 'none'", file)
        assert ("stale",) in uses, file
    for table in FIGURES:
        assert differing_rows(desk.published, good.published, table) == 0, table


@pytest.mark.parametrize(
    ("damage", "files"),
    [
        (cut_in_half, (LAIT, NEIGHBOURS)),
        (fill_with_noise, (CLA, POPULATION, EPISODES, LAIT, NEIGHBOURS)),
        (empty, (CLA, POPULATION, HEADER, LAIT)),
        (leave_out_a_column, (CLA, POPULATION, EPISODES, LAIT, NEIGHBOURS)),
        (put_a_link_in_its_place, (CLA, POPULATION, EPISODES, LAIT, NEIGHBOURS)),
    ],
)
def test_a_file_that_cannot_be_used_leaves_its_last_good_issue_published(
    damage: Callable[[Path], None], files: tuple[str, ...], sample: Desk, sample_desk: Desk
) -> None:
    for file in files:
        damage(sample.raw / file)
    assert_kept(sample, sample_desk, sample.cfp("refresh"), files)


def test_a_table_that_ends_half_way_is_rejected_or_its_broken_row_is_told(small: Desk) -> None:
    files = (CLA, POPULATION, EPISODES)
    for file in files:
        cut_in_half(small.raw / file)
    outcome = small.refresh("--json")
    assert_complete_version(small.published)
    assert_rows_accounted_for(small)
    # Half the authorities of a year show that a release is cut short; other files are read as far as they go.
    assert small.state()["ees"][0] == "stale"
    assert CLA in small.state()["ees"][1]
    told = [finding["message"] for finding in outcome.facts["findings"]]
    told += [source["message"] for source in outcome.facts["sources"].values()]
    for file in files:
        assert any(file in message for message in told), file


def test_damage_of_every_kind_at_once_is_told_file_by_file_and_mended_by_good_files(
    sample: Desk, sample_desk: Desk
) -> None:
    kept = {file: (sample.raw / file).read_bytes() for file in SOURCE_OF}
    before = sample.version()
    blow_up(sample.raw / NEIGHBOURS)
    cut_in_half(sample.raw / LAIT)
    add_a_column(sample.raw / CLA)
    empty(sample.raw / HEADER)
    fill_with_noise(sample.raw / POPULATION)
    outcome = sample.cfp("refresh", "--json")
    assert outcome.code == 0, str(outcome)
    assert sample.version() != before
    said = json.dumps(outcome.facts)
    damaged = (NEIGHBOURS, LAIT, CLA, HEADER, POPULATION)
    for file in damaged:
        assert file in said
    assert "surplus" in sample.state()["ees"][1]
    assert_kept(sample, sample_desk, sample.cfp("refresh", "--full"), damaged)

    for file, content in kept.items():
        (sample.raw / file).write_bytes(content)
    sample.refresh()
    assert {status for status, _ in sample.state().values()} == {"loaded"}
    for table in FIGURES:
        assert differing_rows(sample.published, sample_desk.published, table) == 0, table


def test_a_column_more_is_left_out_with_a_warning_where_the_source_is_not_strict(small: Desk, small_desk: Desk) -> None:
    add_a_column(small.raw / EPISODES)
    add_a_column(small.raw / POPULATION)
    outcome = small.refresh("--json")
    assert {small.state()[source][0] for source in ("ssda903", "population")} == {"loaded"}
    warnings = [finding["message"] for finding in outcome.facts["findings"] if finding["severity"] == "warning"]
    for file in (EPISODES, POPULATION):
        assert any(file in message and "surplus" in message for message in warnings)
    columns = "* EXCLUDE (vintage_id)"
    assert differing_rows(small.published, small_desk.published, "indicator_comparison", columns) == 0


def test_an_undeclared_symbol_costs_its_row_and_is_a_critical_finding_of_its_source(small: Desk) -> None:
    row = {
        "old_la_code": "383",
        "time_period": "2024",
        "population_type": "Children looked after on 31 March each year",
    }
    set_cell(small.raw / CLA, row, "children_count", "~~~")
    outcome = small.cfp("refresh", "--json")
    assert outcome.code in (0, 3), str(outcome)
    findings = [one for one in outcome.facts["findings"] if "undeclared_symbol" in one["message"]]
    assert [finding["severity"] for finding in findings] == ["critical"]
    assert CLA in findings[0]["message"]
    landed, loaded, quarantined = small.ask_warehouse(
        """SELECT rows_landed, rows_loaded, rows_quarantined FROM landing.source_file
        WHERE file_path = ? ORDER BY issue_number DESC LIMIT 1""",
        CLA,
    )[0]
    assert (landed - loaded, quarantined) == (1, 1)


def test_a_windows_file_is_read_as_what_it_is(small: Desk, small_desk: Desk) -> None:
    for file in (CLA, POPULATION):
        text = (small.raw / file).read_text(encoding="utf-8-sig").replace("Leeds", "Leéds")
        (small.raw / file).write_bytes(text.encode("cp1252"))
    small.refresh()
    assert {status for status, _ in small.state().values()} == {"loaded", "not_available"}
    encodings = small.query(
        "SELECT DISTINCT encoding FROM marts.source_file WHERE file_path IN (?, ?)", CLA, POPULATION
    )
    assert ("cp1252",) in encodings
    columns = "* EXCLUDE (vintage_id)"
    assert differing_rows(small.published, small_desk.published, "indicator_comparison", columns) == 0


def test_a_file_that_turned_into_a_folder_counts_as_taken_away_and_what_lies_inside_as_unknown(small: Desk) -> None:
    put_a_folder_in_its_place(small.raw / POPULATION)
    outcome = small.refresh("--json")
    assert outcome.facts["sources"]["population"]["status"] == "not_available"
    assert_rows_accounted_for(small)
    held = small.query(
        "SELECT file_path, status, file_use FROM marts.source_file WHERE source_id = 'population' ORDER BY file_path"
    )
    assert held == [(POPULATION, "removed", "none"), (f"{POPULATION}/notes.csv", "unknown", "none")]
    rates = small.query(
        """SELECT DISTINCT value, value_status FROM marts.fct_indicator_value
        WHERE indicator_id = 'cla_31_march_rate' AND source_kind = 'local'"""
    )
    assert rates == [(None, "source_missing")]


def test_without_an_earlier_good_file_a_source_has_failed_and_the_others_publish(tmp_path: Path, warm: WarmCfp) -> None:
    desk = lay_out(tmp_path / "desk", ("population", "published/ees/cla_number_and_rate_per_10k_children"), warm)
    cut = desk.raw / CLA
    cut.write_bytes(b"")
    (desk.raw / "published" / "somewhere").mkdir()
    (desk.raw / "published" / "somewhere" / "list.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    outcome = desk.refresh("--json")
    assert outcome.facts["sources"]["ees"]["status"] == "failed"
    assert CLA in outcome.facts["sources"]["ees"]["message"]
    assert desk.query("SELECT count(*) FROM marts.fct_indicator_value WHERE indicator_id = 'pop_0_17'") != [(0,)]
    unknown = desk.query("SELECT file_path, status FROM marts.source_file WHERE status = 'unknown'")
    assert unknown == [("published/somewhere/list.csv", "unknown")]


def test_a_return_alone_is_published(tmp_path: Path, warm: WarmCfp) -> None:
    desk = lay_out(tmp_path / "desk", ("social_care/ssda903/2024",), warm)
    outcome = desk.refresh("--json")
    assert {name: source["status"] for name, source in outcome.facts["sources"].items()} == {
        "council": "not_available",
        "ees": "not_available",
        "geography": "not_available",
        "lait": "not_available",
        "population": "not_available",
        "results": "not_available",
        "school_census": "not_available",
        "ssda903": "loaded",
    }
    figures = desk.query(
        "SELECT indicator_id, value IS NOT NULL, value_status FROM marts.fct_indicator_value"
        " WHERE breakdown_type = 'total' AND value_status = 'source_missing' ORDER BY indicator_id"
    )
    # No population, so no rate, and no postcodes, so no place: said to be missing, never shown as zero.
    assert figures == [
        ("cla_31_march_rate", False, "source_missing"),
        ("cla_over_20_miles_pct", False, "source_missing"),
        ("cla_placed_outside_pct", False, "source_missing"),
    ]
    assert desk.query(
        "SELECT value > 0 FROM marts.fct_indicator_value"
        " WHERE indicator_id = 'cla_31_march' AND breakdown_type = 'total'"
    ) == [(True,)]


def test_nothing_under_raw_is_refused_with_what_to_do_and_what_is_published_stays(small: Desk) -> None:
    before = small.version()
    shutil.rmtree(small.raw)
    small.raw.mkdir()
    outcome = small.cfp("refresh")
    assert outcome.code == 3, str(outcome)
    assert "put files under raw/" in outcome.out
    assert f"version {before} stays current" in outcome.out
    assert assert_complete_version(small.published) == before


def test_the_same_file_twice_counts_once(small: Desk, small_desk: Desk) -> None:
    for file in (CLA, EPISODES):
        shutil.copy(small.raw / file, (small.raw / file).with_name("copy_of_it.csv"))
    small.refresh()
    held = small.query(
        "SELECT message, rows_loaded FROM marts.source_file WHERE status = 'duplicate' ORDER BY file_path"
    )
    assert [rows for _, rows in held] == [0, 0]
    for (message, _), file in zip(held, (CLA, EPISODES), strict=True):
        assert f"copy_of_it.csv: the same content as {file}" in message
    for table in FIGURES:
        assert differing_rows(small.published, small_desk.published, table) == 0, table


def test_a_file_issued_again_is_a_new_vintage_beside_the_older_one(small: Desk) -> None:
    row = {
        "old_la_code": "383",
        "time_period": "2024",
        "population_type": "Children looked after on 31 March each year",
    }
    old = float(set_cell(small.raw / CLA, row, "children_count", "1234"))
    small.refresh()
    issues = small.query(
        "SELECT issue_number, file_use, status FROM marts.source_file WHERE file_path = ? ORDER BY issue_number", CLA
    )
    assert issues == [(1, "superseded", "loaded"), (2, "current", "loaded")]
    held = small.query(
        """SELECT value, is_current FROM marts.fct_indicator_value
        WHERE indicator_id = 'cla_31_march' AND area_code = 'E08000035' AND period_id = 'snapshot_2024-03-31'
            AND source_kind = 'published' ORDER BY is_current"""
    )
    assert held == [(old, False), (1234.0, True)]

    # A return about children that is sent again leaves nothing of its first issue.
    edit_csv(small.raw / EPISODES, lambda rows: rows.__delitem__(slice(3)))
    small.refresh()
    first = small.ask_warehouse(
        'SELECT file_id, "use" FROM landing.source_file WHERE file_path = ? ORDER BY issue_number', EPISODES
    )
    assert [use for _, use in first] == ["none", "current"]
    assert small.ask_warehouse("SELECT count(*) FROM raw_ssda903.episodes WHERE _file_id = ?", first[0][0]) == [(0,)]


def test_two_empty_files_in_one_folder_are_two_faults_and_neither_passes_for_a_copy_of_the_other(
    small: Desk, small_desk: Desk
) -> None:
    # A failed export leaves several files without content at once; equal hashes do not make one the other's copy.
    for file in (EPISODES, HEADER):
        empty(small.raw / file)
    assert_kept(small, small_desk, small.cfp("refresh"), (EPISODES, HEADER))
