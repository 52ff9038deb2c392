"""Arriving files: the council's lists of clusters and of what belongs to them, and scores of wards.

The lists are maintained by hand. A list that contradicts itself is refused: a school in two clusters at once would be
counted twice. Whether everything is covered is looked at when it is known what there is (`cluster_indicator`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from expectations.rules import RowRule, blank, day, literal, number, row_rules, rule
from expectations.seeds import seed
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

SCHEMA = "raw_geography"
CORRECT = "Correct the list and put it in the folder again; until then the last good file stays in use."
FROM, TO = f"coalesce({day('valid_from')}, date '1900-01-01')", f"coalesce({day('valid_to')}, date '9999-12-31')"
KIND = "lower(replace(replace(trim(kind), '-', '_'), ' ', '_'))"
AREA_TYPE = "lower(replace(trim(area_type), ' ', ''))"
#: Names of a note.
_NAMED = 200


def _dates(table: str) -> RowRule:
    unreadable = " or ".join(f"(not {blank(name)} and {day(name)} is null)" for name in ("valid_from", "valid_to"))
    return RowRule(
        check_id=f"{table}_dates",
        severity="critical",
        why="first and last day are dates, and none ends before it begins",
        advice=f"Write dates as 2025-09-01 or 01/09/2025. {CORRECT}",
        breaks=f"{unreadable} or {FROM} > {TO}",
    )


def _once(name: str, what: str, key: str, why: str) -> "Expectation":
    """Return the rule that nothing stands twice on one day."""
    return rule(
        f"{name}_once",
        severity="critical",
        why=why,
        advice=f"Give the earlier row a last day, or take one of the two out. {CORRECT}",
        query=f"""with dated as (
                select _file_id, _row_number, {key} as named, {FROM} as first_day, {TO} as last_day from {{batch}}
            ),
            -- A join: the database misses rows where days are compared in a correlated subquery.
            compared as (
                select one._file_id, one._row_number, one.named, count(other.named) > 0 as is_twice
                from dated as one left join dated as other
                    on other._file_id = one._file_id and other.named = one.named
                    and other._row_number <> one._row_number
                    and other.first_day <= one.last_day and one.first_day <= other.last_day
                group by all
            )
            select _file_id as file_id, count(*) as checked, count(*) filter (where is_twice) as failed,
                left('{what}: ' || string_agg(distinct named, ', ' order by named) filter (where is_twice), {_NAMED})
                    as note
            from compared group by 1""",
    )


def _one_file(name: str) -> "Expectation":
    """Return the rule that a list lies in one file: what stands in two would be counted twice."""
    return rule(
        f"{name}_one_file",
        severity="critical",
        why="the list lies in one file",
        advice="Two lists may contradict each other. Put all into one, and take the other out of the folder.",
        query=f"""select b._file_id as file_id, 1 as checked,
                cast(count(distinct o.file_path) > 0 as integer) as failed,
                left('Also in: ' || string_agg(distinct o.file_path, ', ' order by o.file_path), {_NAMED}) as note
            from (select distinct _file_id from {{batch}}) as b
            join landing.source_file as f on f.file_id = b._file_id
            left join landing.source_file as o on o.source_id = f.source_id and o.table_name = f.table_name
                and o.file_path <> f.file_path and o.use in ('candidate', 'current', 'stale')
            group by 1""",
        needs=("landing.source_file",),
    )


def _known(name: str) -> "Expectation":
    """Return the rule that every cluster named is in the list of clusters."""
    return rule(
        f"{name}_clusters",
        severity="critical",
        why="every cluster named is in clusters.csv",
        advice=f"Add the cluster there or correct its id here. {CORRECT}",
        query=f"""with known as (
                select distinct trim(c.cluster_id) as cluster_id
                from {SCHEMA}.clusters as c join landing.source_file as f on f.file_id = c._file_id
                where f.use in ('candidate', 'current', 'stale')
            )
            select b._file_id as file_id, count(*) as checked,
                count(*) filter (where trim(b.cluster_id) not in (select cluster_id from known)) as failed,
                left('Not known: ' || string_agg(distinct trim(b.cluster_id), ', ' order by trim(b.cluster_id))
                    filter (where trim(b.cluster_id) not in (select cluster_id from known)), {_NAMED}) as note
            from {{batch}} as b group by 1""",
        needs=("landing.source_file", f"{SCHEMA}.clusters"),
    )


def _clusters(context: SuiteContext) -> "list[Expectation]":
    del context
    rules = (
        _dates("clusters"),
        RowRule(
            check_id="clusters_kind",
            severity="critical",
            why="a cluster is of an area or city-wide",
            advice=f"A city-wide cluster is listed and never drawn. {CORRECT}",
            breaks=f"{KIND} not in ('area', 'city_wide') or {blank('kind')}",
        ),
        RowRule(
            check_id="clusters_name",
            severity="critical",
            why="every cluster has a name",
            advice=CORRECT,
            breaks=blank("cluster_name"),
        ),
        RowRule(
            check_id="clusters_end_has_successor",
            severity="warning",
            why="a cluster that ended names the one that took its place",
            advice="Without it its earlier years are in no figure of three years together.",
            applies=f"{TO} < date '9999-12-31'",
            breaks=blank("successor_id"),
        ),
    )
    return [
        *row_rules(rules),
        _one_file("clusters"),
        _once("clusters", "Twice", "trim(cluster_id)", "a cluster has one name and kind on a day"),
        rule(
            "clusters_successor",
            severity="critical",
            why="a successor is another cluster of the list that is in being on the day after",
            advice=f"Correct the id or the dates of the successor. {CORRECT}",
            query=f"""with dated as (
                    select _file_id, trim(cluster_id) as cluster_id, nullif(trim(successor_id), '') as successor_id,
                        {FROM} as first_day, {TO} as last_day
                    from {{batch}}
                ),
                compared as (
                    select one.*, not exists (
                        select 1 from dated as other
                        where other._file_id = one._file_id and other.cluster_id = one.successor_id
                            and other.cluster_id <> one.cluster_id
                            and one.last_day < date '9999-12-31'
                            and one.last_day + 1 between other.first_day and other.last_day) as is_wrong
                    from dated as one where one.successor_id is not null
                )
                select _file_id as file_id, count(*) as checked, count(*) filter (where is_wrong) as failed,
                    left('Of: ' || string_agg(cluster_id, ', ' order by cluster_id) filter (where is_wrong), {_NAMED})
                        as note
                from compared group by 1""",
        ),
    ]


def _schools(context: SuiteContext) -> "list[Expectation]":
    del context
    rules = (
        _dates("cluster_schools"),
        RowRule(
            check_id="cluster_schools_urn",
            severity="critical",
            why="a school is named by its unique reference number of six digits",
            advice=f"A number of another kind is found in no census. {CORRECT}",
            breaks="not regexp_full_match(trim(urn), '[0-9]{{6}}(\\.0)?')",
        ),
    )
    return [
        *row_rules(rules),
        _one_file("cluster_schools"),
        _once("cluster_schools", "In two", "trim(urn)", "a school is in one cluster on a day"),
        _known("cluster_schools"),
    ]


def _areas(context: SuiteContext) -> "list[Expectation]":
    del context
    rules = (
        _dates("cluster_areas"),
        RowRule(
            check_id="cluster_areas_type",
            severity="critical",
            why="the type of an area is lsoa11 or lsoa21",
            advice=f"The codes of 2011 and 2021 overlap: without the type it is not known which are meant. {CORRECT}",
            breaks=f"{AREA_TYPE} not in ('lsoa11', 'lsoa21') or {blank('area_type')}",
        ),
        RowRule(
            check_id="cluster_areas_code",
            severity="critical",
            why="the code of a lower layer super output area is E01 and six digits",
            advice=CORRECT,
            breaks="not regexp_full_match(upper(trim(area_code)), 'E01[0-9]{{6}}')",
        ),
    )
    return [
        *row_rules(rules),
        _one_file("cluster_areas"),
        _once("cluster_areas", "In two", "upper(trim(area_code))", "a small area is in one cluster on a day"),
        _known("cluster_areas"),
        rule(
            "cluster_areas_one_type",
            severity="critical",
            why="a list is of the small areas of one census, 2011 or 2021",
            advice=f"Areas of two censuses overlap: children would be counted twice or not at all. {CORRECT}",
            query=f"""select _file_id as file_id, 1 as checked,
                    cast(count(distinct {AREA_TYPE}) > 1 as integer) as failed
                from {{batch}} group by 1""",
        ),
        rule(
            "cluster_areas_of_areas",
            severity="critical",
            why="a city-wide cluster has no area of its own",
            advice=f"Its pupils live all over the city. {CORRECT}",
            query=f"""with city_wide as (
                    select distinct trim(c.cluster_id) as cluster_id
                    from {SCHEMA}.clusters as c join landing.source_file as f on f.file_id = c._file_id
                    where f.use in ('candidate', 'current', 'stale') and {KIND} = 'city_wide'
                )
                select b._file_id as file_id, count(*) as checked,
                    count(*) filter (where trim(b.cluster_id) in (select cluster_id from city_wide)) as failed
                from {{batch}} as b group by 1""",
            needs=("landing.source_file", f"{SCHEMA}.clusters"),
        ),
    ]


def _boundaries(context: SuiteContext) -> "list[Expectation]":
    del context
    return [_known("cluster_boundaries")]


def _postcodes(context: SuiteContext) -> "list[Expectation]":
    del context
    rules = (
        RowRule(
            check_id="postcodes_authority",
            severity="warning",
            why="every postcode lies in an authority, by a code of nine characters",
            advice="Children who live there count as not known: take the directory of another month.",
            breaks=f"not {blank('laua')} and not regexp_full_match(upper(trim(laua)), '[A-Z][0-9]{{{{8}}}}')",
        ),
        RowRule(
            check_id="postcodes_small_area",
            severity="critical",
            why="small areas are given by codes of nine characters",
            advice="The columns may have moved. Download the directory again; the last good file stays in use.",
            breaks=" or ".join(
                f"(not {blank(column)} and not regexp_full_match(upper(trim({column})), '[A-Z][0-9]{{{{8}}}}'))"
                for column in ("lsoa11", "lsoa21")
            ),
            allowed_share=0.05,
        ),
    )
    codes = sorted({row["area_code"] for name in ("authorities", "area_code_history") for row in seed(name)})
    return [
        *row_rules(rules),
        rule(
            "postcodes_once",
            severity="warning",
            why="a postcode stands once, with or without its space",
            advice="The first row of two counts: take the one that is out of date out.",
            query="""with counted as (
                    select _file_id, upper(replace(pcd, ' ', '')) as postcode, count(*) as rows
                    from {batch} group by all
                )
                select _file_id as file_id, count(*) as checked, count(*) filter (where rows > 1) as failed
                from counted group by 1""",
        ),
        rule(
            "postcodes_known_authority",
            severity="warning",
            why="the code of an English authority that has no districts is one of today or of old",
            advice="Children who live there count as outside: take the directory of another month.",
            query=f"""with told as (
                    select _file_id, upper(trim(laua)) as code from {{batch}}
                    where upper(trim(laua)) similar to 'E0[689][0-9]{{{{6}}}}'
                )
                select _file_id as file_id, count(*) as checked,
                    count(*) filter (where code not in ({", ".join(map(literal, codes))})) as failed,
                    left('Not known: ' || string_agg(distinct code, ', ' order by code)
                        filter (where code not in ({", ".join(map(literal, codes))})), {_NAMED}) as note
                from told group by 1""",
        ),
    ]


def _scores(context: SuiteContext) -> "list[Expectation]":
    wards = [row for row in seed("wards") if int(row["authority_dfe_number"]) == context.authority]
    current = ", ".join(f"({literal(row['area_code'])}, {int(row['code_valid_from'][:4] or 0)})" for row in wards)
    rules = (
        RowRule(
            check_id="ward_scores_numbers",
            severity="warning",
            why="a score is a number",
            advice="The ward has no score of the measure: correct the cell.",
            breaks=f"{number('value')} is null",
        ),
    )
    declared = row_rules(rules)
    if wards:
        declared.append(
            rule(
                "ward_scores_codes",
                severity="critical",
                why="every ward has a code in force in the period of its score",
                advice=f"Boundaries moved with the codes: a score under an old code is of another area. {CORRECT}",
                query=f"""with ward as (select * from (values {current}) as w(area_code, first_year)),
                    compared as (
                        select b._file_id, upper(trim(b.ward_code)) as named, w.area_code is null
                            or coalesce(try_cast(regexp_extract(b.period, '[0-9]{{{{4}}}}') as integer), 9999)
                                < w.first_year as is_wrong
                        from {{batch}} as b left join ward as w on w.area_code = upper(trim(b.ward_code))
                    )
                    select _file_id as file_id, count(*) as checked, count(*) filter (where is_wrong) as failed,
                        left('Not in force: ' || string_agg(distinct named, ', ' order by named)
                            filter (where is_wrong), {_NAMED}) as note
                    from compared group by 1""",
            )
        )
    return declared


_DECLARED: "dict[str, Callable[[SuiteContext], list[Expectation]]]" = {
    "postcodes": _postcodes,
    "clusters": _clusters,
    "cluster_schools": _schools,
    "cluster_areas": _areas,
    "cluster_boundaries": _boundaries,
    "ward_scores": _scores,
}


def suites() -> tuple[Suite, ...]:
    """Return one suite per table."""
    return tuple(
        Suite(
            name=f"{SCHEMA}_{table}",
            table=f"{SCHEMA}.{table}",
            scope="source",
            owner=DATA_MANAGER,
            declare=declare,
        )
        for table, declare in _DECLARED.items()
    )
