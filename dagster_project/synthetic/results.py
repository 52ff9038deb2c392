"""Results of the invented pupils: early years profile, phonics, key stages 1, 2 and 4 and the tables check.

Levels of the authority are those of `LEVELS` by construction: who reaches a standard is decided by the order of the
pupils' scores. A score is ability less what disadvantage, special needs, care and a late birthday cost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from dagster_project.synthetic.draws import Counter, Flags, Floats, Ints, below, draws, highest, normal, place_in_order
from dagster_project.synthetic.files import Folders, copy_csv
from dagster_project.synthetic.pupils import ETHNICITIES, SCHOOL_YEARS, Pupils
from dagster_project.synthetic.school_levels import Levels, of_results
from dagster_project.synthetic.school_terms import january_census, term_of

#: Fault on purpose: one row in so many is of a child whom no census tells of, counted across files.
NOT_IN_CENSUS_EVERY = 500
#: Where a year has a revised and a final file, one pupil in so many differs between them.
REVISED_DIFFERS_EVERY = 50

COMMON_COLUMNS = (
    "academic_year", "la_code", "laestab", "urn", "upn", "uln", "surname", "forename", "dob", "sex", "postcode",
    "nc_year", "fsm_flag", "fsm6_flag", "disadvantaged_flag", "sen_provision", "eal_flag", "ethnicity", "status",
    "extract_date",
)  # fmt: skip
GOALS = (
    "com_e01", "com_e02", "pse_e03", "pse_e04", "pse_e05", "phy_e06", "phy_e07", "lit_e08", "lit_e09", "lit_e10",
    "mat_e11", "mat_e12", "utw_e13", "utw_e14", "utw_e15", "exp_e16", "exp_e17",
)  # fmt: skip
COLUMNS = {
    "eyfsp": GOALS,
    "phonics": ("phonics_mark", "phonics_outcome", "phonics_year_group", "check_window"),
    "ks1": ("read_ta", "writ_ta", "mat_ta", "sci_ta"),
    "mtc": ("mtc_score", "mtc_outcome"),
    "ks2": (
        "read_score", "mat_score", "gps_score", "read_outcome", "mat_outcome", "gps_outcome", "writ_ta", "sci_ta",
        "read_prog", "writ_prog", "mat_prog",
    ),
    "ks4": (
        "end_ks4_flag", "att8", "att8_eng", "att8_mat", "att8_ebac", "att8_open", "l2basics_94", "l2basics_95",
        "ebacc_entered", "ebacc_aps", "p8_included", "p8_score", "ks2_prior",
    ),
}  # fmt: skip
#: School years of each extract, by the year in which they begin.
YEARS = {
    "eyfsp": range(2021, 2025),
    "phonics": range(2021, 2025),
    "ks1": range(2021, 2023),
    "mtc": range(2021, 2025),
    "ks2": range(2021, 2025),
    "ks4": range(2019, 2025),
}
_YEAR_GROUP = {"eyfsp": 0, "phonics": 1, "ks1": 2, "mtc": 4, "ks2": 6, "ks4": 11}

#: One key stage 2 file is a supplier's own: our column to the name that this supplier uses.
NEXUS_FILE = ("ks2", 2022)
NEXUS_KS2 = {
    "academic_year": "AcadYear", "la_code": "LA", "laestab": "LAEstab", "urn": "SchoolURN", "upn": "UPN",
    "uln": "ULN", "surname": "Surname", "forename": "Forename", "dob": "DateOfBirth", "sex": "Gender",
    "postcode": "HomePostcode", "nc_year": "NCYear", "fsm_flag": "FSM", "fsm6_flag": "EverFSM6",
    "disadvantaged_flag": "Disadvantaged", "sen_provision": "SENStatus", "eal_flag": "EAL", "ethnicity": "Ethnicity",
    "status": "ResultStatus", "extract_date": "ExportedOn", "read_score": "ReadingScaledScore",
    "mat_score": "MathsScaledScore", "gps_score": "GPSScaledScore", "read_outcome": "ReadingOutcome",
    "mat_outcome": "MathsOutcome", "gps_outcome": "GPSOutcome", "writ_ta": "WritingTA", "sci_ta": "ScienceTA",
    "read_prog": "ReadingProgress", "writ_prog": "WritingProgress", "mat_prog": "MathsProgress",
}  # fmt: skip

#: Shares of pupils at each standard, and means, by the school year's first calendar year (indicators-education, 9).
LEVELS: Mapping[str, Mapping[int, float]] = {
    "gld": {2021: 0.610, 2022: 0.632, 2023: 0.649, 2024: 0.639},
    "phonics_1": {2020: 0.74, 2021: 0.75, 2022: 0.78, 2023: 0.79, 2024: 0.80},
    "phonics_2": {2021: 0.86, 2022: 0.88, 2023: 0.88, 2024: 0.89},
    "mtc_full": {2021: 0.28, 2022: 0.27, 2023: 0.31, 2024: 0.33},
    "ks1_read": {2021: 0.66, 2022: 0.67},
    "ks1_writ": {2021: 0.57, 2022: 0.59},
    "ks1_mat": {2021: 0.66, 2022: 0.69},
    "ks1_sci": {2021: 0.76, 2022: 0.78},
    "ks2_read": {2021: 0.73, 2022: 0.70, 2023: 0.73, 2024: 0.74},
    "ks2_mat": {2021: 0.70, 2022: 0.71, 2023: 0.72, 2024: 0.73},
    "ks2_gps": {2021: 0.71, 2022: 0.71, 2023: 0.71, 2024: 0.72},
    "ks2_writ": {2021: 0.68, 2022: 0.70, 2023: 0.71, 2024: 0.72},
    "ks2_sci": {2021: 0.78, 2022: 0.79, 2023: 0.80, 2024: 0.81},
    "ks2_rwm": {2021: 0.58, 2022: 0.58, 2023: 0.59, 2024: 0.61},
    "att8": {2019: 47.6, 2020: 49.2, 2021: 47.8, 2022: 45.8, 2023: 45.5, 2024: 45.5},
    "p8": {2021: 0.12, 2022: 0.12, 2023: 0.10},
}
_HIGHER = {"read": 0.29, "mat": 0.23, "gps": 0.29, "writ": 0.13}
_GREATER_DEPTH = {"read": 0.18, "writ": 0.08, "mat": 0.15, "sci": 0.0}
#: Years in which key stage 2 has progress, and those whose key stage 4 pupils sat no key stage 2 tests.
_KS2_PROGRESS = (2021, 2022)
_NO_PRIOR_FROM = 2024
#: What a month of age is worth in each year group, in spreads of ability.
_MONTH = {0: 0.065, 1: 0.05, 2: 0.045, 4: 0.03, 6: 0.025, 11: 0.012}

Cells = npt.NDArray[np.generic]
Columns = dict[str, Cells]


@dataclass(frozen=True)
class Cohort:
    """The pupils assessed in one year: their places, school, and the score that decides their results."""

    year: int
    pupil: Ints
    school: Ints
    score: Floats
    provision: Ints

    def __len__(self) -> int:
        return len(self.pupil)

    def noisy(self, seed: int, name: str, spread: float, *, girls: float = 0.0, sex: Ints | None = None) -> Floats:
        """Return scores in one subject: the common one, luck, and what girls are ahead by."""
        found = self.score + spread * normal(draws(seed, name, self.year), len(self))
        return found if sex is None else found + girls * (sex[self.pupil] == 1)


class ResultsWriter:
    """Writes the extracts of all years; faults keep their rate across files."""

    def __init__(self, seed: int, pupils: Pupils, authority: int) -> None:
        self._seed, self._pupils, self._authority = seed, pupils, authority
        self._sex = pupils.sex
        self._strays = Counter(NOT_IN_CENSUS_EVERY)
        self._differs = Counter(REVISED_DIFFERS_EVERY)
        self._connection = duckdb.connect()
        self._connection.execute("set threads = 2")
        #: What would be published, from the files written so far.
        self.levels: Levels = {}
        self._describe_pupils()

    def _describe_pupils(self) -> None:
        pupils, count = self._pupils, len(self._pupils)
        draw = draws(self._seed, "names")
        codes = np.array([code for code, _, _ in ETHNICITIES], dtype=object)[pupils.ethnicity]
        codes[pupils.ethnicity_blank] = ""
        columns: Columns = {
            "pupil": np.arange(count),
            "upn": np.array(pupils.upn, dtype=object),
            "uln": np.array(pupils.uln, dtype=object),
            "surname": below(draw, 9_000, count) + 1_000,
            "forename": below(draw, 9_000, count) + 1_000,
            "born": pupils.born,
            "sex": np.array(["M", "F"], dtype=object)[pupils.sex],
            "ethnicity": codes,
            "eal": (pupils.language > 0).astype(np.int64),
        }
        self._connection.register("arrays", columns)
        self._connection.execute("create table pupil as select * from arrays")
        self._connection.unregister("arrays")

    def write(self, writer: Folders, extract: str) -> None:
        """Write all files of one extract."""
        files = [
            (year, status, f"{extract}_{_label(year)}_{status}.csv")
            for year in YEARS[extract]
            for status in _statuses(year)
        ]
        folder = writer.folder(f"education/{extract}", [name for _, _, name in files])
        drawn: dict[int, tuple[Cohort, Columns]] = {}
        for year, status, name in files:
            if year not in drawn:
                cohort = self.cohort(year, _YEAR_GROUP[extract])
                drawn[year] = self._results(extract, cohort)
                self.levels.update(of_results(extract, year, drawn[year][1]))
            cohort, results = drawn[year]
            if status == "revised":
                results = _revised(extract, results, self._differs.mark(len(cohort)))
            path = folder / name
            headings = NEXUS_KS2 if (extract, year) == NEXUS_FILE else {}
            writer.note(path, self._copy(path, extract, cohort, results, status, headings))

    def cohort(self, year: int, group: int) -> Cohort:
        """Return the pupils of a year group on roll in the summer term, and the few whom no census tells of."""
        pupils, term = self._pupils, term_of(year, "summer")
        of_age = pupils.year_group(year) == group
        at = pupils.school[:, term.index]
        known = np.flatnonzero(of_age & (at >= 0))
        strays = np.flatnonzero(of_age & pupils.stray)[: int(np.count_nonzero(self._strays.mark(len(known))))]
        schools = pupils.schools
        kind = "primary" if group <= 6 else "secondary"
        elsewhere = schools.first(kind) + strays % schools.counts[kind]
        pupil = np.concatenate([known, strays])
        school = np.concatenate([at[known], elsewhere])
        order = np.lexsort((pupil, school))
        pupil, school = pupil[order], school[order]
        provision = pupils.provision(year)[pupil]
        return Cohort(year, pupil, school, self._score(year, group, pupil, provision), provision)

    def _score(self, year: int, group: int, pupil: Ints, provision: Ints) -> Floats:
        pupils, column = self._pupils, year - SCHOOL_YEARS[0]
        # Months by which a pupil is older than the youngest of the year.
        months = ((pupils.born[pupil].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12) - 8) % 12
        score = 0.8 * pupils.ability[pupil] - _MONTH[group] * (months - 5.5)
        score -= 0.12 * pupils.need[pupil] + (0.4 + 0.025 * group) * pupils.is_disadvantaged(year)[pupil]
        score -= np.array([0, 0.75, 1.6])[provision]
        score -= 0.35 * pupils.care[pupil] + 0.45 * pupils.cared_for[pupil, column]
        score -= 0.1 * (group >= 7) * pupils.conduct[pupil]
        gap = {0: 0.3, 1: 0.05, 2: 0.1, 4: -0.1, 6: 0.02, 11: -0.1}[group]
        return score - gap * (pupils.language[pupil] > 0)

    def _results(self, extract: str, cohort: Cohort) -> tuple[Cohort, Columns]:
        make: dict[str, Callable[[Cohort], Columns]] = {
            "eyfsp": self._profile,
            "ks1": self._key_stage_1,
            "mtc": self._tables_check,
            "ks2": self._key_stage_2,
            "ks4": self._key_stage_4,
        }
        return self._phonics(cohort) if extract == "phonics" else (cohort, make[extract](cohort))

    def _profile(self, cohort: Cohort) -> Columns:
        shares = (
            0.81, 0.82, 0.87, 0.88, 0.89, 0.92, 0.86, 0.81, 0.77, 0.71, 0.79, 0.78, 0.83, 0.83, 0.85, 0.88, 0.87,
        )  # fmt: skip
        scores = [cohort.noisy(self._seed, goal, 0.55, girls=0.28, sex=self._sex) for goal in GOALS]
        places = np.stack([place_in_order(score) for score in scores], axis=1)
        # The thirteenth goal and later ones are no part of a good level; the bar is moved until its share is right.
        bars = 1 - np.array(shares)
        wanted = LEVELS["gld"][cohort.year]

        def reached(shift: float) -> Flags:
            return np.asarray(places > np.clip(bars + shift, 0.01, 0.99))

        low, high = -0.3, 0.3
        for _ in range(30):
            middle = (low + high) / 2
            is_above = reached(middle)[:, :12].all(axis=1).mean() > wanted
            low, high = (middle, high) if is_above else (low, middle)
        met = reached((low + high) / 2)
        not_assessed = highest(-cohort.score, round(0.002 * len(cohort)), cohort.provision > 0)
        return {goal: _chosen("1", (met[:, place], "2"), (not_assessed, "A")) for place, goal in enumerate(GOALS)}

    def _phonics(self, cohort: Cohort) -> tuple[Cohort, Columns]:
        """Return year 1, and those of year 2 who had not met the standard the year before."""
        year = cohort.year
        before = self._first_check(self._known(year - 1, 1))
        met_before = set(before[0].pupil[before[3]].tolist())
        second = self._known(year, 2)
        again = np.array([pupil not in met_before for pupil in second.pupil.tolist()], dtype=np.bool_)
        retake = _part(second, again)
        wanted = round(LEVELS["phonics_2"][year] * len(second)) - (len(second) - len(retake))
        marks, outcomes, _ = self._check(retake, "phonics 2", wanted)
        first = self._first_check(cohort)
        both = Cohort(
            year,
            np.concatenate([cohort.pupil, retake.pupil]),
            np.concatenate([cohort.school, retake.school]),
            np.concatenate([cohort.score, retake.score]),
            np.concatenate([cohort.provision, retake.provision]),
        )
        group = np.repeat([1, 2], [len(cohort), len(retake)])
        return both, {
            "phonics_mark": np.concatenate([first[1], marks]),
            "phonics_outcome": np.concatenate([first[2], outcomes]),
            "phonics_year_group": group,
            "check_window": np.full(len(group), "june", dtype=object),
        }

    def _known(self, year: int, group: int) -> Cohort:
        """Return a cohort of pupils on roll alone."""
        pupils, term = self._pupils, term_of(year, "summer")
        at = pupils.school[:, term.index]
        known = np.flatnonzero((pupils.year_group(year) == group) & (at >= 0))
        known = known[np.lexsort((known, at[known]))]
        provision = pupils.provision(year)[known]
        return Cohort(year, known, at[known], self._score(year, group, known, provision), provision)

    def _first_check(self, cohort: Cohort) -> tuple[Cohort, Cells, Cells, Flags]:
        wanted = round(LEVELS["phonics_1"][cohort.year] * len(cohort))
        marks, outcomes, met = self._check(cohort, "phonics 1", wanted)
        return cohort, marks, outcomes, met

    def _check(self, cohort: Cohort, name: str, wanted: int) -> tuple[Cells, Cells, Flags]:
        count = len(cohort)
        # The luck of a pupil is the same however many others there are.
        luck = normal(draws(self._seed, name, cohort.year), len(self._pupils))[cohort.pupil]
        score = cohort.score + 0.5 * luck
        chance = draws(self._seed, name, "absent", cohort.year).random(len(self._pupils))[cohort.pupil]
        disapplied = highest(-score, round(0.015 * count), cohort.provision > 0)
        absent, left = (chance < 0.008) & ~disapplied, (chance > 0.998) & ~disapplied
        takes = ~(absent | left | disapplied)
        met = highest(score, wanted, takes)
        place = place_in_order(score)
        share = wanted / max(1, count)
        above = np.clip((place - (1 - share)) / max(share, 0.01), 0, 1)
        under = np.clip(place / max(1 - share, 0.01), 0, 1)
        mark = np.where(met, 32 + np.minimum(np.floor(9 * above**0.7), 8), np.minimum(np.floor(32 * under**0.6), 31))
        outcomes = _chosen("Wt", (met, "Wa"), (absent, "A"), (disapplied, "D"), (left, "L"))
        return _numbers(mark, takes, 0), outcomes, met

    def _key_stage_1(self, cohort: Cohort) -> Columns:
        found: Columns = {}
        draw = draws(self._seed, "ks1 absent", cohort.year)
        away = draw.random(len(cohort))
        for subject, girls in (("read", 0.15), ("writ", 0.3), ("mat", -0.08), ("sci", 0.05)):
            score = cohort.noisy(self._seed, f"ks1 {subject}", 0.45, girls=girls, sex=self._sex)
            place = place_in_order(score)
            share = LEVELS[f"ks1_{subject}"][cohort.year]
            depth = _GREATER_DEPTH[subject]
            if subject == "sci":
                found["sci_ta"] = _chosen("HNM", (place > 1 - share, "EXS"), (away < 0.003, "A"))
                continue
            lowest = ((place < limit, code) for limit, code in zip(_BELOW_LIMITS, _BELOW_CODES, strict=True))
            found[f"{subject}_ta"] = _chosen(
                "WTS", (place > 1 - share, "EXS"), (place > 1 - depth, "GDS"), *lowest, (away < 0.003, "A")
            )
        return {name: found[name] for name in COLUMNS["ks1"]}

    def _tables_check(self, cohort: Cohort) -> Columns:
        score = cohort.noisy(self._seed, "mtc", 0.5, girls=-0.15, sex=self._sex)
        chance = draws(self._seed, "mtc absent", cohort.year).random(len(cohort))
        too_low = highest(-score, round(0.02 * len(cohort)), cohort.provision > 0)
        limits = (("absent", 0.010), ("unable", 0.015), ("just_arrived", 0.017), ("left", 0.019))
        outcome = np.full(len(cohort), "took", dtype=object)
        outcome[too_low] = "below"
        floor = 0.0
        for name, limit in (*limits, ("incorrect_registration", 0.0195)):
            outcome[(outcome == "took") & (chance >= floor) & (chance < limit)] = name
            floor = limit
        took = outcome == "took"
        full = highest(score, round(LEVELS["mtc_full"][cohort.year] * len(cohort)), took)
        rest = place_in_order(score) / (1 - LEVELS["mtc_full"][cohort.year])
        points = np.where(full, 25, np.minimum(np.floor(25 * np.clip(rest, 0, 1) ** 0.42), 24))
        return {"mtc_score": _numbers(points, took, 0), "mtc_outcome": outcome}

    def _key_stage_2(self, cohort: Cohort) -> Columns:
        year, count = cohort.year, len(cohort)
        girls = {"read": 0.18, "mat": -0.12, "gps": 0.15, "writ": 0.32, "sci": 0.05}
        luck = {subject: normal(draws(self._seed, "ks2", subject, year), count) for subject in girls}

        def reached(spread: float) -> dict[str, tuple[Flags, Floats]]:
            found = {}
            for subject, ahead in girls.items():
                score = cohort.score + spread * luck[subject] + ahead * (self._sex[cohort.pupil] == 1)
                wanted = round(LEVELS[f"ks2_{subject}"][year] * count)
                found[subject] = (highest(score, wanted), place_in_order(score))
            return found

        def all_three(met: dict[str, tuple[Flags, Floats]]) -> Flags:
            return met["read"][0] & met["writ"][0] & met["mat"][0]

        # The more luck in each subject, the fewer reach the standard in all three.
        low, high = 0.05, 2.0
        for _ in range(24):
            middle = (low + high) / 2
            is_above = all_three(reached(middle)).mean() > LEVELS["ks2_rwm"][year]
            low, high = (middle, high) if is_above else (low, middle)
        met = reached((low + high) / 2)

        chance = draws(self._seed, "ks2 absent", year).random(count)
        outcomes, found = {}, {}
        for subject in ("read", "mat", "gps"):
            passed, place = met[subject]
            share = LEVELS[f"ks2_{subject}"][year]
            below_level = ~passed & (place < 0.03)
            absent = ~passed & (place < 0.3) & (chance < 0.02)
            arrived = ~passed & (chance > 0.996)
            missing, annulled = ~passed & (chance > 0.9920) & ~arrived, ~passed & (chance > 0.9915) & ~arrived
            annulled &= ~missing
            # Among those who met it, the higher standard is for the best.
            above = np.clip((place - (1 - share)) / share, 0, 0.999)
            bar = 1 - _HIGHER[subject] / share
            high_score = np.where(above < bar, 100 + 10 * above / bar, 110 + 11 * (above - bar) / (1 - bar))
            low_score = 80 + 20 * np.clip(place / (1 - share), 0, 0.999) ** 0.55
            special = passed & (chance < 0.001)
            scaled = np.where(passed, np.clip(np.floor(high_score), 100, 120), np.clip(np.floor(low_score), 80, 99))
            scaled = np.where(special, 98, scaled)
            has_score = ~(below_level | absent | arrived | missing | annulled)
            found[subject] = _numbers(scaled, has_score, 0)
            outcomes[subject] = _chosen(
                "NS",
                (passed, "AS"),
                (special, "CA"),
                (below_level, "B"),
                (absent, "A"),
                (arrived, "J"),
                (missing, "M"),
                (annulled, "Q"),
            )
        writes, writing = met["writ"]
        progress = {}
        for subject in ("read", "writ", "mat"):
            points = 0.3 + 4.8 * luck[subject] + 0.8 * cohort.score
            has = (chance > 0.03) & (chance < 0.97) if year in _KS2_PROGRESS else np.zeros(count, dtype=np.bool_)
            progress[subject] = _numbers(points, has, 2)
        return {
            **{f"{subject}_score": found[subject] for subject in ("read", "mat", "gps")},
            **{f"{subject}_outcome": outcomes[subject] for subject in ("read", "mat", "gps")},
            "writ_ta": _chosen(
                "WTS", (writes, "EXS"), (writing > 1 - _HIGHER["writ"], "GDS"), (~writes & (writing < 0.05), "below")
            ),
            "sci_ta": _chosen("HNM", (met["sci"][0], "EXS")),
            **{f"{subject}_prog": progress[subject] for subject in ("read", "writ", "mat")},
        }

    def _key_stage_4(self, cohort: Cohort) -> Columns:
        year, count = cohort.year, len(cohort)
        girl = self._sex[cohort.pupil] == 1
        luck = [normal(draws(self._seed, "ks4", slot, year), count) for slot in range(6)]
        score = cohort.score + 0.35 * luck[0] + 0.15 * girl
        spread = (score - score.mean()) / max(float(score.std()), 0.01)
        # Few do very badly indeed: the lower end is longer than the upper.
        typical = 1.85 * spread - 1.1 * np.maximum(0, -1.1 - spread)

        def grades(shift: float) -> tuple[Floats, Floats, Floats, Floats]:
            mean = 5.0 + shift + typical
            english = np.clip(np.rint(mean + 0.2 + 0.25 * girl + 0.8 * luck[1]), 0, 9)
            maths = np.clip(np.rint(mean - 0.3 - 0.1 * girl + 1.1 * luck[2]), 0, 9)
            baccalaureate = np.clip(np.rint(3 * (mean - 0.25) + 1.6 * luck[3]), 0, 27)
            others = np.clip(np.rint(2 * (3 * (mean - 0.1) + 2.0 * luck[4])) / 2, 0, 27)
            return english, maths, baccalaureate, others

        def attainment(shift: float) -> Floats:
            english, maths, baccalaureate, others = grades(shift)
            return 2 * english + 2 * maths + baccalaureate + others

        low, high = -2.0, 2.0
        for _ in range(24):
            middle = (low + high) / 2
            is_above = attainment(middle).mean() > LEVELS["att8"][year]
            low, high = (low, middle) if is_above else (middle, high)
        shift = (low + high) / 2
        english, maths, baccalaureate, others = grades(shift)
        total = attainment(shift)

        prior = np.clip(np.rint(104.5 + 6.5 * (0.85 * spread + 0.5 * luck[5])), 80, 120)
        has_prior = draws(self._seed, "ks4 prior", year).random(count) < 0.95
        has_prior &= year < _NO_PRIOR_FROM
        included = has_prior & (year in LEVELS["p8"])
        progress = np.zeros(count)
        if included.any():
            slope, base = np.polyfit(prior[included], total[included], 1)
            progress[included] = (total - base - slope * prior)[included] / 10 + LEVELS["p8"][year]
        in_file = np.ones(count, dtype=np.bool_)
        is_counted = np.full(count, year in LEVELS["p8"])
        entered = highest(score + 0.8 * luck[4], round(0.41 * count))
        return {
            "end_ks4_flag": np.ones(count, dtype=np.int64),
            "att8": _numbers(total, in_file, 1),
            "att8_eng": _numbers(2 * english, in_file, 1),
            "att8_mat": _numbers(2 * maths, in_file, 1),
            "att8_ebac": _numbers(baccalaureate, in_file, 1),
            "att8_open": _numbers(others, in_file, 1),
            "l2basics_94": ((english >= 4) & (maths >= 4)).astype(np.int64),
            "l2basics_95": ((english >= 5) & (maths >= 5)).astype(np.int64),
            "ebacc_entered": entered.astype(np.int64),
            "ebacc_aps": _numbers((english + maths + baccalaureate) / 5 * np.where(entered, 1, 0.93), in_file, 2),
            "p8_included": _numbers(included.astype(np.float64), is_counted, 0),
            "p8_score": _numbers(progress, included, 2),
            "ks2_prior": _numbers(prior, has_prior, 0),
        }

    def _copy(
        self,
        path: Path,
        extract: str,
        cohort: Cohort,
        results: Columns,
        status: str,
        headings: Mapping[str, str],
    ) -> int:
        pupils, year = self._pupils, cohort.year
        schools, pupil = pupils.schools, cohort.pupil
        home = pupils.home_in(term_of(year, "summer"))[pupil]
        group = pupils.year_group(year)[pupil]
        arrays: Columns = {
            "row": np.arange(len(cohort)),
            "pupil": pupil,
            "estab": np.array(schools.estabs, dtype=object)[cohort.school],
            "urn": np.array(schools.urns, dtype=object)[cohort.school],
            "postcode": np.array(pupils.postcodes, dtype=object)[home],
            "grade": group,
            "fsm": pupils.has_meals(january_census(year))[pupil].astype(np.int64),
            "fsm6": pupils.had_meals(year)[pupil].astype(np.int64),
            "disadvantaged": pupils.is_disadvantaged(year)[pupil].astype(np.int64),
            "provision": cohort.provision,
            **results,
        }
        uln = "uln" if extract == "ks4" else "null"
        common = (
            f"'{_label(year)}'", str(self._authority), f"'{self._authority}' || estab", "urn", "upn", uln,
            "'SUR' || surname", "'FOR' || forename",
            "strftime(date '1970-01-01' + cast(born as integer), '%Y-%m-%d')", "sex", "postcode",
            "case when grade = 0 then 'R' else grade::varchar end", "fsm", "fsm6", "disadvantaged",
            "['N', 'K', 'E'][provision + 1]", "eal", "nullif(ethnicity, '')",
            f"'{status}'", f"'{_extract_date(year, status)}'",
        )  # fmt: skip
        named = [
            f'{expression} as "{headings.get(name, name)}"'
            for name, expression in (
                *zip(COMMON_COLUMNS, common, strict=True),
                *((name, _cell(name, results[name])) for name in COLUMNS[extract]),
            )
        ]
        select = f"select {', '.join(named)} from arrays join pupil using (pupil) order by row"
        return copy_csv(self._connection, path, select, arrays)


_BELOW_CODES = ("PK4", "PK3", "PK2", "PK1", "EM", "BLW")
_BELOW_LIMITS = (0.05, 0.036, 0.026, 0.018, 0.012, 0.006)


def _label(year: int) -> str:
    """Return a school year as results write it: 202425."""
    return f"{year}{(year + 1) % 100:02d}"


def _statuses(year: int) -> tuple[str, ...]:
    """Return the statuses held of a year's results; the newest year is still provisional."""
    return {2023: ("revised", "final"), 2024: ("provisional",)}.get(year, ("final",))


def _extract_date(year: int, status: str) -> str:
    return {
        "provisional": f"{year + 1}-09-18",
        "revised": f"{year + 1}-12-11",
        "final": f"{year + 2}-04-24",
    }[status]


def _part(cohort: Cohort, chosen: Flags) -> Cohort:
    return Cohort(
        cohort.year,
        cohort.pupil[chosen],
        cohort.school[chosen],
        cohort.score[chosen],
        cohort.provision[chosen],
    )


def _chosen(otherwise: str, *choices: tuple[Flags, str]) -> Cells:
    """Return a code for each pupil; a later choice outdoes an earlier one."""
    found = np.full(len(choices[0][0]), otherwise, dtype=object)
    for marked, code in choices:
        found[marked] = code
    return found


def _numbers(values: Floats, present: Flags, decimals: int) -> Cells:
    """Return numbers as text with so many decimals, and nothing where there is none."""
    found = np.full(len(values), "", dtype=object)
    found[present] = [f"{value:.{decimals}f}" for value in values[present].tolist()]
    return found


def _revised(extract: str, results: Columns, differs: Flags) -> Columns:
    """Return the results as they stood before appeals: a little lower for the pupils marked."""
    column, change = _REVISED[extract]
    values = results[column].astype(object)
    values[differs] = [change(value) for value in values[differs].tolist()]
    return {**results, column: values}


def _cell(name: str, values: Cells) -> str:
    """Return SQL for a column of results; no text is an empty cell."""
    return f"nullif({name}, '')" if values.dtype == np.object_ else name


def _one_less(value: str) -> str:
    return f"{max(0, int(value) - 1)}" if value else ""


_REVISED: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "eyfsp": ("exp_e17", lambda value: "2" if value == "1" else "1"),
    "phonics": ("phonics_mark", _one_less),
    "mtc": ("mtc_score", _one_less),
    "ks2": ("gps_score", _one_less),
    "ks4": ("ebacc_aps", lambda value: f"{max(0.0, float(value) - 0.2):.2f}"),
}
