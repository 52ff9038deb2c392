"""How each kind of file is read: one function per kind, chosen by what the file is, never by its name alone.

Every reader takes the path, the tables its folder may hold and a connection, and returns the tables it found, opened
(none: the file is no declared data set). Nothing is typed on the way in: all cells arrive as the text that was sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from dagster_project.sources.catalogue import Fit, RawTable, ReaderName
from dagster_project.sources.csv_text import (
    UTF8_BOM,
    Record,
    UnreadableFile,
    blank_characters,
    delimiter_of,
    encoding_of,
    records,
)
from dagster_project.sources.geojson import geojson
from dagster_project.sources.opened import (
    NeedsCarefulReading,
    OpenTable,
    SetAside,
    insert_rows,
    insert_statement,
    recognise,
    sql_path,
)
from dagster_project.sources.workbooks import excel
from dagster_project.sources.xml_files import xml_records

_DOCUMENTS = (".pdf", ".docx", ".pptx", ".png", ".jpg", ".jpeg", ".gif", ".html", ".htm", ".msg", ".eml")


def open_file(
    path: Path, tables: Sequence[RawTable], connection: duckdb.DuckDBPyConnection, *, careful: bool = False
) -> list[OpenTable]:
    """Open a file with the reader for its kind and return its tables; an empty list means an undeclared data set.

    `careful` leaves the fast path out.

    Raises:
        UnreadableFile: If it is damaged, empty, dangerous or has the wrong columns.
        OSError: If the file system refuses.
    """
    reader = reader_for(path)
    if reader is None:
        return []
    declared = sorted({layout.reader for table in tables for layout in table.layouts})
    if reader not in declared:
        if any(table.strict for table in tables):
            raise UnreadableFile(f"is a file for the reader {reader}, but the folder takes {', '.join(declared)}")
        return []
    if reader == "csv_as_text":
        return csv_as_text(path, tables, connection, careful=careful)
    return _OTHER_READERS[reader](path, tables, connection)


def reader_for(path: Path) -> ReaderName | None:
    """Return the reader for a file by its first bytes, and by its suffix where these are damaged; None for documents.

    Raises:
        UnreadableFile: For archives and for workbooks in the format before 2007.
    """
    with path.open("rb") as opened:
        start = opened.read(512)
    suffix = path.suffix.lower()
    if suffix in _DOCUMENTS or start.startswith((b"%PDF", b"\x89PNG")):
        return None
    if start.startswith(b"PAR1") or suffix == ".parquet":
        return "parquet"
    if suffix in (".xlsx", ".xlsm"):
        return "excel"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile("is a workbook from before 2007 or locked by a password: save it as .xlsx, unlocked")
    if start.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise UnreadableFile("is an archive: unpack it into this folder and remove the archive")
    text = start.removeprefix(UTF8_BOM).replace(b"\x00", b"").lstrip(b"\xff\xfe \t\r\n")
    if text.startswith(b"<") or suffix == ".xml":
        return "xml_records"
    if suffix in (".geojson", ".json"):
        return "geojson"
    return "csv_as_text"


def csv_as_text(
    path: Path, tables: Sequence[RawTable], connection: duckdb.DuckDBPyConnection, *, careful: bool = False
) -> list[OpenTable]:
    """Open a delimited text file; a clean one is read by DuckDB, any other row by row with the same result.

    Raises:
        UnreadableFile: If the file is empty, in an unknown encoding, or its columns are wrong.
    """
    del connection
    content = path.read_bytes()
    if not content.removeprefix(UTF8_BOM).strip():
        raise UnreadableFile("is empty: ask for the file again, or remove it", "not_empty")
    encoding = encoding_of(content)
    body = content.removeprefix(UTF8_BOM)
    first_line = body.lstrip(b" \t\r\n\f\v").split(b"\n", 1)[0].split(b"\r", 1)[0]
    delimiter = delimiter_of(first_line.decode(encoding, errors="replace"))
    scan = _scan(body, delimiter)
    if scan is None or careful or encoding == "cp1252" or not scan.is_plain:
        return _carefully(body.decode(encoding.removesuffix("-sig")), delimiter, encoding, scan, tables)
    header = next(records(scan.text(0, body, encoding), delimiter)).cells or ()
    fit = recognise(header, tables, "csv_as_text")
    if fit is None:
        return []
    landed = len(scan.starts) - 1

    def insert(target: duckdb.DuckDBPyConnection, file_id: str) -> None:
        _insert_fast(target, fit, file_id, path, len(header), delimiter, landed)

    def texts(numbers: Sequence[int]) -> dict[int, str]:
        return {number: scan.text(number, body, encoding) for number in numbers}

    return [OpenTable(fit, landed, insert, encoding, (), texts, header)]


def _carefully(
    text: str, delimiter: str, encoding: str, scan: "_Scan | None", tables: Sequence[RawTable]
) -> list[OpenTable]:
    found = list(records(text, delimiter))
    fit = recognise(found[0].cells or (), tables, "csv_as_text")
    if fit is None:
        return []
    width = len(found[0].cells or ())
    rows: list[tuple[int, Sequence[str | None]]] = []
    aside: list[SetAside] = []
    for number, record in enumerate(found[1:], start=1):
        broken = _broken(record, width, number)
        if broken:
            aside.append(broken)
        else:
            rows.append((number, record.cells or ()))

    def insert(target: duckdb.DuckDBPyConnection, file_id: str) -> None:
        insert_rows(target, fit, file_id, rows)

    def texts(numbers: Sequence[int]) -> dict[int, str]:
        return {number: found[number].text for number in numbers}

    # Where quotes are broken there is no second opinion on what a row is; else the bytes are counted on their own.
    landed = len(scan.starts) - 1 if scan is not None else len(found) - 1
    return [OpenTable(fit, landed, insert, encoding, tuple(aside), texts, found[0].cells or ())]


def _broken(record: Record, width: int, number: int) -> SetAside | None:
    if record.cells is None:
        message = "A quotation mark in the row is not closed, or text follows it; correct the row in the source."
        return SetAside(number, record.text, "broken_quotes", "critical", message)
    if len(record.cells) == width:
        return None
    if not "".join(record.cells).strip():
        return SetAside(number, record.text, "blank_row", "warning", "The row holds only delimiters; it is set aside.")
    message = f"The row does not have the {width} cells of the header, so its cells cannot be told apart."
    return SetAside(number, record.text, "ragged_row", "critical", message)


def _insert_fast(
    connection: duckdb.DuckDBPyConnection,
    fit: Fit,
    file_id: str,
    path: Path,
    width: int,
    delimiter: str,
    landed: int,
) -> None:
    declared = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    chosen = ", ".join(f"c{position}" if position >= 0 else "NULL" for position in fit.positions)
    try:
        connection.execute(
            f"""{insert_statement(fit)}
            SELECT {chosen}, ?, row_number() OVER ()
            FROM read_csv(?, columns = {{{declared}}}, auto_detect = false, header = true, delim = '{delimiter}',
                quote = '"', escape = '"', compression = 'none', strict_mode = true, null_padding = false,
                hive_partitioning = false, filename = false)""",
            [file_id, sql_path(str(path))],
        )
        counted = connection.execute(
            f'SELECT count(*) FROM {fit.table.qualified} WHERE "_file_id" = ?', [file_id]
        ).fetchone()
    except duckdb.OperationalError:
        # A full disk or too little memory: reading the file another way would not help.
        raise
    except duckdb.Error as error:
        raise NeedsCarefulReading from error
    if counted != (landed,):
        raise NeedsCarefulReading


@dataclass(frozen=True)
class _Scan:
    """Where each row of a file begins and ends in its bytes, the header first; blank lines are left out.

    `is_plain`: no blank line has to be stepped over, and every row has as many delimiters outside quotes as the header.
    """

    starts: np.ndarray
    ends: np.ndarray
    is_plain: bool

    def text(self, number: int, body: bytes, encoding: str) -> str:
        """Return row `number` (0 = header) as received, without its line end."""
        row = body[self.starts[number] : self.ends[number]]
        return row.decode(encoding.removesuffix("-sig")).removesuffix("\r")


def _scan(body: bytes, delimiter: str) -> _Scan | None:
    """Find the rows of a file by its bytes alone; None where quotes are not used by the book and bytes cannot tell.

    A line end counts only outside quotes, that is after an even number of them. That holds if every quote that opens
    stands at the start of a cell and every quote that closes at its end (a doubled quote closes and opens again).
    """
    data = np.frombuffer(body, dtype=np.uint8)
    line_feed = ord("\n") if b"\n" in body or b"\r" not in body else ord("\r")
    separating = data == ord(delimiter)
    if b'"' in body:
        quoted = data == ord('"')
        # Eight bits are enough for odd and even.
        inside = np.cumsum(quoted, dtype=np.uint8) & 1
        places = np.flatnonzero(quoted)
        if len(places) % 2 or not _by_the_book(data, places[0::2], places[1::2], delimiter, line_feed):
            return None
        separating &= inside == 0
        breaks = np.flatnonzero((data == line_feed) & (inside == 0))
    else:
        breaks = np.flatnonzero(data == line_feed)
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [len(data)]))
    bounds = np.searchsorted(np.flatnonzero(separating), np.append(starts, len(data)))
    delimiters = np.diff(bounds)
    # A line with a delimiter is a row; only the few without one have to be looked at.
    filled = delimiters > 0
    blank = blank_characters(delimiter).encode()
    for line in np.flatnonzero(~filled):
        filled[line] = bool(body[starts[line] : ends[line]].strip(blank))
    # A line end after the last row leaves one line of no length behind it, which is no blank line.
    lines = len(starts) - int(ends[-1] == starts[-1])
    counts = delimiters[filled]
    # DuckDB passes over one delimiter too many at the end of a row, so the cells are counted here as well.
    is_plain = int(filled.sum()) == lines and bool((counts == counts[0]).all())
    return _Scan(starts[filled], ends[filled], is_plain)


def _by_the_book(data: np.ndarray, opening: np.ndarray, closing: np.ndarray, delimiter: str, line_feed: int) -> bool:
    separators = np.array([ord(delimiter), line_feed, ord('"')], dtype=np.uint8)
    before = data[opening[opening > 0] - 1]
    # Past the end everything ends, so two line ends stand in for what follows the last byte.
    padded = np.append(data, [np.uint8(line_feed)] * 2)
    after, after_next = padded[closing + 1], padded[closing + 2]
    ends_line = (after == ord("\r")) & (after_next == ord("\n"))
    return bool(np.isin(before, separators).all() and (np.isin(after, separators) | ends_line).all())


def parquet(path: Path, tables: Sequence[RawTable], connection: duckdb.DuckDBPyConnection) -> list[OpenTable]:
    """Open a Parquet file; typed columns become text as DuckDB writes them (a DfE number held as 301.0 stays `301.0`).

    Raises:
        UnreadableFile: If the file is damaged or cut short, or its columns are wrong.
    """
    source = sql_path(str(path.resolve()))
    options = "hive_partitioning = false, union_by_name = false, filename = false"
    try:
        counted = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [source]).fetchone()
        described = connection.execute(f"SELECT * FROM read_parquet(?, {options}) LIMIT 0", [source]).description
    except duckdb.Error as error:
        raise UnreadableFile("is not a complete Parquet file: copy or download it again") from error
    header = [str(column[0]) for column in described or []]
    fit = recognise(header, tables, "parquet")
    if fit is None:
        return []
    aliases = ", ".join([*(f"c{place}" for place in range(len(header))), "n"])
    chosen = ", ".join(
        f"nullif(CAST(c{position} AS VARCHAR), '')" if position >= 0 else "NULL" for position in fit.positions
    )

    def insert(target: duckdb.DuckDBPyConnection, file_id: str) -> None:
        try:
            target.execute(
                f"""{insert_statement(fit)}
                SELECT {chosen}, ?, n + 1
                FROM read_parquet(?, {options}, file_row_number = true) AS file({aliases})""",
                [file_id, source],
            )
        except duckdb.Error as error:
            # A full disk is no fault of the file; an error of the file itself names it or has no class of its own.
            if isinstance(error, duckdb.OperationalError) and path.name not in str(error):
                raise
            raise UnreadableFile("is damaged inside: copy or download it again") from error

    return [OpenTable(fit, int(counted[0]) if counted else 0, insert)]


_OTHER_READERS: Mapping[str, Callable[[Path, Sequence[RawTable], duckdb.DuckDBPyConnection], list[OpenTable]]] = {
    "parquet": parquet,
    "excel": excel,
    "xml_records": xml_records,
    "geojson": geojson,
}
