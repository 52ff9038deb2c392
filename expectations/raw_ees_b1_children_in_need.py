"""Arriving file: episodes of need by authority (DfE, yearly)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import RowRule, number, row_rules
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.b1_children_in_need"
COUNTS = (
    "anypoint_episodes",
    "anypoint_child",
    "started_episodes",
    "started_child",
    "ended_episodes",
    "ended_child",
    "at31_episodes",
)
OPEN, EVER = number("at31_episodes"), number("anypoint_episodes")

ROW_RULES = (
    tidy_files.time_rule("ees_cin"),
    tidy_files.counts_rule("ees_cin_counts", COUNTS, of="episodes and children"),
    RowRule(
        check_id="ees_cin_open_within_year",
        severity="critical",
        why="episodes open on 31 March are among those open at any point in the year",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        breaks=f"{OPEN} > {EVER}",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    return [
        *row_rules(ROW_RULES),
        *tidy_files.whole_file_rules(
            "ees_cin", table=TABLE, filters=("category",), values=("at31_episodes",), added="at31_episodes"
        ),
        tidy_files.one_option_rule("ees_cin_category", column="category"),
    ]


SUITE = Suite(name="raw_ees_b1_children_in_need", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
