"""Every check on an arriving school census: a good one keeps it, one with that fault breaks it; real faults counted."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from census_desk import PUPILS, Table, as_csv, census, uln, upn
from landing_desk import CATALOGUE, Desk

from dagster_project.landing import load
from dagster_project.quality.results import CheckResult
from dagster_project.quality.run import rejections, validate
from expectations import raw_school_census
from expectations.list import list_checks
from expectations.suite import SuiteContext

CONTEXT = SuiteContext(authority=383)
SUITES = raw_school_census.suites()
CHECKS = {check.check_id: check for check in list_checks(CONTEXT) if check.suite in {suite.name for suite in SUITES}}
GOOD_YEAR = 2090
TABLES = {
    "pupils_on_roll": "pupilonroll",
    "fsm_periods": "fsmperiodsonroll",
    "term_sessions_on_roll": "termlysessiondetailsonroll",
    "term_sessions_off_roll": "termlysessiondetailsoffroll",
    "summer_sessions_on_roll": "summerhalfterm2sessiondetailsonroll",
    "summer_sessions_off_roll": "summerhalfterm2sessiondetailsoffroll",
    "exclusions_on_roll": "termlyexclusionsonroll",
    "exclusions_off_roll": "termlyexclusionsoffroll",
}
#: Read by the checks of the other tables.
PUPILS_FIRST = ("pupilonroll", "pupilnolongeronroll")

Fault = Callable[[Table], None]


def every(column: str, text: str, rows: int = PUPILS) -> Fault:
    """Put a text into a column of the first rows."""

    def change(table: Table) -> None:
        table[:] = [{**row, column: text} if number < rows else row for number, row in enumerate(table)]

    return change


def twice(table: Table) -> None:
    table.append({**table[0], "pupilonrolltableid": "p900", "NativeId": "SCH2"})


#: What is done to a table so that its file breaks the check; `<check>_rows` is broken by a single row.
BROKEN: dict[str, dict[str, Fault]] = {
    "pupils_on_roll": {
        "census_birth_dates": every("dob", "31/02/2015", 20),
        "census_birth_dates_rows": every("dob", "31/02/2015", 1),
        "census_year_group_of_age": every("ncyearactual", "9", 20),
        "census_year_group_of_age_rows": every("ncyearactual", "9", 1),
        "census_upn": every("upn", f"Z{upn(801_000_000_001)[1:]}", 1),
        "census_uln": every("uniquelearnernumber", f"{uln(100_000_009)[:9]}0", 1),
        "census_year_group_codes": every("ncyearactual", "15", 1),
        "census_sex_codes": every("sex", "1", 1),
        "census_sen_codes": every("senprovision", "", 1),
        "census_enrolment_codes": every("enrolstatus", "Z", 1),
        "census_pupils_set_aside": every("pupilonrolltableid", " ", 20),
        "census_two_main_schools": twice,
    },
    "fsm_periods": {
        "census_fsm_start_dates": every("fsmstartdate", "soon", 20),
        "census_fsm_start_dates_rows": every("fsmstartdate", "soon", 1),
        "census_fsm_backwards": every("fsmenddate", "2001-Jan-01 00:00:00", 30),
        "census_fsm_backwards_rows": every("fsmenddate", "2001-Jan-01 00:00:00", 1),
        "census_fsm_periods_of_another_census": every("NativeId", "SCH9", 40),
        "census_fsm_periods_without_pupil": every("NativeId", "SCH9", 1),
    },
    **{
        f"{kind}_sessions_{roll}_roll": {
            f"census_sessions_read_{kind}_sessions_{roll}_roll": every("sessions", "few", 30),
            f"census_sessions_read_rows_{kind}_sessions_{roll}_roll": every("sessions", "-1", 1),
            f"census_attendance_codes_{kind}_sessions_{roll}_roll": every("attendancereason", "?", 1),
            f"census_{kind}_sessions_{roll}_roll_of_another_census": every("NativeId", "SCH9", 90),
            f"census_{kind}_sessions_{roll}_roll_without_pupil": every("NativeId", "SCH9", 1),
            f"census_{kind}_sessions_{roll}_roll_possible": every("sessions", "101.0", 40),
            f"census_{kind}_sessions_{roll}_roll_possible_rows": every("sessions", "101.0", 1),
        }
        for kind in ("term", "summer")
        for roll in ("on", "off")
    },
    **{
        f"exclusions_{roll}_roll": {
            f"census_exclusion_categories_exclusions_{roll}_roll": every("category", "X", 30),
            f"census_exclusion_categories_rows_exclusions_{roll}_roll": every("category", "X", 1),
            f"census_exclusion_dates_exclusions_{roll}_roll": every("startdate", "2025-Feb-30 00:00:00", 30),
            f"census_exclusion_dates_rows_exclusions_{roll}_roll": every("startdate", "", 1),
            f"census_exclusions_{roll}_roll_of_another_census": every("NativeId", "SCH9", 40),
            f"census_exclusions_{roll}_roll_without_pupil": every("NativeId", "SCH9", 1),
        }
        for roll in ("on", "off")
    },
}
#: Broken by what the census before holds.
SINCE_BEFORE = {"census_pupils_again", "census_pupils_moved"}
CASES = [(table, check) for table, faults in BROKEN.items() for check in faults]


def put(desk: Desk, folder: str, tables: dict[str, Table]) -> None:
    for name, rows in tables.items():
        desk.put(f"education/school_census/{folder}/{name}.csv", as_csv(name, rows))


def checked(desk: Desk, folder: Path) -> list[tuple[str, CheckResult]]:
    """Land what is there and return the results of the census suites, each with the path of its file."""
    database = folder / "warehouse.duckdb"
    desk.connection.close()
    desk.connection = duckdb.connect(str(database))
    load.prepare(desk.connection, CATALOGUE)
    found = desk.land(settle=False)
    assert {file.status for file in found} == {"loaded"}
    paths = {file.file_id: file.file_path for file in found}
    candidates: dict[str, list[str]] = {}
    for file in found:
        candidates.setdefault(f"raw_{file.source}.{file.table}", []).append(file.file_id)
    desk.connection.close()
    results = validate(database, SUITES, context=CONTEXT, candidates=candidates)
    return [(paths[str(result.file_id)], result) for result in results]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, CheckResult]]:
    """A good census, one census per fault (each in a year of its own, so that none is the one before another)."""
    folder = tmp_path_factory.mktemp("census")
    desk = Desk(folder)
    put(desk, f"{GOOD_YEAR} autumn", census(GOOD_YEAR))
    for place, (table, check) in enumerate(CASES):
        year = 2000 + place
        tables = census(year)
        BROKEN[table][check](tables[TABLES[table]])
        put(desk, f"{year} autumn", {name: tables[name] for name in (*PUPILS_FIRST, TABLES[table])})
    before, after = census(1990), census(1991)
    put(desk, "1990 autumn", before)
    put(desk, "1991 spring", {"pupilonroll": after["pupilonroll"]})
    put(desk, "1991 summer", {"pupilonroll": after["pupilonroll"][:40]})
    every("NativeId", "SCH7", 20)(after["pupilonroll"])
    put(desk, "1991 autumn", {"pupilonroll": after["pupilonroll"][:40]})
    return checked(desk, folder)


def outcome_of(results: list[tuple[str, CheckResult]], folder: str, check: str) -> CheckResult:
    [found] = [result for path, result in results if f"/{folder}/" in path and result.check_id == check]
    return found


def test_a_good_census_keeps_every_check(results: list[tuple[str, CheckResult]]) -> None:
    on_good = [result for path, result in results if f"/{GOOD_YEAR} autumn/" in path]
    assert {result.check_id for result in on_good} == set(CHECKS)
    assert [(result.check_id, result.message) for result in on_good if result.outcome != "pass"] == []


def test_every_check_has_a_fault() -> None:
    assert {check for _, check in CASES} | SINCE_BEFORE == set(CHECKS)


@pytest.mark.parametrize("check", [check for _, check in CASES])
def test_a_census_with_a_fault_breaks_its_check(results: list[tuple[str, CheckResult]], check: str) -> None:
    year = 2000 + [name for _, name in CASES].index(check)
    found = outcome_of(results, f"{year} autumn", check)
    assert found.outcome == "fail"
    assert found.failed_count > 0
    assert found.message
    if check.replace("_rows", "") != check:
        # A single row warns and refuses nothing.
        critical = outcome_of(results, f"{year} autumn", check.replace("_rows", ""))
        assert (found.severity, critical.outcome, critical.failed_count) == ("warning", "pass", found.failed_count)


def test_pupils_are_compared_with_the_census_before(results: list[tuple[str, CheckResult]]) -> None:
    counts = {
        (term, check): (outcome_of(results, term, check).checked_count, outcome_of(results, term, check).failed_count)
        for term in ("1991 spring", "1991 summer", "1991 autumn")
        for check in sorted(SINCE_BEFORE)
    }
    # Year 11 may leave: two of the twenty who are gone are not looked for.
    assert counts == {
        ("1991 spring", "census_pupils_again"): (60, 0),
        ("1991 spring", "census_pupils_moved"): (60, 0),
        ("1991 summer", "census_pupils_again"): (58, 18),
        ("1991 summer", "census_pupils_moved"): (40, 0),
        ("1991 autumn", "census_pupils_again"): (40, 0),
        ("1991 autumn", "census_pupils_moved"): (40, 20),
    }


def test_the_shared_sample_breaks_what_it_is_known_to_break(shared_data: Path, tmp_path: Path) -> None:
    """The counts are those that the description of the sample states for the cut that is shipped."""
    desk = Desk(tmp_path)
    for file in sorted((shared_data / "education" / "school_census").glob("*.csv")):
        year, term, _ = file.name.split("_", 2)
        desk.put(f"education/school_census/{year} {term}/{file.name}", file.read_bytes())
    found = checked(desk, tmp_path)

    def counted(term: str, check: str) -> tuple[str, int, int]:
        result = outcome_of(found, term, check)
        return result.outcome, result.failed_count, result.checked_count

    assert counted("2024 autumn", "census_term_sessions_on_roll_possible") == ("fail", 1566, 1675)
    assert counted("2024 autumn", "census_fsm_backwards") == ("fail", 1163, 2379)
    assert counted("2025 spring", "census_fsm_backwards") == ("fail", 1213, 2489)
    assert counted("2024 autumn", "census_year_group_of_age") == ("fail", 1089, 1166)
    assert counted("2025 spring", "census_pupils_again") == ("pass", 0, 1695)
    assert counted("2025 spring", "census_pupils_moved") == ("pass", 68, 1695)
    assert counted("2024 autumn", "census_upn") == ("fail", 1696, 1696)
    refused = {path.rpartition("/")[2] for path, result in found if result.file_id in rejections([r for _, r in found])}
    assert {"2024_autumn_pupilonroll.csv", "2025_spring_pupilonroll.csv"} <= refused
    assert "2024_autumn_addressesoffroll.csv" not in refused


def test_numbers_with_a_wrong_character_are_told_from_right_ones() -> None:
    """Numbers made by the rule, each with every other last or first character in turn."""
    from expectations.school_census import uln_is_wrong, upn_is_wrong

    connection = duckdb.connect()

    def is_wrong(rule: str, text: str) -> bool:
        row = connection.execute(f"SELECT {rule.format()} FROM (SELECT ? AS n)", [text]).fetchone()
        assert row is not None
        return bool(row[0])

    for number in (801_000_000_000, 123_456_789_012, 999_999_999_999):
        right = upn(number)
        others = [f"{letter}{right[1:]}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter != right[0]]
        assert not is_wrong(upn_is_wrong("n"), f" {right.lower()} ")
        assert all(is_wrong(upn_is_wrong("n"), other) for other in others)
        assert is_wrong(upn_is_wrong("n"), right[:-1])
    temporary = upn(12_345_678_901, is_temporary=True)
    assert not is_wrong(upn_is_wrong("n"), temporary)
    assert is_wrong(upn_is_wrong("n"), f"{temporary[:-1]}C")
    right = uln(123_456_789)
    assert not is_wrong(uln_is_wrong("n"), right)
    assert all(is_wrong(uln_is_wrong("n"), f"{right[:-1]}{digit}") for digit in "0123456789" if digit != right[-1])
    assert is_wrong(uln_is_wrong("n"), "9999999999")
