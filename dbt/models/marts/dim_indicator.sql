select
    indicator_id,
    indicator_name,
    topic,
    unit,
    cast(decimals as integer) as decimals,
    polarity,
    -- An indicator whose published labels cover three years rolls; its kind follows them.
    coalesce(held.period_kind, catalogue.period_kind) as period_kind,
    year_kind as year_type,
    definition,
    numerator_definition,
    denominator_definition,
    source_id,
    basis,
    report_section,
    show_quartile,
    lait_short_desc,
    case when lower(update_words) like '%discontinue%' then 'discontinued' else 'active' end as status,
    next_update
from {{ ref('int_indicator__catalogue') }} as catalogue
left join
    (select indicator_id as held_indicator_id, min(period_kind) as period_kind from {{ ref('int_published__value') }} group by 1)
        as held
    on catalogue.indicator_id = held.held_indicator_id
order by indicator_id
