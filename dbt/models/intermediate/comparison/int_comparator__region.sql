-- The region row that each region's authorities are compared with, by series. London authorities use Inner or Outer London;
-- where that row has no value in the series' latest period, London stands for every period of the series.
with
    series as (select distinct series_key from {{ ref('int_comparator__cell') }}),

    has_latest as (
        select wide_area.series_key, wide_area.dfe_number
        from {{ ref('int_comparator__wide_area') }} as wide_area
        inner join {{ ref('int_comparator__cell') }} as cell on wide_area.cell_key = cell.cell_key
        where cell.is_latest and wide_area.value is not null
    ),

    region as (
        select own.dfe_number, coalesce(parent.dfe_number, own.dfe_number) as wider_dfe_number
        from {{ ref('regions') }} as own
        left join {{ ref('regions') }} as parent on own.parent_dfe_number = parent.dfe_number and parent.area_type = 'region'
        where own.area_type = 'region'
    )

select
    series.series_key,
    region.dfe_number as own_region_dfe_number,
    case when has_latest.dfe_number is not null then region.dfe_number else region.wider_dfe_number end as region_dfe_number
from series
cross join region
left join has_latest on series.series_key = has_latest.series_key and region.dfe_number = has_latest.dfe_number
