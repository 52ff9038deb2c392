"""Arriving files of Explore Education Statistics: the rules that follow from the declaration of each tidy data set.

Adapted from the checks that the DfE's statisticians run on their own files before publication, and numbered as in
docs/methodology/tidy-files.md. What needs no look at the rows (encoding, columns, metadata, periods, levels) is checked
when a file is landed. A rule of one data set alone stands in a module of its own.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dagster_project.project import STAGING_DIR
from dagster_project.sources.catalogue import RawTable, Tidy, load_catalogue
from expectations import raw_ees_b1_children_in_need, raw_ees_c1_referrals, raw_ees_neet_la_scorecard
from expectations.rules import row_rules
from expectations.suite import DATA_MANAGER, Suite, SuiteContext
from expectations.tidy_files import whole_file_rules
from expectations.tidy_options import filter_rules
from expectations.tidy_periods import period_rules
from expectations.tidy_places import area_rules
from expectations.tidy_revisions import revision_rules
from expectations.tidy_rows import row_checks
from expectations.tidy_sql import everybody

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

#: Rules of one data set that no declaration says.
OWN_RULES: dict[str, Callable[[], "list[Expectation]"]] = {
    "b1_children_in_need": raw_ees_b1_children_in_need.expectations,
    "c1_children_in_need_referrals_and_rereferrals": raw_ees_c1_referrals.expectations,
    "neet_la_scorecard": raw_ees_neet_la_scorecard.expectations,
}


def suites() -> tuple[Suite, ...]:
    """Return one suite for each declared tidy data set."""
    return tuple(
        Suite(
            name=f"raw_ees_{table.name}",
            table=f"{table.schema}.{table.name}",
            scope="source",
            owner=DATA_MANAGER,
            declare=partial(_expectations, table, table.tidy),
        )
        for table in load_catalogue(STAGING_DIR)
        if table.source == "ees" and table.tidy is not None
    )


def _expectations(table: RawTable, tidy: Tidy, context: SuiteContext) -> "list[Expectation]":
    filters = [entry.column for entry in tidy.filters]
    added = next((indicator.column for indicator in tidy.indicators if indicator.adds_up), None)
    rows, rules = row_checks(table, tidy)
    return [
        *row_rules(rules, rows=rows),
        *whole_file_rules(
            table.name,
            table=f"{table.schema}.{table.name}",
            filters=filters,
            values=list(dict.fromkeys(figure.column for figure in tidy.figures)),
            added=added,
            everybody=everybody(tidy),
        ),
        *area_rules(table, tidy),
        *filter_rules(table, tidy),
        *period_rules(table, tidy),
        *revision_rules(table, tidy),
        *(OWN_RULES[table.name]() if table.name in OWN_RULES else []),
    ]
