-- Children of each yearly return with the cluster of their home before care on the day of the count: that of the episode that began
-- last, for all episodes of one stay have the same home. An unaccompanied child without a home in the area has none, which is no fault
-- of the files. Nothing where the council supplies no clusters.
with
    lookup as (select * from {{ ref('int_cluster__lookup') }}),

    own_code as ({{ own_codes() }}),

    home as (
        select
            return_key,
            child_key,
            cast(concat(return_key, '-03-31') as date) as count_date,
            home_authority_code,
            home_lsoa_2011,
            home_lsoa_2021
        from {{ ref('stg_ssda903__episodes') }}
        where as_at is null
        qualify row_number() over (
            partition by return_key, child_key order by episode_start_date desc, source_row desc
        ) = 1
    ),

    unaccompanied as (select distinct return_key, child_key from {{ ref('stg_ssda903__uasc') }})

select
    home.return_key,
    home.child_key,
    case
        when home.home_authority_code in (select area_code from own_code) and lived.cluster_code is not null then lived.cluster_code
        when unaccompanied.child_key is not null then 'no_home_area'
        when home.home_authority_code is null then 'not_known'
        when home.home_authority_code not in (select area_code from own_code) then 'outside_area'
        else 'not_known'
    end as home_area
from home
cross join lookup
left join unaccompanied on home.return_key = unaccompanied.return_key and home.child_key = unaccompanied.child_key
left join
    {{ ref('int_cluster__area') }} as lived
    on {{ small_area_of('home') }} = lived.area_code
    and home.count_date between lived.valid_from and lived.valid_to
