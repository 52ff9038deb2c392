with
    figure as (
        select
            told.*,
            indicator.unit,
            concat(told.period_kind, '_', cast(told.period_end as varchar)) as period_id,
            {{ exact_sum('told.top', window='partition by ' ~ cluster_cell()) }} as city_top,
            {{ exact_sum('told.base', window='partition by ' ~ cluster_cell()) }} as city_base,
            coalesce(
                {{ exact_sum(
                    "case when told.area_key = 'not_known' and told.breakdown_type = 'total' then coalesce(told.base, told.top) else 0 end",
                    window='partition by ' ~ cluster_table()
                ) }}
                / nullif(
                    {{ exact_sum(
                        "case when told.breakdown_type = 'total' then coalesce(told.base, told.top) else 0 end",
                        window='partition by ' ~ cluster_table()
                    ) }},
                    0
                ),
                0
            ) as unplaced_share
        from {{ ref('int_cluster__figure') }} as told
        inner join {{ ref('int_indicator__catalogue') }} as indicator on told.indicator_id = indicator.indicator_id
    ),

    -- A cluster in being without anybody is a row as well: nought is not nothing.
    whole as (
        select distinct membership_basis, indicator_id, kind, unit, period_kind, period_start, period_end, period_id, member_day, city_top, city_base, unplaced_share
        from figure
        where breakdown_type = 'total'
    ),

    nobody as (
        select
            whole.*,
            cluster.cluster_code as area_key
        from whole
        inner join (
            select {{ cluster_code('cluster_id') }} as cluster_code, kind, valid_from, valid_to
            from {{ ref('stg_geography__clusters') }}
        ) as cluster
            on whole.member_day between cluster.valid_from and cluster.valid_to
            -- A cluster of schools all over the city has no homes of its own.
            and (cluster.kind = 'area' or whole.membership_basis = 'school')
        left join figure
            on whole.membership_basis = figure.membership_basis
            and whole.indicator_id = figure.indicator_id
            and whole.period_id = figure.period_id
            and figure.breakdown_type = 'total'
            and cluster.cluster_code = figure.area_key
        where figure.area_key is null
    ),

    counted as (
        select
            membership_basis, indicator_id, kind, unit, period_kind, period_start, period_end, period_id, area_key, breakdown_type,
            breakdown_value, top, base, city_top, city_base, unplaced_share, vintage_id
        from figure
        union all
        select
            membership_basis, indicator_id, kind, unit, period_kind, period_start, period_end, period_id, area_key,
            'total' as breakdown_type, 'total' as breakdown_value, 0 as top, case when city_base is not null then 0 end as base,
            city_top, city_base, unplaced_share, 'none' as vintage_id
        from nobody
    ),

    valued as (
        select
            counted.*,
            case kind
                when 'count' then top
                when 'share' then 100.0 * top / nullif(base, 0)
                when 'mean' then top / nullif(base, 0)
            end as value,
            case kind
                when 'count' then city_top
                when 'share' then 100.0 * city_top / nullif(city_base, 0)
                when 'mean' then city_top / nullif(city_base, 0)
            end as city_value,
            -- What chance alone would do to the share of so many people, were it that of the city.
            kind = 'share' and unit = 'percent' and base > 0 and city_top between 0 and city_base
            and indicator_id not in ('{{ ids_of_sessions() | join("', '") }}') as is_of_people,
            base * city_top / nullif(city_base, 0) as expected
        from counted
        cross join {{ source('settings', 'threshold') }} as threshold
        -- Where so many cannot be placed, the parts say nothing about the clusters.
        where counted.unplaced_share <= threshold.unplaced_limit
    ),

    limited as (
        select
            valued.*,
            {% for name, quantile in {'95': normal_quantile(), '998': '3.090232306167813'}.items() -%}
            {% for side in ['lower', 'upper'] -%}
            case
                when is_of_people
                    -- The formula misses 0 and 100 by rounding.
                    then least(100.0, greatest(0.0, 100.0 * {% if side == 'lower' %}{{ wilson_lower('expected', 'base', quantile) }}{% else %}{{ wilson_upper('expected', 'base', quantile) }}{% endif %}))

            end as limit_{{ side }}_{{ name }}{{ ',' if not (side == 'upper' and name == '998') }}
            {% endfor -%}
            {% endfor %}
        from valued
    )

select
    indicator_id,
    area_key as area_code,
    period_id,
    membership_basis,
    breakdown_type,
    breakdown_value,
    value,
    case when kind <> 'count' or base is not null then top end as numerator,
    base as denominator,
    case when kind = 'count' or base > 0 then 'ok' else 'empty_denominator' end as value_status,
    city_value,
    limit_lower_95,
    limit_upper_95,
    limit_lower_998,
    limit_upper_998,
    case
        when limit_lower_95 is null then null
        when value < limit_lower_998 then 'far_below'
        when value > limit_upper_998 then 'far_above'
        when value < limit_lower_95 then 'below'
        when value > limit_upper_95 then 'above'
        else 'within'
    end as funnel_position,
    unplaced_share,
    {{ period_label('period_kind', 'period_start', 'period_end') }} as period_label,
    period_start,
    period_end,
    vintage_id
from limited
order by indicator_id, period_id, membership_basis, breakdown_type, breakdown_value, area_code
