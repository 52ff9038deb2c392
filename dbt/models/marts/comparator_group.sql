-- Neighbour lists appear as they are loaded; a list that no seed row describes takes its version as its date.
with
    loaded as (
        select distinct group_id, group_version from {{ ref('int_comparator__member') }}
        where group_id = 'statistical_neighbours'
    ),

    custom as (
        select distinct group_id, group_version, group_name, valid_from, statistic, includes_subject
        from {{ source('settings', 'custom_group_member') }}
    )

select
    seed.group_id,
    seed.group_version,
    seed.group_name,
    cast(seed.valid_from as date) as valid_from,
    seed.statistic,
    seed.includes_subject,
    seed.source,
    seed.members_note
from {{ ref('comparator_groups') }} as seed
where seed.group_id <> 'statistical_neighbours'

union all

select
    loaded.group_id,
    loaded.group_version,
    coalesce(seed.group_name, concat('Statistical neighbours (', loaded.group_version, ')')) as group_name,
    coalesce(cast(seed.valid_from as date), try_cast(concat(loaded.group_version, '-01') as date)) as valid_from,
    coalesce(seed.statistic, 'mean') as statistic,
    false as includes_subject,
    coalesce(seed.source, 'DfE statistical neighbour workbook') as source,
    coalesce(seed.members_note, 'Ten authorities for each authority.') as members_note
from loaded
left join
    {{ ref('comparator_groups') }} as seed
    on loaded.group_id = seed.group_id
    and loaded.group_version = seed.group_version

union all

select
    custom.group_id,
    custom.group_version,
    custom.group_name,
    custom.valid_from,
    custom.statistic,
    custom.includes_subject,
    'council/groups.csv' as source,
    'Declared by the council.' as members_note
from custom
order by group_id, group_version
