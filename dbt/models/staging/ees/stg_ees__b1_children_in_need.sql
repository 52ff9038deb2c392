-- "Reporting year" N is 31 March N (stock) or the year ending then. Counts of need are of episodes: a child may have two.
with
    file as ({{ loaded_files('ees', 'b1_children_in_need') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }})

select
    {{ ees_dfe_number('raw', 'region') }} as dfe_number,
    trim(raw.time_period) as published_label,
    cast(concat(trim(raw.time_period), '-03-31') as date) as period_end,
    raw.at31_episodes,
    raw.started_episodes,
    raw.ended_episodes,
    raw.anypoint_episodes,
    raw.started_child,
    raw.ended_child,
    raw.anypoint_child,
    'published' as release_status,
    file.vintage_id,
    file.release,
    file.issue_number
from {{ source('ees', 'b1_children_in_need') }} as raw
inner join file on raw._file_id = file.file_id
left join region on trim(raw.region_code) = region.area_code
where raw.geographic_level in ('National', 'Regional', 'Local authority')
