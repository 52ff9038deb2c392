"""How the demonstration writes a file so that the same figures always give the same bytes.

Workbooks and Parquet files carry the version of the library that wrote them: their bytes repeat on one
installation, their content on every one.
"""

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, bom: bool = False, ends: str = "\n"
) -> int:
    """Write a comma-separated UTF-8 file, quoted only where needed; return the data rows written."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=ends)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    path.write_bytes(buffer.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    return count


def write_text_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> int:
    """Write a table with every text in quotes and a bare NA for a missing one, as the LAIT dictionary has it."""

    def quoted(text: str | None) -> str:
        return "NA" if text is None else '"' + text.replace('"', '""') + '"'

    lines = [",".join(quoted(cell) for cell in row) for row in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    return len(lines) - 1


def write_workbook(path: Path, sheet: str, rows: Sequence[Sequence[object]]) -> int:
    """Write one sheet to a workbook without the clock in it; return the rows written."""
    import openpyxl

    workbook = openpyxl.Workbook()
    worksheet = workbook.active
    worksheet.title = sheet
    for row in rows:
        worksheet.append(list(row))
    saved = io.BytesIO()
    workbook.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", content)
            info = zipfile.ZipInfo(entry.filename, _ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return len(rows)


def write_parquet(path: Path, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> int:
    """Write rows of `(column, DuckDB type)` as Parquet in the order given; None is null. Return the rows written."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "rows.csv"
        with text.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            count = 0
            for row in rows:
                writer.writerow(["" if cell is None else cell for cell in row])
                count += 1
        with duckdb.connect() as connection:
            connection.execute("set threads = 1")
            types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns)
            connection.execute(
                f"copy (select * from read_csv($text, columns = {{{types}}}, header = false, auto_detect = false,"
                " delim = ',', quote = '\"', escape = '\"', nullstr = '', parallel = false))"
                " to $path (format parquet, compression zstd, row_group_size 1000000)",
                {"text": str(text), "path": str(path)},
            )
    return count


class Folders(Protocol):
    """What a part of the demonstration needs of its writer: collection folders with their marker, rows counted."""

    def folder(self, path: str, names: list[str]) -> Path:
        """Make a collection folder that holds files of these names."""

    def note(self, path: Path, rows: int) -> None:
        """Record the data rows of a written file."""


def copy_csv(
    connection: "duckdb.DuckDBPyConnection", path: Path, select: str, arrays: "Mapping[str, npt.NDArray[np.generic]]"
) -> int:
    """Write the rows of a query over `arrays`, a table of one column for each, as CSV; return the rows written.

    Millions of rows in the order of the query, or of the arrays if it has none; a null is an empty cell.
    """
    columns: dict[str, Any] = dict(arrays)
    connection.register("arrays", columns)
    try:
        quoted = path.as_posix().replace("'", "''")
        written = connection.execute(f"copy ({select}) to '{quoted}' (format csv, header, delimiter ',')").fetchone()
    finally:
        connection.unregister("arrays")
    return 0 if written is None else int(written[0])
