-- One row where the council supplies clusters, none where it does not: which small areas its lookup is of, and the files it stands on.
select
    {{ first_by('coalesce(area.area_type, \'none\')', 'area.area_type') }} as area_type,
    max(cluster.vintage_id) as clusters_vintage_id,
    max(area.vintage_id) as areas_vintage_id,
    max(school.vintage_id) as schools_vintage_id
from {{ ref('stg_geography__clusters') }} as cluster
left join {{ ref('stg_geography__cluster_areas') }} as area on cluster.cluster_id = area.cluster_id
left join {{ ref('stg_geography__cluster_schools') }} as school on cluster.cluster_id = school.cluster_id
having count(*) > 0
