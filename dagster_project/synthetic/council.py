"""What an invented council knows of itself and of authorities near to it: two months of council measures."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from dagster_project.synthetic.places import LAST_MID_YEAR, Authority, Population, rounded, stream

MEASURE_COLUMNS = (
    "indicator_id",
    "area_code",
    "period_start",
    "period_end",
    "breakdown_type",
    "breakdown_value",
    "value",
    "numerator",
    "denominator",
    "value_status",
    "source",
    "owner",
)
MONTHS = ("2025-02", "2025-10")
#: Authorities that the council exchanges figures with: so many of its nearest.
OTHERS = 4

_JANUARY, _OCTOBER = dt.date(2025, 1, 31), dt.date(2025, 10, 2)
_YEAR, _HALF_YEAR = (dt.date(2024, 4, 1), dt.date(2025, 3, 31)), (dt.date(2025, 4, 1), dt.date(2025, 9, 30))
#: Children in 10,000 residents aged 0 to 17.
_IN_10_000 = {"elective_home_education": 85, "children_missing_education": 24}
_TAKE_UP = {2: 0.78, 3: 0.93, 4: 0.96}
_SOURCE = {
    "elective_home_education": ("Register of elective home education", "Inclusion team"),
    "children_missing_education": ("Register of children missing education", "Inclusion team"),
    "early_education": ("Headcount of funded early education", "Early years team"),
    "slt": ("Referral system of the community health trust", "Early years team"),
}
_EXCHANGED = ("Exchange of figures between authorities", "Performance team")

Row = tuple[object, ...]


def measure_rows(
    seed: int,
    authorities: Sequence[Authority],
    population: Population,
    *,
    month: str,
    subject: int,
    near: Sequence[int],
) -> list[Row]:
    """Return the rows of one month's file.

    The later month corrects a figure of the earlier one and reaches further. One authority withholds a count (symbol
    c), one is written by its DfE number.

    Args:
        seed: Seed of the demonstration.
        authorities: All authorities.
        population: Residents aged 0 to 17.
        month: One of `MONTHS`.
        subject: DfE number of the council.
        near: DfE numbers of the authorities nearest to it.
    """
    codes = {authority.number: authority.ees_code for authority in authorities}
    others = list(near)[:OTHERS]
    codes[others[1]] = str(others[1])
    rows = _early_month if month == MONTHS[0] else _late_month
    return list(rows(seed, population, codes, subject, others))


def _early_month(
    seed: int, population: Population, codes: Mapping[int, str], subject: int, others: Sequence[int]
) -> Iterator[Row]:
    for indicator in _IN_10_000:
        yield _count(seed, population, codes, indicator, subject, _JANUARY)
    for number in others[:2]:
        yield _count(seed, population, codes, "elective_home_education", number, _JANUARY, source=_EXCHANGED)
    for age in _TAKE_UP:
        yield _take_up(seed, population, codes, age, subject)
    for number in others[:3]:
        yield _take_up(seed, population, codes, 2, number, source=_EXCHANGED)


def _late_month(
    seed: int, population: Population, codes: Mapping[int, str], subject: int, others: Sequence[int]
) -> Iterator[Row]:
    # Children who came to be known later: the figure of January is corrected.
    yield _count(seed, population, codes, "elective_home_education", subject, _JANUARY, more=3)
    for indicator in _IN_10_000:
        yield _count(seed, population, codes, indicator, subject, _OCTOBER)
        for number in others[:-1]:
            yield _count(seed, population, codes, indicator, number, _OCTOBER, source=_EXCHANGED)
    yield (
        "elective_home_education", codes[others[-1]], _OCTOBER, _OCTOBER, "", "", "c", "", "", "suppressed",
        *_EXCHANGED,
    )  # fmt: skip
    for period in (_YEAR, _HALF_YEAR):
        yield _wait(seed, population, codes, subject, period)
    for number in others[:-1]:
        yield _wait(seed, population, codes, number, _HALF_YEAR, source=_EXCHANGED)


def _count(
    seed: int,
    population: Population,
    codes: Mapping[int, str],
    indicator: str,
    number: int,
    day: dt.date,
    *,
    more: int = 0,
    source: tuple[str, str] | None = None,
) -> Row:
    draw = stream(seed, "council", indicator, number, day)
    expected = population.by_area[number][LAST_MID_YEAR] * _IN_10_000[indicator] / 10_000
    value = round(expected * (0.8 + 0.4 * draw.random())) + more
    return (indicator, codes[number], day, day, "", "", value, "", "", "", *(source or _SOURCE[indicator]))


def _take_up(
    seed: int,
    population: Population,
    codes: Mapping[int, str],
    age: int,
    number: int,
    *,
    source: tuple[str, str] | None = None,
) -> Row:
    draw = stream(seed, "council", "take-up", age, number)
    of_age = population.by_area[number][LAST_MID_YEAR] / 18
    children = round(of_age * (0.4 if age == 2 else 1.0))
    taking_up = round(children * min(_TAKE_UP[age] + 0.03 * draw.gauss(0, 1), 1))
    value = rounded(100 * taking_up / children, 1)
    return (
        f"early_education_take_up_{age}_pct", codes[number], _JANUARY, _JANUARY, "", "", value, taking_up, children,
        "ok", *(source or _SOURCE["early_education"]),
    )  # fmt: skip


def _wait(
    seed: int,
    population: Population,
    codes: Mapping[int, str],
    number: int,
    period: tuple[dt.date, dt.date],
    *,
    source: tuple[str, str] | None = None,
) -> Row:
    draw = stream(seed, "council", "waits", number, period[1])
    children = max(round(population.by_area[number][LAST_MID_YEAR] * 0.006), 1)
    days = round(children * (70 + 40 * draw.random()))
    return (
        "slt_wait_days_mean", codes[number], *period, "", "", rounded(days / children, 1), days, children, "ok",
        *(source or _SOURCE["slt"]),
    )  # fmt: skip
