"""Arriving file of referrals and re-referrals: what its declaration does not say."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, number, row_rules
from expectations.tidy_files import NEWEST_AGAIN

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

ROW_RULES = (
    RowRule(
        check_id="c1_referrals_children",
        severity="critical",
        why="no more children were referred than there were referrals",
        advice=f"The columns may have moved. {NEWEST_AGAIN}",
        breaks=f"{number('referral_child_count')} > {number('referral_count')}",
    ),
)


def expectations() -> "list[Expectation]":
    """Return the rules of this data set alone."""
    return row_rules(ROW_RULES)
