-- The labels of each file and indicator with the period they mean. A file that prints one period twice, provisional and
-- revised, stands for its later word.
with
    label as (
        select distinct short_desc, vintage_id, published_label from {{ ref('stg_lait__indicator_value') }}
    )

select
    label.short_desc,
    label.vintage_id,
    label.published_label,
    catalogue.indicator_id,
    period.period_kind,
    period.period_start,
    period.period_end,
    concat(period.period_kind, '_', cast(period.period_end as varchar)) as period_id,
    period.release_status
from label
inner join {{ ref('int_indicator__catalogue') }} as catalogue on label.short_desc = catalogue.lait_short_desc
inner join
    {{ ref('int_lait__period') }} as period
    on catalogue.year_kind = period.year_kind
    and label.published_label = period.published_label
qualify row_number() over (
    partition by label.short_desc, label.vintage_id, period.period_kind, period.period_end
    order by
        case period.release_status when 'final' then 1 when 'revised' then 2 when 'published' then 3 else 4 end,
        label.published_label
) = 1
