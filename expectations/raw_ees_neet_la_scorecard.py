"""Arriving scorecard of young people aged 16 and 17: what its declaration does not say."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, number, row_rules
from expectations.tidy_files import NEWEST_AGAIN

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

NEET, NOT_KNOWN, BOTH = number("neet_percent"), number("notknown_percent"), number("neet_not_known_percent")

ROW_RULES = (
    RowRule(
        check_id="neet_la_scorecard_cohorts",
        severity="critical",
        why="a cohort of young people is not negative",
        advice=f"The columns may have moved. {NEWEST_AGAIN}",
        breaks=f"{number('cohort_djfavg')} < 0",
    ),
    RowRule(
        check_id="neet_la_scorecard_both_follows",
        severity="critical",
        why="not in education, employment or training and not known add up to both within rounding",
        advice=f"The columns may have moved. {NEWEST_AGAIN}",
        # Three figures of one decimal are each half a tenth out at most.
        breaks=f"abs({NEET} + {NOT_KNOWN} - {BOTH}) > 0.15 + 1e-9",
        allowed_share=0.01,
    ),
)


def expectations() -> "list[Expectation]":
    """Return the rules of this data set alone."""
    return row_rules(ROW_RULES)
