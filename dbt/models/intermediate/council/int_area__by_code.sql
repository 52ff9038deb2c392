-- Every way a file of the council may name an authority, a region or England: the nine-character code in force today, a
-- former one, or the DfE number.
with
    area as (select dfe_number, area_code, area_type from {{ ref('int_area__by_number') }})

select area_code as code, area_code, dfe_number, area_type from area
union
select history.area_code as code, area.area_code, area.dfe_number, area.area_type
from {{ ref('area_code_history') }} as history
inner join area on history.dfe_number = area.dfe_number
union
select cast(dfe_number as varchar) as code, area_code, dfe_number, area_type from area
