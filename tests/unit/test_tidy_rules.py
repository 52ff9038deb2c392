"""The rules of tidy files: for each a small file that keeps it and one that breaks it, and what landing makes of it."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from landing_desk import CATALOGUE, CLA, CLA_HEADER, NOW, Desk, cla_row

from dagster_project.landing import load
from dagster_project.landing import tidy as landing_tidy
from dagster_project.landing.inventory import take_inventory
from dagster_project.landing.tidy import is_tidy, read_cells, run_rules
from dagster_project.quality.results import CheckResult
from dagster_project.quality.waivers import Waiver, apply_waivers
from dagster_project.sources import tidy_rules
from dagster_project.sources.csv_text import encoding_of, header_of
from dagster_project.sources.tidy_metadata import read_metadata
from dagster_project.sources.tidy_rules import RULES, WAIVABLE, Rule, TidyFile, rule_of
from dagster_project.sources.tidy_vocabulary import IDENTIFIERS, LEVELS, identifier_of, level_of

HEADER = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,"
    "new_la_code,la_name,sex,pupils"
)
ENGLAND = "202324,Academic year,National,E92000001,England,,,,,,Total,100"
REGION = "202324,Academic year,Regional,E92000001,England,E12000003,Yorkshire and The Humber,,,,Total,40"
LEEDS = (
    "202324,Academic year,Local authority,E92000001,England,E12000003,Yorkshire and The Humber,383,E08000035,Leeds,"
    "Total,10"
)
GOOD = (ENGLAND, REGION, LEEDS)
META_HEADER = (
    "col_name,col_type,label,indicator_grouping,indicator_unit,indicator_dp,filter_hint,filter_grouping_column"
)
SEX = "sex,Filter,Sex,,,,Filter by sex,"
PUPILS = "pupils,Indicator,Number of pupils,,,0,,"
META = "\n".join([META_HEADER, SEX, PUPILS])
GROUP = "sex,Filter,Sex,,,,Filter by sex,sex_group"
LA_META = "population_type,Filter,Population,,,,,\n" + "\n".join(
    f"{name},Indicator,{name},,,0,,"
    for name in ("population_estimate", "children_count", "rate_per_10000")
)  # fmt: skip
CLA_META = CLA.replace(".csv", ".meta.csv")
CLA_TABLE = "ees.cla_number_and_rate_per_10k_children"
POPULATION = "population/2024/population.csv"
POPULATION_HEADER = HEADER.replace("sex,pupils", "age_group,population_estimate")


def rows(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def at(period: str = "202324", kind: str = "Academic year") -> str:
    return LEEDS.replace("202324,Academic year", f"{period},{kind}")


def grouped(*pairs: tuple[str, str]) -> str:
    """A file whose filter `sex` stands in the groups of `sex_group`."""
    lines = [f"{ENGLAND.removesuffix('Total,100')}{option},{group},1" for option, group in pairs]
    return rows(*lines, header=HEADER.replace("sex,", "sex,sex_group,"))


def meta(*lines: str, header: str = META_HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def file_of(
    content: str | bytes,
    metadata: str | bytes | None = None,
    *,
    name: str = "pupils.csv",
    declared: Sequence[str] = (),
    stray: tuple[str, ...] = (),
) -> TidyFile:
    """Read a small file as landing does, without a declaration of its columns."""
    raw = content if isinstance(content, bytes) else content.encode()
    header = header_of(raw) or ()
    cells = list(csv.reader(io.StringIO(raw.decode(encoding_of(raw)))))[1:]
    connection = duckdb.connect()
    names = [f"c{place}" for place in range(len(header))]
    connection.execute(f"CREATE TABLE sent ({', '.join(f'{name} VARCHAR' for name in names)})")
    for row in cells:
        connection.execute(f"INSERT INTO sent VALUES ({', '.join('?' for _ in names)})", [cell or None for cell in row])
    described = None
    if metadata is not None:
        sent = metadata if isinstance(metadata, bytes) else metadata.encode()
        described = read_metadata(name.replace(".csv", ".meta.csv"), sent)
    file = TidyFile(name, len(raw), encoding_of(raw), header, metadata=described, stray_metadata=stray)
    columns = {column.strip().lower(): place for column, place in zip(header, names, strict=True)}
    return read_cells(connection, "sent", [], file, columns=columns, declared=declared)


def told(file: TidyFile) -> dict[str, str]:
    """The message of every rule that the file breaks."""
    return {rule.check_id: message for rule, message, _ in run_rules(file) if message}


def found(check_id: str, file: TidyFile) -> str:
    """What one rule says of a file, whatever the others say; empty where the file keeps it."""
    rule = rule_of(check_id)
    findings = rule.find(file)
    return tidy_rules.message_of(rule, findings) if findings else ""


NO_COUNTRY = HEADER.replace("country_code,", "")
Case = tuple[str, TidyFile, TidyFile, tuple[str, ...]]
# Check, a file that keeps the rule, one that breaks it, and words of the message.
CASES: list[Case] = [
    ("tidy_f01_encoding", file_of(b"\xef\xbb\xbf" + rows(*GOOD).encode()),
     file_of(rows(LEEDS.replace("Leeds", "Leéds")).encode("cp1252")), ("not UTF-8", "cp1252")),
    ("tidy_f02_required_columns", file_of(rows(*GOOD)),
     file_of(rows(LEEDS.replace("E92000001,", ""), header=NO_COUNTRY)), ("'country_code'", "is missing")),
    ("tidy_f03_columns_and_size", file_of(rows(*GOOD)),
     file_of(rows(LEEDS + ",1", header=HEADER + ",Sex")), ("'sex'", "2 times")),
    ("tidy_f03_columns_and_size", file_of(rows(*GOOD)),
     file_of(rows(LEEDS + ",1", header=HEADER + ",")), ("has no name (column 13 of 13)",)),
    ("tidy_f04_spaces", file_of(rows(*GOOD)),
     file_of(rows(LEEDS, header=HEADER.replace("pupils", "number of pupils"))), ("'number of pupils'", "space")),
    ("tidy_f04_column_names", file_of(rows(*GOOD)),
     file_of(rows(LEEDS + ",1,2,3", header=HEADER + ",NEET_percent,3_months_or_less,turnover_rate_fte_%")),
     ("'NEET_percent'", "'3_months_or_less'", "'turnover_rate_fte_%'", "snake_case")),
    ("tidy_f05_file_name", file_of(rows(*GOOD), name="pupils_2024-25.csv"),
     file_of(rows(*GOOD), name="pupils (final).csv"), ("'('", "')'", "' '")),
    ("tidy_f05_file_name", file_of(rows(*GOOD)),
     file_of(rows(*GOOD), stray=("pupil.meta.csv",)), ("'pupil.meta.csv'", "name.meta.csv")),
    ("tidy_f06_data_and_metadata", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META + "\nabsences,Indicator,Absences,,,0,,"), ("'absences'", "not in the data")),
    ("tidy_f06_data_and_metadata", file_of(rows(*GOOD), meta(PUPILS), declared=["sex"]),
     file_of(rows(*GOOD), meta(PUPILS)), ("'sex'", "not in the metadata")),
    ("tidy_f06_data_and_metadata", file_of(grouped(("Total", "Total")), meta(GROUP, PUPILS)),
     file_of(rows(*GOOD), meta(GROUP, PUPILS)), ("'sex_group'", "filter_grouping_column")),
    ("tidy_f08_metadata_columns", file_of(rows(*GOOD), META + "\n"),
     file_of(rows(*GOOD), meta(SEX + ",x", PUPILS + ",", header=META_HEADER + ",note")), ("'note'", "is no column")),
    ("tidy_f08_metadata_columns",
     file_of(rows(*GOOD), meta(SEX + ",Total,", PUPILS + ",,", header=META_HEADER + ",filter_default,parent_filter")),
     file_of(rows(*GOOD), META.replace("label,", "").replace("Sex,", "").replace("Number of pupils,", "")),
     ("'label'", "missing")),
    ("tidy_f08_metadata_columns", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), meta('sex,Filter,"Sex "" as" sent,,,,,', PUPILS)), ("quotation mark inside a value",)),
    ("tidy_d01_names_and_types", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("Filter,", "filters,")), ("'filters'", "neither Filter nor Indicator")),
    ("tidy_d01_names_and_types", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("Number of pupils", "Sex")), ("'label'", "not unique", "'Sex'")),
    ("tidy_d01_names_and_types", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("\npupils,", "\nnumber of pupils,")), ("'number of pupils'", "spaces")),
    ("tidy_d01_names_and_types", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace(",Number of pupils,", ", ,")), ("'label'", "not filled in")),
    ("tidy_d01_names_and_types", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META + "\nPupils,Indicator,Pupils again,,,0,,"), ("'col_name'", "not unique", "'pupils'")),
    ("tidy_d02_time_and_geography", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META + "\ntime_period,Filter,Year,,,,,"), ("'time_period'", "declared a filter")),
    ("tidy_d02_time_and_geography", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), meta(SEX + "region_name", PUPILS)), ("'region_name'", "group of a filter")),
    ("tidy_d02_time_and_geography", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META + "\nLA_Name,Indicator,Authority,,,0,,"), ("'LA_Name'", "listed in the metadata")),
    ("tidy_d03_fields_by_type", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("Sex,,,,", "Sex,,%,,")), ("'sex'", "Filter", "indicator_unit")),
    ("tidy_d03_fields_by_type", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace(",0,,", ",0,Hint,")), ("'pupils'", "Indicator", "filter_hint")),
    ("tidy_d03_fields_by_type", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("Sex,,,,", "Sex,Group,,,")), ("'sex'", "Filter", "indicator_grouping")),
    ("tidy_d03_fields_by_type", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("Sex,,,,", "Sex,,,1,")), ("'sex'", "Filter", "indicator_dp")),
    ("tidy_d03_fields_by_type", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace(",0,,", ",0,,sex")), ("'pupils'", "Indicator", "filter_grouping_column")),
    ("tidy_d04_units_and_decimals", file_of(rows(*GOOD), META.replace("pupils,,,0", "pupils,,£m,1")),
     file_of(rows(*GOOD), META.replace("pupils,,,0", "pupils,,percent,0")), ("'pupils'", "'percent'", "not allowed")),
    ("tidy_d04_units_and_decimals", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("pupils,,,0", "pupils,,,-1")), ("'pupils'", "'-1'", "whole number")),
    ("tidy_d04_units_and_decimals", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("pupils,,,0", "pupils,,,1.5")), ("'pupils'", "'1.5'", "whole number")),
    ("tidy_d04_decimals_missing", file_of(rows(*GOOD), META),
     file_of(rows(*GOOD), META.replace("pupils,,,0", "pupils,,,")), ("'pupils'", "indicator_dp")),
    ("tidy_d05_filter_groups", file_of(grouped(("Girls", "Sex"), ("Boys", "Sex")), meta(GROUP, PUPILS)),
     file_of(rows(*GOOD), meta(GROUP, PUPILS)), ("'sex_group'", "not in the data")),
    ("tidy_d05_filter_groups", file_of(grouped(("Girls", "Sex"), ("Boys", "Sex")), meta(GROUP, PUPILS)),
     file_of(grouped(("Girls", "A"), ("Girls", "B")), meta(GROUP, PUPILS)), ("2 groups for the 1 options",)),
    ("tidy_d05_filter_groups", file_of(grouped(("Girls", "Sex"), ("Boys", "Sex")), meta(GROUP, PUPILS)),
     file_of(grouped(("Girls", "By sex"), ("Boys", "By-sex")), meta(GROUP, PUPILS)), ("'By sex'", "punctuation")),
    ("tidy_d05_filter_groups", file_of(grouped(("Girls", "Sex"), ("Boys", "Sex")), meta(GROUP, PUPILS)),
     file_of(grouped(("Girls", "Sex")), meta(GROUP, "age,Filter,Age,,,,,sexgroup")), ("'sexgroup'", "two filters")),
    ("tidy_d06_lengths", file_of(rows(LEEDS, header=HEADER.replace("pupils", "p" * 50))),
     file_of(rows(LEEDS, header=HEADER.replace("pupils", "p" * 51))), ("more than 50 characters",)),
    ("tidy_d06_lengths", file_of(rows(*GOOD), META.replace("Number of pupils", "n" * 80)),
     file_of(rows(*GOOD), META.replace("Number of pupils", "n" * 81)), ("'label'", "more than 80 characters")),
    ("tidy_d06_lengths", file_of(rows(LEEDS.replace("383", "3" * 30))),
     file_of(rows(LEEDS.replace("383", "3" * 31))), ("'old_la_code'", "more than 30 characters")),
    ("tidy_d06_lengths", file_of(rows(LEEDS.replace("Total", "t" * 120))),
     file_of(rows(LEEDS.replace("Total", "t" * 121))), ("'sex'", "more than 120 characters")),
    ("tidy_t01_time_identifier", file_of(rows(at(kind="Autumn term"), at(kind="Spring term"),
                                             at(kind="Autumn and spring term"))),
     file_of(rows(at(), at("2024", "Calendar year"))), ("'Academic year'", "'Calendar year'", "mixes 2 kinds")),
    ("tidy_t01_time_identifier", file_of(rows(at(kind="Financial year Q1"), at(kind="Financial year Q4"))),
     file_of(rows(at(), at(kind="Financial year"))), ("mixes 2 kinds",)),
    ("tidy_t01_time_identifier", file_of(rows(at("2024", "Week 1"), at("2024", "Week 52"))),
     file_of(rows(at("2024", "Week 53"))), ("'Week 53'", "not known", "1 rows")),
    ("tidy_t01_time_identifier", file_of(rows(at(kind="Tax year"))), file_of(rows(at(), at(kind=""))),
     ("'time_identifier'", "not known", "('')")),
    ("tidy_t01_time_identifier", file_of(rows(at())), file_of(rows(at(kind="Six half terms"))), ("'Six half terms'",)),
    ("tidy_t02_time_period", file_of(rows(at("2025", "Reporting year"))), file_of(rows(at("202", "Reporting year"))),
     ("'202'", "4 or 6 digits", "1 rows")),
    ("tidy_t02_time_period", file_of(rows(at("202324", "Tax year"))), file_of(rows(at("2023245"))), ("'2023245'",)),
    ("tidy_t02_time_period", file_of(rows(at("2025", "January"))), file_of(rows(at("202425", "January"))),
     ("'202425'",)),
    ("tidy_t02_time_period", file_of(rows(at())), file_of(rows(at("2023/24"))), ("'2023/24'",)),
    ("tidy_t02_time_period", file_of(rows(at())), file_of(rows(at(""))), ("('')",)),
    ("tidy_t02_time_period", file_of(rows(at())), file_of(rows(LEEDS, HEADER)), ("'time_period'", "1 rows")),
    ("tidy_t03_consecutive_years", file_of(rows(at("202324"), at("199900"))), file_of(rows(at(), at("202325"))),
     ("'202325'", "two years in a row")),
    ("tidy_g01_levels", file_of(rows(*GOOD)), file_of(rows(LEEDS.replace("Local authority", "Local Authority"))),
     ("'Local Authority'", "not known")),
    ("tidy_g01_levels", file_of(rows(*GOOD)), file_of(rows(LEEDS.replace("Yorkshire and The Humber", " "))),
     ("'region_name'", "blank beside region_code")),
    ("tidy_g01_levels", file_of(rows(LEEDS.replace("E12000003,Yorkshire and The Humber", ","))),
     file_of(rows(LEEDS.replace("Yorkshire and The Humber,", ""), header=HEADER.replace("region_name,", ""))),
     ("'region_name'", "is missing beside region_code")),
    ("tidy_g01_levels", file_of(rows(*GOOD)), file_of(rows(LEEDS.replace("E08000035", " "))),
     ("'new_la_code'", "blank in 1 rows of level Local authority")),
    ("tidy_g01_levels", file_of(rows(*GOOD)),
     file_of(rows(LEEDS.replace(",Leeds", ""), header=HEADER.replace("la_name,", ""))), ("'la_name'", "is missing")),
    ("tidy_g01_levels", file_of(rows(*GOOD)), file_of(rows(LEEDS.replace("Local authority", "Ward"))),
     ("'ward_code'", "level Ward need it")),
    ("tidy_g07_lone_levels", file_of(rows(LEEDS.replace("Local authority", "School"))),
     file_of(rows(LEEDS, LEEDS.replace("Local authority", "School"))), ("'School'", "Local authority")),
    ("tidy_l04_totals", file_of(rows(*GOOD)), file_of(rows(ENGLAND, LEEDS.replace("Leeds", "Total"))),
     ("'la_name'", "'Total'", "1 rows")),
    ("tidy_l04_totals", file_of(rows(*GOOD)), file_of(rows(at("ALL"))), ("'time_period'", "'ALL'")),
]  # fmt: skip


@pytest.mark.parametrize(("check_id", "good", "bad", "words"), CASES, ids=[case[0] for case in CASES])
def test_a_file_that_keeps_a_rule_passes_and_one_that_breaks_it_is_told_why(check_id, good, bad, words):
    assert found(check_id, good) == ""
    message = found(check_id, bad)
    assert message.startswith(f"{rule_of(check_id).rule_id}: ")
    assert all(word in message for word in words), message
    assert message.endswith(rule_of(check_id).advice)


@pytest.mark.parametrize("unit", ["", "%", "pp", "£", "£m", "numberstring"])
def test_every_unit_of_the_format_is_allowed(unit):
    file = file_of(rows(*GOOD), META.replace("pupils,,,0", f"pupils,,{unit},0"))
    assert found("tidy_d04_units_and_decimals", file) == ""


def test_metadata_name_columns_in_any_case():
    file = file_of(rows(*GOOD), META.replace("\npupils,", "\nPUPILS,"))
    assert found("tidy_f06_data_and_metadata", file) == ""


def test_as_many_groups_as_options_are_allowed():
    file = file_of(grouped(("Girls", "A"), ("Boys", "B")), meta(GROUP, PUPILS))
    assert found("tidy_d05_filter_groups", file) == ""


def test_both_parts_of_a_financial_year_sit_together():
    parts = [at(kind=kind) for kind in ("Part 1 (April to September)", "Part 2 (October to March)")]
    assert found("tidy_t01_time_identifier", file_of(rows(*parts))) == ""


def test_schools_beside_providers_are_two_levels_too():
    lone = [LEEDS.replace("Local authority", level) for level in ("School", "Provider")]
    assert "mixes rows of single institutions with each other" in found("tidy_g07_lone_levels", file_of(rows(*lone)))


def test_a_finding_counts_the_rows_it_is_about_over_all_kinds_of_period():
    file = file_of(rows(at("202"), at("202", "Financial year"), at("202", "Tax year"), at()))
    assert rule_of("tidy_t02_time_period").find(file)[0].count == 3


def test_every_rule_has_a_file_that_breaks_it():
    assert {case[0] for case in CASES} == {rule.check_id for rule in RULES}


def test_a_good_file_with_its_metadata_breaks_no_rule():
    assert told(file_of(rows(*GOOD), META)) == {}


def test_too_many_rows_or_bytes_stop_a_file(monkeypatch):
    file = file_of(rows(*GOOD))
    monkeypatch.setattr(tidy_rules, "MAX_ROWS", 3)
    assert found("tidy_f03_columns_and_size", replace(file, size=tidy_rules.MAX_BYTES)) == ""
    monkeypatch.setattr(tidy_rules, "MAX_ROWS", 2)
    assert "it has 3 rows, more than 2" in found("tidy_f03_columns_and_size", file)
    assert "bytes, more than" in found("tidy_f03_columns_and_size", replace(file, size=tidy_rules.MAX_BYTES + 1))


def test_every_identifier_of_the_screener_and_of_the_api_is_known():
    assert len(IDENTIFIERS) == 1 + 4 + 4 + 1 + 4 + 2 + 1 + 4 + 1 + 4 + 1 + 52 + 12
    for text, code, digits in (
        ("Academic year Q3", "AYQ3", 6),
        ("Autumn and spring term", "T1T2", 6),
        ("Part 2 (October to March)", "P2", 6),
        ("Tax year Q1", "TYQ1", 6),
        ("Calendar year Q4", "CYQ4", 4),
        ("Week 52", "W52", 4),
        ("December", "M12", 4),
        ("Reporting year", "RY", 4),
    ):
        kind = identifier_of(f" {text.lower()} ")
        assert kind is identifier_of(code)
        assert kind is not None
        assert (kind.text, kind.digits) == (text, digits)


def test_every_level_is_known_by_its_exact_word():
    assert len(LEVELS) == 19
    assert {level.text for level in LEVELS if level.stands_alone} == {
        "School", "Provider", "Planning area", "Institution",
    }  # fmt: skip
    assert level_of("LEP") is level_of("Local enterprise partnership")
    assert level_of(" National") is None


@pytest.mark.parametrize(
    ("level", "header", "cells", "words"),
    [
        ("School", "school_urn,school_laestab,school_name", "1,2,North School", ""),
        ("School", "school_urn,school_name", "1,North School", "'school_laestab': is missing"),
        ("Provider", "provider_ukprn,provider_name", "1,", "'provider_name': is blank"),
        ("MAT", "trust_id,trust_name", "1,Trust", ""),
        ("Sponsor", "sponsor_id", "1", "'sponsor_name': is missing"),
        ("Parliamentary constituency", "pcon_code,pcon_name", "1,Leeds East", ""),
        ("Planning area", "other", "1", ""),
        ("Institution", "institution_id", "", "'institution_id': is blank"),
        ("Police force area", "pfa_code,pfa_name", "1,West Yorkshire", ""),
        ("Opportunity area", "other", "1", "'opportunity_area_code': is missing"),
    ],
)
def test_each_level_asks_for_its_own_columns(level, header, cells, words):
    row = LEEDS.replace("Local authority", level)
    message = found("tidy_g01_levels", file_of(rows(f"{row},{cells}", header=f"{HEADER},{header}")))
    assert words in message
    assert bool(words) == bool(message)


def test_the_first_group_with_a_fault_that_keeps_the_file_out_is_the_last_one_looked_at():
    file = file_of(rows(at("202")), META.replace("pupils,,,0", "pupils,,percent,0"))
    outcomes = {rule.check_id: message for rule, message, _ in run_rules(file)}
    assert outcomes["tidy_f06_data_and_metadata"] is None
    assert "'percent'" in str(outcomes["tidy_d04_units_and_decimals"])
    assert outcomes["tidy_d05_filter_groups"] is None
    assert {outcomes[name] for name in ("tidy_t02_time_period", "tidy_g01_levels", "tidy_l04_totals")} == {""}


def test_rules_of_metadata_are_not_asked_of_a_file_without_it():
    asked = {rule.check_id for rule, _, _ in run_rules(file_of(rows(*GOOD)))}
    assert asked == {rule.check_id for rule in RULES if not rule.of_metadata}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it is empty"),
        (META.encode("utf-16"), "UTF-16"),
        (META_HEADER.encode(), "no rows"),
        (META.replace(",", ";").encode(), "its header has no column col_name"),
        (META.replace("col_name", "COL_NAME").encode(), "its header has no column col_name"),
        (META.replace("label", "col_name").encode(), "its header has 2 columns col_name"),
        (f"{META_HEADER}\n{SEX},more\n".encode(), "row 1 has 9 cells, the header 8"),
        (f"{META_HEADER}\n{SEX}\n{PUPILS},more\n".encode(), "row 2 has 9 cells, the header 8"),
    ],
)
def test_metadata_that_cannot_be_read_are_one_warning_and_the_data_are_used(content, fault):
    file = file_of(rows(*GOOD), content)
    outcomes = {rule.check_id: message for rule, message, _ in run_rules(file)}
    assert fault in str(outcomes["tidy_f08_metadata_columns"])
    assert rule_of("tidy_f08_metadata_columns").grade == "warn"
    assert outcomes["tidy_f06_data_and_metadata"] == ""
    assert outcomes["tidy_t01_time_identifier"] is None


def test_a_line_of_metadata_without_a_text_says_nothing():
    assert told(file_of(rows(*GOOD), meta(SEX, ",,,,,,,", PUPILS))) == {}


def test_a_message_shows_twenty_examples_at_most_and_no_control_character():
    file = file_of(rows(*(at(kind=f"Kind {number:02d}\x1b") for number in range(25))))
    message = found("tidy_t01_time_identifier", file)
    assert message.count("Kind") == 20
    assert "and 5 more" in message
    assert "'Kind 00\\x1b'" in message


def test_a_message_is_not_endless():
    long = found("tidy_t01_time_identifier", file_of(rows(at(kind="k" * 500))))
    assert f"'{'k' * 60}...'" in long
    names = ",".join(f"Pupils{number}" for number in range(25))
    many = found("tidy_f04_column_names", file_of(rows(LEEDS + ",1" * 25, header=f"{HEADER},{names}")))
    assert many.count("lower-case letter") == 20
    assert "and 5 more" in many


# ---- through landing


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def cla(*lines: str, header: str = CLA_HEADER) -> str:
    return rows(*(lines or (cla_row(),)), header=header)


def results(desk: Desk) -> dict[str, tuple[str, str, str]]:
    """Severity, scope and outcome of each tidy rule on the newest issue; an older one in use keeps its own."""
    found = desk.connection.execute(
        """SELECT check_id, severity, scope, outcome FROM quality.check_result
        WHERE suite = 'landing' AND check_id LIKE 'tidy%'
        AND file_id IN (SELECT max_by(file_id, issue_number) FROM landing.source_file WHERE source_id IS NOT NULL)"""
    ).fetchall()
    return {row[0]: row[1:] for row in found}


def test_a_file_that_keeps_the_rules_has_one_passing_result_for_each(desk):
    desk.put(CLA, cla())
    desk.put(CLA_META, meta(*LA_META.splitlines()))
    desk.land()
    assert desk.files("status, use") == [("loaded", "current"), ("ignored", "none")]
    assert results(desk).keys() == {rule.check_id for rule in RULES}
    assert {outcome for _, _, outcome in results(desk).values()} == {"pass"}
    expected = {"stop": ("critical", "file"), "fail": ("critical", "source"), "warn": ("warning", "file")}
    assert all(results(desk)[rule.check_id][:2] == expected[rule.grade] for rule in RULES)


def test_a_stop_keeps_the_file_out_and_the_last_good_one_in_use(desk):
    desk.put(POPULATION, rows(LEEDS, header=POPULATION_HEADER))
    desk.land()
    desk.put(POPULATION, rows(LEEDS + ",", header=POPULATION_HEADER + ","))
    desk.land()
    assert desk.files("status, use") == [("loaded", "stale"), ("failed", "none")]
    assert f"population: {POPULATION}: F03: column '': has no name (column 13 of 13)" in desk.message()
    assert ("population.ees_mid_year", "tidy_f03_columns_and_size", "critical") in desk.failed_checks()
    assert results(desk)["tidy_g01_levels"] == ("critical", "source", "not_run")
    assert desk.state("population") == "stale"
    assert desk.column("raw_population.ees_mid_year", "la_name") == ["Leeds"]


def test_a_fail_rejects_the_file_and_keeps_the_last_good_one_in_use(desk):
    desk.put(CLA, cla(cla_row(value="1")))
    desk.land()
    desk.put(CLA, cla(cla_row(value="2").replace("Reporting year", "Reporting yaer")))
    desk.land()
    assert desk.files("status, use") == [("loaded", "stale"), ("rejected", "none")]
    assert "T01: column 'time_identifier'" in desk.message()
    assert "'Reporting yaer'" in desk.message()
    assert CLA in desk.message()
    assert desk.failed_checks() == {(CLA_TABLE, "tidy_t01_time_identifier", "critical")}
    assert desk.column(f"raw_{CLA_TABLE}", "children_count") == ["1"]
    assert [row[1] for row in desk.quarantined()] == ["tidy_t01_time_identifier"]
    desk.put(CLA, cla(cla_row(value="3")))
    desk.land()
    assert desk.files("use") == [("superseded",), ("none",), ("current",)]
    assert desk.failed_checks() == set()


def test_a_file_is_judged_by_its_own_rows_and_its_faults_are_counted(desk):
    other = CLA.replace("2025", "2024")
    desk.put(CLA, cla())
    desk.land()
    # Beside the file that is in use, rows of another kind of year would be a mixture.
    desk.put(other, cla(cla_row().replace("Reporting year", "Calendar year")))
    desk.land()
    assert desk.files("status, use") == [("loaded", "current"), ("loaded", "current")]

    desk.put(other, cla(cla_row(), cla_row(area=" "), cla_row(area=" ", value="11")))
    desk.land()
    counts = desk.connection.execute(
        "SELECT checked_count, failed_count FROM quality.check_result "
        "WHERE check_id = 'tidy_g01_levels' AND outcome = 'fail'"
    ).fetchall()
    assert counts == [(3, 2)]


def test_geography_is_looked_at_to_its_end(desk):
    desk.put(CLA, cla(cla_row(), cla_row(area=" "), cla_row(area="Total")))
    desk.land()
    assert {check for _, check, _ in desk.failed_checks()} == {"tidy_g01_levels", "tidy_l04_totals"}


def test_texts_of_figures_are_no_options(desk):
    desk.put(CLA, cla(cla_row(value="0" * 120 + "7")))
    desk.land()
    assert results(desk)["tidy_d06_lengths"][2] == "pass"


def test_a_warning_is_kept_and_the_file_is_used(desk):
    name = CLA.replace("cla.csv", "cla (final).csv")
    desk.put(name, cla())
    desk.land()
    assert desk.files("status, use") == [("loaded", "current")]
    assert desk.failed_checks() == {(CLA_TABLE, "tidy_f05_file_name", "warning")}


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        ("tidy_t02_time_period", cla_row().replace("2025,", "202,", 1)),
        ("tidy_t02_time_period", cla_row().replace("2025,", "2025261,", 1)),
        ("tidy_t01_time_identifier", cla_row().replace("Reporting year", "")),
        ("tidy_g01_levels", cla_row().replace("Local authority", "Local autority")),
        ("tidy_g01_levels", cla_row().replace("E1,Region", "E1,")),
        ("tidy_g01_levels", cla_row(area=" ")),
        ("tidy_l04_totals", cla_row(area="Total")),
    ],
)
def test_a_bad_row_is_named_by_its_rule(desk, rule, row):
    desk.put(CLA, cla(cla_row(), row))
    desk.land()
    assert desk.files("status") == [("rejected",)]
    assert (CLA_TABLE, rule, "critical") in desk.failed_checks()
    assert rule_of(rule).advice in desk.message()


@pytest.mark.parametrize(
    ("period", "rule"),
    [
        ("24,Calendar year", "tidy_t02_time_period"),
        ("202325,Financial year", "tidy_t03_consecutive_years"),
        ("2024,Mid-year", "tidy_t01_time_identifier"),
    ],
)
def test_a_population_with_a_broken_period_is_rejected_when_it_is_read(desk, period, rule):
    desk.put(POPULATION, rows(LEEDS.replace("202324,Academic year", period), header=POPULATION_HEADER))
    desk.land()
    assert desk.files("status") == [("rejected",)]
    assert ("population.ees_mid_year", rule, "critical") in desk.failed_checks()


def test_years_of_two_kinds_in_one_file_reject_it_and_terms_together_do_not(desk):
    desk.put(CLA, cla(cla_row(), cla_row().replace("2025,Reporting", "202425,Academic", 1)))
    desk.land()
    assert "mixes 2 kinds of period" in desk.message()
    terms = [cla_row().replace("2025,Reporting year", f"202425,{term}") for term in ("Autumn term", "Spring term")]
    desk.put(CLA, cla(*terms))
    desk.land()
    assert desk.files("status, use")[-1] == ("loaded", "current")


def test_an_undeclared_column_a_renamed_column_and_an_unknown_symbol_are_each_named(desk):
    other = CLA.replace("2025", "2024")
    third = CLA.replace("2025", "2023")
    desk.put(CLA, cla(cla_row() + ",1", header=CLA_HEADER + ",surplus"))
    desk.put(other, cla(header=CLA_HEADER.replace("children_count", "child_count")))
    desk.put(third, cla(cla_row(value="??"), cla_row()))
    desk.land()
    said = dict(desk.files("file_path, message"))
    assert "not declared: surplus" in said[CLA]
    assert "missing: children_count; not declared: child_count" in said[other]
    quarantined = desk.connection.execute(
        "SELECT message FROM quality.check_result WHERE check_id = 'undeclared_symbol' AND outcome = 'fail'"
    ).fetchall()
    assert len(quarantined) == 1
    assert f"{third}: 1 rows quarantined as undeclared_symbol (rows 1)" in quarantined[0][0]


def test_a_repeated_column_and_a_missing_required_column_stop_the_file_by_name(desk):
    other = CLA.replace("2025", "2024")
    desk.put(CLA, cla(cla_row() + ",1", header=CLA_HEADER + ",la_name"))
    desk.put(other, cla(cla_row().replace("England,", ""), header=CLA_HEADER.replace("country_name,", "")))
    desk.land()
    said = dict(desk.files("file_path, message"))
    assert "more than once: la_name" in said[CLA]
    assert "missing: country_name" in said[other]


def test_a_row_with_a_broken_quote_or_a_cell_too_many_is_set_aside_and_breaks_no_tidy_rule(desk):
    desk.put(CLA, cla(cla_row(), cla_row('"Nor"th'), cla_row() + ",1"))
    desk.land()
    assert desk.files() == [("loaded", "current", 3, 1, 2)]
    assert {row[:3] for row in desk.quarantined()} == {(2, "broken_quotes", "critical"), (3, "ragged_row", "critical")}
    assert {outcome for _, _, outcome in results(desk).values()} == {"pass"}


def test_text_in_windows_letters_is_used_with_a_warning(desk):
    desk.put(CLA, cla(cla_row("Leéds")).encode("cp1252"))
    desk.land()
    assert desk.column(f"raw_{CLA_TABLE}", "la_name") == ["Leéds"]
    assert desk.failed_checks() == {(CLA_TABLE, "tidy_f01_encoding", "warning")}


def test_a_file_too_large_is_refused_before_it_is_read(desk, monkeypatch):
    monkeypatch.setattr(landing_tidy, "MAX_BYTES", 10)
    monkeypatch.setattr(load, "open_file", lambda *args, **kwargs: pytest.fail("the file was read"))
    desk.put(CLA, cla())
    desk.land()
    assert desk.files("status") == [("failed",)]
    assert "F03: it has" in desk.message()


def test_the_limit_of_tidy_files_is_not_that_of_other_files(desk, monkeypatch):
    monkeypatch.setattr(landing_tidy, "MAX_BYTES", 10)
    file = take_inventory(desk.put(CLA, cla()) and desk.raw, CATALOGUE).files[0]
    landing_tidy.refuse_oversize([table for table in CATALOGUE if table.source == "ssda903"], file)


def test_metadata_that_contradict_the_data_reject_them_until_they_are_put_right(desk):
    desk.put(CLA, cla())
    desk.land()
    desk.put(CLA_META, meta(*LA_META.splitlines(), "absences,Indicator,Absences,,,0,,"))
    before = desk.inventory().fingerprints
    desk.land()
    # The same content read before the rule was broken stays in use, marked stale.
    assert dict(desk.files("file_name, use"))["cla.csv"] == "stale"
    assert desk.failed_checks() == {(CLA_TABLE, "tidy_f06_data_and_metadata", "critical")}
    assert "'absences'" in desk.message()
    desk.put(CLA_META, meta(*LA_META.splitlines()))
    assert desk.inventory().fingerprints["ees"] != before["ees"]
    assert desk.inventory().fingerprints["population"] == before["population"]
    desk.land()
    assert dict(desk.files("file_name, use"))["cla.csv"] == "current"
    assert desk.failed_checks() == set()


def test_a_file_with_unchanged_metadata_is_not_read_again(desk, monkeypatch):
    desk.put(CLA, cla())
    desk.put(CLA_META, meta(*LA_META.splitlines()))
    desk.land()
    monkeypatch.setattr(load, "open_file", lambda *args, **kwargs: pytest.fail("a file was read again"))
    desk.land()


@pytest.mark.parametrize("change", ["rules", "stray metadata"])
def test_a_file_in_use_is_put_to_the_rules_again_when_they_or_its_strays_change(desk, monkeypatch, change):
    desk.put(CLA, cla())
    desk.land()
    before = desk.inventory().fingerprints["ees"]
    if change == "rules":
        monkeypatch.setattr(landing_tidy, "RULES_VERSION", landing_tidy.RULES_VERSION + 1)
    else:
        desk.put(CLA_META.replace("cla.meta", "other.meta"), META)
        assert desk.inventory().fingerprints["ees"] != before
    read: list[str] = []
    load.land_source(desk.connection, "ees", CATALOGUE, desk.inventory(), now=NOW, announce=read.append)
    assert read == [f"ees: reading {CLA}"]


def test_metadata_that_change_between_listing_and_reading_keep_the_file_out(desk):
    desk.put(CLA, cla())
    sent = desk.put(CLA_META, meta(*LA_META.splitlines()))
    inventory = desk.inventory()
    sent.write_text(meta(*LA_META.splitlines(), "absences,Indicator,Absences,,,0,,"))
    load.land_source(desk.connection, "ees", CATALOGUE, inventory, now=NOW, announce=lambda text: None)
    assert dict(desk.files("file_name, status"))["cla.csv"] == "failed"
    assert "its metadata file changed while it was read: run again" in desk.message()


def test_a_metadata_file_is_found_in_any_case_of_its_name(desk):
    desk.put(CLA.replace("cla.csv", "CLA.csv"), cla())
    desk.put(CLA_META.replace("cla.meta.csv", "cla.META.csv"), META)
    assert [file.kind for file in take_inventory(desk.raw, CATALOGUE).files] == ["data", "documentation"]


def test_metadata_are_documentation_beside_their_data_and_a_stray_elsewhere(desk):
    desk.put(CLA, cla())
    desk.put(CLA_META, meta(*LA_META.splitlines()))
    desk.put(CLA_META.replace("cla.meta", "other.meta"), META)
    taken = take_inventory(desk.raw, CATALOGUE)
    kinds = {file.name: file.kind for file in taken.files}
    assert kinds == {"cla.csv": "data", "cla.meta.csv": "documentation", "other.meta.csv": "ignored"}
    assert [file.name for file in taken.of_source("ees")] == ["cla.csv"]
    assert taken.of_source("ees")[0].stray_metadata == ("other.meta.csv",)
    assert [file.file_path for file in desk.land()] == [CLA]
    assert desk.failed_checks() == {(CLA_TABLE, "tidy_f05_file_name", "warning")}


def waiver(check: str) -> Callable[[list[CheckResult]], list[CheckResult]]:
    given = Waiver(check=check, reason="agreed", name="A. Person", expiry=date(2030, 1, 1))
    return lambda found: apply_waivers(found, [given], date(2026, 5, 1))


def land_waived(desk: Desk, check: str) -> None:
    inventory = desk.inventory()
    quiet: Callable[[str], None] = lambda text: None  # noqa: E731
    load.land_source(desk.connection, "ees", CATALOGUE, inventory, now=NOW, announce=quiet, waive=waiver(check))
    load.settle(desk.connection, "ees", CATALOGUE, inventory, {})


def test_a_waived_finding_lets_the_file_in_and_the_groups_after_it_are_looked_at(desk):
    desk.put(CLA, cla(cla_row().replace("Local authority", "Local autority")))
    land_waived(desk, "tidy_g01_levels")
    assert desk.files("status, use") == [("loaded", "current")]
    assert results(desk)["tidy_g01_levels"] == ("critical", "source", "fail")

    desk.put(CLA, cla(cla_row().replace("2025,", "202,", 1)))
    desk.put(CLA_META, meta(*LA_META.splitlines(), "absences,Indicator,Absences,,,0,,"))
    land_waived(desk, "tidy_f06_data_and_metadata")
    assert desk.files("status, use") == [("loaded", "stale"), ("rejected", "none")]
    assert results(desk)["tidy_f06_data_and_metadata"] == ("critical", "source", "fail")
    assert results(desk)["tidy_t02_time_period"] == ("critical", "source", "fail")


def test_no_waiver_reaches_a_rule_that_stops(monkeypatch, desk):
    assert {rule.check_id for rule in RULES if rule.grade != "stop"} == WAIVABLE
    monkeypatch.setattr(tidy_rules, "MAX_ROWS", 0)
    desk.put(CLA, cla())
    land_waived(desk, "tidy_f03_columns_and_size")
    assert desk.files("status, use") == [("failed", "none")]


def test_tidy_tables_are_those_of_the_publisher_and_the_population_in_its_format():
    tidy = {table.key for table in CATALOGUE if is_tidy(table)}
    assert tidy == {table.key for table in CATALOGUE if table.source == "ees"} | {"population.ees_mid_year"}


# ---- the published files


def real_file(path: Path) -> TidyFile:
    content = path.read_bytes()
    header = header_of(content[:65_536]) or ()
    connection = duckdb.connect()
    connection.execute("CREATE TABLE sent AS SELECT * FROM read_csv(?, all_varchar = true, header = true)", [str(path)])
    names = [row[0] for row in connection.execute("DESCRIBE sent").fetchall()]
    beside = path.with_name(path.name.replace(".csv", ".meta.csv"))
    metadata = read_metadata(beside.name, beside.read_bytes()) if beside.exists() else None
    file = TidyFile(path.name, len(content), encoding_of(content), header, metadata=metadata)
    return read_cells(connection, "sent", [], file, columns={name.lower(): name for name in names})


def broken_by(file: TidyFile) -> list[tuple[Rule, str]]:
    return [(rule, message) for rule, message, _ in run_rules(file) if message is not None]


def test_every_published_file_keeps_the_rules_that_would_keep_it_out(shared_data):
    paths = [path for path in sorted((shared_data / "ees").rglob("*.csv")) if not path.name.endswith(".meta.csv")]
    assert len(paths) == 16
    broken = {path.name: broken_by(real_file(path)) for path in paths}
    assert {rule.check_id for found in broken.values() for rule, _ in found} == {
        "tidy_f04_column_names",
        "tidy_d04_decimals_missing",
        "tidy_d06_lengths",
    }
    assert all(rule.grade == "warn" for found in broken.values() for rule, _ in found)


def test_the_published_metadata_file_keeps_its_rules_and_lacks_decimals(shared_data):
    file = real_file(shared_data / "ees" / "eyfsp_gld_2013_to_2018.csv")
    assert file.metadata is not None
    assert {rule.check_id for rule, _ in broken_by(file)} == {"tidy_d04_decimals_missing", "tidy_d06_lengths"}
    assert found("tidy_d05_filter_groups", file) == ""
    # Labels end in spaces as published, which is no fault.
    assert b"areas of learning ,Area" in (shared_data / "ees" / "eyfsp_gld_2013_to_2018.meta.csv").read_bytes()
