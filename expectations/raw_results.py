"""Arriving files: results of pupils, one suite per assessment. Personal data: counts only.

A code that no list knows is counted as not met and a mark that cannot be read as none, so columns that have moved would
give low figures without a single message. Each such rule has a share above which the file is refused, and a warning for
every row below it. Codes of suppliers are looked at as what they stand for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations import return_sizes
from expectations.collected_years import years_not_collected
from expectations.raw_school_census import YEAR_GROUPS
from expectations.rules import RowRule, blank, number, refused_and_named, row_rules, rule
from expectations.school_census import census_day, uln_is_wrong, upn_is_wrong
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

CORRECT = "Export the results again and put the file in the folder; until then the last good file stays in use."
IN_SOURCE = "Correct it in the system that the extract comes from."
#: An extract with less than this share of the rows of another of the same year is worth a look.
FEWER = 0.9

NEEDS = ("landing.source_file", "settings.supplier_code")
COMMON = ("sex", "nc_year", "fsm_flag", "fsm6_flag", "disadvantaged_flag", "sen_provision", "eal_flag", "ethnicity")
FLAGS = ("fsm_flag", "fsm6_flag", "disadvantaged_flag", "eal_flag")
FLAG_WORDS = ("0", "1", "N", "Y", "NO", "YES", "F", "T", "FALSE", "TRUE")
TEACHER_CODES = (
    "GDS",
    "EXS",
    "WTS",
    "PK1",
    "PK2",
    "PK3",
    "PK4",
    "PK5",
    "PK6",
    "BLW",
    "BELOW",
    "EM",
    "HNM",
    "A",
    "D",
    "L",
)
TEST_OUTCOMES = ("AS", "NS", "CA", "A", "B", "J", "L", "M", "Q")
GOALS = (
    *("com_e01", "com_e02", "pse_e03", "pse_e04", "pse_e05", "phy_e06", "phy_e07", "lit_e08", "lit_e09", "lit_e10"),
    *("mat_e11", "mat_e12", "utw_e13", "utw_e14", "utw_e15", "exp_e16", "exp_e17"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Domain:
    """What columns of results may hold; `breaks` is true for a row in which one of them holds something else."""

    name: str
    columns: tuple[str, ...]
    why: str
    breaks: str


def _code(column: str) -> str:
    """Return SQL for a code as it is staged: upper case, whole numbers without `.0`, empty for a blank cell."""
    return f"coalesce(regexp_replace(upper(trim({column})), '[.]0$', ''), '')"


def _listed(codes: Iterable[object]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def _codes(name: str, columns: Sequence[str], codes: Sequence[str], *, why: str, may_be_blank: bool = False) -> _Domain:
    allowed = _listed([*codes, ""] if may_be_blank else codes)
    breaks = " or ".join(f"{_code(column)} not in ({allowed})" for column in columns)
    return _Domain(name=name, columns=tuple(columns), why=why, breaks=breaks)


def _numbers(
    name: str,
    columns: Sequence[str],
    bounds: tuple[int, int] | None,
    *,
    why: str,
    is_whole: bool = False,
    may_be_blank: bool = True,
) -> _Domain:
    def is_good(column: str) -> str:
        good = f"{number(column)} between {bounds[0]} and {bounds[1]}" if bounds else f"isfinite({number(column)})"
        good += f" and {number(column)} = floor({number(column)})" if is_whole else ""
        good = f"coalesce({good}, false)"
        return f"({blank(column)} or {good})" if may_be_blank else good

    breaks = " or ".join(f"not {is_good(column)}" for column in columns)
    return _Domain(name=name, columns=tuple(columns), why=why, breaks=breaks)


#: Levels of the profile: 3, exceeding, was there to 2018/19.
_LEVELS = "('1', '2', 'A', case when year_end <= 2019 then '3' else '2' end)"
DOMAINS: dict[str, tuple[_Domain, ...]] = {
    "eyfsp": (
        _Domain(
            name="goals",
            columns=GOALS,
            why="each of the 17 goals is 1, 2 or A, and to 2018/19 also 3",
            breaks=" or ".join(f"{_code(goal)} not in {_LEVELS}" for goal in GOALS),
        ),
    ),
    "phonics": (
        _numbers("mark", ["phonics_mark"], (0, 40), is_whole=True, why="a mark is a whole number from 0 to 40"),
        _codes(
            "outcome", ["phonics_outcome"], ["WA", "WT", "A", "D", "L", "Q"], why="the outcome is Wa, Wt, A, D, L or Q"
        ),
        _codes("year_group", ["phonics_year_group"], ["1", "2"], why="the year group of the check is 1 or 2"),
        _codes(
            "window",
            ["check_window"],
            ["JUNE", "AUTUMN2020"],
            why="the check was in june or autumn2020",
            may_be_blank=True,
        ),
    ),
    "ks1": (
        _codes(
            "assessments",
            ["read_ta", "writ_ta", "mat_ta", "sci_ta"],
            TEACHER_CODES,
            why="teacher assessment is GDS, EXS, WTS, PK1 to PK6, BLW, EM, HNM, A, D or L",
        ),
    ),
    "mtc": (
        _numbers("score", ["mtc_score"], (0, 25), is_whole=True, why="a score is a whole number from 0 to 25"),
        _codes(
            "outcome",
            ["mtc_outcome"],
            ["TOOK", "ABSENT", "BELOW", "UNABLE", "JUST_ARRIVED", "LEFT", "INCORRECT_REGISTRATION"],
            why="the outcome is took, absent, below, unable, just_arrived, left or incorrect_registration",
        ),
    ),
    "ks2": (
        _numbers(
            "scores",
            ["read_score", "mat_score", "gps_score"],
            (80, 120),
            is_whole=True,
            why="scaled scores are whole numbers from 80 to 120",
        ),
        _codes(
            "outcomes",
            ["read_outcome", "mat_outcome", "gps_outcome"],
            TEST_OUTCOMES,
            why="the outcome of a test is AS, NS, CA, A, B, J, L, M or Q",
        ),
        _codes(
            "assessments",
            ["writ_ta", "sci_ta"],
            TEACHER_CODES,
            why="teacher assessment is GDS, EXS, WTS, below, PK1 to PK6, BLW, EM, HNM, A, D or L",
        ),
        _numbers("progress", ["read_prog", "writ_prog", "mat_prog"], None, why="progress is a number"),
    ),
    "ks4": (
        _numbers("attainment_8", ["att8"], (0, 90), may_be_blank=False, why="Attainment 8 is a number from 0 to 90"),
        _numbers(
            "slots",
            ["att8_eng", "att8_mat", "att8_ebac", "att8_open"],
            (0, 27),
            why="points of a part are from 0 to 27",
        ),
        _codes(
            "flags",
            ["l2basics_94", "l2basics_95", "ebacc_entered"],
            FLAG_WORDS,
            why="the flags of English and maths and of the EBacc are 0 or 1",
        ),
        _codes("other_flags", ["end_ks4_flag", "p8_included"], FLAG_WORDS, why="a flag is 0 or 1", may_be_blank=True),
        _numbers("ebacc_points", ["ebacc_aps"], (0, 9), why="EBacc points are from 0 to 9"),
        _numbers("progress_8", ["p8_score"], None, why="a Progress 8 score is a number"),
    ),
}
#: A row whose columns contradict each other: the figure goes by the mark or score, whatever the outcome says.
CONTRADICTIONS = {
    "phonics": (
        "a pupil with the outcome Wa or Wt has a mark",
        f"{_code('phonics_outcome')} in ('WA', 'WT') and {blank('phonics_mark')}",
    ),
    "mtc": (
        "a pupil has a score who took the check, and no other",
        f"({_code('mtc_outcome')} = 'TOOK') = ({blank('mtc_score')})",
    ),
    "ks2": (
        "a pupil has met the standard of a test (AS) from a score of 100 on, and not below it (NS)",
        " or ".join(
            f"({_code(f'{test}_outcome')} = 'AS' and not coalesce({number(f'{test}_score')} >= 100, false))"
            f" or ({_code(f'{test}_outcome')} = 'NS' and not coalesce({number(f'{test}_score')} < 100, false))"
            for test in ("read", "mat", "gps")
        ),
    ),
}
#: An indicator of each assessment, by whose family the years without results are known.
INDICATORS = {
    "eyfsp": "eyfsp_gld",
    "phonics": "phonics_y1",
    "ks1": "ks1_r_exs",
    "mtc": "mtc_full",
    "ks2": "ks2_reading_exp",
    "ks4": "ks4_att8",
}


def _refused_and_named(
    check_id: str, *, why: str, advice: str, breaks: str, applies: str = "true"
) -> tuple[RowRule, RowRule]:
    return refused_and_named(
        check_id, why=why, advice=advice, to_refused=CORRECT, to_named=IN_SOURCE, breaks=breaks, applies=applies
    )


def _warned(check_id: str, *, why: str, advice: str, breaks: str, applies: str = "true") -> RowRule:
    return RowRule(check_id=check_id, severity="warning", why=why, advice=advice, breaks=breaks, applies=applies)


def _characteristics(assessment: str, authority: int) -> list[RowRule]:
    """Return the rules on what a row says of the pupil and the school; what it leaves out comes from the census."""
    census = f"The census of the year is asked instead. {IN_SOURCE}"
    name = f"results_{assessment}"
    return [
        _warned(
            f"{name}_upn",
            why="a pupil has a unique pupil number with the right check letter",
            advice=f"Without one the row counts, but is not linked to the census or to social care. {IN_SOURCE}",
            breaks=upn_is_wrong("upn"),
        ),
        _warned(
            f"{name}_uln",
            why="a unique learner number that is given has the right last digit",
            advice=IN_SOURCE,
            applies=f"not {blank('uln')} and trim(uln) <> '9999999999'",
            breaks=uln_is_wrong("uln"),
        ),
        _warned(
            f"{name}_other_authority",
            why="a row that names an authority names that of the council",
            advice="It is counted all the same: take pupils of other authorities out of the extract.",
            applies=f"not {blank('la_code')}",
            breaks=f"{number('la_code')} is distinct from {authority}",
        ),
        *_refused_and_named(
            f"{name}_birth_dates",
            why="a date of birth that is given can be read",
            advice="Dates are like 31/10/2016, 2016-10-31 or 2016-Oct-31.",
            applies=f"not {blank('dob')}",
            breaks=f"{census_day('dob')} is null",
        ),
        _warned(
            f"{name}_sex_codes",
            why="sex, where given, is M or F",
            advice=census,
            applies=f"not {blank('sex')}",
            breaks=f"{_code('sex')} not in ('M', 'F')",
        ),
        _warned(
            f"{name}_year_group_codes",
            why="a year group that is given is in the code list",
            advice=IN_SOURCE,
            applies=f"not {blank('nc_year')}",
            breaks=f"{_code('nc_year')} not in {YEAR_GROUPS}",
        ),
        _warned(
            f"{name}_sen_codes",
            why="the provision for special needs, where given, is N, K or E (A, P or S in older files)",
            advice=census,
            applies=f"not {blank('sen_provision')}",
            breaks=f"{_code('sen_provision')} not in ('N', 'K', 'E', 'A', 'P', 'S')",
        ),
        _warned(
            f"{name}_ethnicity_codes",
            why="ethnicity, where given, is a code of four letters as in the school census",
            advice=census,
            applies=f"not {blank('ethnicity')}",
            breaks=f"not regexp_full_match({_code('ethnicity')}, '[A-Z]{{{{4}}}}')",
        ),
        _warned(
            f"{name}_pupil_flags",
            why="flags on free school meals, disadvantage and language, where given, are 0 or 1",
            advice=census,
            breaks=" or ".join(f"{_code(flag)} not in ({_listed([*FLAG_WORDS, ''])})" for flag in FLAGS),
        ),
    ]


def _release(assessment: str) -> list[RowRule]:
    """Return the rules on the year, the status and the day of extraction, by which files are chosen."""
    rules = [
        *_refused_and_named(
            f"results_{assessment}_statuses",
            why="a status that is given is provisional, revised or final",
            advice="It decides which file of a year is used; another word counts as provisional.",
            applies=f"not {blank('status')}",
            breaks="lower(trim(status)) not in ('provisional', 'revised', 'final')",
        ),
        _warned(
            f"results_{assessment}_extract_dates",
            why="a day of extraction that is given can be read",
            advice=f"Of two files of one status the newest one is used. {IN_SOURCE}",
            applies=f"not {blank('extract_date')}",
            breaks=f"{census_day('extract_date')} is null",
        ),
    ]
    years = years_not_collected(INDICATORS[assessment])
    if years:
        # Pupils then in year 2 took the check of the year before in autumn 2020, though nothing was published.
        in_autumn = f" and {_code('check_window')} <> 'AUTUMN2020'" if assessment == "phonics" else ""
        rules += _refused_and_named(
            f"results_{assessment}_not_collected",
            why="a row is of a school year in which results were collected",
            advice="The seed comparability says which were not: the year may be wrong, or the results of another kind.",
            applies=f"year_end is not null{in_autumn}",
            breaks=f"year_end in ({', '.join(str(year) for year in years)})",
        )
    return rules


def _rows(assessment: str) -> str:
    """Return the query for the arriving rows with what codes of suppliers stand for; `year_end` ends the year."""
    domains = [column for domain in DOMAINS[assessment] for column in domain.columns]
    coded = [*COMMON, "status", *domains]
    meant = ",\n".join(f"coalesce(code_{column}.meant, b.{column}) as {column}" for column in coded)
    joins = "\n".join(
        f"""left join settings.supplier_code as code_{column} on code_{column}.table_name = '{assessment}'
            and code_{column}.layout = f.layout and code_{column}.column_name = '{column}'
            and code_{column}.given = upper(trim(b.{column}))"""
        for column in coded
    )
    return f"""select b.* replace ({meant}), try_cast(left(trim(b.academic_year), 4) as integer) + 1 as year_end
        from {{batch}} as b
        left join landing.source_file as f on f.file_id = b._file_id and f.table_name = '{assessment}'
        {joins}"""


def _expectations(assessment: str, context: SuiteContext) -> "list[Expectation]":
    name = f"results_{assessment}"
    rules = [*_characteristics(assessment, context.authority), *_release(assessment)]
    for domain in DOMAINS[assessment]:
        advice = "The columns may have moved, or the supplier writes codes of its own (council/suppliers/)."
        rules += _refused_and_named(f"{name}_{domain.name}", why=domain.why, advice=advice, breaks=domain.breaks)
    if assessment in CONTRADICTIONS:
        why, breaks = CONTRADICTIONS[assessment]
        advice = f"The figure goes by the mark or score. {IN_SOURCE}"
        rules.append(_warned(f"{name}_contradictions", why=why, advice=advice, breaks=breaks))
    return [
        *row_rules(rules, rows=_rows(assessment), needs=NEEDS),
        return_sizes.few_set_aside(
            f"{name}_set_aside",
            table=f"raw_results.{assessment}",
            lost="unreadable_year",
            why="nineteen in twenty rows have a school year that can be read",
            advice=f"School years are like 202425, 2024/25 or 2024-25. {CORRECT}",
        ),
        rule(
            f"{name}_pupil_twice",
            severity="warning",
            why="a pupil has one row in a file, school year and status",
            advice=f"Each of the rows counts: take out the one that is not meant. {IN_SOURCE}",
            query=f"""with pupils as (
                    select _file_id, upper(trim(upn)), left(trim(academic_year), 4), lower(trim(status)),
                        count(*) as rows
                    from {{batch}} where not {blank("upn")} group by all
                )
                select _file_id as file_id, count(*) as checked, count(*) filter (where rows > 1) as failed
                from pupils group by 1""",
        ),
        rule(
            f"{name}_fewer_pupils",
            severity="warning",
            why="an extract has at least nine tenths as many rows as another one in use of the same school year",
            advice="The newer one is used alone: if it holds some schools only, ask for a complete one.",
            query=f"""with held as (
                    select r._file_id, left(trim(r.academic_year), 4) as school_year, count(*) as pupils
                    from raw_results.{assessment} as r
                    join landing.source_file as f on f.file_id = r._file_id
                    where f.use in ('candidate', 'current', 'stale') group by 1, 2
                ),
                compared as (
                    select n._file_id, n.school_year, n.pupils, max(o.pupils) as others
                    from held as n join held as o on o.school_year = n.school_year and o._file_id <> n._file_id
                    where n._file_id in (select distinct _file_id from {{batch}}) group by 1, 2, 3
                )
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where pupils < {FEWER} * others) as failed
                from compared group by 1""",
            needs=("landing.source_file",),
        ),
    ]


def _suite(assessment: str) -> Suite:
    return Suite(
        name=f"raw_results_{assessment}",
        table=f"raw_results.{assessment}",
        scope="source",
        owner=DATA_MANAGER,
        declare=lambda context: _expectations(assessment, context),
        personal=True,
    )


def suites() -> tuple[Suite, ...]:
    """Return one suite per assessment."""
    return tuple(_suite(assessment) for assessment in DOMAINS)
