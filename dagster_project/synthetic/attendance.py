"""How often the invented pupils are absent and for what reason, and who is suspended when.

Rates of absence are drawn by school year, so that the shares of pupils who miss a tenth and a half of their sessions
are those of the year; a term differs a little from it.
"""

from dataclasses import dataclass, replace

import numpy as np

from dagster_project.synthetic.draws import Flags, Floats, Ints, below, draws, normal, pick, place_in_order, whole
from dagster_project.synthetic.pupils import SCHOOL_YEARS, Pupils
from dagster_project.synthetic.school_terms import TERMS, Term

#: Overall absence and the shares of pupils missing a tenth and a half of their sessions, by school year.
LEVELS = {
    2018: (0.0485, 0.115, 0.0096),
    2019: (0.0485, 0.115, 0.0096),
    2020: (0.0460, 0.120, 0.0110),
    2021: (0.0752, 0.2182, 0.0202),
    2022: (0.0763, 0.2178, 0.0263),
    2023: (0.0744, 0.2066, 0.0288),
    2024: (0.0702, 0.1901, 0.0295),
    2025: (0.0702, 0.1901, 0.0295),
}
#: Suspensions in a hundred pupils, by school year; few in the years in which schools were closed.
SUSPENSIONS = {2018: 8.5, 2019: 5.5, 2020: 6.0, 2021: 9.0, 2022: 10.2, 2023: 11.0, 2024: 10.4, 2025: 10.4}
#: What is drawn for the level to come out: suspensions add to absence, and the luck of single terms takes pupils from
#: just above a tenth to just below it.
_DRAWN_OVERALL, _DRAWN_PERSISTENT = 0.985, 1.115
_TERM_SHARE = {"autumn": 0.37, "spring": 0.33, "summer": 0.30}
_MOST_IN_TERM = 8
#: Fault on purpose in the file of those on roll: one enrolment in so many has this many sessions more by reason than
#: were possible, of a code that is no absence.
TOO_MANY_EVERY = 1_000
TOO_MANY_BY = 6
#: Reception to year 11: attendance of younger and older pupils is not collected.
FIRST_GROUP, LAST_GROUP = 0, 11

#: Codes in the order in which rows are written. From 2024/25 interviews and exceptional circumstances are split.
CODES = ("I", "M", "C", "C2", "R", "H", "T", "S", "E", "G", "N", "O", "U", "L", "J", "B", "V", "Y", "D", "X")
AUTHORISED = frozenset({"I", "M", "C", "C2", "R", "H", "T", "S", "E", "J1"})
UNAUTHORISED = frozenset({"G", "N", "O", "U"})
NEW_CODES_FROM = 2024
EXCEPTIONAL = tuple(f"Y{number}" for number in range(1, 8))
_AT = {code: place for place, code in enumerate(CODES)}

REASONS = ("DB", "PP", "VA", "PA", "VP", "TH", "BU", "DM", "RA", "OW", "DA", "SM", "MT", "LG", "OT")
_REASON_WEIGHTS = (44, 14, 11, 8, 4, 3, 3, 2, 3, 2, 2, 1, 1, 1, 3)
PERMANENT, SUSPENDED = 1, 0


@dataclass(frozen=True)
class Suspensions:
    """The suspensions and permanent exclusions that begin in one term, in order of pupil and day.

    `reasons` holds positions in `REASONS` of up to three reasons, -1 where there is none.
    """

    pupil: Ints
    school: Ints
    day: Ints
    sessions: Ints
    category: Ints
    reasons: Ints
    provision: Ints


@dataclass(frozen=True)
class Sessions:
    """Sessions of some enrolments in a term or half of one: how many were possible, and those of each code."""

    possible: Ints
    counts: Ints
    by_code: tuple[str, ...]

    def with_too_many(self, marked: Flags) -> "Sessions":
        """Return the sessions with those of the enrolments marked above what was possible."""
        counts = self.counts.copy()
        counts[marked, _AT["X"]] += (self.possible - counts.sum(axis=1) + TOO_MANY_BY)[marked]
        return replace(self, counts=counts)

    def total(self, codes: frozenset[str]) -> Ints:
        """Return the sessions of the codes given, by enrolment."""
        wanted = [place for place, code in enumerate(self.by_code) if code in codes]
        return np.asarray(self.counts[:, wanted].sum(axis=1))


def codes_of(year: int) -> tuple[str, ...]:
    """Return the codes of a school year; the one for exceptional circumstances is split when rows are written."""
    return tuple("J1" if code == "J" and year >= NEW_CODES_FROM else code for code in CODES)


class Absence:
    """Draws the absence of all pupils, one school year at a time."""

    def __init__(self, seed: int, pupils: Pupils) -> None:
        self._seed, self._pupils = seed, pupils
        draw = draws(seed, "absence")
        self._habit = 0.85 * normal(draw, len(pupils)) + 0.22 * pupils.need + 0.15 * pupils.conduct
        self._unauthorised = draw.random(len(pupils))
        self._rates: dict[int, Floats] = {}

    def rate(self, year: int) -> Floats:
        """Return the share of sessions missed by each pupil in a school year."""
        if year not in self._rates:
            self._rates[year] = self._drawn(year)
        return self._rates[year]

    def _drawn(self, year: int) -> Floats:
        pupils, group = self._pupils, self._pupils.year_group(year)
        columns = [term.index for term in TERMS if term.year == year]
        on_roll = (pupils.school[:, columns] >= 0).any(axis=1) & (group >= FIRST_GROUP) & (group <= LAST_GROUP)
        provision = pupils.provision(year)
        score = self._habit + 0.45 * normal(draws(self._seed, "absence", year), len(pupils))
        score += 0.2 * pupils.had_meals(year) + np.array([0, 0.4, 0.55])[provision]
        score += np.where(group >= 7, 0.2 + 0.09 * (group - 7), np.where(group <= 1, 0.12, 0))
        rates = np.zeros(len(pupils))
        overall, persistent, severe = LEVELS[year]
        place = place_in_order(score[on_roll])
        rates[on_roll] = _rate_at(place, overall * _DRAWN_OVERALL, persistent * _DRAWN_PERSISTENT, severe)
        return rates

    def sessions(
        self,
        term: Term,
        part: int,
        pupil: Ints,
        possible: Ints,
        elsewhere: Ints,
        suspended: Ints,
        *,
        name: str,
    ) -> Sessions:
        """Draw the sessions of enrolments by code.

        Args:
            term: The term told of.
            part: 0, or 1 for the second half of a summer term.
            pupil: Places of the pupils.
            possible: Sessions possible at this school.
            elsewhere: Sessions at the other school of a pupil with two.
            suspended: Sessions of suspensions in the term.
            name: What the rows are, so that each table has numbers of its own.
        """
        draw = draws(self._seed, "sessions", term.index, part, name)
        count = len(pupil)
        rate = self.rate(term.year)[pupil]
        season = {"autumn": 1.0, "spring": 1.02, "summer": 0.98}[term.kind]
        missed = np.minimum(whole(draw, possible * rate * season * (0.85 + 0.3 * draw.random(count))), possible)
        out = np.minimum(suspended, possible - missed)
        severe = np.clip(rate * 1.1, 0.04, 0.6) + 0.25 * (self._unauthorised[pupil] - 0.35)
        unexplained = np.minimum(whole(draw, missed * np.clip(severe, 0.02, 0.85)), missed)
        explained = missed - unexplained

        counts = np.zeros((count, len(CODES)), dtype=np.int64)
        rows = np.arange(count)
        ill = np.minimum(whole(draw, explained * (0.68 + 0.3 * draw.random(count))), explained)
        doctor = np.minimum(whole(draw, (explained - ill) * draw.random(count)), explained - ill)
        counts[:, _AT["I"]], counts[:, _AT["M"]] = ill, doctor
        is_new = term.year >= NEW_CODES_FROM
        others = ("C", "C2", "R", "T", "S") if is_new else ("C", "H", "R", "T", "S")
        other = np.array([_AT[code] for code in others])[pick(draw, (70, 10, 11, 4, 5), count)]
        counts[rows, other] += explained - ill - doctor
        absent = np.minimum(whole(draw, unexplained * (0.55 + 0.45 * draw.random(count))), unexplained)
        counts[:, _AT["O"]] = absent
        late = np.array([_AT[code] for code in ("G", "N", "U")])[pick(draw, (52, 26, 22), count)]
        counts[rows, late] += unexplained - absent
        counts[:, _AT["E"]] = out

        # What is left is attended; few of it has a code of its own here.
        left = possible - missed - out
        for code, share in (("L", 0.3), ("J", 0.012), ("B", 0.01), ("V", 0.03), ("Y", 0.006)):
            some = np.where(draw.random(count) < share, np.minimum(1 + below(draw, 4, count), left), 0)
            counts[:, _AT[code]] = some
            left = left - some
        counts[:, _AT["D"]] = np.minimum(elsewhere, left)
        return Sessions(possible, counts, codes_of(term.year))


def _rate_at(place: Floats, overall: float, persistent: float, severe: float) -> Floats:
    """Return the rate at a place in the order of pupils: below a tenth, from a tenth to a half, and from there on."""
    steep = 5.5
    middle = persistent - severe
    # Means of the three parts are a tenth / (power + 1), a tenth + 0.4 / (steep + 1), and 0.68.
    rest = (overall - severe * 0.68 - middle * (0.1 + 0.4 / (steep + 1))) / (1 - persistent)
    power = max(0.3, 0.1 / rest - 1)
    low = 0.1 * np.clip(place / (1 - persistent), 0, 1) ** power
    high = 0.1 + 0.4 * np.clip((place - 1 + persistent) / middle, 0, 1) ** steep
    top = 0.5 + 0.45 * np.clip((place - 1 + severe) / severe, 0, 1) ** 1.5
    return np.where(place < 1 - persistent, low, np.where(place < 1 - severe, high, top))


def suspensions(seed: int, pupils: Pupils, term: Term) -> Suspensions:
    """Draw the suspensions and permanent exclusions that begin in a term."""
    draw = draws(seed, "suspensions", term.index)
    count = len(pupils)
    at = pupils.school[:, term.index]
    group = pupils.year_group(term.year)
    provision = pupils.provision(term.year)
    on_roll = (at >= 0) & (group >= 0) & (group <= 13)
    score = 1.15 * pupils.conduct - 0.35 * pupils.ability + 0.3 * pupils.need + 0.45 * (pupils.sex == 0)
    score += np.array([0, 0.7, 0.7])[provision] + 0.5 * pupils.had_meals(term.year)
    score += 1.1 * pupils.cared_for[:, term.year - SCHOOL_YEARS[0]]
    of_age = np.where(group >= 12, 0.1, np.where(group >= 7, 1.0, np.where(group >= 1, 0.07, 0.02)))
    weight = np.where(on_roll, np.exp(np.minimum(score, 6)) * of_age, 0)
    expected = SUSPENSIONS[term.year] / 100 * _TERM_SHARE[term.kind] * np.count_nonzero(on_roll)
    chance = np.minimum(weight * expected / weight.sum(), 3.0)
    times = _how_often(draw, chance)
    permanent = pupils.excluded_in == term.index

    who = np.repeat(np.arange(count), times)
    turn = np.arange(len(who)) - np.repeat(np.cumsum(times) - times, times)
    spread = (turn + 0.1 + 0.8 * draw.random(len(who))) / times[who]
    first = np.maximum(term.first_day, pupils.entered[who, term.index])
    last = np.maximum(pupils.last_day[who, term.index] - 3, first)
    # An exclusion for good is the last thing to happen in a term.
    last = np.where(permanent[who], np.maximum(first, last - 14), last)
    day = _on_weekday(first + np.floor(spread * (last - first)).astype(np.int64))
    sessions = 2 + 2 * np.floor(4.9 * draw.random(len(who)) ** 2.5).astype(np.int64) - (draw.random(len(who)) < 0.15)

    for_good = np.flatnonzero(permanent)
    who = np.concatenate([who, for_good])
    day = np.concatenate([day, _on_weekday(pupils.last_day[for_good, term.index] - 8)])
    sessions = np.concatenate([sessions, np.full(len(for_good), 10, dtype=np.int64)])
    category = np.concatenate([np.full(len(turn), SUSPENDED), np.full(len(for_good), PERMANENT)])
    order = np.lexsort((category, day, who))
    who, day, sessions, category = who[order], day[order], sessions[order], category[order]
    # One a day: the second of two on one day is not kept.
    kept = np.ones(len(who), dtype=np.bool_)
    kept[1:] = (who[1:] != who[:-1]) | (day[1:] != day[:-1])
    who, day, sessions, category = who[kept], day[kept], sessions[kept], category[kept]
    reasons = np.stack([pick(draw, _REASON_WEIGHTS, len(who)) for _ in range(3)], axis=1)
    # Up to three reasons are told from 2020/21 on.
    more = draw.random(len(who)) if term.year >= 2020 else np.ones(len(who))
    reasons[:, 1] = np.where((more < 0.25) & (reasons[:, 1] != reasons[:, 0]), reasons[:, 1], -1)
    third = (more < 0.05) & (reasons[:, 1] >= 0) & (reasons[:, 2] != reasons[:, 1]) & (reasons[:, 2] != reasons[:, 0])
    reasons[:, 2] = np.where(third, reasons[:, 2], -1)
    return Suspensions(who, at[who], day, sessions, category, reasons, provision[who])


def _how_often(draw: np.random.Generator, chance: Floats) -> Ints:
    """Return how often each pupil is suspended, given how often on average."""
    times = np.zeros(len(chance), dtype=np.int64)
    luck = draw.random(len(chance))
    share = np.exp(-chance)
    reached = share.copy()
    for number in range(1, _MOST_IN_TERM + 1):
        times += luck >= reached
        share = share * chance / number
        reached = reached + share
    return times


def _on_weekday(day: Ints) -> Ints:
    """Move a Saturday or Sunday to the Friday before."""
    # 1 January 1970 was a Thursday.
    weekday = (day + 3) % 7
    return day - np.maximum(weekday - 4, 0)


def is_collected(group: Ints, *, second_half: bool) -> Flags:
    """Say whose attendance is collected: reception to year 11, and not year 11 after the summer half term."""
    return np.asarray((group >= FIRST_GROUP) & (group <= LAST_GROUP - second_half))
