-- Pupils on a roll in January, one row each.
select
    january.academic_year,
    january.vintage_id,
    january.phase,
    january.fsm,
    january.sen,
    january.language,
    {{ pupil_place('january.pupil_key', 'january.establishment', ['pupil']) }}
from {{ ref('int_pupil__census') }} as january
left join
    {{ ref('int_pupil__year') }} as pupil
    on january.pupil_key = pupil.pupil_key and january.academic_year = pupil.academic_year
where january.term = 'spring'
