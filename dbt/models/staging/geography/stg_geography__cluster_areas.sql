-- The cluster of each small area, from when to when.
with file as ({{ loaded_files('geography', 'cluster_areas') }})

select
    trim(raw.cluster_id) as cluster_id,
    lower(replace(trim(raw.area_type), ' ', '')) as area_type,
    upper(trim(raw.area_code)) as area_code,
    {{ dated_from('raw.valid_from') }} as valid_from,
    {{ dated_to('raw.valid_to') }} as valid_to,
    file.vintage_id
from {{ source('geography', 'cluster_areas') }} as raw
inner join file on raw._file_id = file.file_id
where file.is_in_use
