"""XML returns: records streamed out of repeated groups, without entities, network or a tree of the whole file."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
from lxml import etree

from dagster_project.sources.catalogue import Fit, Layout, RawTable
from dagster_project.sources.csv_text import UnreadableFile
from dagster_project.sources.opened import OpenTable, insert_rows

_NOT_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


def xml_records(path: Path, tables: Sequence[RawTable], connection: duckdb.DuckDBPyConnection) -> list[OpenTable]:
    """Open an XML return; every declared record (`GROUP/RECORD`, a path below the root) gives a row of its table.

    A column named `../ELEMENT/ITEM` is taken from the group that the record lies in: episodes carry the child id of the
    header. Empty and missing elements are both blank, so only the recognising columns must occur somewhere.

    Raises:
        UnreadableFile: If the file is not well-formed, declares a document type, or lacks a recognising column.
    """
    del connection
    content = path.read_bytes()
    if not content.strip():
        raise UnreadableFile("is empty: ask for the file again, or remove it", "not_empty")
    markup = _NOT_MARKUP.sub(b"", _as_utf8(content))
    if b"<!DOCTYPE" in markup:
        # Entities are how an XML file of a few bytes grows to gigabytes or reads other files.
        raise UnreadableFile("declares a document type, which a return never needs: ask for the file without it")
    wanted = [(table, layout) for table in tables for layout in table.layouts if layout.reader == "xml_records"]
    try:
        root = _root_of(path)
        wanted = [(table, layout) for table, layout in wanted if layout.root == root]
        if not wanted:
            return []
        collected = _collect(path, [layout for _, layout in wanted])
    except etree.XMLSyntaxError as error:
        raise UnreadableFile(f"is not well-formed XML (line {error.lineno or 1}): export it again") from error
    return [_opened(table, layout, found, markup) for (table, layout), found in zip(wanted, collected, strict=True)]


class _Found:
    """The records of one layout: cells in column order, and the element names seen."""

    def __init__(self) -> None:
        self.rows: list[list[str | None]] = []
        self.seen: set[str] = set()


def _collect(path: Path, layouts: Sequence[Layout]) -> list[_Found]:
    found = [_Found() for _ in layouts]
    depth = 0
    for event, element in etree.iterparse(
        str(path),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    ):
        if event == "start":
            depth += 1
            continue
        depth -= 1
        if depth != 1:
            continue
        for layout, into in zip(layouts, found, strict=True):
            group, record = str(layout.record).split("/", 1)
            if element.tag == group:
                _take(element, record, layout, into)
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return found


def _take(group: etree._Element, record: str, layout: Layout, into: _Found) -> None:
    for element in group.iterfind(record):
        into.seen.update(str(item.tag) for item in element)
        if layout.only_with and not any(_holds(element, name, value) for name, value in layout.only_with):
            continue
        row = []
        for name, _ in layout.columns:
            held = group.find(name.removeprefix("../")) if name.startswith("../") else element.find(name)
            row.append(None if held is None else held.text)
        into.rows.append(row)
        into.seen.update(
            name for (name, _), cell in zip(layout.columns, row, strict=True) if cell and name.startswith("../")
        )


def _holds(element: etree._Element, name: str, value: str | None) -> bool:
    item = element.find(name)
    text = (item.text or "").strip() if item is not None else ""
    return bool(text) if value is None else text.upper() == value.upper()


def _opened(table: RawTable, layout: Layout, found: _Found, markup: bytes) -> OpenTable:
    names = [name for name, _ in layout.columns]
    missing = [name for name in layout.recognised_by if found.rows and name not in found.seen]
    if missing:
        raise UnreadableFile(
            f"has no element {', '.join(missing)} in any {layout.record}: export it again, or declare the new layout "
            f"in {table.declared_in}",
            "columns",
        )
    fit = Fit(
        table=table,
        layout=layout,
        positions=tuple(range(len(names))),
        missing=(),
        # Where only some records are taken, the layout that takes them all names what is unknown.
        unknown=() if layout.only_with else tuple(sorted(found.seen - set(names) - set(layout.ignored))),
        repeated=(),
        recognised=True,
        share_present=1.0,
    )
    numbered = list(enumerate(found.rows, start=1))

    def insert(target: duckdb.DuckDBPyConnection, file_id: str) -> None:
        insert_rows(target, fit, file_id, numbered)

    # Counted on the markup, apart from the parsing, where the record has an element of its own.
    record = str(layout.record).rsplit("/", 1)[-1].encode()
    landed = (
        len(found.rows) if layout.only_with else len(re.findall(rb"<" + re.escape(record) + rb"(?=[\s/>])", markup))
    )
    return OpenTable(fit, landed, insert, _encoding(markup))


def _root_of(path: Path) -> str:
    for _, element in etree.iterparse(str(path), events=("start",), resolve_entities=False, no_network=True):
        return str(element.tag)
    return ""


def _as_utf8(content: bytes) -> bytes:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace").encode()
    return content


def _encoding(markup: bytes) -> str:
    declared = re.search(rb"""<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""", markup[:200])
    return declared.group(1).decode().lower() if declared else "utf-8"
