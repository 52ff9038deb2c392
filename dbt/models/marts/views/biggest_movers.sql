-- How far each authority moved between the latest period and the last one that may be compared with it. Sizes compare across
-- indicators: a change is divided by the distance between the quarters of all authorities in the latest period. Left out are
-- closed series, former authorities, and totals, whose change only says how large the authority is.
with
    moved as (
        select
            comparison.indicator_id,
            comparison.area_code,
            comparison.period_id,
            comparison.period_label,
            comparison.dfe_number,
            comparison.area_name,
            comparison.value,
            comparison.last_comparable_period_id,
            comparison.release_status,
            comparison.change_since_last_comparable as change,
            comparison.q75 - comparison.q25 as spread,
            -- Binary noise is no movement.
            round(comparison.change_since_last_comparable, 9) as movement,
            comparison.change_since_last_comparable / nullif(comparison.q75 - comparison.q25, 0) as size
        from {{ ref('indicator_comparison') }} as comparison
        inner join
            {{ ref('edition_scope') }} as scope
            on comparison.indicator_id = scope.indicator_id
            and comparison.period_id = scope.latest_period_id
        inner join {{ ref('dim_area') }} as area on comparison.area_code = area.area_code
        where not scope.is_closed and not area.is_former and not comparison.is_total
    )

select
    moved.indicator_id,
    indicator.indicator_name,
    indicator.topic,
    indicator.unit,
    indicator.polarity,
    moved.dfe_number,
    moved.area_code,
    moved.area_name,
    moved.period_id,
    moved.period_label,
    moved.value,
    moved.release_status,
    moved.last_comparable_period_id,
    earlier.period_label as last_comparable_period_label,
    earlier.value as last_comparable_value,
    moved.change,
    moved.spread,
    moved.size,
    case
        when indicator.polarity = 'neutral' or moved.movement = 0 then null
        when (moved.movement > 0) = (indicator.polarity = 'high') then 'improving'
        else 'worsening'
    end as meaning,
    cast(
        rank() over (partition by moved.area_code order by round(abs(moved.size), 9) desc) as integer
    ) as place_among_indicators,
    cast(
        rank() over (partition by moved.indicator_id order by round(abs(moved.size), 9) desc) as integer
    ) as place_among_authorities
from moved
inner join {{ ref('dim_indicator') }} as indicator on moved.indicator_id = indicator.indicator_id
inner join
    {{ ref('indicator_comparison') }} as earlier
    on moved.indicator_id = earlier.indicator_id
    and moved.area_code = earlier.area_code
    and moved.last_comparable_period_id = earlier.period_id
where moved.size is not null
