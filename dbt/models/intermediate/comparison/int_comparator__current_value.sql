-- Current published values of all areas, narrow: what every comparison stands on.
select
    cell.cell_key,
    cell.series_key,
    cell.is_first_of_tool,
    area.dfe_number,
    area.area_type,
    value.value,
    value.value_status,
    -- The order of finality, so that a comparator can say the least final word among its members.
    case value.release_status when 'provisional' then 1 when 'revised' then 2 when 'final' then 3 else 4 end as status_order
from {{ ref('int_published__value') }} as value
inner join
    {{ ref('int_comparator__cell') }} as cell
    on value.indicator_id = cell.indicator_id
    and value.period_id = cell.period_id
    and value.breakdown_type = cell.breakdown_type
    and value.breakdown_value = cell.breakdown_value
inner join {{ ref('int_area__by_number') }} as area on value.area_code = area.area_code
where value.is_current
order by cell.cell_key, area.dfe_number
