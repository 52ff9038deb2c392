"""Guarded mart: the places figures are about."""

from typing import TYPE_CHECKING

from expectations.rules import about, rule
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.dim_area"
REGIONS = [f"E1200000{number}" for number in range(1, 10)]


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the area table of a publication must keep."""
    import great_expectations.expectations as gxe
    from great_expectations.expectations.metadata_types import FailureSeverity

    code = f" and area_code = '{context.area_code}'" if context.area_code else ""
    return [
        gxe.ExpectColumnDistinctValuesToContainSet(
            column="area_code",
            value_set=["E92000001", *REGIONS],
            severity=FailureSeverity.CRITICAL,
            meta=about(
                "england_and_regions_known",
                why="England and its nine regions are in the area table",
                advice="Restore the area seed.",
            ),
        ),
        rule(
            "own_authority_known",
            severity="critical",
            why="the council that publishes is in the area table under its number and code in force, with its region",
            advice="Check `authority` in council.yml against the area seed.",
            query=f"""select 1 as checked, cast(count(*) <> 1 as integer) as failed
                from {{batch}} where dfe_number = {context.authority} and area_type = 'authority'
                    and not coalesce(is_former, false) and region_area_code is not null{code}""",
        ),
    ]


SUITE = Suite(name="dim_area", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations)
