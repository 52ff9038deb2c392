"""The terms of the invented schools, the days on which a census is taken, and how many sessions a term has."""

import datetime as dt
from dataclasses import dataclass

KINDS = ("autumn", "spring", "summer")
#: Census terms: the first one tells of autumn 2019, the last one of summer 2025.
FIRST_CENSUS, LAST_CENSUS = 2, 19
#: In a small demonstration: spring 2024, which tells of autumn 2023.
FIRST_COMPACT_CENSUS = 14
_EPOCH = dt.date(1970, 1, 1)

#: Sessions possible in a whole term, two a day; a summer term has two halves.
_POSSIBLE = {"autumn": (146,), "spring": (116,), "summer": (58, 64)}
#: Terms in which schools were closed to most pupils: spring and summer 2020, spring 2021.
_POSSIBLE_CLOSED = {(2019, "spring"): (104,), (2019, "summer"): (20, 40), (2020, "spring"): (40,)}


def day_number(day: dt.date) -> int:
    """Return the days since 1970, as dates are held in arrays."""
    return (day - _EPOCH).days


@dataclass(frozen=True)
class Term:
    """One term: `year` is the calendar year in which its school year begins; days are counted from 1970."""

    index: int
    year: int
    kind: str
    first_day: int
    half_day: int
    last_day: int
    census_day: int
    possible: tuple[int, ...]

    @property
    def calendar_year(self) -> int:
        """The year in which the term lies, as its census is named after."""
        return self.year + (self.kind != "autumn")

    @property
    def census(self) -> str:
        """The name of the census taken in the term."""
        return f"{self.calendar_year} {self.kind}"


def _census_day(year: int, kind: str) -> dt.date:
    # First Thursday of October, third Thursday of January and of May.
    first = {"autumn": dt.date(year, 10, 1), "spring": dt.date(year, 1, 15), "summer": dt.date(year, 5, 15)}[kind]
    return first + dt.timedelta(days=(3 - first.weekday()) % 7)


def _term(index: int) -> Term:
    year, kind = 2018 + (index + 2) // 3, KINDS[(index + 2) % 3]
    calendar = year + (kind != "autumn")
    months = {
        "autumn": ((9, 4), (10, 28), (12, 19)),
        "spring": ((1, 6), (2, 17), (3, 28)),
        "summer": ((4, 15), (6, 2), (7, 21)),
    }
    first, half, last = (day_number(dt.date(calendar, *day)) for day in months[kind])
    possible = _POSSIBLE_CLOSED.get((year, kind), _POSSIBLE[kind])
    return Term(index, year, kind, first, half, last, day_number(_census_day(calendar, kind)), possible)


#: Terms by index: 0 is summer 2019, 19 autumn 2025. Censuses from the third on are written.
TERMS: tuple[Term, ...] = tuple(_term(index) for index in range(LAST_CENSUS + 1))


def term_of(year: int, kind: str) -> Term:
    """Return the term of a school year (named by the year in which it begins)."""
    return next(term for term in TERMS if (term.year, term.kind) == (year, kind))


def january_census(year: int) -> int:
    """Return the day of the January census of the school year that begins in `year`, also before the first term."""
    return day_number(_census_day(year + 1, "spring"))
