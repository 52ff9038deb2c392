-- Clusters as the council lists them, one row per period in which a name and kind held.
with file as ({{ loaded_files('geography', 'clusters') }})

select
    trim(raw.cluster_id) as cluster_id,
    trim(raw.cluster_name) as cluster_name,
    case lower(replace(replace(trim(raw.kind), '-', '_'), ' ', '_')) when 'city_wide' then 'city_wide' else 'area' end as kind,
    {{ dated_from('raw.valid_from') }} as valid_from,
    {{ dated_to('raw.valid_to') }} as valid_to,
    nullif(trim(raw.successor_id), '') as successor_id,
    file.vintage_id
from {{ source('geography', 'clusters') }} as raw
inner join file on raw._file_id = file.file_id
where file.is_in_use
