"""What a reader hands over: a recognised table of one file, its rows counted, ready to be inserted."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np

from dagster_project.sources.catalogue import Fit, RawTable, ReaderName, Severity, fits_of
from dagster_project.sources.csv_text import UnreadableFile

# A file with more than this share of a layout's columns is that data set with columns missing, not another one.
_NEAR = 0.5
_INSERT_ROWS = 100_000
_SAMPLING = threading.Lock()


class WrongColumns(UnreadableFile):
    """The columns of a file are near to a declared layout but do not fit it."""

    def __init__(self, fit: Fit) -> None:
        self.table = fit.table
        parts = []
        if fit.missing:
            parts.append(f"missing: {', '.join(fit.missing)}")
        if fit.repeated:
            parts.append(f"more than once: {', '.join(fit.repeated)}")
        if fit.table.strict and fit.unknown:
            parts.append(f"not declared: {', '.join(fit.unknown)}")
        names = "give the supplier's names in council/suppliers/" if fit.table.uncoded is not None else None
        super().__init__(
            f"the columns do not fit {fit.table.key} ({'; '.join(parts)}); nearest layout: {fit.layout.name}. "
            f"Ask for a corrected file, or {names or f'declare the new layout in {fit.table.declared_in}'}",
            "columns",
        )


class NeedsCarefulReading(Exception):
    """The fast path met something it does not read exactly; the file is to be opened again with `careful=True`."""


@dataclass(frozen=True)
class SetAside:
    """A row that never reaches the raw table, because its shape is broken."""

    row_number: int
    text: str
    reason: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class OpenTable:
    """One table of an opened file.

    `rows_landed` is counted on the raw bytes, apart from the parsing. `insert(connection, file_id)` adds every row that
    is not in `set_aside` to the raw table. `texts(row_numbers)` returns rows as received, where the format has such a
    thing; without it they are rebuilt from their cells. `header` is the header row of a text file, as sent.
    """

    fit: Fit
    rows_landed: int
    insert: Callable[[duckdb.DuckDBPyConnection, str], None]
    encoding: str | None = None
    set_aside: tuple[SetAside, ...] = ()
    texts: Callable[[Sequence[int]], Mapping[int, str]] | None = field(default=None)
    header: tuple[str, ...] = ()


def recognise(header: Sequence[str], tables: Sequence[RawTable], reader: ReaderName) -> Fit | None:
    """Return the one layout a header row fits, or None when the file is another, undeclared data set.

    Raises:
        WrongColumns: If it is near to a layout, or lies in the folder of a strict source, but does not fit.
        UnreadableFile: If it fits two tables equally well.
    """
    fits = fits_of(header, tables, reader)
    if not fits:
        return None
    best = fits[0]
    if not best.is_exact:
        if best.table.strict or best.recognised or best.share_present > _NEAR:
            raise WrongColumns(best)
        return None
    rivals = [
        fit for fit in fits[1:] if fit.is_exact and fit.table != best.table and len(fit.unknown) == len(best.unknown)
    ]
    if rivals:
        raise UnreadableFile(
            f"fits both {best.table.key} and {rivals[0].table.key}: make their declarations differ", "columns"
        )
    return best


def insert_statement(fit: Fit) -> str:
    """Return the start of an INSERT: the raw columns in layout order, then file id and row number."""
    columns = ", ".join(f'"{column}"' for _, column in fit.layout.columns)
    return f'INSERT INTO {fit.table.qualified} ({columns}, "_file_id", "_row_number")'


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    fit: Fit,
    file_id: str,
    rows: Sequence[tuple[int, Sequence[str | None]]],
) -> None:
    """Insert rows given as (row number, cells in file order); blank cells become null."""
    # Without sampling every column is read as text; sampling takes a column that starts with blanks for a number. The
    # setting is that of all connections, so that two files read at once take turns here.
    with _SAMPLING:
        sampled = connection.execute("SELECT current_setting('pandas_analyze_sample')").fetchone()
        connection.execute("SET pandas_analyze_sample = 0")
        try:
            for start in range(0, len(rows), _INSERT_ROWS):
                _insert_part(connection, fit, file_id, rows[start : start + _INSERT_ROWS])
        finally:
            connection.execute(f"SET pandas_analyze_sample = {int(sampled[0]) if sampled else 1000}")


def _insert_part(
    connection: duckdb.DuckDBPyConnection, fit: Fit, file_id: str, part: Sequence[tuple[int, Sequence[str | None]]]
) -> None:
    columns: dict[str, np.ndarray] = {"n": np.array([number for number, _ in part], dtype=np.int64)}
    for place, position in enumerate(fit.positions):
        column = np.empty(len(part), dtype=object)
        column[:] = [(cells[position] or None) if position >= 0 else None for _, cells in part]
        columns[f"c{place}"] = column
    connection.register("landing_rows", columns)
    try:
        chosen = ", ".join(f"c{place}" for place in range(len(fit.positions)))
        connection.execute(f"{insert_statement(fit)} SELECT {chosen}, ?, n FROM landing_rows", [file_id])
    finally:
        connection.unregister("landing_rows")


def sql_path(path: str) -> str:
    """Return a file path in which DuckDB sees no pattern: `*`, `?` and `[` in names are only characters."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in path)
