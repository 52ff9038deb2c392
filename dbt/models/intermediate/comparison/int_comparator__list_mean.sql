-- The unweighted mean and the median of the members of each list that have a value, with the number used. Missing members are
-- left out, never filled in; there is no minimum here (pages print none below two thirds).
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

    authority_value as (
        select
            cell_key,
            series_key,
            is_first_of_tool,
            dfe_number,
            value,
            case when value is not null then status_order end as status_order
        from {{ ref('int_comparator__current_value') }}
        where area_type = 'authority'
    ),

    mean as (
        select
            value.cell_key,
            value.series_key,
            value.is_first_of_tool,
            list_member.list_key,
            {{ exact_mean('value.value') }} as value,
            {{ median_of('value.value') }} as median,
            cast(count(value.value) as integer) as members_used,
            min(value.status_order) as status_order
        from list_member
        inner join authority_value as value on list_member.member_dfe_number = value.dfe_number
        group by value.cell_key, value.series_key, value.is_first_of_tool, list_member.list_key
    )

select
    cell_key,
    list_key,
    value,
    case
        when is_first_of_tool then null
        else value - lag(value) over (partition by series_key, list_key order by cell_key)
    end as change,
    median,
    case
        when is_first_of_tool then null
        else median - lag(median) over (partition by series_key, list_key order by cell_key)
    end as median_change,
    members_used,
    {{ status_word('status_order') }} as release_status
from mean
