with
    value as (
        select
            indicator_id, area_code, period_id, period_start, period_end, published_label, breakdown_type,
            breakdown_value, 'published' as source_kind, vintage_id, value, numerator, denominator, ci_lower, ci_upper,
            value_status, release_status, is_current
        from {{ ref('int_published__value') }}
        union all
        select
            indicator_id, area_code, period_id, period_start, period_end, published_label, breakdown_type,
            breakdown_value, 'local' as source_kind, vintage_id, value, numerator, denominator,
            cast(null as double) as ci_lower, cast(null as double) as ci_upper,
            value_status, release_status, true as is_current
        from {{ ref('int_local__value') }}
        union all
        select
            indicator_id, area_code, period_id, period_start, period_end, cast(period_end as varchar) as published_label,
            breakdown_type, breakdown_value, 'council' as source_kind, vintage_id, value, numerator, denominator,
            cast(null as double) as ci_lower, cast(null as double) as ci_upper,
            value_status, release_status, is_current
        from {{ ref('int_council__figure') }}
    )

select
    value.indicator_id,
    value.area_code,
    value.period_id,
    value.breakdown_type,
    value.breakdown_value,
    value.source_kind,
    value.vintage_id,
    value.value,
    value.numerator,
    value.denominator,
    -- The publisher's interval where there is one; a suppressed or unreliable figure has none.
    case
        when value.value_status = 'ok'
            then coalesce(value.ci_lower, {{ interval_limit('lower', 'catalogue.unit', 'value.numerator', 'value.denominator', 'exact') }})
    end as ci_lower,
    case
        when value.value_status = 'ok'
            then coalesce(value.ci_upper, {{ interval_limit('upper', 'catalogue.unit', 'value.numerator', 'value.denominator', 'exact') }})
    end as ci_upper,
    value.value_status,
    value.release_status,
    value.is_current,
    coalesce(comparability.comparability, 'ok') as comparability,
    period.period_label,
    value.published_label,
    value.period_start,
    value.period_end
from value
inner join {{ ref('int_period') }} as period on value.period_id = period.period_id
inner join {{ ref('int_indicator__catalogue') }} as catalogue on value.indicator_id = catalogue.indicator_id
left join {{ ref('poisson_limits') }} as exact on value.numerator = exact.events
left join
    {{ ref('int_indicator__comparability') }} as comparability
    on value.indicator_id = comparability.indicator_id
    and value.period_end = comparability.period_end
order by value.indicator_id, value.period_end, value.area_code, value.breakdown_type, value.breakdown_value, value.vintage_id
