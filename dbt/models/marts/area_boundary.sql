select
    layer,
    case layer when 'cluster' then {{ cluster_code('area_code') }} else area_code end as area_code,
    area_name,
    geometry,
    vintage_id
from {{ ref('stg_geography__boundaries') }}
order by layer, area_code
