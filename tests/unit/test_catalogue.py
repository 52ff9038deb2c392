"""The declarations of sources: what is refused, and how a header row is matched to them."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml
from landing_desk import CATALOGUE, CLA_HEADER, ROOT

from dagster_project.landing import registry
from dagster_project.sources.catalogue import (
    DeclarationError,
    declared_folders,
    fits_of,
    load_catalogue,
    normalise_header,
    sources_of,
)


def declaration() -> dict:
    return yaml.safe_load((ROOT / "dbt/models/staging/ees/_ees__sources.yml").read_text())


def write(folder: Path, content: dict) -> Path:
    (folder / "ees").mkdir()
    (folder / "ees" / "_ees__sources.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def test_every_declared_source_has_its_folder_schema_and_description():
    assert sources_of(CATALOGUE) == (
        "council",
        "ees",
        "geography",
        "lait",
        "population",
        "results",
        "school_census",
        "ssda903",
    )
    assert {table.schema for table in CATALOGUE} == {f"raw_{source}" for source in sources_of(CATALOGUE)}
    assert all(len(table.description) > 20 and table.owner and table.licence for table in CATALOGUE)
    assert {table.source for table in CATALOGUE if table.is_personal} == {
        "results",
        "school_census",
        "ssda903",
    }
    assert len(declared_folders(CATALOGUE)) == 25


def test_the_register_is_a_dbt_source_and_no_raw_table():
    content = yaml.safe_load((ROOT / "dbt/models/staging/landing/_landing__sources.yml").read_text())
    assert content["sources"][0]["tables"][0]["name"] == "source_file"
    assert not any(table.source == "landing" for table in CATALOGUE)


@pytest.mark.parametrize("table", CATALOGUE, ids=lambda table: table.key)
def test_every_row_rule_is_sql_that_runs(table):
    connection = duckdb.connect()
    registry.prepare(connection, CATALOGUE)
    for rule in table.row_rules:
        if rule.where:
            assert connection.execute(f"SELECT count(*) FROM {table.qualified} WHERE {rule.where}").fetchone() == (0,)
    for _, expression in table.one_file_per:
        assert connection.execute(f"SELECT {expression} FROM {table.qualified}").fetchall() == []


def test_a_raw_table_gains_a_newly_declared_column_and_keeps_its_rows():
    connection = duckdb.connect()
    registry.prepare(connection, CATALOGUE)
    connection.execute("ALTER TABLE raw_lait.authority DROP COLUMN la_type")
    connection.execute("INSERT INTO raw_lait.authority (la_number) VALUES ('901')")
    registry.prepare(connection, CATALOGUE)
    assert connection.execute("SELECT la_number, la_type FROM raw_lait.authority").fetchall() == [("901", None)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda meta, table: meta.update(sensitivity="secret"), "sensitivity"),
        (lambda meta, table: meta.pop("publisher"), "publisher"),
        (lambda meta, table: meta.update(typo=1), "typo"),
        (lambda meta, table: table.update(folder="published/{year}"), "unknown placeholder"),
        (lambda meta, table: table.update(folder="../{release}"), "not a path"),
        (lambda meta, table: table.update(folder="{release}/ees"), "fixed names, then"),
        (lambda meta, table: table["layouts"][0].update(reader="guess"), "layouts.0.reader"),
        (lambda meta, table: table["layouts"][0].update(recognised_by=["nowhere"]), "not among `columns`"),
        (lambda meta, table: table["layouts"][0].update(optional=["nowhere"]), "not among `columns`"),
        (lambda meta, table: table["layouts"][0].update(other_names={"old": "nowhere"}), "not among `columns`"),
        (
            lambda meta, table: table["layouts"][0].update(optional=table["layouts"][0]["recognised_by"][:1]),
            "recognised by an `optional` column",
        ),
        (lambda meta, table: table["layouts"][0]["columns"].append("time_period"), "declared twice"),
        (lambda meta, table: table["layouts"][0]["columns"].append({"x": 'a"; DROP'}), "lower case"),
        (lambda meta, table: table["tidy"].update(context=["nowhere"]), "no layout has"),
        (lambda meta, table: table["tidy"]["figures"][0].update(column="nowhere"), "no `indicators`"),
        (lambda meta, table: table["tidy"]["figures"][0].update(where={"nowhere": "x"}), "no `filters`"),
        (lambda meta, table: table["tidy"].update(status="nowhere"), "no layout has"),
        (lambda meta, table: table["tidy"]["indicators"]["rate_per_10000"].update(upper="nowhere"), "no layout has"),
        (lambda meta, table: table["tidy"].update(year_ends="March"), "tidy.year_ends"),
        (lambda meta, table: table["tidy"].update(year_ends="02-30"), "no day of every year"),
        (lambda meta, table: table["tidy"].update(year_ends="02-29"), "no day of every year"),
        (lambda meta, table: table["tidy"]["figures"][0].update(year_ends="13-01"), "no day of every year"),
        (lambda meta, table: table["tidy"].update(gaps=["2019/20"]), "tidy.gaps.0"),
        (lambda meta, table: table["tidy"]["indicators"].update(male_count={"unit": "count"}), "hide a breakdown"),
        (
            lambda meta, table: table.update(row_rules=[{"reason": "r", "severity": "warning", "message": "m" * 20}]),
            "either",
        ),
        (lambda meta, table: meta.update(sensitivity="personal"), "keep_superseded"),
        (lambda meta, table: meta.update(one_file_per={"a year": "x"}), "one_file_per"),
        (lambda meta, table: meta.update(by_supplier={"uncoded": ["nowhere"]}), "no layout has"),
    ],
)
def test_a_wrong_declaration_is_refused_naming_file_and_key(tmp_path, change, words):
    content = declaration()
    source = content["sources"][0]
    change(source["config"]["meta"], source["tables"][0]["config"]["meta"])
    with pytest.raises(DeclarationError) as refusal:
        load_catalogue(write(tmp_path, content))
    assert words in str(refusal.value)
    assert "_ees__sources.yml: ees.cla_number_and_rate_per_10k_children" in str(refusal.value)


def test_a_source_without_description_and_broken_yaml_are_refused(tmp_path):
    content = declaration()
    del content["sources"][0]["tables"][1]["description"]
    with pytest.raises(DeclarationError, match=r"sources\.0\.tables\.1\.description"):
        load_catalogue(write(tmp_path, content))
    (tmp_path / "ees" / "_ees__sources.yml").write_text("sources: [")
    with pytest.raises(DeclarationError, match="not valid YAML"):
        load_catalogue(tmp_path)


def test_a_declaration_hash_changes_with_the_declaration_only(tmp_path):
    content = declaration()
    content["sources"][0]["tables"][0]["description"] += " Reworded."
    content["sources"][0]["tables"][1]["config"]["meta"]["tidy"]["figures"].pop()
    before = {table.key: table.declaration_hash for table in CATALOGUE}
    after = {table.key: table.declaration_hash for table in load_catalogue(write(tmp_path, content))}
    changed = {key for key, value in after.items() if before[key] != value}
    assert changed == {"ees.ks4_la"}


@pytest.mark.parametrize("name", ["Place Provider", " place_provider ", "PLACE_PROVIDER", "\ufeffPlace  Provider"])
def test_a_header_is_compared_without_case_and_spaces(name):
    assert normalise_header(name) == "place_provider"


def test_the_nth_occurrence_of_a_header_is_the_nth_declared_column():
    [table] = [table for table in CATALOGUE if table.name == "statistical_neighbour"]
    header = [name for name, _ in table.layouts[0].columns] + ["", ""]
    best = fits_of(header, [table], "excel")[0]
    assert best.is_exact
    assert best.positions == tuple(range(25))


PUPILS = next(table for table in CATALOGUE if table.key == "school_census.pupils_on_roll")
#: Columns that every census has; those of `optional` are told in some terms only.
ALWAYS = ["pupilonrolltableid", "NativeId", "upn", "dob", "entrydate", "enrolstatus", "ncyearactual", "senprovision"]


def test_an_optional_column_may_be_absent_and_another_may_not():
    fit = fits_of([*ALWAYS, "sex"], [PUPILS], "csv_as_text")[0]
    places = dict(zip([column for _, column in fit.layout.columns], fit.positions, strict=True))
    assert fit.is_exact
    assert (places["upn"], places["ethnicity"], places["term_sessions_possible"]) == (2, -1, -1)
    assert fits_of(ALWAYS, [PUPILS], "csv_as_text")[0].missing == ("sex",)


def test_an_older_header_stands_for_the_declared_one_unless_the_file_has_both():
    fit = fits_of([*ALWAYS, "Gender"], [PUPILS], "csv_as_text")[0]
    places = dict(zip([column for _, column in fit.layout.columns], fit.positions, strict=True))
    assert fit.is_exact
    assert places["sex"] == len(ALWAYS)
    both = fits_of([*ALWAYS, "gender", "sex"], [PUPILS], "csv_as_text")[0]
    places = dict(zip([column for _, column in both.layout.columns], both.positions, strict=True))
    assert places["sex"] == len(ALWAYS) + 1
    assert both.unknown == ("gender",)
    assert fits_of([*ALWAYS, "gender", "GENDER"], [PUPILS], "csv_as_text")[0].repeated == ("sex",)


def test_a_column_that_occurs_twice_does_not_fit():
    [table] = [table for table in CATALOGUE if table.name == "ks4_la"]
    header = [name for name, _ in table.layouts[0].columns]
    best = fits_of([*header, "t_pupils"], [table], "csv_as_text")[0]
    assert (best.is_exact, best.repeated) == (False, ("t_pupils",))


def test_the_nearest_layout_is_named_first():
    tables = [table for table in CATALOGUE if table.source == "ees"]
    older = CLA_HEADER.replace("population_type", "population_count").replace("children_count", "number")
    best = fits_of(older.split(",")[:-1], tables, "csv_as_text")[0]
    assert (best.layout.name, best.missing) == ("to_2024", ("rate_per_10000",))


def test_every_declared_tidy_table_is_read_by_the_model_of_cells():
    """dbt knows the sources of a model before it knows any declaration: their names stand in a macro once more."""
    macro = (ROOT / "dbt/macros/tidy.sql").read_text(encoding="utf-8")
    named = set(re.findall(r"^ +'([a-z0-9_]+)',$", macro.split("macro tidy_tables()")[1], flags=re.MULTILINE))
    assert named == {table.name for table in CATALOGUE if table.source == "ees" and table.tidy}


def test_a_tidy_table_holds_its_columns_of_figures_to_numbers_and_the_publishers_symbols():
    table = next(table for table in CATALOGUE if table.key == "ees.ks4_la")
    assert table.values is not None
    assert {"avg_att8", "p8score_ci_low"} <= set(table.values.columns)
    assert {"z", "x", ":", ".", "..", "c", "k", "low", "~", "u", "w"} == set(table.values.symbols)
    assert {"-", "NA", ""} == set(table.values.legacy_symbols)
    assert table.values.thousands
    population = next(table for table in CATALOGUE if table.key == "population.ees_mid_year")
    assert population.values is not None
    assert replace(population.values, columns=()) == replace(table.values, columns=())


def test_columns_of_context_are_held_to_numbers_and_symbols_too(tmp_path):
    content = declaration()
    content["sources"][0]["tables"][1]["config"]["meta"]["tidy"]["context"] = ["number"]
    content["sources"][0]["tables"][1]["config"]["meta"]["layouts"][0]["columns"].append("number")
    write(tmp_path, content)
    table = load_catalogue(tmp_path)[1]
    assert table.values is not None
    assert "number" in table.values.columns


def test_every_figure_of_a_tidy_table_is_a_declared_indicator():
    with (ROOT / "dbt/seeds/indicators.csv").open(encoding="utf-8", newline="") as file:
        known = {row["indicator_id"] for row in csv.DictReader(file)}
    figures = {figure.indicator_id for table in CATALOGUE if table.tidy for figure in table.tidy.figures}
    assert len(figures) > 50
    assert not figures - known
