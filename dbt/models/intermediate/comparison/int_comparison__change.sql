-- What each headline value is compared with in time: the preceding row of the same authority (LAIT's rule, whatever lies
-- between) and the last earlier value that may be compared, which never lies across a declared break.
with
    -- How many breaks lie at or before each period: a break parts a series even in a year without a row.
    segment as (
        select cell.cell_key, count(break.period_end) as segment
        from {{ ref('int_comparator__cell') }} as cell
        left join
            {{ ref('int_indicator__comparability') }} as break
            on cell.indicator_id = break.indicator_id
            and break.comparability = 'break_before'
            and break.period_end <= cell.period_end
        group by cell.cell_key
    ),

    headline as (
        select
            current_value.cell_key,
            current_value.series_key,
            current_value.dfe_number,
            cell.period_id,
            cell.period_end,
            current_value.value,
            segment.segment,
            coalesce(comparability.comparability, 'ok') as comparability
        from {{ ref('int_comparator__current_value') }} as current_value
        inner join {{ ref('int_comparator__cell') }} as cell on current_value.cell_key = cell.cell_key
        inner join segment on current_value.cell_key = segment.cell_key
        left join
            {{ ref('int_indicator__comparability') }} as comparability
            on cell.indicator_id = comparability.indicator_id
            and cell.period_end = comparability.period_end
        where current_value.area_type = 'authority' and cell.breakdown_type = 'total'
    ),

    ordered as (
        select
            *,
            lag(period_id) over series as previous_period_id,
            lag(period_end) over series as previous_period_end,
            lag(value) over series as previous_value
        from headline
        window series as (partition by series_key, dfe_number order by cell_key)
    ),

    comparable as (
        select
            cell_key,
            dfe_number,
            lag(period_id) over series as last_comparable_period_id,
            lag(value) over series as last_comparable_value
        from ordered
        where value is not null and comparability in ('ok', 'break_before')
        window series as (partition by series_key, dfe_number, segment order by cell_key)
    )

select
    ordered.cell_key,
    ordered.dfe_number,
    ordered.previous_period_id,
    cast(extract(year from ordered.period_end) - extract(year from ordered.previous_period_end) as integer) as period_gap,
    ordered.value - ordered.previous_value as change,
    comparable.last_comparable_period_id,
    ordered.value - comparable.last_comparable_value as change_since_last_comparable
from ordered
left join comparable on ordered.cell_key = comparable.cell_key and ordered.dfe_number = comparable.dfe_number
