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
            cell.is_first_of_tool,
            current_value.value,
            current_value.status_order = 1 as is_provisional,
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
            case when is_first_of_tool then null else lag(period_id) over series end as previous_period_id,
            case when is_first_of_tool then null else lag(period_end) over series end as previous_period_end,
            case when is_first_of_tool then null else lag(value) over series end as previous_value,
            count(value) over (
                partition by series_key, dfe_number order by cell_key rows between unbounded preceding and 1 preceding
            ) > 0 as has_earlier_value
        from headline
        window series as (partition by series_key, dfe_number order by cell_key)
    ),

    comparable as (
        select
            cell_key,
            dfe_number,
            lag(cell_key) over series as last_comparable_cell_key,
            lag(period_id) over series as last_comparable_period_id,
            lag(value) over series as last_comparable_value,
            lag(is_provisional) over series as last_comparable_is_provisional,
            round(value - lag(value) over series, 9) as step,
            series_key,
            segment,
            first_value(period_id) over (
                partition by series_key, dfe_number, segment order by cell_key rows between 4 preceding and current row
            ) as direction_from_period_id
        from ordered
        where value is not null and comparability in ('ok', 'break_before')
        window series as (partition by series_key, dfe_number, segment order by cell_key)
    ),

    -- A direction is read from at least three of the last five comparable values, since one step is no direction.
    several as (
        select
            comparable.*,
            count(step) over last_steps as steps,
            min(step) over last_steps as smallest_step,
            max(step) over last_steps as largest_step
        from comparable
        window last_steps as (partition by dfe_number, series_key, segment order by cell_key rows between 3 preceding and current row)
    ),

    directed as (
        select
            several.*,
            case
                when steps < 2 then null
                when smallest_step >= 0 and largest_step > 0 then 'rising'
                when largest_step <= 0 and smallest_step < 0 then 'falling'
                when largest_step = 0 then 'flat'
                else 'mixed'
            end as direction
        from several
    )

select
    ordered.cell_key,
    ordered.dfe_number,
    ordered.value,
    ordered.is_provisional,
    ordered.comparability,
    ordered.segment > 0 and ordered.has_earlier_value as is_after_break,
    ordered.previous_period_id,
    cast(extract(year from ordered.period_end) - extract(year from ordered.previous_period_end) as integer) as period_gap,
    ordered.value - ordered.previous_value as change,
    directed.last_comparable_cell_key,
    directed.last_comparable_period_id,
    directed.last_comparable_value,
    directed.last_comparable_is_provisional,
    ordered.value - directed.last_comparable_value as change_since_last_comparable,
    directed.direction,
    case when directed.direction is not null then cast(directed.steps + 1 as integer) end as direction_periods,
    case when directed.direction is not null then directed.direction_from_period_id end as direction_from_period_id
from ordered
left join directed on ordered.cell_key = directed.cell_key and ordered.dfe_number = directed.dfe_number
