-- Every period that a figure has, with the words printed for it. The first day that a file of the council gives counts only
-- where no other source has the period: its files are written by hand.
with
    held as (
        select period_id, period_kind, period_start, period_end from {{ ref('int_published__value') }}
        union
        select period_id, period_kind, period_start, period_end from {{ ref('int_local__value') }}
    ),

    period as (
        select period_id, period_kind, period_start, period_end from held
        union
        select period_id, period_kind, period_start, period_end
        from {{ ref('int_council__figure') }}
        where period_id not in (select period_id from held)
    )

select
    period_id,
    period_kind,
    min(period_start) as period_start,
    period_end,
    {{ period_label('period_kind', 'min(period_start)', 'period_end') }} as period_label
from period
group by period_id, period_kind, period_end
