-- Children aged 0 to 17 by area and mid-year, from either layout. A Nomis download holds bands beside single years and
-- percentages beside values: only single years 0 to 17, all persons and values are added up.
with
    ees_file as ({{ loaded_files('population', 'ees_mid_year') }}),

    nomis_file as ({{ loaded_files('population', 'nomis_mid_year') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }}),

    history as (
        select area_code, dfe_number from {{ ref('area_code_history') }}
        union
        select area_code, dfe_number from {{ ref('authorities') }}
        union
        select area_code, dfe_number from region
    ),

    ees_tidy as (
        select
            {{ ees_dfe_number('raw', 'region') }} as dfe_number,
            cast(trim(raw.time_period) as integer) as mid_year,
            cast(raw.population_estimate as varchar) as value_text,
            ees_file.vintage_id,
            ees_file.release,
            ees_file.issue_number
        from {{ source('population', 'ees_mid_year') }} as raw
        inner join ees_file on raw._file_id = ees_file.file_id
        left join region on trim(raw.region_code) = region.area_code
        where raw.geographic_level in ('National', 'Regional', 'Local authority')
            and trim(raw.age_group) = 'Children aged 0 to 17 years'
    ),

    nomis as (
        select
            history.dfe_number,
            cast(left(trim(raw.date), 4) as integer) as mid_year,
            cast(sum(cast({{ published_number('raw.obs_value') }} as decimal(18, 0))) as varchar) as value_text,
            nomis_file.vintage_id,
            nomis_file.release,
            nomis_file.issue_number
        from {{ source('population', 'nomis_mid_year') }} as raw
        inner join nomis_file on raw._file_id = nomis_file.file_id
        inner join history on trim(raw.geography_code) = history.area_code
        where try_cast(raw.c_age as integer) between 101 and 118
            and trim(raw.gender_name) = 'Total'
            and trim(raw.measures_name) = 'Value'
        group by 1, 2, 4, 5, 6
        -- A sum over fewer than the eighteen single years is not the population aged 0 to 17.
        having count(distinct raw.c_age) = 18 and count({{ published_number('raw.obs_value') }}) = 18
    )

select * from ees_tidy
union all
select * from nomis
