"""The content of one edition page: the blocks in reading order and the words above them, all from the marts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dagster_project.report.blocks import (
    Block,
    Cell,
    FigureBlock,
    Heading,
    Paragraph,
    Table,
    figures_in,
)
from dagster_project.report.clusters import cluster_blocks
from dagster_project.report.headline import (
    CoreCitiesShown,
    core_city_group,
    core_city_words,
    figure_of,
    headline_blocks,
    is_enough,
    latest_row,
    newest_period_end,
    number_cell,
    reason_cell,
    shown,
    value_cell,
)
from dagster_project.report.rows import SUPPLIED_GROUP, Marts, Row
from dagster_project.report.status import status_blocks
from dagster_project.report.summary import neighbour_list_words, summary_blocks
from dagster_project.report.trends import attainment_trend, looked_after_trend
from dagster_project.report.words import date_words

if TYPE_CHECKING:
    import duckdb

RESTRICTED = (
    "Officer edition: restricted. These figures are shown before disclosure control, so small numbers are not hidden. "
    "Do not publish this page or pass it outside the service."
)
SYNTHETIC = "Synthetic data: every figure on this page is invented and says nothing about any real place or child."


@dataclass(frozen=True)
class Content:
    """One page before it is HTML: what stands in its head, and its blocks in reading order.

    `period` says how far the newest figure reaches; `facts` are name and text of what identifies the edition.
    """

    title: str
    authority_name: str
    edition_id: str
    period: str
    facts: tuple[tuple[str, str], ...]
    is_synthetic: bool
    blocks: tuple[Block, ...]

    @property
    def page_title(self) -> str:
        """Return report, council, period and edition, marked where the data are synthetic."""
        words = f"{self.title}: {self.authority_name}, {self.period}, edition {self.edition_id}"
        return f"Synthetic data: {words}" if self.is_synthetic else words


def report_blocks(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> tuple[Block, ...]:
    """Return every block of the page, charts undrawn."""
    figures: list[FigureBlock] = [
        block
        for block in (
            looked_after_trend(marts, core_cities_shown=core_cities_shown),
            attainment_trend(marts, core_cities_shown=core_cities_shown),
        )
        if block is not None
    ]
    trends: list[Block] = [Heading("trends", 2, "Trends")]
    trends += figures or [Paragraph("trends-none", "No series with two or more published figures is loaded.")]
    return (
        *summary_blocks(marts, core_cities_shown=core_cities_shown),
        *headline_blocks(marts, core_cities_shown=core_cities_shown),
        *trends,
        *cluster_blocks(marts),
        *status_blocks(marts),
        *group_blocks(marts, core_cities_shown=core_cities_shown),
    )


def build_content(
    connection: duckdb.DuckDBPyConnection,
    *,
    edition_id: str,
    title: str,
    authority_area_code: str,
    core_cities_shown: CoreCitiesShown,
) -> Content:
    """Return the content of an edition from the published file.

    Raises:
        AreaNotPublished: If the authority is not in `dim_area`.
        IncompleteBlock: If a table or chart lacks what a reader needs.
    """
    marts = Marts(connection, authority_area_code)
    publication = marts.publication
    published_at = publication["published_at"]
    newest_end = newest_period_end(marts)
    newest = f"to {date_words(newest_end)}" if newest_end else "none yet"
    facts = (
        ("Edition", edition_id),
        ("Newest figures", newest),
        ("Neighbour list", neighbour_list_words(marts, marts.edition["neighbours"])),
        ("Data version", str(publication["version_id"])),
        ("Version made on", date_words(published_at) if published_at else "not recorded"),
    )
    return Content(
        title=title,
        authority_name=marts.name,
        edition_id=edition_id,
        period=f"figures {newest}",
        facts=facts,
        is_synthetic=bool(publication["is_synthetic"]),
        blocks=report_blocks(marts, core_cities_shown=core_cities_shown),
    )


def edition_figures(
    connection: duckdb.DuckDBPyConnection,
    authority_area_code: str,
    *,
    edition_id: str,
    core_cities_shown: CoreCitiesShown = "all",
) -> list[dict[str, Any]]:
    """Return every indicator figure that the edition's page prints, in reading order, each once.

    Columns: edition_id, figure_id, indicator_id, area_code, period_id, breakdown_type, breakdown_value, figure
    (which of them: value, england, region, sn_average, sn_average_<version> of another neighbour list, core_cities,
    change, change_since_<day>, gap_to_england, rank, rank_dfe, local, council, council_others, local_less_published),
    value (unrounded, None where a reason is printed), printed, source_kind, vintage_id.
    Needs every table of schema `marts` but `publication`.
    """
    blocks = report_blocks(Marts(connection, authority_area_code), core_cities_shown=core_cities_shown)
    return [
        {"edition_id": edition_id, "figure_id": figure.figure_id, **asdict(figure)} for figure in figures_in(blocks)
    ]


def group_blocks(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> tuple[Block, ...]:
    """Return the comparator groups with the list in force and their members by name."""
    blocks: list[Block] = [Heading("comparators", 2, "Comparator groups")]
    versions = {row["sn_group_version"] for rows in marts.comparison.values() for row in rows}
    versions |= {marts.edition["former_neighbours"]}
    wanted = [("statistical_neighbours", version, "mean of its members") for version in sorted(versions - {None})]
    cities = core_city_group(core_cities_shown)
    wanted.append((cities, marts.newest_version(cities), core_city_words(marts, core_cities_shown)))
    if marts.members(SUPPLIED_GROUP, "1"):
        wanted.append((SUPPLIED_GROUP, "1", "mean of its members, beside figures that the council supplies"))
    rows = []
    for group_id, version, statistic in wanted:
        group = marts.groups.get((group_id, version or ""))
        if group is None:
            continue
        names = [
            marts.area_names.get(member["member_area_code"], str(member["member_area_code"]))
            for member in marts.members(group_id, version)
        ]
        rows.append(
            (
                Cell(group["group_name"]),
                Cell(f"version {version}"),
                Cell(statistic),
                Cell("; ".join(names) or "members not published for this authority"),
                Cell(group["source"] or "source not recorded"),
            )
        )
    if not rows:
        blocks.append(Paragraph("comparators-none", "No comparator group is published."))
        return tuple(blocks)
    blocks.append(
        Paragraph(
            "comparators-intro",
            "A group is a dated list; another list gives another mean. England and region figures are as published "
            "and never worked out here.",
        )
    )
    columns = ("Group", "List", "Figure shown", "Members", "Source of the list")
    blocks.append(Table("comparator-groups", "Comparator groups used on this page", columns, tuple(rows)))
    return (*blocks, *neighbour_change_blocks(marts))


def neighbour_change_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return both means of every measure in the first edition after a change of neighbour list; else nothing."""
    former, current = marts.edition["former_neighbours"], marts.edition["neighbours"]
    if former is None:
        return ()
    rows = []
    for indicator in marts.indicators:
        row = latest_row(marts, indicator["indicator_id"])
        if row is None or row["value"] is None or indicator["unit"] == "count":
            continue
        rows.append(
            (
                Cell(indicator["indicator_name"]),
                Cell(row["period_label"]),
                value_cell(marts, row, indicator),
                *(list_mean_cell(marts, row, indicator, version, is_current=version == current)
                  for version in (former, current)),
            )
        )  # fmt: skip
    if not rows:
        return ()
    names = [neighbour_list_words(marts, version) for version in (former, current)]
    columns = ("Indicator", "Period", marts.name, *(f"Mean: {name}" for name in names))
    return (
        Heading("neighbour-change", 3, "The neighbour list has changed"),
        Paragraph(
            "neighbour-change-intro",
            f"The edition before this one used {names[0]}. A change of list moves the mean without any change in a "
            "council, so this edition prints both.",
        ),
        Table("neighbour-change-table", "Means of both neighbour lists, latest figures", columns, tuple(rows)),
    )


def list_mean_cell(marts: Marts, row: Row, indicator: Row, version: str | None, *, is_current: bool) -> Cell:
    """Return the mean of one version of the neighbour list with `n of N`, or only that where too few have a figure."""
    key = (row["indicator_id"], row["period_id"], f"statistical_neighbours/{version}")
    found = marts.comparator_values.get(key)
    if found is None:
        return reason_cell("not in this list")
    used, total = found["members_used"] or 0, found["members_total"] or 0
    name = "sn_average" if is_current else f"sn_average_{version}"
    if found["value"] is None or not is_enough(used, total):
        return number_cell(figure_of(row, indicator, name, None, f"{used} of {total}"), "no mean printed")
    printed = shown(found["value"], indicator, None)
    return number_cell(figure_of(row, indicator, name, found["value"], printed), f"{used} of {total}")
