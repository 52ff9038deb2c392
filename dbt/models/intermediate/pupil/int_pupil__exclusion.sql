-- Suspensions and permanent exclusions by the school year in which they began; one told by two censuses counts once.
select distinct
    coalesce(enrolment.pupil_key, enrolment.enrolment_key) as pupil_key,
    enrolment.establishment,
    exclusion.category,
    exclusion.start_date,
    extract(year from exclusion.start_date)
    + case when extract(month from exclusion.start_date) >= 9 then 1 else 0 end as academic_year
from {{ ref('stg_school_census__exclusions') }} as exclusion
inner join {{ ref('stg_school_census__enrolments') }} as enrolment on exclusion.enrolment_key = enrolment.enrolment_key
where exclusion.start_date is not null
