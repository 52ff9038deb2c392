"""From a figure back to what it is made of: vintage, files with hash and row counts, models, and checks."""

import difflib
import json
from collections.abc import Mapping
from typing import Any

import duckdb

from dagster_project.transform import MANIFEST

# Which comparator groups stand behind a figure of a row; the rest are the row's own value.
_GROUPS = {
    "england": ("england",),
    "region": ("region",),
    "sn_average": ("statistical_neighbours",),
    "core_cities": ("core_cities_all", "core_cities_others"),
    "council_others": ("council_supplied",),
}
# Figures of a row by another source than a publication.
_OWN_KINDS = {"local": "local", "council": "council", "council_others": "council"}


class UnknownFigure(LookupError):
    """No published figure has that id; the message says what ids look like and names the nearest."""


def trace(connection: duckdb.DuckDBPyConnection, figure_id: str) -> dict[str, Any]:
    """Return what a figure is made of.

    Args:
        connection: A published version.
        figure_id: `indicator/area/period`, with `/england`, `/region`, `/sn_average`, `/core_cities`, `/local`,
            `/council` or another printed figure behind it where one is meant; as printed in `marts.edition_figure`.

    Raises:
        UnknownFigure: If the version holds no such figure.
    """
    parts = figure_id.strip().split("/")
    if len(parts) < 3:
        raise UnknownFigure(_unknown(connection, figure_id))
    indicator, area, period = parts[:3]
    # The mean of another neighbour list names its version: sn_average_2021-04.
    figure = "value" if len(parts) < 4 else "sn_average" if parts[3].startswith("sn_average_") else parts[3]
    own = _facts(connection, indicator, [area], period)
    if not own:
        raise UnknownFigure(_unknown(connection, figure_id))
    kind = _OWN_KINDS.get(figure, "published")
    facts = [fact for fact in own if fact["source_kind"] == kind] or own
    comparators: list[dict[str, Any]] = []
    if figure in _GROUPS:
        comparators = _comparators(connection, indicator, area, period, _GROUPS[figure])
        behind = _facts(connection, indicator, _areas_behind(connection, area, figure), period)
        facts = [fact for fact in behind if fact["source_kind"] == kind]
    vintages = sorted({part for fact in facts for part in str(fact["vintage_id"]).split(" + ")})
    files = _rows(
        connection,
        """SELECT file_id, vintage_id, file_path, sha256, received_at, release,
            rows_landed, rows_loaded, rows_quarantined, status
        FROM marts.source_file WHERE list_contains(?, vintage_id) ORDER BY ALL""",
        [vintages],
    )
    return {
        "figure": figure_id,
        "printed": _rows(
            connection,
            "SELECT figure_id, printed FROM marts.edition_figure WHERE starts_with(figure_id, ?)",
            [figure_id],
        ),
        "values": facts,
        "comparators": comparators,
        "files": files,
        "models": lineage(_mart_of(figure) if comparators else "fct_indicator_value", {f["vintage_id"] for f in files}),
        "checks": _rows(
            connection,
            """SELECT suite, check_id, severity, outcome, message FROM marts.check_result
            WHERE list_contains(?, file_id) OR list_contains(?, split_part(table_name, '.', 2))
            ORDER BY outcome, suite, check_id""",
            [[file["file_id"] for file in files], ["fct_indicator_value", "indicator_comparison"]],
        ),
    }


def _mart_of(figure: str) -> str:
    """The mart that holds a comparator: means of supplied figures stand in no row of the comparison."""
    return "comparator_value" if figure == "council_others" else "indicator_comparison"


def _facts(
    connection: duckdb.DuckDBPyConnection, indicator: str, areas: list[str], period: str
) -> list[dict[str, Any]]:
    return _rows(
        connection,
        """SELECT area_code, period_id, source_kind, value, numerator, denominator, value_status, release_status,
            vintage_id
        FROM marts.fct_indicator_value
        WHERE indicator_id = ? AND list_contains(?, area_code) AND period_id = ? AND is_current
            AND breakdown_type = 'total'
        ORDER BY area_code, source_kind""",
        [indicator, areas, period],
    )


def _comparators(
    connection: duckdb.DuckDBPyConnection, indicator: str, area: str, period: str, groups: tuple[str, ...]
) -> list[dict[str, Any]]:
    return _rows(
        connection,
        """SELECT group_id, group_version, statistic, value, members_used, members_total, includes_subject,
            not_shown_reason
        FROM marts.comparator_value
        WHERE indicator_id = ? AND area_code = ? AND period_id = ? AND breakdown_type = 'total'
            AND list_contains(?, group_id)
        ORDER BY group_id, group_version""",
        [indicator, area, period, list(groups)],
    )


def _areas_behind(connection: duckdb.DuckDBPyConnection, area: str, figure: str) -> list[str]:
    if figure == "england":
        return ["E92000001"]
    if figure == "region":
        rows = connection.execute("SELECT region_area_code FROM marts.dim_area WHERE area_code = ?", [area]).fetchall()
    else:
        rows = connection.execute(
            """SELECT DISTINCT member_area_code FROM marts.comparator_member
                WHERE area_code = ? AND list_contains(?, group_id)""",
            [area, list(_GROUPS[figure])],
        ).fetchall()
    return [code for (code,) in rows]


def lineage(mart: str, vintages: set[str]) -> list[str]:
    """Return the dbt models between the raw tables of `vintages` and a mart, upstream first."""
    if not MANIFEST.exists():
        return [mart]
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    parents: Mapping[str, list[str]] = manifest["parent_map"]
    tables = {vintage.split("/", 1)[0] for vintage in vintages}
    ordered: list[str] = []
    seen: set[str] = set()

    def stands_on(node: str) -> bool:
        if node.startswith("source."):
            source, table = node.split(".")[-2:]
            return bool({source, table, f"{source}_{table}"} & tables) or (
                source == "population" and "mid_year_population" in tables
            )
        return any(stands_on(parent) for parent in parents.get(node, []))

    def visit(node: str) -> None:
        if node in seen or not node.startswith(("model.", "source.")) or not stands_on(node):
            return
        seen.add(node)
        for parent in parents.get(node, []):
            visit(parent)
        ordered.append(node.split(".", 2)[2])

    visit(f"model.children_performance.{mart}")
    return ordered


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _unknown(connection: duckdb.DuckDBPyConnection, figure_id: str) -> str:
    known = [row["figure_id"] for row in _rows(connection, "SELECT figure_id FROM marts.edition_figure", [])]
    near = difflib.get_close_matches(figure_id, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else "."
    return (
        f"no published figure {figure_id}{hint} An id is indicator/area/period, for example "
        f"{known[0] if known else 'cla_31_march_rate/E08000035/snapshot_2025-03-31'}; "
        "marts.edition_figure lists those that are printed"
    )
