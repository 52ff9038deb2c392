-- "Reporting year" N is the year ending on 31 March N. The base of the percentage is the plans that started in it.
with
    file as ({{ loaded_files('ees', 'd3_cpps_subsequent_plan') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }})

select
    {{ ees_dfe_number('raw', 'region') }} as dfe_number,
    trim(raw.time_period) as published_label,
    cast(concat(trim(raw.time_period), '-03-31') as date) as period_end,
    raw.cpp_start,
    raw.cpp_subsequent,
    raw.cpp_subsequent_percent,
    'published' as release_status,
    file.vintage_id,
    file.release,
    file.issue_number
from {{ source('ees', 'd3_cpps_subsequent_plan') }} as raw
inner join file on raw._file_id = file.file_id
left join region on trim(raw.region_code) = region.area_code
where raw.geographic_level in ('National', 'Regional', 'Local authority')
