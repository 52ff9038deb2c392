-- The cluster of each small area on each day.
{{ members_in_being(ref('stg_geography__cluster_areas'), ['area_type', 'area_code']) }}
