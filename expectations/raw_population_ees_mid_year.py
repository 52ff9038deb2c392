"""Arriving file: mid-year population aged 0 to 17, in the tidy layout of Explore Education Statistics."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import RowRule, number, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_population.ees_mid_year"
POPULATION = number("population_estimate")

ROW_RULES = (
    RowRule(
        check_id="population_ees_mid_year",
        severity="critical",
        why="a period is one year of four digits, whose middle the estimate is of",
        advice=f"An estimate of another kind of year stands under no rate. {tidy_files.NEWEST_AGAIN}",
        breaks="not coalesce(regexp_full_match(trim(time_period), '[0-9]{{4}}'), false)",
        empty_fails=True,
    ),
    RowRule(
        check_id="population_ees_counts",
        severity="critical",
        why="an authority's children aged 0 to 17 are a whole number from 50 to 600,000",
        advice=f"Every local rate divides by this figure. {tidy_files.NEWEST_AGAIN}",
        applies=f"{POPULATION} is not null and {tidy_files.LEVEL} = 'local authority'",
        breaks=f"{POPULATION} not between 50 and 600000 or {POPULATION} <> round({POPULATION}, 0)",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one vintage of the file must keep."""
    return [
        *row_rules(ROW_RULES),
        rule(
            "population_ees_ages",
            severity="critical",
            why="the file holds the population aged 0 to 17",
            advice=f"Another age band would move every rate. {tidy_files.NEWEST_AGAIN}",
            query="""select _file_id as file_id, count(distinct age_group) as checked,
                cast(count(*) filter (where regexp_matches(lower(age_group), '(^|[^0-9])0 to 17([^0-9]|$)')) = 0
                    as integer) as failed
                from {batch} group by 1""",
            empty_fails=True,
        ),
        rule(
            "population_ees_adds_up",
            severity="critical",
            why="authorities add up to England, or a little less where the oldest years leave a few out",
            advice=f"Authorities are missing or counted twice. {tidy_files.NEWEST_AGAIN}",
            query=f"""with totals as (
                    select _file_id, time_period, age_group,
                        max({POPULATION}) filter (where {tidy_files.LEVEL} = 'national') as england,
                        sum({POPULATION}) filter (where {tidy_files.LEVEL} = 'local authority') as authorities,
                        count(distinct old_la_code) >= 150 as is_complete
                    from {{batch}} group by all
                )
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where england is null or authorities is null
                        or authorities / nullif(england, 0) > 1.001
                        or (is_complete and authorities / nullif(england, 0) < 0.97)) as failed,
                    max(authorities / nullif(england, 0)) as observed, 1 as expected, 0.03 as tolerance
                from totals group by 1""",
            empty_fails=True,
        ),
        rule(
            "population_ees_yearly_change",
            severity="warning",
            why="an authority's children change by less than a tenth from one year to the next",
            advice="Authorities that merged, and the two smallest, may change more; look at any other before using it.",
            query=f"""with figures as (
                    select _file_id, old_la_code, age_group, {POPULATION} as population,
                        lag({POPULATION}) over (
                            partition by _file_id, old_la_code, age_group order by time_period) as before
                    from {{batch}} where {tidy_files.LEVEL} = 'local authority'
                )
                select _file_id as file_id, count(before) as checked,
                    count(*) filter (where abs(population / nullif(before, 0) - 1) > 0.1
                        and greatest(population, before) >= 1000) as failed,
                    count(*) filter (where abs(population / nullif(before, 0) - 1) > 0.1
                        and greatest(population, before) >= 1000) <= 2 as passed,
                    2 as tolerance
                from figures group by 1""",
        ),
        rule(
            "population_ees_authority",
            severity="critical",
            why="the council's own population is in the file for its newest year",
            advice=f"Local rates would have no denominator. {tidy_files.NEWEST_AGAIN}",
            query=f"""with newest as (select _file_id, max(time_period) as time_period from {{batch}} group by 1)
                select n._file_id as file_id, 1 as checked,
                    cast(count(*) filter (where try_cast(trim(b.old_la_code) as integer) = {context.authority}
                        and {POPULATION} > 0) = 0 as integer) as failed
                from newest as n
                join {{batch}} as b on b._file_id = n._file_id and b.time_period = n.time_period
                group by 1""",
        ),
    ]


SUITE = Suite(name="raw_population_ees_mid_year", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
