-- The place of each authority among those in being, period by period, and the places it gained since the last period that
-- may be compared. Neutral indicators have no places.
with
    place as (
        select
            indicator_id,
            area_code,
            period_id,
            period_label,
            period_end,
            dfe_number,
            area_name,
            value,
            last_comparable_period_id,
            rank_live,
            rank_live_of,
            quartile_live,
            rank,
            rank_of
        from {{ ref('indicator_comparison') }}
        where rank_live is not null
    )

select
    place.indicator_id,
    indicator.indicator_name,
    indicator.polarity,
    place.dfe_number,
    place.area_code,
    place.area_name,
    place.period_id,
    place.period_label,
    place.period_end,
    place.value,
    place.rank_live,
    place.rank_live_of,
    place.quartile_live,
    place.rank,
    place.rank_of,
    coalesce(state.comparability, 'ok') as comparability,
    case when earlier.rank_live is not null then place.last_comparable_period_id end as last_comparable_period_id,
    earlier.rank_live as earlier_rank_live,
    earlier.rank_live - place.rank_live as places_gained
from place
inner join {{ ref('dim_indicator') }} as indicator on place.indicator_id = indicator.indicator_id
left join
    {{ ref('series_break') }} as state
    on place.indicator_id = state.indicator_id
    and place.period_end = state.period_end
left join
    place as earlier
    on place.indicator_id = earlier.indicator_id
    and place.area_code = earlier.area_code
    and place.last_comparable_period_id = earlier.period_id
