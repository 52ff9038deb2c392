-- The cluster of each small area on each day, of clusters that are in being: a cluster that ended has no areas, whatever the lookup says.
select
    member.area_type,
    member.area_code,
    {{ cluster_code('member.cluster_id') }} as cluster_code,
    greatest(member.valid_from, cluster.valid_from) as valid_from,
    least(member.valid_to, cluster.valid_to) as valid_to,
    member.vintage_id
from {{ ref('stg_geography__cluster_areas') }} as member
inner join {{ ref('stg_geography__clusters') }} as cluster on member.cluster_id = cluster.cluster_id
where greatest(member.valid_from, cluster.valid_from) <= least(member.valid_to, cluster.valid_to)
