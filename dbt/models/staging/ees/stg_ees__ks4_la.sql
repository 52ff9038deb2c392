-- Key stage 4 by social care group. There is no row for all pupils, so this data set gives breakdowns and no headline.
with
    file as ({{ loaded_files('ees', 'ks4_la') }}),

    region as (select area_code, dfe_number from {{ ref('regions') }})

select
    {{ ees_dfe_number('raw', 'region') }} as dfe_number,
    trim(raw.time_period) as published_label,
    -- 202425 is the academic year 2024/25.
    cast(concat(cast(cast(left(trim(raw.time_period), 4) as integer) + 1 as varchar), '-08-31') as date) as period_end,
    case trim(raw.social_care_group)
        when 'CLA 12 months at 31 March' then 'cla_12_months'
        when 'CPPO at 31 March' then 'cppo'
        when 'CINO at 31 March' then 'cino'
        else 'unknown_code'
    end as social_care_group,
    lower(trim(raw.version)) as release_status,
    raw.t_pupils,
    raw.t_att8,
    raw.avg_att8,
    raw.t_l2basics_95,
    raw.pt_l2basics_95,
    raw.t_l2basics_94,
    raw.pt_l2basics_94,
    raw.t_ebacc_e_ptq_ee,
    raw.pt_ebacc_e_ptq_ee,
    raw.t_ebaccaps,
    raw.avg_ebaccaps,
    raw.t_inp8calc,
    raw.t_p8score,
    raw.avg_p8score,
    raw.p8score_ci_low,
    raw.p8score_ci_upp,
    file.vintage_id,
    file.release,
    file.issue_number
from {{ source('ees', 'ks4_la') }} as raw
inner join file on raw._file_id = file.file_id
left join region on trim(raw.region_code) = region.area_code
where raw.geographic_level in ('National', 'Regional', 'Local authority')
