"""Every check on arriving results of pupils: a good file keeps it, one with that fault breaks it."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from census_desk import uln, upn
from landing_desk import CATALOGUE, Desk
from results_desk import OUTCOMES, PUPILS, Row, as_csv, results

from dagster_project.landing import load
from dagster_project.quality.results import CheckResult
from dagster_project.quality.run import rejections, validate
from dagster_project.sources.suppliers import Supplier, with_suppliers
from dagster_project.warehouse import write_suppliers
from expectations import raw_results
from expectations.collected_years import years_not_collected
from expectations.list import list_checks
from expectations.suite import SuiteContext

CONTEXT = SuiteContext(authority=383)
SUITES = raw_results.suites()
CHECKS = {check.check_id: check for check in list_checks(CONTEXT) if check.suite in {suite.name for suite in SUITES}}
GOOD_YEAR = 2090
#: Years of the files with a fault begin here, so that none is of a year with a meaning.
FIRST_YEAR = 2030

Fault = Callable[[list[Row]], None]


def every(column: str, text: str, rows: int = 20) -> Fault:
    """Put a text into a column of the first rows."""

    def change(table: list[Row]) -> None:
        table[:] = [{**row, column: text} if number < rows else row for number, row in enumerate(table)]

    return change


def one(column: str, text: str) -> Fault:
    return every(column, text, 1)


def twice(table: list[Row]) -> None:
    table.append({**table[0], "laestab": "3839999"})


def both(check: str, column: str, text: str) -> dict[str, Fault]:
    """A fault of a third of the rows, which refuses the file, and of one, which is named."""
    return {check: every(column, text), f"{check}_rows": one(column, text)}


def common(name: str) -> dict[str, Fault]:
    return {
        f"{name}_upn": one("upn", f"Z{upn(801_000_000_001)[1:]}"),
        f"{name}_uln": one("uln", f"{uln(100_000_009)[:9]}0"),
        f"{name}_other_authority": one("la_code", "373"),
        **both(f"{name}_birth_dates", "dob", "31/02/2015"),
        f"{name}_sex_codes": one("sex", "1"),
        f"{name}_year_group_codes": one("nc_year", "15"),
        f"{name}_sen_codes": one("sen_provision", "X"),
        f"{name}_ethnicity_codes": one("ethnicity", "1"),
        f"{name}_pupil_flags": one("fsm6_flag", "2"),
        **both(f"{name}_statuses", "status", "soon"),
        f"{name}_extract_dates": one("extract_date", "soon"),
        f"{name}_set_aside": every("academic_year", "2024"),
        f"{name}_pupil_twice": twice,
    }


#: What is done to a file so that it breaks the check; `<check>_rows` is broken by a single row.
BROKEN: dict[str, dict[str, Fault]] = {
    "eyfsp": {**common("results_eyfsp"), **both("results_eyfsp_goals", "exp_e17", "3")},
    "phonics": {
        **common("results_phonics"),
        **both("results_phonics_mark", "phonics_mark", "41"),
        **both("results_phonics_outcome", "phonics_outcome", "X"),
        **both("results_phonics_year_group", "phonics_year_group", "3"),
        **both("results_phonics_window", "check_window", "july"),
        "results_phonics_contradictions": one("phonics_mark", ""),
    },
    "ks1": {**common("results_ks1"), **both("results_ks1_assessments", "sci_ta", "")},
    "mtc": {
        **common("results_mtc"),
        **both("results_mtc_score", "mtc_score", "24.5"),
        **both("results_mtc_outcome", "mtc_outcome", "done"),
        "results_mtc_contradictions": one("mtc_outcome", "absent"),
    },
    "ks2": {
        **common("results_ks2"),
        **both("results_ks2_scores", "gps_score", "79"),
        **both("results_ks2_outcomes", "gps_outcome", ""),
        **both("results_ks2_assessments", "writ_ta", "3"),
        **both("results_ks2_progress", "mat_prog", "few"),
        "results_ks2_contradictions": one("read_score", "99"),
    },
    "ks4": {
        **common("results_ks4"),
        **both("results_ks4_attainment_8", "att8", "91"),
        **both("results_ks4_slots", "att8_open", "28"),
        **both("results_ks4_flags", "l2basics_95", ""),
        **both("results_ks4_other_flags", "end_ks4_flag", "2"),
        **both("results_ks4_ebacc_points", "ebacc_aps", "10"),
        **both("results_ks4_progress_8", "p8_score", "none"),
    },
}
#: Broken by the year, or by what another file holds.
BY_YEAR = {
    f"results_{name}_not_collected{end}" for name in ("eyfsp", "phonics", "ks1", "mtc", "ks2") for end in ("", "_rows")
}
BY_OTHERS = {f"results_{name}_fewer_pupils" for name in OUTCOMES}
CASES = [(assessment, check) for assessment, faults in BROKEN.items() for check in faults]


def year_of(assessment: str, check: str) -> int:
    return FIRST_YEAR + list(BROKEN[assessment]).index(check)


def checked(desk: Desk, folder: Path, catalogue=CATALOGUE, suppliers=()) -> dict[tuple[str, str], CheckResult]:
    """Land what is there and return the results of the suites by path and check."""
    database = folder / "warehouse.duckdb"
    desk.connection.close()
    desk.connection = duckdb.connect(str(database))
    load.prepare(desk.connection, catalogue)
    write_suppliers(desk.connection, suppliers)
    found = desk.land(settle=False) if catalogue is CATALOGUE else land(desk, catalogue)
    assert {file.status for file in found} == {"loaded"}
    paths = {file.file_id: file.file_path.removeprefix("education/") for file in found}
    candidates: dict[str, list[str]] = {}
    for file in found:
        candidates.setdefault(f"raw_{file.source}.{file.table}", []).append(file.file_id)
    desk.connection.close()
    validated = validate(database, SUITES, context=CONTEXT, candidates=candidates)
    return {(paths[str(result.file_id)], result.check_id): result for result in validated}


def land(desk: Desk, catalogue) -> list[load.LandedFile]:
    from landing_desk import NOW

    from dagster_project.landing.inventory import take_inventory

    inventory = take_inventory(desk.raw, catalogue)
    return load.land_source(desk.connection, "results", catalogue, inventory, now=NOW, announce=lambda text: None)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], CheckResult]:
    """A good file of each assessment, one per fault in a year of its own, and files that others bear upon."""
    folder = tmp_path_factory.mktemp("results")
    desk = Desk(folder)
    for assessment in OUTCOMES:
        desk.put(f"education/{assessment}/good.csv", as_csv(results(assessment, GOOD_YEAR)))
        for check, change in BROKEN[assessment].items():
            rows = results(assessment, year_of(assessment, check))
            change(rows)
            desk.put(f"education/{assessment}/{check}.csv", as_csv(rows))
        for year in (2019, 2020, 2021, 2024):
            desk.put(f"education/{assessment}/year {year}.csv", as_csv(results(assessment, year)))
        mixed = [*results(assessment, 2080), *results(assessment, 2020, pupils=1)]
        desk.put(f"education/{assessment}/mixed.csv", as_csv(mixed))
        for name, pupils in {"whole": PUPILS, "nearly": 54, "part": 53}.items():
            desk.put(
                f"education/{assessment}/{name}.csv", as_csv(results(assessment, 2085, pupils=pupils, status=name))
            )
    old = [{**row, "exp_e17": "3"} for row in results("eyfsp", 2018)]
    desk.put("education/eyfsp/old goals.csv", as_csv(old))
    autumn = [{**row, "check_window": "autumn2020"} for row in results("phonics", 2021, status="revised")]
    desk.put("education/phonics/autumn.csv", as_csv(autumn))
    return checked(desk, folder)


@pytest.mark.parametrize("assessment", OUTCOMES)
def test_a_good_file_keeps_every_check(found: dict[tuple[str, str], CheckResult], assessment: str) -> None:
    on_good = {check: result for (path, check), result in found.items() if path == f"{assessment}/good.csv"}
    assert set(on_good) == {check for check, told in CHECKS.items() if told.suite == f"raw_results_{assessment}"}
    assert [result.message for result in on_good.values() if result.outcome != "pass"] == []
    assert all(result.checked_count > 0 for check, result in on_good.items() if check not in BY_OTHERS)


def test_every_check_has_a_fault() -> None:
    assert {check for _, check in CASES} | BY_YEAR | BY_OTHERS == set(CHECKS)


@pytest.mark.parametrize(("assessment", "check"), CASES, ids=[check for _, check in CASES])
def test_a_file_with_a_fault_breaks_its_check(
    found: dict[tuple[str, str], CheckResult], assessment: str, check: str
) -> None:
    path = f"{assessment}/{check}.csv"
    result = found[path, check]
    assert result.outcome == "fail"
    assert result.failed_count > 0
    assert result.message
    assert "SURNAME" not in result.message
    if check.endswith("_rows"):
        # A single row warns and refuses nothing.
        critical = found[path, check.removesuffix("_rows")]
        assert (result.severity, critical.outcome, critical.failed_count) == ("warning", "pass", result.failed_count)
    others = {id_ for (where, id_), other in found.items() if where == path and other.outcome == "fail"}
    also = {"results_mtc_contradictions"} if assessment == "mtc" else {"results_phonics_contradictions"}
    assert others - also <= {check, f"{check}_rows"}


@pytest.mark.parametrize("assessment", OUTCOMES)
def test_a_year_without_results_refuses_the_file_by_the_seed(
    found: dict[tuple[str, str], CheckResult], assessment: str
) -> None:
    check = f"results_{assessment}_not_collected"
    refused = {
        year
        for year in (2019, 2020, 2021, 2024)
        if (f"{assessment}/year {year}.csv", check) in found
        and found[f"{assessment}/year {year}.csv", check].outcome == "fail"
    }
    assert refused == {
        "eyfsp": {2020, 2021}, "phonics": {2020, 2021}, "ks1": {2020, 2021, 2024}, "mtc": {2019, 2020, 2021},
        "ks2": {2020, 2021}, "ks4": set(),
    }[assessment]  # fmt: skip
    if refused:
        mixed = f"{assessment}/mixed.csv"
        assert (found[mixed, check].outcome, found[mixed, f"{check}_rows"].outcome) == ("pass", "fail")


def test_the_phonics_check_of_autumn_2020_is_no_year_without_results(
    found: dict[tuple[str, str], CheckResult],
) -> None:
    assert found["phonics/autumn.csv", "results_phonics_not_collected_rows"].outcome == "pass"


def test_exceeding_is_a_level_of_the_old_profile(found: dict[tuple[str, str], CheckResult]) -> None:
    assert found["eyfsp/old goals.csv", "results_eyfsp_goals_rows"].outcome == "pass"


@pytest.mark.parametrize("assessment", OUTCOMES)
def test_fewer_pupils_than_another_file_of_the_year_are_pointed_out(
    found: dict[tuple[str, str], CheckResult], assessment: str
) -> None:
    check = f"results_{assessment}_fewer_pupils"
    outcomes = {name: found[f"{assessment}/{name}.csv", check].outcome for name in ("whole", "nearly", "part")}
    assert outcomes == {"whole": "pass", "nearly": "pass", "part": "fail"}


def test_a_file_is_refused_for_a_third_of_its_rows_and_not_for_one(found: dict[tuple[str, str], CheckResult]) -> None:
    of = {
        name: [result for (path, _), result in found.items() if path == f"ks2/{name}.csv"]
        for name in ("results_ks2_scores", "results_ks2_scores_rows")
    }
    [message] = rejections(of["results_ks2_scores"]).values()
    assert "20 of 60 break the rule" in message
    assert rejections(of["results_ks2_scores_rows"]) == {}


def test_years_not_collected_come_from_the_seed() -> None:
    assert years_not_collected("ks2_reading_exp") == (2020, 2021)
    assert years_not_collected("no_such_figure") == ()


def test_codes_of_a_supplier_are_checked_as_what_they_stand_for(tmp_path: Path) -> None:
    supplier = Supplier(
        file=Path("nexus.yml"),
        supplier="Nexus",
        columns={"ks2": {"read_outcome": "READOUT"}},
        values={"ks2": {"read_outcome": {"Pass": "AS"}, "sex": {"1": "M"}, "status": {"FIN": "final"}}},
    )
    desk = Desk(tmp_path)
    rows = [{**row, "read_outcome": "pass", "sex": "1", "status": "fin"} for row in results("ks2", 2090)]
    desk.put("education/ks2/theirs.csv", as_csv(rows, named={"read_outcome": "READOUT"}))
    desk.put("education/ks2/ours.csv", as_csv([{**row, "status": "final"} for row in rows]))
    told = checked(desk, tmp_path, with_suppliers(CATALOGUE, [supplier]), [supplier])
    failed = {
        path: {check for (of, check), result in told.items() if of == path and result.outcome == "fail"}
        for path in ("ks2/theirs.csv", "ks2/ours.csv")
    }
    assert failed["ks2/theirs.csv"] == set()
    assert failed["ks2/ours.csv"] == {"results_ks2_outcomes", "results_ks2_outcomes_rows", "results_ks2_sex_codes"}
