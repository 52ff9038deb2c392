-- Pupils on a roll in January, one row each.
select academic_year, vintage_id, phase, fsm, sen, language
from {{ ref('int_pupil__census') }}
where term = 'spring'
