"""Guarded mart: published headline figures of every authority beside its comparators."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, row_rules, rule
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.indicator_comparison"
CALCULATION = "Look at the comparison models; nothing is published until they are right."
NUMBERS = (
    "value",
    "change",
    "change_since_last_comparable",
    "region_value",
    "region_change",
    "england_value",
    "england_change",
    "sn_average",
    "sn_change",
    "core_city_average_all",
    "core_city_average_others",
    "q0",
    "q25",
    "q50",
    "q75",
    "q100",
    "local_value",
)
FINITE = " and ".join(f"coalesce(isfinite(cast({column} as double)), true)" for column in NUMBERS)

ROW_RULES = (
    RowRule(
        check_id="comparison_is_finite",
        severity="critical",
        why="no comparison is infinite or not a number, as a division by zero would leave it",
        advice=CALCULATION,
        breaks=f"not ({FINITE})",
    ),
    RowRule(
        check_id="rank_within_ranked_set",
        severity="critical",
        why="a rank lies between 1 and the number of ranked authorities, in both ways of ranking",
        advice=CALCULATION,
        applies="rank is not null or rank_live is not null",
        breaks="""(rank is not null and coalesce(rank not between 1 and rank_of, true))
            or (rank_live is not null and coalesce(rank_live not between 1 and rank_live_of, true))
            or rank_live_of > rank_of""",
    ),
    RowRule(
        check_id="ranked_has_value",
        severity="critical",
        why="only an authority with a value is ranked or banded",
        advice=CALCULATION,
        applies="value is null",
        breaks="rank is not null or rank_live is not null or quartile in ('A', 'B', 'C', 'D')",
    ),
    RowRule(
        check_id="members_behind_means",
        severity="critical",
        why="a neighbour mean is out of at most ten, a core city mean out of at most eight, and neither out of none",
        advice="A member is counted twice or the list is not the declared one. " + CALCULATION,
        breaks="""coalesce(sn_count, 0) not between 0 and 10
            or coalesce(core_city_count_all, 0) not between 0 and 8
            or coalesce(core_city_count_others, 0) not between 0 and 8
            or (sn_average is not null) <> (coalesce(sn_count, 0) > 0)
            or (core_city_average_all is not null) <> (coalesce(core_city_count_all, 0) > 0)
            or (core_city_average_others is not null) <> (coalesce(core_city_count_others, 0) > 0)""",
    ),
    RowRule(
        check_id="quantiles_in_order",
        severity="critical",
        why="the five quantiles rise and hold the value between them",
        advice=CALCULATION,
        applies="q0 is not null",
        breaks="""q0 > q25 or q25 > q50 or q50 > q75 or q75 > q100
            or value < q0 - 1e-9 * greatest(1, abs(q0)) or value > q100 + 1e-9 * greatest(1, abs(q100))""",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the comparisons of a publication must keep."""
    return [
        *row_rules(ROW_RULES, by_file=False),
        rule(
            "own_authority_compared",
            severity="critical",
            why="the council's own rows are there whenever any authority's are",
            advice="Check `authority` in council.yml and the area table.",
            query=f"""select count(*) as checked,
                cast(count(*) > 0 and count(*) filter (where dfe_number = {context.authority}) = 0 as integer) as failed
                from {{batch}}""",
        ),
        rule(
            "region_and_england_beside_own_figure",
            severity="warning",
            why="the council's newest figures have region and England beside them, save one in twenty",
            advice="The publisher may not give them for these indicators; they are printed without comparison.",
            query=f"""select count(*) as checked,
                    count(*) filter (where region_value is null or england_value is null) as failed,
                    'Without: ' || string_agg(indicator_id, ', ' order by indicator_id)
                        filter (where region_value is null or england_value is null) as note
                from {{batch}} where dfe_number = {context.authority} and is_latest and value is not null""",
            allowed_share=0.05,
        ),
        rule(
            "neighbours_behind_newest_means",
            severity="warning",
            why="at least two thirds of the neighbours stand behind the council's newest neighbour means",
            advice="Where fewer have a figure, pages print how many instead of a mean.",
            query=f"""select count(*) as checked, count(*) filter (where 3 * coalesce(sn_count, 0) < 20) as failed,
                    'Too few: ' || string_agg(indicator_id, ', ' order by indicator_id)
                        filter (where 3 * coalesce(sn_count, 0) < 20) as note
                from {{batch}} where dfe_number = {context.authority} and is_latest and value is not null""",
            allowed_share=0.05,
        ),
    ]


SUITE = Suite(
    name="indicator_comparison", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations
)
