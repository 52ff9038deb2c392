"""The invented children who come into care, episode by episode, and the yearly returns cut from their histories.

Every child is drawn from a stream of their own, so a larger scale adds children and changes none. Rules that
a reader of the return relies on are kept: an episode starts on the day the one before ends, only the last one
ends with a reason other than X1, a child leaves care on the eighteenth birthday at the latest.
"""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagster_project.synthetic.places import stream

RETURN_YEARS = (2020, 2021, 2022, 2023, 2024, 2025)
#: Days on which a return was cut during its year, one year apart: each is compared with the one before.
CUT_DAYS = (dt.date(2024, 9, 30), dt.date(2025, 9, 30))
#: Children are followed from this intake on, early enough for the first published year to be in balance.
FIRST_INTAKE = 1999
LAST_INTAKE = RETURN_YEARS[-1] + 1

HEADER_COLUMNS = ("CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB")
EPISODE_COLUMNS = (
    "CHILD",
    "DECOM",
    "RNE",
    "LS",
    "CIN",
    "PLACE",
    "PLACE_PROVIDER",
    "DEC",
    "REC",
    "REASON_PLACE_CHANGE",
    "HOME_POST",
    "PL_POST",
    "URN",
)
SHORT_BREAKS = frozenset({"V3", "V4"})
TEMPORARY = frozenset({"T0", "T1", "T2", "T3", "T4"})
ADOPTIVE = frozenset({"A3", "A4", "A5", "A6"})
FOSTERING = frozenset({"U1", "U2", "U3", "U4", "U5", "U6"})

#: Supported accommodation has its own code from the 2025 return; independent living ends earlier.
SUPPORTED_FROM = dt.date(2024, 4, 1)
INDEPENDENT_UNTIL = dt.date(2023, 10, 28)
SEX_LETTERS_FROM = 2025

_ETHNIC = (
    ("WBRI", 62), ("WIRI", 1), ("WIRT", 1), ("WROM", 2), ("WOTH", 5), ("MWBC", 5), ("MWBA", 3), ("MWAS", 3),
    ("MOTH", 3), ("AIND", 1), ("APKN", 4), ("ABAN", 1), ("AOTH", 1), ("BCRB", 2), ("BAFR", 4), ("BOTH", 1),
    ("OOTH", 1),
)  # fmt: skip
_ETHNIC_UNACCOMPANIED = (("AOTH", 35), ("BAFR", 30), ("OOTH", 30), ("WOTH", 5))
_NEED = (("N1", 66), ("N2", 3), ("N3", 4), ("N4", 8), ("N5", 15), ("N6", 2), ("N8", 2))
_MOVED_BECAUSE = (
    ("CARPL", 52), ("CREQB", 13), ("CREQO", 8), ("CHILD", 6), ("LAREQ", 7), ("STAND", 3), ("ALLEG", 2),
    ("CLOSE", 3), ("OTHER", 6),
)  # fmt: skip
_NO_PROVIDER = TEMPORARY | {"Z1"}
_NO_URN = TEMPORARY | {"P1", "R1", "R2", "R5", "Z1"}
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True)
class Placement:
    """Where a child lives: one home, with its postcode and, where inspected, its number."""

    place: str
    provider: str
    postcode: str
    urn: str


@dataclass(frozen=True)
class Episode:
    """One episode of care as finally known, even where it ends after the last return."""

    decom: dt.date
    rne: str
    legal_status: str
    need: str
    placement: Placement
    dec: dt.date
    rec: str
    reason: str
    home_postcode: str


@dataclass(frozen=True)
class Child:
    """One invented child with the whole history."""

    number: str
    sex: str
    born: dt.date
    ethnic: str
    upn: str
    is_unaccompanied: bool
    child_born: dt.date | None
    episodes: tuple[Episode, ...] = field(repr=False)


@dataclass(frozen=True)
class Cut:
    """The days one return tells of: from 1 April to the day it was cut, 31 March for the yearly one."""

    first: dt.date
    last: dt.date

    @property
    def year(self) -> int:
        """The collection year, named after the 31 March that ends it."""
        return self.first.year + 1


def cut_on(day: dt.date) -> Cut:
    """Return the days of a return cut on `day`."""
    return Cut(dt.date(day.year - (day < dt.date(day.year, 4, 1)), 4, 1), day)


def invent_children(seed: int, scale: float) -> list[Child]:
    """Invent every child who came into care in the years to 31 March of each intake, short breaks included."""
    children = []
    for intake in range(FIRST_INTAKE, LAST_INTAKE + 1):
        for index in range(round(_entrants(intake) * scale)):
            number = f"0{intake % 100:02d}{index:05d}"
            children.append(_child_in_care(stream(seed, "care", intake, index), intake, number))
        for index in range(max(1, round(26 * scale))):
            number = f"0{intake % 100:02d}{90_000 + index:05d}"
            children.append(_child_on_short_breaks(stream(seed, "breaks", intake, index), intake, number))
    return sorted(children, key=lambda child: child.number)


def _entrants(intake: int) -> int:
    """Return how many children start care in a year where scale is 1: level, a dip in 2021, then a rise."""
    steps = {2021: 325, 2022: 440, 2023: 480, 2024: 510, 2025: 475}
    return steps.get(intake, 370 + 2 * max(0, intake - 2010))


def _pick(draw: random.Random, choices: Sequence[tuple[str, int]]) -> str:
    names, weights = zip(*choices, strict=True)
    return draw.choices(names, weights)[0]


def _days(draw: random.Random, mean: float) -> int:
    return 1 + int(draw.expovariate(1 / mean))


def _birthday(born: dt.date, age: int) -> dt.date:
    # A birthday of 29 February falls on 1 March in a common year.
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return dt.date(born.year + age, 3, 1)


def age_on(born: dt.date, day: dt.date) -> int:
    """Return completed years of age."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _postcode(draw: random.Random) -> str:
    # The area ZZ is not used by the Post Office, so no address can be hit by chance.
    return f"ZZ{draw.randint(1, 9)} {draw.randint(1, 9)}{draw.choice(_LETTERS)}{draw.choice(_LETTERS)}"


def _intake_day(draw: random.Random, intake: int) -> dt.date:
    return dt.date(intake - 1, 4, 1) + dt.timedelta(days=draw.randrange(365))


def _person(draw: random.Random, started: dt.date, age: float, *, unaccompanied: bool) -> dict[str, Any]:
    born = started - dt.timedelta(days=int(age * 365.25))
    sex = "M" if draw.random() < (0.87 if unaccompanied else 0.53) else "F"
    mother = sex == "F" and age > 14 and draw.random() < 0.08
    return {
        "sex": sex,
        "born": born,
        "ethnic": _pick(draw, _ETHNIC_UNACCOMPANIED if unaccompanied else _ETHNIC),
        "upn": "UN2" if unaccompanied else f"{draw.choice(_LETTERS)}{draw.randrange(10**12):012d}",
        "child_born": started - dt.timedelta(days=draw.randint(20, 200)) if mother else None,
    }


def _child_in_care(draw: random.Random, intake: int, number: str) -> Child:
    started = _intake_day(draw, intake)
    unaccompanied = draw.random() < (0.04 if intake < 2016 else 0.08 if intake < 2022 else 0.14)
    if unaccompanied:
        age = draw.uniform(14.2, 17.7)
    else:
        low, high = draw.choices([(0, 1), (1, 5), (5, 10), (10, 16), (16, 17.8)], [22, 19, 18, 32, 9])[0]
        age = draw.uniform(low, high)
    person = _person(draw, started, age, unaccompanied=unaccompanied)
    home = "" if unaccompanied else _postcode(draw)
    need = "N8" if unaccompanied else _pick(draw, _NEED)
    episodes: list[Episode] = []
    while True:
        period = _period_of_care(draw, started, person["born"], need, home, unaccompanied=unaccompanied)
        episodes.extend(period)
        left = period[-1]
        started = left.dec + dt.timedelta(days=_days(draw, 300))
        if left.rec not in {"E4A", "E4B", "E13"} or draw.random() > 0.14 or age_on(person["born"], started) >= 17:
            break
    return Child(number=number, is_unaccompanied=unaccompanied, episodes=tuple(episodes), **person)


def _period_of_care(
    draw: random.Random, started: dt.date, born: dt.date, need: str, home: str, *, unaccompanied: bool
) -> list[Episode]:
    """Return the episodes from one start to one end of care."""
    age = age_on(born, started)
    eighteen = _birthday(born, 18)
    route = "asylum" if unaccompanied else "remand" if age >= 13 and draw.random() < 0.03 else _route(draw, age)
    length = {
        "asylum": lambda: 10_000 if draw.random() < 0.92 else _days(draw, 150),
        "remand": lambda: _days(draw, 60),
        "brief": lambda: 2 + _days(draw, 85),
        "adoption": lambda: 400 + _days(draw, 260),
        "guardian": lambda: 240 + _days(draw, 420),
        "home": lambda: 120 + _days(draw, 520),
        "long": lambda: 10_000 if draw.random() < 0.72 else 900 + _days(draw, 1100),
    }[route]()
    ended = min(started + dt.timedelta(days=length), eighteen)
    if ended <= started:
        ended = started + dt.timedelta(days=1)
    rec = _reason_for_leaving(draw, route, came_of_age=ended >= eighteen)

    legal = _legal_path(draw, started, ended, route)
    homes = _placement_path(draw, started, ended, born, legal, route)
    changes = sorted({day for day, _ in legal} | {day for day, *_ in homes})
    episodes = []
    for position, day in enumerate(changes):
        status = [value for since, value in legal if since <= day][-1]
        since, placement, same_carer, _ = [entry for entry in homes if entry[0] <= day][-1]
        is_last = position + 1 == len(changes)
        until = ended if is_last else changes[position + 1]
        next_home = next((entry for entry in homes if entry[0] == until), None)
        moved, legal_changed = since == day, any(since_legal == day for since_legal, _ in legal)
        if position == 0:
            rne = "S"
        elif moved and legal_changed:
            rne = "U" if same_carer else "B"
        elif moved:
            rne = "T" if same_carer else "P"
        else:
            rne = "L"
        episodes.append(
            Episode(
                decom=day,
                rne=rne,
                legal_status=status,
                need=need,
                placement=placement,
                dec=until,
                rec=rec if is_last else "X1",
                reason="" if is_last or next_home is None else next_home[3],
                home_postcode=home,
            )
        )
    return episodes


def _route(draw: random.Random, age: int) -> str:
    weights = {
        "brief": 30,
        "adoption": 26 if age < 2 else 8 if age < 5 else 0,
        "guardian": 18 if age < 8 else 6,
        "home": 16,
        "long": 34,
    }
    return draw.choices(list(weights), list(weights.values()))[0]


def _reason_for_leaving(draw: random.Random, route: str, *, came_of_age: bool) -> str:
    if came_of_age:
        return _pick(draw, (("E5", 42), ("E17", 22), ("E6", 14), ("E7", 5), ("E4A", 7), ("E8", 10)))
    choices = {
        "asylum": (("E8", 60), ("E15", 25), ("E3", 15)),
        "remand": (("E14", 70), ("E9", 30)),
        "brief": (("E4A", 48), ("E4B", 22), ("E13", 18), ("E8", 10), ("E3", 2)),
        "adoption": (("E11", 55), ("E12", 45)),
        "guardian": (("E45", 55), ("E46", 6), ("E47", 28), ("E48", 4), ("E41", 7)),
        "home": (("E4A", 62), ("E13", 16), ("E41", 14), ("E4B", 8)),
        "long": (("E4A", 45), ("E45", 25), ("E8", 15), ("E13", 13), ("E2", 2)),
    }
    return _pick(draw, choices[route])


def _legal_path(draw: random.Random, started: dt.date, ended: dt.date, route: str) -> list[tuple[dt.date, str]]:
    """Return the legal statuses with the day each begins, none on or after the end of care."""
    if route == "asylum":
        return [(started, "V2")]
    if route == "remand":
        return [(started, "J1")]
    path = [(started, _pick(draw, (("V2", 52), ("C1", 36), ("L1", 8), ("L2", 4))))]
    day = started
    if path[-1][1] in {"L1", "L2"}:
        day += dt.timedelta(days=draw.randint(1, 3) if path[-1][1] == "L1" else draw.randint(4, 8))
        path.append((day, "C1" if draw.random() < 0.6 else "V2"))
    if route != "brief" and path[-1][1] == "V2" and draw.random() < 0.8:
        day += dt.timedelta(days=30 + _days(draw, 60))
        path.append((day, "C1"))
    if path[-1][1] == "C1":
        day += dt.timedelta(days=150 + _days(draw, 90))
        path.append((day, "C2"))
        if route == "adoption":
            path.append((day + dt.timedelta(days=draw.randint(0, 1) * draw.randint(10, 60) + 1), "E1"))
    return [(since, status) for since, status in path if since < ended]


def _placement_path(
    draw: random.Random, started: dt.date, ended: dt.date, born: dt.date, legal: list[tuple[dt.date, str]], route: str
) -> list[tuple[dt.date, Placement, bool, str]]:
    """Return `(day, home, is the carer the same, why the child moved there)` for each placement."""
    path: list[tuple[dt.date, Placement, bool, str]] = []
    day, reason = started, ""
    while day < ended:
        status = [value for since, value in legal if since <= day][-1]
        placement = _home(draw, day, age_on(born, day), status, route)
        path.append((day, placement, False, reason))
        settles = draw.random() < (0.68 if len(path) > 1 else 0.44)
        stay = (300 + _days(draw, 1500)) if settles else 4 + _days(draw, 110)
        leaves = day + dt.timedelta(days=stay)
        hearing = next((since for since, _ in legal if day < since and abs((since - leaves).days) <= 30), None)
        if hearing is not None and draw.random() < 0.5:
            # Many moves follow from a hearing: legal status and placement change on one day.
            leaves = hearing
        if placement.place == "U6" and stay > 500:
            # A placement agreed as long term: same carer, same address, a new code.
            agreed = day + dt.timedelta(days=draw.randint(200, 400))
            if agreed < min(ended, leaves):
                path.append((agreed, Placement("U4", *_of(placement)), True, "PLACE"))
        elif stay > 60 and draw.random() < 0.015:
            ill = day + dt.timedelta(days=draw.randint(20, 40))
            back = ill + dt.timedelta(days=draw.randint(2, 9))
            if back < min(ended, leaves):
                path.append((ill, Placement("T1", "", _postcode(draw), ""), True, "OTHER"))
                path.append((back, placement, True, "OTHER"))
        day, reason = leaves, _pick(draw, _MOVED_BECAUSE)
    placed = next((since for since, status in legal if status == "E1"), None)
    if route == "adoption" and placed is not None:
        path = _with_adopters(draw, path, placed + dt.timedelta(days=40 + _days(draw, 60)), ended)
    return path


def _of(placement: Placement) -> tuple[str, str, str]:
    return placement.provider, placement.postcode, placement.urn


def _with_adopters(
    draw: random.Random, path: list[tuple[dt.date, Placement, bool, str]], day: dt.date, ended: dt.date
) -> list[tuple[dt.date, Placement, bool, str]]:
    """End the placements with one for adoption from `day`, with the same carers for one child in six."""
    if day >= ended:
        return path
    path = [entry for entry in path if entry[0] < day]
    last = path[-1][1]
    stays = last.place in {"U4", "U6"} and draw.random() < 0.17
    adopters = Placement("A5", *_of(last)) if stays else Placement("A6", "PR1", _postcode(draw), _urn(draw))
    return [*path, (day, adopters, stays, "CARPL")]


def _urn(draw: random.Random) -> str:
    return f"SC{draw.randint(30_000, 69_999) * 10 + draw.randint(0, 9):06d}"


def _home(draw: random.Random, day: dt.date, age: int, status: str, route: str) -> Placement:
    supported = "K3" if day >= SUPPORTED_FROM else "H5"
    if route == "remand":
        weights = {"R5": 55, "K1": 25, "K2": 20}
    elif route == "asylum":
        weights = {supported: 55, "U6": 30, "K2": 15} if age >= 16 else {"U6": 85, "K2": 15}
    elif age < 1:
        weights = {"U6": 66, "U3": 20, "R3": 9, "U5": 5}
    elif age < 12:
        weights = {"U6": 62, "U3": 20, "K2": 5, "P1": 11, "S1": 1, "Z1": 1}
    elif age < 16:
        weights = {"U6": 46, "U3": 15, "K2": 27, "P1": 8, "S1": 3, "Z1": 1}
    else:
        weights = {"U6": 30, "U3": 9, "K2": 24, supported: 30, "P1": 3, "R2": 1, "Z1": 1}
        if day < INDEPENDENT_UNTIL:
            weights["P2"] = 5
    if status not in {"C1", "C2"}:
        # Children can be placed with their own parents only under a care order.
        weights.pop("P1", None)
    place = draw.choices(list(weights), list(weights.values()))[0]
    if place == "P1":
        provider = "PR0"
    elif place in _NO_PROVIDER:
        provider = ""
    elif place == "U3":
        provider = "PR1"
    elif place in {"R2", "R5"}:
        provider = "PR3"
    else:
        provider = _pick(draw, (("PR1", 58), ("PR4", 37), ("PR5", 5)))
    return Placement(place, provider, _postcode(draw), "" if place in _NO_URN else _urn(draw))


def _child_on_short_breaks(draw: random.Random, intake: int, number: str) -> Child:
    """Invent a disabled child with short breaks only: each stay by itself (V3), or one agreement (V4)."""
    started = _intake_day(draw, intake)
    person = _person(draw, started, draw.uniform(5, 15), unaccompanied=False)
    home = _postcode(draw)
    place = Placement("K2" if draw.random() < 0.5 else "U6", "PR1", _postcode(draw), _urn(draw))

    def stay(day: dt.date, status: str, days: int) -> Episode:
        return Episode(day, "S", status, "N2", place, day + dt.timedelta(days=days), "E4A", "", home)

    episodes: tuple[Episode, ...]
    if draw.random() < 0.5:
        episodes = (stay(started, "V4", 300 + _days(draw, 500)),)
    else:
        gap = draw.randint(60, 120)
        episodes = tuple(stay(started + dt.timedelta(days=gap * turn), "V3", draw.randint(1, 3)) for turn in range(6))
    return Child(number=number, is_unaccompanied=False, episodes=episodes, **person)


def year_end(year: int) -> dt.date:
    """Return the last day of a collection year."""
    return dt.date(year, 3, 31)


def looked_after_on(child: Child, day: dt.date) -> Episode | None:
    """Return the episode in which the child is looked after at the end of `day`; short breaks do not count."""
    found = [
        episode
        for episode in child.episodes
        if episode.legal_status not in SHORT_BREAKS and episode.decom <= day < episode.dec
    ]
    return found[-1] if found else None


def started_in(child: Child, year: int) -> bool:
    """Say whether a period of care, not a short break, begins in the collection year."""
    return any(
        episode.rne == "S" and year_end(year - 1) < episode.decom <= year_end(year)
        for episode in child.episodes
        if episode.legal_status not in SHORT_BREAKS
    )


def ceased_in(child: Child, year: int) -> bool:
    """Say whether a period of care, not a short break, ends in the collection year."""
    return any(
        episode.rec != "X1" and year_end(year - 1) < episode.dec <= year_end(year)
        for episode in child.episodes
        if episode.legal_status not in SHORT_BREAKS
    )


def placements_in(child: Child, year: int) -> int:
    """Count the placements that touch the year: not short breaks, temporary stays or the return from one.

    A change with the same carer counts, except for adoption by that carer.
    """
    count, last = 0, None
    for episode in child.episodes:
        place = episode.placement
        if episode.legal_status in SHORT_BREAKS or place.place in TEMPORARY:
            continue
        by_same_carer = place.place in {"A3", "A5"} and episode.rne in {"T", "U"}
        touches = episode.decom <= year_end(year) and episode.dec > year_end(year - 1)
        if touches and place != last and not by_same_carer:
            count += 1
        if touches:
            last = place
    return count


def kept_placement(child: Child, year: int) -> bool | None:
    """Say whether a child under 16, in care for two and a half years, has lived in one placement for the last two.

    A change of legal status keeps the placement, and adoption adds to the one before it. None where the child is not in
    that group at 31 March of the year.
    """
    day = year_end(year)
    current = looked_after_on(child, day)
    if current is None or age_on(child.born, day) >= 16:
        return None
    path = child.episodes[: child.episodes.index(current) + 1]
    entered = max(episode.decom for episode in path if episode.rne == "S")
    if entered > dt.date(year - 3, 9, 30):
        return None
    settled = current.decom
    for earlier, later in zip(reversed(path[:-1]), reversed(path), strict=False):
        is_same = later.rne == "L" or later.placement.place in ADOPTIVE or later.placement == earlier.placement
        if later.rne == "S" or not is_same:
            break
        settled = earlier.decom
    return settled <= dt.date(year - 2, 3, 31)


def asylum_decision(child: Child) -> dt.date:
    """The day on which an unaccompanied child's status ends, by decision or at eighteen: one, whatever year is told."""
    days = stream(0, "asylum decision", child.number).randint(200, 900)
    return min(child.episodes[0].decom + dt.timedelta(days=days), _birthday(child.born, 18))


def _text(day: dt.date | None) -> str:
    return "" if day is None else day.strftime("%d/%m/%Y")


def episode_rows(children: Sequence[Child], cut: Cut) -> list[list[str]]:
    """Return the episodes that touch the days of a return, as known on its last day."""
    rows = []
    for child in children:
        for episode in child.episodes:
            if episode.decom > cut.last or episode.dec < cut.first:
                continue
            is_open = episode.dec > cut.last
            placement = episode.placement
            rows.append(
                [
                    child.number,
                    _text(episode.decom),
                    episode.rne,
                    episode.legal_status,
                    episode.need,
                    placement.place,
                    placement.provider,
                    "" if is_open else _text(episode.dec),
                    "" if is_open else episode.rec,
                    "" if is_open else episode.reason,
                    episode.home_postcode,
                    placement.postcode,
                    placement.urn,
                ]
            )
    return rows


def header_rows(children: Sequence[Child], cut: Cut) -> Iterator[list[str]]:
    """Yield one row for each child with an episode in the return."""
    present = {row[0] for row in episode_rows(children, cut)}
    for child in children:
        if child.number not in present:
            continue
        sex = child.sex if cut.year >= SEX_LETTERS_FROM else {"M": "1", "F": "2"}[child.sex]
        is_mother = child.child_born is not None and child.child_born <= cut.last
        yield [
            child.number,
            sex,
            _text(child.born),
            child.ethnic,
            "UN1" if age_on(child.born, cut.last) < 4 else child.upn,
            "" if child.sex == "M" else "1" if is_mother else "0",
            _text(child.child_born) if is_mother else "",
        ]
