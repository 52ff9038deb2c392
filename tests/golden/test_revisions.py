"""Real revisions of key stage 4 by social care group between the releases of 2025 and 2026, planned and published."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import duckdb
import pytest

LEEDS = "E08000035"
YEAR = "year_2024-08-31"
EARLIER, LATER = "ees/vintages/ks4_la__release_2025-04.csv", "ees/ks4_la.csv"


@dataclass(frozen=True)
class Revised:
    """The release of 2025 published, that of 2026 planned, then published."""

    plan: dict[str, Any]
    rows: list[dict[str, str]]
    # Current figures of both publications: key to value, status and release status.
    before: dict[tuple, tuple]
    after: dict[tuple, tuple]
    database: Path


def figures(database: Path) -> dict[tuple, tuple]:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            """SELECT indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind,
                value, value_status, release_status
            FROM marts.fct_indicator_value WHERE is_current"""
        ).fetchall()
    return {row[:6]: row[6:] for row in rows}


@pytest.fixture(scope="module")
def revised(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory, cfp: Callable[..., CompletedProcess]
) -> Revised:
    folder = tmp_path_factory.mktemp("revisions")
    database = folder / "data" / "published" / "officer" / "children.duckdb"

    def run(command: str) -> dict[str, Any]:
        outcome = cfp(command, "--raw", folder / "raw", "--data", folder / "data", "--json")
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return json.loads(outcome.stdout)

    def receive(file: str, release: str) -> None:
        target = folder / "raw" / "published" / "ees" / "ks4_la" / release
        target.mkdir(parents=True)
        shutil.copy(shared_data / file, target)

    receive(EARLIER, "2025-04")
    run("refresh")
    before, version = figures(database), database.resolve()
    receive(LATER, "2026-04")
    plan = run("plan")["plan"]
    assert database.resolve() == version
    assert figures(database) == before
    with Path(plan["csv"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    run("refresh")
    return Revised(plan, rows, before, figures(database), database)


@pytest.fixture(scope="module")
def published(revised: Revised) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(revised.database), read_only=True) as connection:
        yield connection


def numbers(revised: Revised, indicator_id: str, *, breakdown: str = "social_care_group") -> list[dict[str, str]]:
    """The numbers of an indicator that the plan says will be others."""
    return [
        row
        for row in revised.rows
        if row["kind"] == "changed" and row["indicator_id"] == indicator_id and row["breakdown_type"] == breakdown
        and row["old_value"] and row["new_value"] and row["difference"] not in ("", "0.0")
    ]  # fmt: skip


def test_revisions_are_planned_before_anything_is_published(revised: Revised) -> None:
    attainment = numbers(revised, "ks4_att8")
    assert len(attainment) == 246
    assert sum(row["period_id"] == YEAR for row in attainment) == 134
    # Of authorities; the other codes are regions and England.
    assert sum(not row["area_code"].startswith(("E12", "E13", "E92")) for row in attainment) == 193
    assert len(numbers(revised, "ks4_p8")) == 150
    assert {row["cause"] for row in attainment} == {"source revised"}


def test_one_figure_was_a_symbol_and_is_printed_now(revised: Revised) -> None:
    (row,) = [
        row
        for row in revised.rows
        if row["indicator_id"] == "ks4_att8" and row["old_status"] == "suppressed" and row["new_status"] == "ok"
    ]
    assert (row["kind"], row["old_value"], row["difference"]) == ("changed", "", "")
    assert row["cause"] == "source revised"


def test_summary_counts_what_the_list_holds(revised: Revised) -> None:
    (group,) = [
        group
        for group in revised.plan["groups"]
        if (group["indicator_id"], group["kind"], group["cause"]) == ("ks4_att8", "changed", "source revised")
    ]
    assert (group["data_set"], group["figures"], group["numbers"]) == ("ks4_la", 247, 246)
    assert (group["from_symbol"], group["to_symbol"]) == (1, 0)
    listed = {kind: sum(row["kind"] == kind for row in revised.rows) for kind in ("new", "changed", "gone")}
    assert revised.plan["figures"] == listed
    assert listed["gone"] == 0
    assert {row["cause"] for row in revised.rows} == {"source revised", "status changed", "new release"}
    assert {row["cause"] for row in revised.rows if row["kind"] == "new"} == {"new release"}


def test_largest_change_of_leeds_is_that_of_children_on_a_plan(revised: Revised) -> None:
    first = revised.plan["largest"][0]
    assert (first["indicator_id"], first["period_id"], first["breakdown_value"]) == ("ks4_att8", YEAR, "cppo")
    assert (first["area_code"], first["old_value"], first["new_value"]) == (LEEDS, 9.9, 12.2)


def test_figures_of_single_care_groups_are_revised_as_figures_of_their_own(revised: Revised) -> None:
    own = {row["indicator_id"] for row in revised.rows if row["indicator_id"].startswith("lait_")}
    assert "lait_lac_ks4_avg_attain8" in own
    attainment = numbers(revised, "ks4_att8")
    looked_after = [row for row in attainment if row["breakdown_value"] == "cla_12_months"]
    assert len(numbers(revised, "lait_lac_ks4_avg_attain8", breakdown="total")) == len(looked_after)


def test_refresh_publishes_exactly_what_the_plan_said(revised: Revised) -> None:
    def side(row: dict[str, str], name: str) -> tuple | None:
        if not row[f"{name}_vintage"]:
            return None
        value = row[f"{name}_value"]
        return float(value) if value else None, row[f"{name}_status"], row[f"{name}_release_status"]

    key = ("indicator_id", "area_code", "period_id", "breakdown_type", "breakdown_value", "source_kind")
    planned = {tuple(row[name] for name in key): (side(row, "old"), side(row, "new")) for row in revised.rows}
    happened = {
        figure: (revised.before.get(figure), revised.after.get(figure))
        for figure in revised.before.keys() | revised.after.keys()
        if revised.before.get(figure) != revised.after.get(figure)
    }
    assert planned == happened


REVISIONS = """SELECT count(*), count(*) FILTER (r.period_id = ?), count(*) FILTER (a.area_type = 'authority')
FROM marts.published_revision AS r JOIN marts.dim_area AS a USING (area_code)
WHERE r.indicator_id = ? AND r.breakdown_type = 'social_care_group' AND r.kind = ?"""


def test_published_revisions_are_those_of_the_two_files(published: duckdb.DuckDBPyConnection) -> None:
    assert published.execute(REVISIONS, [YEAR, "ks4_att8", "number"]).fetchone() == (246, 134, 193)
    assert published.execute(REVISIONS, [YEAR, "ks4_att8", "from_symbol"]).fetchone()[0] == 1
    assert published.execute(REVISIONS, [YEAR, "ks4_att8", "to_symbol"]).fetchone()[0] == 0
    assert published.execute(REVISIONS, [YEAR, "ks4_p8", "number"]).fetchone()[0] == 150
    releases = published.execute(
        "SELECT DISTINCT earlier_release, later_release, data_set FROM marts.published_revision"
    ).fetchall()
    assert releases == [("2025-04", "2026-04", "ks4_la")]


def test_revision_of_leeds_holds_both_prints_and_what_stood_behind_them(published: duckdb.DuckDBPyConnection) -> None:
    row = published.execute(
        """SELECT earlier_value, later_value, round(difference, 9), kind, earlier_release_status, later_release_status,
            earlier_numerator, earlier_denominator, later_numerator, later_denominator
        FROM marts.published_revision
        WHERE indicator_id = 'ks4_att8' AND area_code = ? AND period_id = ? AND breakdown_value = 'cppo'""",
        [LEEDS, YEAR],
    ).fetchone()
    assert row[:6] == (9.9, 12.2, 2.3, "number", "revised", "final")
    # Both prints are the sum of points divided by pupils.
    assert round(row[6] / row[7], 1) == 9.9
    assert round(row[8] / row[9], 1) == 12.2
