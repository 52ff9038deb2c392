-- Every return in use with episodes, one row each: its days, its lane and what stands on it.
with
    authority as ({{ own_area() }}),

    uasc as (select distinct return_key from {{ ref('stg_ssda903__uasc') }}),

    header as (select distinct return_key from {{ ref('stg_ssda903__header') }})

select
    authority.area_code,
    episode.return_key,
    episode.collection_year,
    episode.as_at,
    episode.year_start,
    episode.count_date,
    case when episode.as_at is null then 'local_provisional' else 'local_in_year' end as release_status,
    episode.return_key in (select return_key from uasc) as has_uasc,
    episode.return_key in (select return_key from header) as has_header,
    max(episode.vintage_id) as vintage_id
from {{ ref('int_looked_after__episode') }} as episode
cross join authority
group by
    authority.area_code,
    episode.return_key,
    episode.collection_year,
    episode.as_at,
    episode.year_start,
    episode.count_date
