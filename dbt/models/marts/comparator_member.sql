with
    member as (
        select group_id, group_version, dfe_number, member_dfe_number, closeness, position
        from {{ ref('int_comparator__member') }}
        union all
        select
            'council_supplied' as group_id,
            '1' as group_version,
            dfe_number,
            member_dfe_number,
            cast(null as varchar) as closeness,
            cast(null as integer) as position
        from {{ ref('int_council__member') }}
    )

select
    member.group_id,
    member.group_version,
    subject.area_code,
    listed.area_code as member_area_code,
    member.closeness,
    cast(member.position as integer) as position
from member
inner join {{ ref('authorities') }} as subject on member.dfe_number = subject.dfe_number
inner join {{ ref('authorities') }} as listed on member.member_dfe_number = listed.dfe_number
order by member.group_id, member.group_version, subject.area_code, member.position, listed.area_code
