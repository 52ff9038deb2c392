"""Arriving file: care leavers by suitability of accommodation, by authority (DfE, yearly)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import RowRule, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.la_care_leavers_accommodation_suitability"
AGES = ("17 to 18 years", "19 to 21 years")
READ = ("Accommodation considered suitable", "Suitability total")

ROW_RULES = (
    tidy_files.time_rule("ees_care_leavers"),
    tidy_files.counts_rule("ees_care_leavers_counts", ("care_leaver_count",), of="care leavers"),
    tidy_files.percentages_rule("ees_care_leavers_percentages", ("care_leaver_percent",), of="care leavers"),
    tidy_files.share_rule(
        "ees_care_leavers_share_follows", [("care_leaver_percent", "care_leaver_count", "age_count")], decimals=0
    ),
    RowRule(
        check_id="ees_care_leavers_ages",
        severity="critical",
        why="care leavers are aged 17 to 18 or 19 to 21 years",
        advice="An age that is not declared gives a breakdown without a name: declare the new words.",
        breaks=f"coalesce(trim(care_leaver_age), '') not in {AGES}",
    ),
)
WITH_AGE = """select *, max(case when trim(breakdown) = 'Suitability total' then care_leaver_count end) over (
        partition by _file_id, time_period, geographic_level, region_code, old_la_code, care_leaver_age
    ) as age_count from {batch}"""


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    found = " + ".join(
        f"cast(count(*) filter (where trim(care_leaver_age) = '{age}' and trim(breakdown) = '{answer}') = 0 as int)"
        for age in AGES
        for answer in READ
    )
    return [
        *row_rules(ROW_RULES, rows=WITH_AGE),
        *tidy_files.whole_file_rules(
            "ees_care_leavers",
            table=TABLE,
            filters=("care_leaver_age", "breakdown"),
            values=("care_leaver_count", "care_leaver_percent"),
            added="care_leaver_count",
        ),
        rule(
            "ees_care_leavers_answers",
            severity="critical",
            why="the file gives suitable accommodation and the total of both ages",
            advice=f"The wording of breakdown may have changed: declare the new words. {tidy_files.NEWEST_AGAIN}",
            query=f"select _file_id as file_id, 4 as checked, {found} as failed from {{batch}} group by 1",
        ),
    ]


SUITE = Suite(
    name="raw_ees_la_care_leavers_accommodation_suitability",
    table=TABLE,
    scope="source",
    owner=DATA_MANAGER,
    declare=expectations,
)
