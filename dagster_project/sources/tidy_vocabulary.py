"""The words of the tidy format of Explore Education Statistics: identifiers of time, levels of geography, columns.

Periods are those that the DfE's file screener and its public API know, which are not the same lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

YearKind = Literal["academic", "fiscal", "single"]

TIME_COLUMNS = ("time_period", "time_identifier")
REQUIRED_COLUMNS = (*TIME_COLUMNS, "geographic_level", "country_code", "country_name")


@dataclass(frozen=True)
class Identifier:
    """A kind of period. `family` is what may sit together in one file; `digits` is the length of `time_period`."""

    text: str
    code: str
    digits: int
    year_kind: YearKind
    family: str


@dataclass(frozen=True)
class Level:
    """A geographic level and its columns.

    `required` are there and filled on every row of the level. `either` says that at least one of `own` is there.
    Every column of `own` that is there is filled. `together` are pairs filled both or neither.
    """

    text: str
    code: str
    required: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    either: bool = False
    together: tuple[str, str] | None = None
    stands_alone: bool = False


def _quarters(year: str, code: str, digits: int, kind: YearKind) -> tuple[Identifier, ...]:
    family = f"{year.lower()} quarter"
    return tuple(Identifier(f"{year} Q{quarter}", f"{code}Q{quarter}", digits, kind, family) for quarter in range(1, 5))


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

IDENTIFIERS = (
    Identifier("Academic year", "AY", 6, "academic", "academic year"),
    *_quarters("Academic year", "AY", 6, "academic"),
    Identifier("Autumn term", "T1", 6, "academic", "term"),
    Identifier("Spring term", "T2", 6, "academic", "term"),
    Identifier("Summer term", "T3", 6, "academic", "term"),
    Identifier("Autumn and spring term", "T1T2", 6, "academic", "term"),
    Identifier("Financial year", "FY", 6, "fiscal", "financial year"),
    *_quarters("Financial year", "FY", 6, "fiscal"),
    Identifier("Part 1 (April to September)", "P1", 6, "fiscal", "part of a financial year"),
    Identifier("Part 2 (October to March)", "P2", 6, "fiscal", "part of a financial year"),
    Identifier("Tax year", "TY", 6, "fiscal", "tax year"),
    *_quarters("Tax year", "TY", 6, "fiscal"),
    Identifier("Calendar year", "CY", 4, "single", "calendar year"),
    *_quarters("Calendar year", "CY", 4, "single"),
    Identifier("Reporting year", "RY", 4, "single", "reporting year"),
    *(Identifier(f"Week {week}", f"W{week}", 4, "single", "week") for week in range(1, 53)),
    *(Identifier(month, f"M{number}", 4, "single", "month") for number, month in enumerate(_MONTHS, start=1)),
)
_IDENTIFIERS: Mapping[str, Identifier] = {
    name.casefold(): identifier for identifier in IDENTIFIERS for name in (identifier.text, identifier.code)
}


def identifier_of(text: str | None) -> Identifier | None:
    """Return the kind of period that a `time_identifier` means, by its text or the API's code, case ignored."""
    return _IDENTIFIERS.get((text or "").strip().casefold())


_LA = ("old_la_code", "new_la_code", "la_name")
_REGION = ("region_code", "region_name")


def _pair(text: str, code: str, stem: str) -> Level:
    columns = (f"{stem}_code", f"{stem}_name")
    return Level(text, code, required=columns, own=columns)


def _loose(text: str, code: str, *own: str, either: bool = True, stands_alone: bool = False) -> Level:
    return Level(text, code, own=own, either=either, stands_alone=stands_alone)


# Columns of the smaller levels are not all in the guidance, so for these one column of their own is enough.
LEVELS = (
    Level("National", "NAT", required=("country_code", "country_name")),
    Level("Regional", "REG", required=_REGION, own=_REGION),
    Level("Local authority", "LA", required=_LA, own=_LA, together=_REGION),
    _pair("Local authority district", "LAD", "lad"),
    _pair("Ward", "WARD", "ward"),
    _pair("Parliamentary constituency", "PCON", "pcon"),
    Level(
        "School",
        "SCH",
        required=("school_urn", "school_laestab", "school_name", *_LA),
        own=("school_urn", "school_laestab", "school_name"),
        stands_alone=True,
    ),
    Level(
        "Provider",
        "PROV",
        required=("provider_ukprn", "provider_name"),
        own=("provider_ukprn", "provider_name"),
        stands_alone=True,
    ),
    Level("MAT", "MAT", required=("trust_id", "trust_name"), own=("trust_id", "trust_name")),
    Level("Sponsor", "SPON", required=("sponsor_id", "sponsor_name"), own=("sponsor_id", "sponsor_name")),
    _loose("Planning area", "PA", "planning_area_code", "planning_area_name", either=False, stands_alone=True),
    _loose("Institution", "INST", "institution_id", "institution_name", either=False, stands_alone=True),
    _loose("RSC region", "RSC", "rsc_region_lead_name"),
    _loose("Opportunity area", "OA", "opportunity_area_code", "opportunity_area_name"),
    _loose(
        "Local enterprise partnership", "LEP", "local_enterprise_partnership_code", "local_enterprise_partnership_name"
    ),
    _loose("Local skills improvement plan area", "LSIP", "lsip_code", "lsip_name"),
    _loose("Mayoral combined authority", "MCA", "mayoral_combined_authority_code", "mayoral_combined_authority_name"),
    _loose("English devolved area", "EDA", "english_devolved_area_code", "english_devolved_area_name"),
    _loose("Police force area", "PFA", "pfa_code", "pfa_name"),
)
# Three levels go by their short names as well.
_LEVELS: Mapping[str, Level] = {level.text: level for level in LEVELS} | {
    level.code: level for level in LEVELS if level.code in ("LEP", "LSIP", "MCA")
}


def level_of(text: str | None) -> Level | None:
    """Return the level that a `geographic_level` means, exactly as it is written.

    Staging keeps rows by the exact word, so another spelling would lose them without a finding.
    """
    return _LEVELS.get(text or "")


AREA_COLUMNS = tuple(
    dict.fromkeys(
        column
        for level in LEVELS
        for column in ("country_code", "country_name", *level.own, *(level.together or ()), *level.required)
    )
)
GEOGRAPHY_COLUMNS = ("geographic_level", *AREA_COLUMNS)
CODE_COLUMNS = tuple(column for column in AREA_COLUMNS if not column.endswith("_name"))
