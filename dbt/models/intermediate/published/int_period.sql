-- Every period that a published or local figure has, with the words printed for it.
with
    period as (
        select period_id, period_kind, period_start, period_end from {{ ref('int_published__value') }}
        union
        select period_id, period_kind, period_start, period_end from {{ ref('int_local__value') }}
    )

select
    period_id,
    period_kind,
    min(period_start) as period_start,
    period_end,
    {{ period_label('period_kind', 'min(period_start)', 'period_end') }} as period_label
from period
group by period_id, period_kind, period_end
