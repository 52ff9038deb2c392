"""Every rule on arriving tidy files passes a good file of each declared data set and fails one that breaks it."""

from pathlib import Path

import duckdb
import pytest
from landing_desk import CATALOGUE
from tidy_desk import RELEASE, breakers, rule_of, statement, write_good

from dagster_project.quality.run import rejections, validate
from expectations import raw_ees
from expectations.list import list_checks
from expectations.suite import SuiteContext

CONTEXT = SuiteContext(authority=383)
TABLES = [table for table in CATALOGUE if table.source == "ees" and table.tidy]
NAMES = [table.name for table in TABLES]
BROKEN = [(table.name, check, sql) for table in TABLES for check, sql in breakers(table, table.tidy).items()]
SUITES = raw_ees.suites()
DECLARED = {check.check_id: check for check in list_checks(CONTEXT) if check.suite in {suite.name for suite in SUITES}}


@pytest.fixture(scope="module")
def candidates() -> dict[str, list[str]]:
    files = {f"raw_ees.{name}": [f"good_{name}", f"empty_{name}"] for name in NAMES}
    for name, check, _ in BROKEN:
        files[f"raw_ees.{name}"].append(f"bad_{check}")
    return files


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory, candidates: dict[str, list[str]]) -> Path:
    """A warehouse with a good, an empty and several broken files of every declared data set."""
    database = tmp_path_factory.mktemp("tidy") / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema landing")
        connection.execute("create schema raw_ees")
        connection.execute("create table landing.source_file (file_id varchar, table_name varchar, release varchar)")
        connection.execute(
            """create table landing.quarantine (file_id varchar, table_name varchar, row_number bigint,
               raw_text varchar, reason varchar, severity varchar)"""
        )
        for table in TABLES:
            write_good(connection, table, table.tidy)
            connection.execute(f"create table {table.qualified} as select *, '' as _file_id from good limit 0")
            for file_id in candidates[f"raw_ees.{table.name}"]:
                if not file_id.startswith("empty_"):
                    connection.execute(f"insert into {table.qualified} select *, ? from good", [file_id])
                # Only the good file is a release before others; a broken one names its own where the rule needs it.
                release = RELEASE if file_id.startswith("good_") else None
                connection.execute("insert into landing.source_file values (?, ?, ?)", [file_id, table.name, release])
        for name, check, sql in BROKEN:
            connection.execute(statement(sql, f"raw_ees.{name}", f"bad_{check}"))
    return database


@pytest.fixture(scope="module")
def results(landed: Path, candidates: dict[str, list[str]]) -> list:
    return validate(landed, SUITES, context=CONTEXT, candidates=candidates)


def test_a_good_file_passes_every_check(results: list) -> None:
    on_good = [result for result in results if result.file_id.startswith("good_")]
    assert {result.check_id for result in on_good} == set(DECLARED)
    assert [(result.check_id, result.message) for result in on_good if result.outcome != "pass"] == []


def test_every_check_has_a_broken_file() -> None:
    assert {check for _, check, _ in BROKEN if "#" not in check} == set(DECLARED)


@pytest.mark.parametrize("check", [check for _, check, _ in BROKEN])
def test_a_broken_file_fails_its_check(results: list, check: str) -> None:
    [found] = [r for r in results if r.file_id == f"bad_{check}" and r.check_id == check.partition("#")[0]]
    assert found.outcome == "fail"
    assert found.failed_count > 0
    assert found.message


def test_only_files_with_a_critical_finding_are_rejected(results: list) -> None:
    rejected = rejections(results)
    assert not [file_id for file_id in rejected if file_id.startswith("good_")]
    assert all(f"bad_{check}" in rejected for check, one in DECLARED.items() if one.severity == "critical")
    assert all(f"empty_{name}" in rejected for name in NAMES)
    # Fewer referrals than children referred are a fault of their own.
    names = [name for name in NAMES if not name.startswith("c1_")]
    kept = {f"bad_{name}_{rule}" for name in names for rule in ("i11_revisions", "g09_authorities", "adds_up")}
    assert kept & set(rejected) == set()


def test_every_rule_on_staged_files_is_there() -> None:
    """docs/methodology/tidy-files.md; D08 is a rule of the declaration, I01 of landing."""
    found = {rule_of(check, NAMES) for check in DECLARED}
    numbered = "D07 G02 G03 G04 G05 G06 G09 I02 I03 I04 I05 I06 I09 I10 I11 L01 L02 L03 L05 L06 L07 T04"
    assert set(numbered.split()) <= found
    # I07, I08 and G08, by the names they have.
    assert {"adds_up", "missing_share", "london_once"} <= found


def test_what_is_found_is_named(results: list) -> None:
    messages = {result.check_id: result.message for result in results if result.file_id == f"bad_{result.check_id}"}
    assert "A new option" in messages["ks4_la_l06_social_care_group"]
    assert "209 elsewhere" in messages["ks4_la_g03_names"]
    assert "209 in 202324" in messages["ks4_la_g09_authorities"]
    assert "Children looked after on 31 March each year" in messages[f"{NAMES[0]}_l02_totals"]
    assert "avg_att8 6 cells, largest 13" in messages["ks4_la_i11_revisions"]


def test_a_row_in_quarantine_does_not_take_england_with_it(landed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(landed.read_bytes())
    table, file_id = "raw_ees.sen2_ehc_mi", "bad_sen2_ehc_mi_england"
    with duckdb.connect(str(copy)) as connection:
        for number in (1, 2):
            connection.execute(
                "insert into landing.quarantine values (?, 'sen2_ehc_mi', ?, 'x', 'undeclared_symbol', 'critical')",
                [file_id, number],
            )
    suites = [suite for suite in SUITES if suite.table == table]
    again = validate(copy, suites, context=CONTEXT, candidates={table: [file_id]})
    assert {r.outcome for r in again if r.check_id == "sen2_ehc_mi_england"} == {"pass"}
