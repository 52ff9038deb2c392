-- One row per indicator, period and breakdown that has a current published figure anywhere, with a number to join on:
-- comparisons are made on numbers and carry the words only at the end.
with
    cell as (
        select distinct indicator_id, breakdown_type, breakdown_value, period_id, period_end
        from {{ ref('int_published__value') }}
        where is_current
    )

select
    cast(row_number() over (order by indicator_id, breakdown_type, breakdown_value, period_end, period_id) as integer) as cell_key,
    cast(dense_rank() over (order by indicator_id, breakdown_type, breakdown_value) as integer) as series_key,
    indicator_id,
    breakdown_type,
    breakdown_value,
    period_id,
    period_end,
    period_end = max(period_end) over (partition by indicator_id, breakdown_type, breakdown_value) as is_latest
from cell
