"""Rules on the periods of a tidy file: gaps, what lies ahead of the release, changes from year to year."""

from typing import TYPE_CHECKING

from dagster_project.sources.catalogue import RawTable, Tidy
from expectations.rules import number, rule
from expectations.tidy_files import LEVEL, NEWEST_AGAIN
from expectations.tidy_sql import EXAMPLES, all_of, everybody, examples, period_end

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


#: A change on the year before is remarkable beyond so many robust standard deviations of all authorities' changes.
ROBUST_DEVIATIONS = 8


def period_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """Return the rules on periods, and on changes from one to the next where a file holds several."""
    # A release is named after its day, month or year, if after any; without one there is nothing to compare with.
    released = """case
        when regexp_matches(release, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') then try_cast(left(release, 10) as date)
        when regexp_matches(release, '^[0-9]{{4}}-(0[1-9]|1[0-2])($|[^0-9])')
            then last_day(try_cast(left(release, 7) || '-01' as date))
        when regexp_matches(release, '^[0-9]{{4}}($|[^0-9])') then try_cast(left(release, 4) || '-12-31' as date)
    end"""
    return [
        rule(
            f"{table.name}_t04_future",
            severity="warning",
            why="no period ends after the release it is printed in",
            advice="The file may lie in the folder of another release, or a period may be misread.",
            query=f"""with period as (
                        select distinct _file_id, trim(time_period) as period, {period_end(tidy)} as ends
                        from {{batch}}
                    ),
                    release_of as (select file_id, max({released}) as released from landing.source_file group by 1)
                select p._file_id as file_id, count(*) as checked,
                    count(*) filter (where p.ends > r.released) as failed,
                    'Periods: ' || {examples("p.period", "p.ends > r.released")} as note
                from period as p left join release_of as r on r.file_id = p._file_id group by 1""",
            needs=("landing.source_file",),
        ),
        *(_one_period(table) if tidy.one_period else _several_periods(table, tidy)),
    ]


def _one_period(table: RawTable) -> "list[Expectation]":
    return [
        rule(
            f"{table.name}_t01_one_period",
            severity="critical",
            why="a file is of one period, from which the other periods printed in it are counted",
            advice=f"The layout may have changed. {NEWEST_AGAIN}",
            query="""select _file_id as file_id, 1 as checked,
                cast(count(distinct trim(time_period) || lower(trim(time_identifier))) <> 1 as integer) as failed
                from {batch} group by 1""",
        )
    ]


def _several_periods(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    first_year = "try_cast(left(trim(time_period), 4) as integer)"
    gaps = ", ".join(gap[:4] for gap in tidy.gaps) or "0"
    return [
        rule(
            f"{table.name}_t04_gaps",
            severity="warning",
            why="no year is left out between the first and the last, other than those declared",
            advice="A series with a hole is compared across it only if it is declared that nothing was collected.",
            query=f"""with year as (select distinct _file_id, {first_year} as started from {{batch}}),
                    next as (
                        select _file_id, started, lead(started) over (partition by _file_id order by started) as later
                        from year
                    ),
                    missing as (
                        select _file_id, unnest(range(started + 1, coalesce(later, started + 1))) as left_out from next
                    )
                select y._file_id as file_id, count(distinct y.started) as checked,
                    count(distinct m.left_out) filter (where m.left_out not in ({gaps})) as failed,
                    'Years: ' || {examples("m.left_out", f"m.left_out not in ({gaps})")} as note
                from year as y left join missing as m on m._file_id = y._file_id group by 1""",
        ),
        rule(
            f"{table.name}_i09_changes",
            severity="warning",
            why="an authority's change on the year before is within what the changes of all authorities suggest",
            advice="Nothing is dropped: look whether the authority's figure is known to have moved.",
            query=_unusual_changes(tidy),
        ),
    ]


def _unusual_changes(tidy: Tidy) -> str:
    read = dict.fromkeys(figure.column for figure in tidy.figures)
    free = [entry.column for entry in tidy.filters if not entry.constant]
    wanted = " or ".join([f"({everybody(tidy)})", *(f"({all_of(f.where)})" for f in tidy.figures if f.where)])
    packed = ", ".join(f"('{column}', {number(column)})" for column in read)
    parts = ", ".join(["_file_id", "measure", *free])
    return f"""with cell as (
            select _file_id, {"".join(f"{column}, " for column in free)}trim(old_la_code) as dfe_number,
                try_cast(left(trim(time_period), 4) as integer) as started, m.measure, m.value
            from {{batch}}, lateral (values {packed}) as m(measure, value)
            where {LEVEL} = 'local authority' and ({wanted})
        ),
        change as (
            select {parts}, dfe_number, started,
                value - lag(value) over (partition by {parts}, dfe_number order by started) as moved,
                started - lag(started) over (partition by {parts}, dfe_number order by started) as years
            from cell
        ),
        middle as (
            select *, median(moved) over (partition by {parts}, started) as usual from change
            where moved is not null and years = 1
        ),
        spread as (
            select *, 1.4826 * median(abs(moved - usual)) over (partition by {parts}, started) as deviation from middle
        ),
        judged as (
            select *, deviation > 0 and abs(moved - usual) > {ROBUST_DEVIATIONS} * deviation as is_odd,
                dfe_number || ' ' || measure || ' ' || started as words
            from spread
        )
        select _file_id as file_id, count(*) as checked, count(*) filter (where is_odd) as failed,
            'Largest: ' || array_to_string(list_slice(
                list(words order by abs(moved - usual) / deviation desc) filter (where is_odd), 1, {EXAMPLES}
            ), '; ') as note
        from judged group by 1"""
