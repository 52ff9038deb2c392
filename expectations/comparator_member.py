"""Guarded mart: who is in whose comparator group."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, row_rules, rule
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.comparator_member"
LISTS = "Compare the list with the published workbook and the comparator seeds; a wrong list moves every mean."

ROW_RULES = (
    RowRule(
        check_id="no_own_neighbour",
        severity="critical",
        why="no authority is its own statistical neighbour, nor one of the others that it is compared with",
        advice=LISTS,
        applies="group_id in ('statistical_neighbours', 'core_cities_others', 'council_supplied')",
        breaks="area_code = member_area_code",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the groups of a publication must keep."""
    return [
        *row_rules(ROW_RULES, by_file=False),
        rule(
            "ten_neighbours_or_none",
            severity="critical",
            why="an authority has ten statistical neighbours in each list, or none",
            advice=LISTS,
            query="""select count(*) as checked, count(*) filter (where members <> 10) as failed
                from (select group_version, area_code, count(distinct member_area_code) as members
                      from {batch} where group_id = 'statistical_neighbours' group by all)""",
        ),
        rule(
            "eight_core_cities",
            severity="critical",
            why="the core cities are eight, and the others are those without the subject",
            advice=LISTS,
            query="""with cities as (
                    select group_version, member_area_code from {batch} where group_id = 'core_cities_all' group by all
                ),
                groups as (
                    select group_id, group_version, area_code, count(distinct member_area_code) as members
                    from {batch} where group_id in ('core_cities_all', 'core_cities_others') group by all
                )
                select count(*) as checked,
                    count(*) filter (where members <> case
                        when group_id = 'core_cities_others' and exists (
                            select 1 from cities as c where c.group_version = groups.group_version
                                and c.member_area_code = groups.area_code) then 7
                        else 8 end) as failed
                from groups""",
        ),
    ]


SUITE = Suite(name="comparator_member", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations)
