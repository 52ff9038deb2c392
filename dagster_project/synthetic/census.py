"""The school census: one folder of tables per term, as the schools' systems export them.

A census tells of the attendance of the term before and of the suspensions of two terms before; one of autumn tells of
both halves of the summer term. Ids of pupils belong to one census: the next one uses them for others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from dagster_project.synthetic.attendance import (
    AUTHORISED,
    EXCEPTIONAL,
    PERMANENT,
    REASONS,
    TOO_MANY_EVERY,
    UNAUTHORISED,
    Absence,
    Sessions,
    Suspensions,
    is_collected,
    suspensions,
)
from dagster_project.synthetic.draws import Counter, Flags, Floats, Ints, draws, pick
from dagster_project.synthetic.files import Folders, copy_csv
from dagster_project.synthetic.pupils import ETHNICITIES, LANGUAGES, OPEN_END, SEN_TYPES, Pupils
from dagster_project.synthetic.school_levels import Levels, of_attendance, of_suspensions
from dagster_project.synthetic.school_terms import KINDS, TERMS, Term, term_of

#: Faults on purpose: one in so many rows of the tables named, counted across terms.
PUPIL_TWICE_EVERY = 2_000
FSM_BACKWARDS_EVERY = 120
_BACKWARDS_BY = 40
_YEARS_OF_MEALS = 6

#: Layouts that changed, by the school year of the census: the heading of sex, the code of a suspension, and whether a
#: pupil cares for someone.
SEX_FROM = 2022
SUSP_FROM = (2021, "autumn")
YOUNG_CARER_FROM = 2022
_ULN_FROM_GROUP = 9
_SHARE_AT_MAIN = 0.6
_STATUS = ("C", "M", "S")
_SINGLE, _MAIN, _SUBSIDIARY = range(3)
_KEY = 100_000

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Enrolments:
    """Enrolments in one term, in order of school and pupil; a pupil with two schools has two."""

    pupil: Ints
    school: Ints
    status: Ints
    entered: Ints
    last_day: Ints

    @property
    def keys(self) -> Ints:
        """One number for each pupil and school."""
        return self.pupil * _KEY + self.school

    def where(self, chosen: Flags) -> "Enrolments":
        """Return some of the enrolments."""
        return Enrolments(
            self.pupil[chosen],
            self.school[chosen],
            self.status[chosen],
            self.entered[chosen],
            self.last_day[chosen],
        )

    def and_these(self, others: "Enrolments") -> "Enrolments":
        """Return both, in order of school and pupil."""
        pupil, school = np.concatenate([self.pupil, others.pupil]), np.concatenate([self.school, others.school])
        order = np.lexsort((pupil, school))
        return Enrolments(
            pupil[order],
            school[order],
            np.concatenate([self.status, others.status])[order],
            np.concatenate([self.entered, others.entered])[order],
            np.concatenate([self.last_day, others.last_day])[order],
        )


def enrolments(pupils: Pupils, term: Term) -> Enrolments:
    """Return who is on which roll on the day of the census."""
    at, unit = pupils.school[:, term.index], pupils.unit[:, term.index]
    main, second = np.flatnonzero(at >= 0), np.flatnonzero(unit >= 0)
    began = np.full(len(second), term.first_day)
    for earlier in reversed(TERMS[: term.index]):
        was_there = pupils.unit[second, earlier.index] == unit[second]
        if not was_there.any():
            break
        began = np.where(was_there & (began == TERMS[earlier.index + 1].first_day), earlier.first_day, began)
    single = Enrolments(
        main,
        at[main],
        np.where(unit[main] >= 0, _MAIN, _SINGLE),
        pupils.entered[main, term.index],
        pupils.last_day[main, term.index],
    )
    return single.and_these(
        Enrolments(
            second,
            unit[second],
            np.full(len(second), _SUBSIDIARY),
            began,
            np.full(len(second), term.last_day),
        )
    )


@dataclass(frozen=True)
class Attended:
    """What a census tells of attendance: sessions possible in a term or half term (-1: not told), and by code."""

    possible: Ints
    rows: Ints
    sessions: Sessions

    def total(self, codes: frozenset[str]) -> Ints:
        """Return the sessions of some codes for every row; -1 where attendance is not told."""
        found = np.full(len(self.possible), -1, dtype=np.int64)
        found[self.rows] = self.sessions.total(codes)
        return found


class CensusWriter:
    """Writes the censuses of one authority, oldest first, so that faults keep their rate across files."""

    def __init__(self, seed: int, pupils: Pupils, authority: int) -> None:
        self._seed, self._pupils, self._authority = seed, pupils, authority
        self._absence = Absence(seed, pupils)
        self._twice = Counter(PUPIL_TWICE_EVERY)
        self._backwards = Counter(FSM_BACKWARDS_EVERY)
        self._too_many = Counter(TOO_MANY_EVERY)
        self._connection = duckdb.connect()
        self._connection.execute("set threads = 2")
        self._told: dict[int, Suspensions] = {}
        self._attendance: dict[int, list[tuple[Ints, Ints, Ints]]] = {}
        self._parts_told: dict[int, set[int]] = {}
        self._describe_pupils()

    def _describe_pupils(self) -> None:
        pupils, count = self._pupils, len(self._pupils)
        carers = draws(self._seed, "young carers").random(count)
        codes = np.array([code for code, _, _ in ETHNICITIES], dtype=object)[pupils.ethnicity]
        codes[pupils.ethnicity_blank] = ""
        columns: Arrays = {
            "pupil": np.arange(count),
            "upn": np.array(pupils.upn, dtype=object),
            "uln": np.array(pupils.uln, dtype=object),
            "born": pupils.born,
            "sex": np.array(["M", "F"], dtype=object)[pupils.sex],
            "ethnicity": codes,
            "language": np.array(LANGUAGES, dtype=object)[pupils.language],
            "youngcarer": np.array(["S", "P", "N"], dtype=object)[np.searchsorted([0.004, 0.007], carers)],
        }
        self._connection.register("arrays", columns)
        self._connection.execute(f"""create table pupil as
            select * replace ({_date("born")} as born, nullif(ethnicity, '') as ethnicity) from arrays""")
        self._connection.unregister("arrays")

    def levels(self) -> Levels:
        """Return what would be published of attendance and suspensions of the school years told of as a whole."""
        found: Levels = {}
        for year, told in sorted(self._attendance.items()):
            if len(self._parts_told[year]) < len(KINDS):
                continue
            keys, possible, missed = (np.concatenate(values) for values in zip(*told, strict=True))
            found.update(of_attendance(year, keys, possible, missed))
            events = [self._told.get(term_of(year, kind).index) for kind in KINDS]
            january = enrolments(self._pupils, term_of(year, "spring"))
            whole = [event for event in events if event is not None]
            excluded = sum(int(np.count_nonzero(event.category == PERMANENT)) for event in whole)
            counted = sum(len(event.pupil) for event in whole)
            pupils = int(np.count_nonzero(january.status != _SUBSIDIARY))
            if len(whole) == len(KINDS):
                found.update(of_suspensions(year, counted - excluded, excluded, pupils))
        return found

    def suspensions(self, term: Term) -> Suspensions:
        """Return the suspensions that begin in a term."""
        if term.index not in self._told:
            self._told[term.index] = suspensions(self._seed, self._pupils, term)
        return self._told[term.index]

    def write(self, writer: Folders, term: Term) -> None:
        """Write all tables of one census."""
        pupils = self._pupils
        before, two_before = TERMS[term.index - 1], TERMS[term.index - 2]
        on_roll, then = enrolments(pupils, term), enrolments(pupils, before)
        left = then.where(~np.isin(then.keys, on_roll.keys))
        told = self.suspensions(two_before)
        told_keys = told.pupil * _KEY + told.school
        # Who was suspended two terms before and left by the term before is told of with no attendance.
        earlier = enrolments(pupils, two_before)
        gone = np.isin(earlier.keys, told_keys) & ~np.isin(earlier.keys, np.concatenate([on_roll.keys, then.keys]))
        off_roll = left.and_these(earlier.where(gone))

        parts = range(len(before.possible))
        on_attended = [self._attended(before, part, on_roll, then, "on") for part in parts]
        off_attended = [self._attended(before, part, off_roll, then, "off") for part in parts]

        tables: dict[str, Callable[[Path], int]] = {
            "schoolcensus": lambda path: self._schools(path, term),
            "pupilonroll": lambda path: self._on_roll(path, term, on_roll, on_attended),
            "pupilnolongeronroll": lambda path: self._off_roll(path, term, off_roll, off_attended),
            _fsm_table(term): lambda path: self._meals(path, term, on_roll),
        }
        if term.kind == "spring":
            tables["senneeds"] = lambda path: self._needs(path, term, on_roll)
        suspended = "SUSP" if term.index >= term_of(*SUSP_FROM).index else "FIXD"
        names = ("termlysessiondetails", "summerhalfterm2sessiondetails")
        for roll, rows, attended in (("on", on_roll, on_attended), ("off", off_roll, off_attended)):
            for name, part in zip(names, attended, strict=False):
                table = f"{name}{roll}roll"
                tables[table] = _bound(self._sessions, table, roll, rows, part)
            table = f"termlyexclusions{roll}roll"
            tables[table] = _bound(self._exclusions, table, roll, rows, told, suspended)
        tables[f"addresses{'onroll' if term.kind == 'autumn' else ''}"] = lambda path: self._addresses(
            path, term, "on", on_roll
        )
        tables["addressesoffroll"] = lambda path: self._addresses(path, before, "off", off_roll)

        stem = term.census.replace(" ", "_")
        files = {name: f"{stem}_{name}.csv" for name in tables}
        folder = writer.folder(f"education/school_census/{term.census}", list(files.values()))
        for name, write in tables.items():
            path = folder / files[name]
            writer.note(path, write(path))

    def _attended(self, before: Term, part: int, rows: Enrolments, then: Enrolments, roll: str) -> Attended:
        """Draw the sessions of the term before for rows of a census; `then` are the enrolments of that term."""
        pupils = self._pupils
        whole = before.possible[part]
        first, last = (
            (before.first_day, before.last_day)
            if len(before.possible) == 1
            else ((before.first_day, before.half_day), (before.half_day, before.last_day))[part]
        )

        def share_until(day: Ints) -> Floats:
            return np.clip((day - first) / (last - first), 0, 1)

        # Schools close for training on different days.
        possible = whole - 2 * (rows.school % 3) * (whole > 50)
        was_there = np.isin(rows.keys, then.keys)
        until = share_until(pupils.last_day[rows.pupil, before.index])
        until = np.where(rows.status == _SUBSIDIARY, 1, until)
        joined = ~was_there & (rows.entered > before.first_day) & (rows.entered <= before.last_day)
        own = np.where(joined, possible - np.floor(possible * share_until(rows.entered)), np.floor(possible * until))
        # Whether a pupil had two schools is what counted in that term, not what counts now.
        had_unit = pupils.unit[rows.pupil, before.index]
        at_unit = had_unit == rows.school
        share = np.where(had_unit < 0, 1, np.where(at_unit, 1 - _SHARE_AT_MAIN, _SHARE_AT_MAIN))
        full = own.astype(np.int64)
        own = np.floor(full * share + 0.5).astype(np.int64)
        group = pupils.year_group(before.year)[rows.pupil]
        is_told = (was_there | joined) & is_collected(group, second_half=part == 1) & (own > 0)
        # Enrolments that ended before the term are told of for their suspensions alone.
        told = np.flatnonzero(is_told)

        events = self.suspensions(before)
        in_part = (events.day >= first) & (events.day < last) if len(before.possible) > 1 else events.day > 0
        suspended = _sum_by((events.pupil * _KEY + events.school)[in_part], events.sessions[in_part], rows.keys[told])
        sessions = self._absence.sessions(
            before, part, rows.pupil[told], own[told], (full - own)[told], suspended, name=roll
        )
        # Of compulsory school age at the start of the school year: 5 to 15.
        age = pupils.year_group(before.year)[rows.pupil[told]] + 4
        of_age = (age >= 5) & (age <= 15)
        missed = sessions.total(AUTHORISED | UNAUTHORISED)
        self._attendance.setdefault(before.year, []).append(
            (rows.keys[told][of_age], sessions.possible[of_age], missed[of_age])
        )
        self._parts_told.setdefault(before.year, set()).add(before.index)
        if roll == "on":
            sessions = sessions.with_too_many(self._too_many.mark(len(told)))
        return Attended(np.where(is_told, own, -1), told, sessions)

    def _schools(self, path: Path, term: Term) -> int:
        schools = self._pupils.schools
        arrays: Arrays = {
            "place": np.arange(len(schools)),
            "key": np.array(schools.keys, dtype=object),
            "estab": np.array(schools.estabs, dtype=object),
            "urn": np.array(schools.urns, dtype=object),
        }
        select = f"""select 'C' || (place + 1) as schoolcensustableid, key as "NativeId", {self._authority} as lea,
            estab, urn, {_date(str(term.census_day))} as referencedate from arrays order by place"""
        return copy_csv(self._connection, path, select, arrays)

    def _on_roll(self, path: Path, term: Term, rows: Enrolments, attended: list[Attended]) -> int:
        pupils = self._pupils
        group = pupils.year_group(term.year)[rows.pupil]
        arrays: Arrays = {
            "row": np.arange(len(rows.pupil)),
            "pupil": rows.pupil,
            "school": rows.school,
            "status": rows.status,
            "entered": rows.entered,
            "grade": group,
            "provision": pupils.provision(term.year)[rows.pupil],
            **_totals(attended),
        }
        again = np.repeat(np.arange(len(rows.pupil)), 1 + self._twice.mark(len(rows.pupil)))
        arrays = {name: values[again] for name, values in arrays.items()}
        possible = ['"p0" as termlysessionspossible']
        if term.kind == "autumn":
            possible = [
                *possible,
                '"a0" as termlysessionsauthorised',
                '"u0" as termlysessionsunauthorised',
                '"p1" as summerhalfterm2sessionspossible',
                '"a1" as summerhalfterm2sessionsauthorised',
                '"u1" as summerhalfterm2sessionsunauthorised',
            ]
        spring = ["ethnicity"] if term.kind == "spring" else []
        carer = ["youngcarer"] if term.kind == "spring" and term.year >= YOUNG_CARER_FROM else []
        select = f"""select {_id("on")}, {_KEY_OF_SCHOOL}, born as dob, upn,
                case when grade >= {_ULN_FROM_GROUP} then uln end as uniquelearnernumber, sex as {_sex_heading(term)},
                {_date("entered")} as entrydate, case when grade < 0 then 'True' else 'False' end as parttime,
                {", ".join([*possible, *spring])}, language, {_code(_STATUS, "status")} as enrolstatus,
                {_code("NKE", "provision")} as senprovision,
                case when grade < 0 then 'N' || (grade + 3) when grade = 0 then 'R' else grade::varchar end
                    as ncyearactual{"".join(f", {name}" for name in carer)}
            from ({_with_numbers(arrays)}) join pupil using (pupil) order by row"""
        return copy_csv(self._connection, path, select, arrays)

    def _off_roll(self, path: Path, term: Term, rows: Enrolments, attended: list[Attended]) -> int:
        group = self._pupils.year_group(TERMS[term.index - 1].year)[rows.pupil]
        arrays: Arrays = {
            "row": np.arange(len(rows.pupil)),
            "pupil": rows.pupil,
            "school": rows.school,
            "entered": rows.entered,
            "last_day": rows.last_day,
            "grade": group,
            **_totals(attended),
        }
        possible = ['"p0" as termlysessionspossible']
        if term.kind == "autumn":
            possible = [
                *possible,
                '"a0" as termlysessionsauthorised',
                '"u0" as termlysessionsunauthorised',
                '"a1" as summerhalfterm2sessionsauthorised',
                '"p1" as summerhalfterm2sessionspossible',
                '"u1" as summerhalfterm2sessionsunauthorised',
            ]
        spring = ["ethnicity"] if term.kind == "spring" else []
        select = f"""select {_id("off")}, {_KEY_OF_SCHOOL}, born as dob, upn,
                case when grade >= {_ULN_FROM_GROUP} then uln end as uniquelearnernumber, sex as {_sex_heading(term)},
                {_date("entered")} as entrydate, {_date("last_day")} as leavingdate,
                case when grade < 0 then 'True' else 'False' end as parttime,
                {", ".join([*possible, *spring])}, language
            from ({_with_numbers(arrays)}) join pupil using (pupil) order by row"""
        return copy_csv(self._connection, path, select, arrays)

    def _meals(self, path: Path, term: Term, rows: Enrolments) -> int:
        """Write the periods that are open or ended in the last six years, as far back as figures look."""
        pupils, table = self._pupils, _fsm_table(term)
        since = term.census_day - _YEARS_OF_MEALS * 365
        start, end = pupils.fsm_start[rows.pupil], pupils.fsm_end[rows.pupil]
        row, period = np.nonzero((start >= 0) & (start <= term.census_day) & (end > since))
        start, end = start[row, period], end[row, period]
        end = np.where(end > term.census_day, OPEN_END, end)
        closed = np.flatnonzero(end < OPEN_END)
        faulty = closed[self._backwards.mark(len(closed))]
        end[faulty] = start[faulty] - _BACKWARDS_BY
        arrays: Arrays = {**_numbered(row), "school": rows.school[row], "started": start, "ended": end}
        select = f"""select {_id("on")}, {_KEY_OF_SCHOOL}, 'F' || number as {table}tableid,
                {_date("started")} as fsmstartdate,
                case when ended < {OPEN_END} then {_date("ended")} end as fsmenddate, 'ENG' as ukcountry
            from arrays"""
        return copy_csv(self._connection, path, select, arrays)

    def _needs(self, path: Path, term: Term, rows: Enrolments) -> int:
        pupils = self._pupils
        second = pick(draws(self._seed, "second need"), [1] * len(SEN_TYPES), len(pupils))
        has = np.flatnonzero(pupils.provision(term.year)[rows.pupil] > 0)
        who = rows.pupil[has]
        has_second = (second[who] % 4 == 0) & (second[who] != pupils.sen_type[who])
        row = np.repeat(has, 1 + has_second)
        rank = 1 + np.concatenate([[0], row[1:] == row[:-1]]).astype(np.int64) if len(row) else row
        kind = np.where(rank == 1, pupils.sen_type[rows.pupil[row]], second[rows.pupil[row]])
        arrays: Arrays = {**_numbered(row), "school": rows.school[row], "rank": rank, "kind": kind}
        select = f"""select {_id("on")}, {_KEY_OF_SCHOOL}, 'N' || number as senneedstableid,
            rank || '.0' as sentyperank, {_code(SEN_TYPES, "kind")} as sentype from arrays"""
        return copy_csv(self._connection, path, select, arrays)

    def _sessions(self, path: Path, table: str, roll: str, rows: Enrolments, attended: Attended) -> int:
        counts = attended.sessions.counts
        row, code = np.nonzero(counts)
        at = attended.rows[row]
        names = attended.sessions.by_code
        labels = list(names)
        exceptional = names.index("Y")
        if "J1" in names:
            # One cause for each pupil.
            split = len(labels) + at % len(EXCEPTIONAL)
            labels += EXCEPTIONAL
        else:
            split = np.full(len(at), exceptional)
        arrays: Arrays = {
            **_numbered(at),
            "school": rows.school[at],
            "sessions": counts[row, code],
            "code": np.where(code == exceptional, split, code),
        }
        select = f"""select {_id(roll)}, {_KEY_OF_SCHOOL}, 'S' || number as {table}tableid,
            sessions || '.0' as sessions, {_code(labels, "code")} as attendancereason from arrays"""
        return copy_csv(self._connection, path, select, arrays)

    def _exclusions(
        self, path: Path, table: str, roll: str, rows: Enrolments, told: Suspensions, suspended: str
    ) -> int:
        order = np.argsort(rows.keys, kind="stable")
        keys = told.pupil * _KEY + told.school
        at = np.searchsorted(rows.keys[order], keys)
        found = np.append(rows.keys[order], -1)[at] == keys
        row = np.append(order, 0)[at]
        kept = np.flatnonzero(found)
        kept = kept[np.lexsort((told.day[kept], row[kept]))]
        reasons = told.reasons[kept]
        arrays: Arrays = {
            **_numbered(row[kept]),
            "school": told.school[kept],
            "day": told.day[kept],
            "sessions": told.sessions[kept],
            "is_permanent": told.category[kept] == PERMANENT,
            "reason1": reasons[:, 0],
            "reason2": reasons[:, 1],
            "reason3": reasons[:, 2],
            "provision": told.provision[kept],
        }
        reason = ", ".join(
            f"case when reason{number} >= 0 then {_code(REASONS, f'reason{number}')} end as reason{number}"
            for number in (1, 2, 3)
        )
        select = f"""select {_id(roll)}, {_KEY_OF_SCHOOL}, 'X' || number as {table}tableid,
                {_date("day")} as startdate, sessions || '.0' as sessions, {reason},
                case when is_permanent then 'PERM' else '{suspended}' end as category,
                {_code("NKE", "provision")} as senprovision
            from arrays"""
        return copy_csv(self._connection, path, select, arrays)

    def _addresses(self, path: Path, term: Term, roll: str, rows: Enrolments) -> int:
        home = self._pupils.home_in(term)[rows.pupil]
        table = "addressesoffroll" if roll == "off" else path.stem.split("_")[-1]
        arrays: Arrays = {
            "row": np.arange(len(rows.pupil)),
            "school": rows.school,
            "property": home * 10 + rows.pupil % 10,
            "postcode": np.array(self._pupils.postcodes, dtype=object)[home],
        }
        select = f"""select {_id(roll)}, {_KEY_OF_SCHOOL}, 'A' || (row + 1) as {table}tableid,
            property || '.0' as uniquepropertyreferencenumber, postcode from arrays"""
        return copy_csv(self._connection, path, select, arrays)


_KEY_OF_SCHOOL = "'SCH' || (school + 1) as \"NativeId\""


def _id(roll: str) -> str:
    """Return SQL for the id of a row's pupil, by the number of the row in the table of pupils."""
    letter, name = ("P", "pupilonrolltableid") if roll == "on" else ("L", "pupilnolongeronrolltableid")
    return f"'{letter}' || (row + 1) as {name}"


def _date(days: str) -> str:
    """Return SQL for a date as the census writes it, from the days since 1970."""
    return f"strftime(date '1970-01-01' + cast({days} as integer), '%Y-%b-%d 00:00:00')"


def _code(codes: "tuple[str, ...] | list[str] | str", column: str) -> str:
    """Return SQL for the code at a place of a list."""
    listed = ", ".join(f"'{code}'" for code in codes)
    return f"([{listed}])[{column} + 1]"


def _numbered(row: Ints) -> Arrays:
    """Return the row of each line's pupil, and the number of the line."""
    return {"row": row, "number": np.arange(1, len(row) + 1)}


def _sex_heading(term: Term) -> str:
    return "sex" if term.year >= SEX_FROM else "gender"


def _fsm_table(term: Term) -> str:
    return "fsmperiodsonroll" if term.kind == "autumn" else "fsmperiod"


def _totals(attended: list[Attended]) -> Arrays:
    """Return possible, authorised and unauthorised sessions of each part told, by row."""
    found: Arrays = {}
    for number, part in enumerate(attended):
        # An interview counts as attended until 2023/24 and as authorised absence from then on: the code says which.
        found[f"p{number}"] = part.possible
        found[f"a{number}"] = part.total(AUTHORISED)
        found[f"u{number}"] = part.total(UNAUTHORISED)
    return found


def _with_numbers(arrays: Arrays) -> str:
    """Return SQL that reads the arrays with their session totals as the census writes numbers."""
    totals = [name for name in arrays if len(name) == 2 and name[0] in "pau" and name[1].isdigit()]
    texts = ", ".join(f"case when {name} >= 0 then {name} || '.0' end as {name}" for name in totals)
    return f"select * replace ({texts}) from arrays"


def _bound(write: Callable[..., int], *given: object) -> Callable[[Path], int]:
    return lambda path: write(path, *given)


def _sum_by(keys: Ints, values: Ints, wanted: Ints) -> Ints:
    """Return the sum of the values of each wanted key; keys that are not there have none."""
    known, at = np.unique(keys, return_inverse=True)
    sums = np.append(np.bincount(at, weights=values, minlength=len(known)).astype(np.int64), 0)
    places = np.searchsorted(known, wanted)
    found = np.append(known, -1)[places] == wanted
    return np.where(found, sums[places], 0)
