-- A child with two header rows in one year-end return would be described twice wherever a characteristic is joined.
{{ config(severity='warn') }}
select collection_year, count(*) as children_with_two_headers
from (
    select collection_year, child_id
    from {{ ref('stg_ssda903__header') }}
    group by collection_year, child_id
    having count(*) > 1
) as repeated
group by collection_year
