-- Postcodes without spaces, with grid reference in metres and the codes of the areas that they lie in.
with file as ({{ loaded_files('geography', 'postcodes') }})

select
    upper(replace(raw.pcd, ' ', '')) as postcode,
    -- A postcode without a place (0, or blank) is no place.
    nullif(try_cast(trim(raw.oseast1m) as integer), 0) as easting,
    nullif(try_cast(trim(raw.osnrth1m) as integer), 0) as northing,
    upper(trim(raw.laua)) as authority_code,
    nullif(upper(trim(raw.lsoa11)), '') as lsoa_2011,
    nullif(upper(trim(raw.lsoa21)), '') as lsoa_2021,
    nullif(upper(trim(raw.osward)), '') as ward_code,
    file.vintage_id
from {{ source('geography', 'postcodes') }} as raw
inner join file on raw._file_id = file.file_id
where file.is_in_use
qualify row_number() over (
    partition by upper(replace(raw.pcd, ' ', '')) order by file.vintage_id desc, raw._row_number
) = 1
