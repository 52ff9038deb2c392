-- Who a pupil was in a school year, one row each: as the January census says, else the one of summer, else of autumn.
with
    year as (
        select *
        from {{ ref('int_pupil__census') }}
        qualify row_number() over (
            partition by pupil_key, academic_year
            order by case term when 'spring' then 1 when 'summer' then 2 else 3 end
        ) = 1
    ),

    -- Ethnic group is collected in spring; a pupil keeps what was told last.
    ethnicity as (
        select pupil_key, academic_year, ethnicity_code
        from {{ ref('int_pupil__census') }}
        where ethnicity_code is not null
        qualify row_number() over (
            partition by pupil_key, academic_year
            order by case term when 'spring' then 1 when 'summer' then 2 else 3 end
        ) = 1
    ),

    kept as (
        select
            year.pupil_key,
            year.academic_year,
            last_value(told.ethnicity_code ignore nulls) over (
                partition by year.pupil_key order by year.academic_year rows between unbounded preceding and current row
            ) as ethnicity_code
        from year
        left join ethnicity as told on year.pupil_key = told.pupil_key and year.academic_year = told.academic_year
    ),

    -- Eligible at any January census of six years.
    ever_six as (
        select distinct year.pupil_key, year.academic_year
        from year
        inner join {{ ref('int_pupil__census') }} as january
            on year.pupil_key = january.pupil_key
            and january.term = 'spring'
            and january.fsm = 'fsm'
            and january.academic_year between year.academic_year - 5 and year.academic_year
    ),

    home as (
        select enrolment_key, home_authority_code, home_lsoa_2011, home_lsoa_2021
        from {{ ref('stg_school_census__addresses') }}
        where home_authority_code is not null
        qualify row_number() over (partition by enrolment_key order by source_row) = 1
    )

select
    year.pupil_key,
    year.academic_year,
    year.census,
    year.is_linked,
    year.establishment,
    year.birth_date,
    year.year_group_code,
    year.phase,
    year.sex,
    year.fsm,
    year.sen,
    year.language,
    {{ ethnic_group_of('kept.ethnicity_code') }} as ethnic_group,
    ever_six.pupil_key is not null as is_ever_six,
    home.home_authority_code,
    home.home_lsoa_2011,
    home.home_lsoa_2021,
    year.vintage_id
from year
left join ever_six on year.pupil_key = ever_six.pupil_key and year.academic_year = ever_six.academic_year
left join home on year.enrolment_key = home.enrolment_key
left join kept on year.pupil_key = kept.pupil_key and year.academic_year = kept.academic_year
