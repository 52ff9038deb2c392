"""CSV as text: encoding, delimiter, header and records of a delimited file, in plain Python and without guessing.

Imported by the nothing-changed decision, so nothing heavy here; the fast path over whole files is in `readers`.
"""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass

UTF8_BOM = b"\xef\xbb\xbf"
DELIMITERS = ",;\t|"
# A line break inside a line (a lone carriage return) is data; the csv module would refuse it, so it is read as a
# character that Unicode reserves for private use and put back afterwards.
_CARRIAGE_RETURN = "\ue00d"
# Python's csv module refuses cells above 128 KiB unless told; an over-long cell is data.
csv.field_size_limit(sys.maxsize)


class UnreadableFile(Exception):
    """A file cannot be read as what it should be; the message says what to do and holds no cell value.

    `check_id` names the rule that failed, as it appears among the checks.
    """

    def __init__(self, message: str, check_id: str = "readable") -> None:
        super().__init__(message)
        self.check_id = check_id


@dataclass(frozen=True)
class Record:
    """One row of a file. `cells` is None when the quotes of the row are broken; `text` is the row as received."""

    cells: tuple[str, ...] | None
    text: str


def decode(content: bytes) -> tuple[str, str]:
    """Return the text and the encoding found: UTF-8 (with or without byte order mark), else Windows-1252.

    Raises:
        UnreadableFile: For UTF-16 or UTF-32 text and for bytes that are text in neither encoding.
    """
    encoding = encoding_of(content)
    return content.decode(encoding), encoding


def encoding_of(content: bytes) -> str:
    """Return `utf-8-sig`, `utf-8` or `cp1252`, as `decode` reads `content`; raises as `decode` does."""
    if content.startswith(UTF8_BOM):
        candidates = ["utf-8-sig"]
    else:
        sample = content[:4096]
        # Latin text in UTF-16 has a NUL in every other byte; cp1252 would turn it into nonsense without complaint.
        if content[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(sample) > 3 and sample.count(0) * 3 > len(sample)):
            raise UnreadableFile("is UTF-16 or UTF-32 text or not text at all: save it again as CSV UTF-8", "encoding")
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise UnreadableFile("is text neither in UTF-8 nor in Windows-1252: save it again as CSV UTF-8", "encoding")


def delimiter_of(header: str) -> str:
    """Return the delimiter that splits the header line into most cells; the comma where none does."""
    # `max` keeps the first of equals, and the comma is first.
    return max(DELIMITERS, key=lambda delimiter: len(_split_or_none(header, delimiter) or ()))


def records(text: str, delimiter: str | None = None) -> Iterator[Record]:
    """Yield the header and then every row of `text`; lines that hold only white space are not rows.

    A quoted cell may span lines. Where quotes are broken, so that a cell never ends or goes on after its end, only the
    line in which it began is yielded without cells, and reading goes on with the next line: one stray quote must not
    swallow the rows after it.
    """
    line_break = "\n" if "\n" in text or "\r" not in text else "\r"
    lines = text.split(line_break)
    blank = blank_characters(delimiter)
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.strip(blank):
            continue
        if delimiter is None:
            delimiter = delimiter_of(line)
            blank = blank_characters(delimiter)
        if '"' not in line and "\r" not in line[:-1]:
            whole = line.removesuffix("\r")
            yield Record(tuple(whole.split(delimiter)), whole)
            continue
        cells, last = _quoted_record(lines, number - 1, line_break, delimiter)
        if cells is None:
            yield Record(None, line.removesuffix("\r"))
        else:
            yield Record(cells, line_break.join(lines[number - 1 : last + 1]).removesuffix("\r"))
            number = last + 1


def blank_characters(delimiter: str | None) -> str:
    """Return the characters that alone do not make a line a row; the tab counts only where it is not the delimiter."""
    return " \r\f\v" if delimiter == "\t" else " \t\r\f\v"


def header_of(start: bytes) -> tuple[str, ...] | None:
    """Return the first row of a file from its first bytes, or None where there is none that can be read as text."""
    try:
        text, _ = decode(start[: start.rfind(b"\n") + 1] or start)
    except UnreadableFile:
        return None
    first = next(records(text), None)
    return first.cells if first else None


def _quoted_record(lines: list[str], first: int, line_break: str, delimiter: str) -> tuple[tuple[str, ...] | None, int]:
    """Return the cells of the record that begins in line `first`, and its last line; no cells for broken quotes."""
    pieces: list[str] = []
    odd = False
    for last in range(first, len(lines)):
        pieces.append(lines[last])
        odd ^= lines[last].count('"') % 2 == 1
        # Between the first line and the end, only a line with a quote can end the cell; and it leaves the count even.
        if first < last < len(lines) - 1 and (odd or '"' not in lines[last]):
            continue
        record = line_break.join(pieces).removesuffix("\r")
        try:
            return _split(record, delimiter), last
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                return None, first
    return None, first


def _split(record: str, delimiter: str) -> tuple[str, ...]:
    marked = record.replace("\r", _CARRIAGE_RETURN) if "\r" in record else record
    rows = list(csv.reader([marked], delimiter=delimiter, strict=True))
    if len(rows) != 1:
        raise csv.Error("more than one row")
    cells = tuple(rows[0])
    return tuple(cell.replace(_CARRIAGE_RETURN, "\r") for cell in cells) if marked is not record else cells


def _split_or_none(record: str, delimiter: str) -> tuple[str, ...] | None:
    try:
        return _split(record.removesuffix("\r"), delimiter)
    except csv.Error:
        return None
