-- The authority list of the newest release, as published: names and types to compare with the seed of authorities.
with
    file as ({{ loaded_files('lait', 'authority') }}),

    newest as (
        select file_id from file where is_in_use
        qualify row_number() over (order by release desc, issue_number desc, file_id) = 1
    )

select
    cast(try_cast(raw.la_number as double) as integer) as dfe_number,
    trim(raw.la_name) as area_name,
    nullif(trim(raw.region), 'NA') as region_name,
    nullif(trim(raw.la_type), 'NA') as authority_type
from {{ source('lait', 'authority') }} as raw
inner join newest on raw._file_id = newest.file_id
