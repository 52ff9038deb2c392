-- Which list of members each authority is compared with in each group. Authorities with the same members share a list, so
-- that a mean is worked out once: all but the eight are compared with the same core cities.
with
    membership as (
        select
            group_id,
            group_version,
            dfe_number,
            {{ ordered_list('cast(member_dfe_number as varchar)') }} as members,
            cast(count(*) as integer) as members_total,
            count(case when member_dfe_number = dfe_number then 1 end) > 0 as includes_subject
        from {{ ref('int_comparator__member') }}
        group by group_id, group_version, dfe_number
    )

select
    group_id,
    group_version,
    dfe_number,
    cast(dense_rank() over (order by members) as integer) as list_key,
    members_total,
    includes_subject
from membership
