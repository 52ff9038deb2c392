-- One row where the council supplies clusters, none where it does not: which small areas its list is of, and the files by which a child
-- is put into a cluster.
with
    areas as (select max(area_type) as area_type, max(vintage_id) as vintage_id from {{ ref('stg_geography__cluster_areas') }}),

    postcodes as (select max(vintage_id) as vintage_id from {{ ref('stg_geography__postcodes') }}),

    schools as (select max(vintage_id) as vintage_id from {{ ref('stg_geography__cluster_schools') }})

select
    areas.area_type,
    coalesce(areas.vintage_id || coalesce(' + ' || postcodes.vintage_id, ''), postcodes.vintage_id) as home_vintage_id,
    schools.vintage_id as school_vintage_id
from areas
cross join postcodes
cross join schools
where exists (select 1 from {{ ref('stg_geography__clusters') }})
