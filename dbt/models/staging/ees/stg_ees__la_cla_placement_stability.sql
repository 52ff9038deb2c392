-- "Reporting year" N is the year ending on 31 March N. The number that a percentage is of stands in a row of its own,
-- "Total children" of the same group; it is carried to every row of the group.
with
    file as ({{ loaded_files('ees', 'la_cla_placement_stability') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }}),

    row_of_area as (
        select
            {{ ees_dfe_number('raw', 'region') }} as dfe_number,
            trim(raw.time_period) as published_label,
            cast(concat(trim(raw.time_period), '-03-31') as date) as period_end,
            trim(raw.cla_group) as cla_group,
            trim(raw.placement_stability) as placement_stability,
            raw.children_count,
            raw.children_percent,
            file.vintage_id,
            file.release,
            file.issue_number,
            raw._file_id
        from {{ source('ees', 'la_cla_placement_stability') }} as raw
        inner join file on raw._file_id = file.file_id
        left join region on trim(raw.region_code) = region.area_code
        where raw.geographic_level in ('National', 'Regional', 'Local authority')
    ),

    with_total as (
        select
            *,
            max(case when placement_stability = 'Total children' then children_count end) over (
                partition by _file_id, published_label, dfe_number, cla_group
            ) as total_count
        from row_of_area
    )

select
    dfe_number,
    published_label,
    period_end,
    cla_group,
    placement_stability,
    children_count,
    children_percent,
    -- A share without its total has no base, so it has no numerator either.
    case when {{ published_number('total_count') }} is not null then children_count end as numerator_count,
    total_count as denominator_count,
    'published' as release_status,
    vintage_id,
    release,
    issue_number
from with_total
