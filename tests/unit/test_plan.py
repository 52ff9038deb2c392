"""What a publication would change: the marts as built beside those that are published, both made by hand."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.publication import causes, plan
from dagster_project.publication.plan import Asked, Published, Side

LEEDS, BRADFORD, ENGLAND = "E08000035", "E08000032", "E92000001"
APRIL_2025, APRIL_2026 = "ks4_la/2025-04/aaaa", "ks4_la/2026-04/bbbb"
RETURN, PEOPLE, PEOPLE_AGAIN = "episodes/2023/aaaa", "mid_year_population/2024/aaaa", "mid_year_population/2025/bbbb"
PUBLISHED = Published(Path("unused"), "2024-01-0123", code_version="code", built_from={"settings.council": "383"})

SAME = Side("code", {"settings.council": "383"})
EVERYTHING = Asked()


def figure(area: str, value: float | None, vintage: str, **given: Any) -> dict[str, Any]:
    """A current figure of the fact table."""
    return {
        "indicator_id": "ks4_att8",
        "area_code": area,
        "period_id": "year_2024-08-31",
        "breakdown_type": "total",
        "breakdown_value": "total",
        "source_kind": "published",
        "vintage_id": vintage,
        "value": value,
        "numerator": None,
        "denominator": None,
        "ci_lower": None,
        "ci_upper": None,
        "value_status": "ok" if value is not None else "suppressed",
        "release_status": "revised",
        "is_current": True,
    } | given


NUMBERS = ("value", "numerator", "denominator", "ci_lower", "ci_upper")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two databases with the tables that a plan reads."""
    connection = duckdb.connect()
    for side, register in (
        ("warehouse", 'landing.source_file ("use" VARCHAR,'),
        ("previous", "marts.source_file (file_use VARCHAR,"),
    ):
        connection.execute(f"ATTACH ':memory:' AS {side}")
        for schema in ("marts", "landing"):
            connection.execute(f"CREATE SCHEMA {side}.{schema}")
        columns = ", ".join(
            f"{name} {'DOUBLE' if name in NUMBERS else 'BOOLEAN' if name == 'is_current' else 'VARCHAR'}"
            for name in figure("", None, "")
        )
        connection.execute(f"CREATE TABLE {side}.marts.fct_indicator_value ({columns})")
        connection.execute(f"CREATE TABLE {side}.{register} vintage_id VARCHAR, source_id VARCHAR)")
        connection.execute(
            f"""CREATE TABLE {side}.marts.dim_indicator AS
            FROM (VALUES ('ks4_att8', 'score'), ('cla_31_march_rate', 'rate_per_10k')) AS t (indicator_id, unit)"""
        )
        connection.execute(
            f"""CREATE TABLE {side}.marts.dim_area AS
            FROM (VALUES ('{LEEDS}', 'Leeds', 'authority'), ('{BRADFORD}', 'Bradford', 'authority'),
                ('{ENGLAND}', 'England', 'england')) AS t (area_code, area_name, area_type)"""
        )
        connection.execute(f"CREATE TABLE {side}.marts.dim_period (period_id VARCHAR)")
        connection.execute(f"CREATE TABLE {side}.marts.comparator_group (group_id VARCHAR, group_version VARCHAR)")
        connection.execute(
            f"""CREATE TABLE {side}.marts.comparator_member (group_id VARCHAR, group_version VARCHAR, area_code VARCHAR,
            member_area_code VARCHAR)"""
        )
        keys = ", ".join(f"{name} VARCHAR" for name in plan.COUNTED_TABLES["comparator_value"])
        connection.execute(f"CREATE TABLE {side}.marts.comparator_value ({keys}, value DOUBLE, members_used INTEGER)")
    yield connection
    connection.close()


def put(connection: duckdb.DuckDBPyConnection, side: str, *figures: dict[str, Any]) -> None:
    """Let a side hold these figures and the vintages they name."""
    register = {"warehouse": "warehouse.landing.source_file", "previous": "previous.marts.source_file"}[side]
    sources = {"ks4_la": "ees", "lait": "lait", "mid_year_population": "population", "episodes": "ssda903"}
    for row in figures:
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO {side}.marts.fct_indicator_value VALUES ({marks})", list(row.values()))
        for part in row["vintage_id"].split(" + "):
            connection.execute(f"INSERT INTO {register} VALUES ('current', ?, ?)", [part, sources[part.split("/")[0]]])


def planned(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    published: Published | None = PUBLISHED,
    now: Side = SAME,
    asked: Asked = EVERYTHING,
    not_built: frozenset[str] = frozenset(),
) -> tuple[plan.Plan, list[dict[str, str]]]:
    """The plan, and the rows of its list."""
    made = plan.make(
        connection,
        published,
        now,
        authority_area_code=LEEDS,
        asked=asked,
        not_built=not_built,
        file=folder / "p" / "plan.csv",
    )
    with made.file.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == plan.COLUMNS
        return made, list(reader)


def test_new_changed_and_gone_figures_are_listed_and_the_rest_is_counted(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    put(connection, "previous", figure(LEEDS, 9.9, APRIL_2025), figure(ENGLAND, 15, APRIL_2025))
    put(connection, "previous", figure(LEEDS, 1, APRIL_2025, period_id="year_2018-08-31"))
    put(connection, "warehouse", figure(LEEDS, 12.2, APRIL_2026), figure(ENGLAND, 15, APRIL_2026))
    put(connection, "warehouse", figure(BRADFORD, 8, APRIL_2026))
    made, rows = planned(connection, tmp_path)
    told = ("kind", "area_name", "old_value", "new_value", "difference", "cause")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("gone", "Leeds", "1.0", "", "", causes.FILE_GONE),
        ("new", "Bradford", "", "8.0", "", causes.NEW_RELEASE),
        ("changed", "Leeds", "9.9", "12.2", "2.3", causes.SOURCE_REVISED),
    ]
    assert (made.count("new"), made.count("changed"), made.count("gone")) == (1, 1, 1)
    assert (made.unchanged, made.from_another_file, made.other_parts) == (1, 1, 0)
    assert (rows[2]["old_vintage"], rows[2]["new_vintage"]) == (APRIL_2025, APRIL_2026)


def test_vintages_that_are_not_current_are_not_figures(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    put(connection, "previous", figure(LEEDS, 9.9, APRIL_2025))
    put(connection, "warehouse", figure(LEEDS, 9.9, APRIL_2025), figure(LEEDS, 7, APRIL_2026, is_current=False))
    made, rows = planned(connection, tmp_path)
    assert rows == []
    assert made.unchanged == 1
    assert made.groups == ()


def test_figure_of_the_council_beside_a_published_one_is_a_figure_of_its_own(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    put(connection, "previous", figure(LEEDS, 9, APRIL_2025), figure(LEEDS, 8, RETURN, source_kind="local"))
    put(connection, "warehouse", figure(LEEDS, 9, APRIL_2025))
    put(connection, "warehouse", figure(LEEDS, 7, "episodes/2023/bbbb", source_kind="local"))
    made, rows = planned(connection, tmp_path)
    assert [(row["source_kind"], row["cause"]) for row in rows] == [("local", causes.LOCAL_RETURN)]
    assert made.groups[0].data_set == "ssda903"


def test_symbols_are_told_from_numbers(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    put(connection, "previous", figure(LEEDS, None, APRIL_2025), figure(BRADFORD, 0, APRIL_2025))
    put(connection, "previous", figure(ENGLAND, None, APRIL_2025))
    put(connection, "warehouse", figure(LEEDS, 0, APRIL_2026), figure(BRADFORD, None, APRIL_2026))
    put(connection, "warehouse", figure(ENGLAND, None, APRIL_2026, value_status="not_applicable"))
    made, rows = planned(connection, tmp_path)
    assert all(row["difference"] == "" for row in rows)
    told = {group.cause: (group.figures, group.numbers, group.from_symbol, group.to_symbol) for group in made.groups}
    assert told == {causes.SOURCE_REVISED: (2, 0, 1, 1), causes.STATUS: (1, 0, 0, 0)}
    england = next(row for row in rows if row["area_code"] == ENGLAND)
    assert (england["old_status"], england["new_status"]) == ("suppressed", "not_applicable")


def test_same_figure_that_is_final_now_changes_its_status_alone(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    put(connection, "previous", figure(LEEDS, 0.3, APRIL_2025))
    put(connection, "warehouse", figure(LEEDS, 0.1 + 0.2, APRIL_2026, release_status="final"))
    made, (row,) = planned(connection, tmp_path)
    assert (row["kind"], row["cause"]) == ("changed", causes.STATUS)
    assert (row["old_release_status"], row["new_release_status"]) == ("revised", "final")
    assert made.groups[0].numbers == 0


def test_population_under_an_unchanged_count_is_told_from_other_revisions(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rate = {"indicator_id": "cla_31_march_rate"}
    put(connection, "previous", figure(LEEDS, 80, APRIL_2025, numerator=8, denominator=1000, **rate))
    put(connection, "previous", figure(BRADFORD, 80, APRIL_2025, numerator=8, denominator=1000, **rate))
    put(connection, "previous", figure(ENGLAND, 80, APRIL_2025, numerator=8, denominator=1000, **rate))
    # Those below a score are pupils who were counted, not a population.
    put(connection, "previous", figure(LEEDS, 20, APRIL_2025, numerator=200, denominator=10))
    put(connection, "warehouse", figure(LEEDS, 160, APRIL_2026, numerator=8, denominator=500, **rate))
    put(connection, "warehouse", figure(BRADFORD, 180, APRIL_2026, numerator=9, denominator=500, **rate))
    put(connection, "warehouse", figure(ENGLAND, 80, APRIL_2026, numerator=8, denominator=1001, **rate))
    put(connection, "warehouse", figure(LEEDS, 40, APRIL_2026, numerator=200, denominator=5))
    made, rows = planned(connection, tmp_path)
    assert {(row["indicator_id"], row["area_name"]): row["cause"] for row in rows} == {
        ("cla_31_march_rate", "Leeds"): causes.POPULATION,
        ("cla_31_march_rate", "Bradford"): causes.SOURCE_REVISED,
        ("ks4_att8", "Leeds"): causes.SOURCE_REVISED,
    }
    # A rate that stays as printed is no other figure; that its population moved is counted.
    assert (made.unchanged, made.other_parts) == (1, 1)


def test_local_rate_on_another_population_is_no_correction_of_the_return(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    own = {"indicator_id": "cla_31_march_rate", "source_kind": "local", "numerator": 8}
    put(connection, "previous", figure(LEEDS, 80, f"{RETURN} + {PEOPLE}", denominator=1000, **own))
    put(connection, "warehouse", figure(LEEDS, 79, f"{RETURN} + {PEOPLE_AGAIN}", denominator=1012, **own))
    _, (row,) = planned(connection, tmp_path)
    assert row["cause"] == causes.POPULATION


def test_same_vintage_read_otherwise_is_ours(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    put(connection, "previous", figure(LEEDS, 9.9, APRIL_2025), figure(BRADFORD, 5, APRIL_2025))
    put(connection, "warehouse", figure(LEEDS, 99, APRIL_2025))
    # Beside a newer release: what it gives today, the release before gives as well, and did not when it was published.
    put(connection, "warehouse", figure(BRADFORD, 50, APRIL_2026), figure(BRADFORD, 50, APRIL_2025, is_current=False))
    _, rows = planned(connection, tmp_path, now=Side("other code", {"settings.council": "383"}))
    assert {row["cause"] for row in rows} == {causes.OUR_CODE}
    _, rows = planned(connection, tmp_path, now=Side("code", {"settings.council": "382"}))
    assert {row["area_name"]: row["cause"] for row in rows} == {
        "Leeds": causes.SETTINGS,
        "Bradford": causes.SOURCE_REVISED,
    }
    # A version that does not say what it stood on had the settings that nobody knows.
    silent = replace(PUBLISHED, built_from={})
    _, rows = planned(connection, tmp_path, published=silent, now=Side("code", {"settings.council": "382"}))
    assert {row["cause"] for row in rows if row["area_name"] == "Leeds"} == {causes.OTHER_INPUT}


def test_newer_release_read_as_before_is_a_revision_though_the_code_is_another(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    put(connection, "previous", figure(BRADFORD, 5, APRIL_2025))
    put(connection, "warehouse", figure(BRADFORD, 5.05, APRIL_2026), figure(BRADFORD, 5, APRIL_2025, is_current=False))
    _, (row,) = planned(connection, tmp_path, now=Side("other code", {"settings.council": "383"}))
    assert (row["difference"], row["cause"]) == ("0.05", causes.SOURCE_REVISED)


def test_evidence_is_every_vintage_in_use_and_those_that_published_figures_name(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    put(connection, "previous", figure(LEEDS, 1, "lait/2025/named"))
    connection.execute("DELETE FROM previous.marts.source_file")
    for use in ("current", "stale", "superseded", "none"):
        for register in ("warehouse.landing.source_file", "previous.marts.source_file"):
            connection.execute(f"INSERT INTO {register} VALUES (?, ?, 'ees')", [use, f"ks4_la/2025/{use}"])
    used = [f"ks4_la/2025/{use}" for use in ("current", "stale", "superseded")]
    found = plan.evidence_of(connection, PUBLISHED, SAME)
    assert found.now == causes.held(used)
    assert found.before == causes.held([*used, "lait/2025/named"])


def test_other_files_are_no_other_settings(connection: duckdb.DuckDBPyConnection) -> None:
    published = replace(PUBLISHED, built_from=dict(PUBLISHED.built_from) | {"ees.ks4_la": "aaaa"})
    other = Side("code", {"settings.council": "383", "ees.ks4_la": "bbbb"})
    assert not plan.evidence_of(connection, published, other).settings_changed
    more = Side("code", {"settings.council": "383", "settings.targets": "new", "ees.ks4_la": "aaaa"})
    assert plan.evidence_of(connection, published, more).settings_changed


def test_before_the_first_publication_every_figure_is_new(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("DETACH previous")
    put(connection, "warehouse", figure(LEEDS, 9.9, APRIL_2025))
    with plan.published_beside(connection, None):
        made, (row,) = planned(connection, tmp_path, published=None)
    assert (row["kind"], row["cause"]) == ("new", causes.NEW_SOURCE)
    assert made.tables["dim_area"] == plan.Differing(3, 0, 0)
    assert plan.words(made)[0] == "Nothing is published yet: every figure is new."
    assert made.facts()["nothing_published"] is True


def test_largest_changes_are_measured_by_how_far_authorities_lie_apart(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    wide, narrow = {"period_id": "wide"}, {"period_id": "narrow"}
    put(connection, "previous", figure(LEEDS, 100, APRIL_2025, **wide), figure(LEEDS, 10, APRIL_2025, **narrow))
    put(connection, "previous", figure(BRADFORD, 1, APRIL_2025, **narrow))
    put(connection, "warehouse", figure(LEEDS, 110, APRIL_2026, **wide), figure(BRADFORD, 900, APRIL_2026, **wide))
    put(connection, "warehouse", figure(LEEDS, 9, APRIL_2026, **narrow), figure(BRADFORD, 12, APRIL_2026, **narrow))
    # Neither England nor a figure of the council says how far authorities lie apart.
    put(connection, "warehouse", figure(ENGLAND, 1000, APRIL_2026, **narrow))
    put(connection, "warehouse", figure(BRADFORD, 1000, RETURN, source_kind="local", **narrow))
    made, _ = planned(connection, tmp_path)
    assert [(row["period_id"], row["difference"]) for row in made.largest] == [("narrow", -1), ("wide", 10)]
    assert made.largest_of == f"Leeds ({LEEDS})"
    bradford, _ = planned(connection, tmp_path, asked=Asked(area_code=BRADFORD))
    assert [row["difference"] for row in bradford.largest] == [11]


def test_what_is_asked_for_bounds_what_is_told_and_not_the_list(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    put(connection, "previous", figure(LEEDS, 9.9, APRIL_2025), figure(BRADFORD, 5, APRIL_2025))
    put(connection, "warehouse", figure(LEEDS, 12.2, APRIL_2026), figure(BRADFORD, 6, APRIL_2026))
    put(connection, "warehouse", figure(LEEDS, 80, APRIL_2026, indicator_id="cla_31_march_rate"))
    asked = Asked("ks4_att8", LEEDS, all_rows=True)
    made, rows = planned(connection, tmp_path, asked=asked)
    assert len(rows) == 3
    assert [(group.indicator_id, group.figures) for group in made.groups] == [("ks4_att8", 1)]
    assert [row["area_code"] for row in made.rows or ()] == [LEEDS]
    assert any("9.9 (revised) -> 12.2 (revised) (+2.3), source revised" in line for line in plan.words(made))
    with pytest.raises(plan.UnknownName, match="did you mean ks4_att8"):
        planned(connection, tmp_path, asked=Asked(indicator_id="ks4_att"))
    with pytest.raises(plan.UnknownName, match="an example is E08000035"):
        planned(connection, tmp_path, asked=Asked(area_code="Leeds"))


def test_rows_of_comparators_and_dimensions_are_counted(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def rows(*values: float | str) -> str:
        return ", ".join(
            f"('i', 'a', 'p', 'total', 'total', 'region', '{at}', 'mean', {v}, 5)" for at, v in enumerate(values)
        )

    connection.execute(f"INSERT INTO previous.marts.comparator_value VALUES {rows(1, 0.3, 'NULL', 4)}")
    connection.execute(f"INSERT INTO warehouse.marts.comparator_value VALUES {rows(2, 0.1 + 0.2, 5)}")
    # A column that an earlier version lacks cannot differ.
    connection.execute("ALTER TABLE warehouse.marts.dim_area ADD COLUMN is_former BOOLEAN")
    connection.execute("INSERT INTO warehouse.marts.dim_period VALUES ('year_2025-08-31')")
    made, _ = planned(connection, tmp_path, not_built=frozenset({"comparator_group"}))
    assert made.tables["comparator_value"] == plan.Differing(0, 2, 1)
    assert made.tables["dim_area"] == plan.Differing(0, 0, 0)
    assert made.tables["dim_period"] == plan.Differing(1, 0, 0)
    assert made.tables["comparator_group"] is None
    assert "comparator_group: not built, so that what would change is not known" in plan.words(made)


def test_where_nothing_had_to_be_compared_the_list_of_an_earlier_plan_goes(tmp_path: Path) -> None:
    file = tmp_path / "plan" / "plan.csv"
    file.parent.mkdir()
    file.write_text("what an earlier plan said\n", encoding="utf-8")
    made = plan.nothing_changes("2024-01-0123", file)
    assert file.read_text(encoding="utf-8") == ",".join(plan.COLUMNS) + "\n"
    assert plan.words(made) == [
        "Nothing would change: version 2024-01-0123 was made from these files, settings and code."
    ]
    assert made.facts()["figures"] == {"new": 0, "changed": 0, "gone": 0}


def test_long_summary_is_cut_unless_every_row_is_asked_for(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    figures = [figure(LEEDS, 1, APRIL_2025, indicator_id=f"indicator_{number:02}") for number in range(30)]
    put(connection, "warehouse", *figures)
    made, _ = planned(connection, tmp_path)
    lines = plan.words(made)
    assert sum("new source" in line for line in lines) == 1 + 25
    assert "  and 5 more indicators" in lines
    every, _ = planned(connection, tmp_path, asked=Asked(all_rows=True))
    assert sum("new source" in line for line in plan.words(every)) == 1 + 30 + 30
