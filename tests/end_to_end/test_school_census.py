"""A school census from the folder to the published figures: one that cannot be used, and one that can."""

import csv
import re
from pathlib import Path

import pytest
from desk import Desk, lay_out
from warm_cfp import WarmCfp

MISSING = ("abs_overall", "abs_persistent", "susp_rate", "sen_ehcp_pct", "fsm_primary", "eal_secondary")


@pytest.fixture(scope="module")
def unusable(shared_data: Path, tmp_path_factory: pytest.TempPathFactory, warm: WarmCfp) -> Desk:
    """The census sample of random cells beside a population and a published data set."""
    folder = tmp_path_factory.mktemp("census")
    desk = lay_out(folder / "desk", ("population", "published/ees/cla_number_and_rate_per_10k_children"), warm)
    for file in (shared_data / "education" / "school_census").glob("*.csv"):
        year, term, _ = file.name.split("_", 2)
        place = desk.raw / "education" / "school_census" / f"{year} {term}"
        place.mkdir(parents=True, exist_ok=True)
        (place / file.name).write_bytes(file.read_bytes())
        (place / "SYNTHETIC").touch()
    desk.refresh()
    return desk


@pytest.mark.slow
def test_a_census_that_cannot_be_used_stops_itself_alone(unusable: Desk) -> None:
    """The refresh ends with 0: other sources publish, the census's figures are missing and the reason is told."""
    status, message = unusable.state()["school_census"]
    assert status == "stale"
    assert "census_year_group_of_age: 1,089 of 1,166 break the rule" in message
    assert "census_fsm_backwards: 1,163 of 2,379 break the rule" in message
    assert "census_term_sessions_on_roll_possible: 1,566 of 1,675 break the rule" in message
    figures = unusable.query(
        """SELECT indicator_id, value, numerator, value_status, published_label FROM marts.fct_indicator_value
        WHERE source_kind = 'local' AND indicator_id IN (SELECT unnest(?)) ORDER BY 1""",
        list(MISSING),
    )
    assert figures == [(name, None, None, "source_missing", "2024/25") for name in sorted(MISSING)]
    assert unusable.query("SELECT count(*) > 100 FROM marts.fct_indicator_value WHERE value IS NOT NULL") == [(True,)]
    found = unusable.query(
        """SELECT check_id, severity, scope, failed_count, checked_count FROM marts.check_result
        WHERE check_id IN ('census_year_group_of_age', 'census_fsm_backwards') AND outcome = 'fail' ORDER BY ALL"""
    )
    assert found == [
        ("census_fsm_backwards", "critical", "source", 1163, 2379),
        ("census_fsm_backwards", "critical", "source", 1213, 2489),
        ("census_year_group_of_age", "critical", "source", 1089, 1166),
        ("census_year_group_of_age", "critical", "source", 1130, 1203),
    ]


@pytest.mark.slow
def test_every_row_of_the_census_is_accounted_for(unusable: Desk, shared_data: Path) -> None:
    sent = {}
    for file in (shared_data / "education" / "school_census").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as opened:
            sent[file.name] = sum(1 for _ in csv.reader(opened)) - 1
    counted = unusable.query(
        "SELECT file_name, rows_landed, rows_loaded + rows_quarantined FROM marts.source_file"
        " WHERE source_id = 'school_census'"
    )
    assert {name: (landed, landed) for name, landed in sent.items()} == {
        name: (landed, accounted) for name, landed, accounted in counted
    }


@pytest.mark.slow
def test_no_pupil_of_the_sample_is_in_what_is_published(unusable: Desk, shared_data: Path) -> None:
    file = shared_data / "education" / "school_census" / "2024_autumn_pupilonroll.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        pupils = list(csv.DictReader(opened))
    words = {row[column] for row in pupils for column in ("upn", "uniquelearnernumber", "surname", "forename", "dob")}
    words = {word.removesuffix(" 00:00:00") for word in words if len(word) > 5}
    assert len(words) > 5_000
    tables = unusable.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'")
    texts = [
        text for (name,) in tables for (text,) in unusable.query(f'SELECT CAST(t AS VARCHAR) FROM marts."{name}" AS t')
    ]
    texts += [
        path.read_text(encoding="utf-8", errors="replace")
        for folder in (unusable.data / "editions", unusable.data / "published", unusable.folder / "output")
        for path in (folder.rglob("*") if folder.is_dir() else [folder])
        if path.is_file() and path.suffix not in (".duckdb", ".parquet")
    ]
    printed = {word for text in texts for word in re.findall(r"[A-Za-z0-9-]+", text)}
    assert len(printed) > 1_000
    assert words & printed == set()
