"""Arriving file: the long file of the Local Authority Interactive Tool, one row per indicator, period and area."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, blank, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext
from expectations.tidy_files import QUARANTINED

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_lait.indicator_value"
AGAIN = "Fetch the release again; the last good file stays in use."
# The published file stores the DfE number as a double, so its text may be `301.0`.
NUMBER = "try_cast(try_cast(trim(dfe_number) as double) as integer)"
ENGLAND_AND_REGIONS = "(970, 980, 981, 982, 983, 984, 985, 986, 989, 990)"
RELEASES = """release_of as (
    select file_id, max(release) as release from landing.source_file
    where source_id = 'lait' and use in ('candidate', 'current', 'stale', 'superseded') group by 1
)"""
DESCRIBED = f"""with {RELEASES},
    described as (
        select r.release, trim(d.measure_short) as short_desc
        from raw_lait.data_dictionary as d join release_of as r on r.file_id = d._file_id
    ),
    held as (select distinct _file_id, trim(short_desc) as short_desc from {{batch}}),
    matched as (
        select h._file_id, h.short_desc,
            exists (select 1 from described as d where d.short_desc = h.short_desc and d.release = r.release)
                as is_described
        from held as h join release_of as r on r.file_id = h._file_id
    )
    select _file_id as file_id, count(*) as checked, count(*) filter (where not is_described) as failed"""

ROW_RULES = (
    RowRule(
        check_id="lait_area_number",
        severity="critical",
        why="area numbers lie in the range the DfE gives to authorities, regions and England",
        advice=f"The number is the only key that survives boundary changes; the column may have moved. {AGAIN}",
        breaks=f"{NUMBER} not between 201 and 990",
        empty_fails=True,
    ),
    RowRule(
        check_id="lait_missing_share",
        severity="warning",
        why="at most four in ten figures are missing, against one or two in ten in the published releases",
        advice="Look at which indicators came empty before using the release.",
        breaks=f"{blank('value_text')} or trim(value_text) in ('-', 'c', '..')",
        allowed_share=0.4,
    ),
    RowRule(
        check_id="lait_has_figures",
        severity="critical",
        why="at least one figure in ten is there",
        advice=f"The value column is empty or has moved. {AGAIN}",
        breaks=f"{blank('value_text')} or trim(value_text) in ('-', 'c', '..')",
        allowed_share=0.9,
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one release of the file must keep."""
    grid = f"""with grid as (
            select _file_id, short_desc, years, count(*) as areas, count(distinct {NUMBER}) as distinct_areas,
                count(distinct {NUMBER}) filter (where {NUMBER} in {ENGLAND_AND_REGIONS}) as above_authorities
            from {{batch}} group by all
        ),
        whole as (select *, max(distinct_areas) over (partition by _file_id) as full_set from grid),
        {QUARANTINED.format(table="indicator_value")}
        select w._file_id as file_id, count(*) as checked,"""
    end = "from whole as w left join quarantined as q on q.file_id = w._file_id group by 1"
    return [
        *row_rules(ROW_RULES),
        rule(
            "lait_dense_grid",
            severity="critical",
            why="every indicator and period holds the same set of areas, each once",
            advice=f"A missing figure is a row with '-', so a missing row is a file cut short. {AGAIN}",
            # A row that went to quarantine leaves a hole that is a finding already.
            query=f"""{grid} count(*) filter (where areas <> full_set) as failed,
                count(*) filter (where areas > full_set) = 0
                    and coalesce(sum(full_set - areas), 0) <= coalesce(max(q.held_back), 0) as passed,
                coalesce(sum(full_set - areas), 0) as observed, coalesce(max(q.held_back), 0) as expected
                {end}""",
            needs=("landing.quarantine",),
        ),
        rule(
            "lait_england_and_regions",
            severity="critical",
            why="every indicator and period has a row for England and for each of the nine regions",
            advice=f"Without them no indicator can be compared. {AGAIN}",
            query=f"""{grid} count(*) filter (where above_authorities <> 10) as failed,
                coalesce(sum(10 - above_authorities), 0) <= coalesce(max(q.held_back), 0) as passed
                {end}""",
            needs=("landing.quarantine",),
            empty_fails=True,
        ),
        rule(
            "lait_authorities",
            severity="warning",
            why="the grid holds 150 to 160 authorities",
            advice="Ranks and quartiles are out of fewer; compare with the publisher's own table.",
            query=f"""with counted as (
                    select _file_id, count(distinct {NUMBER}) filter (where {NUMBER} < 970) as authorities
                    from {{batch}} group by 1
                )
                select _file_id as file_id, authorities as checked,
                    cast(authorities not between 150 and 160 as integer) as failed, authorities as observed
                from counted""",
            empty_fails=True,
        ),
        rule(
            "lait_described",
            severity="warning",
            why="the dictionary of the same release describes every indicator",
            advice="An indicator without a description has no unit, polarity or name: ask for the newer dictionary.",
            query=f"""{DESCRIBED},
                'Not described: ' || string_agg(short_desc, ', ' order by short_desc) filter (where not is_described)
                    as note
                from matched group by 1""",
            needs=("landing.source_file", "raw_lait.data_dictionary"),
        ),
        rule(
            "lait_dictionary_of_release",
            severity="critical",
            why="the dictionary in the folder belongs to this release: it describes nineteen in twenty indicators",
            advice="Put the dictionary published with this release beside it; until then the last good file is used.",
            query=f"{DESCRIBED} from matched group by 1",
            allowed_share=0.05,
            needs=("landing.source_file", "raw_lait.data_dictionary"),
        ),
        rule(
            "lait_indicators_kept",
            severity="warning",
            why="a release holds at least nine in ten indicators of the release before",
            advice="Compare the two lists of indicators: some may have been renamed or discontinued.",
            query=f"""with {RELEASES},
                before as (
                    select n.file_id, max_by(o.file_id, o.release) as earlier_id
                    from release_of as n join release_of as o on o.release < n.release
                    where n.file_id in (select distinct _file_id from {{batch}})
                        and o.file_id in (select distinct _file_id from {TABLE})
                    group by 1
                ),
                earlier as (
                    select distinct b.file_id, v.short_desc
                    from before as b join {TABLE} as v on v._file_id = b.earlier_id
                ),
                held as (select distinct _file_id as file_id, short_desc from {{batch}})
                select e.file_id, count(*) as checked, count(*) - count(h.short_desc) as failed
                from earlier as e left join held as h on h.file_id = e.file_id and h.short_desc = e.short_desc
                group by 1""",
            allowed_share=0.1,
            needs=("landing.source_file",),
        ),
    ]


SUITE = Suite(name="raw_lait_indicator_value", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
