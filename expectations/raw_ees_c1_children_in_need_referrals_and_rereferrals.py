"""Arriving file: referrals and re-referrals by authority (DfE, yearly)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import RowRule, number, row_rules
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.c1_children_in_need_referrals_and_rereferrals"
COUNTS = (
    "referral_count",
    "rereferral_count",
    "no_further_action_count",
    "not_in_need_count",
    "referral_child_count",
    "rereferral_child_count",
)
SHARES = (
    ("rereferral_percent", "rereferral_count", "referral_count"),
    ("no_further_action_percent", "no_further_action_count", "referral_count"),
    ("not_in_need_percent", "not_in_need_count", "referral_count"),
    ("rereferral_child_percent", "rereferral_child_count", "referral_child_count"),
)

ROW_RULES = (
    tidy_files.time_rule("ees_referrals"),
    tidy_files.counts_rule("ees_referrals_counts", COUNTS, of="referrals and children"),
    tidy_files.percentages_rule("ees_referrals_percentages", [share[0] for share in SHARES], of="referrals"),
    tidy_files.share_rule("ees_referrals_share_follows", SHARES, decimals=1),
    RowRule(
        check_id="ees_referrals_children",
        severity="critical",
        why="no more children were referred than there were referrals",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        breaks=f"{number('referral_child_count')} > {number('referral_count')}",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    return [
        *row_rules(ROW_RULES),
        *tidy_files.whole_file_rules(
            "ees_referrals",
            table=TABLE,
            filters=("category",),
            values=("referral_count", "rereferral_percent"),
            added="referral_count",
        ),
        tidy_files.one_option_rule("ees_referrals_category", column="category"),
    ]


SUITE = Suite(
    name="raw_ees_c1_children_in_need_referrals_and_rereferrals",
    table=TABLE,
    scope="source",
    owner=DATA_MANAGER,
    declare=expectations,
)
