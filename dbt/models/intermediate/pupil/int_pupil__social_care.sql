-- Pupils whom children's social care knew in a school year, one row per pupil, year and reason: looked after for twelve months on the
-- 31 March in it, or looked after at any time of the year to that day. A return that tells of plans and needs adds its rows here.
with number_of_child as ({{ numbers_of_children() }})

select distinct
    cast(child.return_key as integer) as academic_year,
    number_of_child.pupil_key,
    reason.reason
from {{ ref('int_looked_after__child') }} as child
inner join number_of_child
    on child.return_key = number_of_child.return_key and child.child_key = number_of_child.child_key
inner join (
    select 'cla_12_months' as reason
    union all
    select 'cla_in_year' as reason
) as reason
    on (reason.reason = 'cla_12_months' and child.is_counted and child.is_twelve_months)
    or (reason.reason = 'cla_in_year' and child.is_in_year)
where number_of_child.pupil_key is not null
