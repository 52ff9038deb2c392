"""The trend charts: which indicator, which periods, where a line may run, and the words that go with the drawing."""

from __future__ import annotations

import datetime as dt

from dagster_project.report.blocks import (
    LONGEST_ALT,
    Cell,
    Figure,
    FigureBlock,
    Table,
    Trend,
    TrendLine,
    TrendPeriod,
    TrendPoint,
)
from dagster_project.report.charts import tick_decimals, value_axis
from dagster_project.report.headline import (
    CoreCitiesShown,
    change_of,
    core_city_words,
    figure_of,
    is_enough,
    mean_of,
    region_state,
    shown,
)
from dagster_project.report.rows import ENGLAND, Marts, Row
from dagster_project.report.words import (
    UNIT_WORDS,
    axis_words,
    is_zero,
    listed,
    on_or_in,
    period_parts,
    printed_value,
    release_words,
)

LOOKED_AFTER = ("cla_31_march_rate",)
# Reading is a Best City Ambition measure; the others stand in, in this order, where it is not loaded.
ATTAINMENT = ("ks2_reading_exp", "ks4_em_95", "ks2_rwm_exp", "phonics_y1", "eyfsp_gld", "ks4_att8")

LONGEST_TREND = 12
FEWEST_POINTS = 2

NO_RESULTS = "No results published"
NOT_COMPARABLE = "Not comparable"


def first_held(marts: Marts, preference: tuple[str, ...]) -> Row | None:
    """Return the first indicator of the list with at least two published values for the authority."""
    known = {indicator["indicator_id"]: indicator for indicator in marts.indicators}
    for indicator_id in preference:
        values = [row for row in marts.comparison.get(indicator_id, []) if row["value"] is not None]
        if indicator_id in known and len(values) >= FEWEST_POINTS:
            return known[indicator_id]
    return None


def years_between(first: str, last: str) -> list[str]:
    """Return every period id from the first to the last, one year apart, of the same kind and day."""
    kind, start = period_parts(first)
    _, end = period_parts(last)
    return [f"{kind}_{dt.date(year, end.month, end.day).isoformat()}" for year in range(start.year, end.year + 1)]


def trend_rows(marts: Marts, indicator: Row) -> list[tuple[str, Row | None]]:
    """Return the periods of the trend in order, with the authority's row or None where the file has no such period.

    A year that a yearly series skips is put back in, so that a line can never run across it unseen.
    """
    by_period = {row["period_id"]: row for row in marts.comparison[indicator["indicator_id"]]}
    held = [
        period_id
        for period_id, row in by_period.items()
        if any(row[name] is not None for name in ("value", "england_value", "region_value"))
    ]
    if not held:
        return []
    kind, end = period_parts(held[-1])
    _, start = period_parts(held[0])
    yearly = kind in ("year", "snapshot", "rolling3") and (start.month, start.day) == (end.month, end.day)
    order = years_between(held[0], held[-1]) if yearly else [p for p in by_period if held[0] <= p <= held[-1]]
    return [(period_id, by_period.get(period_id)) for period_id in order][-LONGEST_TREND:]


def comparability(marts: Marts, indicator: Row, period_id: str) -> str:
    """Return the comparability word of the authority's published value."""
    state = marts.published_state.get((indicator["indicator_id"], marts.authority, period_id))
    return state["comparability"] if state and state["comparability"] else "ok"


def line_breaks(marts: Marts, indicator: Row) -> dict[str, str]:
    """Return the periods that may not be compared with earlier ones, so begin a new line, with the words to print."""
    found = {
        row["period_id"]: "Not comparable with earlier periods."
        for row in marts.comparison.get(indicator["indicator_id"], [])
        if comparability(marts, indicator, row["period_id"]) == "break_before"
    }
    for row in marts.breaks.get(indicator["indicator_id"], []):
        if row["comparability"] == "break_before":
            found[row["first_period_id"]] = row["words"]
    return found


def is_empty(row: Row | None) -> bool:
    """Say whether a period has no published value for the authority, England or the region."""
    return row is None or all(row[name] is None for name in ("value", "england_value", "region_value"))


def trend_period(marts: Marts, indicator: Row, period_id: str, row: Row | None, breaks: dict[str, str]) -> TrendPeriod:
    """Return one period of the axis with what is to be drawn there."""
    if is_empty(row):
        state = "gap"
    else:
        state = "not_comparable" if comparability(marts, indicator, period_id) == "not_comparable" else "ok"
    return TrendPeriod(
        period_id=period_id,
        label=row["period_label"] if row else marts.label(period_id),
        axis_label=axis_words(period_id),
        state=state,
        is_break=period_id in breaks and state == "ok",
    )


def trend_figures(
    marts: Marts, indicator: Row, row: Row, core_cities_shown: CoreCitiesShown
) -> dict[str, tuple[Figure, str]]:
    """Return the five figures of one period with a note for each (`10 of 10`, the status), in the report's order."""
    own = shown(row["value"], indicator, row["value_status"])
    figures = {
        "authority": (
            figure_of(row, indicator, "value", row["value"], own, vintage_id=row["vintage_id"]),
            release_words("provisional") if row["release_status"] == "provisional" else "",
        )
    }
    states = {
        "england": marts.published_state.get((indicator["indicator_id"], ENGLAND, row["period_id"])),
        "region": region_state(marts, indicator["indicator_id"], row)[0],
    }
    for name, state in states.items():
        value = row[f"{name}_value"]
        printed = shown(value, indicator, state["value_status"] if state else None)
        vintage_id = state["vintage_id"] if state else None
        figures[name] = (figure_of(row, indicator, name, value, printed, vintage_id=vintage_id), "")
    for name, group in (("sn_average", None), ("core_cities", core_cities_shown)):
        mean, used, total, _ = mean_of(marts, row, core_cities_shown=group)
        members = f"{used} of {total}"
        if mean is None or not is_enough(used, total):
            figures[name] = (figure_of(row, indicator, name, None, members), "no mean printed")
        else:
            figures[name] = (figure_of(row, indicator, name, mean, shown(mean, indicator, None)), members)
    return figures


def looked_after_trend(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> FigureBlock | None:
    """Return the trend of the children looked after rate, None where it is not loaded."""
    indicator = first_held(marts, LOOKED_AFTER)
    return trend_block(marts, indicator, core_cities_shown=core_cities_shown) if indicator else None


def attainment_trend(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> FigureBlock | None:
    """Return the trend of the first attainment measure loaded, None where there is none."""
    indicator = first_held(marts, ATTAINMENT)
    return trend_block(marts, indicator, core_cities_shown=core_cities_shown) if indicator else None


def trend_block(marts: Marts, indicator: Row, *, core_cities_shown: CoreCitiesShown) -> FigureBlock:
    """Return the chart of one indicator with its title, alt text, data table and notes."""
    rows = trend_rows(marts, indicator)
    breaks = line_breaks(marts, indicator)
    periods = tuple(trend_period(marts, indicator, period_id, row, breaks) for period_id, row in rows)
    figures = [trend_figures(marts, indicator, row, core_cities_shown) if row else None for _, row in rows]
    region_name = region_state(marts, indicator["indicator_id"], last_value(rows))[1]
    names = {
        "authority": (marts.name, marts.name),
        "england": ("England", "England"),
        "region": (region_name, "Region"),
        "sn_average": ("Statistical neighbours", "Neighbours"),
        "core_cities": ("Core cities", "Core cities"),
    }

    def point(key: str, number: int) -> TrendPoint | None:
        found, row = figures[number], rows[number][1]
        if found is None or row is None or periods[number].state != "ok":
            return None
        figure = found[key][0]
        if figure.value is None:
            return None
        # DfE publishes all areas of a release together, so the authority's status is that of the period.
        return TrendPoint(figure.value, figure.printed, is_provisional=row["release_status"] == "provisional")

    lines = tuple(
        TrendLine(key, name, short, tuple(point(key, number) for number in range(len(rows))))
        for key, (name, short) in names.items()
    )
    trend = Trend(
        indicator["unit"],
        indicator["decimals"],
        periods,
        tuple(line for line in lines if any(found is not None for found in line.points)),
    )
    slug = f"trend-{indicator['indicator_id'].replace('_', '-')}"
    columns = (
        "Period",
        marts.name,
        "England",
        region_name,
        "Statistical neighbours, mean",
        f"Core cities, {core_city_words(marts, core_cities_shown)}",
        "Comparability",
    )
    first, last = periods[0], periods[-1]
    return FigureBlock(
        id=slug,
        title=reading(marts, indicator, rows),
        alt=alt_text(marts, indicator, rows, trend),
        source=source_words(marts, [row for _, row in rows if row]),
        period=f"{first.label} to {last.label}",
        table=trend_table(marts, indicator, periods, figures, columns, slug),
        trend=trend,
        notes=(*axis_notes(trend), *trend_notes(marts, indicator, periods, breaks)),
    )


def axis_notes(trend: Trend) -> tuple[str, ...]:
    """Return what the reader must know of the axes: where the values start, and the short names of narrow drawings."""
    low, _, tick = value_axis(trend)
    notes = []
    if low != 0:
        start = printed_value(low, unit=trend.unit, decimals=tick_decimals(tick))
        notes.append(f"The vertical axis starts at {start}, not at zero.")
    shortened = [f"{line.short_name}: {line.name}" for line in trend.lines if line.short_name != line.name]
    if shortened:
        notes.append(f"Short names in the chart: {'; '.join(shortened)}.")
    return tuple(notes)


def last_value(rows: list[tuple[str, Row | None]]) -> Row:
    """Return the newest row of the trend that holds a value of the authority."""
    return next(row for _, row in reversed(rows) if row is not None and row["value"] is not None)


def against_england(row: Row, indicator: Row) -> str:
    """Return `above England (67)`; compared unrounded, and not where the figure is provisional or missing."""
    value, england = row["value"], row["england_value"]
    if england is None:
        return ""
    printed = printed_value(england, unit=indicator["unit"], decimals=indicator["decimals"])
    if row["release_status"] == "provisional":
        return f"England {printed}"
    own = printed_value(value, unit=indicator["unit"], decimals=indicator["decimals"])
    if is_zero(value - england) or own == printed:
        return f"the same as England ({printed})"
    return f"{'above' if value > england else 'below'} England ({printed})"


def value_words(row: Row, indicator: Row) -> str:
    """Return the authority's value with its unit: `74%`, `85 per 10,000`."""
    printed = printed_value(row["value"], unit=indicator["unit"], decimals=indicator["decimals"])
    unit = UNIT_WORDS.get(indicator["unit"], "")
    return f"{printed} {unit.removeprefix('rate ')}" if unit.startswith("rate per") else printed


def reading(marts: Marts, indicator: Row, rows: list[tuple[str, Row | None]]) -> str:
    """Return the title: the newest value, its change and its place against England, each from the rows.

    A provisional figure is stated but compared with nothing.
    """
    row = last_value(rows)
    value = value_words(row, indicator)
    if " per " in indicator["indicator_name"]:
        value = printed_value(row["value"], unit=indicator["unit"], decimals=indicator["decimals"])
    text = f"{indicator['indicator_name']}: {marts.name} {value}"
    text += f" {on_or_in(row['period_id'], row['period_label'])}"
    provisional = row["release_status"] == "provisional"
    change = None if provisional else change_of(marts, row, indicator)
    if provisional:
        text += " (provisional)"
    elif change is not None:
        figure, direction, earlier = change
        moved = "no change" if direction == "no change" else figure.printed
        text += f", {moved} since {marts.label(earlier)}"
    england = against_england(row, indicator)
    if not england:
        return text
    return f"{text}; {england}" if provisional else f"{text}, {england}"


def comparable_ends(marts: Marts, indicator: Row, rows: list[tuple[str, Row | None]], trend: Trend) -> tuple[Row, Row]:
    """Return the first and the newest row that may be named side by side; the same twice where only one may.

    A break starts afresh, a period that is not comparable is passed over, a provisional figure stands alone.
    """
    last = last_value(rows)
    first = last
    if (
        last["release_status"] != "provisional"
        and comparability(marts, indicator, last["period_id"]) != "not_comparable"
    ):
        for period, (_, row) in reversed(list(zip(trend.periods, rows, strict=True))):
            if row is not None and row["value"] is not None and period.state == "ok":
                first = row
            if period.is_break:
                break
    return first, last


def alt_text(marts: Marts, indicator: Row, rows: list[tuple[str, Row | None]], trend: Trend) -> str:
    """Return the text alternative: kind of chart, measure, period, who is shown, the reading, where the data are."""
    first, last = comparable_ends(marts, indicator, rows, trend)
    start = f"Line chart: {indicator['indicator_name']}"
    span = f", {trend.periods[0].label} to {trend.periods[-1].label}."
    lines = f" Lines: {', '.join(line.name for line in trend.lines)}."
    england = f"; {against_england(last, indicator)}" if last["england_value"] is not None else ""
    earlier = f"{value_words(first, indicator)} ({first['period_label']}) and " if first is not last else ""
    latest = last["period_label"] + (", provisional" if last["release_status"] == "provisional" else "")
    message = f" {marts.name} {earlier}{value_words(last, indicator)} ({latest}){england}."
    empty = [period.label for period in trend.periods if period.state == "gap"]
    gap = f" No results published for {listed(empty)}." if empty else ""
    table = " The data are in the table that follows."
    text = start + span
    for part in (message, table, lines, gap):
        if len(text) + len(part) <= LONGEST_ALT:
            text += part
    return text[:LONGEST_ALT]


def source_words(marts: Marts, rows: list[Row]) -> str:
    """Return publisher and release of the files that hold the authority's values of the trend."""
    used = {row["vintage_id"] for row in rows if row["value"] is not None}
    named = {
        f"{source_name(found['source_id'])}, release {found['release']}"
        for found in marts.source_files
        if found["vintage_id"] in used
    }
    return "; ".join(sorted(named)) or "; ".join(sorted(str(vintage) for vintage in used if vintage)) or "not recorded"


SOURCE_NAMES = {
    "lait": "Department for Education, Local Authority Interactive Tool",
    "ees": "Department for Education, Explore Education Statistics",
    "population": "Office for National Statistics, mid-year population estimates",
    "ssda903": "Children looked after return (SSDA903) of the council",
    "council": "Figures that the council supplies itself (council measures)",
}


def source_name(source_id: str | None) -> str:
    """Return the publisher's name of a source, its id where the report has no name for it."""
    return SOURCE_NAMES.get(source_id or "", source_id or "source not given")


def trend_notes(
    marts: Marts, indicator: Row, periods: tuple[TrendPeriod, ...], breaks: dict[str, str]
) -> tuple[str, ...]:
    """Return the notes under the chart: gaps, periods left out, breaks, provisional points."""
    notes = []
    empty = [period.label for period in periods if period.state == "gap"]
    if empty:
        notes.append(f"{NO_RESULTS} for {listed(empty)}: the lines stop there and are not joined across.")
    left_out = [period.label for period in periods if period.state == "not_comparable"]
    if left_out:
        notes.append(
            f"{listed(left_out)}: figures exist but cannot be compared with other years; "
            "they are in the table and not drawn."
        )
    labels = {period.period_id: period.label for period in periods}
    explained: dict[str, list[str]] = {}
    for row in marts.breaks.get(indicator["indicator_id"], []):
        if row["first_period_id"] in labels:
            explained.setdefault(row["words"], []).append(labels[row["first_period_id"]])
    for period_id, words in breaks.items():
        if period_id in labels and words not in explained:
            explained[words] = [labels[period_id]]
    notes += [f"{listed(found)}: {words}" for words, found in explained.items()]
    held = {row["period_id"]: row for row in marts.comparison[indicator["indicator_id"]]}
    provisional = [
        period.label
        for period in periods
        if period.period_id in held and held[period.period_id]["release_status"] == "provisional"
    ]
    if provisional:
        notes.append(f"Hollow points and (p): provisional figures ({listed(provisional)}) that may change.")
    versions = {row["sn_group_version"] for row in held.values() if row["sn_group_version"]}
    for version in sorted(versions):
        group = marts.groups.get(("statistical_neighbours", version), {})
        notes.append(
            f"Neighbour list used for every period: {group.get('group_name') or version}. "
            "Members without a figure in a period are left out of its mean."
        )
    return tuple(notes)


COMPARABILITY_WORDS = {
    "ok": "comparable",
    "break_before": "not comparable with earlier periods",
    "not_comparable": "not comparable with other periods",
    "not_collected": "not collected",
}


def trend_table(
    marts: Marts,
    indicator: Row,
    periods: tuple[TrendPeriod, ...],
    figures: list[dict[str, tuple[Figure, str]] | None],
    columns: tuple[str, ...],
    slug: str,
) -> Table:
    """Return the data of the chart, every period of its axis, missing ones with their reason."""
    rows = []
    for period, found in zip(periods, figures, strict=True):
        flag = COMPARABILITY_WORDS.get(comparability(marts, indicator, period.period_id), "see notes")
        if period.state == "gap":
            cells = [Cell(NO_RESULTS.lower(), is_number=True) for _ in range(5)]
            flag = COMPARABILITY_WORDS["not_collected"] if flag == "comparable" else flag
        else:
            cells = [
                Cell(figure.printed, notes=(note,) if note else (), is_number=True, figures=(figure,))
                for figure, note in (found or {}).values()
            ]
        rows.append((Cell(period.label), *cells, Cell(flag)))
    unit = UNIT_WORDS.get(indicator["unit"], indicator["unit"])
    return Table(f"{slug}-table", f"{indicator['indicator_name']} ({unit}): data of the chart", columns, tuple(rows))
