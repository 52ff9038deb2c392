select
    period_id,
    period_kind,
    period_label,
    period_start,
    period_end,
    case
        when period_kind = 'snapshot' then 'snapshot'
        when extract(month from period_end) = 8 then 'academic'
        when extract(month from period_end) = 3 then 'financial'
        else 'calendar'
    end as year_kind,
    cast(row_number() over (order by period_end, period_id) as integer) as sort_order
from {{ ref('int_period') }}
order by period_end, period_id
