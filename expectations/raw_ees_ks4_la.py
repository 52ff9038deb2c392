"""Arriving file: key stage 4 results of children known to social care, by authority (DfE, twice a year)."""

from typing import TYPE_CHECKING

from expectations import tidy_files
from expectations.rules import RowRule, number, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ees.ks4_la"
PERCENTAGES = ("pt_l2basics_95", "pt_l2basics_94", "pt_ebacc_e_ptq_ee")
COUNTS = ("t_pupils", "t_l2basics_95", "t_l2basics_94", "t_ebacc_e_ptq_ee", "t_inp8calc")
PUPILS, MEAN, TOTAL = number("t_pupils"), number("avg_att8"), number("t_att8")

ROW_RULES = (
    tidy_files.time_rule("ees_ks4"),
    RowRule(
        check_id="ees_ks4_percentages",
        severity="critical",
        why="percentages of pupils lie between 0 and 100",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        breaks=" or ".join(f"{number(column)} not between 0 and 100" for column in PERCENTAGES),
    ),
    RowRule(
        check_id="ees_ks4_counts",
        severity="critical",
        why="pupils are counted in whole numbers, never below zero",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        breaks=" or ".join(f"{number(c)} < 0 or {number(c)} <> round({number(c)}, 0)" for c in COUNTS),
    ),
    RowRule(
        check_id="ees_ks4_scores",
        severity="critical",
        why="Attainment 8 lies between 0 and 90 and Progress 8 between -6 and 6",
        advice=f"The columns may have moved. {tidy_files.NEWEST_AGAIN}",
        breaks=f"{MEAN} not between 0 and 90 or {number('avg_p8score')} not between -6 and 6",
    ),
    RowRule(
        check_id="ees_ks4_mean_follows",
        severity="warning",
        why="mean Attainment 8 is the total score / pupils within the rounding of both",
        advice="Use the published mean and tell the publisher which rows disagree.",
        applies=f"{MEAN} is not null and {TOTAL} is not null and {PUPILS} > 5",
        # Means have one decimal; pupils above authority level are rounded to 10, so they may be 5 out.
        breaks=f"""abs({MEAN} - {TOTAL} / {PUPILS}) > 0.05 + 1e-9
            + case when {tidy_files.LEVEL} = 'local authority' then 0 else {MEAN} * 5 / ({PUPILS} - 5) end""",
        allowed_share=0.01,
    ),
    RowRule(
        check_id="ees_ks4_release_status",
        severity="critical",
        why="a row is Provisional, Revised or Final",
        advice="A status that is not known cannot be printed with the figure: declare the new word first.",
        breaks="coalesce(trim(version), '') not in ('Provisional', 'Revised', 'Final')",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    return [
        *row_rules(ROW_RULES),
        *tidy_files.whole_file_rules(
            "ees_ks4",
            table=TABLE,
            filters=("social_care_group",),
            values=("avg_att8", "pt_l2basics_94"),
            added=None,
        ),
        rule(
            "ees_ks4_groups",
            severity="critical",
            why="the file tells children looked after from those on plans and in need",
            advice=f"The wording of social_care_group may have changed: declare it. {tidy_files.NEWEST_AGAIN}",
            query="""select _file_id as file_id, 3 as checked,
                3 - count(distinct split_part(upper(trim(social_care_group)), ' ', 1))
                    filter (where split_part(upper(trim(social_care_group)), ' ', 1) in ('CLA', 'CPPO', 'CINO'))
                    as failed
                from {batch} group by 1""",
        ),
    ]


SUITE = Suite(name="raw_ees_ks4_la", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
