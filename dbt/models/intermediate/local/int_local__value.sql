-- Figures that the council's own files give, for the authority of council.yml: those of the looked-after return and those of the
-- pupil-level files of its schools.
select * from {{ ref('int_looked_after__value') }}
union all
select * from {{ ref('int_education__value') }}
