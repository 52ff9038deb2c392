"""Guarded mart: the interactive tool beside the data sets that it is made from."""

from typing import TYPE_CHECKING

from expectations.rules import rule
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.published_agreement"


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the tool and the data sets must agree on."""
    del context
    return [
        rule(
            "tool_and_data_set_agree",
            severity="warning",
            why="a figure is the same in the interactive tool and in its data set, to half a tenth",
            advice="One was revised and the other not yet: the tool's figure is shown until it holds the new one. "
            "Look at marts.published_agreement.",
            query="""select count(*) as checked,
                    count(*) filter (where outcome in ('differs', 'only_in_tool')) as failed,
                    'Indicators: ' || array_to_string(list_sort(list_distinct(list(indicator_id)
                        filter (where outcome in ('differs', 'only_in_tool')))), ', ') as note
                from {batch}""",
        )
    ]


SUITE = Suite(
    name="published_agreement", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations
)
