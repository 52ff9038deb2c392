"""Guarded mart: the figure of each comparator group beside each figure."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, row_rules
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.comparator_value"
CALCULATION = "Look at the comparator models; nothing is published until they are right."

ROW_RULES = (
    RowRule(
        check_id="comparator_is_finite",
        severity="critical",
        why="no comparator figure is infinite or not a number, as a division by zero would leave it",
        advice=CALCULATION,
        breaks="not (coalesce(isfinite(value), true) and coalesce(isfinite(change), true))",
    ),
    RowRule(
        check_id="members_used_within_total",
        severity="critical",
        why="no comparator figure is out of more members than its group has",
        advice=CALCULATION,
        breaks="members_used < 0 or members_used > members_total",
    ),
    RowRule(
        check_id="computed_from_members",
        severity="critical",
        why="a mean, median or pooled figure stands on at least one member",
        advice=CALCULATION,
        applies="statistic in ('mean', 'median', 'pooled')",
        breaks="value is not null and coalesce(members_used, 0) = 0",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the comparator figures of a publication must keep."""
    return row_rules(ROW_RULES, by_file=False)


SUITE = Suite(name="comparator_value", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations)
