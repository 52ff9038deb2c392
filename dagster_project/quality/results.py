"""What a check found, as one record, and where the records are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check on one table or file; counts only, never a value or identifier of a child.

    `severity` is critical or warning; `scope` is what a critical failure stops: file, source or publication; `outcome`
    is pass, fail, waived or not_run. `suite`, `table_name`, `check_id` and `file_id` together are the key.
    """

    suite: str
    table_name: str
    check_id: str
    severity: str
    scope: str
    outcome: str
    checked_count: int = 0
    failed_count: int = 0
    observed: float | None = None
    expected: float | None = None
    tolerance: float | None = None
    difference: float | None = None
    owner: str | None = None
    why: str | None = None
    message: str | None = None
    source_id: str | None = None
    file_id: str | None = None
    waiver: str | None = None


_NUMBERS = {"checked_count": "BIGINT", "failed_count": "BIGINT"} | dict.fromkeys(
    ("observed", "expected", "tolerance", "difference"), "DOUBLE"
)
_COLUMNS = tuple(field.name for field in fields(CheckResult))


def create_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `quality.check_result` if it is not there yet."""
    columns = ", ".join(f'"{name}" {_NUMBERS.get(name, "VARCHAR")}' for name in _COLUMNS)
    connection.execute("CREATE SCHEMA IF NOT EXISTS quality")
    connection.execute(f"CREATE TABLE IF NOT EXISTS quality.check_result ({columns})")


def store(connection: duckdb.DuckDBPyConnection, results: Iterable[CheckResult]) -> None:
    """Write `results`, each replacing the earlier one with the same suite, table, check and file."""
    create_table(connection)
    # The last of two results with one key wins, as it would if they were written one after the other.
    latest = {(result.suite, result.table_name, result.check_id, result.file_id): result for result in results}
    if not latest:
        return
    # One statement for all of them: a statement per row would take seconds of a load of many files.
    connection.execute(
        """DELETE FROM quality.check_result AS held
        USING (SELECT unnest(?::VARCHAR[]) AS suite, unnest(?::VARCHAR[]) AS table_name,
            unnest(?::VARCHAR[]) AS check_id, unnest(?::VARCHAR[]) AS file_id) AS gone
        WHERE held.suite = gone.suite AND held.table_name = gone.table_name AND held.check_id = gone.check_id
            AND held.file_id IS NOT DISTINCT FROM gone.file_id""",
        [list(column) for column in zip(*latest, strict=True)],
    )
    columns = ", ".join(f"unnest(?::{_NUMBERS.get(name, 'VARCHAR')}[])" for name in _COLUMNS)
    connection.execute(
        f"INSERT INTO quality.check_result SELECT {columns}",
        [list(column) for column in zip(*map(astuple, latest.values()), strict=True)],
    )
