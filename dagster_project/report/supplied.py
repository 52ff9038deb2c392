"""The tables of what the council supplies itself: its figure, others beside it, where it is from, whose it is."""

from __future__ import annotations

from dataclasses import replace

from dagster_project.report.blocks import Block, Cell, Note, Table
from dagster_project.report.headline import (
    COUNT_MEAN,
    figure_of,
    indicator_cell,
    is_enough,
    number_cell,
    reason_cell,
    shown,
)
from dagster_project.report.judgements import target_mark
from dagster_project.report.rows import SUPPLIED_GROUP, Marts, Row
from dagster_project.report.words import release_words

NOT_GIVEN = "not given"
NO_OTHERS = "no figures of other authorities supplied"


def supplied_blocks(marts: Marts, indicators: list[Row], *, slug: str, title: str) -> tuple[Block, ...]:
    """Return the table of one section's figures that the council supplies, and how to read it; else nothing."""
    rows = tuple(
        supplied_row(marts, row, indicator)
        for indicator in indicators
        for row in newest_supplied(marts, indicator["indicator_id"])
    )
    if not rows:
        return ()
    columns = (
        "Indicator",
        "Period and status",
        marts.name,
        "Other authorities, mean",
        "Where it is from",
        "Who answers for it",
    )
    return (
        Table(f"{slug}-supplied-table", f"{title}: supplied by the council, {marts.name}", columns, rows),
        Note(
            f"{slug}-supplied-note",
            "Figures that the council supplies itself. The mean gives every other authority whose figures it holds the "
            "same weight; “3 of 4” says how many of them had a figure, and below two thirds no mean is printed. These "
            "figures take part in no other mean and in no rank.",
        ),
    )


def newest_supplied(marts: Marts, indicator_id: str) -> list[Row]:
    """Return the newest supplied figure of each status, in-year first, whether or not it holds a number."""
    newest: dict[str, Row] = {}
    for row in marts.local.get(indicator_id, []):
        if row["source_kind"] == "council":
            newest.setdefault(row["release_status"], row)
    return [newest[status] for status in sorted(newest)]


def supplied_row(marts: Marts, row: Row, indicator: Row) -> tuple[Cell, ...]:
    """Return the table row of a figure that the council supplies."""
    figure = figure_of(
        row, indicator, "council", row["value"], shown(row["value"], indicator, row["value_status"]),
        source_kind="council", vintage_id=row["vintage_id"],
    )  # fmt: skip
    # A judgement of the same period is of the published figure, where there is one.
    is_published = row["indicator_id"] in marts.comparison
    words = marts.supplied_words.get((row["indicator_id"], row["period_id"], row["vintage_id"]), {})
    return (
        indicator_cell(indicator),
        Cell(row["period_label"], notes=(release_words(row["release_status"]),)),
        replace(number_cell(figure), marks=() if is_published else target_mark(marts, row, indicator)),
        others_cell(marts, row, indicator),
        Cell(words.get("source") or NOT_GIVEN),
        Cell(words.get("owner") or NOT_GIVEN),
    )


def others_cell(marts: Marts, row: Row, indicator: Row) -> Cell:
    """Return the mean of the other authorities with `n of N`; of a count, or below two thirds of them, only that."""
    found = marts.comparator_values.get((row["indicator_id"], row["period_id"], f"{SUPPLIED_GROUP}/1"))
    if found is None:
        return reason_cell(NO_OTHERS)
    used, total = found["members_used"] or 0, found["members_total"] or 0
    members = f"{used} of {total}"

    def cell(value: float | None, printed: str, note: str) -> Cell:
        return number_cell(figure_of(row, indicator, "council_others", value, printed, source_kind="council"), note)

    if indicator["unit"] == "count":
        return cell(None, members, COUNT_MEAN)
    if found["value"] is None or not is_enough(used, total):
        return cell(None, members, "too few authorities with a figure" if used else "no authority has a figure")
    return cell(found["value"], shown(found["value"], indicator, None), members)
