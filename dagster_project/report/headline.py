"""The headline tables: the latest figure of every indicator of the report beside its comparators."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

from dagster_project.report.blocks import Block, BulletList, Cell, Figure, Heading, Mark, Note, Paragraph, Table
from dagster_project.report.judgements import (
    TOO_FEW,
    england_mark,
    place_mark,
    reason_words,
    target_mark,
    unusual_mark,
)
from dagster_project.report.rows import ENGLAND, Marts, Row
from dagster_project.report.words import (
    POLARITY_WORDS,
    UNIT_WORDS,
    amount,
    date_words,
    direction_of,
    is_zero,
    judgement_of,
    missing_words,
    period_parts,
    printed_value,
    release_words,
)

CoreCitiesShown = Literal["all", "others"]

DASH = "–"
COUNT_TOTAL = "count: totals are not comparable"
COUNT_MEAN = "count: depends on the size of the place"
LOCAL_MEASURE = "local figure: not compared"
IN_YEAR = "local_in_year"
OLD_AFTER_DAYS = 731  # two years: after that a figure is printed as old


def core_city_group(core_cities_shown: CoreCitiesShown) -> str:
    """Return the id of the core cities group that the council's setting shows."""
    return f"core_cities_{core_cities_shown}"


def core_city_words(marts: Marts, core_cities_shown: CoreCitiesShown) -> str:
    """Return which cities the mean is over, whether or not the authority is one of them."""
    group_id = core_city_group(core_cities_shown)
    totals = [
        (row["members_total"], row["includes_subject"])
        for key, row in sorted(marts.comparator_values.items())
        if key[2].startswith(f"{group_id}/") and row["members_total"]
    ]
    members, includes = totals[-1] if totals else (len(marts.members(group_id, marts.newest_version(group_id))), False)
    if core_cities_shown == "others":
        return f"mean of the {members} others" if members else "mean of the others"
    of_all = f"mean of all {members}" if members else "mean of all"
    return f"{of_all}, including {marts.name}" if includes else of_all


def latest_row(marts: Marts, indicator_id: str) -> Row | None:
    """Return the authority's row for the latest period of the edition's scope, whether or not it holds a value."""
    return next((row for row in reversed(marts.comparison.get(indicator_id, [])) if row["is_latest"]), None)


def figure_of(row: Row, indicator: Row, name: str, value: float | None, printed: str, **origin: str | None) -> Figure:
    """Return the record of a printed figure of one comparison row."""
    return Figure(
        indicator_id=indicator["indicator_id"],
        area_code=row["area_code"],
        period_id=row["period_id"],
        figure=name,
        value=value,
        printed=printed,
        source_kind=origin.get("source_kind") or "published",
        vintage_id=origin.get("vintage_id"),
    )


def number_cell(figure: Figure, *notes: str) -> Cell:
    """Return a right-aligned cell that prints one figure."""
    return Cell(figure.printed, notes=tuple(note for note in notes if note), is_number=True, figures=(figure,))


def reason_cell(reason: str, *, is_number: bool = True) -> Cell:
    """Return a dash with the reason why nothing is printed."""
    return Cell(DASH, notes=(reason,), is_number=is_number)


def shown(value: float | None, indicator: Row, value_status: str | None) -> str:
    """Return the printed value, or the reason it is missing."""
    if value is None:
        return missing_words(value_status)
    return printed_value(value, unit=indicator["unit"], decimals=indicator["decimals"])


def value_cell(marts: Marts, row: Row, indicator: Row) -> Cell:
    """Return the authority's own figure; where it is missing, why, and the last one held with its period, as notes."""
    figure = figure_of(
        row, indicator, "value", row["value"], shown(row["value"], indicator, row["value_status"]),
        vintage_id=row["vintage_id"],
    )  # fmt: skip
    if row["value"] is not None:
        return number_cell(figure)
    why = [
        found["words"]
        for found in marts.breaks.get(indicator["indicator_id"], [])
        if found["first_period_id"] == row["period_id"] and found["comparability"] != "ok"
    ]
    held = [old for old in marts.comparison[indicator["indicator_id"]] if old["value"] is not None]
    if not held:
        return number_cell(figure, *why)
    last = held[-1]
    last_figure = figure_of(
        last, indicator, "value", last["value"], shown(last["value"], indicator, None), vintage_id=last["vintage_id"]
    )
    return Cell(
        figure.printed,
        notes=(*why, f"last figure: {last_figure.printed} ({last['period_label']})"),
        is_number=True,
        figures=(figure, last_figure),
    )


def region_state(marts: Marts, indicator_id: str, row: Row) -> tuple[Row | None, str]:
    """Return the published row behind a region figure and the name of the region it is for.

    DfE publishes some measures for London as a whole only, not for Inner and Outer London.
    """
    own = marts.published_state.get((indicator_id, marts.region_code or "", row["period_id"]))
    if row["region_value"] is not None and (own is None or own["value"] is None) and marts.wider_region_code:
        wider = marts.published_state.get((indicator_id, marts.wider_region_code, row["period_id"]))
        if wider is not None and wider["value"] is not None:
            return wider, marts.area_names[marts.wider_region_code]
    return own, marts.region_name


def published_cell(marts: Marts, row: Row, indicator: Row, *, which: str) -> Cell:
    """Return the England or region figure as published, for the same period as the authority's."""
    if indicator["unit"] == "count":
        return reason_cell(COUNT_TOTAL)
    value = row[f"{which}_value"]
    own_code = ENGLAND if which == "england" else marts.region_code
    key = (indicator["indicator_id"], own_code or "", row["period_id"])
    state = marts.published_state.get(key)
    comparator = marts.comparator_values.get((key[0], row["period_id"], f"{which}/1"))
    notes = []
    if comparator and comparator["comparator_period_id"] not in (None, row["period_id"]):
        notes.append(f"for {marts.label(comparator['comparator_period_id'])}")
    if which == "region":
        state, shown_for = region_state(marts, key[0], row)
        if shown_for != marts.region_name:
            notes.append(f"for {shown_for}")
    status = state["value_status"] if state else None
    if value is None and comparator and comparator["not_shown_reason"] and status in (None, "ok"):
        return reason_cell(comparator["not_shown_reason"].replace("_", " "))
    return number_cell(
        figure_of(
            row, indicator, which, value, shown(value, indicator, status),
            vintage_id=state["vintage_id"] if state else None,
        ),
        *notes,
    )  # fmt: skip


def is_enough(members_used: int, members_total: int) -> bool:
    """Say whether a mean may be printed: at least two thirds of the group's members have a value."""
    return members_used > 0 and 3 * members_used >= 2 * members_total


def mean_of(
    marts: Marts, row: Row, *, core_cities_shown: CoreCitiesShown | None
) -> tuple[float | None, int, int, str | None]:
    """Return mean, members with a value, members in all and why none is shown: neighbours, or core cities if named."""
    if core_cities_shown is None:
        group_id, version = "statistical_neighbours", row["sn_group_version"]
        mean, used = row["sn_average"], row["sn_count"]
    else:
        group_id = core_city_group(core_cities_shown)
        version = marts.newest_version(group_id)
        mean = row[f"core_city_average_{core_cities_shown}"]
        used = row[f"core_city_count_{core_cities_shown}"]
    comparator = marts.comparator_values.get((row["indicator_id"], row["period_id"], f"{group_id}/{version}"))
    total = comparator["members_total"] if comparator else len(marts.members(group_id, version))
    return mean, used or 0, max(total or 0, used or 0), comparator["not_shown_reason"] if comparator else None


def mean_cell(marts: Marts, row: Row, indicator: Row, *, core_cities_shown: CoreCitiesShown | None) -> Cell:
    """Return a group's mean with `n of N`; below two thirds of the members only `n of N`."""
    if indicator["unit"] == "count":
        return reason_cell(COUNT_MEAN)
    name = "sn_average" if core_cities_shown is None else "core_cities"
    mean, used, total, reason = mean_of(marts, row, core_cities_shown=core_cities_shown)
    if total == 0:
        return reason_cell((reason or "no group for this authority").replace("_", " "))
    if mean is None or not is_enough(used, total):
        few = "too few members with a figure" if used else "no member has a figure"
        return number_cell(figure_of(row, indicator, name, None, f"{used} of {total}"), few)
    return number_cell(figure_of(row, indicator, name, mean, shown(mean, indicator, None)), f"{used} of {total}")


def blocks_comparison(marts: Marts, indicator_id: str, earlier: str, later: str) -> bool:
    """Say whether a break or a period that is not comparable lies between two periods of the authority's series."""
    end_of = {row["period_id"]: row["period_end"] for row in marts.comparison.get(indicator_id, [])}
    for (found, area, period_id), state in marts.published_state.items():
        if (found, area) != (indicator_id, marts.authority) or period_id not in end_of:
            continue
        flag = state["comparability"]
        if flag == "not_comparable" and period_id in (earlier, later):
            return True
        if flag == "break_before" and earlier in end_of and end_of[earlier] < end_of[period_id] <= end_of[later]:
            return True
    return False


def change_of(marts: Marts, row: Row, indicator: Row) -> tuple[Figure, str, str] | None:
    """Return the change since the last comparable period, its direction and that period; None if none can be made."""
    earlier = row["last_comparable_period_id"]
    change = row["change_since_last_comparable"]
    if row["value"] is None or change is None or earlier is None:
        return None
    if blocks_comparison(marts, indicator["indicator_id"], earlier, row["period_id"]):
        return None
    direction = direction_of(change, indicator["decimals"])
    size = amount(change, unit=indicator["unit"], decimals=indicator["decimals"])
    printed = direction if direction == "no change" else f"{direction} {size}"
    return figure_of(row, indicator, "change", change, printed), direction, earlier


@dataclass(frozen=True)
class Travel:
    """Direction of travel as printed: `text` with the meaning in brackets, what qualifies it, an arrow, its figure.

    `earlier` is the period the change is measured from.
    """

    text: str
    earlier: str
    figure: Figure
    arrow: str | None = None
    qualifiers: tuple[str, ...] = ()
    is_size_apart: bool = False


def travel_of(marts: Marts, row: Row, indicator: Row) -> Travel | None:
    """Return the direction of travel by the mart `judgement`; None where no change can be made.

    Without a judgement the printed figures are compared and the result is said to be not tested.
    """
    change = change_of(marts, row, indicator)
    if change is None:
        return None
    figure, direction, earlier = change
    judgement = marts.judgement(row, "direction", "previous")
    is_open = row["release_status"] == "provisional" if judgement is None else judgement["reason"] == "provisional"
    moved = direction if direction != "no change" else None
    if is_open:
        return Travel(figure.printed, earlier, figure, moved, (reason_words("provisional") or "",))
    word = direction if judgement is None else judgement["word"]
    meaning = judgement_of(direction, indicator["polarity"]) if judgement is None else judgement["meaning"]
    tested = () if judgement is not None and judgement["reason"] in (None, "below_minimum_base") else ("not tested",)
    rounding = ("at this rounding",) if moved is None and not is_zero(figure.value or 0.0) else ()
    if word in (TOO_FEW, "no clear change"):
        return Travel(word, earlier, figure, None, (*rounding, *tested), is_size_apart=True)
    said = f"{figure.printed if direction == word else word}{f' ({meaning})' if meaning else ''}"
    arrow = word if word in ("up", "down") else None
    return Travel(said, earlier, figure, arrow, (*rounding, *tested), is_size_apart=direction != word)


def change_cell(marts: Marts, row: Row, indicator: Row) -> Cell:
    """Return the change in words, with the period it is measured from and whether it is more than chance."""
    travel = travel_of(marts, row, indicator)
    if travel is None:
        if row["value"] is None:
            return reason_cell("no figure to compare", is_number=False)
        state = comparability_of(marts, row)
        broken = state in ("break_before", "not_comparable")
        reason = "not comparable with earlier periods" if broken else "no earlier comparable period"
        return reason_cell(reason, is_number=False)
    since = f"since {marts.label(travel.earlier)}"
    if travel.is_size_apart:
        since = f"{travel.figure.printed} {since}"
    return Cell(travel.text, notes=(since, *travel.qualifiers), arrow=travel.arrow, figures=(travel.figure,))


def comparability_of(marts: Marts, row: Row) -> str:
    """Return the comparability word of the authority's figure in its period."""
    state = marts.published_state.get((row["indicator_id"], marts.authority, row["period_id"]))
    return (state["comparability"] if state else None) or "ok"


def first_since(marts: Marts, row: Row) -> str | None:
    """Return the label of the last period with a figure where a year or more without one lies between."""
    held = [
        old
        for old in marts.comparison[row["indicator_id"]]
        if old["value"] is not None and old["period_end"] < row["period_end"]
    ]
    if row["value"] is None or not held or period_parts(row["period_id"])[0] == "rolling3":
        return None
    return held[-1]["period_label"] if row["period_end"].year - held[-1]["period_end"].year > 1 else None


def series_words(marts: Marts, row: Row) -> str | None:
    """Return what the reader must know of a period before comparing it with others: new series, first for years.

    None where it follows the period before and may be compared with it.
    """
    state = comparability_of(marts, row)
    words = "; ".join(
        found["words"].rstrip(".")
        for found in marts.breaks.get(row["indicator_id"], [])
        if found["first_period_id"] == row["period_id"] and found["comparability"] == state
    )
    if state == "break_before":
        return f"new series: {words}" if words else "new series, not comparable with earlier periods"
    if state == "not_comparable":
        alone = "not comparable with other periods"
        return words if "not comparable" in words else ": ".join(part for part in (alone, words) if part)
    earlier = first_since(marts, row)
    return f"first since {earlier}" if earlier else None


def rank_cell(marts: Marts, row: Row, indicator: Row) -> Cell:
    """Return the place among authorities now in being, and whether the figure is unusual among them.

    DfE's own rank is a note where it differs.
    """
    marks = () if indicator["unit"] == "count" else unusual_mark(marts, row)
    if indicator["polarity"] == "neutral":
        return replace(reason_cell("no rank: neutral measure"), marks=marks)
    if row["value"] is None or row["rank_live"] is None:
        return reason_cell("not ranked")
    figure = figure_of(row, indicator, "rank", float(row["rank_live"]), f"{row['rank_live']} of {row['rank_live_of']}")
    if (row["rank"], row["rank_of"]) in ((row["rank_live"], row["rank_live_of"]), (None, None)):
        return replace(number_cell(figure), marks=marks)
    other = figure_of(row, indicator, "rank_dfe", float(row["rank"]), f"{row['rank']} of {row['rank_of']}")
    notes = (f"DfE: {other.printed}",)
    return Cell(figure.printed, notes=notes, marks=marks, is_number=True, figures=(figure, other))


def marked(cell: Cell, marks: tuple[Mark, ...], indicator: Row) -> Cell:
    """Return the cell with its marks; a count gets none, since it depends on the size of the place."""
    return cell if indicator["unit"] == "count" else replace(cell, marks=marks)


def indicator_cell(indicator: Row, *extra: str) -> Cell:
    """Return the row header: name, unit and whether high or low is better."""
    unit = UNIT_WORDS.get(indicator["unit"], indicator["unit"])
    polarity = POLARITY_WORDS.get(indicator["polarity"], "")
    return Cell(indicator["indicator_name"], notes=("; ".join(part for part in (unit, polarity) if part), *extra))


def published_row(
    marts: Marts, row: Row, indicator: Row, *, core_cities_shown: CoreCitiesShown, newest: dt.date
) -> tuple[Cell, ...]:
    """Return the table row of one indicator's latest published figure.

    A later period that was not collected is named: a figure is never the latest one without a word on why.
    """
    period_notes = [release_words(row["release_status"])]
    series = series_words(marts, row)
    period_notes += [series] if series else []
    period_notes += [
        f"{marts.label(found['first_period_id'])}: {found['words']}"
        for found in marts.breaks.get(indicator["indicator_id"], [])
        if found["comparability"] == "not_collected"
        and row["period_end"] < period_parts(found["first_period_id"])[1] <= newest
    ]
    if (newest - row["period_end"]).days > OLD_AFTER_DAYS:
        period_notes.append("more than two years old")
    return (
        indicator_cell(indicator),
        Cell(row["period_label"], notes=tuple(period_notes)),
        replace(value_cell(marts, row, indicator), marks=target_mark(marts, row, indicator)),
        marked(published_cell(marts, row, indicator, which="england"), england_mark(marts, row, indicator), indicator),
        marked(published_cell(marts, row, indicator, which="region"), place_mark(marts, row, "region"), indicator),
        marked(
            mean_cell(marts, row, indicator, core_cities_shown=None),
            place_mark(marts, row, "statistical_neighbours"),
            indicator,
        ),
        marked(
            mean_cell(marts, row, indicator, core_cities_shown=core_cities_shown),
            place_mark(marts, row, core_city_group(core_cities_shown)),
            indicator,
        ),
        change_cell(marts, row, indicator),
        rank_cell(marts, row, indicator),
    )


def newest_local(marts: Marts, indicator_id: str) -> list[Row]:
    """Return the newest local figure of each status (year-end return, in-year snapshot).

    A cut taken within the year has as many tables as the council takes: what it does not tell is not listed. What the
    council supplies itself has tables of its own.
    """
    newest: dict[str, Row] = {}
    for row in marts.local.get(indicator_id, []):
        if row["source_kind"] == "local":
            newest.setdefault(row["release_status"], row)
    shown_rows = {status: row for status, row in newest.items() if status != IN_YEAR or row["value"] is not None}
    return [shown_rows[key] for key in sorted(shown_rows)]


def change_on_cut(marts: Marts, row: Row, indicator: Row) -> Cell:
    """Return the change of an in-year figure since the cut of the same day a year earlier, its only comparator."""
    end = row["period_end"]
    earlier = next(
        (
            other
            for other in marts.local[indicator["indicator_id"]]
            if (other["source_kind"], other["release_status"]) == (row["source_kind"], IN_YEAR)
            and other["value"] is not None
            and (other["period_end"].year, other["period_end"].month, other["period_end"].day)
            == (end.year - 1, end.month, end.day)
        ),
        None,
    )
    if row["release_status"] != IN_YEAR or row["value"] is None or earlier is None:
        return reason_cell(LOCAL_MEASURE, is_number=False)
    difference = row["value"] - earlier["value"]
    decimals = indicator["decimals"]
    direction = direction_of(difference, decimals)
    size = amount(difference, unit=indicator["unit"], decimals=decimals)
    figure = figure_of(
        row, indicator, f"change_since_{earlier['period_end'].isoformat()}", difference, size,
        source_kind=row["source_kind"], vintage_id=row["vintage_id"],
    )  # fmt: skip
    words = direction if direction == "no change" else f"{direction} {size}"
    return Cell(words, notes=(f"since the same cut, {date_words(earlier['period_end'])}",), figures=(figure,))


def local_row(marts: Marts, row: Row, indicator: Row) -> tuple[Cell, ...]:
    """Return the table row of a local figure: beside the published one, compared with no other authority."""
    figure = figure_of(
        row, indicator, row["source_kind"], row["value"], shown(row["value"], indicator, row["value_status"]),
        source_kind=row["source_kind"], vintage_id=row["vintage_id"],
    )  # fmt: skip
    return (
        Cell(f"{indicator['indicator_name']}: local figure", notes=("worked out from the local return",)),
        Cell(row["period_label"], notes=(release_words(row["release_status"]),)),
        number_cell(figure),
        *(reason_cell(LOCAL_MEASURE) for _ in range(4)),
        change_on_cut(marts, row, indicator),
        reason_cell(LOCAL_MEASURE),
    )


def columns_of(marts: Marts, core_cities_shown: CoreCitiesShown) -> tuple[str, ...]:
    """Return the column headers, always in the same order of comparators."""
    return (
        "Indicator",
        "Latest period and status",
        marts.name,
        "England",
        marts.region_name,
        "Statistical neighbours, mean",
        f"Core cities, {core_city_words(marts, core_cities_shown)}",
        "Change since the last comparable period",
        "Rank of authorities (1 is best)",
    )


def section_title(report_section: str) -> str:
    """Return the words of `5.2 Children's social care` without the number."""
    number, _, words = report_section.partition(" ")
    return words.strip() or f"Section {number}"


def newest_period_end(marts: Marts) -> dt.date | None:
    """Return the last day of the newest period for which an indicator of the report has a figure of the authority.

    A cut taken within the year is no period of the report. None where it has none at all, as when only a population
    file has arrived.
    """
    ends = [
        row["period_end"]
        for indicator in marts.indicators
        for rows in (marts.comparison, marts.local)
        for row in rows.get(indicator["indicator_id"], [])
        if row["value"] is not None and row.get("release_status") != IN_YEAR
    ]
    return max(ends, default=None)


def headline_blocks(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> tuple[Block, ...]:
    """Return one table per section of the report, and what the section lacks in plain words."""
    blocks: list[Block] = [Heading("latest-figures", 2, "Latest figures"), *reading_notes(marts)]
    newest = newest_period_end(marts)
    if newest is None:
        return (*blocks[:1], Paragraph("latest-none", f"No figure of {marts.name} for this report has arrived yet."))
    # Its tables are made of the cells of this module.
    from dagster_project.report.supplied import supplied_blocks

    columns = columns_of(marts, core_cities_shown)
    sections: dict[str, list[Row]] = {}
    for indicator in marts.indicators:
        sections.setdefault(indicator["report_section"], []).append(indicator)
    for section, indicators in sections.items():
        title = section_title(section)
        slug = "section-" + section.split(" ")[0].replace(".", "-")
        rows: list[tuple[Cell, ...]] = []
        closed: list[str] = []
        absent: list[str] = []
        for indicator in indicators:
            latest = latest_row(marts, indicator["indicator_id"])
            local = newest_local(marts, indicator["indicator_id"])
            if latest is not None and marts.is_closed(indicator["indicator_id"]):
                closed.append(f"{indicator['indicator_name']} (last period {latest['period_label']})")
            elif latest is not None:
                rows.append(published_row(marts, latest, indicator, core_cities_shown=core_cities_shown, newest=newest))
            elif indicator["indicator_id"] not in marts.local:
                absent.append(indicator["indicator_name"])
            rows += [local_row(marts, row, indicator) for row in local]
        blocks.append(Heading(slug, 3, title))
        if rows:
            caption = f"{title}: latest figures, {marts.name}"
            blocks.append(Table(f"{slug}-table", caption, columns, tuple(rows), layout="headline"))
        blocks += supplied_blocks(marts, indicators, slug=slug, title=title)
        if closed:
            blocks.append(Note(f"{slug}-closed", f"Series that have ended, not shown as latest: {'; '.join(closed)}."))
        if absent:
            blocks.append(Note(f"{slug}-absent", f"No figures loaded for: {'; '.join(absent)}."))
    return (*blocks, *rule_blocks(marts))


def rule_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return the rules of the judgements that the page prints, in the words of the mart."""
    used = {(row["kind"], row["rule_id"]) for row in marts.judgements.values()}
    words = [rule["words"] for rule in marts.judgement_rules if (rule["kind"], rule["rule_id"]) in used]
    if not words:
        return ()
    return (
        Heading("judgement-rules", 3, "How the judgements are made"),
        BulletList("judgement-rules-list", tuple(words)),
    )


def reading_notes(marts: Marts) -> tuple[Block, ...]:
    """Return what a reader must know before the tables."""
    return (
        Paragraph(
            "how-to-read",
            f"Each row gives the latest published figure for {marts.name} and, for the same period, England, "
            f"{marts.region_name}, the mean of the statistical neighbours and the mean of the core cities. "
            "A mean gives every council the same weight; “9 of 10” says how many of the group had a figure. "
            "No mean is printed when fewer than two thirds of a group have one.",
        ),
        Paragraph(
            "how-to-read-change",
            "Change: up or down is more than chance unless it says “not tested”; no clear change may be chance. "
            "(improving) and (worsening) are added only where a high or a low figure is better. "
            "Beside England: better, similar or worse by the 95% interval of the authority’s own figure. The interval "
            "says how much a figure could differ by chance from year to year though everybody is counted. "
            "Beside a group: the place by value, 1st is the highest. Under the rank, which is 1 for the best: whether "
            "the figure is unusual among all authorities; where the England figure says “not tested”, this is not "
            "tested either. "
            "Local figures have a row of their own and take no part in any mean, change, judgement or rank. What the "
            "council supplies itself stands in tables of its own, beside other authorities only where it holds their "
            "figures.",
        ),
        Paragraph(
            "how-to-read-codes",
            "Where there is no number: [c] suppressed to protect confidentiality; [x] not available; "
            "[z] not applicable; [low] rounds to zero but is not zero; [u] low reliability; “reason not given” where "
            f"the source prints one dash for all of these. A dash ({DASH}) comes with the reason "
            "why nothing is set there.",
        ),
    )
