"""Running suites: one read-only connection that is given back, counts only, and an answer whatever happens."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

import expectations
from dagster_project.quality.run import validate
from expectations.rules import RowRule, about, row_rules, rule
from expectations.suite import Suite, SuiteContext

CONTEXT = SuiteContext(authority=201)
SENTINEL = "SENTINEL7734"
ONE_ROW = "select 1 as checked, 0 as failed from {batch} limit 1"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema raw_ssda903")
        connection.execute(
            f"""create table raw_ssda903.header as
                select case when n = 3 then '{SENTINEL}' else cast(n as varchar) end as child, n as age,
                    'f' || n % 2 as _file_id
                from range(0, 10) as t(n)"""
        )
    return path


def suite(declare, *, table: str = "raw_ssda903.header", scope: str = "source", personal: bool = True) -> Suite:
    return Suite(name="probe", table=table, scope=scope, owner="someone", declare=declare, personal=personal)


def probe(query: str, **options):
    return rule("probe_check", severity="critical", why="it holds", advice="Look.", query=query, **options)


def test_importing_suites_runner_and_gate_leaves_great_expectations_unimported() -> None:
    modules = "expectations, expectations.list, dagster_project.quality.run, dagster_project.quality.gate"
    code = f"import sys, {modules}, dagster_project.quality.waivers; print('great_expectations' in sys.modules)"
    root = Path(expectations.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_nothing_due_reads_nothing(database: Path) -> None:
    assert validate(database, expectations.RAW_SUITES, context=CONTEXT, candidates={}) == []


def test_a_missing_database_is_refused_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        validate(tmp_path / "none.duckdb", expectations.MART_SUITES, context=CONTEXT)
    assert not (tmp_path / "none.duckdb").exists()


def test_another_process_can_write_as_soon_as_validation_is_over(database: Path) -> None:
    validate(database, [suite(lambda _: [probe(ONE_ROW)])], context=CONTEXT)
    code = f"import duckdb; duckdb.connect({str(database)!r}).execute('create table other (x integer)')"
    subprocess.run([sys.executable, "-c", code], check=True)
    with duckdb.connect(str(database)) as connection:
        assert connection.execute("select count(*) from other").fetchone() == (0,)


def test_the_file_is_given_back_when_a_suite_cannot_be_declared(database: Path) -> None:
    def broken(_):
        raise ValueError("no such rule")

    with pytest.raises(ValueError, match="no such rule"):
        validate(database, [suite(broken)], context=CONTEXT)
    duckdb.connect(str(database)).close()


def test_validation_writes_nothing(database: Path) -> None:
    before = database.read_bytes()
    validate(database, [suite(lambda _: [probe(ONE_ROW)])], context=CONTEXT)
    assert database.read_bytes() == before


def test_a_check_that_raises_has_failed_without_its_text_and_the_next_one_runs(
    database: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def declare(_):
        counted = {"bad_cast": "sum(cast(child as integer))", "bad_column": "count(no_such_column)", "fine": "count(*)"}
        return [
            rule(
                check_id,
                severity="warning" if check_id == "bad_column" else "critical",
                why="w",
                advice="a",
                query=f"select {count} as checked, 0 as failed from {{batch}}",
            )
            for check_id, count in counted.items()
        ]

    results = {result.check_id: result for result in validate(database, [suite(declare)], context=CONTEXT)}
    assert [(results[key].outcome, results[key].severity) for key in ("bad_cast", "bad_column", "fine")] == [
        ("fail", "critical"),
        ("fail", "warning"),
        ("pass", "critical"),
    ]
    assert "no_such_column" in results["bad_column"].message
    printed = capfd.readouterr()
    assert SENTINEL not in json.dumps([asdict(result) for result in results.values()]) + printed.out + printed.err


def test_a_note_on_personal_data_is_dropped(database: Path) -> None:
    query = "select 1 as checked, 1 as failed, max(child) as note from {batch}"
    [personal] = validate(database, [suite(lambda _: [probe(query)])], context=CONTEXT)
    [published] = validate(database, [suite(lambda _: [probe(query)], personal=False)], context=CONTEXT)
    assert SENTINEL not in personal.message
    assert SENTINEL in published.message


def test_results_are_matched_by_rule_and_not_by_position(database: Path) -> None:
    def declare(_):
        import great_expectations.expectations as gxe

        rules = tuple(
            RowRule(check_id=f"age_below_{n}", severity="warning", why="w", advice="a", breaks=f"age >= {n}")
            for n in range(1, 8)
        )
        native = gxe.ExpectTableRowCountToBeBetween(
            min_value=10, max_value=10, severity="critical", meta=about("ten_rows", why="w", advice="a")
        )
        return [native, *row_rules(rules, by_file=False)]

    results = {result.check_id: result for result in validate(database, [suite(declare)], context=CONTEXT)}
    assert {n: results[f"age_below_{n}"].failed_count for n in range(1, 8)} == {n: 10 - n for n in range(1, 8)}
    assert results["ten_rows"].outcome == "pass"


def test_a_numpy_success_becomes_a_plain_outcome(database: Path) -> None:
    def declare(_):
        import great_expectations.expectations as gxe

        return [
            gxe.ExpectColumnQuantileValuesToBeBetween(
                column="age",
                quantile_ranges={"quantiles": [0.5], "value_ranges": [[100, 200]]},
                severity="warning",
                meta=about("median_age", why="w", advice="a"),
            )
        ]

    [result] = validate(database, [suite(declare)], context=CONTEXT)
    assert result.outcome == "fail"
    assert json.loads(json.dumps(asdict(result)))["check_id"] == "median_age"


def test_native_expectations_give_counts_and_no_values(database: Path) -> None:
    def declare(_):
        import great_expectations.expectations as gxe

        return [
            gxe.ExpectColumnValuesToBeInSet(
                column="child", value_set=["1", "2"], severity="critical", meta=about("known", why="w", advice="a")
            )
        ]

    [result] = validate(database, [suite(declare)], context=CONTEXT)
    assert (result.checked_count, result.failed_count) == (10, 8)
    assert SENTINEL not in json.dumps(asdict(result))


def test_each_file_has_its_own_result_and_other_files_are_left_out(database: Path) -> None:
    rules = (RowRule(check_id="age", severity="critical", why="w", advice="a", breaks="age = 1", empty_fails=True),)
    found = validate(
        database,
        [suite(lambda _: row_rules(rules))],
        context=CONTEXT,
        candidates={"raw_ssda903.header": ["f1", "it's gone"]},
    )
    assert [(result.file_id, result.outcome, result.checked_count) for result in found] == [
        ("f1", "fail", 5),
        ("it's gone", "fail", 0),
    ]


def test_a_handful_of_rows_may_be_allowed_whatever_their_share(database: Path) -> None:
    def outcome(**allowance) -> str:
        rules = (RowRule(check_id="age", severity="critical", why="w", advice="a", breaks="age < 3", **allowance),)
        [result] = validate(database, [suite(lambda _: row_rules(rules, by_file=False))], context=CONTEXT)
        return result.outcome

    assert [outcome(), outcome(allowed_share=0.3), outcome(allowed_share=0.2), outcome(allowed_count=3)] == [
        "fail",
        "pass",
        "fail",
        "pass",
    ]


@pytest.mark.parametrize("scope", ["source", "publication"])
def test_a_missing_table_is_not_run_and_critical(database: Path, scope: str) -> None:
    [result] = validate(database, [suite(lambda _: [], table="marts.nowhere", scope=scope)], context=CONTEXT)
    assert (result.outcome, result.severity, result.scope) == ("not_run", "critical", scope)
    assert "marts.nowhere" in result.message


def test_a_check_that_needs_another_table_is_not_run_without_it(database: Path) -> None:
    [result] = validate(database, [suite(lambda _: [probe(ONE_ROW, needs=("landing.source_file",))])], context=CONTEXT)
    assert (result.outcome, result.severity) == ("not_run", "critical")
    assert "landing.source_file" in result.message


def test_check_ids_are_unique_over_all_suites() -> None:
    from expectations.list import list_checks

    ids = [check.check_id for check in list_checks(CONTEXT)]
    assert len(ids) == len(set(ids))
    assert not [one for one in ids if "." in one]
    assert len({one.name for one in (*expectations.RAW_SUITES, *expectations.MART_SUITES)}) == 53


@pytest.mark.parametrize(
    ("meta", "severity"),
    [({"check_id": "x", "advice": "a"}, "critical"), (about("x", why="w", advice="a"), "info")],
    ids=["no reason", "no severity of ours"],
)
def test_a_half_declared_expectation_is_refused(meta: dict, severity: str) -> None:
    def declare(_):
        import great_expectations.expectations as gxe

        return [gxe.ExpectTableRowCountToBeBetween(min_value=1, severity=severity, meta=meta)]

    with pytest.raises(ValueError, match="probe"):
        suite(declare).expectations(CONTEXT)
