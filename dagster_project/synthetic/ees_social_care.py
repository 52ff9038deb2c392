"""Tidy files of children in need, plans, placements, care leavers and the scorecard of 16 to 17, invented.

Every percentage is that of the counts beside it, and equals what the interactive tool's file prints for the same area
and year; what the tool has no measure of is drawn at random.
"""

import datetime as dt
import random
from collections.abc import Callable, Collection, Iterator, Sequence

from dagster_project.synthetic.ees import PLACE_COLUMNS, authority_cells, listed_areas, place_cells, plain
from dagster_project.synthetic.lait import Figures
from dagster_project.synthetic.looked_after import LAST_YEAR, AllCareFigures, is_suppressed
from dagster_project.synthetic.places import (
    ENGLAND,
    INNER_LONDON,
    OUTER_LONDON,
    TINY,
    Authority,
    Population,
    region_members,
    rounded,
    stream,
    to_nearest_ten,
)

CODE_FIRST_COLUMNS = (*PLACE_COLUMNS, "old_la_code", "new_la_code", "la_name")
NAME_FIRST_COLUMNS = (*PLACE_COLUMNS, "old_la_code", "la_name", "new_la_code")
IN_NEED_COLUMNS = (
    *CODE_FIRST_COLUMNS,
    "category",
    "Anypoint_episodes",
    "Anypoint_child",
    "Started_episodes",
    "Started_child",
    "Ended_episodes",
    "Ended_child",
    "At31_episodes",
    "awaiting_assessment",
)
REFERRAL_COLUMNS = (
    *CODE_FIRST_COLUMNS,
    "category",
    "referral_count",
    "rereferral_count",
    "rereferral_percent",
    "no_further_action_count",
    "no_further_action_percent",
    "not_in_need_count",
    "not_in_need_percent",
    "referral_child_count",
    "rereferral_child_count",
    "rereferral_child_percent",
)
PLAN_COLUMNS = (*CODE_FIRST_COLUMNS, "category", "CPP_start", "CPP_subsequent", "CPP_subsequent_percent")
STABILITY_COLUMNS = (*NAME_FIRST_COLUMNS, "cla_group", "placement_stability", "children_count", "children_percent")
CARE_LEAVER_COLUMNS = (*NAME_FIRST_COLUMNS, "care_leaver_age", "breakdown", "care_leaver_count", "care_leaver_percent")
_SCORECARD_SHARES = (
    "NEET_not_known_percent",
    "NEET_percent",
    "Notknown_percent",
    "annual_change_ppts_NEET_not_known",
    "annualchange_NEET",
    "annualchange_notknown",
    "cohort_March",
    "TOTAL_participating_in_education_and_training_percent",
    "Full_time_education_percent",
    "Apprenticeship_percent",
    "Other_education_and_training_percent",
    "annual_change_Participation_in_education_training",
    "annual_change_FTE",
    "annual_change_apprenticeship",
    "annual_change_other_education_training",
    "September_guarantee_Offer_made_percent",
    "September_guarantee_annual_change_ppts",
    "cohort_noSEN_percent",
    "NEET_NK_noSEN_percent",
    "cohort_EHCP_percent",
    "NEET_NK_EHCP_percent",
    "cohort_SENDsupport_percent",
    "NEET_NK_SENDsupport_percent",
    "VG_cohort_DJF_avg",
    "VG_cohort_percentage",
    "VG_NEET_NK_percentage",
    "Level_3",
    "L2_em_GCSE_othL2",
    "avg_att8",
    "pt_l2basics_94",
    "sess_overall_percent",
)
_QUINTILES = (
    "NEET_NK_quintile",
    "NEET_quintile",
    "Notknown_quintile",
    "Participation_ET_quintile",
    "Sep_guarantee_quintile",
)
_SCORECARD_HEAD = (*CODE_FIRST_COLUMNS, "Age", "Cohort_DJFavg", *_SCORECARD_SHARES)
#: Scorecard year to its columns: what stands between the shares and the fifths changed.
SCORECARD_COLUMNS = {
    2022: (*_SCORECARD_HEAD, "sess_overall_percent_pa_10_exact", "Age1617_ONS_population", *_QUINTILES),
    2025: (*_SCORECARD_HEAD, "enrolments_pa_10_exact_percent", *_QUINTILES),
}
#: Young people aged 16 and 17 known to an authority, of its residents aged 0 to 17.
_COHORT_SHARE = 0.11

#: The counts of one area and year, in the order of a file; None where the area gives none, or not that one.
_Counts = tuple[int | None, ...] | None


def _existing(authorities: Sequence[Authority], shown: Collection[int], year: int) -> list[Authority]:
    return [a for a in authorities if a.number in shown and a.exists_on(dt.date(year, 3, 31))]


def _of_all_areas(
    authorities: Sequence[Authority], year: int, counts: Callable[[Authority, int], _Counts]
) -> dict[int, _Counts]:
    """Return area number to counts: those of each authority, and their unrounded sums for regions and England."""
    found = {authority.number: counts(authority, year) for authority in authorities}
    totals: dict[int, _Counts] = {}
    for area, members in region_members(authorities).items():
        known = [values for member in sorted(members) if (values := found[member]) is not None]
        totals[area] = tuple(sum(value or 0 for value in column) for column in zip(*known, strict=True))
    return found | totals


def _count(value: int | None, area: int) -> str:
    if value is None:
        return "x"
    if is_suppressed(value, area):
        return "c"
    return str(value if area < ENGLAND else to_nearest_ten(value))


def _share(part: int | None, whole: int | None, area: int, decimals: int) -> str:
    if part is None or whole is None:
        return "x"
    if is_suppressed(part, area) or is_suppressed(whole, area):
        return "c"
    return plain(100 * part / whole, decimals) if whole else "z"


def _rows_by_year(
    authorities: Sequence[Authority],
    years: int,
    shown: Collection[int],
    *,
    category: str,
    counts: Callable[[Authority, int], _Counts],
    cells: Callable[[tuple[int | None, ...], int], tuple[str, ...]],
    width: int,
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a file with one row per area and year, newest first; `x` where an area gives nothing."""
    for year in range(LAST_YEAR, LAST_YEAR - years, -1):
        of_area = _of_all_areas(authorities, year, counts)
        for area in listed_areas(_existing(authorities, shown, year)):
            number = area if isinstance(area, int) else area.number
            values = of_area[number]
            yield (
                *place_cells(area, str(year), "Reporting year"),
                *authority_cells(area, code_first=True),
                category,
                *(("x",) * width if values is None else cells(values, number)),
            )


def in_need_rows(
    seed: int, authorities: Sequence[Authority], figures: Figures, *, years: int, shown: Collection[int]
) -> Iterator[tuple[str, ...]]:
    """Yield episodes of need; those open on 31 March are what the tool's rate counts."""

    def counts(authority: Authority, year: int) -> _Counts:
        open_on_31_march = figures.count("cin_rate", authority.number, year)
        if open_on_31_march is None:
            return None
        draw = stream(seed, "in need", authority.number, year)
        started = round(open_on_31_march * draw.uniform(0.9, 1.1))
        ended = round(open_on_31_march * draw.uniform(0.85, 1.05))
        ever = open_on_31_march + ended
        return (
            ever,
            round(ever * 0.93),
            started,
            round(started * 0.94),
            ended,
            round(ended * 0.95),
            open_on_31_march,
            round(open_on_31_march * draw.uniform(0.02, 0.08)),
        )

    return _rows_by_year(
        authorities,
        years,
        shown,
        category="Children in Need",
        counts=counts,
        cells=lambda values, area: tuple(_count(value, area) for value in values),
        width=len(IN_NEED_COLUMNS) - len(CODE_FIRST_COLUMNS) - 1,
    )


def referral_rows(
    seed: int, authorities: Sequence[Authority], figures: Figures, *, years: int, shown: Collection[int]
) -> Iterator[tuple[str, ...]]:
    """Yield referrals, re-referrals and what came of them."""

    def counts(authority: Authority, year: int) -> _Counts:
        referrals = figures.count("referral_rate", authority.number, year)
        if referrals is None:
            return None
        found = figures.share("re_referral_share", authority.number, year)
        again = None if found is None else found[0]
        draw = stream(seed, "referrals", authority.number, year)
        no_action, not_in_need = round(referrals * draw.uniform(0.01, 0.14)), round(referrals * draw.uniform(0.2, 0.4))
        children = round(referrals * draw.uniform(0.85, 0.92))
        children_again = None if again is None else round(again * 0.82)
        return (referrals, again, no_action, not_in_need, children, children_again)

    def cells(values: tuple[int | None, ...], area: int) -> tuple[str, ...]:
        referrals, again, no_action, not_in_need, children, children_again = values
        return (
            _count(referrals, area),
            *(
                cell
                for part in (again, no_action, not_in_need)
                for cell in (_count(part, area), _share(part, referrals, area, 1))
            ),
            _count(children, area),
            _count(children_again, area),
            _share(children_again, children, area, 1),
        )

    return _rows_by_year(
        authorities,
        years,
        shown,
        category="Referrals and Re-referrals",
        counts=counts,
        cells=cells,
        width=len(REFERRAL_COLUMNS) - len(CODE_FIRST_COLUMNS) - 1,
    )


def plan_rows(
    authorities: Sequence[Authority], figures: Figures, *, years: int, shown: Collection[int]
) -> Iterator[tuple[str, ...]]:
    """Yield child protection plans that started, and those that were a second or later one."""

    def counts(authority: Authority, year: int) -> _Counts:
        started = figures.base("second_plan_share", authority.number, year)
        found = figures.share("second_plan_share", authority.number, year)
        return None if started is None else (started, None if found is None else found[0])

    return _rows_by_year(
        authorities,
        years,
        shown,
        category="Child Protection Plans which are a second or subsequent plan",
        counts=counts,
        cells=lambda values, area: (
            _count(values[0], area),
            _count(values[1], area),
            _share(values[1], values[0], area, 1),
        ),
        width=3,
    )


def _answers(
    area: Authority | int, year: int, group: str, answers: Sequence[tuple[str, int, float | None]]
) -> Iterator[tuple[str, ...]]:
    """Yield one row per answer, its number and its share (0 to 1); `z` for both without a share."""
    number = area if isinstance(area, int) else area.number
    for answer, value, share in answers:
        if share is None:
            cells = ("z", "z")
        elif is_suppressed(value, number):
            cells = ("c", "c")
        else:
            cells = (_count(value, number), plain(100 * share, 0))
        yield (
            *place_cells(area, str(year), "Reporting year"),
            *authority_cells(area, code_first=False),
            group,
            answer,
            *cells,
        )


def stability_rows(
    seed: int,
    authorities: Sequence[Authority],
    care: AllCareFigures,
    *,
    years: int,
    shown: Collection[int],
) -> Iterator[tuple[str, ...]]:
    """Yield placement moves and long-term stability; an authority that looked after nobody in a year has `z`."""
    listed = _ever_existing(authorities, years, shown)

    def over_two_years(authority: Authority, year: int) -> _Counts:
        found = care[authority.number].get(year)
        if found is None:
            return None
        children = round(found.stock * 0.72)
        return (children, round(children * stream(seed, "moved", authority.number, year).uniform(0.15, 0.25)))

    for year in range(LAST_YEAR, LAST_YEAR - years, -1):
        two_year_counts = _of_all_areas(authorities, year, over_two_years)
        for area in listed_areas(listed):
            number = area if isinstance(area, int) else area.number
            found = care[number].get(year)
            stock, settled, long_term, moved = (
                (found.stock, found.same_carer, found.long_term, found.three_placements) if found else (0, 0, 0, 0)
            )
            two_years, moved_before = (count or 0 for count in two_year_counts[number] or (0, 0))
            for group, whole, answer, part, share in (
                (
                    "Children looked after continuously for at least 2.5 years on 31 March aged under 16 years",
                    long_term,
                    "Living with the same carer for at least 2 years",
                    settled,
                    found.same_carer_share if found else None,
                ),
                (
                    "CLA 2 years on 31 March",
                    two_years,
                    "With 3 or more placements during the previous 2 years",
                    moved_before,
                    moved_before / two_years if two_years else None,
                ),
                (
                    "CLA on 31 March",
                    stock,
                    "With 3 or more placements during the year",
                    moved,
                    found.three_placements_share if found else None,
                ),
            ):
                total = ("Total children", whole, 1.0 if whole else None)
                yield from _answers(area, year, group, ((answer, part, share), total))


def _ever_existing(authorities: Sequence[Authority], years: int, shown: Collection[int]) -> list[Authority]:
    days = [dt.date(year, 3, 31) for year in range(LAST_YEAR - years + 1, LAST_YEAR + 1)]
    return [a for a in authorities if a.number in shown and any(a.exists_on(day) for day in days)]


def care_leaver_rows(
    seed: int,
    authorities: Sequence[Authority],
    figures: Figures,
    *,
    years: int,
    shown: Collection[int],
) -> Iterator[tuple[str, ...]]:
    """Yield care leavers by suitability of accommodation; those aged 19 to 21 are the tool's."""
    listed = _ever_existing(authorities, years, shown)

    def older(authority: Authority, year: int) -> _Counts:
        everyone = figures.base("suitable_share", authority.number, year)
        if everyone is None:
            return None
        found = figures.share("suitable_share", authority.number, year)
        if found is None:
            return (None, None, None, everyone)
        suitable = found[0]
        unknown = round((everyone - suitable) * stream(seed, "accommodation", authority.number, year).uniform(0.3, 0.7))
        return (suitable, everyone - suitable - unknown, unknown, everyone)

    def younger(authority: Authority, year: int) -> _Counts:
        older_ones = figures.base("suitable_share", authority.number, year)
        if older_ones is None:
            return None
        draw = stream(seed, "accommodation at 17", authority.number, year)
        everyone = round(older_ones * 0.35)
        unsuitable, unknown = round(everyone * draw.uniform(0.01, 0.06)), round(everyone * draw.uniform(0.02, 0.08))
        return (everyone - unsuitable - unknown, unsuitable, unknown, everyone)

    names = (
        "Accommodation considered suitable",
        "Accommodation considered unsuitable",
        "No information",
        "Suitability total",
    )
    for year in range(LAST_YEAR, LAST_YEAR - years, -1):
        ages = {
            "17 to 18 years": _of_all_areas(authorities, year, younger),
            "19 to 21 years": _of_all_areas(authorities, year, older),
        }
        for area in listed_areas(listed):
            for age, of_area in ages.items():
                values = of_area[area if isinstance(area, int) else area.number] or (None,) * len(names)
                everyone = values[-1]
                shares = [value / everyone if value is not None and everyone else None for value in values]
                counts = [value or 0 for value in values]
                yield from _answers(area, year, age, list(zip(names, counts, shares, strict=True)))


def scorecard_rows(
    seed: int,
    authorities: Sequence[Authority],
    population: Population,
    value: Callable[[str, int, int], float | None],
    *,
    year: int,
    shown: Collection[int],
) -> Iterator[tuple[str, ...]]:
    """Yield the scorecard of one year: no count of young people, and no row for the smallest authorities.

    Args:
        value: The tool's figure by short description, area and year.
    """
    listed = [authority for authority in _existing(authorities, shown, year) if authority.number not in TINY]

    def young_residents(authority: Authority, year: int) -> _Counts:
        residents = population.under(authority.number, year)
        if residents is None or authority.number in TINY:
            return None
        known = stream(seed, "cohort", authority.number, year).uniform(0.97, 1.03)
        return (round(residents * _COHORT_SHARE * known), round(residents * 0.105))

    cohorts = _of_all_areas(authorities, year, young_residents)
    for area in listed_areas(listed):
        if area in (INNER_LONDON, OUTER_LONDON):
            continue
        number = area if isinstance(area, int) else area.number
        draw = stream(seed, "scorecard", number, year)
        cohort, residents = (count or 0 for count in cohorts[number] or (0, 0))
        is_authority = number < ENGLAND

        def young_people(count: float, *, decimals: int = 0, is_authority: bool = is_authority) -> str:
            return plain(count, decimals) if is_authority else str(to_nearest_ten(count))

        def share(short_desc: str, number: int = number) -> str:
            found = value(short_desc, number, year)
            return "c" if found is None else plain(found, 1)

        def change(short_desc: str, number: int = number) -> str:
            now, before = value(short_desc, number, year), value(short_desc, number, year - 1)
            return "c" if now is None or before is None else plain(now - before, 1)

        def drawn(low: float, high: float, draw: random.Random = draw) -> str:
            return plain(draw.uniform(low, high), 1)

        participation = value("16-17Ed&Training", number, year)
        apprenticeship, other = float(rounded(draw.uniform(2, 7), 1)), float(rounded(draw.uniform(1, 3), 1))
        # Only the older scorecard prints the population beside the shares, and a decimal of the mean cohort.
        is_older = year == min(SCORECARD_COLUMNS)
        yield (
            *place_cells(area, str(year), "Calendar year"),
            *authority_cells(area, code_first=True),
            "16-17",
            young_people(cohort + 0.3, decimals=1) if is_older else young_people(cohort),
            share("16-17_not known_NEET"),
            share("16-17 NEET"),
            share("16-17_not known"),
            change("16-17_not known_NEET"),
            change("16-17 NEET"),
            change("16-17_not known"),
            young_people(cohort),
            share("16-17Ed&Training"),
            "c" if participation is None else plain(participation - apprenticeship - other, 1),
            plain(apprenticeship, 1),
            plain(other, 1),
            change("16-17Ed&Training"),
            drawn(-1, 1),
            drawn(-0.5, 0.5),
            drawn(-0.5, 0.5),
            drawn(88, 98),
            drawn(-2, 2),
            drawn(82, 93),
            drawn(2, 7),
            drawn(3, 6),
            drawn(6, 14),
            drawn(5, 12),
            drawn(6, 14),
            young_people(cohort * draw.uniform(0.015, 0.035), decimals=1),
            drawn(1.5, 3.5),
            drawn(20, 45),
            drawn(45, 65),
            drawn(20, 35),
            drawn(38, 54),
            drawn(50, 75),
            drawn(5, 10),
            drawn(15, 30),
            *((young_people(residents),) if is_older else ()),
            *(str(draw.randint(1, 5)) if is_authority else "z" for _ in _QUINTILES),
        )
