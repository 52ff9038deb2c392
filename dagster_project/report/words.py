"""How a number, a period, a status or a difference is put in print. No SQL, no HTML."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

# Binary noise of stored means and differences (74.99999999999999) is taken off here before rounding,
# the precision at which live ranks compare too; otherwise half up would turn on the last bit of a double.
NOISE = Decimal("0.000000001")

UNIT_WORDS = {
    "count": "number",
    "percent": "percentage",
    "rate_per_100": "rate per 100",
    "rate_per_1000": "rate per 1,000",
    "rate_per_10k": "rate per 10,000",
    "rate_per_100k": "rate per 100,000",
    "score": "score",
    "mean": "mean",
    "days": "days",
    "currency": "pounds",
}

POLARITY_WORDS = {
    "high": "higher is better",
    "low": "lower is better",
    "neutral": "neither high nor low is better",
}

# Words of the data contract for a missing value, as printed: symbol in brackets, then what it means.
MISSING_WORDS = {
    "suppressed": "[c] suppressed",
    "not_applicable": "[z] not applicable",
    "not_available": "[x] not available",
    "rounds_to_zero": "[low] rounds to zero but is not zero",
    "low_reliability": "[u] low reliability",
    "legacy_missing": "reason not given",
    "empty_denominator": "no children in the group",
    "source_missing": "source missing",
    "unknown_code": "code not recognised",
}

RELEASE_WORDS = {
    "local_in_year": "local, in-year snapshot",
    "local_provisional": "local, provisional",
    "provisional": "provisional (p)",
    "revised": "revised",
    "final": "final",
    "published": "published",
}

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip


def rounded(value: float, decimals: int) -> str:
    """Return `value` rounded half up (away from zero on a tie), thousands by commas, never `-0`."""
    exact = Decimal(repr(float(value))).quantize(NOISE, rounding=ROUND_HALF_UP)
    shown = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{abs(shown) if shown == 0 else shown:,f}"


def printed_value(value: float, *, unit: str, decimals: int) -> str:
    """Return a value with its sign of percentage or pounds; other units stand in the row's header."""
    number = rounded(value, decimals)
    if unit == "percent":
        return f"{number}%"
    if unit == "currency":
        return f"-£{number[1:]}" if number.startswith("-") else f"£{number}"
    return number


def missing_words(value_status: str | None) -> str:
    """Return the printed reason of a missing value; a status without words of its own is printed as it is."""
    if value_status is None or value_status == "ok":
        return "not held"
    return MISSING_WORDS.get(value_status, value_status.replace("_", " "))


def release_words(release_status: str | None) -> str:
    """Return the printed release status, `status not given` where there is none."""
    if not release_status:
        return "status not given"
    return RELEASE_WORDS.get(release_status, release_status.replace("_", " "))


def is_zero(difference: float) -> bool:
    """Say whether a difference is nothing but binary noise."""
    return Decimal(repr(float(difference))).quantize(NOISE, rounding=ROUND_HALF_UP) == 0


def amount(difference: float, *, unit: str, decimals: int) -> str:
    """Return the size of a difference without its sign, in the words of its unit (percentage points)."""
    number = rounded(abs(difference), decimals)
    if unit == "percent":
        return f"{number} percentage point" if number == "1" else f"{number} percentage points"
    return f"£{number}" if unit == "currency" else number


def direction_of(difference: float, decimals: int) -> str:
    """Return `up`, `down` or `no change`; a change that rounds to zero at the printed decimals is no change."""
    if is_zero(difference) or Decimal(rounded(abs(difference), decimals).replace(",", "")) == 0:
        return "no change"
    return "up" if difference > 0 else "down"


def judgement_of(direction: str, polarity: str) -> str | None:
    """Return `improving` or `worsening` for a measure with a good direction, None for any other."""
    good = {"high": "up", "low": "down"}.get(polarity)
    if good is None or direction == "no change":
        return None
    return "improving" if direction == good else "worsening"


def date_words(date: dt.date) -> str:
    """Return a date as `31 March 2025`."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def period_parts(period_id: str) -> tuple[str, dt.date]:
    """Split `snapshot_2025-03-31` into its kind and its last day."""
    kind, _, end = period_id.rpartition("_")
    return kind, dt.date.fromisoformat(end)


def period_words(period_id: str) -> str:
    """Return the label of a period that no row of the published file names (a year without results)."""
    kind, end = period_parts(period_id)
    if kind == "rolling3":
        return f"{end.year - 2} to {end.year}"
    if kind == "year":
        # Academic years are written 2024/25, financial years 2024-25, as the labels of the published file are.
        between = {8: "/", 3: "-"}.get(end.month)
        return f"{end.year - 1}{between}{end.year % 100:02d}" if between else str(end.year)
    return f"January {end.year}" if kind == "snapshot" and end.month == 1 else date_words(end)


def axis_words(period_id: str) -> str:
    """Return the short form of a period for a chart axis: `2025` for a snapshot, `2024/25` for a year."""
    kind, end = period_parts(period_id)
    return str(end.year) if kind == "snapshot" else period_words(period_id)


def on_or_in(period_id: str, label: str) -> str:
    """Return `on 31 March 2025` for a snapshot, `in 2024/25` for any other period."""
    return f"on {label}" if period_parts(period_id)[0] == "snapshot" else f"in {label}"


def count_words(number: int, one: str, many: str) -> str:
    """Return `1 check`, `1,204 checks`."""
    return f"{number:,} {one if number == 1 else many}"


def listed(names: list[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
