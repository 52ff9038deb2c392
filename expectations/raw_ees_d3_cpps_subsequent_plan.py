"""Arriving file: child protection plans that are a second or later one, by authority (DfE, yearly)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import row_rules
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.d3_cpps_subsequent_plan"

ROW_RULES = (
    tidy_files.time_rule("ees_plans"),
    tidy_files.counts_rule("ees_plans_counts", ("cpp_start", "cpp_subsequent"), of="plans"),
    tidy_files.percentages_rule("ees_plans_percentages", ("cpp_subsequent_percent",), of="plans"),
    tidy_files.share_rule(
        "ees_plans_share_follows", [("cpp_subsequent_percent", "cpp_subsequent", "cpp_start")], decimals=1
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    return [
        *row_rules(ROW_RULES),
        *tidy_files.whole_file_rules(
            "ees_plans",
            table=TABLE,
            filters=("category",),
            values=("cpp_start", "cpp_subsequent_percent"),
            added="cpp_start",
        ),
        tidy_files.one_option_rule("ees_plans_category", column="category"),
    ]


SUITE = Suite(
    name="raw_ees_d3_cpps_subsequent_plan", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations
)
