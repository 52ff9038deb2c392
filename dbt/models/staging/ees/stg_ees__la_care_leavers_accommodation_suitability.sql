-- "Reporting year" N is the year ending on 31 March N. The number that a percentage is of stands in a row of its own,
-- "Suitability total" of the same age; it is carried to every row of the age.
with
    file as ({{ loaded_files('ees', 'la_care_leavers_accommodation_suitability') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }}),

    row_of_area as (
        select
            {{ ees_dfe_number('raw', 'region') }} as dfe_number,
            trim(raw.time_period) as published_label,
            cast(concat(trim(raw.time_period), '-03-31') as date) as period_end,
            case trim(raw.care_leaver_age)
                when '17 to 18 years' then '17_to_18'
                when '19 to 21 years' then '19_to_21'
                else 'unknown_code'
            end as age_band,
            trim(raw.breakdown) as suitability,
            raw.care_leaver_count,
            raw.care_leaver_percent,
            file.vintage_id,
            file.release,
            file.issue_number,
            raw._file_id
        from {{ source('ees', 'la_care_leavers_accommodation_suitability') }} as raw
        inner join file on raw._file_id = file.file_id
        left join region on trim(raw.region_code) = region.area_code
        where raw.geographic_level in ('National', 'Regional', 'Local authority')
    ),

    with_total as (
        select
            *,
            max(case when suitability = 'Suitability total' then care_leaver_count end) over (
                partition by _file_id, published_label, dfe_number, age_band
            ) as total_count
        from row_of_area
    )

select
    dfe_number,
    published_label,
    period_end,
    age_band,
    suitability,
    care_leaver_count,
    care_leaver_percent,
    -- A share without its total has no base, so it has no numerator either.
    case when {{ published_number('total_count') }} is not null then care_leaver_count end as numerator_count,
    total_count as denominator_count,
    'published' as release_status,
    vintage_id,
    release,
    issue_number
from with_total
