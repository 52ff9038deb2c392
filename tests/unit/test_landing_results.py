"""Landing the results of pupils: files of one folder told apart by year and status, names left out, nothing lost."""

import re
from pathlib import Path

import pytest
from landing_desk import CATALOGUE, ROOT, Desk
from results_desk import OUTCOMES, as_csv, results

KS2 = "education/ks2"
TABLE = "raw_results.ks2"
#: What a system may leave out.
OPTIONAL = (
    "la_code", "laestab", "urn", "uln", "surname", "forename", "dob", "sex", "postcode", "nc_year", "fsm_flag",
    "fsm6_flag", "disadvantaged_flag", "sen_provision", "eal_flag", "ethnicity", "status", "extract_date",
)  # fmt: skip
TABLES = [table for table in CATALOGUE if table.source == "results"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def failed(desk: Desk) -> set[str]:
    return {check for _, check, _ in desk.failed_checks()}


def messages(desk: Desk) -> str:
    rows = desk.connection.execute("SELECT message FROM quality.check_result WHERE message IS NOT NULL").fetchall()
    return "\n".join([desk.message(), *(row[0] for row in rows)])


@pytest.mark.parametrize("assessment", OUTCOMES)
def test_a_file_is_read_without_the_names_of_pupils(desk: Desk, assessment: str) -> None:
    desk.put(f"education/{assessment}/whatever it is called.csv", as_csv(results(assessment, 2025, pupils=3)))
    desk.land()
    assert desk.files("table_name, release, layout, status, use, rows_landed, rows_loaded, rows_quarantined") == [
        (assessment, "undated", "csv", "loaded", "current", 3, 3, 0)
    ]
    assert failed(desk) == set()
    columns = [row[0] for row in desk.connection.execute(f"DESCRIBE raw_results.{assessment}").fetchall()]
    assert not {"surname", "forename"} & set(columns)
    held = desk.connection.execute(f"SELECT * FROM raw_results.{assessment}").fetchall()
    assert "NAME" not in str(held)


@pytest.mark.parametrize("assessment", OUTCOMES)
def test_a_file_may_lack_what_the_census_tells_of_a_pupil(desk: Desk, assessment: str) -> None:
    desk.put(f"education/{assessment}/short.csv", as_csv(results(assessment, 2025, pupils=3), without=OPTIONAL))
    desk.land()
    assert desk.files() == [("loaded", "current", 3, 3, 0)]
    assert desk.column(f"raw_results.{assessment}", "sex") == [None] * 3


@pytest.mark.parametrize("column", ["academic_year", "upn", "read_score", "gps_outcome", "writ_ta", "sci_ta"])
def test_a_file_without_what_a_figure_needs_is_refused_by_name(desk: Desk, column: str) -> None:
    desk.put(f"{KS2}/short.csv", as_csv(results("ks2", 2025, pupils=3), without=(column,)))
    desk.land()
    assert desk.files("status, use") == [("failed", "none")]
    assert f"missing: {column}" in desk.message()


def test_a_row_without_a_pupil_number_stays_and_one_without_a_year_is_set_aside(desk: Desk) -> None:
    years = [
        "202425",
        "2024/25",
        "2024-25",
        "2024/2025",
        " 202425 ",
        "2025",
        "202426",
        "",
        "2024/24",
        "AY202425",
        "192021",
    ]
    rows = [
        {**row, "academic_year": year, "upn": ""}
        for row, year in zip(results("ks2", 2025, pupils=11), years, strict=True)
    ]
    desk.put(f"{KS2}/a.csv", as_csv(rows))
    desk.land()
    assert desk.files() == [("loaded", "current", 11, 5, 6)]
    assert desk.column(TABLE, "upn") == [None] * 5
    assert [(row[0], row[1], row[2]) for row in desk.quarantined()] == [
        (number, "unreadable_year", "warning") for number in range(6, 12)
    ]
    assert failed(desk) == {"unreadable_year"}
    assert "NAME" not in messages(desk)


def test_an_exact_repeat_is_set_aside_and_another_row_of_the_pupil_is_not(desk: Desk) -> None:
    row = results("ks2", 2025, pupils=1)[0]
    desk.put(f"{KS2}/a.csv", as_csv([row, {**row, "read_score": "110"}, row]))
    desk.land()
    assert desk.files() == [("loaded", "current", 3, 2, 1)]
    assert [(row[0], row[1]) for row in desk.quarantined()] == [(3, "exact_duplicate")]


def test_years_and_statuses_lie_side_by_side_in_one_folder(desk: Desk) -> None:
    for year, status in ((2024, "final"), (2025, "provisional"), (2025, "Revised")):
        desk.put(f"{KS2}/{year} {status}.csv", as_csv(results("ks2", year, pupils=2, status=status)))
    desk.put("education/ks4/2025 provisional.csv", as_csv(results("ks4", 2025, pupils=2, status="provisional")))
    desk.land()
    assert desk.files("status, use") == [("loaded", "current")] * 4
    assert failed(desk) == set()


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("final", "final", True),
        ("final", " FINAL", True),
        ("provisional", "", True),
        ("", "", True),
        ("provisional", "revised", False),
        ("", "final", False),
    ],
)
def test_two_files_of_the_same_year_and_status_are_pointed_out(
    desk: Desk, first: str, second: str, is_same: bool
) -> None:
    desk.put(f"{KS2}/first.csv", as_csv(results("ks2", 2025, pupils=2, status=first)))
    rows = [*results("ks2", 2025, pupils=3, status=second), *results("ks2", 2024, pupils=3)]
    rows = [{**row, "academic_year": row["academic_year"].replace("202425", "2024/25")} for row in rows]
    again = desk.put(f"{KS2}/second.csv", as_csv(rows))
    desk.land()
    assert failed(desk) == ({"one_file_per_part"} if is_same else set())
    if is_same:
        assert f"{KS2}/first.csv and {KS2}/second.csv" in messages(desk)
        assert "of the same school year and status" in messages(desk)
        again.unlink()
        desk.land()
        assert failed(desk) == set()


def test_a_moved_column_is_in_no_message(desk: Desk) -> None:
    """Where columns have moved, a name stands in the status of two files: it is compared and never shown."""
    rows = [{**row, "status": "SURNAME1"} for row in results("ks2", 2025, pupils=2)]
    desk.put(f"{KS2}/first.csv", as_csv(rows))
    desk.put(f"{KS2}/second.csv", as_csv([{**row, "read_score": "90"} for row in rows]))
    desk.land()
    assert failed(desk) == {"one_file_per_part"}
    assert "NAME" not in messages(desk).upper().replace("RENAME", "")


def test_the_same_content_twice_is_loaded_once_and_a_changed_file_takes_its_own_place(desk: Desk) -> None:
    rows = results("ks2", 2025, pupils=2)
    desk.put(f"{KS2}/a.csv", as_csv(rows))
    desk.put(f"{KS2}/b.csv", as_csv(rows))
    desk.land()
    assert desk.files("status, use") == [("loaded", "current"), ("duplicate", "none")]
    assert failed(desk) == set()
    desk.put(f"{KS2}/a.csv", as_csv([{**row, "read_score": "90"} for row in rows]))
    (desk.raw / KS2 / "b.csv").unlink()
    desk.land()
    assert desk.column(TABLE, "read_score") == ["90", "90"]
    assert failed(desk) == set()


def test_a_folder_inside_that_of_an_assessment_is_no_place_for_results(desk: Desk) -> None:
    desk.put(f"{KS2}/2025/a.csv", as_csv(results("ks2", 2025, pupils=2)))
    desk.land()
    assert desk.files("status, source_id") == [("unknown", None)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_that_a_supplier_may_code_is_translated_when_staged(table) -> None:
    macro = (ROOT / "dbt/macros/extracts.sql").read_text(encoding="utf-8")
    model = (ROOT / f"dbt/models/staging/results/stg_results__{table.name}.sql").read_text(encoding="utf-8")
    [common] = re.findall(r"set common = \[(.*?)\]", macro)
    if "early_years_goals()" in model:
        macro_of_goals = (ROOT / "dbt/macros/education.sql").read_text(encoding="utf-8")
        [own] = re.findall(r"macro early_years_goals\(\) -%\}\s*\{\{- return\(\[(.*?)\]", macro_of_goals)
    else:
        [own] = re.findall(r"extract_rows\('\w+', \[(.*?)\]\)", model)
    translated = set(re.findall(r"'(\w+)'", f"{common}, {own}"))
    assert translated == set(table.columns) - set(table.uncoded)


def test_results_are_personal_and_no_earlier_issue_is_kept() -> None:
    assert {(table.is_personal, table.keep_superseded, table.schema) for table in TABLES} == {
        (True, False, "raw_results")
    }
