"""Running suites on a warehouse file: what to look at, and from results to the rows of `quality.check_result`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.quality.results import CheckResult
from expectations.suite import Suite, SuiteContext

if TYPE_CHECKING:
    from dagster_project.quality.engine import DuckDBDatasource

# Counts only: the other formats carry offending cells, which for a return are children's records.
COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}

# Errors whose text names tables, columns and our own SQL. Any other text may quote a cell and is left out.
_STRUCTURAL_ERROR = re.compile(r"\([\w.]*(?:Binder|Catalog|Parser)Exception\) ([^\n]*)")


def validate(
    database: Path,
    suites: Iterable[Suite],
    *,
    context: SuiteContext,
    candidates: Mapping[str, Sequence[str]] | None = None,
) -> list[CheckResult]:
    """Run `suites` inside the DuckDB file and return one result per check, and per file for arriving tables.

    The file is opened read-only and every handle is closed before returning. Nothing is read when there is nothing
    to check: without arriving files, suites of scope `source` are passed over before anything heavy is imported.

    Args:
        database: The warehouse; nobody may have it open for writing.
        suites: From `expectations.RAW_SUITES` or `expectations.MART_SUITES`.
        context: What the suites take from the council's settings.
        candidates: Newly landed files by guarded table (`raw_ssda903.episodes`); suites of scope `source` look at
            these files only. None means every file in the table.

    Raises:
        FileNotFoundError: If `database` does not exist (opening it would create it).
    """
    if not database.exists():
        raise FileNotFoundError(f"There is no database {database.name} to check.")
    due = [
        suite for suite in suites if suite.scope == "publication" or candidates is None or candidates.get(suite.table)
    ]
    if not due:
        return []
    from dagster_project.quality.engine import duckdb_source

    with duckdb_source(database) as source:
        tables = _tables(source)
        return [result for suite in due for result in _run(source, suite, context, candidates, tables)]


def rejections(results: Iterable[CheckResult]) -> dict[str, str]:
    """Return the files that a critical check of an arriving table refuses, each with its findings in one message.

    Apply the waivers first: a waived finding rejects nothing.
    """
    messages: dict[str, list[str]] = {}
    for result in results:
        if (
            result.file_id is not None
            and result.severity == "critical"
            and result.scope == "source"
            and result.outcome in ("fail", "not_run")
        ):
            messages.setdefault(result.file_id, []).append(f"{result.check_id}: {result.message or result.why}")
    return {file_id: " ".join(parts) for file_id, parts in messages.items()}


def _tables(source: "DuckDBDatasource") -> frozenset[str]:
    from sqlalchemy import text

    rows = source.get_execution_engine().execute_query(
        text(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database() "
            "union all "
            "select schema_name || '.' || view_name from duckdb_views() where database_name = current_database() "
            "union all select 'information_schema.columns'"
        )
    )
    return frozenset(row[0] for row in rows)


def _run(
    source: "DuckDBDatasource",
    suite: Suite,
    context: SuiteContext,
    candidates: Mapping[str, Sequence[str]] | None,
    tables: frozenset[str],
) -> Iterator[CheckResult]:
    files = list(candidates[suite.table]) if suite.scope == "source" and candidates is not None else None
    if suite.table not in tables:
        for file_id in _each(files):
            yield CheckResult(
                suite=suite.name,
                table_name=suite.table,
                check_id="table_present",
                severity="critical",
                scope=suite.scope,
                outcome="not_run",
                owner=suite.owner,
                why="a table that is missing cannot be checked",
                message=f"Table {suite.table} does not exist, so none of its checks ran. Build it and run again.",
                source_id=suite.source_id,
                file_id=file_id,
            )
        return
    runnable = []
    for expectation in suite.expectations(context):
        missing = [table for table in (expectation.meta or {}).get("needs", ()) if table not in tables]
        if missing:
            for file_id in _each(files):
                yield _result(
                    suite,
                    expectation,
                    outcome="not_run",
                    file_id=file_id,
                    message=f"Not run: it also reads {', '.join(missing)}, which does not exist.",
                )
        else:
            runnable.append(expectation)
    for expectation, outcome in _outcomes(source, suite, runnable, files):
        yield from _results(suite, expectation, outcome, files)


def _each(files: list[str] | None) -> Sequence[str | None]:
    """The files that a result is written for; one result without a file where the suite guards a whole table."""
    return files or [None]


def _outcomes(
    source: "DuckDBDatasource", suite: Suite, expectations: list[Any], files: list[str] | None
) -> Iterator[tuple[Any, Any]]:
    """Validate the expectations and pair each with its result by check id: results come back in another order."""
    from great_expectations import ExpectationSuite

    if not expectations:
        return
    only = ""
    if files is not None:
        ids = ", ".join("'" + file_id.replace("'", "''") + "'" for file_id in files)
        only = f" where _file_id in ({ids})"
    batch = (
        source.add_query_asset(name=suite.name, query=f"select * from {suite.table}{only}")
        .add_batch_definition_whole_table("all rows")
        .get_batch()
    )
    validation = batch.validate(ExpectationSuite(name=suite.name, expectations=expectations), result_format=COUNTS_ONLY)
    by_id = {_meta(outcome)["check_id"]: outcome for outcome in validation.results}
    for expectation in expectations:
        yield expectation, by_id[expectation.meta["check_id"]]


def _meta(outcome: Any) -> dict[str, Any]:
    """What the suite says of the expectation that an outcome belongs to."""
    return outcome.expectation_config.meta


def _results(suite: Suite, expectation: Any, outcome: Any, files: list[str] | None) -> Iterator[CheckResult]:
    error = _error(outcome)
    if error is not None:
        for file_id in _each(files):
            yield _result(suite, expectation, outcome="fail", file_id=file_id, message=error)
        return
    findings = outcome.result.get("findings")
    if findings is None:
        findings = [_native_finding(outcome)]
    for finding in findings:
        yield _result(
            suite,
            expectation,
            outcome="pass" if finding["passed"] else "fail",
            file_id=finding["file_id"],
            subject=finding["subject"],
            checked=finding["checked"],
            failed=finding["failed"],
            numbers={name: finding[name] for name in ("observed", "expected", "tolerance", "difference")},
            message=None if finding["passed"] else _message(suite, expectation, finding),
        )
    if files is not None:
        # A file none of whose rows loaded has no group in any query, and still deserves its answer.
        empty_fails = bool(expectation.meta.get("empty_fails"))
        for file_id in sorted(set(files) - {finding["file_id"] for finding in findings}):
            yield _result(
                suite,
                expectation,
                outcome="fail" if empty_fails else "pass",
                file_id=file_id,
                message=f"The file has no rows to look at. {expectation.meta['advice']}" if empty_fails else None,
            )


def _native_finding(outcome: Any) -> dict[str, Any]:
    """Read the counts of one of the package's own expectations; its success may be a numpy boolean."""
    result = outcome.result
    observed = result.get("observed_value")
    passed = bool(outcome.success)
    failed = result.get("unexpected_count")
    return {
        "file_id": None,
        "subject": None,
        "note": None,
        "passed": passed,
        "checked": int(result.get("element_count") or 1),
        "failed": int(failed) if failed is not None else int(not passed),
        "observed": float(observed) if isinstance(observed, (int, float)) else None,
        "expected": None,
        "tolerance": None,
        "difference": None,
    }


def _message(suite: Suite, expectation: Any, finding: Mapping[str, Any]) -> str:
    if finding["expected"] is not None and finding["observed"] is not None:
        counted = f"Found {finding['observed']:,.6g} against {finding['expected']:,.6g}; the rule is that"
    else:
        counted = f"{finding['failed']:,} of {finding['checked']:,} break the rule that"
    counted += f" {expectation.meta['why']}."
    note = f" {finding['note']}." if finding["note"] and not suite.personal else ""
    return f"{counted}{note} {expectation.meta['advice']}"


def _error(outcome: Any) -> str | None:
    """Return what to say of an expectation that raised, without the error's text where that may quote a cell."""
    information = outcome.exception_info or {}
    raised = [information] if "raised_exception" in information else list(information.values())
    texts = [str(one.get("exception_message")) for one in raised if one.get("raised_exception")]
    if not texts:
        return None
    structural = _STRUCTURAL_ERROR.search(texts[0])
    detail = f" ({structural.group(1).strip()})" if structural else ""
    return f"The check itself failed{detail}, so what it protects is not known. Ask the engineer to look at it."


def _result(
    suite: Suite,
    expectation: Any,
    *,
    outcome: str,
    file_id: str | None,
    subject: str | None = None,
    checked: int = 0,
    failed: int = 0,
    numbers: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> CheckResult:
    check_id = expectation.meta["check_id"]
    return CheckResult(
        suite=suite.name,
        table_name=suite.table,
        check_id=f"{check_id}.{subject}" if subject else check_id,
        severity=expectation.severity.value if hasattr(expectation.severity, "value") else expectation.severity,
        scope=suite.scope,
        outcome=outcome,
        checked_count=checked,
        failed_count=failed,
        owner=expectation.meta["owner"],
        why=expectation.meta["why"],
        message=message,
        source_id=suite.source_id,
        file_id=file_id,
        **(numbers or {}),
    )
