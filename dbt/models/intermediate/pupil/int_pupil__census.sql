-- Pupils on roll at each census, one row per pupil: of several enrolments the sole or main one counts, then the one entered last. A
-- pupil without a number cannot be followed and stands for themselves.
with
    eligible as (
        select distinct period.enrolment_key
        from {{ ref('stg_school_census__fsm_periods') }} as period
        inner join {{ ref('int_school_census__term') }} as census on period.census = census.census
        where
            period.start_date <= census.census_day
            and (period.is_open or period.end_date >= census.census_day)
    )

select
    enrolment.census,
    enrolment.academic_year,
    enrolment.term,
    coalesce(enrolment.pupil_key, enrolment.enrolment_key) as pupil_key,
    enrolment.pupil_key is not null as is_linked,
    enrolment.establishment,
    enrolment.enrolment_key,
    enrolment.enrolment_status_code in ('C', 'M') as is_sole_or_main,
    enrolment.birth_date,
    enrolment.year_group_code,
    case
        when enrolment.year_group_code in ('R', '1', '2', '3', '4', '5', '6') then 'primary'
        when enrolment.year_group_code in ('7', '8', '9', '10', '11', '12', '13', '14') then 'secondary'
    end as phase,
    {{ sex_of('enrolment.sex_code') }} as sex,
    {{ sen_of('enrolment.sen_provision_code') }} as sen,
    {{ language_of('enrolment.language_code') }} as language,
    nullif(enrolment.ethnicity_code, '') as ethnicity_code,
    case when eligible.enrolment_key is not null then 'fsm' else 'not_fsm' end as fsm,
    enrolment.vintage_id
from {{ ref('stg_school_census__enrolments') }} as enrolment
left join eligible on enrolment.enrolment_key = eligible.enrolment_key
where enrolment.is_on_roll
qualify row_number() over (
    partition by enrolment.census, coalesce(enrolment.pupil_key, enrolment.enrolment_key)
    order by
        case enrolment.enrolment_status_code when 'C' then 1 when 'M' then 2 when 'S' then 3 else 4 end,
        enrolment.entry_date desc nulls last,
        enrolment.enrolment_key
) = 1
