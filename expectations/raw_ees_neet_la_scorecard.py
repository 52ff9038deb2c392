"""Arriving file: scorecard of young people aged 16 and 17, by authority (DfE, yearly)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import RowRule, number, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.neet_la_scorecard"
PERCENTAGES = (
    "neet_percent",
    "notknown_percent",
    "neet_not_known_percent",
    "total_participating_in_education_and_training_percent",
    "september_guarantee_offer_made_percent",
)
NEET, NOT_KNOWN, BOTH = number("neet_percent"), number("notknown_percent"), number("neet_not_known_percent")

ROW_RULES = (
    tidy_files.time_rule("ees_neet"),
    tidy_files.percentages_rule("ees_neet_percentages", PERCENTAGES, of="young people"),
    RowRule(
        check_id="ees_neet_cohorts",
        severity="critical",
        why="a cohort of young people is not negative",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        breaks=f"{number('cohort_djfavg')} < 0 or {number('cohort_march')} < 0",
    ),
    RowRule(
        check_id="ees_neet_both_follows",
        severity="critical",
        why="not in education, employment or training and not known add up to both within rounding",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        # Three figures of one decimal are each half a tenth out at most.
        breaks=f"abs({NEET} + {NOT_KNOWN} - {BOTH}) > 0.15 + 1e-9",
        allowed_share=0.01,
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    return [
        *row_rules(ROW_RULES),
        *tidy_files.whole_file_rules(
            "ees_neet", table=TABLE, filters=("age",), values=PERCENTAGES, added="cohort_march"
        ),
        tidy_files.one_option_rule("ees_neet_age", column="age"),
        rule(
            "ees_neet_one_year",
            severity="critical",
            why="a scorecard is of one calendar year, from which the year of its September Guarantee is read",
            advice=f"The layout may have changed. {tidy_files.NEWEST_AGAIN}",
            query="""select _file_id as file_id, 1 as checked,
                cast(count(distinct trim(time_period)) <> 1
                    or count(*) filter (where lower(trim(time_identifier)) <> 'calendar year') > 0 as integer) as failed
                from {batch} group by 1""",
        ),
    ]


SUITE = Suite(name="raw_ees_neet_la_scorecard", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
