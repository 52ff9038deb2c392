"""Guarded mart: children looked after at both ends of a year and those who came and went between."""

from typing import TYPE_CHECKING

from expectations.rules import rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.looked_after_flow"
# Children who come and go twice in a year, and records corrected between two returns, explain this much.
ALLOWED_SHARE, ALLOWED_COUNT = 0.05, 3


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the flow of a year must keep."""
    del context
    tolerance = f"greatest({ALLOWED_COUNT}, {ALLOWED_SHARE} * children_at_start)"
    return [
        rule(
            "cla_stock_follows_from_flow",
            severity="warning",
            why="children looked after at the end of a year are those at its start, and came, less those who left",
            advice="Compare the returns of the two years: episodes were re-dated, lost or sent twice.",
            query=f"""select return_key as subject, 1 as checked,
                    cast(abs(unexplained) > {tolerance} as integer) as failed,
                    children_at_end as observed, children_at_start + started - ceased as expected,
                    {tolerance} as tolerance, unexplained as difference,
                    'Return ' || return_key || ': ' || children_at_start || ' at the start, ' || started || ' started, '
                        || ceased || ' ceased, ' || children_at_end || ' at the end' as note
                from {{batch}} where period_kind = 'year' order by return_key""",
        )
    ]


SUITE = Suite(name="looked_after_flow", table=TABLE, scope="publication", owner=DATA_MANAGER, declare=expectations)
