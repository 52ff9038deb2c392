"""Arriving files: the tables of a school census. Personal data: counts only.

A census whose columns do not belong together (attendance above what was possible, periods that end before they start,
year groups that are not those of the dates of birth) gives wrong figures without a single unreadable cell. Each such
rule has a share above which the file is refused, and a warning for every row below it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from expectations import return_sizes
from expectations.rules import (
    ALLOWED_SHARE,
    HANDFUL,
    RowRule,
    blank,
    literal,
    number,
    refused_and_named,
    row_rules,
    rule,
)
from expectations.school_census import (
    TERM_NUMBER,
    WITH_YEAR,
    age_on,
    census_day,
    same_census,
    uln_is_wrong,
    upn_is_wrong,
)
from expectations.seeds import seed
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

CORRECT = "Export the census again and put it in the folder; until then the last good file stays in use."
IN_SCHOOL_SYSTEM = "Ask the school to correct it in its own system."

ATTENDANCE_CODES = ", ".join(literal(row["attendance_code"]) for row in seed("attendance_codes"))
BORN = census_day("dob")
YEAR_GROUP = "try_cast(trim(year_group) as integer)"
IS_OTHER_AGE = f"{YEAR_GROUP} <> {age_on(BORN, 'age_day')} - 4"
HAS_AGE = f"{YEAR_GROUP} between 1 and 14 and {BORN} is not null"
YEAR_GROUPS = (
    "('E1', 'E2', 'N1', 'N2', 'R', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14', 'M', 'X')"
)


def _refused_and_named(
    check_id: str, *, why: str, advice: str, breaks: str, applies: str = "true"
) -> tuple[RowRule, RowRule]:
    return refused_and_named(
        check_id, why=why, advice=advice, to_refused=CORRECT, to_named=IN_SCHOOL_SYSTEM, breaks=breaks, applies=applies
    )


PUPIL_RULES = (
    *_refused_and_named(
        "census_birth_dates",
        why="a date of birth can be read, so that ages and terms of birth are known",
        advice="Dates are like 2016-Oct-31.",
        breaks=f"{BORN} is null",
    ),
    *_refused_and_named(
        "census_year_group_of_age",
        why="a pupil is in the year group of their age on 31 August",
        advice="Either the columns do not belong together or pupils are taught outside their year.",
        applies=HAS_AGE,
        breaks=IS_OTHER_AGE,
    ),
    RowRule(
        check_id="census_upn",
        severity="warning",
        why="a pupil has a unique pupil number with the right check letter",
        advice=f"Without one the pupil is not found in results or in social care. {IN_SCHOOL_SYSTEM}",
        breaks=upn_is_wrong("upn"),
    ),
    RowRule(
        check_id="census_uln",
        severity="warning",
        why="a unique learner number that is given has the right last digit",
        advice=IN_SCHOOL_SYSTEM,
        applies=f"not {blank('uln')} and trim(uln) <> '9999999999'",
        breaks=uln_is_wrong("uln"),
    ),
    RowRule(
        check_id="census_year_group_codes",
        severity="warning",
        why="the year group is in the code list",
        advice=f"The pupil is in no year's figures. {IN_SCHOOL_SYSTEM}",
        breaks=f"coalesce(upper(trim(year_group)), '') not in {YEAR_GROUPS}",
    ),
    RowRule(
        check_id="census_sex_codes",
        severity="warning",
        why="sex is M or F",
        advice=f"Other codes are counted as unknown. {IN_SCHOOL_SYSTEM}",
        breaks="coalesce(upper(trim(sex)), '') not in ('M', 'F')",
    ),
    RowRule(
        check_id="census_sen_codes",
        severity="warning",
        why="the provision for special needs is N, K or E (A, P or S in older files)",
        advice=f"Other codes are counted as unknown. {IN_SCHOOL_SYSTEM}",
        breaks="coalesce(upper(trim(sen_provision)), '') not in ('N', 'K', 'E', 'A', 'P', 'S')",
    ),
    RowRule(
        check_id="census_enrolment_codes",
        severity="warning",
        why="the enrolment status is C, M, S, F or O",
        advice=f"Pupils are counted once by it: a blank one is taken for current and single. {IN_SCHOOL_SYSTEM}",
        breaks="coalesce(upper(trim(enrolment_status)), '') not in ('C', 'M', 'S', 'F', 'O')",
    ),
)

PERIOD_RULES = (
    *_refused_and_named(
        "census_fsm_start_dates",
        why="the start of a period of free school meals can be read",
        advice="Dates are like 2024-Oct-16.",
        breaks=f"{census_day('start_date')} is null",
    ),
    *_refused_and_named(
        "census_fsm_backwards",
        why="no period of free school meals ends before it starts",
        advice="Start and end may come from different rows.",
        applies=f"not {blank('end_date')}",
        breaks=f"{census_day('end_date')} < {census_day('start_date')}",
    ),
)

SESSION_RULES = (
    *_refused_and_named(
        "census_sessions_read",
        why="a number of sessions can be read",
        advice="The columns may have moved.",
        breaks=f"{number('sessions')} is null or {number('sessions')} < 0",
    ),
    RowRule(
        check_id="census_attendance_codes",
        severity="warning",
        why="every attendance code is in the code list",
        advice="Sessions under another code count as no absence: add a new code to the seed attendance_codes.",
        breaks=f"coalesce(upper(trim(attendance_code)), '') not in ({ATTENDANCE_CODES})",
    ),
)

EXCLUSION_RULES = (
    *_refused_and_named(
        "census_exclusion_categories",
        why="the category is PERM, SUSP (FIXD in older files) or LNCH",
        advice="The code list may have changed.",
        breaks="coalesce(upper(trim(category)), '') not in ('PERM', 'SUSP', 'FIXD', 'LNCH')",
    ),
    *_refused_and_named(
        "census_exclusion_dates",
        why="the date of a suspension or exclusion can be read: it says which year it belongs to",
        advice="Dates are like 2024-Oct-16.",
        breaks=f"{census_day('start_date')} is null",
    ),
)


def _named_apart(rules: Sequence[RowRule], end: str) -> list[RowRule]:
    """Return rules under names of their own, since a check is waived by its name alone."""
    return [replace(one, check_id=f"{one.check_id}_{end}") for one in rules]


def _pupils(context: SuiteContext) -> "list[Expectation]":
    del context
    needs = ("landing.source_file",)
    return [
        *row_rules(PUPIL_RULES, rows=WITH_YEAR, needs=needs),
        return_sizes.few_set_aside(
            "census_pupils_set_aside",
            table="raw_school_census.pupils_on_roll",
            lost="missing_pupil",
            why="nineteen in twenty rows have a pupil id",
            advice=f"The columns may have moved. {CORRECT}",
        ),
        rule(
            "census_two_main_schools",
            severity="warning",
            why="a pupil is current or main at one school only",
            advice=f"The pupil is counted once, at the school entered last. {IN_SCHOOL_SYSTEM}",
            query=f"""with held as (
                    select _file_id, upper(trim(upn)) as upn, count(*) as schools from {{batch}}
                    where not {blank("upn")} and coalesce(upper(trim(enrolment_status)), 'C') in ('', 'C', 'M')
                    group by all
                )
                select _file_id as file_id, count(*) as checked, count(*) filter (where schools > 1) as failed
                from held group by 1""",
        ),
        *_since_the_census_before(),
    ]


def _since_the_census_before() -> "list[Expectation]":
    """Return the rules on pupils of the census before: most are there again, most of them at the same school."""
    held = f"""with files as (
                select file_id, {TERM_NUMBER} as term_number, use = 'candidate' as is_new from landing.source_file
                where source_id = 'school_census' and table_name = 'pupils_on_roll'
                    and use in ('candidate', 'current', 'stale')
            ),
            pairs as (
                select t.file_id, o.file_id as earlier_id from files as t
                join files as o on o.term_number = t.term_number - 1
                where t.file_id in (select distinct _file_id from {{batch}})
                qualify o.is_new or not bool_or(o.is_new) over (partition by t.file_id)
            ),
            pupils as (
                select _file_id, upper(trim(upn)) as upn, min(trim(school_key)) as school_key,
                    upper(max(trim(year_group))) in ('11', '12', '13', '14') as may_leave
                from raw_school_census.pupils_on_roll where not {blank("upn")} group by 1, 2
            ),
            compared as (
                select p.file_id, n.upn is not null as is_there, n.school_key <> e.school_key as has_moved
                from pairs as p join pupils as e on e._file_id = p.earlier_id
                left join pupils as n on n._file_id = p.file_id and n.upn = e.upn
                where n.upn is not null or not e.may_leave
            )"""
    needs = ("landing.source_file",)
    return [
        rule(
            "census_pupils_again",
            severity="warning",
            why="nine in ten pupils of the census before are on a roll again (those who may leave school left out)",
            advice="A school may be missing, or numbers were changed: compare the schools with the census before.",
            query=f"""{held}
                select file_id, count(*) as checked, count(*) filter (where not is_there) as failed
                from compared group by 1""",
            allowed_share=0.1,
            needs=needs,
        ),
        rule(
            "census_pupils_moved",
            severity="warning",
            why="nine in ten pupils of the census before are at the same school",
            advice="In autumn many move to secondary school; in other terms the keys of schools may have changed.",
            query=f"""{held}
                select file_id, count(*) as checked, count(*) filter (where has_moved) as failed
                from compared where is_there group by 1""",
            allowed_share=0.1,
            needs=needs,
        ),
    ]


def _periods(context: SuiteContext) -> "list[Expectation]":
    del context
    return [*row_rules(PERIOD_RULES), *_of_the_same_census("fsm_periods", "pupils_on_roll")]


def _of_the_same_census(table: str, pupils: str) -> "list[Expectation]":
    """Return the rules that rows belong to pupils of the same census."""
    query = f"""with files as ({same_census(table, pupils)}),
            known as (
                select f.file_id, trim(p.pupil_id) as pupil_id, trim(p.school_key) as school_key
                from files as f join raw_school_census.{pupils} as p on p._file_id = f.other_id group by all
            ),
            held as (
                select distinct _file_id, trim(pupil_id) as pupil_id, trim(school_key) as school_key from {{batch}}
            )
            select h._file_id as file_id, count(*) as checked, count(*) - count(k.pupil_id) as failed
            from held as h
            left join known as k
                on k.file_id = h._file_id and k.pupil_id = h.pupil_id and k.school_key = h.school_key
            group by 1"""
    needs = ("landing.source_file", f"raw_school_census.{pupils}")
    return [
        rule(
            f"census_{table}_of_another_census",
            severity="critical",
            why="at least half of the pupils named are in the same census",
            advice=f"The tables come from different exports, or the table of pupils is missing. {CORRECT}",
            query=query,
            allowed_share=0.5,
            allowed_count=HANDFUL,
            needs=needs,
        ),
        rule(
            f"census_{table}_without_pupil",
            severity="warning",
            why="every row belongs to a pupil of the same census",
            advice=f"Rows of other pupils are not counted. {IN_SCHOOL_SYSTEM}",
            query=query,
            needs=needs,
        ),
    ]


def _sessions(table: str, pupils: str, possible: str) -> Callable[[SuiteContext], "list[Expectation]"]:
    def declare(context: SuiteContext) -> "list[Expectation]":
        del context
        query = f"""with files as ({same_census(table, pupils)}),
                coded as (
                    select _file_id, trim(pupil_id) as pupil_id, trim(school_key) as school_key,
                        sum({number("sessions")}) as sessions
                    from {{batch}} group by all
                )
                select c._file_id as file_id, count(*) as checked,
                    count(*) filter (where c.sessions > {number(f"p.{possible}")}) as failed
                from coded as c
                join files as f on f.file_id = c._file_id
                join raw_school_census.{pupils} as p on p._file_id = f.other_id
                    and trim(p.pupil_id) = c.pupil_id and trim(p.school_key) = c.school_key
                where {number(f"p.{possible}")} is not null
                group by 1"""
        needs = ("landing.source_file", f"raw_school_census.{pupils}")
        return [
            *row_rules(_named_apart(SESSION_RULES, table)),
            *_of_the_same_census(table, pupils),
            rule(
                f"census_{table}_possible",
                severity="critical",
                why="for nineteen pupils in twenty the sessions by reason are no more than those possible",
                advice=f"Attendance and pupils may come from different exports. {CORRECT}",
                query=query,
                allowed_share=ALLOWED_SHARE,
                allowed_count=HANDFUL,
                needs=needs,
            ),
            rule(
                f"census_{table}_possible_rows",
                severity="warning",
                why="a pupil's sessions by reason are no more than those possible",
                advice=f"The pupil's absence is counted as it is. {IN_SCHOOL_SYSTEM}",
                query=query,
                needs=needs,
            ),
        ]

    return declare


def _exclusions(table: str, pupils: str) -> Callable[[SuiteContext], "list[Expectation]"]:
    def declare(context: SuiteContext) -> "list[Expectation]":
        del context
        return [*row_rules(_named_apart(EXCLUSION_RULES, table)), *_of_the_same_census(table, pupils)]

    return declare


def _suite(table: str, declare: Callable[[SuiteContext], "list[Expectation]"]) -> Suite:
    return Suite(
        name=f"raw_school_census_{table}",
        table=f"raw_school_census.{table}",
        scope="source",
        owner=DATA_MANAGER,
        declare=declare,
        personal=True,
    )


def suites() -> tuple[Suite, ...]:
    """Return the suites of the tables of a census."""
    return (
        _suite("pupils_on_roll", _pupils),
        _suite("fsm_periods", _periods),
        *(
            _suite(
                f"{kind}_sessions_{roll}_roll",
                _sessions(f"{kind}_sessions_{roll}_roll", f"pupils_{roll}_roll", f"{kind}_sessions_possible"),
            )
            for kind in ("term", "summer")
            for roll in ("on", "off")
        ),
        *(
            _suite(f"exclusions_{roll}_roll", _exclusions(f"exclusions_{roll}_roll", f"pupils_{roll}_roll"))
            for roll in ("on", "off")
        ),
    )
