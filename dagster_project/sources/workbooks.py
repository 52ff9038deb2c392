"""Excel workbooks: guarded before they are opened, header row found by its cells, every cell as text."""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
from lxml import etree

from dagster_project.sources.catalogue import Fit, RawTable
from dagster_project.sources.csv_text import UnreadableFile
from dagster_project.sources.opened import OpenTable, WrongColumns, insert_rows, recognise

# The largest workbook of the sources has about one megabyte inside; these leave room for returns of whole councils.
MAX_UNPACKED_BYTES = 150 * 1024 * 1024
MAX_RATIO = 200
MAX_ENTRIES = 2_000
_HEADER_ROWS = 50
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def excel(path: Path, tables: Sequence[RawTable], connection: duckdb.DuckDBPyConnection) -> list[OpenTable]:
    """Open a workbook; each sheet whose first rows hold a declared header gives a table.

    Rows above the header and rows without any text are not rows. Formulas give the value last stored with them.

    Raises:
        UnreadableFile: If the file is no workbook, would unpack to an unreasonable size, or its columns are wrong.
    """
    del connection
    guard(path)
    from openpyxl import load_workbook

    try:
        workbook = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        sheets = []
        for sheet in workbook.worksheets:
            # The size a sheet states for itself can be wrong; the rows themselves are the truth.
            sheet.reset_dimensions()
            rows = [[_as_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
            sheets.append((sheet.title, rows))
        workbook.close()
        opened = [table for title, rows in sheets if (table := _open_sheet(path, title, rows, tables))]
    except UnreadableFile:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers raise on a damaged part
        raise UnreadableFile("is not a workbook that can be read: save it again as .xlsx") from error
    names = [table.fit.table.key for table in opened]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableFile(f"holds {', '.join(twice)} on more than one sheet: keep one", "columns")
    return opened


def guard(path: Path) -> None:
    """Refuse a workbook that is no archive or would unpack to an unreasonable size; reads only its directory."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UnreadableFile("is not a workbook or is cut short: copy it again, or save it again as .xlsx") from error
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(sum(entry.compress_size for entry in entries), 1)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED_BYTES or unpacked / packed > MAX_RATIO:
        raise UnreadableFile(
            f"would unpack to {unpacked:,} bytes in {len(entries):,} parts from {packed:,} bytes, which no real "
            "workbook does: it was not opened; ask the sender for a plain file",
            "archive_size",
        )


def _open_sheet(path: Path, title: str, rows: list[list[str]], tables: Sequence[RawTable]) -> OpenTable | None:
    fit, place = _header(rows, tables)
    if fit is None:
        return None
    chosen = fit
    data = [row for row in rows[place + 1 :] if any(cell.strip() for cell in row)]
    width = max(chosen.positions) + 1
    numbered = [(number, [*row, *[""] * (width - len(row))]) for number, row in enumerate(data, start=1)]

    def insert(target: duckdb.DuckDBPyConnection, file_id: str) -> None:
        insert_rows(target, chosen, file_id, numbered)

    return OpenTable(chosen, _count_rows(path, title, place + 1), insert)


def _header(rows: list[list[str]], tables: Sequence[RawTable]) -> tuple[Fit | None, int]:
    near: WrongColumns | None = None
    for place, row in enumerate(rows[:_HEADER_ROWS]):
        try:
            fit = recognise(row, tables, "excel") if any(cell.strip() for cell in row) else None
        except WrongColumns as error:
            near = near or error
            continue
        if fit:
            return fit, place
    if near:
        raise near
    return None, -1


def _as_text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() | date() | time():
            return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
        case _:
            return str(cell)


def _count_rows(path: Path, title: str, header_row: int) -> int:
    """Count the rows below `header_row` that hold any text, on the parts of the archive themselves."""
    with zipfile.ZipFile(path) as archive:
        blank = _blank_strings(archive)
        count, number = 0, 0
        with archive.open(_part_of(archive, title)) as part:
            rows = etree.iterparse(part, tag=f"{_MAIN}row", resolve_entities=False, no_network=True, huge_tree=True)
            for _, row in rows:
                number = int(row.get("r") or number + 1)
                count += number > header_row and any(_holds_text(cell, blank) for cell in row)
                row.clear()
        return count


def _holds_text(cell: etree._Element, blank_strings: set[int]) -> bool:
    text = "".join(part.text or "" for part in cell.iter(f"{_MAIN}v", f"{_MAIN}t")).strip()
    return bool(text) and not (cell.get("t") == "s" and int(text) in blank_strings)


def _blank_strings(archive: zipfile.ZipFile) -> set[int]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return set()
    blank = set()
    with archive.open("xl/sharedStrings.xml") as part:
        items = etree.iterparse(part, tag=f"{_MAIN}si", resolve_entities=False, no_network=True, huge_tree=True)
        for place, (_, item) in enumerate(items):
            if not "".join(text.text or "" for text in item.iter(f"{_MAIN}t")).strip():
                blank.add(place)
            item.clear()
    return blank


def _part_of(archive: zipfile.ZipFile, title: str) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    sheets = etree.fromstring(archive.read("xl/workbook.xml"), parser).iter(f"{_MAIN}sheet")
    relation = next(sheet.get(_RELATION) for sheet in sheets if sheet.get("name") == title)
    relations = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), parser)
    target = next(str(entry.get("Target")) for entry in relations if entry.get("Id") == relation)
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
