-- The published list of authorities against the seed: a new authority has to be added to dbt/seeds/authorities.csv, or its
-- figures are left out of every comparison.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_lait__authority'}}}) }}
select listed.dfe_number, listed.area_name
from {{ ref('stg_lait__authority') }} as listed
left join {{ ref('int_area__by_number') }} as known on listed.dfe_number = known.dfe_number
-- 1000 is England under a number no longer in use.
where known.dfe_number is null and listed.dfe_number < 1000
