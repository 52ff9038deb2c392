"""Arriving file: children looked after, starting and ceasing, by authority (DfE, yearly)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import RowRule, number, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.cla_number_and_rate_per_10k_children"
COUNT, RATE, POPULATION = number("children_count"), number("rate_per_10000"), number("population_estimate")

ROW_RULES = (
    tidy_files.time_rule("ees_cla"),
    RowRule(
        check_id="ees_cla_counts",
        severity="critical",
        why="children are counted in whole numbers, never below zero",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        applies=f"{COUNT} is not null",
        breaks=f"{COUNT} < 0 or {COUNT} <> round({COUNT}, 0)",
    ),
    RowRule(
        check_id="ees_cla_rates",
        severity="critical",
        why="a rate per 10,000 lies between 0 and 1,000",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        applies=f"{RATE} is not null",
        breaks=f"{RATE} not between 0 and 1000",
    ),
    RowRule(
        check_id="ees_cla_rate_follows",
        severity="warning",
        why="the rate is 10,000 x children / population within the rounding of both",
        advice="The publisher may have re-estimated the population; use the published rate and note the difference.",
        applies=f"{RATE} is not null and {COUNT} is not null and {POPULATION} > 0",
        # Rates are printed whole; counts above authority level are rounded to 10, so they may be 5 out.
        breaks=f"""abs({RATE} - 10000 * {COUNT} / {POPULATION})
            > 0.5 + 1e-9 + case when {tidy_files.LEVEL} = 'local authority' then 0 else 50000 / {POPULATION} end""",
        allowed_share=0.01,
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    return [
        *row_rules(ROW_RULES),
        *tidy_files.whole_file_rules(
            "ees_cla", table=TABLE, filters=("population_type",), values=("children_count",), added="children_count"
        ),
        rule(
            "ees_cla_population_types",
            severity="critical",
            why="the file tells children looked after at 31 March from those starting and ceasing",
            advice=f"The wording of population_type may have changed: declare the new words. {tidy_files.NEWEST_AGAIN}",
            query="""select _file_id as file_id, 3 as checked,
                cast(count(*) filter (where population_type ilike '%looked after on 31 march%') = 0 as integer)
                + cast(count(*) filter (where population_type ilike '%starting to be looked after%') = 0 as integer)
                + cast(count(*) filter (where population_type ilike '%ceasing to be looked after%') = 0 as integer)
                    as failed
                from {batch} group by 1""",
        ),
    ]


SUITE = Suite(
    name="raw_ees_cla_number_and_rate_per_10k_children",
    table=TABLE,
    scope="source",
    owner=DATA_MANAGER,
    declare=expectations,
)
