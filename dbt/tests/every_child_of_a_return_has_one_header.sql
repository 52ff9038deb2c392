-- A child with two header rows in one return would be described twice wherever a characteristic is joined.
{{ config(severity='warn') }}
select return_key, count(*) as children_with_two_headers
from (
    select return_key, child_key
    from {{ ref('stg_ssda903__header') }}
    group by return_key, child_key
    having count(*) > 1
) as repeated
group by return_key
