"""Bad input: nothing is lost, nothing is guessed, and every refusal says what to do."""

import io
import time
import zipfile
from pathlib import Path

import duckdb
import pytest
from landing_desk import CLA, CLA_HEADER, EPISODES_CSV, HEADER_CSV, Desk, cla_row, episode

CLA_TABLE = "raw_ees.cla_number_and_rate_per_10k_children"
EPISODES = "social_care/ssda903/2023/episodes.csv"
LAIT = "published/lait/2026-04"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def cla(*rows: str, header: str = CLA_HEADER, end: str = "\n") -> str:
    return end.join([header, *(rows or (cla_row(),))]) + end


def lait(desk: Desk, rows: str) -> None:
    target = desk.raw / LAIT
    target.mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        f"""COPY (SELECT * FROM (VALUES {rows})
        AS v("Short Desc", "Data item", "Years", "LA and Regions", "Values", "LA Number", "Region"))
        TO '{target}/long.parquet' (FORMAT parquet)"""
    )


def workbook(*rows: tuple) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_a_missing_column_is_named_and_stops_the_file(desk):
    desk.put(CLA, cla(cla_row(), header=CLA_HEADER.replace(",children_count", ",children")))
    desk.land()
    assert desk.files() == [("failed", "none", 0, 0, 0)]
    assert "missing: children_count" in desk.message()
    assert "not declared: children" in desk.message()
    assert "nearest layout: from_2025" in desk.message()
    assert CLA in desk.message()
    assert ("ees.cla_number_and_rate_per_10k_children", "columns", "critical") in desk.failed_checks()


def test_an_unknown_column_stops_a_strict_source(desk):
    desk.put(CLA, cla(cla_row() + ",1", header=CLA_HEADER + ",extra_measure"))
    desk.land()
    assert desk.files("status") == [("failed",)]
    assert "extra_measure" in desk.message()
    assert "_ees__sources.yml" in desk.message()


def test_an_unknown_column_of_a_lenient_source_is_left_out_and_warned_about(desk):
    desk.put(EPISODES, f"{EPISODES_CSV},TEST_COLUMN\n{episode()},x\n")
    desk.land()
    assert desk.files() == [("loaded", "current", 1, 1, 0)]
    assert ("ssda903.episodes", "unknown_column", "warning") in desk.failed_checks()


def test_one_failing_source_leaves_the_others_running(desk):
    desk.put(CLA, "nonsense\n1\n")
    desk.put(EPISODES, f"{EPISODES_CSV}\n{episode()}\n")
    desk.land()
    assert (desk.state("ees"), desk.state("ssda903"), desk.state("lait")) == ("failed", "loaded", "not_available")


def test_the_older_layout_of_a_file_loads_into_the_same_columns(desk):
    older = CLA_HEADER.replace("population_type", "population_count").replace("children_count", "number")
    desk.put(CLA, cla(cla_row(value="7"), header=older))
    desk.land()
    assert desk.files("status, layout") == [("loaded", "to_2024")]
    assert desk.column(CLA_TABLE, "children_count") == ["7"]


def test_an_undeclared_symbol_quarantines_its_row_and_only_that(desk):
    rows = [cla_row("North", '"1,234"'), cla_row("South", "n/a"), cla_row("East", " C "), cla_row("West", "-")]
    desk.put(CLA, cla(*rows))
    desk.land()
    assert desk.files() == [("loaded", "current", 4, 3, 1)]
    assert desk.quarantined() == [(2, "undeclared_symbol", "critical", cla_row("South", "n/a"))]
    name = "ees.cla_number_and_rate_per_10k_children"
    assert desk.failed_checks() == {(name, "undeclared_symbol", "critical"), (name, "legacy_missing", "warning")}


def test_a_windows_file_is_read_and_its_encoding_recorded(desk):
    desk.put(CLA, cla(cla_row("Plymouth–Môr", "5")).encode("cp1252"))
    desk.land()
    assert desk.files("status, encoding") == [("loaded", "cp1252")]
    assert desk.column(CLA_TABLE, "la_name") == ["Plymouth–Môr"]


def test_a_byte_order_mark_is_not_part_of_the_first_column(desk):
    desk.put(CLA, b"\xef\xbb\xbf" + cla(end="\r\n").encode())
    desk.land()
    assert desk.files("status, encoding, rows_loaded") == [("loaded", "utf-8-sig", 1)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_utf_16_file_is_refused_with_what_to_do(desk, encoding):
    desk.put(CLA, cla().encode(encoding))
    desk.land()
    assert desk.files("status") == [("failed",)]
    assert "save it again as CSV UTF-8" in desk.message()


def test_bytes_that_are_no_text_at_all_are_refused(desk):
    desk.put(CLA, cla().encode() + b"\x81\x8d\n")
    desk.land()
    assert desk.files("status") == [("failed",)]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found_by_the_header(desk, delimiter):
    desk.put(CLA, cla().replace(",", delimiter))
    desk.land()
    assert desk.files("status, rows_loaded") == [("loaded", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "\n\n" + cla(cla_row("A"), cla_row("B")),
        cla(cla_row("A"), "", "   ", cla_row("B")),
        cla(cla_row("A"), cla_row("B")) + "\n\n \n",
        cla(cla_row("A"), "", cla_row("B"), end="\r\n"),
        cla(cla_row("A"), cla_row("B"), end="\r"),
        cla(cla_row("A"), cla_row("B")).removesuffix("\n"),
    ],
    ids=["top", "middle", "end", "windows", "old_mac", "no_line_end"],
)
def test_blank_lines_anywhere_are_not_rows(desk, text):
    desk.put(CLA, text)
    desk.land()
    assert desk.files() == [("loaded", "current", 2, 2, 0)]
    assert desk.column(CLA_TABLE, "la_name") == ["A", "B"]


def test_rows_with_too_few_or_too_many_cells_are_quarantined_as_received(desk):
    desk.put(CLA, cla(cla_row("A"), "2025,short", cla_row("B") + ",9,9", cla_row("C")))
    desk.land()
    assert desk.files() == [("loaded", "current", 4, 2, 2)]
    assert desk.quarantined() == [
        (2, "ragged_row", "critical", "2025,short"),
        (3, "ragged_row", "critical", cla_row("B") + ",9,9"),
    ]


def test_one_delimiter_too_many_makes_a_row_ragged(desk):
    desk.put(CLA, cla(cla_row("A"), cla_row("B") + ","))
    desk.land()
    assert [row[:3] for row in desk.quarantined()] == [(2, "ragged_row", "critical")]


def test_an_unknown_collection_stops_its_source_and_says_what_to_do(desk):
    desk.put("social_care/ssda903/2023/september/episodes.csv", f"{EPISODES_CSV}\n{episode()}\n")
    desk.put(CLA, cla())
    desk.land()
    assert (desk.state("ssda903"), desk.state("ees")) == ("failed", "loaded")
    assert "is not an as-at date such as 2023-09-30" in desk.message()
    assert ("ssda903", "readable", "critical") in desk.failed_checks()


def test_a_row_of_delimiters_only_is_set_aside_as_blank(desk):
    desk.put(CLA, cla(cla_row("A"), "," * 13, ",,"))
    desk.land()
    assert [row[:3] for row in desk.quarantined()] == [(2, "blank_row", "warning"), (3, "blank_row", "warning")]


@pytest.mark.parametrize("rows_after", [0, 3])
def test_an_unclosed_quote_costs_its_own_row_only(desk, rows_after):
    broken = cla_row('"North')
    desk.put(CLA, cla(cla_row("A"), broken, *[cla_row(f'"Z{row}"') for row in range(rows_after)]))
    desk.land()
    assert desk.files() == [("loaded", "current", 2 + rows_after, 1 + rows_after, 1)]
    assert desk.quarantined() == [(2, "broken_quotes", "critical", broken)]


def test_a_quote_inside_a_cell_and_a_line_break_inside_quotes_are_data(desk):
    desk.put(CLA, cla(cla_row('5" pipe'), cla_row('"two\nlines, ""quoted"""'), cla_row("C")))
    desk.land()
    assert desk.files() == [("loaded", "current", 3, 3, 0)]
    assert desk.column(CLA_TABLE, "la_name") == ['5" pipe', 'two\nlines, "quoted"', "C"]


def test_formulas_control_characters_and_long_cells_are_data(desk):
    names = ["=1+1", "@SUM(A1)", "<script>", "a\x00b", "x" * 3_000_000, "'; DROP TABLE landing.source_file; --"]
    desk.put(CLA, cla(*[cla_row(name) for name in names]))
    desk.land()
    assert desk.column(CLA_TABLE, "la_name") == names
    assert desk.files() == [("loaded", "current", 6, 6, 0)]


def test_an_empty_file_fails_and_a_file_with_a_header_only_loads_no_rows(desk):
    desk.put(CLA, "")
    desk.put("population/2024/blank.csv", "\n \n")
    desk.put(EPISODES, EPISODES_CSV + "\n")
    desk.land()
    assert desk.files("status, rows_landed") == [("failed", 0), ("failed", 0), ("loaded", 0)]
    assert "is empty" in desk.message()
    assert ("ssda903.episodes", "has_rows", "warning") in desk.failed_checks()


def test_a_truncated_parquet_file_fails_with_a_clear_message(desk):
    lait(desk, "('A', NULL, '2025', 'North', '1', 901.0, 'R')")
    path = desk.raw / LAIT / "long.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    desk.land()
    assert desk.files("status") == [("failed",)]
    assert "is not a complete Parquet file: copy or download it again" in desk.message()


def test_a_parquet_file_damaged_inside_loads_nothing(desk):
    lait(desk, "('A', NULL, '2025', 'North', '1', 901.0, 'R')")
    path = desk.raw / LAIT / "long.parquet"
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + b"\xff" * 40 + content[44:])
    desk.land()
    assert desk.files("status, rows_loaded") == [("failed", 0)]
    assert desk.column("raw_lait.indicator_value", "years") == []


def test_the_placeholder_period_is_set_aside_and_unknown_labels_are_critical(desk):
    good = ["2025", "2025 (Rev)", "2025 (prov)", "2024 (Final)", "2023/24", "2023-24", "2024-25 (OT)", "2021/22-23/24"]
    rows = [(label, "1", "901.0") for label in good]
    rows += [("0", "-", "901.0"), ("Spring 2025", "1", "901.0"), ("2025", "1", "901.5"), ("2025", "low", "901.0")]
    rows += [("2025", value, "901.0") for value in ("-", "c", "..", "NA", "", "9.79E-2", "-0.1")]
    lait(desk, ", ".join(f"('A', NULL, '{label}', 'North', '{value}', {number}, 'R')" for label, value, number in rows))
    desk.land()
    assert [row[:3] for row in desk.quarantined()] == [
        (9, "placeholder_period", "warning"),
        (10, "unknown_period", "critical"),
        (11, "not_a_dfe_number", "critical"),
        (12, "undeclared_symbol", "critical"),
    ]
    assert desk.files() == [("loaded", "current", 19, 15, 4)]


def test_a_row_that_breaks_two_rules_is_quarantined_once_with_both_reasons(desk):
    lait(desk, "('A', NULL, 'soon', 'North', 'many', 901.0, 'R')")
    desk.land()
    assert [row[:3] for row in desk.quarantined()] == [(1, "unknown_period, undeclared_symbol", "critical")]
    assert desk.files() == [("loaded", "current", 1, 0, 1)]


def test_a_workbook_that_would_unpack_to_gigabytes_is_refused_at_once(desk):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(200 * 1024 * 1024))
    desk.put(f"{LAIT}/neighbours.xlsx", held.getvalue())
    started = time.perf_counter()
    desk.land()
    assert time.perf_counter() - started < 5
    assert desk.files("status") == [("failed",)]
    assert "it was not opened" in desk.message()


@pytest.mark.parametrize("content", [b"not a workbook", b"PK\x03\x04 cut short"])
def test_a_broken_workbook_fails_with_a_clear_message(desk, content):
    desk.put(f"{LAIT}/neighbours.xlsx", content)
    desk.land()
    assert desk.files("status") == [("failed",)]
    assert "save it again as .xlsx" in desk.message()


def test_notes_of_a_workbook_are_set_aside_and_rows_above_the_header_are_not_rows(desk):
    header = ["LA num", "LA Name", "LA number", "GOInd", "GOReg"]
    header += [text for place in range(1, 11) for text in (f"SN{place}", "SNP")]
    areas = (901, "North", 901, 1, "R", *[part for place in range(10) for part in (910 + place, "Close")])
    rows = (("A", "B"), (1, 2), tuple(header), areas, (), (None, "Old neighbours:"), ("", " "))
    desk.put(f"{LAIT}/neighbours.xlsx", workbook(*rows))
    desk.land()
    assert desk.files() == [("loaded", "current", 2, 1, 1)]
    assert [row[:3] for row in desk.quarantined()] == [(2, "not_a_data_row", "warning")]
    assert desk.column("raw_lait.statistical_neighbour", "sn10") == ["919"]


@pytest.mark.parametrize("name", ['it\'s; "x".csv', "100% [1]*.csv", "café ${HOME} $(ls).csv"])
def test_odd_characters_in_a_file_name_are_only_characters(desk, name):
    desk.put(CLA.replace("cla.csv", name), cla(cla_row("A")))
    desk.put(CLA.replace("cla.csv", "100% 1zzz.csv"), cla(cla_row("B"), cla_row("C")))
    desk.land()
    loaded = dict(desk.files("file_name, rows_loaded"))
    assert loaded == {name: 1, "100% 1zzz.csv": 2}


def test_a_pattern_in_a_parquet_name_reads_that_file_only(desk):
    lait(desk, "('A', NULL, '2025', 'North', '1', 901.0, 'R')")
    folder = desk.raw / LAIT
    (folder / "l*.parquet").write_bytes((folder / "long.parquet").read_bytes() + b"")
    lait(desk, "('B', NULL, '2025', 'North', '1', 901.0, 'R'), ('B', NULL, '2024', 'North', '1', 901.0, 'R')")
    desk.land()
    assert desk.files("file_name, rows_loaded") == [("l*.parquet", 1), ("long.parquet", 2)]


def test_a_link_out_of_raw_is_reported_and_not_followed(desk, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text(cla())
    folder = desk.put(CLA, cla()).parent
    (folder / "link.csv").symlink_to(outside)
    (folder / "folder").symlink_to(tmp_path)
    (folder / "broken.csv").symlink_to(folder / "nowhere")
    desk.land()
    assert dict(desk.files("file_name, status")) == {
        "cla.csv": "loaded",
        "link.csv": "failed",
        "broken.csv": "failed",
        "folder": "failed",
    }
    assert "leaves raw/" in desk.message()


def test_a_name_with_control_characters_is_reported_escaped(desk):
    desk.put(CLA.replace("cla.csv", "two\nlines\x1b[31m.csv"), cla())
    desk.land()
    assert desk.files("file_name, status") == [("two\\x0alines\\x1b[31m.csv", "failed")]


def test_messages_and_checks_about_children_hold_no_cell_value(desk):
    desk.put(EPISODES, f"{EPISODES_CSV}\n{episode('SECRET1', 'never')}\n{episode('SECRET2')},SECRET3\n")
    desk.put("social_care/ssda903/2023/header.csv", f"{HEADER_CSV}\nSECRET4,1,01/01/2010,WBRI,UN1,,\n" * 2)
    desk.land()
    checks = desk.connection.execute("SELECT message, why FROM quality.check_result").fetchall()
    assert "SECRET" not in desk.message() + str(checks)
    assert sum(row[0] for row in desk.files("rows_quarantined")) > 0


def test_episodes_without_a_valid_start_and_repeats_are_set_aside(desk):
    rows = [
        episode("C1", "01/05/2022"),
        episode("C1", "2022-06-01"),
        episode("C1", "2022-07-01 00:00:00"),
        episode("C1", "31/02/2022"),
        episode("C1", ""),
        episode("C1", "01/05/22"),
        episode("", "01/05/2022"),
        episode("C1", "01/05/2022").lower(),
        episode("C1", "01/05/2022", "U2"),
    ]
    desk.put(EPISODES, "\n".join([EPISODES_CSV, *rows]))
    desk.land()
    assert [row[:3] for row in desk.quarantined()] == [
        (4, "no_valid_decom", "warning"),
        (5, "no_valid_decom", "warning"),
        (6, "no_valid_decom", "warning"),
        (7, "missing_child_id", "warning"),
        (8, "exact_duplicate", "warning"),
    ]
    assert desk.files() == [("loaded", "current", 9, 4, 5)]


def test_the_first_header_row_of_a_child_is_kept(desk):
    rows = ["C1,1,01/01/2010,WBRI,UN1,,", " c1 ,2,01/01/2011,WBRI,UN1,,", "C2,1,01/01/2010,WBRI,UN1,,"]
    desk.put("social_care/ssda903/2023/header.csv", "\n".join([HEADER_CSV, *rows]))
    desk.land()
    assert [row[:3] for row in desk.quarantined()] == [(2, "repeated_child, conflicting_child", "warning")]
    assert desk.column("raw_ssda903.header", "sex") == ["1", "1"]


def test_headers_in_another_case_and_with_spaces_are_the_same_columns(desk):
    desk.put(EPISODES, f"{EPISODES_CSV.lower().replace('place_provider', ' Place Provider ')}\n{episode()}\n")
    desk.land()
    assert desk.files("status, rows_loaded") == [("loaded", 1)]


RETURN = """<?xml version='1.0' encoding='us-ascii'?>
<EXPSSDA903><!-- <EPISODE> -->
<CHILD><EPISODE><DECOM>01/05/2022</DECOM><PL>U1</PL><DEC /></EPISODE>
<HEADER><CHILDID>0007</CHILDID><SEX>1</SEX><UASC /></HEADER>
<EPISODE><DECOM>02/06/2022</DECOM><NEWTAG>x</NEWTAG></EPISODE></CHILD>
<CHILD><HEADER><CHILDID>8</CHILDID></HEADER></CHILD>
</EXPSSDA903>"""


def test_episodes_of_an_xml_return_carry_the_child_id_of_the_header(desk):
    desk.put("social_care/ssda903/2022-23/return.xml", RETURN)
    desk.land()
    landed = desk.files("table_name, rows_landed, rows_loaded, release")
    assert [row for row in landed if row[1]] == [("episodes", 2, 2, "2023"), ("header", 2, 2, "2023")]
    assert len(landed) == 10
    assert desk.column("raw_ssda903.episodes", "child") == ["0007", "0007"]
    assert desk.column("raw_ssda903.episodes", "place") == ["U1", None]
    assert ("ssda903.episodes", "unknown_column", "warning") in desk.failed_checks()


def test_a_header_row_that_only_repeats_contradicts_nothing(desk):
    rows = ["C1,1,01/01/2010,WBRI,UN1,,", "c1,1,01/01/2010 ,WOTH,UN1,,"]
    desk.put("social_care/ssda903/2023/header.csv", "\n".join([HEADER_CSV, *rows]))
    desk.land()
    assert [row[:3] for row in desk.quarantined()] == [(2, "repeated_child", "warning")]


NESTED = """<EXPSSDA903>
<CHILD><HEADER><CHILDID>1</CHILDID><DOB>01/02/2005</DOB><UASC>1</UASC><DUC>01/02/2023</DUC>
<AREVIEW><REVIEW>01/05/2022</REVIEW><REVIEW_CODE>PN1</REVIEW_CODE></AREVIEW><AREVIEW><REVIEW>01/11/2022</REVIEW></AREVIEW>
<OC2><HEALTH_ASSESSMENT>1</HEALTH_ASSESSMENT></OC2><IN_TOUCH> </IN_TOUCH></HEADER></CHILD>
<CHILD><HEADER><CHILDID>2</CHILDID><UASC>0</UASC><IN_TOUCH>YES</IN_TOUCH><ACTIV>F1</ACTIV><DATE_INT /></HEADER></CHILD>
</EXPSSDA903>"""


def test_blocks_and_items_of_an_xml_return_are_tables_of_their_own(desk):
    desk.put("social_care/ssda903/2023/return.xml", NESTED)
    desk.land()
    landed = {table: rows for table, rows in desk.files("table_name, rows_loaded") if rows}
    assert landed == {"header": 2, "uasc": 1, "reviews": 2, "oc2": 1, "oc3": 1}
    assert desk.column("raw_ssda903.uasc", "duc") == ["01/02/2023"]
    assert desk.column("raw_ssda903.reviews", "child") == ["1", "1"]
    assert desk.column("raw_ssda903.oc3", "child") == ["2"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("</EXPSSDA903>", ""), "not well-formed XML"),
        (("<EXPSSDA903>", '<!DOCTYPE x [<!ENTITY a "aaaa">]><EXPSSDA903>'), "declares a document type"),
        (("DECOM", "START"), "no element DECOM"),
    ],
)
def test_a_broken_or_dangerous_xml_return_fails_whole(desk, change, words):
    desk.put("social_care/ssda903/2023/return.xml", RETURN.replace(*change))
    desk.land()
    assert desk.files("status") == [("failed",)]
    assert words in desk.message()
    assert desk.column("raw_ssda903.header", "child") == []


def test_an_xml_document_of_another_kind_is_an_unknown_data_set(desk):
    desk.put("social_care/ssda903/2023/other.xml", "<Message><Header/></Message>")
    desk.land()
    assert desk.files("status") == [("unknown",)]


def test_an_archive_is_refused_with_what_to_do_and_a_document_is_left_alone(desk):
    desk.put(CLA.replace("cla.csv", "all.zip"), b"PK\x03\x04rest")
    desk.put(CLA.replace("cla.csv", "guide.pdf"), b"%PDF-1.7")
    desk.land()
    assert dict(desk.files("file_name, status")) == {"all.zip": "failed", "guide.pdf": "unknown"}
    assert "unpack it" in desk.message()
