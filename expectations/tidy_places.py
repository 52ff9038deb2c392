"""Rules on the areas of a whole tidy file: names, codes, and who is missing."""

from typing import TYPE_CHECKING

from dagster_project.sources.catalogue import RawTable, Tidy
from expectations.rules import rule
from expectations.tidy_areas import FILLING, VERY_SMALL, areas
from expectations.tidy_files import LEVEL, NEWEST_AGAIN
from expectations.tidy_sql import everybody, examples, period_end

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def area_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """Return the rules that names and codes are known and belong together, and that nobody in force is missing."""
    known = areas()
    codes = ", ".join(f"({value}, '{code}')" for value, found in known.codes.items() for code in sorted(found))
    names = ", ".join(f"({value}, '{name}')" for value, found in known.names.items() for name in sorted(found))
    filling = ", ".join(f"'{word}'" for word in FILLING)
    # The same fold as `tidy_areas.folded`.
    fold = f"""array_to_string(list_sort(list_filter(
        regexp_extract_all(replace(lower(la_name), '''', ''), '[a-z]+'), lambda word: word not in ({filling}))), ' ')"""
    named = "select distinct _file_id, try_cast(trim(old_la_code) as integer) as dfe_number, {0} as found"
    of_authorities = f"from {{batch}} where {LEVEL} = 'local authority'"

    def of_batch(column: str) -> str:
        return named.replace("{0}", column) + " " + of_authorities

    return [
        rule(
            f"{table.name}_g03_names",
            severity="warning",
            why="names and nine-character codes of authorities are those we know",
            advice="Authorities are matched by their three-digit code. A new code belongs into the seed of area codes.",
            query=f"""with known_name(dfe_number, found) as (values {names}),
                    known_code(dfe_number, found) as (values {codes}),
                    seen as (
                        select n._file_id, n.dfe_number || ' ' || n.found as words, k.found is not null as is_known
                        from ({of_batch(fold)}) as n left join known_name as k using (dfe_number, found)
                        union all
                        select n._file_id, n.dfe_number || ' ' || n.found, k.found is not null
                        from ({of_batch("trim(new_la_code)")}) as n left join known_code as k using (dfe_number, found)
                    )
                select _file_id as file_id, count(*) as checked, count(*) filter (where not is_known) as failed,
                    'Not known: ' || {examples("words", "not is_known")} as note
                from seen group by 1""",
        ),
        rule(
            f"{table.name}_g06_one_name",
            severity="critical",
            why="a three-digit code has one name, and a nine-character code belongs to one three-digit code",
            advice=f"Rows of two authorities may be mixed up. {NEWEST_AGAIN}",
            query=f"""with by_number as (
                        select _file_id, dfe_number as what, count(distinct found) as found
                        from ({of_batch("lower(trim(la_name))")}) group by 1, 2
                    ),
                    by_code as (
                        select _file_id, found as what, count(distinct dfe_number) as found
                        from ({of_batch("trim(new_la_code)")})
                        where coalesce(found, '') not in ('', 'x', 'z') group by 1, 2
                    ),
                    counted as (
                        select _file_id, cast(what as varchar) as what, found from by_number
                        union all select * from by_code
                    )
                select _file_id as file_id, count(*) as checked, count(*) filter (where found > 1) as failed,
                    'Codes: ' || {examples("what", "found > 1")} as note
                from counted group by 1""",
        ),
        rule(
            f"{table.name}_g09_authorities",
            severity="warning",
            why="every authority in force in a year is there, itself or the one that took its place",
            advice="Figures of the missing authorities stay blank and ranks are out of fewer; compare with the "
            "publisher's own table.",
            query=_missing_authorities(tidy),
            empty_fails=True,
        ),
    ]


def _missing_authorities(tidy: Tidy) -> str:
    known = areas()
    listed = []
    for value, (since, until) in known.in_force.items():
        if value in VERY_SMALL:
            continue
        stand_ins = {value} | known.successors.get(value, frozenset())
        stand_ins |= {former for former, found in known.successors.items() if value in found}
        for stand_in in sorted(stand_ins):
            first, last = since or "1900-01-01", until or "2999-12-31"
            listed.append(f"({value}, {stand_in}, date '{first}', date '{last}')")
    return f"""with force(dfe_number, stand_in, since, until) as (values {", ".join(listed)}),
            present as (
                select distinct _file_id, trim(time_period) as period, {period_end(tidy)} as period_end,
                    try_cast(trim(old_la_code) as integer) as dfe_number
                from {{batch}} where {LEVEL} = 'local authority' and {everybody(tidy)}
            ),
            period as (select distinct _file_id, period, period_end from present),
            expected as (
                select p._file_id, p.period, f.dfe_number, count(s.dfe_number) as found
                from period as p
                join force as f on p.period_end between f.since and f.until
                left join present as s
                    on s._file_id = p._file_id and s.period = p.period and s.dfe_number = f.stand_in
                group by all
            )
        select _file_id as file_id, count(*) as checked, count(*) filter (where found = 0) as failed,
            'Missing: ' || {examples("dfe_number || ' in ' || period", "found = 0")} as note
        from expected group by 1"""
