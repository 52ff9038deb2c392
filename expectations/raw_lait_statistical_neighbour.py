"""Arriving file: a list of statistical neighbours, ten per authority with their closeness."""

from typing import TYPE_CHECKING

from expectations.rules import rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_lait.statistical_neighbour"
AGAIN = "A wrong list moves every neighbour mean: compare it with the published workbook; the last good list is used."
# Numbers in a workbook arrive as text such as `301` or `301.0`; `-` means that the authority has no neighbours.
LISTS = f"""with subjects as (
        select _file_id, try_cast(try_cast(trim(la_num) as double) as integer) as subject,
            [{", ".join(f"try_cast(try_cast(trim(sn{n}) as double) as integer)" for n in range(1, 11))}] as listed
        from {{batch}}
    ),
    counted as (
        select _file_id, subject, list_filter(listed, lambda one: one is not null) as members from subjects
    )"""


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one list must keep."""
    return [
        rule(
            "neighbour_list_own",
            severity="critical",
            why="the list has the council itself once, with ten neighbours",
            advice=AGAIN,
            query=f"""{LISTS}
                select _file_id as file_id, count(*) as checked,
                    cast(count(*) filter (where subject = {context.authority} and len(members) = 10) <> 1 as integer)
                        as failed
                from counted group by 1""",
            empty_fails=True,
        ),
        rule(
            "neighbour_list_authorities",
            severity="warning",
            why="the list has 145 to 160 authorities",
            advice="Authorities that are missing have no neighbour mean.",
            query=f"""{LISTS}
                select _file_id as file_id, count(distinct subject) as checked,
                    cast(count(distinct subject) not between 145 and 160 as integer) as failed,
                    count(distinct subject) as observed
                from counted group by 1""",
        ),
        rule(
            "neighbour_list_ten",
            severity="critical",
            why="an authority has ten different neighbours or none, and is not its own neighbour",
            advice=AGAIN,
            query=f"""{LISTS}
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where len(members) not in (0, 10) or len(list_distinct(members)) <> len(members)
                        or list_contains(members, subject)) as failed
                from counted group by 1""",
        ),
        rule(
            "neighbour_list_known",
            severity="critical",
            why="every neighbour is itself an authority of the list",
            advice=AGAIN,
            query=f"""{LISTS},
                named as (select _file_id, unnest(members) as member from counted)
                select n._file_id as file_id, count(*) as checked,
                    count(*) filter (where not exists (
                        select 1 from counted as c where c._file_id = n._file_id and c.subject = n.member)) as failed
                from named as n group by 1""",
        ),
    ]


SUITE = Suite(
    name="raw_lait_statistical_neighbour", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations
)
