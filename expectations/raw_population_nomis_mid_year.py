"""Arriving file: mid-year population by single year of age, in the long layout of Nomis."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, number, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_population.nomis_mid_year"
AGAIN = "Download the query again, in parts if it exceeds 25,000 rows; the last good file stays in use."
# Age codes 101 to 191 are ages 0 to 90 and over; bands and all ages stand in the same file under other codes.
AGE = "case when try_cast(c_age as integer) between 101 and 118 then try_cast(c_age as integer) - 101 end"
COUNTED = "lower(trim(measures_name)) = 'value' and lower(trim(gender_name)) in ('total', 'persons', 'all persons')"
VALUE = number("obs_value")

ROW_RULES = (
    RowRule(
        check_id="population_nomis_counts",
        severity="critical",
        why="people of one age are counted in whole numbers, never below zero",
        advice=AGAIN,
        applies=f"{COUNTED} and {AGE} is not null",
        breaks=f"{VALUE} is null or {VALUE} < 0 or {VALUE} <> round({VALUE}, 0)",
        empty_fails=True,
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one download must keep."""
    return [
        *row_rules(ROW_RULES),
        rule(
            "population_nomis_ages",
            severity="critical",
            why="every area and year has each single age from 0 to 17 once",
            advice=f"An age that is missing or doubled moves every rate. {AGAIN}",
            query=f"""with areas as (
                    select _file_id, date, geography_code,
                        count(*) filter (where {AGE} is not null) as ages,
                        count(distinct {AGE}) as distinct_ages
                    from {{batch}} where {COUNTED} group by all
                )
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where ages <> 18 or distinct_ages <> 18) as failed
                from areas group by 1""",
            empty_fails=True,
        ),
        rule(
            "population_nomis_complete",
            severity="critical",
            why="the download holds as many rows as Nomis says the query has",
            advice=f"A free download stops at 25,000 rows without a word. {AGAIN}",
            query=f"""with counted as (
                    select b._file_id, max({number("b.record_count")}) as expected, max(f.rows_landed) as landed
                    from {{batch}} as b join landing.source_file as f on f.file_id = b._file_id
                    group by 1
                )
                select _file_id as file_id, landed as checked,
                    greatest(cast(coalesce(expected, 0) as bigint) - landed, 0) as failed,
                    landed as observed, expected
                from counted""",
            needs=("landing.source_file",),
        ),
        rule(
            "population_nomis_yearly_change",
            severity="warning",
            why="an area's children change by less than a tenth from one year to the next",
            advice="Look at the area's boundary and at the ages in the file before using it.",
            query=f"""with totals as (
                    select _file_id, geography_code, date, sum({VALUE}) filter (where {AGE} is not null) as population
                    from {{batch}} where {COUNTED} group by all
                ),
                figures as (
                    select _file_id, population,
                        lag(population) over (partition by _file_id, geography_code order by date) as before
                    from totals
                )
                select _file_id as file_id, count(before) as checked,
                    count(*) filter (where abs(population / nullif(before, 0) - 1) > 0.1) as failed,
                    count(*) filter (where abs(population / nullif(before, 0) - 1) > 0.1) <= 2 as passed,
                    2 as tolerance
                from figures group by 1""",
        ),
    ]


SUITE = Suite(
    name="raw_population_nomis_mid_year", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations
)
