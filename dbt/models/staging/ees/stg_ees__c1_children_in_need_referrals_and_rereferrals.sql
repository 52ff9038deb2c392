-- "Reporting year" N is the year ending on 31 March N. Percentages are of referrals, save the one of children.
with
    file as ({{ loaded_files('ees', 'c1_children_in_need_referrals_and_rereferrals') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }})

select
    {{ ees_dfe_number('raw', 'region') }} as dfe_number,
    trim(raw.time_period) as published_label,
    cast(concat(trim(raw.time_period), '-03-31') as date) as period_end,
    raw.referral_count,
    raw.rereferral_count,
    raw.rereferral_percent,
    raw.no_further_action_count,
    raw.no_further_action_percent,
    raw.not_in_need_count,
    raw.not_in_need_percent,
    raw.referral_child_count,
    raw.rereferral_child_count,
    raw.rereferral_child_percent,
    'published' as release_status,
    file.vintage_id,
    file.release,
    file.issue_number
from {{ source('ees', 'c1_children_in_need_referrals_and_rereferrals') }} as raw
inner join file on raw._file_id = file.file_id
left join region on trim(raw.region_code) = region.area_code
where raw.geographic_level in ('National', 'Regional', 'Local authority')
