-- The unweighted mean of the other authorities' figures that the council holds, beside each of its own figures, with how many
-- of the group had one. Published figures never enter it, and it enters no other mean.
with
    cell as (
        select distinct indicator_id, period_id, breakdown_type, breakdown_value, release_status
        from {{ ref('int_council__figure') }}
        where is_current
    ),

    members as (
        select dfe_number, cast(count(*) as integer) as members_total
        from {{ ref('int_council__member') }}
        group by dfe_number
    ),

    member_value as (
        select
            member.dfe_number,
            figure.indicator_id,
            figure.period_id,
            figure.breakdown_type,
            figure.breakdown_value,
            figure.value
        from {{ ref('int_council__member') }} as member
        inner join {{ ref('int_council__figure') }} as figure on member.member_dfe_number = figure.dfe_number
        where figure.is_current
    )

select
    cell.indicator_id,
    members.dfe_number,
    cell.period_id,
    cell.breakdown_type,
    cell.breakdown_value,
    {{ exact_mean('member_value.value') }} as value,
    cast(count(member_value.value) as integer) as members_used,
    members.members_total,
    case when count(member_value.value) > 0 then cell.release_status end as release_status
from cell
cross join members
left join
    member_value
    on members.dfe_number = member_value.dfe_number
    and cell.indicator_id = member_value.indicator_id
    and cell.period_id = member_value.period_id
    and cell.breakdown_type = member_value.breakdown_type
    and cell.breakdown_value = member_value.breakdown_value
group by
    cell.indicator_id, members.dfe_number, cell.period_id, cell.breakdown_type, cell.breakdown_value,
    members.members_total, cell.release_status
