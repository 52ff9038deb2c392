"""Guarded mart: figures by local cluster, and whether the council's lists cover the schools and homes there are.

All are warnings: what is in no list is counted as not known, and a table of which too much is so is not printed.
"""

from typing import TYPE_CHECKING

from expectations.rules import rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.cluster_indicator"
_LOOKUP = "intermediate.int_cluster__lookup"
#: Characters of a note.
_NAMED = 400


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the lists of clusters should cover."""
    del context
    return [
        rule(
            "cluster_records_placed",
            severity="warning",
            why="of nearly everybody it is known in which cluster they live or go to school",
            advice="They count as not known. See which schools or small areas are in no list; complete the lists.",
            query=f"""with told as (
                    select distinct indicator_id, membership_basis, period_id, unplaced_share
                    from {{batch}} where period_id not like 'rolling3%'
                )
                select count(*) as checked, count(*) filter (where unplaced_share > unplaced_warning) as failed,
                    left('Most: ' || max_by(indicator_id || ' by ' || membership_basis || ' in ' || period_id,
                        unplaced_share) || ', ' || round(100 * max(unplaced_share), 1) || '%', {_NAMED}) as note
                from told cross join settings.threshold""",
            needs=("settings.threshold",),
        ),
        rule(
            "cluster_tables_printed",
            severity="warning",
            why="no table of clusters is left out because too many of its records are in none",
            advice="The figure is shown for the whole area only. Complete the lists of schools or small areas.",
            query=f"""with told as (
                    select distinct indicator_id, membership_basis, period_kind || '_' || period_end as period_id,
                        indicator_id || ' by ' || membership_basis as named
                    from intermediate.int_cluster__figure
                ),
                printed as (
                    select distinct indicator_id, membership_basis, period_id, true as is_printed from {{batch}}
                )
                select count(*) as checked, count(*) filter (where is_printed is null) as failed,
                    left('Left out: ' || string_agg(distinct named, ', ' order by named)
                        filter (where is_printed is null), {_NAMED}) as note
                from told left join printed using (indicator_id, membership_basis, period_id)""",
            needs=("intermediate.int_cluster__figure",),
        ),
        rule(
            "cluster_schools_covered",
            severity="warning",
            why="every school of the newest census is in a cluster on the last day of its school year",
            advice="Add it to cluster_schools.csv; until then its pupils are not known by school.",
            query=f"""with school as (
                    select distinct establishment, make_date(academic_year, 8, 31) as day
                    from intermediate.int_pupil__year
                    where academic_year = (select max(academic_year) from intermediate.int_pupil__year)
                        and exists (select 1 from {_LOOKUP})
                ),
                covered as (
                    select s.establishment, bool_or(c.urn is not null) as is_covered
                    from school as s left join intermediate.int_cluster__school as c
                        on c.urn = s.establishment and s.day between c.valid_from and c.valid_to
                    group by 1
                )
                select count(*) as checked, count(*) filter (where not is_covered) as failed,
                    left('In none: ' || string_agg(establishment, ', ' order by establishment)
                        filter (where not is_covered), {_NAMED}) as note
                from covered""",
            needs=("intermediate.int_pupil__year", "intermediate.int_cluster__school", _LOOKUP),
        ),
        rule(
            "cluster_areas_covered",
            severity="warning",
            why="every small area of the authority in the directory of postcodes is in a cluster today",
            advice="Add it to cluster_areas.csv; until then children who live there are not known by home.",
            query=f"""with area as (
                    select distinct case when l.area_type = 'lsoa11' then p.lsoa_2011 else p.lsoa_2021 end as area_code
                    from staging.stg_geography__postcodes as p cross join {_LOOKUP} as l
                    where p.authority_code in (select area_code from marts.dim_area where is_own_authority)
                ),
                covered as (
                    select a.area_code, bool_or(c.area_code is not null) as is_covered
                    from area as a left join intermediate.int_cluster__area as c
                        on c.area_code = a.area_code and current_date between c.valid_from and c.valid_to
                    where a.area_code is not null group by 1
                )
                select count(*) as checked, count(*) filter (where not is_covered) as failed,
                    left('In none: ' || string_agg(area_code, ', ' order by area_code) filter (where not is_covered),
                        {_NAMED}) as note
                from covered""",
            needs=("staging.stg_geography__postcodes", "intermediate.int_cluster__area", "marts.dim_area", _LOOKUP),
        ),
    ]


SUITE = Suite(name="cluster_indicator", table=TABLE, scope="publication", owner=DATA_MANAGER, declare=expectations)
