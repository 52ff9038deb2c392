"""Arriving file: the data dictionary of the Local Authority Interactive Tool, one row per measure and topic."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, blank, row_rules
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_lait.data_dictionary"
NEW_WORD = "Declare the new word first: read as unknown it would silently change what is printed."

ROW_RULES = (
    RowRule(
        check_id="lait_dictionary_key",
        severity="critical",
        why="every row names its measure and the indicator it describes",
        advice="The columns may have moved; fetch the dictionary again.",
        breaks=f"{blank('measure_short')} or {blank('measure')}",
        empty_fails=True,
    ),
    RowRule(
        check_id="lait_dictionary_polarity",
        severity="critical",
        why="polarity is High, Low or none, and decides ranks, bands and colours",
        advice=NEW_WORD,
        breaks="not (coalesce(lower(trim(polarity)), '') in ('high', 'low', '-', 'na', ''))",
    ),
    RowRule(
        check_id="lait_dictionary_year_type",
        severity="critical",
        why="the year type is one of the six that say when a period ends",
        advice=NEW_WORD,
        breaks="""not (coalesce(lower(trim(year_type)), '') in ('academic year', 'financial year', 'calendar year',
            'annual', 'annual (end of sept)', 'annual - january'))""",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the dictionary must keep."""
    return row_rules(ROW_RULES)


SUITE = Suite(name="raw_lait_data_dictionary", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
