-- Published headline values only: LAIT where it holds the period, else the newest vintage of the data set. Local values
-- stand beside and never enter a mean, a rank or a quantile.
with
    newest_list as (
        select max(group_version) as group_version
        from {{ ref('int_comparator__member') }}
        where group_id = 'statistical_neighbours'
    ),

    chosen_list as (
        select case when council.neighbours = 'newest' then newest_list.group_version else council.neighbours end as group_version
        from {{ source('settings', 'council') }} as council
        cross join newest_list
    ),

    headline as (
        select
            cell.cell_key,
            cell.series_key,
            cell.period_end,
            cell.is_latest,
            authorities.dfe_number,
            authorities.area_name,
            authorities.region_dfe_number,
            value.indicator_id,
            value.area_code,
            value.period_id,
            value.published_label,
            value.value,
            value.release_status,
            value.value_status,
            value.vintage_id
        from {{ ref('int_published__value') }} as value
        inner join {{ ref('authorities') }} as authorities on value.area_code = authorities.area_code
        inner join
            {{ ref('int_comparator__cell') }} as cell
            on value.indicator_id = cell.indicator_id
            and value.period_id = cell.period_id
            and cell.breakdown_type = 'total'
        where value.is_current and value.breakdown_type = 'total'
        -- In the order of the file before the sixty columns are joined on, which is cheaper than after.
        order by cell.cell_key, value.area_code
    ),

    england as (
        select * from {{ ref('int_comparator__wide_area') }} where area_type = 'england'
    ),

    list as (
        select
            list.dfe_number,
            chosen_list.group_version,
            max(list.list_key) filter (
                where list.group_id = 'statistical_neighbours' and list.group_version = chosen_list.group_version
            ) as neighbours,
            max(list.list_key) filter (where list.group_id = 'core_cities_all') as core_cities_all,
            max(list.list_key) filter (where list.group_id = 'core_cities_others') as core_cities_others
        from {{ ref('int_comparator__list') }} as list
        cross join chosen_list
        group by list.dfe_number, chosen_list.group_version
    ),

    local_value as (
        select indicator_id, area_code, period_id, value, release_status
        from {{ ref('int_local__value') }}
        where breakdown_type = 'total'
    )

select
    headline.indicator_id,
    headline.area_code,
    headline.period_id,
    cast(headline.dfe_number as integer) as dfe_number,
    headline.area_name,
    catalogue.lait_short_desc,
    period.period_label,
    headline.published_label,
    headline.period_end,
    headline.is_latest,
    headline.value,
    change.previous_period_id,
    change.period_gap,
    change.change,
    case when change.change > 0 then 'up' when change.change < 0 then 'down' when change.change = 0 then 'flat' end as trend,
    change.change_since_last_comparable,
    change.last_comparable_period_id,
    coalesce(headline.period_id like 'rolling3%' and change.period_gap < 3, false) as periods_overlap,
    change.direction,
    change.direction_periods,
    change.direction_from_period_id,
    -- A figure of England above that of every authority is a total; where it cannot be seen, the unit tells.
    coalesce(england.value > quantile.q100, catalogue.unit = 'count') as is_total,
    region_value.value as region_value,
    region_value.change as region_change,
    england.value as england_value,
    england.change as england_change,
    list.group_version as sn_group_version,
    neighbours.value as sn_average,
    coalesce(neighbours.members_used, 0) as sn_count,
    neighbours.change as sn_change,
    core_all.value as core_city_average_all,
    coalesce(core_all.members_used, 0) as core_city_count_all,
    core_others.value as core_city_average_others,
    coalesce(core_others.members_used, 0) as core_city_count_others,
    rank.rank,
    coalesce(quantile.rank_of, 0) as rank_of,
    rank.rank_live,
    coalesce(quantile.rank_live_of, 0) as rank_live_of,
    case when catalogue.polarity = 'neutral' or not catalogue.show_quartile then '-' else rank.quartile end as quartile,
    case when catalogue.polarity = 'neutral' or not catalogue.show_quartile then '-' else rank.quartile_live end as quartile_live,
    quantile.q0,
    quantile.q25,
    quantile.q50,
    quantile.q75,
    quantile.q100,
    local_value.value as local_value,
    local_value.release_status as local_release_status,
    headline.release_status,
    headline.value_status,
    headline.vintage_id
from headline
inner join {{ ref('int_indicator__catalogue') }} as catalogue on headline.indicator_id = catalogue.indicator_id
inner join {{ ref('int_period') }} as period on headline.period_id = period.period_id
inner join list on headline.dfe_number = list.dfe_number
left join
    {{ ref('int_comparator__region') }} as region
    on headline.series_key = region.series_key
    and headline.region_dfe_number = region.own_region_dfe_number
left join
    {{ ref('int_comparator__wide_area') }} as region_value
    on headline.cell_key = region_value.cell_key
    and region.region_dfe_number = region_value.dfe_number
left join england on headline.cell_key = england.cell_key
left join
    {{ ref('int_comparator__list_mean') }} as neighbours
    on headline.cell_key = neighbours.cell_key
    and list.neighbours = neighbours.list_key
left join
    {{ ref('int_comparator__list_mean') }} as core_all
    on headline.cell_key = core_all.cell_key
    and list.core_cities_all = core_all.list_key
left join
    {{ ref('int_comparator__list_mean') }} as core_others
    on headline.cell_key = core_others.cell_key
    and list.core_cities_others = core_others.list_key
left join
    {{ ref('int_comparison__change') }} as change
    on headline.cell_key = change.cell_key
    and headline.dfe_number = change.dfe_number
left join
    {{ ref('int_comparison__rank') }} as rank
    on headline.cell_key = rank.cell_key
    and headline.dfe_number = rank.dfe_number
left join {{ ref('int_comparison__quantile') }} as quantile on headline.cell_key = quantile.cell_key
left join
    local_value
    on headline.indicator_id = local_value.indicator_id
    and headline.area_code = local_value.area_code
    and headline.period_id = local_value.period_id
