"""The places of the invented country: real names and numbers, invented profiles and populations.

Authority names, numbers, types, regions and dates are facts (`areas.csv`); every other figure is drawn by
`stream`, so it depends only on the seed and on what it describes, never on what else was drawn before it.
"""

import csv
import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

FIRST_MID_YEAR = 2012
LAST_MID_YEAR = 2024
#: Residents aged 0 to 17 at mid-2024 of a council for which `scale` is 1.
CHILDREN_AT_SCALE_1 = 176_000

ENGLAND = 970
LONDON = 986
INNER_LONDON = 987
OUTER_LONDON = 988
#: Authorities so small that most of their figures are missing or suppressed; the second looks after nobody.
TINY = frozenset({201, 420})
LOOKS_AFTER_NOBODY = 420


@dataclass(frozen=True)
class Authority:
    """One local authority; `created` and `abolished` bound the dates on which it exists (end excluded)."""

    number: int
    name: str
    ees_name: str
    kind: str
    ees_code: str
    ees_region_code: str
    created: dt.date
    abolished: dt.date
    is_core_city: bool

    def exists_on(self, day: dt.date) -> bool:
        """Say whether the authority exists on `day`."""
        return self.created <= day < self.abolished

    @property
    def is_former(self) -> bool:
        """Say whether the authority has been replaced by others."""
        return self.abolished < dt.date.max


@dataclass(frozen=True)
class Region:
    """One region as the two publications spell it; `lait_group` is what authority rows carry in LAIT."""

    number: int
    lait_name: str
    ees_name: str
    ees_code: str
    lait_group: str
    neighbour_index: int


REGIONS: tuple[Region, ...] = (
    Region(980, "North East", "North East", "E12000001", "North East", 4),
    Region(981, "North West", "North West", "E12000002", "North West", 5),
    Region(982, "Yorkshire and the Humber", "Yorkshire and The Humber", "E12000003", "Yorkshire and The Humber", 9),
    Region(983, "East Midlands", "East Midlands", "E12000004", "East Midlands", 1),
    Region(984, "West Midlands", "West Midlands", "E12000005", "West Midlands", 8),
    Region(985, "East of England", "East of England", "E12000006", "East of England", 2),
    Region(LONDON, "London", "London", "E12000007", "London", 3),
    Region(INNER_LONDON, "London (Inner)", "Inner London", "E13000001", "Inner London", 3),
    Region(OUTER_LONDON, "London (Outer)", "Outer London", "E13000002", "Outer London", 3),
    Region(989, "South East", "South East", "E12000008", "South East", 6),
    Region(990, "South West", "South West", "E12000009", "South West", 7),
)
REGION_BY_CODE: Mapping[str, Region] = {region.ees_code: region for region in REGIONS}


def stream(seed: int, *names: object) -> random.Random:
    """Return the random numbers that belong to one named thing, the same for one seed on every machine."""
    return random.Random("/".join(str(name) for name in (seed, *names)))


def rounded(value: float, decimals: int = 0) -> Decimal:
    """Round half up, as publications do; binary halves are taken as they print."""
    # Adding nothing turns a negative zero into a plain one.
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP) + 0


def to_nearest_ten(count: float) -> int:
    """Round a national or regional count to the nearest ten, as social care releases do."""
    return int(rounded(count / 10)) * 10


def load_authorities() -> tuple[Authority, ...]:
    """Read the authorities in the order in which LAIT lists them."""
    with Path(__file__).with_name("areas.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Authority(
                number=int(row["dfe_number"]),
                name=row["name"],
                ees_name=row["ees_name"] or row["name"],
                kind=row["authority_type"],
                ees_code=row["ees_code"],
                ees_region_code=row["ees_region_code"],
                created=dt.date.fromisoformat(row["created"]) if row["created"] else dt.date.min,
                abolished=dt.date.fromisoformat(row["abolished"]) if row["abolished"] else dt.date.max,
                is_core_city=row["core_city"] == "1",
            )
            for row in csv.DictReader(file)
        )


def region_members(authorities: Sequence[Authority]) -> dict[int, frozenset[int]]:
    """Return region number (and England) to the numbers of its authorities; London holds both its halves."""
    members = {
        region.number: {a.number for a in authorities if a.ees_region_code == region.ees_code} for region in REGIONS
    }
    members[LONDON] = members[INNER_LONDON] | members[OUTER_LONDON]
    members[ENGLAND] = {a.number for a in authorities}
    return {number: frozenset(found) for number, found in members.items()}


@cache
def deprivation(seed: int, authority: Authority) -> float:
    """Return the invented standing of an authority: mean 0, spread 1, higher = poorer."""
    urban = {"ILB": 0.5, "MD": 0.5, "OLB": 0.0, "UA": 0.0, "SC": -0.7}[authority.kind]
    return urban + 0.8 * stream(seed, "deprivation", authority.number).gauss(0, 1)


@dataclass(frozen=True)
class Population:
    """Residents aged 0 to 17 by authority number (also regions and England) and mid-year."""

    by_area: Mapping[int, Mapping[int, int]]

    def under(self, area: int, year_end: int) -> int | None:
        """Return the residents under a rate of 31 March `year_end`: those of the middle of the year before.

        None where the area did not exist then.
        """
        return self.by_area[area].get(year_end - 1)


_TYPICAL_CHILDREN = {"ILB": 50_000, "OLB": 70_000, "MD": 72_000, "UA": 50_000, "SC": 150_000}
_TINY_CHILDREN = {201: 900, 420: 330}


def invent_population(seed: int, authorities: Sequence[Authority], *, subject: int, scale: float) -> Population:
    """Invent a population for every area and mid-year; only the subject authority's depends on `scale`."""
    by_area: dict[int, dict[int, int]] = {}
    for authority in authorities:
        draw = stream(seed, "population", authority.number)
        size = _TYPICAL_CHILDREN[authority.kind] * (0.6 + 0.9 * draw.random())
        growth = 1 + draw.gauss(0.003, 0.003)
        if authority.number in _TINY_CHILDREN:
            size = _TINY_CHILDREN[authority.number] * (0.9 + 0.2 * draw.random())
        if authority.number == subject:
            size, growth = CHILDREN_AT_SCALE_1 * scale, 1.008
        by_area[authority.number] = {
            year: round(size * growth ** (year - LAST_MID_YEAR) * (1 + 0.002 * draw.random()))
            for year in range(FIRST_MID_YEAR, LAST_MID_YEAR)
            if authority.exists_on(dt.date(year, 6, 30))
        }
        if authority.exists_on(dt.date(LAST_MID_YEAR, 6, 30)):
            by_area[authority.number][LAST_MID_YEAR] = round(size)
    for number, members in region_members(authorities).items():
        by_area[number] = {
            year: sum(by_area[member].get(year, 0) for member in members)
            for year in range(FIRST_MID_YEAR, LAST_MID_YEAR + 1)
        }
    return Population(by_area)
