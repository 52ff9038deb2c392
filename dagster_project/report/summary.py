"""The summary of an edition: its main points in sentences, what needs attention, what improves, how far it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dagster_project.report.blocks import Block, BulletList, Cell, Figure, Heading, Paragraph, Table
from dagster_project.report.headline import (
    CoreCitiesShown,
    blocks_comparison,
    change_cell,
    change_of,
    comparability_of,
    figure_of,
    first_since,
    indicator_cell,
    latest_row,
    marked,
    mean_cell,
    published_cell,
    rank_cell,
    reason_cell,
    travel_of,
    value_cell,
)
from dagster_project.report.judgements import NOT_TESTED, TOO_FEW, england_mark, interval_words
from dagster_project.report.rows import Marts, Row
from dagster_project.report.status import check_statement
from dagster_project.report.words import (
    UNIT_WORDS,
    amount,
    date_words,
    direction_of,
    listed,
    on_or_in,
    release_words,
    rounded,
)

Sentence = tuple[str, tuple[Figure, ...]]

LOOKED_AFTER_NUMBER = "cla_31_march"
LOOKED_AFTER_RATE = "cla_31_march_rate"
ASYLUM_NUMBER = "uasc_31_march"
LONGEST_SPAN_YEARS = 2
# The other measures: early years, reading, attainment and progress, attendance, young people's destinations.
SUMMARY_MEASURES = ("eyfsp_gld", "ks2_reading_exp", "ks4_att8", "ks4_p8", "abs_overall", "neet_nk_pct")

LIST_TITLES = {"attention": "Areas that need attention", "improving": "Areas that improve against other authorities"}

KIND_WORDS = {
    "academic": "academic years",
    "financial": "financial years",
    "calendar": "calendar years",
    "snapshot": "figures of one day",
}


def summary_blocks(marts: Marts, *, core_cities_shown: CoreCitiesShown) -> tuple[Block, ...]:
    """Return the main points: how far the edition reaches, a sentence or two for each summary measure, both lists."""
    found = [looked_after_sentences(marts), asylum_sentences(marts)]
    sentences = [sentence for sentence in found if sentence is not None]
    indicators = {indicator["indicator_id"]: indicator for indicator in marts.indicators}
    for indicator_id in SUMMARY_MEASURES:
        row = latest_row(marts, indicator_id)
        if indicator_id in indicators and row is not None:
            sentences.append(measure_sentence(marts, row, indicators[indicator_id], core_cities_shown))
    points: tuple[Block, ...] = ()
    if sentences:
        texts = tuple(text for text, _ in sentences)
        figures = tuple(figure for _, figures in sentences for figure in figures)
        points = (BulletList("main-points-list", texts, figures),)
    return (
        Heading("main-points", 2, "Main points"),
        Paragraph("edition-scope", scope_words(marts)),
        *points,
        *list_blocks(marts, "attention"),
        *list_blocks(marts, "improving"),
        Heading("data-quality", 3, "How far the data can be trusted"),
        Paragraph("data-quality-coverage", coverage_sentence(marts)),
        Paragraph("data-quality-checks", check_statement(marts.checks)),
    )


def neighbour_list_words(marts: Marts, version: str | None) -> str:
    """Return name and version of a neighbour list, or that none is loaded."""
    if version is None:
        return "none loaded"
    group = marts.groups.get(("statistical_neighbours", version), {})
    return f"{group.get('group_name') or 'Statistical neighbours'}, version {version}"


def scope_words(marts: Marts) -> str:
    """Return the neighbour list the edition uses and, where it is cut, the last day of each kind of period."""
    words = f"Neighbour list: {neighbour_list_words(marts, marts.edition['neighbours'])}."
    if not marts.is_cut:
        return words
    limits: dict[str, set[str]] = {}
    for indicator in marts.indicators:
        limit = marts.scope[indicator["indicator_id"]]["period_limit"]
        kind = str(indicator["year_type"]).partition("_")[0]
        if limit is not None and kind in KIND_WORDS:
            limits.setdefault(KIND_WORDS[kind], set()).add(date_words(limit))
    reach = [f"{kind} to {listed(sorted(limits[kind]))}" for kind in KIND_WORDS.values() if kind in limits]
    return (
        f"{words} Values are as published in the vintages held, which may have been revised since they first came out; "
        f"periods up to: {listed(reach)}."
    )


def looked_after_sentences(marts: Marts) -> Sentence | None:
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
    return text + judged_words(marts, rate_row), tuple(figures)


def asylum_sentences(marts: Marts) -> Sentence | None:
    """Return how much of the change in children looked after is unaccompanied children, over a span and the last year.

    The span ends with the edition's latest snapshot and is up to two years long; every year of it has both figures.
    None where there is no such pair, or where the figures are provisional or may not be compared.
    """
    indicators = {indicator["indicator_id"]: indicator for indicator in marts.indicators}
    latest = latest_row(marts, LOOKED_AFTER_NUMBER)
    if latest is None or not {LOOKED_AFTER_NUMBER, ASYLUM_NUMBER} <= set(indicators):
        return None
    pairs = span_of(marts, latest)
    if len(pairs) < 2:
        return None
    all_children = [pair[0] for pair in pairs]
    unaccompanied = [pair[1] for pair in pairs]
    figures: list[Figure] = []
    for indicator_id, rows in ((LOOKED_AFTER_NUMBER, all_children), (ASYLUM_NUMBER, unaccompanied)):
        figures += [figure for row in rows for figure in value_cell(marts, row, indicators[indicator_id]).figures]

    def change(indicator_id: str, rows: Sequence[Row]) -> int:
        first, last = rows[0], rows[-1]
        difference = round(last["value"] - first["value"])
        name = f"change_since_{first['period_end'].isoformat()}"
        printed = rounded(abs(difference), 0)
        figures.append(figure_of(last, indicators[indicator_id], name, float(difference), printed))
        return difference

    total, part = change(LOOKED_AFTER_NUMBER, all_children), change(ASYLUM_NUMBER, unaccompanied)
    numbers = [f"{rounded(row['value'], 0)} {on_or_in(row['period_id'], row['period_label'])}" for row in all_children]
    parts = [rounded(row["value"], 0) for row in unaccompanied]
    text = (
        f"Children looked after numbered {listed(numbers)}: {step_words(total)}. "
        f"Unaccompanied asylum-seeking children among them numbered {listed(parts)}: {split_words(total, part)}."
    )
    if len(pairs) > 2:
        total, part = change(LOOKED_AFTER_NUMBER, all_children[-2:]), change(ASYLUM_NUMBER, unaccompanied[-2:])
        joined = "and" if (total > 0) == (part > 0) and (total < 0) == (part < 0) else "while"
        text += (
            f" In the last year children looked after {moved_words(total)}, {joined} unaccompanied asylum-seeking "
            f"children {moved_words(part)}."
        )
    return text, tuple(figures)


def span_of(marts: Marts, latest: Row) -> list[tuple[Row, Row]]:
    """Return the yearly pairs of all and unaccompanied children up to the latest snapshot, oldest first."""
    series = []
    for indicator_id in (LOOKED_AFTER_NUMBER, ASYLUM_NUMBER):
        rows = marts.comparison.get(indicator_id, [])
        series.append({row["period_end"]: row for row in rows if row["value"] is not None})
    pairs: list[tuple[Row, Row]] = []
    for back in range(LONGEST_SPAN_YEARS + 1):
        end = latest["period_end"].replace(year=latest["period_end"].year - back)
        if not all(end in rows for rows in series):
            break
        pair = (series[0][end], series[1][end])
        if any(row["release_status"] == "provisional" for row in pair):
            break
        if pairs and any(
            blocks_comparison(marts, row["indicator_id"], row["period_id"], last["period_id"])
            for row, last in zip(pair, pairs[-1], strict=True)
        ):
            break
        pairs.insert(0, pair)
    return pairs


def step_words(change: int) -> str:
    """Return `a rise of 171`, `a fall of 3` or `no change`."""
    if change == 0:
        return "no change"
    return f"a {'rise' if change > 0 else 'fall'} of {rounded(abs(change), 0)}"


def moved_words(change: int) -> str:
    """Return `rose by 171`, `fell by 3` or `did not change`."""
    if change == 0:
        return "did not change in number"
    return f"{'rose' if change > 0 else 'fell'} by {rounded(abs(change), 0)}"


def split_words(total: int, part: int) -> str:
    """Return the change of a part beside that of the whole: how much of it, or that they moved against each other."""
    step, others = step_words(part), total - part
    if total == 0:
        return step if part == 0 else f"{step}, while other children looked after {moved_words(others)}"
    whole = f"the {'rise' if total > 0 else 'fall'} of {rounded(abs(total), 0)}"
    if part == 0:
        return f"{step}, so none of {whole}"
    if (part > 0) != (total > 0):
        return f"{step}, while other children looked after {moved_words(others)}"
    if abs(part) > abs(total):
        return f"{step}, more than {whole}: other children looked after {moved_words(others)}"
    return f"{step}, so {rounded(abs(part), 0)} of {whole}"


def judged_words(marts: Marts, row: Row) -> str:
    """Return the tested judgements of a figure as a sentence of their own, nothing where there is none."""
    said = [
        f"{words}: {judgement['word']}"
        for words, judgement in (
            ("against England", marts.judgement(row, "against_england", "england")),
            ("among all authorities", marts.judgement(row, "unusual", "authorities")),
        )
        if judgement is not None and judgement["word"] not in (NOT_TESTED, TOO_FEW)
    ]
    sentence = "; ".join(said)
    return f" {sentence[0].upper()}{sentence[1:]}." if said else ""


def beside_words(
    marts: Marts, row: Row, indicator: Row, core_cities_shown: CoreCitiesShown
) -> tuple[str, tuple[Figure, ...]]:
    """Return `above England (45.4%) and ...; below ...` for the comparators of the same period, unrounded compared."""
    england = published_cell(marts, row, indicator, which="england")
    region = published_cell(marts, row, indicator, which="region")
    cells = {
        "England": england if not england.notes else None,
        marts.region_name: region if not region.notes else None,
        "the mean of statistical neighbours": mean_cell(marts, row, indicator, core_cities_shown=None),
        "the mean of core cities": mean_cell(marts, row, indicator, core_cities_shown=core_cities_shown),
    }
    sides: dict[str, list[str]] = {}
    figures: list[Figure] = []
    for name, cell in cells.items():
        if cell is None or not cell.figures or cell.figures[0].value is None:
            continue
        direction = direction_of(row["value"] - cell.figures[0].value, indicator["decimals"])
        side = {"up": "above", "down": "below", "no change": "level with"}[direction]
        sides.setdefault(side, []).append(f"{name} ({cell.text})")
        figures += cell.figures
    return "; ".join(f"{side} {listed(names)}" for side, names in sides.items()), tuple(figures)


def measure_sentence(marts: Marts, row: Row, indicator: Row, core_cities_shown: CoreCitiesShown) -> Sentence:
    """Return measure, place, period, value, what it may be compared with, change, comparison and judgement."""
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
    if row["release_status"] == "provisional":
        return f"{text} (provisional, not compared here).", tuple(figures)
    state, earlier = comparability_of(marts, row), first_since(marts, row)
    if state == "break_before":
        text += ", a new series, not comparable with earlier periods"
    elif state == "not_comparable":
        text += ", not comparable with other periods"
    elif earlier:
        text += f", the first figure since {earlier}"
    travel = travel_of(marts, row, indicator)
    if travel is not None:
        text += f", {travel.text} since {marts.label(travel.earlier)}"
        qualifiers = [travel.figure.printed] if travel.is_size_apart and travel.figure.printed != "no change" else []
        qualifiers += travel.qualifiers
        text += f" ({', '.join(qualifiers)})" if qualifiers else ""
        figures.append(travel.figure)
    beside, compared = beside_words(marts, row, indicator, core_cities_shown)
    if beside:
        text += f"; {beside}"
        figures += compared
    return f"{text}.{judged_words(marts, row)}", tuple(figures)


def list_blocks(marts: Marts, name: str) -> tuple[Block, ...]:
    """Return one list of the summary with its rule and, beside each measure, gap to England, change and interval."""
    heading = Heading(name, 3, LIST_TITLES[name])
    chosen = marts.attention.get(name, [])
    indicators = {indicator["indicator_id"]: indicator for indicator in marts.indicators}
    if not chosen:
        return heading, Paragraph(f"{name}-none", "No measure of this report qualifies by the rule.")
    rows = []
    for entry in chosen:
        indicator = indicators[entry["indicator_id"]]
        by_period = {row["period_id"]: row for row in marts.comparison[entry["indicator_id"]]}
        row = by_period[entry["period_id"]]
        rows.append(
            (
                indicator_cell(indicator),
                Cell(row["period_label"], notes=(release_words(row["release_status"]),)),
                value_with_interval(marts, row, indicator),
                place_cell(marts, row, indicator, by_period.get(entry["earlier_period_id"])),
                gap_cell(marts, row, indicator, entry["gap_to_england"]),
                change_cell(marts, row, indicator),
            )
        )
    columns = (
        "Measure",
        "Period and status",
        marts.name,
        "Rank of authorities (1 is best)",
        "Gap to England",
        "Change since the last comparable period",
    )
    return (
        heading,
        Paragraph(f"{name}-rule", chosen[0]["words"]),
        Table(f"{name}-table", f"{LIST_TITLES[name]}, {marts.name}", columns, tuple(rows), layout="listed"),
    )


def value_with_interval(marts: Marts, row: Row, indicator: Row) -> Cell:
    """Return the authority's figure with its interval, where there is one."""
    cell = value_cell(marts, row, indicator)
    interval = interval_words(marts.judgement(row, "against_england", "england"), indicator)
    return replace(cell, notes=(*cell.notes, interval)) if interval else cell


def place_cell(marts: Marts, row: Row, indicator: Row, earlier: Row | None) -> Cell:
    """Return the rank with the one that the rule compares it with."""
    cell = rank_cell(marts, row, indicator)
    if earlier is None:
        return cell
    former = rank_cell(marts, earlier, indicator).figures[0]
    note = f"{former.printed} {on_or_in(earlier['period_id'], earlier['period_label'])}"
    return replace(cell, notes=(note, *cell.notes), figures=(*cell.figures, former))


def gap_cell(marts: Marts, row: Row, indicator: Row, gap: float | None) -> Cell:
    """Return how far the authority lies above or below England in its latest period."""
    if gap is None:
        return reason_cell("no England figure", is_number=False)
    size = amount(gap, unit=indicator["unit"], decimals=indicator["decimals"])
    side = {"up": f"{size} above", "down": f"{size} below", "no change": "level"}[
        direction_of(gap, indicator["decimals"])
    ]
    england = published_cell(marts, row, indicator, which="england")
    figure = figure_of(row, indicator, "gap_to_england", gap, side)
    cell = Cell(side, notes=(f"England {england.text}",), figures=(figure, *england.figures))
    return marked(cell, england_mark(marts, row, indicator, with_interval=False), indicator)


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
