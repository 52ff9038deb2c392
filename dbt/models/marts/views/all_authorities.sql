-- The latest figures of an indicator for all authorities. A former authority is left out where any successor has a figure:
-- it would stand beside those who took its place, as in rank_live.
with
    figure as (
        select
            comparison.indicator_id,
            comparison.area_code,
            comparison.period_id,
            comparison.period_label,
            comparison.dfe_number,
            comparison.area_name,
            area.region_area_code,
            area.is_former,
            area.successor_area_codes,
            comparison.value,
            comparison.value_status,
            comparison.release_status,
            comparison.rank_live,
            comparison.rank_live_of,
            comparison.quartile_live,
            comparison.region_value,
            comparison.england_value,
            comparison.q50,
            scope.is_closed
        from {{ ref('indicator_comparison') }} as comparison
        inner join
            {{ ref('edition_scope') }} as scope
            on comparison.indicator_id = scope.indicator_id
            and comparison.period_id = scope.latest_period_id
        inner join {{ ref('dim_area') }} as area on comparison.area_code = area.area_code
    ),

    succeeded as (
        select distinct former.indicator_id, former.area_code
        from figure as former
        inner join
            figure as successor
            on former.indicator_id = successor.indicator_id
            and former.successor_area_codes like concat('%', successor.area_code, '%')
        where former.is_former and successor.value is not null
    )

select
    figure.indicator_id,
    indicator.indicator_name,
    indicator.unit,
    indicator.polarity,
    figure.dfe_number,
    figure.area_code,
    figure.area_name,
    region.area_name as region_name,
    figure.period_id,
    figure.period_label,
    figure.value,
    figure.value_status,
    figure.release_status,
    figure.rank_live,
    figure.rank_live_of,
    figure.quartile_live,
    figure.region_value,
    figure.england_value,
    figure.q50 as median_of_authorities,
    figure.is_closed
from figure
inner join {{ ref('dim_indicator') }} as indicator on figure.indicator_id = indicator.indicator_id
left join {{ ref('dim_area') }} as region on figure.region_area_code = region.area_code
left join
    succeeded
    on figure.indicator_id = succeeded.indicator_id
    and figure.area_code = succeeded.area_code
where succeeded.area_code is null
