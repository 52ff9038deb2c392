-- Outlines of clusters, small areas and wards as supplied: a GeoJSON geometry each.
select
    'cluster' as layer,
    trim(raw.cluster_id) as area_code,
    trim(raw.cluster_name) as area_name,
    raw.geometry,
    file.vintage_id
from {{ source('geography', 'cluster_boundaries') }} as raw
inner join ({{ loaded_files('geography', 'cluster_boundaries') }}) as file on raw._file_id = file.file_id
where file.is_in_use
union all
select
    file.layout as layer,
    upper(trim(raw.area_code)) as area_code,
    trim(raw.area_name) as area_name,
    raw.geometry,
    file.vintage_id
from {{ source('geography', 'area_boundaries') }} as raw
inner join ({{ loaded_files('geography', 'area_boundaries') }}) as file on raw._file_id = file.file_id
where file.is_in_use
