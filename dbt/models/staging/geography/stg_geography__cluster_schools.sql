-- The cluster of each school, from when to when.
with file as ({{ loaded_files('geography', 'cluster_schools') }})

select
    trim(raw.cluster_id) as cluster_id,
    {{ whole_code('raw.urn') }} as urn,
    {{ dated_from('raw.valid_from') }} as valid_from,
    {{ dated_to('raw.valid_to') }} as valid_to,
    nullif(trim(raw.school_name), '') as school_name,
    upper(replace(raw.postcode, ' ', '')) as postcode,
    file.vintage_id
from {{ source('geography', 'cluster_schools') }} as raw
inner join file on raw._file_id = file.file_id
where file.is_in_use
