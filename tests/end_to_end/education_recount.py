"""The local education figures counted again from the raw files, by their definitions alone.

Rows become dictionaries and figures sums over them; nothing here comes from the product, not even its seeds. What the
definitions say is in docs/methodology/pupils.md and pupil-results.md. One `Figure` for each indicator, school year and
part; school years go by the year in which they end.
"""

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

Row = dict[str, str]
#: Indicator, school year, kind of part, part.
Key = tuple[str, int, str, str]

TOTAL = ("total", "total")
GOALS = (
    "com_e01", "com_e02", "pse_e03", "pse_e04", "pse_e05", "phy_e06", "phy_e07", "lit_e08", "lit_e09", "lit_e10",
    "mat_e11", "mat_e12", "utw_e13", "utw_e14", "utw_e15", "exp_e16", "exp_e17",
)  # fmt: skip
GOAL_FIGURES = {
    "eyfsp_gld": GOALS[:12],
    "eyfsp_all17": GOALS,
    "eyfsp_comm_lang": ("com_e01", "com_e02"),
    "eyfsp_literacy": ("lit_e08", "lit_e09", "lit_e10"),
    "eyfsp_comm_lang_lit": ("com_e01", "com_e02", "lit_e08", "lit_e09", "lit_e10"),
    "eyfsp_speaking": ("com_e02",),
    "eyfsp_word_reading": ("lit_e09",),
}
PHONICS_THRESHOLD = 32
LEFT = ("L", "Q")
SUBJECTS = {"read": "reading", "mat": "maths", "gps": "gps"}
AUTHORISED = frozenset(["I", "M", "R", "S", "T", "E", "C", "C1", "C2", "H", "J1"])
UNAUTHORISED = frozenset(["G", "N", "O", "U"])
STATUSES = ("final", "revised", "provisional")
MAJOR_GROUPS = {"W": "white", "M": "mixed", "A": "asian", "B": "black", "C": "chinese", "O": "other"}
NO_GROUP = ("", "REFU", "NOBT")
PROVISIONS = {"N": "none", "K": "support", "A": "support", "P": "support", "E": "ehcp", "S": "ehcp"}
SHORT_BREAKS = ("V3", "V4")
MEANS = frozenset(
    [
        "eyfsp_avg_elg",
        "phonics_avg_mark",
        "mtc_avg",
        "ks2_reading_avg",
        "ks2_maths_avg",
        "ks2_gps_avg",
        "ks2_r_prog",
        "ks2_w_prog",
        "ks2_m_prog",
        "ks4_att8",
        "ks4_p8",
        "ks4_ebacc_aps",
    ]
)
JANUARY = frozenset(["sen_ehcp_pct", "sen_support_pct", "fsm_primary", "fsm_secondary", "eal_primary", "eal_secondary"])
#: Kind of part, the group, and those it is compared with; kinds with several pairs name the group in the part.
GAPS = (
    ("sex", "F", "M"),
    ("fsm", "fsm", "not_fsm"),
    ("disadvantaged", "disadvantaged", "not_disadvantaged"),
    ("sen", "support", "none"),
    ("sen", "ehcp", "none"),
    ("language", "other", "english"),
    ("social_care_group", "cla_12_months", "total"),
    ("social_care_group", "cppo", "total"),
    ("social_care_group", "cino", "total"),
)
WITH_GAPS = frozenset(
    [
        "eyfsp_gld",
        "eyfsp_comm_lang",
        "phonics_y1",
        "phonics_end_y2",
        "ks1_r_exs",
        "mtc_full",
        "ks2_reading_exp",
        "ks2_maths_exp",
        "ks2_rwm_exp",
        "ks4_att8",
        "ks4_em_95",
        "abs_overall",
        "abs_persistent",
        "abs_severe",
        "susp_rate",
        "susp_pupils",
    ]
)
SEVERAL_PAIRS = ("sen", "social_care_group")
#: A supplier's headings of key stage 2 where they differ by more than case: theirs, then ours.
NEXUS = {
    "acadyear": "academic_year", "la": "la_code", "schoolurn": "urn", "dateofbirth": "dob", "gender": "sex",
    "fsm": "fsm_flag", "everfsm6": "fsm6_flag", "disadvantaged": "disadvantaged_flag", "senstatus": "sen_provision",
    "eal": "eal_flag", "resultstatus": "status", "exportedon": "extract_date", "readingscaledscore": "read_score",
    "mathsscaledscore": "mat_score", "gpsscaledscore": "gps_score", "readingoutcome": "read_outcome",
    "mathsoutcome": "mat_outcome", "gpsoutcome": "gps_outcome", "writingta": "writ_ta", "scienceta": "sci_ta",
    "readingprogress": "read_prog", "writingprogress": "writ_prog", "mathsprogress": "mat_prog",
}  # fmt: skip


@dataclass
class Figure:
    """What stands above and below the line; a gap has its value alone."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    value: float | None = None
    status: str = "ok"


Figures = dict[Key, Figure]


def read(file: Path) -> list[Row]:
    """Return the rows of a CSV file, headings in lower case, cells without spaces around them."""
    text = file.read_text(encoding="utf-8-sig")
    rows = csv.reader(io.StringIO(text, newline=""))
    names = [name.strip().lower().replace(" ", "_") for name in next(rows)]
    return [dict(zip(names, (cell.strip() for cell in cells), strict=False)) for cells in rows if any(cells)]


def day(text: str) -> dt.date | None:
    """Read a date as censuses, results and returns write it; None for anything else."""
    for form in ("%Y-%b-%d 00:00:00", "%Y-%m-%d", "%d/%m/%Y"):
        try:
            return dt.datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def number(text: str) -> Decimal | None:
    """Read a number; an empty cell is none."""
    return Decimal(text) if text else None


def school_year_of(date: dt.date) -> int:
    """Return the year in which the school year of a day ends, on 31 August."""
    return date.year + (date.month >= 9)


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Leave out rows that repeat an earlier one in every column."""
    return list({tuple(row.items()): row for row in reversed(list(rows))}.values())[::-1]


@dataclass
class Census:
    """One census: its tables by name, rows of pupils with the id that the other tables call them by."""

    year: int
    term: str
    tables: dict[str, list[Row]]

    @property
    def school_year(self) -> int:
        """The school year in which the census was taken."""
        return self.year + (self.term == "autumn")

    @cached_property
    def date(self) -> dt.date:
        """The day of the census."""
        found = {day(row["referencedate"]) for row in self.tables["schoolcensus"]}
        assert len(found) == 1
        return next(date for date in found if date is not None)

    @cached_property
    def schools(self) -> dict[str, str]:
        """Number of each school by the key that the tables use."""
        return {row["nativeid"]: row["lea"] + row["estab"] for row in self.tables["schoolcensus"]}

    def pupils(self, roll: str) -> dict[tuple[str, str], Row]:
        """Rows of pupils on roll, or no longer on roll, by school and id."""
        table, name = {
            "on": ("pupilonroll", "pupilonrolltableid"),
            "off": ("pupilnolongeronroll", "pupilnolongeronrolltableid"),
        }[roll]
        return {(row["nativeid"], row[name]): row for row in self.tables[table]}

    def children(self, table: str, roll: str) -> Iterator[tuple[Row, Row]]:
        """Rows of a table about pupils, each with the pupil's row."""
        pupils = self.pupils(roll)
        name = "pupilonrolltableid" if roll == "on" else "pupilnolongeronrolltableid"
        for row in self.tables.get(table, ()):
            if (row["nativeid"], row[name]) in pupils:
                yield row, pupils[row["nativeid"], row[name]]

    @cached_property
    def counting(self) -> dict[str, Row]:
        """The row that counts of each pupil on roll: sole or main before subsidiary, then the one entered last."""
        found: dict[str, Row] = {}
        for row in self.tables["pupilonroll"]:
            other = found.get(row["upn"])
            if other is None or self._rank(row) > self._rank(other):
                found[row["upn"]] = row
        return found

    @staticmethod
    def _rank(row: Row) -> tuple[bool, dt.date]:
        return row["enrolstatus"] in ("C", "M"), day(row["entrydate"]) or dt.date.min

    @cached_property
    def eligible(self) -> set[str]:
        """Pupils with a period of free meals on the day of the census, by the row that counts."""
        found = set()
        for table in ("fsmperiod", "fsmperiodsonroll"):
            for period, pupil in self.children(table, "on"):
                if self.counting[pupil["upn"]] is not pupil:
                    continue
                start, end = day(period["fsmstartdate"]), day(period["fsmenddate"])
                if start and start <= self.date and (not period["fsmenddate"] or (end and end >= self.date)):
                    found.add(pupil["upn"])
        return found


def read_censuses(raw: Path) -> list[Census]:
    """Read the folders of `education/school_census`, a table by the end of its file's name."""
    found = []
    for folder in sorted((raw / "education" / "school_census").iterdir()):
        year, term = folder.name.split()
        tables = {file.stem.split("_", 2)[2]: distinct(read(file)) for file in sorted(folder.glob("*.csv"))}
        for row in (*tables["pupilonroll"], *tables["pupilnolongeronroll"]):
            row["sex"] = row.get("sex") or row.get("gender", "")
        found.append(Census(int(year), term, tables))
    return found


def read_results(raw: Path, assessment: str) -> dict[int, list[Row]]:
    """Read one assessment: of each school year the rows of the best status, then of the newest extract."""
    files: dict[int, list[tuple[int, str, list[Row]]]] = defaultdict(list)
    for file in sorted((raw / "education" / assessment).glob("*.csv")):
        rows = [{NEXUS.get(name, name): cell for name, cell in row.items()} for row in distinct(read(file))]
        by_year: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            by_year[int(row["academic_year"][:4]) + 1].append(row)
        for year, part in by_year.items():
            status = STATUSES.index(part[0]["status"])
            files[year].append((-status, max(row["extract_date"] for row in part), part))
    return {year: max(parts, key=lambda part: part[:2])[2] for year, parts in files.items()}


@dataclass
class Care:
    """Who was looked after, by pupil number: for a day of the year to 31 March, and for the whole of it."""

    ever: dict[int, set[str]] = field(default_factory=dict)
    twelve_months: dict[int, set[str]] = field(default_factory=dict)


def read_care(raw: Path) -> Care:
    """Read the year-end returns; a cut within a year says nothing of 31 March."""
    care = Care()
    for folder in sorted((raw / "social_care" / "ssda903").iterdir()):
        if not (folder / "episodes.csv").exists():
            continue
        year = int(folder.name)
        upns = {row["child"]: row["upn"] for row in read(folder / "header.csv") if row["upn"]}
        first, last = dt.date(year - 1, 4, 1), dt.date(year, 3, 31)
        periods: dict[str, list[tuple[dt.date, dt.date]]] = defaultdict(list)
        for row in distinct(read(folder / "episodes.csv")):
            start = day(row["decom"])
            if start is None or row["ls"] in SHORT_BREAKS or row["child"] not in upns:
                continue
            periods[upns[row["child"]]].append((start, day(row["dec"]) or dt.date.max))
        care.ever[year] = {
            upn for upn, spans in periods.items() if any(start <= last and end >= first for start, end in spans)
        }
        care.twelve_months[year] = {upn for upn, spans in periods.items() if _covers(spans, first, last)}
    return care


def _covers(spans: list[tuple[dt.date, dt.date]], first: dt.date, last: dt.date) -> bool:
    """Whether episodes that follow one another without a day between reach from one day over the end of another."""
    reached: dt.date | None = None
    for start, end in sorted(spans):
        if reached is None or start > reached:
            began = start
            reached = end
        else:
            reached = max(reached, end)
        if began <= first and reached > last:
            return True
    return False


class Recount:
    """Counts the figures of one `raw/` folder."""

    def __init__(self, raw: Path, *, progress_8: Mapping[tuple[int, str], Decimal] | None = None) -> None:
        """`progress_8` holds the national mean of Attainment 8 by school year and group of earlier results."""
        self.censuses = read_censuses(raw)
        self.care = read_care(raw)
        names = ("eyfsp", "phonics", "ks1", "mtc", "ks2", "ks4")
        self.results = {name: read_results(raw, name) for name in names}
        self.progress_8 = progress_8 or {}
        self.figures: Figures = {}

    def count(self) -> Figures:
        """Count every figure and the gaps between their parts."""
        self._early_years()
        self._phonics()
        self._key_stage_1()
        self._tables_check()
        self._key_stage_2()
        self._key_stage_4()
        january = [census for census in self.censuses if census.term == "spring"]
        for census in january:
            self._january(census)
            self._absence(census.year)
            self._exclusions(census)
        self._finish()
        return self.figures

    # Who a pupil is

    def census(self, year: int, term: str) -> Census | None:
        """Return one census, if it is held."""
        return next((census for census in self.censuses if (census.year, census.term) == (year, term)), None)

    def _told(self, upn: str, year: int) -> list[tuple[Census, Row]]:
        """Return what the censuses of a school year tell of a pupil: January's, then summer's, then autumn's."""
        order = ((year, "spring"), (year, "summer"), (year - 1, "autumn"))
        censuses = [census for census in (self.census(*name) for name in order) if census]
        return [(census, census.counting[upn]) for census in censuses if upn in census.counting]

    def parts(self, upn: str, year: int, result: Row | None = None) -> dict[str, str]:
        """Return the part that a pupil belongs to of every kind; a row of results comes before the censuses."""
        result = result or {}
        told = self._told(upn, year)
        census, row = told[0] if told else (None, {})
        flag = {"1": True, "0": False}

        fsm = flag.get(result.get("fsm_flag", ""))
        if fsm is None and census:
            fsm = upn in census.eligible
        disadvantaged = flag.get(result.get("disadvantaged_flag", ""))
        if upn in self.care.ever.get(year, ()):
            # By definition, also where a file, such as last year's of who met the phonics standard then, says no.
            disadvantaged = True
        if disadvantaged is None:
            januaries = [c for c in self.censuses if c.term == "spring" and year - 5 <= c.year <= year]
            if any(upn in c.eligible for c in januaries):
                disadvantaged = True
            elif census:
                disadvantaged = False
        provision = result.get("sen_provision") or row.get("senprovision", "")
        other = flag.get(result.get("eal_flag", ""))
        if other is not None:
            language = "other" if other else "english"
        else:
            code = row.get("language", "")
            language = (
                "unclassified" if code in ("", "NOT", "REF") else "english" if code in ("ENG", "ENB") else "other"
            )
        return {
            "sex": result.get("sex") or row.get("sex") or "unknown",
            "fsm": "unknown" if fsm is None else "fsm" if fsm else "not_fsm",
            "disadvantaged": "unknown"
            if disadvantaged is None
            else "disadvantaged"
            if disadvantaged
            else "not_disadvantaged",
            "sen": PROVISIONS.get(provision, "unknown"),
            "language": language,
            "ethnic_group": _major_group(result.get("ethnicity") or self._ethnicity(upn, year)),
            "social_care_group": "cla_12_months" if upn in self.care.twelve_months.get(year, ()) else "no group",
        }

    def _ethnicity(self, upn: str, year: int) -> str:
        """Return the code that a census told last, up to the school year."""
        order = {"autumn": 0, "spring": 1, "summer": 2}
        found = ""
        for census in sorted(self.censuses, key=lambda census: (census.school_year, order[census.term])):
            if census.school_year <= year and upn in census.counting:
                found = census.counting[upn].get("ethnicity") or found
        return found

    # Adding up

    def _add(self, indicator: str, year: int, parts: Mapping[str, str], top: Decimal | int, bottom: int) -> None:
        """Add to a figure and to each of its parts."""
        for kind, part in (TOTAL, *parts.items()):
            if part == "no group":
                continue
            figure = self.figures.setdefault((indicator, year, kind, part), Figure(Decimal(0), Decimal(0)))
            assert figure.numerator is not None
            assert figure.denominator is not None
            figure.numerator += top
            figure.denominator += bottom

    def _finish(self) -> None:
        """Divide, then take the gaps. A part with nobody in the base is no part of the figure."""
        empty = [key for key, figure in self.figures.items() if figure.denominator == 0 and key[2:] != TOTAL]
        for key in empty:
            del self.figures[key]
        for (indicator, *_), figure in self.figures.items():
            if figure.status != "ok":
                continue
            assert figure.numerator is not None
            assert figure.denominator is not None
            if figure.denominator == 0:
                figure.status = "empty_denominator"
                continue
            rate = figure.numerator / figure.denominator
            figure.value = float(rate if indicator in MEANS else 100 * rate)
        for indicator, year in {(key[0], key[1]) for key in self.figures if key[0] in WITH_GAPS}:
            for kind, group, compared in GAPS:
                first = self.figures.get((indicator, year, kind, group))
                second = self.figures.get((indicator, year, *(TOTAL if compared == "total" else (kind, compared))))
                if not (first and second) or first.value is None or second.value is None:
                    continue
                place = (kind, group) if kind in SEVERAL_PAIRS else TOTAL
                self.figures[f"{indicator}_gap_{kind}", year, *place] = Figure(value=first.value - second.value)

    # Results

    def _rows(self, assessment: str) -> Iterator[tuple[int, Row, dict[str, str]]]:
        for year, rows in self.results[assessment].items():
            for row in rows:
                yield year, row, self.parts(row["upn"], year, row)

    def _early_years(self) -> None:
        """Count goals at the expected level, 2, of children with at least one goal assessed."""
        for year, row, parts in self._rows("eyfsp"):
            if all(row[goal] not in ("1", "2") for goal in GOALS):
                continue
            parts = {**parts, **_birth(row["dob"])}
            met = {goal for goal in GOALS if row[goal] == "2"}
            for indicator, goals in GOAL_FIGURES.items():
                self._add(indicator, year, parts, met.issuperset(goals), 1)
            self._add("eyfsp_avg_elg", year, parts, len(met), 1)

    def _phonics(self) -> None:
        """Count year 1 by the mark, and the cohort of year 2: who met it the year before, and who was checked again."""
        for year, rows in self.results["phonics"].items():
            for row in rows:
                if row["phonics_outcome"] in LEFT:
                    continue
                parts = {**self.parts(row["upn"], year, row), **_birth(row["dob"])}
                is_first, mark = row["phonics_year_group"] == "1", number(row["phonics_mark"])
                has_mark = is_first and mark is not None
                self._add("phonics_y1", year, parts, is_first and _met_phonics(row), is_first)
                self._add("phonics_avg_mark", year, parts, (mark or 0) if has_mark else 0, has_mark)
            before = self.results["phonics"].get(year - 1)
            if before is None:
                continue
            again = {row["upn"]: row for row in rows if row["phonics_year_group"] == "2"}
            cohort = {
                row["upn"]: row
                for row in before
                if row["phonics_year_group"] == "1" and row["phonics_outcome"] not in LEFT and _met_phonics(row)
            } | again
            for upn, row in cohort.items():
                if row["phonics_outcome"] in LEFT:
                    continue
                # Of who met it the year before, the census of the year says who they are now.
                is_told = upn not in again and bool(self._told(upn, year))
                known = {name: row[name] for name in ("sex", "ethnicity")} if is_told else row
                parts = {**self.parts(upn, year, known), **_birth(row["dob"])}
                self._add("phonics_end_y2", year, parts, _met_phonics(row), 1)

    def _key_stage_1(self) -> None:
        for year, row, parts in self._rows("ks1"):
            for letter, column in (("r", "read_ta"), ("w", "writ_ta"), ("m", "mat_ta"), ("s", "sci_ta")):
                if row[column] in LEFT:
                    continue
                self._add(f"ks1_{letter}_exs", year, parts, row[column] in ("EXS", "GDS"), 1)
                if letter != "s":
                    self._add(f"ks1_{letter}_gds", year, parts, row[column] == "GDS", 1)

    def _tables_check(self) -> None:
        for year, row, parts in self._rows("mtc"):
            if row["mtc_outcome"] in ("left", "incorrect_registration"):
                continue
            score = number(row["mtc_score"])
            self._add("mtc_full", year, parts, score == 25, 1)
            self._add("mtc_avg", year, parts, score or 0, score is not None)

    def _key_stage_2(self) -> None:
        for year, row, parts in self._rows("ks2"):
            eligible, expected, higher = {}, {}, {}
            for subject, name in SUBJECTS.items():
                score, outcome = number(row[f"{subject}_score"]), row[f"{subject}_outcome"]
                eligible[subject] = outcome not in LEFT
                expected[subject] = outcome == "CA" or (score is not None and score >= 100)
                higher[subject] = score is not None and score >= 110
                if not eligible[subject]:
                    continue
                self._add(f"ks2_{name}_exp", year, parts, expected[subject], 1)
                self._add(f"ks2_{name}_high", year, parts, higher[subject], 1)
                self._add(f"ks2_{name}_avg", year, parts, score or 0, score is not None)
            writing, science = row["writ_ta"], row["sci_ta"]
            if writing not in LEFT:
                self._add("ks2_writing_exp", year, parts, writing in ("EXS", "GDS"), 1)
                self._add("ks2_writing_gds", year, parts, writing == "GDS", 1)
            if science not in LEFT:
                self._add("ks2_science_exp", year, parts, science in ("EXS", "GDS"), 1)
            if eligible["read"] and eligible["mat"] and writing not in LEFT:
                all_three = expected["read"] and expected["mat"] and writing in ("EXS", "GDS")
                self._add("ks2_rwm_exp", year, parts, all_three, 1)
                self._add("ks2_rwm_high", year, parts, higher["read"] and higher["mat"] and writing == "GDS", 1)
            for letter, column in (("r", "read_prog"), ("w", "writ_prog"), ("m", "mat_prog")):
                progress = number(row[column])
                if progress is not None:
                    self._add(f"ks2_{letter}_prog", year, parts, progress, 1)

    def _key_stage_4(self) -> None:
        flags = {"ks4_em_95": "l2basics_95", "ks4_em_94": "l2basics_94", "ks4_ebacc_entry": "ebacc_entered"}
        for year, row, parts in self._rows("ks4"):
            if row["end_ks4_flag"] == "0":
                continue
            attainment = number(row["att8"])
            self._add("ks4_att8", year, parts, attainment or 0, 1)
            self._add("ks4_ebacc_aps", year, parts, number(row["ebacc_aps"]) or 0, 1)
            for indicator, column in flags.items():
                self._add(indicator, year, parts, row[column] == "1", 1)
            mean = self.progress_8.get((year, row["ks2_prior"]))
            if mean is not None and attainment is not None and row["p8_included"] != "0":
                self._add("ks4_p8", year, parts, (attainment - mean) / 10, 1)

    # Censuses

    def _january(self, census: Census) -> None:
        """Count each pupil on roll once; primary is reception to year 6, secondary year 7 and up."""
        for upn, row in census.counting.items():
            provision = PROVISIONS.get(row["senprovision"])
            self._add("sen_ehcp_pct", census.year, {}, provision == "ehcp", 1)
            self._add("sen_support_pct", census.year, {}, provision == "support", 1)
            group = row["ncyearactual"]
            if group == "R" or group.isdigit():
                phase = "primary" if group == "R" or int(group) <= 6 else "secondary"
                self._add(f"fsm_{phase}", census.year, {}, upn in census.eligible, 1)
                is_other = row["language"] not in ("ENG", "ENB", "", "NOT", "REF")
                self._add(f"eal_{phase}", census.year, {}, is_other, 1)

    def _absence(self, year: int) -> None:
        """Count the stays of pupils aged 5 to 15 on 31 August before the year: sessions missed, and who missed many."""
        names = ("abs_overall", "abs_auth", "abs_unauth", "abs_persistent", "abs_severe")
        told = [self.census(year, "spring"), self.census(year, "summer"), self.census(year, "autumn")]
        if any(census is None for census in told):
            for name in names:
                self.figures[name, year, *TOTAL] = Figure(status="source_missing")
            return
        possible: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        missed: dict[str, dict[tuple[str, str], Decimal]] = {
            "auth": defaultdict(Decimal),
            "unauth": defaultdict(Decimal),
        }
        born: dict[str, dt.date] = {}
        sexes: dict[str, str] = {}
        for census in told:
            assert census is not None
            halves = ("termly", "summerhalfterm2") if census.term == "autumn" else ("termly",)
            for roll in ("on", "off"):
                for pupil in census.pupils(roll).values():
                    stay = pupil["upn"], census.schools[pupil["nativeid"]]
                    born[pupil["upn"]] = day(pupil["dob"]) or dt.date.max
                    sexes[pupil["upn"]] = pupil["sex"]
                    for half in halves:
                        possible[stay] += number(pupil.get(f"{half}sessionspossible", "")) or 0
                for half in halves:
                    for row, pupil in census.children(f"{half}sessiondetails{roll}roll", roll):
                        stay = pupil["upn"], census.schools[pupil["nativeid"]]
                        code = row["attendancereason"]
                        kind = "auth" if code in AUTHORISED else "unauth" if code in UNAUTHORISED else None
                        if kind:
                            missed[kind][stay] += number(row["sessions"]) or 0
        for stay, sessions in possible.items():
            if sessions == 0 or not 5 <= _age(born[stay[0]], dt.date(year - 1, 8, 31)) <= 15:
                continue
            parts = self.parts(stay[0], year)
            if parts["sex"] == "unknown":
                # On no roll of the year: the list of those who left still tells the sex.
                parts["sex"] = sexes[stay[0]] or "unknown"
            authorised, unauthorised = missed["auth"][stay], missed["unauth"][stay]
            absent = authorised + unauthorised
            self._add("abs_overall", year, parts, absent, int(sessions))
            self._add("abs_auth", year, parts, authorised, int(sessions))
            self._add("abs_unauth", year, parts, unauthorised, int(sessions))
            self._add("abs_persistent", year, parts, 10 * absent >= sessions, 1)
            self._add("abs_severe", year, parts, 2 * absent >= sessions, 1)

    def _exclusions(self, january: Census) -> None:
        """Count what began in the school year, once; the base is the sole and main enrolments of January."""
        year = january.year
        names = ("susp_rate", "susp_pupils", "pex_rate")
        told = [self.census(year, "summer"), self.census(year, "autumn"), self.census(year + 1, "spring")]
        if any(census is None for census in told):
            for name in names:
                self.figures[name, year, *TOTAL] = Figure(status="source_missing")
            return
        suspended: set[tuple[str, str, str]] = set()
        excluded: set[tuple[str, str, str]] = set()
        for census in self.censuses:
            for roll in ("on", "off"):
                for row, pupil in census.children(f"termlyexclusions{roll}roll", roll):
                    began = day(row["startdate"])
                    if began is None or school_year_of(began) != year:
                        continue
                    event = pupil["upn"], census.schools[pupil["nativeid"]], row["startdate"]
                    if row["category"] in ("SUSP", "FIXD"):
                        suspended.add(event)
                    elif row["category"] == "PERM":
                        excluded.add(event)
        base = {row["upn"] for row in january.tables["pupilonroll"] if row["enrolstatus"] in ("C", "M")}
        for upn in base:
            for name in names:
                self._add(name, year, self.parts(upn, year), 0, 1)
        for name, upns in (
            ("susp_rate", [event[0] for event in suspended]),
            ("susp_pupils", {event[0] for event in suspended}),
            ("pex_rate", [event[0] for event in excluded]),
        ):
            for upn in upns:
                self._add(name, year, self.parts(upn, year), 1, 0)


def _major_group(code: str) -> str:
    return "unknown" if code in NO_GROUP else MAJOR_GROUPS.get(code[0], "unknown")


def _met_phonics(row: Row) -> bool:
    """The mark decides; an outcome without a mark says it."""
    mark = number(row["phonics_mark"])
    return row["phonics_outcome"].upper() == "WA" if mark is None else mark >= PHONICS_THRESHOLD


def _birth(text: str) -> dict[str, str]:
    """Return month and term of birth, of a school year that begins in September."""
    born = day(text)
    if born is None:
        return {"month_of_birth": "unknown", "term_of_birth": "unknown"}
    term = "autumn" if born.month >= 9 else "spring" if born.month <= 4 else "summer"
    return {"month_of_birth": f"{born.month:02d}", "term_of_birth": term}


def _age(born: dt.date, on: dt.date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
