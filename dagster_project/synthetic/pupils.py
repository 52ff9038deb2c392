"""The invented pupils: who they are, at which school in which term, and which children in care are among them.

One row of arrays per pupil. A year group is the school year less the year in which the pupil entered reception:
0 is reception, -1 and -2 are the nursery years before it, 12 and 13 the sixth form.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dagster_project.synthetic.care import SHORT_BREAKS, Child, year_end
from dagster_project.synthetic.draws import (
    Flags,
    Floats,
    Ints,
    below,
    draws,
    highest,
    normal,
    pick,
    shuffled,
    whole,
)
from dagster_project.synthetic.pupil_numbers import NO_UPN, ulns, upns
from dagster_project.synthetic.return_tables import lies_inside
from dagster_project.synthetic.school_terms import (
    FIRST_CENSUS,
    FIRST_COMPACT_CENSUS,
    TERMS,
    Term,
    day_number,
    january_census,
)
from dagster_project.synthetic.schools import Schools, invent_schools

#: Children of one year of birth at schools of the authority where scale is 1, movers in and out included.
PUPILS_PER_YEAR = 10_450
#: A small demonstration has one in this many of them, but enough for about 400 on roll.
COMPACT_SHARE = 8
FEWEST_PUPILS_PER_YEAR = 36
#: Year of entry to reception of the oldest pupils (year 13 in summer 2019) and the youngest (nursery in autumn 2025).
FIRST_ENTRY, LAST_ENTRY = 2005, 2027
SCHOOL_YEARS = range(2018, 2026)
LAST_YEAR_GROUP = 13

#: Faults on purpose, one in so many pupils, each told in the file of every term. Children in care have none.
UPN_WRONG_EVERY = 500
HELD_BACK_EVERY = 500
ETHNICITY_BLANK_EVERY = 50
#: Not a fault: pupils whose number is not yet one for life, one in so many.
UPN_TEMPORARY_EVERY = 100

#: Share of pupils who change school in a term, and who arrive or leave at all in the years told.
_MOVE_IN_TERM = 0.0125
_ARRIVE, _LEAVE = 0.075, 0.06
_MID_TERM = 0.5
_NURSERY_BOTH, _NURSERY = 0.06, 0.46
_YEAR_12, _YEAR_13 = 0.42, 0.36
_FSM_EVER = 0.36
_SUPPORT, _PLAN, _SPECIAL = 0.185, 0.062, 0.018
_DUAL = 0.02
#: Permanent exclusions of a secondary pupil of usual behaviour in a term.
_EXCLUDED_IN_TERM = 0.00018
OPEN_END = day_number(dt.date(2099, 12, 31))

#: The census and the looked-after return share these codes; the census has more of them (Chinese, Roma among white).
ETHNICITIES: tuple[tuple[str, float, float], ...] = (
    # code, pupils in a hundred, share whose first language is not English
    ("WBRI", 60.5, 0.01), ("WIRI", 0.4, 0.02), ("WIRT", 0.3, 0.02), ("WROM", 1.0, 0.9), ("WOTH", 6.5, 0.66),
    ("MWBC", 2.0, 0.02), ("MWBA", 1.6, 0.12), ("MWAS", 2.0, 0.12), ("MOTH", 2.2, 0.25), ("AIND", 2.8, 0.5),
    ("APKN", 6.8, 0.62), ("ABAN", 1.2, 0.7), ("AOTH", 2.4, 0.66), ("BCRB", 0.8, 0.04), ("BAFR", 5.4, 0.52),
    ("BOTH", 1.1, 0.25), ("CHNE", 0.8, 0.7), ("OOTH", 2.2, 0.72), ("REFU", 0.4, 0.1), ("NOBT", 0.3, 0.2),
)  # fmt: skip
_CODES = [code for code, _, _ in ETHNICITIES]
LANGUAGES = ("ENG", "POL", "URD", "PNJ", "ARA", "KUR", "BNG", "CHI", "OTH")
_LANGUAGES_OF = {"W": (1, 8), "M": (8, 4), "A": (2, 3), "B": (8, 4), "C": (7, 7), "O": (4, 5), "R": (8, 8), "N": (8, 8)}
SEN_TYPES = ("SLCN", "SEMH", "MLD", "SPLD", "ASD", "SLD", "PD", "HI", "VI", "PMLD", "OTH", "NSA")
_SEN_WEIGHTS = (24, 20, 14, 12, 13, 4, 3, 2, 1, 2, 3, 2)
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_LEFT_TO_FAMILY = frozenset({"E11", "E12", "E41", "E43", "E44", "E45", "E46", "E47", "E48"})
_AUTHORITY_DIGITS = 1_000_000_000
_NEVER = 99


@dataclass(frozen=True)
class Pupils:
    """All pupils, one place each in every array; dates are days since 1970.

    `need` is the deprivation of the home (higher = poorer), `ability` and `conduct` have mean 0 and spread 1.
    `school`, `entered` and `last_day` have a column per term: place of the school (-1 = on no roll), day of entry there
    and last day there in that term. `unit` is the pupil referral unit attended besides. `fsm_start` and `fsm_end` hold
    two periods. `in_care` (on 31 March), `cared_for` (on any day of the year to it) and `left_care` (to adopters or a
    guardian by then) have a column per school year.
    """

    schools: Schools
    upn: list[str]
    uln: list[str]
    born: Ints
    sex: Ints
    ethnicity: Ints
    ethnicity_blank: Flags
    language: Ints
    entry: Ints
    care: Flags
    stray: Flags
    need: Floats
    ability: Floats
    conduct: Floats
    support_from: Ints
    plan_from: Ints
    sen_type: Ints
    fsm_start: Ints
    fsm_end: Ints
    school: Ints
    entered: Ints
    last_day: Ints
    unit: Ints
    excluded_in: Ints
    in_care: Flags
    cared_for: Flags
    left_care: Flags
    postcodes: list[str]
    home: Ints
    care_at: Ints
    care_home: Ints

    def __len__(self) -> int:
        return len(self.upn)

    def year_group(self, year: int) -> Ints:
        """Return each pupil's year group in the school year that begins in `year`."""
        return year - self.entry

    def provision(self, year: int) -> Ints:
        """Return each pupil's provision for special needs in a school year: 0 none, 1 support, 2 a plan."""
        group = self.year_group(year)
        return np.where(group >= self.plan_from, 2, np.where(group >= self.support_from, 1, 0))

    def has_meals(self, day: int) -> Flags:
        """Say who is eligible for free school meals on a day."""
        return np.asarray(((self.fsm_start >= 0) & (self.fsm_start <= day) & (self.fsm_end >= day)).any(axis=1))

    def is_disadvantaged(self, year: int) -> Flags:
        """Say who counts as disadvantaged: free meals at a January census of six years, or looked after, or once so."""
        column = year - SCHOOL_YEARS[0]
        return self.had_meals(year) | self.cared_for[:, column] | self.left_care[:, column]

    def had_meals(self, year: int) -> Flags:
        """Say who was eligible for free school meals at any January census of the six years to a school year."""
        found = np.zeros(len(self), dtype=np.bool_)
        for earlier in range(year - 5, year + 1):
            found |= self.has_meals(january_census(earlier))
        return found

    def home_in(self, term: Term) -> Ints:
        """Return the place of each pupil's postcode in a term; a child in care lives where placed."""
        found = self.home.copy()
        found[self.care_at] = self.care_home[:, term.index]
        return found


def children_at_school(children: Sequence[Child], *, is_compact: bool) -> list[Child]:
    """Return the children in care who can be found at school by their number.

    In a small demonstration those looked after since its first term, else all who ever were.
    """
    first = dt.date(1970, 1, 1) + dt.timedelta(days=TERMS[FIRST_COMPACT_CENSUS - 1].first_day)
    oldest, youngest = dt.date(FIRST_ENTRY - 5, 9, 1), dt.date(LAST_ENTRY - 3, 8, 31)
    return [
        child
        for child in children
        if child.upn not in NO_UPN
        and oldest <= child.born <= youngest
        and (not is_compact or any(episode.dec >= first for episode in child.episodes))
    ]


def _entry_year(born: dt.date) -> int:
    """Return the year in which a child enters reception: aged four on 31 August."""
    return born.year + (5 if born.month >= 9 else 4)


def invent_pupils(seed: int, scale: float, children: Sequence[Child], *, is_compact: bool) -> Pupils:
    """Invent the pupils of the authority's schools, the children in care among them.

    Args:
        seed: Any whole number from 0.
        scale: 1 is about 130,000 pupils on roll; a small demonstration has one in eight.
        children: Children in care with valid numbers, of the same seed and scale.
        is_compact: Whether the demonstration is a small one.
    """
    schools = invent_schools(seed, scale, is_compact=is_compact)
    cared = children_at_school(children, is_compact=is_compact)
    size = PUPILS_PER_YEAR * scale
    if is_compact:
        size = max(FEWEST_PUPILS_PER_YEAR, size / COMPACT_SHARE)
    entries = np.arange(FIRST_ENTRY, LAST_ENTRY + 1)
    cared_entry = np.array([_entry_year(child.born) for child in cared], dtype=np.int64)
    in_cohort = np.array([np.count_nonzero(cared_entry == entry) for entry in entries])
    ordinary = np.maximum(round(size) - in_cohort, 4)
    # Pupils with results but in no census: enough for the share of rows that `results` gives them.
    strays = np.full(len(entries), round(size) // 500 + 1)
    count = int(ordinary.sum() + strays.sum()) + len(cared)

    places = shuffled(draws(seed, "pupils", "places"), count)
    care_at = places[: len(cared)]
    rest = places[len(cared) :]
    entry = np.empty(count, dtype=np.int64)
    entry[care_at] = cared_entry
    entry[rest] = np.concatenate([np.repeat(entries, ordinary), np.repeat(entries, strays)])
    stray = np.zeros(count, dtype=np.bool_)
    stray[rest[int(ordinary.sum()) :]] = True
    care = np.zeros(count, dtype=np.bool_)
    care[care_at] = True

    maker = _Maker(seed, schools, cared, care_at, care, stray, entry)
    first_census = FIRST_COMPACT_CENSUS if is_compact else FIRST_CENSUS
    return maker.pupils(first_census, _postcode_count(scale, is_compact=is_compact))


def _postcode_count(scale: float, *, is_compact: bool) -> int:
    return max(60, round(18_000 * min(scale, 1) / (COMPACT_SHARE if is_compact else 1)))


class _Maker:
    """Draws one thing after the other about the same pupils, each from a stream of its own."""

    def __init__(
        self, seed: int, schools: Schools, cared: list[Child], care_at: Ints, care: Flags, stray: Flags, entry: Ints
    ) -> None:
        self.seed, self.schools, self.cared, self.care_at = seed, schools, cared, care_at
        self.care, self.stray, self.entry = care, stray, entry
        self.count = len(entry)
        #: Pupils who can have a fault.
        self.plain = ~care & ~stray

    def draw(self, name: str) -> np.random.Generator:
        return draws(self.seed, "pupils", name)

    def one_in(self, every: int, name: str, among: Flags, of: int) -> Flags:
        """Mark one in `every` of `of` pupils, all of them among those allowed."""
        return highest(self.draw(name).random(self.count), of // every, among)

    def pupils(self, first_census: int, postcode_count: int) -> Pupils:
        count, care_at = self.count, self.care_at
        born = self._born()
        sex = (self.draw("sex").random(count) < 0.488).astype(np.int64)
        sex[care_at] = [child.sex == "F" for child in self.cared]
        ethnicity = pick(self.draw("ethnicity"), [weight for _, weight, _ in ETHNICITIES], count)
        ethnicity[care_at] = [_CODES.index(child.ethnic) for child in self.cared]
        ability, conduct = normal(self.draw("ability"), count), normal(self.draw("conduct"), count)

        first_primary = pick(self.draw("primary"), self.schools.size[self.schools.of("primary")], count)
        need = 0.65 * self.schools.need[first_primary] + 0.76 * normal(self.draw("need"), count)
        need += 0.25 * np.isin(ethnicity, [_CODES.index(code) for code in ("BAFR", "WROM", "APKN", "OOTH")])
        support_from, plan_from = self._special_needs(ability, sex, need)
        inside, postcodes, home, care_home = self._homes(first_primary, postcode_count)
        present, always = self._present(inside)

        def told(school: Ints) -> Flags:
            return np.asarray((school[:, first_census:] >= 0).any(axis=1))

        # A pupil taught with younger ones is as old as the year above: entry moves, the date of birth does not.
        rolls = self._rolls(present, first_primary, conduct)
        summer_born = born - _september(self.entry - 5) >= 212
        middle = (self.entry >= FIRST_ENTRY + 4) & (self.entry <= LAST_ENTRY - 4)
        may_be_held = told(rolls[0]) & self.plain & always & summer_born & middle
        held_back = self.one_in(HELD_BACK_EVERY, "held back", may_be_held, int(np.count_nonzero(told(rolls[0]))))
        self.entry = self.entry + held_back
        school, entered, last_day, unit, excluded_in = self._rolls(present, first_primary, conduct)

        # Faults are one in so many of those whom a census tells of.
        known = told(school)
        of = int(np.count_nonzero(known))
        fsm_start, fsm_end = self._free_meals(need)
        in_care, cared_for, left_care = self._years_in_care()
        return Pupils(
            schools=self.schools,
            upn=self._numbers(known & self.plain, of),
            uln=ulns(shuffled(self.draw("learner numbers"), count)),
            born=born,
            sex=sex,
            ethnicity=ethnicity,
            ethnicity_blank=self.one_in(ETHNICITY_BLANK_EVERY, "ethnicity blank", known & self.plain, of),
            language=self._language(ethnicity),
            entry=self.entry,
            care=self.care,
            stray=self.stray,
            need=need,
            ability=ability,
            conduct=conduct,
            support_from=support_from,
            plan_from=plan_from,
            sen_type=pick(self.draw("sen type"), _SEN_WEIGHTS, count),
            fsm_start=fsm_start,
            fsm_end=fsm_end,
            school=school,
            entered=entered,
            last_day=last_day,
            unit=unit,
            excluded_in=excluded_in,
            in_care=in_care,
            cared_for=cared_for,
            left_care=left_care,
            postcodes=postcodes,
            home=home,
            care_at=care_at,
            care_home=care_home,
        )

    def _born(self) -> Ints:
        born = _september(self.entry - 5) + below(self.draw("born"), 365, self.count)
        born[self.care_at] = [day_number(child.born) for child in self.cared]
        return born

    def _numbers(self, among: Flags, of: int) -> list[str]:
        """Return the numbers: those of children in care as their return has them, all others of the authority."""
        # An odd factor that does not end in 5 visits every number of nine digits once.
        digits = 383 * _AUTHORITY_DIGITS + (np.arange(self.count) * 618_033_989 + self.seed) % _AUTHORITY_DIGITS
        temporary = self.one_in(UPN_TEMPORARY_EVERY, "upn temporary", among, of)
        wrong = self.one_in(UPN_WRONG_EVERY, "upn wrong", among, of)
        # A temporary number uses eleven of the digits: the last one must not be what tells two pupils apart.
        digits = np.where(temporary, 383 * _AUTHORITY_DIGITS + np.arange(self.count) * 10, digits)
        found = upns(digits, temporary=temporary, wrong=wrong)
        for place, child in zip(self.care_at.tolist(), self.cared, strict=True):
            found[place] = child.upn
        return found

    def _language(self, ethnicity: Ints) -> Ints:
        draw = self.draw("language")
        other = draw.random(self.count) < np.array([share for _, _, share in ETHNICITIES])[ethnicity]
        pairs = np.array([_LANGUAGES_OF[code[0]] for code in _CODES])
        return np.where(other, pairs[ethnicity, below(draw, 2, self.count)], 0)

    def _special_needs(self, ability: Floats, sex: Ints, need: Floats) -> tuple[Ints, Ints]:
        """Return the year groups from which each pupil has support and a plan; 99 is never."""
        draw = self.draw("special needs")
        score = -0.75 * ability + 0.4 * (sex == 0) + 0.35 * need + 0.8 * normal(draw, self.count) + 0.9 * self.care
        # Children with short breaks only are disabled.
        on_breaks = [all(episode.legal_status in SHORT_BREAKS for episode in child.episodes) for child in self.cared]
        score[self.care_at[np.array(on_breaks, dtype=np.bool_)]] += 8
        plan = highest(score + 0.8 * normal(draw, self.count), round(_PLAN * self.count))
        support = plan | highest(score, round((_SUPPORT + _PLAN) * self.count))
        self.special = highest(score + normal(draw, self.count), round(_SPECIAL * self.count), plan)
        first = pick(draw, (6, 18, 18, 14, 10, 8, 7, 5, 7, 5, 2), self.count) - 1
        later = pick(draw, (30, 20, 15, 10, 10, 8, 7), self.count)
        plan_from = np.where(self.special, -2, np.where(plan, first + later, _NEVER))
        return np.where(self.special, -2, np.where(support, first, _NEVER)), plan_from

    def _homes(self, first_primary: Ints, count: int) -> tuple[Flags, list[str], Ints, Ints]:
        """Return who of the children in care lives in the authority in which term, and the postcodes of all."""
        draw = self.draw("postcodes")
        postcodes: list[str] = []
        for number in shuffled(draw, 81 * len(_LETTERS) ** 2).tolist():
            sectors, unit = divmod(number, len(_LETTERS) ** 2)
            first, last = divmod(unit, len(_LETTERS))
            postcode = f"ZZ{sectors // 9 + 1} {sectors % 9 + 1}{_LETTERS[first]}{_LETTERS[last]}"
            if lies_inside(self.seed, postcode):
                postcodes.append(postcode)
            if len(postcodes) == count:
                break
        # Most pupils live near their first school.
        near = (first_primary + draw.random(self.count)) / self.schools.counts["primary"]
        where = np.where(draw.random(self.count) < 0.2, draw.random(self.count), near)
        home = np.floor(where * len(postcodes)).astype(np.int64)

        known = {postcode: place for place, postcode in enumerate(postcodes)}
        inside = np.ones((len(self.cared), len(TERMS)), dtype=np.bool_)
        care_home = np.zeros((len(self.cared), len(TERMS)), dtype=np.int64)
        days = [dt.date(1970, 1, 1) + dt.timedelta(days=term.census_day) for term in TERMS]
        for row, child in enumerate(self.cared):
            for column, day in enumerate(days):
                held = [episode for episode in child.episodes if episode.decom <= day < episode.dec]
                stays = held and held[-1].legal_status not in SHORT_BREAKS
                postcode = held[-1].placement.postcode if stays else child.episodes[0].home_postcode
                inside[row, column] = not stays or lies_inside(self.seed, postcode)
                care_home[row, column] = known.setdefault(postcode, len(known))
        return inside, list(known), home, care_home

    def _present(self, inside: Flags) -> tuple[Flags, Flags]:
        """Return who is there to go to school in which term, and who is there in every one."""
        draw = self.draw("present")
        last = len(TERMS) - 1
        arrives = np.where(draw.random(self.count) < _ARRIVE, 1 + below(draw, last, self.count), 0)
        leaves = np.where(draw.random(self.count) < _LEAVE, below(draw, last, self.count), last)
        leaves = np.maximum(leaves, arrives)
        columns = np.arange(len(TERMS))
        present = (columns >= arrives[:, None]) & (columns <= leaves[:, None]) & ~self.stray[:, None]
        present[self.care_at] = inside
        return present, np.asarray(present.all(axis=1))

    def _rolls(self, present: Flags, first_primary: Ints, conduct: Floats) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Return school, day of entry, last day and unit of each pupil and term, and the term of exclusion (-1: none).

        A pupil who changes school does so between two terms or in the first of them, after its census.
        """
        draw, count, schools = self.draw("rolls"), self.count, self.schools
        nursery = draw.random(count)
        starts = np.where(nursery < _NURSERY_BOTH, -2, np.where(nursery < _NURSERY, -1, 0))
        sixth = draw.random(count)
        ends = np.where(sixth < _YEAR_13, 13, np.where(sixth < _YEAR_12, 12, 11))
        primary = first_primary.copy()
        # Schools stand in a row: a primary feeds the secondary schools at its place, most of all the nearest.
        spread = np.floor(1.6 * normal(draw, count)).astype(np.int64)
        secondary = first_primary * schools.counts["secondary"] // schools.counts["primary"] + spread
        secondary = schools.first("secondary") + secondary % schools.counts["secondary"]
        special = schools.first("special") + below(draw, schools.counts["special"], count)
        referral = schools.first("pru") + below(draw, schools.counts["pru"], count)
        attends = draw.random(count) < _DUAL
        unit_from = below(draw, len(TERMS), count)
        unit_until = unit_from + 2 + below(draw, 2, count)

        shape = (count, len(TERMS))
        school, unit = np.full(shape, -1, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
        entered, last_day = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        excluded_in = np.full(count, -1, dtype=np.int64)
        for term in TERMS:
            column, group = term.index, term.year - self.entry
            moves = draw.random(count) < _MOVE_IN_TERM * (1 + self.care)
            for kind, at, of_age in (("primary", primary, group <= 6), ("secondary", secondary, group >= 7)):
                kinds = schools.counts[kind]
                step = 1 + below(draw, max(1, kinds - 1), count)
                moved = schools.first(kind) + (at - schools.first(kind) + step) % kinds
                at[:] = np.where(moves & of_age, moved, at)
            away = (excluded_in >= 0) & (column <= excluded_in + 3) & (group <= 11)
            place = np.where(group <= 6, primary, secondary)
            place = np.where(away, referral, np.where(self.special, special, place))
            on_roll = present[:, column] & (group >= starts) & (group <= ends)
            school[:, column] = np.where(on_roll, place, -1)
            in_main = on_roll & ~away & ~self.special & (group >= 7) & (group <= 11)
            in_unit = in_main & attends & (unit_from <= column) & (column < unit_until)
            unit[:, column] = np.where(in_unit, referral, -1)
            chance = _EXCLUDED_IN_TERM * np.exp(np.minimum(1.2 * conduct, 4))
            excluded = in_main & (excluded_in < 0) & (draw.random(count) < chance) & (unit[:, column] < 0)
            excluded_in[excluded] = column

            last_day[:, column] = term.last_day
            if column == 0:
                began = np.where(group <= 6, self.entry + np.minimum(starts, 0), self.entry + 7)
                entered[:, 0] = _september(began) + 3
                continue
            earlier = school[:, column - 1]
            changed = earlier != school[:, column]
            grows_up = (term.kind == "autumn") & np.isin(group, (7, 12, 13, 14)) & ~self.special
            early = (earlier >= 0) & changed & ~grows_up & (excluded_in != column - 1)
            early &= draw.random(count) < _MID_TERM
            before = TERMS[column - 1]
            length = before.last_day - before.first_day
            day = before.first_day + whole(draw, (0.45 + 0.5 * draw.random(count)) * length)
            last_day[:, column - 1] = np.where(early, np.minimum(day, before.last_day), before.last_day)
            entered[:, column] = np.where(
                ~changed,
                entered[:, column - 1],
                np.where(early, last_day[:, column - 1] + 3, term.first_day),
            )
        return school, entered, last_day, unit, excluded_in

    def _free_meals(self, need: Floats) -> tuple[Ints, Ints]:
        """Return first and last days of up to two periods (-1: none; the far future: still open).

        Few end: who was eligible since April 2018 stays so until the change of benefits is over.
        """
        draw, count = self.draw("free meals"), self.count
        ever = highest(0.8 * need + 0.75 * normal(draw, count) + 1.2 * self.care, round(_FSM_EVER * count))
        at_entry = draw.random(count) < 0.66
        first = _september(self.entry) + np.where(at_entry, -below(draw, 200, count), below(draw, 11 * 365, count))
        ends = draw.random(count) < 0.22
        end = first + 330 + below(draw, 1100, count)
        again = ends & (draw.random(count) < 0.45)
        second = end + 120 + below(draw, 480, count)
        starts = np.stack([np.where(ever, first, -1), np.where(ever & again, second, -1)], axis=1)
        closes = np.stack([np.where(ends, end, OPEN_END), np.full(count, OPEN_END)], axis=1)
        return starts, closes

    def _years_in_care(self) -> tuple[Flags, Flags, Flags]:
        shape = (self.count, len(SCHOOL_YEARS))
        on_the_day, in_year, left = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
        for place, child in zip(self.care_at.tolist(), self.cared, strict=True):
            held = [episode for episode in child.episodes if episode.legal_status not in SHORT_BREAKS]
            for column, year in enumerate(SCHOOL_YEARS):
                first, last = dt.date(year, 4, 1), year_end(year + 1)
                on_the_day[place, column] = any(episode.decom <= last < episode.dec for episode in held)
                in_year[place, column] = any(episode.decom <= last and episode.dec >= first for episode in held)
                left[place, column] = any(episode.rec in _LEFT_TO_FAMILY and episode.dec <= last for episode in held)
        return on_the_day, in_year, left


def _september(years: Ints) -> Ints:
    """Return the day of 1 September of each year."""
    return ((years - 1970).astype("datetime64[Y]").astype("datetime64[M]") + 8).astype("datetime64[D]").astype(np.int64)
