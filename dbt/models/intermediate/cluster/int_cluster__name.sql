-- Clusters under the name and kind that they had last, one row each, in being or not.
select
    {{ cluster_code('cluster_id') }} as area_code,
    cluster_name as area_name,
    kind,
    min(valid_from) over (partition by cluster_id) as valid_from,
    max(valid_to) over (partition by cluster_id) as valid_to,
    max(valid_to) over (partition by cluster_id) <> cast('9999-12-31' as date) as is_former,
    case when successor_id is not null then {{ cluster_code('successor_id') }} end as successor_area_codes
from {{ ref('stg_geography__clusters') }}
qualify row_number() over (partition by cluster_id order by valid_to desc) = 1
