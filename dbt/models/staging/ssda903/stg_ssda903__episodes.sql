-- Episodes of care of the returns in use, year-end returns and cuts within the year. A key stands for the child, another for the
-- placement: the same kind of placement at the same address and provider. Postcodes become what is counted of them, whether the
-- child lives in the authority, how far from home, and the small area of the home before care, and go no further.
{%- set joins %}
left join {{ ref('stg_geography__postcodes') }} as home on upper(replace(raw.home_post, ' ', '')) = home.postcode
left join {{ ref('stg_geography__postcodes') }} as placed on upper(replace(raw.pl_post, ' ', '')) = placed.postcode
{%- endset %}
with own_code as ({{ own_codes() }})

select
    {{ return_columns() }},
    {{ return_date('raw.decom') }} as episode_start_date,
    upper(trim(raw.rne)) as new_episode_reason_code,
    upper(trim(raw.ls)) as legal_status_code,
    upper(trim(raw.cin)) as category_of_need_code,
    upper(trim(raw.place)) as placement_type_code,
    upper(trim(raw.place_provider)) as placement_provider_code,
    {{ return_date('raw.dec') }} as episode_end_date,
    upper(trim(raw.rec)) as ceased_reason_code,
    {{ pseudonym("concat(coalesce(trim(raw.place), ''), '|', replace(coalesce(raw.pl_post, ''), ' ', ''), '|', coalesce(trim(raw.urn), ''))") }} as placement_key,
    -- Wales, Scotland and Northern Ireland are outside; a postcode that no directory holds is not known.
    case
        when placed.authority_code is not null then placed.authority_code in (select area_code from own_code)
    end as is_placed_inside,
    {{ miles_between('home.easting', 'home.northing', 'placed.easting', 'placed.northing') }} as distance_miles,
    home.authority_code as home_authority_code,
    home.lsoa_2011 as home_lsoa_2011,
    home.lsoa_2021 as home_lsoa_2021,
    nullif(trim(raw.home_post), '') is not null as has_home
{{ return_rows('episodes', joins) }}
