-- Enrolments of pupils aged 5 to 15 on the 31 August before the school year, one row each, in years whose censuses are all there.
select
    spell.academic_year,
    year.attendance_vintage_id as vintage_id,
    spell.possible,
    spell.authorised,
    spell.unauthorised,
    coalesce(pupil.sex, {{ sex_of('spell.sex_code') }}) as sex,
    {{ year_parts('spell', 'spell.establishment') }}
from {{ ref('int_pupil__attendance') }} as spell
inner join {{ ref('int_school_census__year') }} as year on spell.academic_year = year.academic_year
{{ census_parts('spell') }}
where
    year.attendance_vintage_id is not null
    and {{ age_on('spell.birth_date', "cast(concat(cast(spell.academic_year - 1 as varchar), '-08-31') as date)") }} between 5 and 15
