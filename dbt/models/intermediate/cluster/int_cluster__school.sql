-- The cluster of each school on each day, of clusters that are in being.
select
    member.urn,
    member.school_name,
    member.postcode,
    {{ cluster_code('member.cluster_id') }} as cluster_code,
    greatest(member.valid_from, cluster.valid_from) as valid_from,
    least(member.valid_to, cluster.valid_to) as valid_to,
    member.vintage_id
from {{ ref('stg_geography__cluster_schools') }} as member
inner join {{ ref('stg_geography__clusters') }} as cluster on member.cluster_id = cluster.cluster_id
where greatest(member.valid_from, cluster.valid_from) <= least(member.valid_to, cluster.valid_to)
