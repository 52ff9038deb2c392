-- One row per child and year-end return.
with file as ({{ loaded_files('ssda903', 'header') }})

select
    cast(file.release as integer) as collection_year,
    upper(trim(raw.child)) as child_id,
    upper(trim(raw.sex)) as sex_code,
    {{ return_date('raw.dob') }} as birth_date,
    upper(trim(raw.ethnic)) as ethnic_code,
    file.vintage_id
from {{ source('ssda903', 'header') }} as raw
inner join file on raw._file_id = file.file_id
where file.is_in_use and file.as_at is null
