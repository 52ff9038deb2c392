-- One row per indicator, period and breakdown that has a current published figure anywhere, with a number to join on:
-- comparisons are made on numbers and carry the words only at the end.
with
    cell as (
        select distinct indicator_id, breakdown_type, breakdown_value, period_id, period_end
        from {{ ref('int_published__value') }}
        where is_current
    ),

    -- A data set may reach further back than the tool, whose own series start without a change (comparators.md section 6).
    tool_start as (
        select indicator_id, min(period_end) as period_end from {{ ref('int_lait__label') }} group by indicator_id
    )

select
    cast(
        row_number() over (
            order by cell.indicator_id, cell.breakdown_type, cell.breakdown_value, cell.period_end, cell.period_id
        ) as integer
    ) as cell_key,
    cast(dense_rank() over (order by cell.indicator_id, cell.breakdown_type, cell.breakdown_value) as integer) as series_key,
    cell.indicator_id,
    cell.breakdown_type,
    cell.breakdown_value,
    cell.period_id,
    cell.period_end,
    cell.period_end = max(cell.period_end) over (
        partition by cell.indicator_id, cell.breakdown_type, cell.breakdown_value
    ) as is_latest,
    cell.breakdown_type = 'total' and tool_start.period_end is not null as is_first_of_tool
from cell
left join tool_start on cell.indicator_id = tool_start.indicator_id and cell.period_end = tool_start.period_end
