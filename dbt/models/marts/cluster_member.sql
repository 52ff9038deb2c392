select
    cluster_code as area_code,
    area_type as member_type,
    area_code as member_code,
    cast(null as varchar) as member_name,
    cast(null as integer) as easting,
    cast(null as integer) as northing,
    nullif(valid_from, cast('1900-01-01' as date)) as valid_from,
    nullif(valid_to, cast('9999-12-31' as date)) as valid_to,
    vintage_id
from {{ ref('int_cluster__area') }}

union all

select
    school.cluster_code as area_code,
    'school' as member_type,
    school.urn as member_code,
    school.school_name as member_name,
    place.easting,
    place.northing,
    nullif(school.valid_from, cast('1900-01-01' as date)) as valid_from,
    nullif(school.valid_to, cast('9999-12-31' as date)) as valid_to,
    school.vintage_id
from {{ ref('int_cluster__school') }} as school
left join {{ ref('stg_geography__postcodes') }} as place on school.postcode = place.postcode
order by member_type, member_code, valid_from nulls first, area_code
