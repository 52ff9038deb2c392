select
    member.group_id,
    member.group_version,
    subject.area_code,
    listed.area_code as member_area_code,
    member.closeness,
    cast(member.position as integer) as position
from {{ ref('int_comparator__member') }} as member
inner join {{ ref('authorities') }} as subject on member.dfe_number = subject.dfe_number
inner join {{ ref('authorities') }} as listed on member.member_dfe_number = listed.dfe_number
order by member.group_id, member.group_version, subject.area_code, member.position, listed.area_code
