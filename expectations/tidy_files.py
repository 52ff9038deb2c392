"""Rules that every tidy file of Explore Education Statistics keeps, whatever it is about.

Adapted from the checks that the DfE's statisticians run on their own files before publication. Columns, keys and
symbols are the readers' and dbt's affair; what is here needs the whole file to be seen.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from expectations.rules import literal, number, rule
from expectations.seeds import seed

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

LEVEL = "lower(trim(geographic_level))"
# Rows that a file lost to quarantine, other than those dropped by a declared row rule without loss.
QUARANTINED = """quarantined as (
    select file_id, count(distinct row_number) as held_back from landing.quarantine
    where table_name = '{table}' and severity = 'critical' and row_number is not null group by 1
)"""
#: Symbols of figures that exist and are not told: with one of them parts do not add up.
WITHHELD = ", ".join(
    literal(row["symbol"])
    for row in seed("value_symbols")
    if row["publication"] == "ees" and row["value_status"] not in ("not_applicable", "legacy_missing")
)
NEWEST_AGAIN = "Ask the publisher for a complete file, or fetch the release again; the last good file stays in use."


def whole_file_rules(
    prefix: str,
    *,
    table: str,
    filters: Sequence[str],
    values: Sequence[str],
    added: str | None,
    everybody: str = "true",
) -> "list[Expectation]":
    """Return the rules on levels, authorities, England, London and missing values of one tidy table.

    Args:
        prefix: Start of every check id.
        table: The guarded table, for the comparison with the release before.
        filters: Columns that split a period and level into parts.
        values: Value columns, for the share of missing cells.
        added: Count column in which regions and authorities add up to England, or None.
        everybody: SQL for the rows that every authority has: some files give breakdowns for a few alone.
    """
    parts = ", ".join(["_file_id", "time_period", *filters])
    rules = [
        rule(
            f"{prefix}_levels",
            severity="critical",
            why="a file holds national, regional and local authority rows",
            advice=f"Without one of them there is nothing to compare with. {NEWEST_AGAIN}",
            query=f"""select _file_id as file_id, 3 as checked,
                3 - count(distinct {LEVEL}) filter (where {LEVEL} in ('national', 'regional', 'local authority'))
                    as failed
                from {{batch}} group by 1""",
            empty_fails=True,
        ),
        rule(
            f"{prefix}_england",
            severity="critical",
            why="every period and breakdown has exactly one England row",
            advice=f"Every comparison with England reads that row. {NEWEST_AGAIN}",
            # A row that went to quarantine is a finding already and must not take the whole file with it.
            query=f"""with counted as (
                    select {parts}, count(*) filter (where {LEVEL} = 'national') as england
                    from {{batch}} group by all
                ),
                {QUARANTINED.format(table=table.rsplit(".", 1)[-1])}
                select c._file_id as file_id, count(*) as checked, count(*) filter (where england <> 1) as failed,
                    count(*) filter (where england > 1) = 0
                        and count(*) filter (where england = 0) <= coalesce(max(q.held_back), 0) as passed
                from counted as c left join quarantined as q on q.file_id = c._file_id
                group by 1""",
            needs=("landing.quarantine",),
        ),
        rule(
            f"{prefix}_authorities_even",
            severity="critical",
            why="every period and breakdown has nearly as many authorities as the fullest one of the file",
            advice=f"The file is cut short; ranks and means made from it would be wrong. {NEWEST_AGAIN}",
            # In force at one time are 151 to 153; reorganisations never moved the number by a tenth.
            query=f"""with counted as (
                    select {parts}, count(distinct trim(old_la_code)) as authorities
                    from {{batch}} where {LEVEL} = 'local authority' and {everybody} group by all
                ),
                fullest as (select *, max(authorities) over (partition by _file_id) as most from counted)
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where authorities < 0.9 * most) as failed,
                    min(authorities) as observed, max(most) as expected, 0.1 * max(most) as tolerance
                from fullest group by 1""",
            empty_fails=True,
        ),
        rule(
            f"{prefix}_missing_share",
            severity="warning",
            why="the share of symbols in place of figures is not more than 20 points above the release before",
            advice="Look at which breakdown is newly suppressed before using the figures.",
            query=_missing_share(table, values),
            needs=("landing.source_file",),
        ),
    ]
    if added:
        rules += _adding_up(prefix, parts=parts, column=added, everybody=everybody)
    return rules


def earlier_release(table: str) -> str:
    """Return the common table `before`: each guarded file with the file of the release before it, if there is one."""
    return f"""newest as (select distinct _file_id from {{batch}}),
        release_of as (select file_id, max(release) as release from landing.source_file group by 1),
        before as (
            select n._file_id, max_by(o.file_id, o.release) as earlier_id
            from newest as n
            join release_of as r on r.file_id = n._file_id
            join release_of as o on o.release < r.release
            where o.file_id in (select distinct _file_id from {table})
            group by 1
        )"""


def _missing_share(table: str, values: Sequence[str]) -> str:
    missing = " + ".join(f"cast({number(column)} is null as integer)" for column in values)
    return f"""
        with {earlier_release(table)},
        now as (
            select _file_id, sum({missing}) / (count(*) * {len(values)}.0) as share, count(*) * {len(values)} as cells
            from {{batch}} group by 1
        ),
        earlier as (
            select _file_id, sum({missing}) / (count(*) * {len(values)}.0) as share from {table}
            where _file_id in (select earlier_id from before) group by 1
        )
        select n._file_id as file_id, n.cells as checked,
            cast(round(n.share * n.cells, 0) as bigint) as failed,
            e.share is null or n.share - e.share <= 0.2 as passed,
            n.share as observed, e.share as expected, 0.2 as tolerance, n.share - e.share as difference
        from now as n
        left join before as b on b._file_id = n._file_id
        left join earlier as e on e._file_id = b.earlier_id"""


def _adding_up(prefix: str, *, parts: str, column: str, everybody: str) -> "list[Expectation]":
    count = number(column)
    # National and regional counts are rounded to 10, so nine regions may differ by 9 x 10; half a per cent allows for
    # the children whose authority is not given. England holds those of an authority whose own figure is withheld.
    return [
        rule(
            f"{prefix}_adds_up",
            severity="warning",
            why="England is the sum of its nine regions, and of its authorities where each of them has a figure",
            advice="Inner and Outer London are parts of London; otherwise ask the publisher which level is wrong.",
            query=f"""with totals as (
                    select {parts},
                        max({count}) filter (where {LEVEL} = 'national') as england,
                        sum({count}) filter (where {LEVEL} = 'regional' and region_code not like 'E13%') as regions,
                        sum({count}) filter (where {LEVEL} = 'regional' and region_code like 'E13%') as parts_of_london,
                        count(*) filter (where {LEVEL} = 'regional' and region_code = 'E12000007') as london,
                        sum({count}) filter (where {LEVEL} = 'local authority') as authorities,
                        count(distinct old_la_code) >= 150 as is_complete,
                        count(*) filter (where {LEVEL} = 'local authority'
                            and lower(trim({column})) in ({WITHHELD})) as withheld
                    from {{batch}} where {everybody} group by all
                )
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where abs(england - regions
                            - case when london = 0 then coalesce(parts_of_london, 0) else 0 end)
                            > greatest(90, 0.005 * england)
                        or (is_complete and withheld = 0
                            and abs(england - authorities) > greatest(90, 0.005 * england))) as failed
                from totals group by 1""",
        ),
        rule(
            f"{prefix}_london_once",
            severity="critical",
            why="Inner and Outer London are parts of the London row and never further regions",
            advice=f"A sum over the regions would count London twice. {NEWEST_AGAIN}",
            query=f"""with london as (
                    select {parts},
                        count(*) filter (where region_code like 'E13%') as sub_regions,
                        max({count}) filter (where region_code = 'E12000007') as whole,
                        sum({count}) filter (where region_code like 'E13%') as both_parts,
                        count({count}) filter (where region_code like 'E13%') as parts_known
                    from {{batch}} where {LEVEL} = 'regional' group by all
                )
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where sub_regions > 0 and parts_known = 2
                        and abs(whole - both_parts) > greatest(20, 0.005 * whole)) as failed
                from london group by 1""",
        ),
    ]
