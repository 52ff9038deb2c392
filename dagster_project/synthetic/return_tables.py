"""The other tables of the looked-after return, told of the invented children whose episodes `care` draws.

What a table says of a child in a year is drawn from a stream of its own, so that one more table changes no other. Rules
that a reader relies on are kept: reviews fall into care, a child is missing only while looked after, OC2 holds those
looked after for a year, OC3 those whose 17th to 21st birthday falls in it.
"""

import datetime as dt
import random
from collections.abc import Collection, Iterator, Sequence

from dagster_project.synthetic.care import (
    RETURN_YEARS,
    SEX_LETTERS_FROM,
    SHORT_BREAKS,
    Child,
    Cut,
    Episode,
    age_on,
    asylum_decision,
    cut_on,
    looked_after_on,
    year_end,
)
from dagster_project.synthetic.clusters import SIDE, Places
from dagster_project.synthetic.places import stream

COLUMNS = {
    "uasc": ("CHILD", "SEX", "DOB", "DUC"),
    "reviews": ("CHILD", "DOB", "REVIEW", "REVIEW_CODE"),
    "oc2": (
        "CHILD", "DOB", "SDQ_SCORE", "SDQ_REASON", "CONVICTED", "HEALTH_CHECK", "IMMUNISATIONS", "TEETH_CHECK",
        "HEALTH_ASSESSMENT", "SUBSTANCE_MISUSE", "INTERVENTION_RECEIVED", "INTERVENTION_OFFERED",
    ),
    "oc3": ("CHILD", "DOB", "IN_TOUCH", "ACTIV", "ACCOM"),
    "ad1": ("CHILD", "DOB", "DATE_INT", "DATE_MATCH", "FOSTER_CARE", "NB_ADOPTR", "SEX_ADOPTR", "LS_ADOPTR"),
    "placed_for_adoption": ("CHILD", "DOB", "DATE_PLACED", "DATE_PLACED_CEASED", "REASON_PLACED_CEASED"),
    "previous_permanence": ("CHILD", "DOB", "PREV_PERM", "LA_PERM", "DATE_PERM"),
    "missing": ("CHILD", "DOB", "MISSING", "MIS_START", "MIS_END"),
    "social_workers": ("CHILD", "DOB", "SW_ID", "SW_DECOM", "SW_DEC", "SW_REASON"),
}  # fmt: skip
#: Returns have social workers from this year on.
SOCIAL_WORKERS_FROM = 2024
#: Tables that an extract taken during the year has beside header and episodes.
TOLD_DURING_THE_YEAR = ("uasc", "missing", "previous_permanence")
POSTCODE_COLUMNS = ("pcd", "oseast1m", "osnrth1m", "laua", "lsoa21")
_WORKERS = 60
#: Invented postcodes that lie in the authority, of all.
_INSIDE_SHARE = 0.67


def rows_of(table: str, seed: int, children: Sequence[Child], cut: Cut) -> Iterator[list[str]]:
    """Yield the rows of one table of a return, in the order of the children."""
    tell = _TABLES[table]
    for child in children:
        draw = stream(seed, table, child.number, cut.last)
        yield from tell(draw, child, cut)


def care_leavers(seed: int, children: Sequence[Child], year: int) -> tuple[int, int, int]:
    """Count care leavers aged 19 to 21 of a year as published: all, in work or learning, suitably housed."""
    cut = cut_on(year_end(year))
    told = [dict(zip(COLUMNS["oc3"], row, strict=True)) for row in rows_of("oc3", seed, children, cut)]
    counted = [
        row
        for row in told
        if row["IN_TOUCH"] not in {"DIED", "RHOM"}
        and 19 <= age_on(dt.datetime.strptime(row["DOB"], "%d/%m/%Y").date(), cut.last) <= 21
    ]
    working = sum(row["ACTIV"][0] in "FP" for row in counted)
    return len(counted), working, sum(row["ACCOM"].endswith("1") for row in counted)


def lies_inside(seed: int, postcode: str) -> bool:
    """Say whether an invented postcode lies in the subject authority: two in three do."""
    return stream(seed, "postcode", postcode).random() < _INSIDE_SHARE


def postcode_rows(
    seed: int, children: Sequence[Child], codes: Sequence[str], others: Collection[str], places: Places
) -> list[list[str]]:
    """Return a place for every postcode in the returns and of `others`: in a small area of the authority, the first of
    `codes`, or in another one of them."""
    told = [episode for child in children for episode in child.episodes if episode.dec > year_end(RETURN_YEARS[0] - 1)]
    postcodes = {text for episode in told for text in _postcodes(episode) if text}.union(others)
    rows = []
    for postcode in sorted(postcodes):
        draw = stream(seed, "postcode", postcode)
        inside = draw.random() < _INSIDE_SHARE
        reach = SIDE // 2 if inside else 60_000
        east, north = 430_000 + draw.randint(-reach, reach), 434_000 + draw.randint(-reach, reach)
        rows.append([postcode, str(east), str(north), codes[0] if inside else draw.choice(codes[1:]), ""])
    own = [row for row in rows if row[3] == codes[0]]
    found = places.nearest([float(row[1]) for row in own], [float(row[2]) for row in own])
    for row, place in zip(own, found.tolist(), strict=True):
        row[4] = places.codes[place]
    return rows


def _postcodes(episode: Episode) -> tuple[str, str]:
    return episode.home_postcode, episode.placement.postcode


def _text(day: dt.date | None) -> str:
    return "" if day is None else day.strftime("%d/%m/%Y")


def _in_care(child: Child, cut: Cut) -> list[Episode]:
    """The episodes of a year that are no short breaks, as long as they lie in it."""
    return [
        episode
        for episode in child.episodes
        if episode.legal_status not in SHORT_BREAKS and episode.decom <= cut.last and episode.dec >= cut.first
    ]


def _some_day(draw: random.Random, episode: Episode, cut: Cut) -> dt.date:
    first = max(episode.decom, cut.first)
    last = min(episode.dec, cut.last)
    return first + dt.timedelta(days=draw.randint(0, max(0, (last - first).days)))


def _uasc(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    del draw
    if child.is_unaccompanied and _in_care(child, cut):
        sex = child.sex if cut.year >= SEX_LETTERS_FROM else {"M": "1", "F": "2"}[child.sex]
        decided = asylum_decision(child)
        yield [child.number, sex, _text(child.born), _text(decided) if decided <= cut.last else ""]


def _reviews(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    for start in (episode.decom for episode in child.episodes if episode.rne == "S"):
        day = start + dt.timedelta(days=20)
        period = [episode for episode in _in_care(child, cut) if episode.decom >= start]
        for number in range(60):
            if any(episode.decom <= day < episode.dec for episode in period) and (cut.first <= day <= cut.last):
                voice = draw.choices(("PN1", "PN2", "PN3", "PN5", "PN6", "PN7"), (58, 6, 3, 12, 13, 8))[0]
                code = "PN0" if age_on(child.born, day) < 4 else voice
                yield [child.number, _text(child.born), _text(day), code]
            day += dt.timedelta(days=90 if number == 0 else 182)


def _oc2(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    if looked_after_on(child, cut.last) is None or looked_after_on(child, cut.first - dt.timedelta(days=1)) is None:
        return
    age = age_on(child.born, cut.last)
    asked = 4 <= age <= 16
    score = min(40, max(0, round(draw.gauss(14, 7)))) if asked and draw.random() < 0.78 else None
    misuse = age >= 12 and draw.random() < 0.08
    received = misuse and draw.random() < 0.6
    yield [
        child.number,
        _text(child.born),
        "" if score is None else str(score),
        "" if score is not None else draw.choice(("SDQ2", "SDQ4", "SDQ5")) if asked else "SDQ1",
        "1" if age >= 10 and draw.random() < 0.03 else "0",
        "" if age >= 5 else str(int(draw.random() < 0.88)),
        str(int(draw.random() < 0.85)),
        str(int(draw.random() < 0.78)),
        str(int(draw.random() < 0.92)),
        str(int(misuse)),
        str(int(received)) if misuse else "",
        str(int(not received and draw.random() < 0.5)) if misuse else "",
    ]


def _oc3(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    age = age_on(child.born, cut.last)
    left = child.episodes[-1]
    if not 17 <= age <= 21 or left.dec > cut.last or left.legal_status in SHORT_BREAKS:
        return
    if age_on(child.born, left.dec) < 16:
        return
    touch = draw.choices(("YES", "NO", "REFU", "NREQ", "RHOM", "DIED"), (80, 8, 4, 4, 3, 1))[0]
    known = touch in {"YES", "NREQ"}
    apprentice, work, part_time = ("F4", "F5", "P5") if cut.year >= 2022 else ("F3", "F3", "P3")
    activities = ("F1", "F2", apprentice, work, "P2", part_time, "G4", "G5", "G6")
    activity = draw.choices(activities, (6, 22, 5, 20, 3, 4, 12, 24, 4))[0]
    housed = draw.choices(("U1", "Z1", "B1", "D1", "E1", "K1", "S2", "V2", "X2"), (38, 16, 12, 14, 8, 3, 2, 3, 4))[0]
    yield [
        child.number,
        _text(child.born),
        touch,
        activity if known else "0",
        housed if known else "0",
    ]


def _adopted(child: Child, cut: Cut) -> Episode | None:
    ended = [episode for episode in _in_care(child, cut) if episode.rec in {"E11", "E12"}]
    return ended[-1] if ended and ended[-1].dec <= cut.last else None


def _adoption_days(child: Child) -> tuple[dt.date, dt.date]:
    """Days of the decision and of the match, the same whatever year is told."""
    draw = stream(0, "adoption", child.number)
    last = next((episode for episode in child.episodes if episode.legal_status == "E1"), child.episodes[-1])
    decided = max(child.episodes[0].decom, last.decom - dt.timedelta(days=draw.randint(5, 60)))
    return decided, decided + dt.timedelta(days=draw.randint(30, 200))


def _ad1(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    ended = _adopted(child, cut)
    if ended is not None:
        _, matched = _adoption_days(child)
        matched = min(matched, ended.dec)
        by_carer = "1" if ended.placement.place in {"A3", "A5"} else "0"
        couple = draw.random() < 0.8
        yield [
            child.number,
            _text(child.born),
            _text(matched - dt.timedelta(days=draw.randint(20, 200))),
            _text(matched),
            by_carer,
            "2" if couple else "1",
            draw.choice(("MF", "MF", "FF", "MM")) if couple else "F1",
            "L11" if couple else "L0",
        ]


def _placed(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    del draw
    if any(episode.legal_status == "E1" for episode in _in_care(child, cut)):
        decided, _ = _adoption_days(child)
        if decided <= cut.last:
            yield [child.number, _text(child.born), _text(decided), "", ""]


def _previous_permanence(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    if any(episode.rne == "S" and episode.decom >= cut.first for episode in _in_care(child, cut)):
        code = draw.choices(("Z1", "P1", "P2", "P3", "P4"), (90, 3, 4, 2, 1))[0]
        date = "" if code == "Z1" else draw.choice(("zz/zz/zzzz", f"zz/05/{cut.year - 4}", f"zz/zz/{cut.year - 5}"))
        yield [child.number, _text(child.born), code, "", date]


def _missing(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    episodes = _in_care(child, cut)
    if not episodes or age_on(child.born, cut.last) < 11 or draw.random() > 0.16:
        return
    times = draw.choices((1, 2, 3, 5), (55, 25, 12, 8))[0]
    days = sorted({_some_day(draw, draw.choice(episodes), cut) for _ in range(times)})
    for start, following in zip(days, [*days[1:], cut.last], strict=True):
        # Back before going again.
        end = min(start + dt.timedelta(days=draw.randint(0, 4)), max(start, following))
        yield [child.number, _text(child.born), "M" if draw.random() < 0.8 else "A", _text(start), _text(end)]


def _social_workers(draw: random.Random, child: Child, cut: Cut) -> Iterator[list[str]]:
    episodes = _in_care(child, cut)
    if not episodes:
        return
    day = max(episodes[0].decom, cut.first - dt.timedelta(days=1) - dt.timedelta(days=draw.randint(0, 300)))
    last = min(episodes[-1].dec, cut.last)
    changes = draw.choices((0, 1, 2, 3), (52, 30, 13, 5))[0]
    days = sorted({day, *(day + dt.timedelta(days=draw.randint(1, max(1, (last - day).days))) for _ in range(changes))})
    for number, (begins, ends) in enumerate(zip(days, [*days[1:], None], strict=True)):
        left = ends if ends is not None else last if last < cut.last else None
        yield [
            child.number,
            _text(child.born),
            f"SW{draw.randint(1, _WORKERS):04d}",
            _text(begins),
            _text(left),
            "FCONTA" if number == 0 else draw.choice(("MANAGE", "LEFTRL", "ORGRST", "TSPROC")),
        ]


_TABLES = {
    "uasc": _uasc,
    "reviews": _reviews,
    "oc2": _oc2,
    "oc3": _oc3,
    "ad1": _ad1,
    "placed_for_adoption": _placed,
    "previous_permanence": _previous_permanence,
    "missing": _missing,
    "social_workers": _social_workers,
}
