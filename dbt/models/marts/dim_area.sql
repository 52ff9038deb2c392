with
    former_code as (
        select history.dfe_number, {{ ordered_list('history.area_code') }} as former_area_codes
        from {{ ref('area_code_history') }} as history
        inner join {{ ref('authorities') }} as authorities on history.dfe_number = authorities.dfe_number
        where history.area_code <> authorities.area_code
        group by history.dfe_number
    ),

    successor as (
        select pair.former_dfe_number, {{ ordered_list('authorities.area_code') }} as successor_area_codes
        from {{ ref('authority_successors') }} as pair
        inner join {{ ref('authorities') }} as authorities on pair.successor_dfe_number = authorities.dfe_number
        group by pair.former_dfe_number
    )

select
    authorities.area_code,
    authorities.area_name,
    'authority' as area_type,
    cast(authorities.dfe_number as integer) as dfe_number,
    region.area_code as parent_area_code,
    region.area_code as region_area_code,
    authorities.authority_type,
    cast(authorities.valid_from as date) as valid_from,
    cast(authorities.valid_to as date) as valid_to,
    former_code.former_area_codes,
    authorities.valid_to is not null as is_former,
    successor.successor_area_codes,
    coalesce(council.authority = authorities.dfe_number, false) as is_own_authority
from {{ ref('authorities') }} as authorities
inner join {{ ref('regions') }} as region on authorities.region_dfe_number = region.dfe_number
left join former_code on authorities.dfe_number = former_code.dfe_number
left join successor on authorities.dfe_number = successor.former_dfe_number
left join {{ source('settings', 'council') }} as council on authorities.dfe_number = council.authority

union all

select
    region.area_code,
    region.area_name,
    region.area_type,
    cast(region.dfe_number as integer) as dfe_number,
    parent.area_code as parent_area_code,
    case when region.area_type = 'region' then region.area_code end as region_area_code,
    cast(null as varchar) as authority_type,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to,
    cast(null as varchar) as former_area_codes,
    false as is_former,
    cast(null as varchar) as successor_area_codes,
    false as is_own_authority
from {{ ref('regions') }} as region
left join {{ ref('regions') }} as parent on region.parent_dfe_number = parent.dfe_number

union all

select
    wards.area_code,
    wards.area_name,
    'ward' as area_type,
    cast(null as integer) as dfe_number,
    authorities.area_code as parent_area_code,
    region.area_code as region_area_code,
    cast(null as varchar) as authority_type,
    cast(wards.code_valid_from as date) as valid_from,
    cast(null as date) as valid_to,
    wards.former_area_code as former_area_codes,
    false as is_former,
    cast(null as varchar) as successor_area_codes,
    false as is_own_authority
from {{ ref('wards') }} as wards
inner join {{ ref('authorities') }} as authorities on wards.authority_dfe_number = authorities.dfe_number
inner join {{ ref('regions') }} as region on authorities.region_dfe_number = region.dfe_number

union all

select
    cluster.area_code,
    cluster.area_name,
    'cluster' as area_type,
    cast(null as integer) as dfe_number,
    authorities.area_code as parent_area_code,
    region.area_code as region_area_code,
    cast(null as varchar) as authority_type,
    nullif(cluster.valid_from, cast('1900-01-01' as date)) as valid_from,
    nullif(cluster.valid_to, cast('9999-12-31' as date)) as valid_to,
    cast(null as varchar) as former_area_codes,
    cluster.is_former,
    cluster.successor_area_codes,
    false as is_own_authority
from {{ ref('int_cluster__name') }} as cluster
cross join {{ source('settings', 'council') }} as council
inner join {{ ref('authorities') }} as authorities on council.authority = authorities.dfe_number
inner join {{ ref('regions') }} as region on authorities.region_dfe_number = region.dfe_number
order by area_type, area_code
