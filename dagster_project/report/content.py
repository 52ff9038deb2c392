"""The content of one edition page: the blocks in reading order and the words above them, all from the marts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dagster_project.report.blocks import (
    Block,
    BulletList,
    Cell,
    Figure,
    FigureBlock,
    Heading,
    Paragraph,
    Table,
    figures_in,
)
from dagster_project.report.headline import (
    CoreCitiesShown,
    change_of,
    core_city_group,
    core_city_words,
    headline_blocks,
    latest_row,
    mean_cell,
    newest_period_end,
    published_cell,
    value_cell,
)
from dagster_project.report.rows import Marts, Row
from dagster_project.report.status import check_statement, status_blocks
from dagster_project.report.trends import attainment_trend, looked_after_trend
from dagster_project.report.words import (
    UNIT_WORDS,
    date_words,
    judgement_of,
    on_or_in,
    rounded,
)

if TYPE_CHECKING:
    import duckdb

LOOKED_AFTER_NUMBER = "cla_31_march"
LOOKED_AFTER_RATE = "cla_31_march_rate"
# The other measures of the summary: attendance, young people's destinations, reading.
SUMMARY_MEASURES = ("abs_overall", "neet_nk_pct", "ks2_reading_exp")

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
    (which of them: value, england, region, sn_average, core_cities, change, rank, rank_dfe, local, council,
    local_less_published), value (unrounded, None where a reason is printed), printed, source_kind, vintage_id.
    Needs every table of schema `marts` but `publication`.
    """
    blocks = report_blocks(Marts(connection, authority_area_code), core_cities_shown=core_cities_shown)
    return [
        {"edition_id": edition_id, "figure_id": figure.figure_id, **asdict(figure)} for figure in figures_in(blocks)
    ]


def summary_blocks(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> tuple[Block, ...]:
    """Return the main points: one sentence or two for each summary measure, then how far the data can be trusted."""
    sentences: list[tuple[str, tuple[Figure, ...]]] = []
    looked_after = looked_after_sentences(marts)
    if looked_after:
        sentences.append(looked_after)
    indicators = {indicator["indicator_id"]: indicator for indicator in marts.indicators}
    for indicator_id in SUMMARY_MEASURES:
        row = latest_row(marts, indicator_id)
        if indicator_id in indicators and row is not None:
            sentences.append(measure_sentence(marts, row, indicators[indicator_id], core_cities_shown))
    sentences.append((coverage_sentence(marts), ()))
    sentences.append((check_statement(marts.checks), ()))
    return (
        Heading("main-points", 2, "Main points"),
        BulletList(
            "main-points-list",
            tuple(text for text, _ in sentences),
            tuple(figure for _, figures in sentences for figure in figures),
        ),
    )


def looked_after_sentences(marts: Marts) -> tuple[str, tuple[Figure, ...]] | None:
    """Return number and rate of children looked after with change and the England rate, None without both."""
    indicators = {indicator["indicator_id"]: indicator for indicator in marts.indicators}
    number_row, rate_row = latest_row(marts, LOOKED_AFTER_NUMBER), latest_row(marts, LOOKED_AFTER_RATE)
    if not {LOOKED_AFTER_NUMBER, LOOKED_AFTER_RATE} <= set(indicators) or not number_row or not rate_row:
        return None
    if number_row["period_id"] != rate_row["period_id"] or None in (number_row["value"], rate_row["value"]):
        return None
    number = value_cell(marts, number_row, indicators[LOOKED_AFTER_NUMBER])
    rate = value_cell(marts, rate_row, indicators[LOOKED_AFTER_RATE])
    figures = [*number.figures, *rate.figures]
    text = (
        f"On {number_row['period_label']} {marts.name} looked after {number.text} children, "
        f"{rate.text} for every 10,000 under 18."
    )
    if number_row["release_status"] == "provisional":
        return f"{text} These figures are provisional and are not compared here.", tuple(figures)
    change = change_of(marts, number_row, indicators[LOOKED_AFTER_NUMBER])
    if change:
        figure, direction, earlier = change
        size = rounded(abs(figure.value or 0.0), 0)
        words = {"up": f"{size} more than", "down": f"{size} fewer than", "no change": "the same number as"}
        text += f" That is {words[direction]} {on_or_in(earlier, marts.label(earlier))}."
        figures.append(figure)
    england = published_cell(marts, rate_row, indicators[LOOKED_AFTER_RATE], which="england")
    if rate_row["england_value"] is not None and not england.notes:
        text += f" The England rate was {england.text}."
        figures += england.figures
    return text, tuple(figures)


def measure_sentence(
    marts: Marts, row: Row, indicator: Row, core_cities_shown: CoreCitiesShown
) -> tuple[str, tuple[Figure, ...]]:
    """Return measure, place, period, value, change and comparison in one sentence."""
    own = value_cell(marts, row, indicator)
    unit = UNIT_WORDS.get(indicator["unit"], "")
    per = f" {unit.removeprefix('rate ')}" if unit.startswith("rate per") else ""
    when = on_or_in(row["period_id"], row["period_label"])
    text = f"{indicator['indicator_name']}: {marts.name} {own.text}"
    if row["value"] is None:
        last = f"; {own.notes[-1]}" if own.notes else ""
        return f"{indicator['indicator_name']}: no figure for {marts.name} {when} ({own.text}){last}.", own.figures
    figures = list(own.figures)
    text += f"{per} {when}"
    provisional = row["release_status"] == "provisional"
    change = None if provisional else change_of(marts, row, indicator)
    if provisional:
        return f"{text} (provisional, not compared here).", tuple(figures)
    if change:
        figure, direction, earlier = change
        judgement = judgement_of(direction, indicator["polarity"])
        text += f", {figure.printed} since {marts.label(earlier)}{f' ({judgement})' if judgement else ''}"
        figures.append(figure)
    beside = []
    england = published_cell(marts, row, indicator, which="england")
    if row["england_value"] is not None and england.figures and not england.notes:
        beside.append(f"England {england.text}")
        figures += england.figures
    neighbours = mean_cell(marts, row, indicator, core_cities_shown=None)
    if neighbours.figures and neighbours.figures[0].value is not None:
        beside.append(f"mean of statistical neighbours {neighbours.text}")
        figures += neighbours.figures
    if beside:
        comparison = "; ".join(beside)
        text += f". {comparison[0].upper()}{comparison[1:]}"
    return f"{text}.", tuple(figures)


def coverage_sentence(marts: Marts) -> str:
    """Return how many indicators of the report have a figure, and how many of those are provisional or missing."""
    latest = [latest_row(marts, indicator["indicator_id"]) for indicator in marts.indicators]
    held = [row for row in latest if row is not None]
    with_value = [row for row in held if row["value"] is not None]
    provisional = sum(row["release_status"] == "provisional" for row in with_value)
    text = (
        f"Of the {len(latest)} indicators of this report, {len(with_value)} have a published figure for their latest "
        f"period; {provisional} of these {'is' if provisional == 1 else 'are'} provisional."
    )
    if len(held) > len(with_value):
        text += f" For {len(held) - len(with_value)} more that figure is missing; the table gives the reason."
    return text


def group_blocks(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> tuple[Block, ...]:
    """Return the comparator groups with the list in force and their members by name."""
    blocks: list[Block] = [Heading("comparators", 2, "Comparator groups")]
    versions = sorted({row["sn_group_version"] for rows in marts.comparison.values() for row in rows} - {None})
    wanted = [("statistical_neighbours", version, "mean of its members") for version in versions]
    cities = core_city_group(core_cities_shown)
    wanted.append((cities, marts.newest_version(cities), core_city_words(marts, core_cities_shown)))
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
    return tuple(blocks)
