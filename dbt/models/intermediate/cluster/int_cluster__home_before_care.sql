-- Pupils who were looked after in a school year with the area of their home before care, by which the results of children in care are
-- counted as well: the address that a school holds is that of the placement.
with number_of_child as ({{ numbers_of_children() }})

select
    number_of_child.pupil_key,
    cast(child.return_key as integer) as academic_year,
    min(child.home_area) as home_area
from {{ ref('int_cluster__child') }} as child
inner join number_of_child
    on child.return_key = number_of_child.return_key and child.child_key = number_of_child.child_key
inner join {{ ref('int_looked_after__child') }} as known on child.return_key = known.return_key and child.child_key = known.child_key
where number_of_child.pupil_key is not null and known.is_in_year
group by number_of_child.pupil_key, child.return_key
