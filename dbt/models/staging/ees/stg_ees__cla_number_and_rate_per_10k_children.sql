-- "Reporting year" N of this data set is 31 March N (stock) or the year ending then (flows).
with
    file as ({{ loaded_files('ees', 'cla_number_and_rate_per_10k_children') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }})

select
    {{ ees_dfe_number('raw', 'region') }} as dfe_number,
    trim(raw.time_period) as published_label,
    cast(concat(trim(raw.time_period), '-03-31') as date) as period_end,
    trim(raw.population_type) as population_type,
    raw.population_estimate,
    raw.children_count,
    raw.rate_per_10000,
    'published' as release_status,
    file.vintage_id,
    file.release,
    file.issue_number
from {{ source('ees', 'cla_number_and_rate_per_10k_children') }} as raw
inner join file on raw._file_id = file.file_id
left join region on trim(raw.region_code) = region.area_code
where raw.geographic_level in ('National', 'Regional', 'Local authority')
