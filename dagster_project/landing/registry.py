"""The register of files: its tables, its rows, and what is in use. SQL over schema `landing`, no reading of files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import date, datetime

import duckdb

from dagster_project.quality import results
from dagster_project.sources.catalogue import RawTable

IN_USE = ("current", "stale")


@dataclass(frozen=True)
class SourceFile:
    """One row of `landing.source_file`: a file and one table it feeds (no table where it was not recognised)."""

    file_id: str
    source_id: str | None
    table_name: str | None
    file_path: str
    file_name: str
    sha256: str | None
    byte_size: int
    encoding: str | None
    received_at: datetime
    release: str | None
    as_at: date | None
    layout: str | None
    vintage_id: str | None
    issue_number: int
    rows_landed: int
    rows_loaded: int
    rows_quarantined: int
    status: str
    message: str | None
    use: str
    is_synthetic: bool
    # The declaration the rows were read with; another one means the file is read again.
    declaration: str | None


_TYPES = {
    "byte_size": "BIGINT",
    "received_at": "TIMESTAMP",
    "as_at": "DATE",
    "issue_number": "INTEGER",
    "rows_landed": "BIGINT",
    "rows_loaded": "BIGINT",
    "rows_quarantined": "BIGINT",
    "is_synthetic": "BOOLEAN",
}
_NAMES = tuple(field.name for field in fields(SourceFile))
_SELECTED = ", ".join(f'"{name}"' for name in _NAMES)


def prepare(connection: duckdb.DuckDBPyConnection, catalogue: Sequence[RawTable]) -> None:
    """Create the schemas and tables of landing that are not there yet; raw tables gain newly declared columns.

    A raw column that is no longer declared stays, so that older vintages keep their text.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS landing")
    columns = ", ".join(f'"{name}" {_TYPES.get(name, "VARCHAR")}' for name in _NAMES)
    connection.execute(f"CREATE TABLE IF NOT EXISTS landing.source_file ({columns})")
    connection.execute(
        """CREATE TABLE IF NOT EXISTS landing.quarantine
        (file_id VARCHAR, table_name VARCHAR, row_number BIGINT, raw_text VARCHAR, reason VARCHAR, severity VARCHAR)"""
    )
    connection.execute(
        """CREATE TABLE IF NOT EXISTS landing.source_state
        (source_id VARCHAR, status VARCHAR, message VARCHAR, inventory_fingerprint VARCHAR)"""
    )
    results.create_table(connection)
    held: dict[tuple[str, str], set[str]] = {}
    for schema, name, column in connection.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = current_database()"
    ).fetchall():
        held.setdefault((schema, name), set()).add(column)
    for table in catalogue:
        present = held.get((table.schema, table.name))
        if present is None:
            declared = ", ".join(f'"{column}" VARCHAR' for column in table.columns)
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.schema}"')
            connection.execute(f'CREATE TABLE {table.qualified} ({declared}, "_file_id" VARCHAR, "_row_number" BIGINT)')
            continue
        for column in table.columns:
            if column not in present:
                connection.execute(f'ALTER TABLE {table.qualified} ADD COLUMN "{column}" VARCHAR')


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Everything inside happens together, or after any exception not at all."""
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A commit that failed has ended the transaction already.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise


def files_of(connection: duckdb.DuckDBPyConnection, source: str | None) -> list[SourceFile]:
    """Return the registered files of a source, or with None those that belong to no source."""
    rows = connection.execute(
        f"SELECT {_SELECTED} FROM landing.source_file WHERE source_id IS NOT DISTINCT FROM ? "
        "ORDER BY file_path, issue_number, table_name",
        [source],
    ).fetchall()
    return [SourceFile(*row) for row in rows]


def write(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> None:
    """Add one row to the register."""
    marks = ", ".join("?" for _ in _NAMES)
    connection.execute(
        f"INSERT INTO landing.source_file ({_SELECTED}) VALUES ({marks})", [getattr(file, name) for name in _NAMES]
    )


def set_use(
    connection: duckdb.DuckDBPyConnection,
    file: SourceFile,
    use: str,
    *,
    status: str | None = None,
    message: str | None = None,
) -> None:
    """Change the use of a registered file, and its status and message where given."""
    connection.execute(
        """UPDATE landing.source_file
        SET "use" = ?, status = coalesce(?, status), message = coalesce(?, message)
        WHERE file_id = ? AND table_name IS NOT DISTINCT FROM ?""",
        [use, status, message, file.file_id, file.table_name],
    )


def forget_unclaimed(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove every file that belongs to no source from the register."""
    connection.execute("DELETE FROM landing.source_file WHERE source_id IS NULL")


def forget(connection: duckdb.DuckDBPyConnection, file_id: str) -> None:
    """Remove a file from the register, its quarantined rows and what the landing checks found in it."""
    connection.execute("DELETE FROM landing.source_file WHERE file_id = ?", [file_id])
    connection.execute("DELETE FROM landing.quarantine WHERE file_id = ?", [file_id])
    connection.execute("DELETE FROM quality.check_result WHERE suite = 'landing' AND file_id = ?", [file_id])


def delete_rows(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[RawTable], file_id: str, *, quarantine: bool = True
) -> None:
    """Delete the raw rows of a file from `tables`, and by default its quarantined rows."""
    for table in tables:
        connection.execute(f'DELETE FROM {table.qualified} WHERE "_file_id" = ?', [file_id])
    if quarantine:
        connection.execute("DELETE FROM landing.quarantine WHERE file_id = ?", [file_id])


def set_state(
    connection: duckdb.DuckDBPyConnection, source: str, status: str, message: str, fingerprint: str | None
) -> None:
    """Record how a source stands."""
    connection.execute("DELETE FROM landing.source_state WHERE source_id = ?", [source])
    connection.execute("INSERT INTO landing.source_state VALUES (?, ?, ?, ?)", [source, status, message, fingerprint])


def count_rows(connection: duckdb.DuckDBPyConnection, table: RawTable, file_id: str) -> tuple[int, int]:
    """Return how many rows of a file are in the raw table and how many in quarantine, counted where they are stored."""
    counted = connection.execute(
        f"""SELECT
            (SELECT count(*) FROM {table.qualified} WHERE "_file_id" = ?),
            (SELECT count(*) FROM landing.quarantine
            WHERE file_id = ? AND table_name = ? AND row_number IS NOT NULL)""",
        [file_id, file_id, table.name],
    ).fetchone()
    return counted if counted else (0, 0)


def quarantine_file(connection: duckdb.DuckDBPyConnection, file: SourceFile, reason: str) -> None:
    """Put a whole file, which gave no rows, into quarantine."""
    connection.execute(
        "INSERT INTO landing.quarantine VALUES (?, ?, NULL, NULL, ?, 'critical')",
        [file.file_id, file.table_name, reason],
    )


def drop_old_results(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Remove the results of files that are neither in use nor the newest at their path: nothing old is shown."""
    connection.execute(
        """DELETE FROM quality.check_result
        WHERE source_id = ? AND file_id IS NOT NULL AND file_id NOT IN (
            SELECT file_id FROM landing.source_file
            WHERE source_id = ? AND status <> 'removed'
            QUALIFY "use" <> 'none' OR issue_number = max(issue_number) OVER (PARTITION BY file_path))""",
        [source, source],
    )
