"""Arriving file: placement moves and stability of children looked after, by authority (DfE, yearly)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.la_cla_placement_stability"
# The words of the rows that figures are read from, the sizes of their groups among them.
READ = (
    ("CLA on 31 March", "Total children"),
    ("CLA on 31 March", "With 3 or more placements during the year"),
    ("Children looked after continuously for at least 2.5 years on 31 March aged under 16 years", "Total children"),
    (
        "Children looked after continuously for at least 2.5 years on 31 March aged under 16 years",
        "Living with the same carer for at least 2 years",
    ),
)

ROW_RULES = (
    tidy_files.time_rule("ees_stability"),
    tidy_files.counts_rule("ees_stability_counts", ("children_count",), of="children"),
    tidy_files.percentages_rule("ees_stability_percentages", ("children_percent",), of="children"),
    tidy_files.share_rule(
        "ees_stability_share_follows", [("children_percent", "children_count", "group_count")], decimals=0
    ),
)
WITH_GROUP = """select *, max(case when trim(placement_stability) = 'Total children' then children_count end) over (
        partition by _file_id, time_period, geographic_level, region_code, old_la_code, cla_group
    ) as group_count from {batch}"""


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    found = " + ".join(
        "cast(count(*) filter ("
        f"where trim(cla_group) = '{group}' and trim(placement_stability) = '{answer}') = 0 as integer)"
        for group, answer in READ
    )
    return [
        *row_rules(ROW_RULES, rows=WITH_GROUP),
        *tidy_files.whole_file_rules(
            "ees_stability",
            table=TABLE,
            filters=("cla_group", "placement_stability"),
            values=("children_count", "children_percent"),
            added="children_count",
        ),
        rule(
            "ees_stability_groups",
            severity="critical",
            why="the file tells placement moves and stability apart and gives the size of each group",
            advice=f"The wording of cla_group or placement_stability may have changed: declare the new words. "
            f"{tidy_files.NEWEST_AGAIN}",
            query=f"select _file_id as file_id, {len(READ)} as checked, {found} as failed from {{batch}} group by 1",
        ),
    ]


SUITE = Suite(
    name="raw_ees_la_cla_placement_stability", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations
)
