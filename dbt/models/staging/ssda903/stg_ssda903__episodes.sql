-- Episodes of care of the year-end returns. In-year cuts (folders with an as-at date) are another lane and not read here.
with file as ({{ loaded_files('ssda903', 'episodes') }})

select
    cast(file.release as integer) as collection_year,
    upper(trim(raw.child)) as child_id,
    {{ return_date('raw.decom') }} as episode_start_date,
    upper(trim(raw.rne)) as new_episode_reason_code,
    upper(trim(raw.ls)) as legal_status_code,
    upper(trim(raw.place)) as placement_type_code,
    {{ return_date('raw.dec') }} as episode_end_date,
    upper(trim(raw.rec)) as ceased_reason_code,
    file.vintage_id
from {{ source('ssda903', 'episodes') }} as raw
inner join file on raw._file_id = file.file_id
where file.is_in_use and file.as_at is null
