"""Arriving file of children in need: what its declaration does not say."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, number, row_rules
from expectations.tidy_files import NEWEST_AGAIN

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

ROW_RULES = (
    RowRule(
        check_id="b1_children_in_need_open_within_year",
        severity="critical",
        why="episodes open on 31 March are among those open at any point in the year",
        advice=f"The columns may have moved. {NEWEST_AGAIN}",
        breaks=f"{number('at31_episodes')} > {number('anypoint_episodes')}",
    ),
)


def expectations() -> "list[Expectation]":
    """Return the rules of this data set alone."""
    return row_rules(ROW_RULES)
