"""Arriving file: the episodes of care of a looked-after return (SSDA903). Personal data: counts only."""

from typing import TYPE_CHECKING

from expectations import return_sizes
from expectations.rules import ALLOWED_SHARE, HANDFUL, RowRule, blank, day, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_ssda903.episodes"
CORRECT = "Correct the return and put it in the folder again; until then the last good return stays in use."
IN_CASE_SYSTEM = "Correct the episodes in the case system before the next return."
START, END = day("decom"), day('"dec"')
LEGAL_STATUSES = "('C1', 'C2', 'D1', 'E1', 'V2', 'V3', 'V4', 'L1', 'L2', 'L3', 'J1', 'J2', 'J3')"

# A year-end return covers the year to 31 March; a cut within the year covers what was known on its date.
ROWS = f"""select b.*, coalesce(f.as_at, make_date(f.collection_year, 3, 31)) as last_day
    from {{batch}} as b
    left join (
        select file_id, max(as_at) as as_at, max({return_sizes.COLLECTION_YEAR}) as collection_year
        from landing.source_file where source_id = 'ssda903' group by 1
    ) as f on f.file_id = b._file_id"""

ROW_RULES = (
    RowRule(
        check_id="ssda903_episode_end_dates",
        severity="critical",
        why="nineteen in twenty end dates can be read: without one a child would stay looked after",
        advice=f"Dates are dd/mm/yyyy. {CORRECT}",
        applies=f"""not {blank('"dec"')}""",
        breaks=f"{END} is null",
        allowed_share=ALLOWED_SHARE,
        allowed_count=HANDFUL,
    ),
    RowRule(
        check_id="ssda903_episode_end_date_unread",
        severity="warning",
        why="every end date can be read: without one a child would stay looked after",
        advice=IN_CASE_SYSTEM,
        applies=f"""not {blank('"dec"')}""",
        breaks=f"{END} is null",
    ),
    RowRule(
        check_id="ssda903_episode_other_year",
        severity="critical",
        why="nineteen in twenty episodes start by the last day of the return",
        advice=f"The file is probably that of a later year: compare it with its folder. {CORRECT}",
        applies=f"{START} is not null",
        breaks=f"{START} > last_day",
        allowed_share=ALLOWED_SHARE,
        allowed_count=HANDFUL,
    ),
    RowRule(
        check_id="ssda903_episode_after_end",
        severity="warning",
        why="no episode starts after the last day of the return",
        advice=IN_CASE_SYSTEM,
        applies=f"{START} is not null",
        breaks=f"{START} > last_day",
    ),
    RowRule(
        check_id="ssda903_episode_backwards",
        severity="warning",
        why="no episode ends before it starts",
        advice=IN_CASE_SYSTEM,
        applies=f"{START} is not null and {END} is not null",
        breaks=f"{END} < {START}",
    ),
    RowRule(
        check_id="ssda903_legal_statuses",
        severity="critical",
        why="nineteen in twenty legal status codes are in the code list; short breaks are told apart by them",
        advice=f"The columns may have moved, or the code list changed. {CORRECT}",
        breaks=f"coalesce(upper(trim(ls)), '') not in {LEGAL_STATUSES}",
        allowed_share=ALLOWED_SHARE,
        allowed_count=HANDFUL,
    ),
    RowRule(
        check_id="ssda903_legal_status_unknown",
        severity="warning",
        why="every legal status code is in the code list",
        advice="The children stay counted, under an unknown legal status. " + IN_CASE_SYSTEM,
        breaks=f"coalesce(upper(trim(ls)), '') not in {LEGAL_STATUSES}",
    ),
    RowRule(
        check_id="ssda903_reason_codes",
        severity="warning",
        why="at most one reason for a new episode in a hundred is outside the code list",
        advice="Starts of care are recognised by the code S. " + IN_CASE_SYSTEM,
        breaks="coalesce(upper(trim(rne)), '') not in ('S', 'L', 'P', 'T', 'B', 'U')",
        allowed_share=0.01,
        allowed_count=HANDFUL,
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one return's episodes must keep."""
    # The header of the same return: the one that arrived with the file, else the one in use.
    in_header = f"""with returns as (
            select file_id, table_name, {return_sizes.COLLECTION_YEAR} as collection_year, as_at,
                use = 'candidate' as is_new
            from landing.source_file
            where source_id = 'ssda903' and use in ('candidate', 'current', 'stale')
        ),
        headers as (
            select e.file_id, h.file_id as header_id
            from returns as e
            join returns as h on h.table_name = 'header' and h.collection_year = e.collection_year
                and h.as_at is not distinct from e.as_at
            where e.table_name = 'episodes'
            qualify h.is_new or not bool_or(h.is_new) over (partition by e.file_id)
        ),
        known as (
            select distinct h.file_id, trim(c.child) as child
            from headers as h join raw_ssda903.header as c on c._file_id = h.header_id
        ),
        cared_for as (select distinct _file_id, trim(child) as child from {{batch}} where not {blank("child")})
        select e._file_id as file_id, count(*) as checked, count(*) - count(k.child) as failed
        from cared_for as e left join known as k on k.file_id = e._file_id and k.child = e.child
        group by 1"""
    needs = ("landing.source_file", "raw_ssda903.header")
    return [
        *row_rules(ROW_RULES, rows=ROWS, needs=("landing.source_file",)),
        return_sizes.few_set_aside(
            "ssda903_episodes_set_aside",
            table=TABLE,
            lost="missing_child_id|no_valid_decom",
            why="nineteen in twenty rows name their child and have a start date that can be read",
            advice=f"Dates are dd/mm/yyyy. {CORRECT}",
        ),
        rule(
            "ssda903_children_of_another_return",
            severity="critical",
            why="at least half of the children with episodes are in the header of the same return",
            advice=f"Header and episodes come from different returns, or the header is missing. {CORRECT}",
            query=in_header,
            allowed_share=0.5,
            allowed_count=HANDFUL,
            needs=needs,
        ),
        rule(
            "ssda903_children_without_header",
            severity="warning",
            why="every child with an episode is in the header of the same return",
            advice="Their age, sex and ethnic group are not known. " + IN_CASE_SYSTEM,
            query=in_header,
            needs=needs,
        ),
        return_sizes.size_against_year_before(
            "ssda903_episodes_size", table=TABLE, what="episodes", allowed=context.year_on_year
        ),
    ]


SUITE = Suite(
    name="raw_ssda903_episodes",
    table=TABLE,
    scope="source",
    owner=DATA_MANAGER,
    declare=expectations,
    personal=True,
)
