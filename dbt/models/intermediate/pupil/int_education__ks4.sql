-- Pupils at the end of key stage 4, one row each. Progress 8 is the distance to the national mean of pupils with the same results at
-- key stage 2, in tenths of a point of Attainment 8; without DfE's table of the year there is none.
select
    result.academic_year,
    result.vintage_id,
    result.att8 as attainment_8,
    case
        when coalesce(result.p8_included, 1) = 1 then (result.att8 - national.attainment_8_mean) / 10
    end as progress_8,
    coalesce(result.l2basics_95 = 1, false) as is_english_and_maths_5,
    coalesce(result.l2basics_94 = 1, false) as is_english_and_maths_4,
    coalesce(result.ebacc_entered = 1, false) as is_ebacc_entered,
    result.ebacc_aps,
    {{ result_parts() }}
{{ result_rows(ref('stg_results__ks4')) }}
left join
    {{ source('settings', 'progress_8') }} as national
    on result.academic_year = national.academic_year and result.ks2_prior = national.ks2_prior
where coalesce(result.end_ks4_flag, 1) = 1
