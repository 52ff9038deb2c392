"""Arriving file: the list of authorities, regions and England with their DfE numbers."""

from typing import TYPE_CHECKING

from expectations.rules import rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_lait.authority"
NUMBER = "try_cast(try_cast(trim(la_number) as double) as integer)"


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one list must keep."""
    return [
        rule(
            "authority_list_own",
            severity="critical",
            why="the list holds each number once, and the council's own among them",
            advice="Fetch the list again; the last good one stays in use.",
            query=f"""select _file_id as file_id, count(*) as checked,
                    count({NUMBER}) - count(distinct {NUMBER})
                    + cast(count(*) filter (where {NUMBER} = {context.authority}) = 0 as integer) as failed
                from {{batch}} group by 1""",
            empty_fails=True,
        ),
    ]


SUITE = Suite(name="raw_lait_authority", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
