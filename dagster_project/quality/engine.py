"""How Great Expectations reads a DuckDB file, and the one expectation type the suites share.

This module imports Great Expectations (two to three seconds), so it is itself imported only inside functions,
never at the top of another module. `tests/unit/test_expectations.py` holds the package to that.

The plain SQL data source opens a new connection for every query and then reads empty results from a DuckDB file
(great_expectations issues 10738 and 11579). The subclass below hands out one connection and closes it by name.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal, Type  # noqa: UP035 (the data source has a field of the name `type`)

import great_expectations as gx
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider
from sqlalchemy import Connection, text

# An error from the database may quote the cell it could not convert, and Great Expectations logs such errors: the
# outcome of a check travels in its result, without the text. The second logger has a level of its own (INFO).
for _name in ("great_expectations", "great_expectations.data_context.types.base"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Execution engine that uses one connection for all its queries, and gives it back on `close`."""

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """Yield the engine's only connection; a failed query is rolled back so that the next one can run."""
        if self._connection is None:
            self._connection = self.engine.connect()
        try:
            yield self._connection
        except Exception:
            self._connection.rollback()
            raise

    def close(self) -> None:
        """Close the connection and empty the pool: an open reader would keep dbt and every writer out."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.engine.dispose()


class DuckDBDatasource(SQLDatasource):
    """Data source for a DuckDB file. Defining it registers `context.data_sources.add_duckdb`."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]
    connection_string: str

    @property
    def execution_engine_type(self) -> Type[SqlAlchemyExecutionEngine]:  # noqa: UP006
        """Return the engine that keeps one connection."""
        return DuckDBExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:
        """Do nothing: the inherited test opens a second handle on the file and leaves it in a pool."""


class CountedRows(QueryMetricProvider):
    """The rows of a summary query over the batch. Expectations with the same query share one run of it."""

    metric_name = "counted_rows.summary"
    value_keys = ("query",)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict,
        metric_value_kwargs: dict,
        metrics: dict[str, Any],
        runtime_configuration: dict,
    ) -> list[dict[str, Any]]:
        batch, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        query = cls._get_substituted_batch_subquery_from_query_and_batch_selectable(
            query=cls._get_query_from_metric_value_kwargs(metric_value_kwargs),
            batch_selectable=batch,
            execution_engine=execution_engine,
        )
        return [dict(row) for row in execution_engine.execute_query(text(query)).mappings()]


class ExpectRuleToHold(BatchExpectation):
    """Expect every summary row of a query to pass.

    The query counts inside the database and returns one row per file or subject with a column of rows looked at and
    a column of rows that break the rule; no cell of the guarded table ever leaves the database. Optional columns:
    `file_id`, `subject`, `passed` (when absent: the failures are at most `allowed_share` of the rows looked at, or at
    most `allowed_count`), `observed`, `expected`, `tolerance`, `difference`, `note`.
    """

    query: str
    checked_column: str = "checked"
    failed_column: str = "failed"
    allowed_share: float = 0.0
    allowed_count: int = 0

    metric_dependencies: ClassVar[tuple[str, ...]] = ("counted_rows.summary",)
    success_keys: ClassVar[tuple[str, ...]] = (
        "query",
        "checked_column",
        "failed_column",
        "allowed_share",
        "allowed_count",
    )
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(
        self,
        metrics: dict,
        runtime_configuration: dict | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        findings = [self._finding(row) for row in metrics["counted_rows.summary"]]
        return {"success": all(finding["passed"] for finding in findings), "result": {"findings": findings}}

    def _finding(self, row: dict[str, Any]) -> dict[str, Any]:
        checked, failed = int(row[self.checked_column] or 0), int(row[self.failed_column] or 0)
        passed = row.get("passed")
        if passed is None:
            passed = failed <= max(self.allowed_share * checked, self.allowed_count)
        numbers = {name: row.get(name) for name in ("observed", "expected", "tolerance", "difference")}
        if self.allowed_share:
            numbers |= {"observed": failed / checked if checked else 0.0, "tolerance": self.allowed_share}
        return {
            "file_id": row.get("file_id"),
            "subject": row.get("subject"),
            "note": row.get("note"),
            "checked": checked,
            "failed": failed,
            "passed": bool(passed),
        } | {name: None if number is None else float(number) for name, number in numbers.items()}


@contextmanager
def duckdb_source(database: Path) -> Iterator[DuckDBDatasource]:
    """Yield a read-only data source over `database` in a context that keeps nothing and calls nobody.

    On leaving, every handle on the file is closed, so dbt or a writer can open it at once.
    """
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_duckdb(
        name="warehouse",
        connection_string=f"duckdb:///{database.resolve()}",
        kwargs={"connect_args": {"read_only": True}},
        create_temp_table=False,
    )
    try:
        yield source
    finally:
        source.get_execution_engine().close()
