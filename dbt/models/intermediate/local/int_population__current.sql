-- The newest vintage of each area's population aged 0 to 17 at each mid-year.
select
    area.area_code,
    staged.mid_year,
    {{ published_number('staged.value_text') }} as population,
    staged.vintage_id
from {{ ref('stg_population__mid_year') }} as staged
inner join {{ ref('int_area__by_number') }} as area on staged.dfe_number = area.dfe_number
qualify row_number() over (
    partition by area.area_code, staged.mid_year
    order by staged.release desc, staged.issue_number desc, staged.vintage_id
) = 1
