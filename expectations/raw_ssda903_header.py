"""Arriving file: the children of a looked-after return (SSDA903), one row per child. Personal data: counts only."""

from typing import TYPE_CHECKING

from expectations import return_sizes
from expectations.rules import ALLOWED_SHARE, HANDFUL, RowRule, day, row_rules
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ssda903.header"
CORRECT = "Correct the return and put it in the folder again; until then the last good return stays in use."

ROW_RULES = (
    RowRule(
        check_id="ssda903_header_birth_dates",
        severity="critical",
        why="nineteen in twenty dates of birth can be read, so that ages and age bands are known",
        advice=f"Dates are dd/mm/yyyy. {CORRECT}",
        breaks=f"{day('dob')} is null",
        allowed_share=ALLOWED_SHARE,
        allowed_count=HANDFUL,
    ),
    RowRule(
        check_id="ssda903_header_birth_date_unread",
        severity="warning",
        why="every date of birth can be read",
        advice="The children concerned are counted without an age: correct them in the case system.",
        breaks=f"{day('dob')} is null",
    ),
    RowRule(
        check_id="ssda903_header_sex_codes",
        severity="warning",
        why="sex is 1 or 2 (to 2024), or M, F or U (from 2025)",
        advice="Other codes are counted as unknown: correct them in the case system.",
        breaks="coalesce(upper(trim(sex)), '') not in ('1', '2', 'M', 'F', 'U')",
    ),
    RowRule(
        check_id="ssda903_header_ethnic_codes",
        severity="warning",
        why="at most one ethnic code in a hundred is blank or outside the code list",
        advice="Other codes are counted as unknown: correct them in the case system.",
        breaks="""coalesce(upper(trim(ethnic)), '') not in ('WBRI', 'WIRI', 'WIRT', 'WROM', 'WOTH', 'MWBC', 'MWBA',
            'MWAS', 'MOTH', 'AIND', 'APKN', 'ABAN', 'AOTH', 'CHNE', 'BCRB', 'BAFR', 'BOTH', 'OOTH', 'REFU', 'NOBT')""",
        allowed_share=0.01,
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one return's header must keep."""
    return [
        *row_rules(ROW_RULES),
        return_sizes.few_set_aside(
            "ssda903_header_set_aside",
            table=TABLE,
            lost="missing_child_id",
            why="nineteen in twenty rows name their child",
            advice=f"The columns may have moved. {CORRECT}",
        ),
        return_sizes.size_against_year_before(
            "ssda903_header_size", table=TABLE, what="children", allowed=context.year_on_year
        ),
    ]


SUITE = Suite(
    name="raw_ssda903_header",
    table=TABLE,
    scope="source",
    owner=DATA_MANAGER,
    declare=expectations,
    personal=True,
)
