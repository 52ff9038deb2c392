-- The one group that a pupil's results are counted in: looked after for twelve months before on a protection plan before in need.
select
    academic_year,
    pupil_key,
    case min(case reason when 'cla_12_months' then 1 when 'cppo' then 2 when 'cino' then 3 end)
        when 1 then 'cla_12_months' when 2 then 'cppo' when 3 then 'cino'
    end as social_care_group
from {{ ref('int_pupil__social_care') }}
where reason in ('cla_12_months', 'cppo', 'cino')
group by academic_year, pupil_key
