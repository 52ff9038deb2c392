"""Guarded mart: the indicators and what they mean."""

from typing import TYPE_CHECKING

from expectations.rules import rule
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.dim_indicator"


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the indicator list of a publication must keep."""
    return [
        # A warning, not a refusal: a source that is absent takes its indicators with it, and an absent source must
        # never stop the others.
        rule(
            "indicators_kept",
            severity="warning",
            why="there are at least as many indicators as in the last publication",
            advice="Run `cfp sources` to see which source is gone or no longer holds them.",
            query="""with counted as (select count(*) as indicators from {batch}),
                before as (select max(indicator_count) as indicators from quality.previous_publication)
                select c.indicators as checked, greatest(coalesce(b.indicators, 0) - c.indicators, 0) as failed,
                    c.indicators as observed, b.indicators as expected, c.indicators - b.indicators as difference
                from counted as c cross join before as b""",
            needs=("quality.previous_publication",),
        ),
    ]


SUITE = Suite(name="dim_indicator", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations)
