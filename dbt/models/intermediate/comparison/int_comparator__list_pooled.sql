-- The pooled figure of each list: the members' numerators over their denominators, as if they were one area. Members without
-- counts that give their published figure are left out and `members_used` says how many stand behind it.
with
    list_member as (
        select distinct list.list_key, member.member_dfe_number
        from {{ ref('int_comparator__list') }} as list
        inner join
            {{ ref('int_comparator__member') }} as member
            on list.group_id = member.group_id
            and list.group_version = member.group_version
            and list.dfe_number = member.dfe_number
    ),

    pooled as (
        select
            base.cell_key,
            base.series_key,
            list_member.list_key,
            {{ unit_multiplier('base.unit') }} * {{ exact_sum('base.numerator') }} / {{ exact_sum('base.denominator') }} as value,
            cast(count(*) as integer) as members_used
        from list_member
        inner join {{ ref('int_comparator__base') }} as base on list_member.member_dfe_number = base.dfe_number
        where base.area_type = 'authority' and base.agrees
        group by base.cell_key, base.series_key, list_member.list_key, base.unit
    )

select
    pooled.cell_key,
    pooled.list_key,
    pooled.value,
    pooled.value - lag(pooled.value) over (partition by pooled.series_key, pooled.list_key order by pooled.cell_key) as change,
    pooled.members_used,
    mean.release_status
from pooled
inner join
    {{ ref('int_comparator__list_mean') }} as mean
    on pooled.cell_key = mean.cell_key
    and pooled.list_key = mean.list_key
