"""Explore Education Statistics files of the invented country: looked after, key stage 4, mid-year population."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dagster_project.synthetic.looked_after import AllCareFigures, is_suppressed, per_10_000
from dagster_project.synthetic.places import (
    ENGLAND,
    FIRST_MID_YEAR,
    LAST_MID_YEAR,
    REGION_BY_CODE,
    REGIONS,
    TINY,
    Authority,
    Population,
    deprivation,
    region_members,
    rounded,
    stream,
    to_nearest_ten,
)

PLACE_COLUMNS = (
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
)
LOOKED_AFTER_COLUMNS = (
    *PLACE_COLUMNS,
    "old_la_code",
    "la_name",
    "new_la_code",
    "population_type",
    "population_estimate",
    "children_count",
    "rate_per_10000",
)
POPULATION_COLUMNS = (*PLACE_COLUMNS, "old_la_code", "new_la_code", "la_name", "age_group", "population_estimate")
KEY_STAGE_4_COLUMNS = (
    *PLACE_COLUMNS,
    "old_la_code",
    "la_name",
    "new_la_code",
    "social_care_group",
    "version",
    "t_pupils",
    "t_att8",
    "avg_att8",
    "t_l2basics_95",
    "pt_l2basics_95",
    "t_l2basics_94",
    "pt_l2basics_94",
    "t_ebacc_e_ptq_ee",
    "pt_ebacc_e_ptq_ee",
    "t_ebaccaps",
    "avg_ebaccaps",
    "t_inp8calc",
    "t_p8score",
    "avg_p8score",
    "p8score_CI_low",
    "p8score_CI_upp",
)
LOOKED_AFTER_YEARS = (2025, 2024, 2023, 2022, 2021)
#: The two releases of one file and the newest academic year (by its end) in each; the window of years slides.
KEY_STAGE_4_RELEASES = {"2025-04": 2024, "2026-04": 2025}
KEY_STAGE_4_YEARS = 7
#: Academic years, by their end, whose pupils have no earlier test to measure progress from.
WITHOUT_PROGRESS = frozenset({2020, 2021, 2025})


def place_cells(area: Authority | int, period: str, identifier: str) -> tuple[str, ...]:
    """Return the cells of PLACE_COLUMNS for an authority, or for the number of a region or England."""
    head = (period, identifier)
    if area == ENGLAND:
        return (*head, "National", "E92000001", "England", "", "")
    if isinstance(area, int):
        region = next(region for region in REGIONS if region.number == area)
        return (*head, "Regional", "E92000001", "England", region.ees_code, region.ees_name)
    region = REGION_BY_CODE[area.ees_region_code]
    return (*head, "Local authority", "E92000001", "England", region.ees_code, region.ees_name)


def listed_areas(authorities: Sequence[Authority]) -> tuple[Authority | int, ...]:
    """Return England, the regions with both halves of London, and the authorities, as the files list them."""
    return (ENGLAND, *(region.number for region in REGIONS), *authorities)


def authority_cells(area: Authority | int, *, code_first: bool) -> tuple[str, str, str]:
    """Return number, nine-character code and name (files disagree on their order), empty above the authority."""
    if isinstance(area, int):
        return ("", "", "")
    if code_first:
        return (str(area.number), area.ees_code, area.ees_name)
    return (str(area.number), area.ees_name, area.ees_code)


def looked_after_rows(
    authorities: Sequence[Authority],
    population: Population,
    figures: AllCareFigures,
    *,
    shown: Collection[int],
) -> Iterator[tuple[str, ...]]:
    """Yield the file of numbers and rates; `shown` are the authorities kept in it.

    An authority that did not exist in a year stays in the file with `x` and `z`, as in the published one.
    """
    listed = [
        authority
        for authority in authorities
        if authority.number in shown and any(authority.exists_on(dt.date(year, 3, 31)) for year in LOOKED_AFTER_YEARS)
    ]
    kinds = (
        ("Children ceasing to be looked after each year", "ceased"),
        ("Children looked after on 31 March each year", "stock"),
        ("Children starting to be looked after each year", "started"),
    )
    for year in LOOKED_AFTER_YEARS:
        for area in listed_areas(listed):
            number = area if isinstance(area, int) else area.number
            residents = population.under(number, year)
            found = figures[number].get(year)
            for label, measure in kinds:
                if residents is None:
                    cells = ("x", "z", "z")
                elif found is None:
                    cells = (str(residents), "z", "z")
                else:
                    count = getattr(found, measure)
                    hidden = is_suppressed(count, number)
                    cells = (
                        str(residents),
                        "c" if hidden else str(count),
                        "c" if hidden else str(per_10_000(count, residents)),
                    )
                yield (
                    *place_cells(area, str(year), "Reporting year"),
                    *authority_cells(area, code_first=False),
                    label,
                    *cells,
                )


def population_rows(authorities: Sequence[Authority], population: Population) -> Iterator[tuple[str, ...]]:
    """Yield the mid-year estimates, newest first; only authorities that existed have a row."""
    for year in range(LAST_MID_YEAR, FIRST_MID_YEAR - 1, -1):
        for area in listed_areas(authorities):
            residents = population.by_area[area if isinstance(area, int) else area.number].get(year)
            if residents is not None:
                yield (
                    *place_cells(area, str(year), "Reporting year"),
                    *authority_cells(area, code_first=True),
                    "Children aged 0 to 17 years",
                    str(residents),
                )


@dataclass(frozen=True)
class _Outcome:
    """Sums over the pupils of one group, area and academic year; averages and shares follow from them."""

    pupils: int
    attainment: float
    grade_5: int
    grade_4: int
    ebacc_entered: int
    ebacc_points: float
    progress_pupils: int
    progress: float


_GROUPS = {
    "CINO at 31 March": (10.5, 19.5, 4.0),
    "CLA 12 months at 31 March": (6.0, 20.5, 3.5),
    "CPPO at 31 March": (1.9, 14.5, 4.5),
}


def _outcome(seed: int, authority: Authority, population: Population, year: int, group: str) -> _Outcome | None:
    """Invent the pupils who end key stage 4 in the academic year that ends in `year`."""
    residents = population.under(authority.number, year)
    if residents is None or not authority.exists_on(dt.date(year, 3, 31)) or authority.number in TINY:
        return None
    per_10_000_residents, mean, spread = _GROUPS[group]
    draw = stream(seed, "key stage 4", group, authority.number, year)
    standing = deprivation(seed, authority)
    pupils = round(per_10_000_residents * residents / 10_000 * (1 + 0.15 * standing) * draw.uniform(0.85, 1.15))
    pandemic = {2020: 2.0, 2021: 2.5, 2022: 1.5}.get(year, 0.0)
    average = max(4.0, mean + pandemic - 0.8 * standing + spread * draw.gauss(0, 1) / max(1.0, pupils**0.5 / 3))
    with_progress = round(pupils * draw.uniform(0.82, 0.95))
    score = (average - 34) / 10.5
    return _Outcome(
        pupils=pupils,
        attainment=round(pupils * average * 4) / 4,
        grade_5=round(pupils * min(0.6, average / 165) * draw.uniform(0.8, 1.2)),
        grade_4=round(pupils * min(0.8, average / 95) * draw.uniform(0.9, 1.1)),
        ebacc_entered=round(pupils * min(0.5, average / 160) * draw.uniform(0.8, 1.2)),
        ebacc_points=round(pupils * average / 12.0, 2),
        progress_pupils=with_progress,
        progress=round(with_progress * score, 3),
    )


def _before_revision(
    seed: int, authority: Authority, year: int, group: str, outcome: _Outcome, newest: int
) -> _Outcome:
    """Return what the earlier release printed: late results change one cell in eight of its newest year."""
    draw = stream(seed, "key stage 4 revision", group, authority.number, year)
    if draw.random() >= (0.125 if year == newest else 0.01) or outcome.pupils < 6:
        return outcome
    late = draw.choice([-1, 1]) * draw.uniform(0.5, 2.5)
    return _Outcome(
        pupils=outcome.pupils,
        attainment=max(1.0, outcome.attainment - round(outcome.pupils * late * 4) / 4),
        grade_5=outcome.grade_5,
        grade_4=outcome.grade_4,
        ebacc_entered=outcome.ebacc_entered,
        ebacc_points=outcome.ebacc_points,
        progress_pupils=outcome.progress_pupils,
        progress=round(outcome.progress - outcome.progress_pupils * late / 10.5, 3),
    )


def key_stage_4_rows(
    seed: int,
    authorities: Sequence[Authority],
    population: Population,
    *,
    release: str,
    years: int,
    shown: Collection[int],
) -> Iterator[tuple[str, ...]]:
    """Yield one release of key stage 4 by social care group, `years` long; the newer one holds revised figures.

    A progress score that does not exist is `x`, as in the published file.
    """
    newest = KEY_STAGE_4_RELEASES[release]
    is_first_release = release == min(KEY_STAGE_4_RELEASES)
    members = region_members(authorities)
    for year in range(newest, newest - years, -1):
        version = "Revised" if year in {newest, 2020, 2021} else "Final"
        for group in _GROUPS:
            outcomes: dict[int, _Outcome] = {}
            for authority in authorities:
                outcome = _outcome(seed, authority, population, year, group)
                if outcome is not None and is_first_release:
                    outcome = _before_revision(seed, authority, year, group, outcome, newest)
                if outcome is not None:
                    outcomes[authority.number] = outcome
            listed = [
                authority
                for authority in authorities
                if authority.number in shown and authority.exists_on(dt.date(year, 3, 31))
            ]
            for area in listed_areas(listed):
                if isinstance(area, int):
                    total = _sum([outcomes[number] for number in sorted(members[area]) if number in outcomes])
                    cells = _printed(total, group, year, is_authority=False)
                elif area.number in outcomes:
                    cells = _printed(outcomes[area.number], group, year, is_authority=True)
                else:
                    cells = _suppressed(year)
                yield (
                    *place_cells(area, f"{year - 1}{year % 100:02d}", "Academic year"),
                    *authority_cells(area, code_first=False),
                    group,
                    version,
                    *cells,
                )


def _sum(parts: Sequence[_Outcome]) -> _Outcome:
    return _Outcome(
        pupils=sum(part.pupils for part in parts),
        attainment=round(sum(part.attainment for part in parts), 2),
        grade_5=sum(part.grade_5 for part in parts),
        grade_4=sum(part.grade_4 for part in parts),
        ebacc_entered=sum(part.ebacc_entered for part in parts),
        ebacc_points=round(sum(part.ebacc_points for part in parts), 2),
        progress_pupils=sum(part.progress_pupils for part in parts),
        progress=round(sum(part.progress for part in parts), 3),
    )


def plain(value: float, decimals: int) -> str:
    """Return a figure as the files print it: rounded half up, without trailing zeros."""
    return format(rounded(value, decimals).normalize(), "f")


def _no_progress(symbol: str, year: int) -> tuple[str, ...]:
    return ("x" if year in WITHOUT_PROGRESS else symbol,) * 5


def _suppressed(year: int) -> tuple[str, ...]:
    return (*("c",) * 11, *_no_progress("c", year))


def _printed(outcome: _Outcome, group: str, year: int, *, is_authority: bool) -> tuple[str, ...]:
    """Return the sixteen value cells; an authority's counts of one to five and what they reveal become `c`."""
    n = outcome.pupils
    if n == 0:
        return ("0", *("z",) * 10, *_no_progress("z", year))
    if is_authority and n <= 5:
        return _suppressed(year)

    def count(value: int) -> str:
        return str(value if is_authority else to_nearest_ten(value))

    def pair(value: int, *, collected: bool = True) -> tuple[str, str]:
        if not collected:
            return ("x", "x")
        if is_authority and (0 < value <= 5 or 0 < n - value <= 5):
            return ("c", "c")
        return (count(value), plain(100 * value / n, 1))

    # Authority figures of the smallest group, and the EBacc of two groups, are not published.
    basics = not is_authority or not group.startswith("CPPO")
    ebacc = not is_authority or group.startswith("CINO")
    points = (plain(outcome.ebacc_points, 2), plain(outcome.ebacc_points / n, 2)) if ebacc else ("x", "x")
    with_progress = outcome.progress_pupils
    if year in WITHOUT_PROGRESS or (is_authority and with_progress <= 5):
        progress = _no_progress("c", year)
    else:
        score = outcome.progress / with_progress
        margin = 1.96 * 1.28 / with_progress**0.5
        progress = (
            count(with_progress),
            plain(outcome.progress, 3),
            plain(score, 2),
            plain(score - margin, 2),
            plain(score + margin, 2),
        )
    return (
        count(n),
        plain(outcome.attainment, 2),
        plain(outcome.attainment / n, 1),
        *pair(outcome.grade_5, collected=basics),
        *pair(outcome.grade_4, collected=basics),
        *pair(outcome.ebacc_entered, collected=ebacc),
        *points,
        *progress,
    )
