-- Members of every group, for every subject authority: the neighbour lists by version, the eight English core cities with
-- and without the subject, and the groups of council/groups.csv.
with
    authority as (select dfe_number from {{ ref('authorities') }}),

    shared_group as (
        select 'core_cities_all' as group_id, '1' as group_version, true as includes_subject, dfe_number
        from {{ ref('core_cities') }}
        union all
        select 'core_cities_others' as group_id, '1' as group_version, false as includes_subject, dfe_number
        from {{ ref('core_cities') }}
        union all
        select group_id, group_version, includes_subject, dfe_number
        from {{ source('settings', 'custom_group_member') }}
    )

select
    'statistical_neighbours' as group_id,
    neighbour.group_version,
    neighbour.dfe_number,
    neighbour.neighbour_dfe_number as member_dfe_number,
    neighbour.closeness,
    neighbour.neighbour_position as position
from {{ ref('stg_lait__statistical_neighbour') }} as neighbour
inner join authority as subject on neighbour.dfe_number = subject.dfe_number
inner join authority as member on neighbour.neighbour_dfe_number = member.dfe_number

union all

select
    shared_group.group_id,
    shared_group.group_version,
    subject.dfe_number,
    member.dfe_number as member_dfe_number,
    cast(null as varchar) as closeness,
    cast(null as integer) as position
from shared_group
inner join authority as member on shared_group.dfe_number = member.dfe_number
cross join authority as subject
where shared_group.includes_subject or member.dfe_number <> subject.dfe_number
