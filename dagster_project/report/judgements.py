"""What the mart `judgement` says of a figure, in print: one mark for each judgement, a word and a shape."""

from __future__ import annotations

from dagster_project.report.blocks import Mark
from dagster_project.report.rows import Marts, Row
from dagster_project.report.words import printed_value, rounded

NOT_TESTED = "not tested"
TOO_FEW = "too few to judge"

# Why a judgement is not tested, or not made: words of the mart, as printed.
REASONS = {
    "no_interval": "no counts loaded",
    "base_differs": "the counts loaded do not give this figure",
    "no_england_value": "no England figure",
    "below_minimum_base": "too few children",
    "too_few_authorities": "too few authorities have counts",
    "outside_the_set": "no authority of today",
    "provisional": "provisional: may change, not judged",
}
SHAPES = {
    "better": "better",
    "worse": "worse",
    "similar": "similar",
    "higher": "other",
    "lower": "other",
    "within the expected range": "similar",
}


def reason_words(reason: str | None) -> str | None:
    """Return the printed reason, None where the judgement is tested."""
    return REASONS.get(reason, reason.replace("_", " ")) if reason else None


def mark_of(judgement: Row, *details: str) -> Mark:
    """Return the mark of a judgement: its word with the details, or that it is not made and why."""
    word, reason = judgement["word"], reason_words(judgement["reason"])
    if word in (NOT_TESTED, TOO_FEW):
        return Mark("open", f"{word}: {reason}" if reason and word == NOT_TESTED else word)
    return Mark(SHAPES.get(judgement["meaning"] or word, "other"), "; ".join((word, *details)))


def interval_words(judgement: Row | None, indicator: Row) -> str | None:
    """Return `95% interval 44.1% to 48.9%`, None where there is no interval."""
    if judgement is None or judgement["inputs"] is None:
        return None
    lower, upper = judgement["inputs"]["lower"], judgement["inputs"]["upper"]
    if lower is None or upper is None:
        return None
    # A whole number cannot say how far a figure could differ by chance, so an interval has a decimal more.
    decimals = max(indicator["decimals"], 1)
    low, high = (printed_value(limit, unit=indicator["unit"], decimals=decimals) for limit in (lower, upper))
    return f"95% interval {low} to {high}"


def england_mark(marts: Marts, row: Row, indicator: Row, *, with_interval: bool = True) -> tuple[Mark, ...]:
    """Return better, similar or worse than England with the authority's interval; nothing where it is not judged."""
    judgement = marts.judgement(row, "against_england", "england")
    if judgement is None:
        return ()
    interval = interval_words(judgement, indicator) if with_interval else None
    return (mark_of(judgement, *(part for part in (interval,) if part)),)


def unusual_mark(marts: Marts, row: Row) -> tuple[Mark, ...]:
    """Return whether the authority is unusual among all, with how many are and how many chance alone would flag.

    Nothing where it is not tested for the reason that stands beside the England figure.
    """
    judgement = marts.judgement(row, "unusual", "authorities")
    if judgement is None:
        return ()
    england = marts.judgement(row, "against_england", "england")
    if judgement["reason"] and england is not None and england["reason"] == judgement["reason"]:
        return ()  # the England figure says already that nothing is tested, and why
    inputs = judgement["inputs"] or {}
    if inputs.get("flagged") is None or inputs.get("expected_false_alarms") is None:
        return (mark_of(judgement),)
    chance = rounded(inputs["expected_false_alarms"], 0)
    return (mark_of(judgement, f"{inputs['flagged']} of {inputs['authorities']} unusual, about {chance} by chance"),)


def target_mark(marts: Marts, row: Row, indicator: Row) -> tuple[Mark, ...]:
    """Return green, amber or red against the council's own target; nothing where it supplied none."""
    judgement = marts.judgement(row, "against_target", "target")
    if judgement is None or not judgement["inputs"]:
        return ()
    target = printed_value(
        judgement["inputs"]["reference_value"], unit=indicator["unit"], decimals=indicator["decimals"]
    )
    return (Mark("other", f"{judgement['word']} against the target of {target}"),)


def place_mark(marts: Marts, row: Row, group_id: str) -> tuple[Mark, ...]:
    """Return the place of the authority in a group by value; it says nothing of significance."""
    judgement = marts.judgement(row, "place_in_group", group_id)
    return () if judgement is None else (Mark("place", judgement["word"]),)
