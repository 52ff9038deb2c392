-- "Calendar year" N of the scorecard: shares of activity are the mean of December N-1, January N and February N, and
-- participation is March N, so both belong to the year that ends on 31 March N. The September Guarantee printed beside
-- them is that of September N-1, which is its own period.
with
    file as ({{ loaded_files('ees', 'neet_la_scorecard') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }})

select
    {{ ees_dfe_number('raw', 'region') }} as dfe_number,
    trim(raw.time_period) as published_label,
    cast(concat(trim(raw.time_period), '-03-31') as date) as period_end,
    cast(concat(cast(cast(trim(raw.time_period) as integer) - 1 as varchar), '-09-30') as date) as september_period_end,
    raw.cohort_djfavg as cohort_december_to_february,
    raw.neet_percent,
    raw.notknown_percent as not_known_percent,
    raw.neet_not_known_percent,
    raw.cohort_march,
    raw.total_participating_in_education_and_training_percent as participation_percent,
    raw.september_guarantee_offer_made_percent as september_offer_percent,
    'published' as release_status,
    file.vintage_id,
    file.release,
    file.issue_number
from {{ source('ees', 'neet_la_scorecard') }} as raw
inner join file on raw._file_id = file.file_id
left join region on trim(raw.region_code) = region.area_code
where raw.geographic_level in ('National', 'Regional', 'Local authority')
