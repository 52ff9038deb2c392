-- Pupils on a roll in January and pupils suspended or excluded in the school year, one row each, in years whose censuses are all
-- there. The base is the sole and main enrolments of January; one who was suspended and is not among them counts above it only.
with
    told as (
        select
            pupil_key,
            academic_year,
            -- Where the January census does not hold the pupil: one of the schools that told.
            max(establishment) as establishment,
            sum(case when category = 'suspension' then 1 else 0 end) as suspensions,
            sum(case when category = 'permanent' then 1 else 0 end) as permanent_exclusions
        from {{ ref('int_pupil__exclusion') }}
        group by pupil_key, academic_year
    ),

    january as (
        select pupil_key, academic_year
        from {{ ref('int_pupil__census') }}
        where term = 'spring' and is_sole_or_main
    ),

    counted as (
        select
            coalesce(january.pupil_key, told.pupil_key) as pupil_key,
            coalesce(january.academic_year, told.academic_year) as academic_year,
            told.establishment,
            case when january.pupil_key is null then 0 else 1 end as is_sole_or_main,
            coalesce(told.suspensions, 0) as suspensions,
            coalesce(told.permanent_exclusions, 0) as permanent_exclusions
        from january
        full join told on january.pupil_key = told.pupil_key and january.academic_year = told.academic_year
    )

select
    counted.academic_year,
    year.exclusions_vintage_id as vintage_id,
    counted.is_sole_or_main,
    counted.suspensions,
    counted.permanent_exclusions,
    coalesce(pupil.sex, 'unknown') as sex,
    {{ year_parts('counted', 'coalesce(pupil.establishment, counted.establishment)') }}
from counted
inner join {{ ref('int_school_census__year') }} as year on counted.academic_year = year.academic_year
{{ census_parts('counted') }}
where year.exclusions_vintage_id is not null
