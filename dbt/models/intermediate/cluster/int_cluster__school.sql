-- The cluster of each school on each day.
{{ members_in_being(ref('stg_geography__cluster_schools'), ['urn', 'school_name', 'postcode']) }}
