"""Guarded: the column names of everything in schema marts, which is published whole."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, row_rules
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "information_schema.columns"
# Whole words of a name, so that children_count and period_of_birth_rate do not match.
ONE_CHILD = (
    "child|pupil|person|child_id|upn|uln|urn_child|dob|birth_date|date_of_birth|mc_dob|nhs|forename|surname|"
    "first_name|last_name|postcode|home_post|pl_post|home_postcode|placement_postcode|decom|mother|worker"
)

ROW_RULES = (
    RowRule(
        check_id="no_child_level_columns",
        severity="critical",
        why="no published table has a column that names, dates or locates one child",
        advice="Keep the column in the restricted schemas; publish a count instead.",
        applies="table_schema = 'marts' and table_catalog = current_database()",
        breaks=f"regexp_matches(lower(column_name), '(^|_)({ONE_CHILD})(_id|_key|_hash)?(_|$)')",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the columns of a publication must keep."""
    return row_rules(ROW_RULES, by_file=False)


SUITE = Suite(name="published_columns", table=TABLE, scope="publication", owner=DATA_MANAGER, declare=expectations)
