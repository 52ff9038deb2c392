-- A list that council.yml names but that has not arrived would leave every neighbour mean empty without a word. Where no
-- list has arrived at all, the source is simply not available.
{{ config(severity='error', meta={'dagster': {'ref': {'name': 'int_comparator__member'}}}) }}
select council.neighbours
from {{ source('settings', 'council') }} as council
where council.neighbours <> 'newest'
    and exists (select 1 from {{ ref('int_comparator__member') }} where group_id = 'statistical_neighbours')
    and not exists (
        select 1 from {{ ref('int_comparator__member') }} as member
        where member.group_id = 'statistical_neighbours' and member.group_version = council.neighbours
    )
