"""The invented schools: faults at their rate, attendance and suspensions in arrears, one story with social care."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pytest

from dagster_project.synthetic import care, census, pupils, results, school_terms, write_demo
from dagster_project.synthetic.attendance import AUTHORISED, TOO_MANY_EVERY, UNAUTHORISED, codes_of
from dagster_project.synthetic.education import write_education
from dagster_project.synthetic.pupil_numbers import UPN_LETTERS, upn_check_letter, with_check_letters
from dagster_project.synthetic.return_tables import lies_inside
from dagster_project.synthetic.school_terms import TERMS, term_of

SEED, SCALE, COMPACT_SCALE = 7, 0.05, 0.1
SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "education" / "school_census"
CENSUS = "education/school_census"


@dataclass
class Folders:
    """Stands for the writer of the demonstration."""

    out: Path
    counts: dict[str, int] = field(default_factory=dict)

    def folder(self, path: str, names: list[str]) -> Path:
        folder = self.out / path
        folder.mkdir(parents=True)
        (folder / "SYNTHETIC").write_text("\n".join(names))
        return folder

    def note(self, path: Path, rows: int) -> None:
        self.counts[path.relative_to(self.out).as_posix()] = rows


@dataclass
class Written:
    """A demonstration's files as tables of text: one row per line, with the census or file it is from."""

    out: Path
    known: pupils.Pupils
    children: list[care.Child]
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sql = duckdb.connect()
        root = (self.out / CENSUS).as_posix()
        for table in (
            "schoolcensus", "pupilonroll", "pupilnolongeronroll", "senneeds", "addressesoffroll",
            *(f"{name}{roll}roll" for roll in ("on", "off") for name in (
                "termlysessiondetails", "summerhalfterm2sessiondetails", "termlyexclusions")),
        ):  # fmt: skip
            self._view(table, f"{root}/*/*_*_{table}.csv")
        self._view("meals", f"{root}/*/*_*_fsmperiod*.csv")
        self._view("addresses", f"{root}/*/*_*_addresses*.csv")
        for extract in results.YEARS:
            self._view(extract, f"{(self.out / 'education' / extract).as_posix()}/*.csv")

    def _view(self, name: str, files: str) -> None:
        self.sql.execute(
            f"create table {name} as select *, regexp_extract(filename, '/([^/]*)/[^/]*$', 1) as census,"
            " regexp_extract(filename, '([^/]*).csv$', 1) as file"
            f" from read_csv('{files}', all_varchar = true, union_by_name = true, filename = true)"
        )

    def rows(self, query: str) -> list[tuple]:
        return self.sql.execute(query).fetchall()

    def number(self, query: str) -> float:
        return float(self.rows(query)[0][0])


def _write(out: Path, scale: float, *, is_compact: bool) -> Written:
    children = _write_files(out, scale, is_compact=is_compact)
    return Written(out, pupils.invent_pupils(SEED, scale, children, is_compact=is_compact), children)


def _write_files(out: Path, scale: float, *, is_compact: bool) -> list[care.Child]:
    children = with_check_letters(care.invent_children(SEED, scale))
    write_education(Folders(out), SEED, scale, children, authority=383, is_compact=is_compact)
    return children


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """All censuses and results of a smaller council than usual."""
    return _write(tmp_path_factory.mktemp("full"), SCALE, is_compact=False)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """What the command writes in a small demonstration, all sources together."""
    out = tmp_path_factory.mktemp("small") / "raw"
    counts = write_demo(out, seed=SEED, scale=COMPACT_SCALE, with_education=True)
    children = with_check_letters(care.invent_children(SEED, COMPACT_SCALE))
    return Written(out, pupils.invent_pupils(SEED, COMPACT_SCALE, children, is_compact=True), children, counts)


def census_day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%Y-%b-%d 00:00:00").date()


def as_date(days: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(days))


def test_the_same_seed_and_scale_give_the_same_bytes(full: Written, tmp_path: Path) -> None:
    def digests(out: Path) -> dict[str, str]:
        return {
            path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in out.rglob("*")
            if path.is_file()
        }

    _write_files(tmp_path, SCALE, is_compact=False)
    assert digests(full.out) == digests(tmp_path)


def test_eighteen_censuses_have_the_tables_of_their_term(full: Written) -> None:
    folders = sorted((path.name for path in (full.out / CENSUS).iterdir()), key=lambda name: name[:4])
    assert len(folders) == 18
    assert {"2020 spring", "2025 autumn"} <= set(folders)
    assert not {"2019 autumn", "2026 spring"} & set(folders)
    always = {
        "schoolcensus", "pupilonroll", "pupilnolongeronroll", "termlysessiondetailsonroll",
        "termlysessiondetailsoffroll", "termlyexclusionsonroll", "termlyexclusionsoffroll", "addressesoffroll",
    }  # fmt: skip
    of_term = {
        "autumn": {
            "fsmperiodsonroll", "addressesonroll", "summerhalfterm2sessiondetailsonroll",
            "summerhalfterm2sessiondetailsoffroll",
        },
        "spring": {"fsmperiod", "addresses", "senneeds"},
        "summer": {"fsmperiod", "addresses"},
    }  # fmt: skip
    for name in folders:
        year, term = name.split()
        files = {path.stem for path in (full.out / CENSUS / name).glob("*.csv")}
        assert files == {f"{year}_{term}_{table}" for table in always | of_term[term]}


@pytest.mark.shared
@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the shared data folder is not here")
def test_columns_are_spelt_and_ordered_as_in_the_sample(small: Written) -> None:
    compared = 0
    for real in sorted(SAMPLE.glob("*.csv")):
        year, term, _ = real.stem.split("_")
        ours = small.out / CENSUS / f"{year} {term}" / real.name
        theirs = real.read_text(encoding="utf-8").splitlines()[0].split(",")
        columns = ours.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert columns == [column for column in theirs if column in columns], real.name
        compared += 1
    assert compared == 18


def test_older_layouts_are_in_the_older_years(full: Written) -> None:
    def columns(name: str) -> str:
        year, term = name.split()
        path = full.out / CENSUS / name / f"{year}_{term}_pupilonroll.csv"
        return path.read_text(encoding="utf-8").splitlines()[0]

    assert ",gender," in columns("2022 summer")
    assert ",sex," in columns("2022 autumn")
    kinds = dict(full.rows("select census, string_agg(distinct category) from termlyexclusionsonroll group by 1"))
    assert "FIXD" in kinds["2021 summer"]
    assert "SUSP" not in kinds["2021 summer"]
    assert "SUSP" in kinds["2021 autumn"]
    assert "FIXD" not in kinds["2021 autumn"]
    # The codes are those of the term told of: autumn 2024 tells of summer, spring 2025 of the first term of 2024/25.
    codes = {
        name: set(found.split(","))
        for name, found in full.rows(
            "select census, string_agg(distinct attendancereason) from termlysessiondetailsonroll group by 1"
        )
    }
    assert {"J", "Y", "H"} <= codes["2024 autumn"]
    assert {"J1", "Y1", "Y7"} <= codes["2025 spring"]
    assert not {"J", "Y", "H"} & codes["2025 spring"]


def test_ids_belong_to_one_census(full: Written) -> None:
    shared = full.number(
        """select count(*) from pupilonroll as a join pupilonroll as b using (pupilonrolltableid)
        where a.census = '2024 autumn' and b.census = '2025 spring' and a.upn <> b.upn"""
    )
    assert shared > 1_000
    for table, pupil in (("termlysessiondetailsonroll", "pupilonroll"), ("meals", "pupilonroll")):
        orphans = f"""select count(*) from {table} as t anti join {pupil} as p
            on t.census = p.census and t.pupilonrolltableid = p.pupilonrolltableid and t.NativeId = p.NativeId"""
        assert full.number(orphans) == 0, table


def test_numbers_have_the_right_check_letter_but_for_the_declared_share(full: Written, small: Written) -> None:
    for written in (full, small):
        numbers = [upn for (upn,) in written.rows("select distinct upn from pupilonroll")]
        wrong = [upn for upn in numbers if upn_check_letter(upn[1:]) != upn[0]]
        assert len(wrong) == len(numbers) // pupils.UPN_WRONG_EVERY
        assert all(re.fullmatch(f"[{UPN_LETTERS}][0-9]{{11}}[0-9{UPN_LETTERS}]", upn) for upn in numbers)
        temporary = [upn for upn in numbers if not upn[-1].isdigit()]
        assert len(temporary) == len(numbers) // pupils.UPN_TEMPORARY_EVERY
    # By hand: 2x3 + 3x8 + 4x3 = 42, and the place of the final letter M, 11, times 13 is 143; 185 mod 23 is 1.
    assert upn_check_letter("38300000000M") == "B"


def test_learner_numbers_are_valid_and_begin_in_year_nine(full: Written) -> None:
    found = full.rows("select distinct upn, uniquelearnernumber, try_cast(ncyearactual as int) from pupilonroll")
    held: dict[str, set[str]] = {}
    for upn, uln, group in found:
        assert (uln is not None) == (group is not None and group >= 9)
        if uln is not None:
            remainder = sum(int(digit) * weight for digit, weight in zip(uln[:9], range(10, 1, -1), strict=True)) % 11
            assert len(uln) == 10
            assert remainder
            assert int(uln[9]) == 10 - remainder
            held.setdefault(uln, set()).add(upn)
    assert all(len(upns) == 1 for upns in held.values())


def test_pupils_are_in_the_year_group_of_their_age_but_for_those_held_back(full: Written, small: Written) -> None:
    groups = {"N1": -2, "N2": -1, "R": 0}
    for written in (full, small):
        other = set()
        for upn, born, group, name in written.rows("select upn, dob, ncyearactual, census from pupilonroll"):
            year = int(name[:4]) - (not name.endswith("autumn"))
            day = census_day(born)
            age = year - day.year - ((day.month, day.day) > (8, 31))
            taught = groups[group] if group in groups else int(group)
            if taught != age - 4:
                assert taught == age - 5
                other.add(upn)
        pupils_told = written.number("select count(distinct upn) from pupilonroll")
        assert len(other) == pupils_told // pupils.HELD_BACK_EVERY


def test_faults_of_rows_have_their_rate(full: Written, small: Written) -> None:
    for written in (full, small):
        rows = written.number("select count(*) from pupilonroll")
        once = written.number("select count(*) from (select distinct * from pupilonroll)")
        assert rows - once == once // census.PUPIL_TWICE_EVERY
        ended = written.number("select count(fsmenddate) from meals")
        day = "strptime({}, '%Y-%b-%d 00:00:00')"
        backwards = f"select count(*) from meals where {day.format('fsmenddate')} < {day.format('fsmstartdate')}"
        assert written.number(backwards) == ended // census.FSM_BACKWARDS_EVERY
        told, above = 0, 0
        for table, possible in (
            ("termlysessiondetailsonroll", "termlysessionspossible"),
            ("summerhalfterm2sessiondetailsonroll", "summerhalfterm2sessionspossible"),
        ):
            query = f"""select count(*), count(*) filter (where given > cast({possible} as float))
                from (select distinct census, pupilonrolltableid, {possible} from pupilonroll) as p
                left join (select census, pupilonrolltableid, sum(cast(sessions as float)) as given
                    from {table} group by all) using (census, pupilonrolltableid)
                where {possible} is not null"""
            counted = written.rows(query)[0]
            told, above = told + counted[0], above + counted[1]
        assert above == told // TOO_MANY_EVERY
    blank = full.rows("select upn from pupilonroll where census like '%spring' group by 1 having count(ethnicity) = 0")
    known = full.number("select count(distinct upn) from pupilonroll")
    assert 0.85 < len(blank) / (known // pupils.ETHNICITY_BLANK_EVERY) <= 1


def test_no_fault_but_missing_ethnic_groups_is_above_one_in_a_hundred() -> None:
    rates = (
        pupils.UPN_WRONG_EVERY, pupils.HELD_BACK_EVERY, census.PUPIL_TWICE_EVERY, census.FSM_BACKWARDS_EVERY,
        TOO_MANY_EVERY, results.NOT_IN_CENSUS_EVERY,
    )  # fmt: skip
    assert min(rates) > 100
    assert pupils.ETHNICITY_BLANK_EVERY >= 50


def test_totals_of_an_autumn_census_are_the_sums_of_the_codes(full: Written) -> None:
    authorised, unauthorised = (
        "(" + ", ".join(f"'{code}'" for code in sorted(codes)) + ")" for codes in (AUTHORISED, UNAUTHORISED)
    )
    for roll, pupil, key in (
        ("on", "pupilonroll", "pupilonrolltableid"),
        ("off", "pupilnolongeronroll", "pupilnolongeronrolltableid"),
    ):
        for table, stem in (
            ("termlysessiondetails", "termlysessions"),
            ("summerhalfterm2sessiondetails", "summerhalfterm2sessions"),
        ):
            differing = f"""with summed as (
                    select census, {key},
                        sum(cast(sessions as float)) filter (where attendancereason in {authorised}) as a,
                        sum(cast(sessions as float)) filter (where attendancereason in {unauthorised}) as u
                    from {table}{roll}roll group by all
                )
                select count(*), count(*) filter (where cast({stem}authorised as float) <> coalesce(a, 0)
                    or cast({stem}unauthorised as float) <> coalesce(u, 0)
                    or coalesce(a, 0) + coalesce(u, 0) > cast({stem}possible as float))
                from {pupil} left join summed using (census, {key})
                where census like '%autumn' and {stem}possible is not null"""
            told, wrong = full.rows(differing)[0]
            assert told > 1_000
            assert wrong == 0


def test_a_census_tells_of_the_attendance_of_the_term_before(full: Written) -> None:
    """A pupil at one school all year has the sessions of three terms of one school year, told by three censuses."""
    highest = dict(
        full.rows("select census, max(cast(termlysessionspossible as float)) from pupilonroll group by 1 order by 1")
    )
    assert highest["2024 spring"] == term_of(2023, "autumn").possible[0]
    assert highest["2024 summer"] == term_of(2023, "spring").possible[0]
    assert highest["2024 autumn"] == term_of(2023, "summer").possible[0]
    second_half = (
        "select max(cast(summerhalfterm2sessionspossible as float)) from pupilonroll where census = '2024 autumn'"
    )
    assert full.number(second_half) == term_of(2023, "summer").possible[1]
    # Schools were closed in spring 2021: summer 2021 says so.
    assert highest["2021 summer"] == term_of(2020, "spring").possible[0] < highest["2022 summer"]
    whole = full.rows(
        """select upn, list(distinct NativeId), sum(cast(termlysessionspossible as float))
            + sum(cast(summerhalfterm2sessionspossible as float)) as possible
        from (select distinct * from pupilonroll where enrolstatus = 'C'
            and census in ('2024 spring', '2024 summer', '2024 autumn'))
        where ncyearactual in ('3', '4') and strptime(entrydate, '%Y-%b-%d 00:00:00') <= '2023-09-04' group by 1
        having count(*) = 3 and count(distinct NativeId) = 1 and count(termlysessionspossible) = 3"""
    )
    every = sum(sum(term_of(2023, kind).possible) for kind in school_terms.KINDS)
    assert len(whole) > 300
    # Up to two training days in each of four terms and half terms.
    assert {every - possible for _, _, possible in whole} == {0, 8, 16}


def test_who_changed_school_is_told_of_by_both_for_no_more_than_the_term(full: Written) -> None:
    told = full.rows(
        """select cast(a.termlysessionspossible as float), cast(b.termlysessionspossible as float)
        from pupilnolongeronroll as a join pupilonroll as b on a.census = b.census and a.upn = b.upn
        where a.census = '2024 spring' and a.NativeId <> b.NativeId and b.enrolstatus = 'C'
            and a.termlysessionspossible is not null"""
    )
    assert len(told) > 20
    assert any(there is not None for _, there in told)
    whole = term_of(2023, "autumn").possible[0]
    assert all(0 < left + (there or 0) <= whole for left, there in told)


def test_suspensions_are_told_two_terms_later_by_the_day_they_began(full: Written) -> None:
    number = {term.census: term.index for term in TERMS}
    seen: dict[str, int] = {}
    for table in ("termlyexclusionsonroll", "termlyexclusionsoffroll"):
        for name, text, sessions in full.rows(f"select census, startdate, sessions from {table}"):
            term, day = TERMS[number[name] - 2], census_day(text)
            assert as_date(term.first_day) <= day <= as_date(term.last_day)
            assert day.weekday() < 5
            assert 0 < float(sessions) <= 10
            seen[table] = seen.get(table, 0) + 1
    assert seen["termlyexclusionsoffroll"] > 20
    assert seen["termlyexclusionsonroll"] > 1_000


def test_sessions_missed_by_suspension_are_told_a_term_before_the_suspension(full: Written) -> None:
    """Autumn 2023: spring 2024 tells of the sessions, summer 2024 of the suspensions."""
    missed = dict(
        full.rows(
            """select distinct p.upn || p.NativeId, cast(s.sessions as float) from termlysessiondetailsonroll as s
            join pupilonroll as p using (census, pupilonrolltableid)
            where census = '2024 spring' and s.attendancereason = 'E'"""
        )
    )
    told = dict(
        full.rows(
            """select p.upn || p.NativeId, sum(cast(x.sessions as float)) from termlyexclusionsonroll as x
            join (select distinct census, pupilonrolltableid, upn, NativeId from pupilonroll) as p
                using (census, pupilonrolltableid)
            where census = '2024 summer' group by 1"""
        )
    )
    both = missed.keys() & told.keys()
    assert len(both) > 50
    assert all(missed[key] <= told[key] for key in both)
    assert sum(missed[key] == told[key] for key in both) / len(both) > 0.85


def test_children_in_care_are_among_the_pupils_as_their_return_has_them(full: Written, small: Written) -> None:
    for written in (full, small):
        told = {
            upn: (census_day(born), sex, ethnic)
            for upn, born, sex, ethnic in written.rows(
                "select distinct upn, dob, sex, ethnicity from pupilonroll where census = '2025 spring'"
            )
        }
        shared = 0
        for child in written.children:
            if child.upn in told:
                assert told[child.upn] == (child.born, child.sex, child.ethnic)
                shared += 1
        assert shared > 40


def test_a_child_in_care_is_at_school_here_while_living_here(small: Written) -> None:
    """All looked after children aged five to fifteen with a number, on the day of a census."""
    for term in (term_of(2023, "spring"), term_of(2025, "autumn")):
        on_roll = {upn for (upn,) in small.rows(f"select distinct upn from pupilonroll where census = '{term.census}'")}
        day = as_date(term.census_day)
        here, elsewhere = set(), set()
        for child in small.children:
            episode = care.looked_after_on(child, day)
            if (
                episode is None
                or child.upn == "UN2"
                or not 5 <= care.age_on(child.born, dt.date(term.year, 8, 31)) <= 15
            ):
                continue
            (here if lies_inside(SEED, episode.placement.postcode) else elsewhere).add(child.upn)
        assert len(here) > 30
        assert here <= on_roll
        assert len(elsewhere) > 10
        assert not elsewhere & on_roll


def test_a_pupil_at_two_schools_has_a_main_and_a_second_one(full: Written) -> None:
    pairs = full.rows(
        """select m.NativeId, s.NativeId from pupilonroll as m join pupilonroll as s using (census, upn)
        where m.enrolstatus = 'M' and s.enrolstatus = 'S'"""
    )
    second = full.number("select count(*) from pupilonroll where enrolstatus = 'S'")
    assert len(pairs) >= second > 10
    schools = full.known.schools
    units = {schools.keys[place] for place in range(schools.first("pru"), len(schools))}
    assert {unit for _, unit in pairs} <= units
    assert not {main for main, _ in pairs} & units
    assert full.number("select count(*) from pupilonroll where enrolstatus not in ('C', 'M', 'S')") == 0


def test_absence_is_that_of_the_year(full: Written) -> None:
    missed = " + ".join(("coalesce(a, 0)", "coalesce(u, 0)"))
    reasons = ", ".join(f"'{code}'" for code in sorted(AUTHORISED | UNAUTHORISED))
    overall, persistent, severe = full.rows(
        f"""with told as (
            select distinct census, pupilonrolltableid, upn, cast(termlysessionspossible as float) as possible
            from pupilonroll where termlysessionspossible is not null
                and census in ('2025 spring', '2025 summer', '2025 autumn')
        ),
        missed as (
            select census, pupilonrolltableid, sum(cast(sessions as float)) as missed from termlysessiondetailsonroll
            where attendancereason in ({reasons}) group by all
        ),
        by_pupil as (
            select upn, sum(possible) as possible, sum(coalesce(missed, 0)) as missed
            from told left join missed using (census, pupilonrolltableid) group by 1
        )
        select sum(missed) / sum(possible), avg(cast(missed >= 0.1 * possible as int)),
            avg(cast(missed >= 0.5 * possible as int)) from by_pupil"""
    )[0]
    assert missed
    assert overall == pytest.approx(0.070, abs=0.003)
    assert persistent == pytest.approx(0.19, abs=0.015)
    assert severe == pytest.approx(0.03, abs=0.004)


def test_what_is_published_of_the_schools_is_what_their_files_hold(small: Written) -> None:
    """LAIT's figures of the authority against counts from the files, to the printed decimal."""
    published = {
        (name, year.split()[0]): float(value)
        for name, year, value in duckdb.sql(
            f"""select "Short Desc", "Years", "Values" from '{small.out.as_posix()}/published/lait/*/*.parquet'
            where "LA Number" = 383 and "Values" <> '-'"""
        ).fetchall()
    }

    def share(condition: str, table: str, where: str) -> float:
        return 100 * small.number(f"select avg(cast({condition} as int)) from {table} where {where}")

    goals = " and ".join(f"{goal} = '2'" for goal in results.GOALS[:12])
    final = "file not like '%revised%' and academic_year"
    assert published["FSP_NEW_GOODDEV", "2023"] == pytest.approx(
        share(goals, "eyfsp", f"{final} = '202223' and com_e01 <> 'A'"), abs=0.051
    )
    assert published["KS2R_Expected_STD", "2025"] == pytest.approx(
        share("read_outcome in ('AS', 'CA')", "ks2", f"{final} = '202425'"), abs=0.51
    )
    attainment = f"select avg(cast(att8 as float)) from ks4 where {final} = '202324'"
    assert published["AVG_Attain8_Score", "2024"] == pytest.approx(small.number(attainment), abs=0.051)
    suspended = small.number(
        """select count(*) from (select startdate, category from termlyexclusionsonroll
            union all by name select startdate, category from termlyexclusionsoffroll)
        where category = 'SUSP' and strptime(startdate, '%Y-%b-%d 00:00:00') between '2023-09-01' and '2024-08-31'"""
    )
    january = small.number(
        "select count(distinct upn) from pupilonroll where census = '2024 spring' and enrolstatus in ('C', 'M')"
    )
    assert published["TotFixedEx", "2023/24"] == pytest.approx(100 * suspended / january, abs=0.0001)
    absent, could = small.rows(
        f"""with spell as (
            select census, 'on' || pupilonrolltableid as id, 't' as part, dob, termlysessionspossible as possible
            from (select distinct * from pupilonroll)
            union all select census, 'off' || pupilnolongeronrolltableid, 't', dob, termlysessionspossible
            from pupilnolongeronroll
            union all select census, 'on' || pupilonrolltableid, 's', dob, summerhalfterm2sessionspossible
            from (select distinct * from pupilonroll)
            union all select census, 'off' || pupilnolongeronrolltableid, 's', dob, summerhalfterm2sessionspossible
            from pupilnolongeronroll
        ),
        missed as (
            {
            " union all ".join(
                f"select census, '{roll}' || {key} as id, '{part}' as part, attendancereason as code, sessions"
                f" from {table}{roll}roll"
                for roll, key in (("on", "pupilonrolltableid"), ("off", "pupilnolongeronrolltableid"))
                for part, table in (("t", "termlysessiondetails"), ("s", "summerhalfterm2sessiondetails"))
            )
        }
        ),
        summed as (
            select census, id, part, sum(cast(sessions as float)) as missed from missed
            where code in ({", ".join(f"'{code}'" for code in sorted(AUTHORISED | UNAUTHORISED))}) group by all
        )
        select sum(coalesce(missed, 0)), sum(cast(possible as float))
        from spell left join summed using (census, id, part)
        where census like '2025%' and possible is not null
            and strptime(dob, '%Y-%b-%d 00:00:00') between '2008-09-01' and '2019-08-31'"""
    )[0]
    # Pupils held back a year are older than their year group.
    assert published["TotAbs", "2025"] == pytest.approx(100 * absent / could, abs=0.05)


def test_results_have_the_columns_of_the_specification(full: Written) -> None:
    for extract in results.YEARS:
        ours = [*results.COMMON_COLUMNS, *results.COLUMNS[extract]]
        for path in sorted((full.out / "education" / extract).glob("*.csv")):
            columns = path.read_text(encoding="utf-8").splitlines()[0].split(",")
            if path.name == "ks2_202223_final.csv":
                assert columns == [results.NEXUS_KS2[name] for name in ours]
                assert set(results.NEXUS_KS2) == set(ours)
            else:
                assert columns == ours
    names = {path.name for path in (full.out / "education" / "ks4").glob("*.csv")}
    assert names == {
        "ks4_201920_final.csv", "ks4_202021_final.csv", "ks4_202122_final.csv", "ks4_202223_final.csv",
        "ks4_202324_revised.csv", "ks4_202324_final.csv", "ks4_202425_provisional.csv",
    }  # fmt: skip


def test_levels_are_those_of_the_year(full: Written) -> None:
    goals = " and ".join(f"{goal} = '2'" for goal in results.GOALS[:12])
    newest = "file like '%202425%'"
    assert full.number(f"select avg(cast({goals} as int)) from eyfsp where {newest}") == pytest.approx(0.639, abs=0.006)
    met = "avg(cast(coalesce(cast(phonics_mark as int), 0) >= 32 as int))"
    year_1 = f"select {met} from phonics where phonics_year_group = '1' and {newest}"
    assert full.number(year_1) == pytest.approx(0.80, abs=0.006)
    reading = f"select avg(cast(read_outcome in ('AS', 'CA') as int)) from ks2 where {newest}"
    assert full.number(reading) == pytest.approx(0.74, abs=0.006)
    all_three = "read_outcome in ('AS', 'CA') and mat_outcome in ('AS', 'CA') and writ_ta in ('EXS', 'GDS')"
    assert full.number(f"select avg(cast({all_three} as int)) from ks2 where {newest}") == pytest.approx(0.61, abs=0.01)
    assert full.number(f"select avg(cast(att8 as float)) from ks4 where {newest}") == pytest.approx(45.5, abs=0.1)
    p8 = dict(full.rows("select academic_year, avg(cast(p8_score as float)) from ks4 group by 1"))
    assert {year for year, mean in p8.items() if mean is None} == {"201920", "202021", "202425"}
    assert p8["202324"] == pytest.approx(0.10, abs=0.02)
    assert full.number("select count(read_prog) from ks2 where academic_year in ('202324', '202425')") == 0
    assert full.number("select count(read_prog) from ks2 where academic_year = '202122'") > 400
    # A score and its outcome tell the same.
    met = "(cast(read_score as int) >= 100)"
    wrong = f"select count(*) from ks2 where read_outcome = 'AS' and not {met} or read_outcome = 'NS' and {met}"
    assert full.number(wrong) == 0
    parts = "cast(att8_eng as float) + cast(att8_mat as float) + cast(att8_ebac as float) + cast(att8_open as float)"
    assert full.number(f"select max(abs(cast(att8 as float) - ({parts}))) from ks4") < 0.01


def test_gaps_point_the_way_they_do(full: Written) -> None:
    def mean(where: str) -> float:
        return full.number(f"select avg(cast(att8 as float)) from ks4 where {where}")

    assert mean("disadvantaged_flag = '0'") - mean("disadvantaged_flag = '1'") > 9
    assert mean("sen_provision = 'N'") > mean("sen_provision = 'K'") + 8 > mean("sen_provision = 'E'") + 16
    assert mean("sex = 'F'") > mean("sex = 'M'") + 1
    goals = " and ".join(f"{goal} = '2'" for goal in results.GOALS[:12])
    months = dict(full.rows(f"select substr(dob, 6, 2), avg(cast({goals} as int)) from eyfsp group by 1"))
    assert np.mean([months["09"], months["10"]]) > np.mean([months["07"], months["08"]]) + 0.15
    numbers = ", ".join(
        f"'{full.known.upn[place]}'" for place in np.flatnonzero(full.known.cared_for[:, 1:7].any(axis=1))
    )
    assert mean(f"upn in ({numbers})") < mean(f"upn not in ({numbers})") - 12
    suspended = full.rows(
        f"""select p.upn in ({numbers}), count(x.startdate) / count(distinct p.upn) from pupilonroll as p
        left join termlyexclusionsonroll as x using (census, pupilonrolltableid)
        where p.ncyearactual in ('7', '8', '9', '10', '11') group by 1"""
    )
    assert dict(suspended)[True] > 2 * dict(suspended)[False]


def test_a_result_in_five_hundred_is_of_a_child_in_no_census(full: Written) -> None:
    # The supplier's heading for the number is ours in capitals, which is one to a reader that ignores case.
    query = " union all ".join(
        f"select upn from {extract} where file not like '%revised%'" for extract in results.YEARS
    )
    rows, unknown = full.rows(
        f"select count(*), count(*) filter (where upn not in (select upn from pupilonroll)) from ({query})"
    )[0]
    assert rows > 12_000
    assert 0.6 < unknown / (rows / results.NOT_IN_CENSUS_EVERY) < 1.4


def test_revised_and_final_results_differ_for_a_few(full: Written) -> None:
    for extract in ("eyfsp", "phonics", "mtc", "ks2", "ks4"):
        folder = full.out / "education" / extract
        final, revised = (
            (folder / f"{extract}_202324_{status}.csv").read_text(encoding="utf-8").splitlines()[1:]
            for status in ("final", "revised")
        )
        assert len(final) == len(revised)

        def bare(line: str) -> list[str]:
            return [*line.split(",")[:18], *line.split(",")[20:]]

        differing = sum(bare(one) != bare(other) for one, other in zip(final, revised, strict=True))
        assert 0 < differing <= len(final) // results.REVISED_DIFFERS_EVERY + 1


def test_free_meals_special_needs_and_first_languages_have_their_share(full: Written) -> None:
    spring = "census = '2025 spring'"
    on_roll = full.number(f"select count(*) from pupilonroll where {spring}")
    assert on_roll == pytest.approx(130_000 * SCALE, rel=0.03)
    open_now = f"select count(distinct pupilonrolltableid) from meals where {spring} and fsmenddate is null"
    assert full.number(open_now) / on_roll == pytest.approx(0.27, abs=0.03)
    shares = dict(full.rows(f"select senprovision, count(*) from pupilonroll where {spring} group by 1"))
    assert shares["K"] / on_roll == pytest.approx(0.14, abs=0.02)
    assert shares["E"] / on_roll == pytest.approx(0.05, abs=0.01)
    other = full.number(f"select count(*) from pupilonroll where {spring} and language <> 'ENG'")
    assert other / on_roll == pytest.approx(0.20, abs=0.02)
    told = full.number(f"select count(distinct pupilonrolltableid) from senneeds where {spring}")
    assert told == shares["K"] + shares["E"] - full.number(
        f"""select count(*) - count(distinct pupilonrolltableid) from pupilonroll
        where {spring} and senprovision <> 'N'"""
    )


def test_a_small_demonstration_is_small(small: Written) -> None:
    folders = {path.name for path in (small.out / CENSUS).iterdir()}
    assert folders == {"2024 spring", "2024 summer", "2024 autumn", "2025 spring", "2025 summer", "2025 autumn"}
    assert sum(path.stat().st_size for path in (small.out / "education").rglob("*") if path.is_file()) < 3_000_000
    on_roll = small.number("select count(distinct upn) from pupilonroll where census = '2025 spring'")
    assert on_roll == pytest.approx(130_000 * COMPACT_SCALE / pupils.COMPACT_SHARE, rel=0.05)
    assert len(small.known.schools) == 12
    tiny = pupils.invent_pupils(SEED, 0.02, with_check_letters(care.invent_children(SEED, 0.02)), is_compact=True)
    assert min(np.count_nonzero(tiny.school[:, term.index] >= 0) for term in TERMS[14:]) >= 400


def test_all_sources_know_the_schools_children_and_homes(small: Written) -> None:
    folders = {path.parent for path in (small.out / "education").rglob("*.csv")}
    assert len(folders) == 12
    assert all((folder / "SYNTHETIC").is_file() for folder in folders)
    assert set(small.counts) >= {
        path.relative_to(small.out).as_posix() for path in small.out.rglob("education/*/*.csv")
    }
    readme = (small.out / "README.md").read_text(encoding="utf-8")
    assert f"one pupil in {pupils.UPN_WRONG_EVERY}" in readme
    # The return and the census name a child by one number, and the postcodes of pupils have a place.
    header = (small.out / "social_care/ssda903/2025/header.csv").read_text(encoding="utf-8")
    valid = {number for row in header.splitlines()[1:] if not (number := row.split(",")[4]).startswith("UN")}
    assert all(upn_check_letter(number[1:]) == number[0] for number in valid)
    on_roll = {upn for (upn,) in small.rows("select upn from pupilonroll where census = '2025 spring'")}
    assert len(valid & on_roll) > 50
    places = (small.out / "geography/postcodes.csv").read_text(encoding="utf-8")
    known = {row.split(",")[0] for row in places.splitlines()}
    assert {postcode for (postcode,) in small.rows("select postcode from addresses")} <= known


def test_codes_are_split_from_2024() -> None:
    assert "J" in codes_of(2023)
    assert "J1" in codes_of(2024)
    assert "J" not in codes_of(2024)
