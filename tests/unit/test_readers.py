"""The readers: rows and cells of odd files, and the count of rows on the raw bytes."""

import csv
import io
from pathlib import Path

import duckdb
import pytest
from landing_desk import SHARED_DATA

from dagster_project.landing import registry
from dagster_project.sources.catalogue import Layout, RawTable
from dagster_project.sources.csv_text import UnreadableFile, decode, delimiter_of, header_of, records
from dagster_project.sources.opened import NeedsCarefulReading, OpenTable
from dagster_project.sources.readers import csv_as_text, reader_for


def table_of(header: list[str]) -> RawTable:
    columns = tuple((name, f"c{place}") for place, name in enumerate(header))
    layout = Layout("any", "csv_as_text", columns, (header[0],))
    return RawTable(
        source="some",
        name="rows",
        schema="raw_some",
        description="",
        source_description="",
        folder="some/{release}",
        data_set="some",
        layouts=(layout,),
        columns=tuple(column for _, column in columns),
        strict=False,
        sensitivity="published",
        keep_superseded=True,
        publisher="",
        licence="",
        cadence="",
        owner="",
        values=None,
        row_rules=(),
        declared_in="some.yml",
        declaration_hash="",
    )


def read(path: Path, header: list[str], *, careful: bool) -> tuple[OpenTable, list[tuple]]:
    connection = duckdb.connect()
    table = table_of(header)
    registry.prepare(connection, [table])
    [opened] = csv_as_text(path, [table], connection, careful=careful)
    opened.insert(connection, "f")
    rows = connection.execute(f"SELECT * EXCLUDE (_file_id) FROM {table.qualified} ORDER BY _row_number").fetchall()
    return opened, rows


BODIES = {
    "plain": (b"a,b\n1,2\n3,4\n", [("1", "2"), ("3", "4")]),
    "windows": (b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n", [("1", "2"), ("3", "4")]),
    "old_mac": (b"a,b\r1,2\r3,4\r", [("1", "2"), ("3", "4")]),
    "quoted": (b'"a","b"\n"1","2"\n"say ""x""","line\nbreak"\n', [("1", "2"), ('say "x"', "line\nbreak")]),
    "quoted_windows": (b'a,b\r\n"one\r\ntwo",2\r\n', [("one\r\ntwo", "2")]),
    "empty_cells": (b'a,b\n,\n"",x\n , y \n', [(None, None), (None, "x"), (" ", " y ")]),
    "nul": (b"a,b\n1,x\x00y\n", [("1", "x\x00y")]),
    "lone_carriage_return": (b"a,b\n1,x\ry\n2,3\n", [("1", "x\ry"), ("2", "3")]),
    "stray_quote": (b'a,b\n1,x"y\n2,"z"\n', [("1", 'x"y'), ("2", "z")]),
    "no_line_end": (b"a,b\n1,2", [("1", "2")]),
    "blank_lines": (b"\n\na,b\n\n1,2\n  \n3,4\n\n\n", [("1", "2"), ("3", "4")]),
    "blank_line_in_quotes": (b'a,b\n"x\n\ny",2\n3,4\n', [("x\n\ny", "2"), ("3", "4")]),
    "comma_in_quotes": (b'a,b\n"1,5",2\n', [("1,5", "2")]),
    "header_only": (b"a,b\n", []),
}


@pytest.mark.parametrize("careful", [False, True], ids=["fast", "careful"])
@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES.keys())
def test_the_fast_and_the_careful_way_read_the_same(tmp_path, body, expected, careful):
    path = tmp_path / "file.csv"
    path.write_bytes(body)
    try:
        opened, rows = read(path, ["a", "b"], careful=careful)
    except NeedsCarefulReading:
        # The fast way may give up, and then says so; it never reads something else.
        opened, rows = read(path, ["a", "b"], careful=True)
    assert [row[:-1] for row in rows] == expected
    assert [row[-1] for row in rows] == list(range(1, len(expected) + 1))
    assert opened.rows_landed == len(expected)


def test_a_quarantined_row_can_be_given_back_as_received(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b'a,b\r\n"one\r\ntwo", 2 \r\n3,\xc3\xa9\r\n')
    for careful in (False, True):
        opened, _ = read(path, ["a", "b"], careful=careful)
        assert opened.texts is not None
        assert opened.texts([1, 2]) == {1: '"one\r\ntwo", 2 ', 2: "3,é"}


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        ('1,"open\n2,3\n4,5\n', [1]),
        ('1,"open\n2,"closed"\n4,5\n', [1]),
        ('1,"done"x\n2,3\n', [1]),
        ('1,2\n3,"\n', [2]),
        ('x"y,"z\n1,2\n3,4\n', [1]),
        ('1,"a\n2,"b\n3,4\n', [1, 2]),
    ],
)
def test_broken_quotes_cost_only_the_line_they_are_in(lines, broken):
    rows = list(records("a,b\n" + lines))[1:]
    assert [number for number, row in enumerate(rows, start=1) if row.cells is None] == broken
    assert len(rows) == lines.count("\n")
    assert "\n".join(row.text for row in rows) + "\n" == lines


def test_many_lines_after_an_unclosed_quote_are_read_in_reasonable_time():
    text = 'a,b\n1,"open\n' + "2,3\n" * 200_000
    assert sum(1 for _ in records(text)) == 200_002


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("a,b,c", ","),
        ("a;b;c", ";"),
        ("a\tb\tc", "\t"),
        ("a|b", "|"),
        ('"x;y;z",b', ","),
        ("alone", ","),
        ("a,b;c,d", ","),
    ],
)
def test_the_delimiter_is_the_one_that_splits_the_header_most(header, delimiter):
    assert delimiter_of(header) == delimiter


def test_text_is_read_as_utf_8_before_windows_1252():
    assert decode("é".encode()) == ("é", "utf-8")
    assert decode("\ufeffé".encode()) == ("é", "utf-8-sig")
    assert decode("é–".encode("cp1252")) == ("é–", "cp1252")
    with pytest.raises(UnreadableFile, match="UTF-16"):
        decode("a,b".encode("utf-16"))


def test_the_header_of_a_file_is_found_in_its_first_bytes():
    assert header_of(b"\n\nA;B\n1;") == ("A", "B")
    assert header_of("A\tB\n".encode("utf-16")) is None
    assert header_of(b"") is None


@pytest.mark.parametrize(
    ("name", "content", "reader"),
    [
        ("a.txt", b"PAR1....", "parquet"),
        ("a.parquet", b"", "parquet"),
        ("a.xlsx", b"PK\x03\x04", "excel"),
        ("a.csv", b"\xef\xbb\xbf <?xml version='1.0'?>", "xml_records"),
        ("a.xml", b"a,b\n", "xml_records"),
        ("a", b"a,b\n", "csv_as_text"),
        ("a.pdf", b"", None),
        ("a.csv", b"%PDF-1.4", None),
    ],
)
def test_a_file_is_read_by_what_it_is(tmp_path, name, content, reader):
    path = tmp_path / name
    path.write_bytes(content)
    assert reader_for(path) == reader


@pytest.mark.parametrize(("content", "words"), [(b"PK\x03\x04", "unpack"), (b"\xd0\xcf\x11\xe0", "save it as .xlsx")])
def test_archives_and_old_workbooks_say_what_to_do(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        reader_for(path)


if SHARED_DATA.exists():
    SAMPLES = [
        *sorted(SHARED_DATA.glob("ees/*.csv")),
        SHARED_DATA / "lait" / "lait_data_dictionary.csv",
        *sorted((SHARED_DATA / "social_care" / "ssda903_thirdparty_2018").rglob("*.csv")),
    ]

    @pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
    def test_every_published_csv_is_read_cell_for_cell_both_ways(path):
        text = path.read_bytes().decode("utf-8-sig")
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        expected = [tuple(cell or None for cell in row) for row in rows]
        for careful in (False, True):
            opened, found = read(path, header, careful=careful)
            assert opened.rows_landed == len(expected)
            assert [row[:-1] for row in found] == expected
