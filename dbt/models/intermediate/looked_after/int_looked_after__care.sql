-- How long the children of each count have been looked after, and how long with the same carer. The return of the year says who is
-- counted; returns of earlier years only lengthen the history. Short breaks are left out before anything else.
with
    counted as (
        select
            return_key,
            child_key,
            episode_start_date as count_start_date
        from {{ ref('int_looked_after__episode') }}
        where is_open and not is_respite
        qualify row_number() over (
            partition by return_key, child_key order by episode_start_date desc, source_row desc
        ) = 1
    ),

    this_return as (
        select distinct return_key, collection_year
        from {{ ref('int_looked_after__episode') }}
    ),

    -- Of an episode that several returns hold, the newest says how it went on.
    history as (
        select
            this_return.return_key,
            episode.child_key,
            episode.collection_year,
            episode.source_row,
            episode.episode_start_date,
            episode.episode_end_date,
            episode.new_episode_reason_code,
            episode.placement_group,
            episode.placement_key
        from this_return
        inner join {{ ref('int_looked_after__episode') }} as episode
            on {{ sees('this_return', 'episode') }}
        inner join counted
            on this_return.return_key = counted.return_key
            and episode.child_key = counted.child_key
            and episode.episode_start_date <= counted.count_start_date
        where not episode.is_respite
        qualify row_number() over (
            partition by
                this_return.return_key, episode.child_key, episode.episode_start_date, episode.new_episode_reason_code
            order by
                case when this_return.return_key = episode.return_key then 0 else 1 end,
                episode.collection_year desc,
                episode.source_row desc
        ) = 1
    ),

    -- Care goes on while an episode begins on the day the one before ended and says that it goes on.
    step as (
        select
            *,
            case
                when new_episode_reason_code = 'S' then 1
                when
                    lag(episode_end_date) over (
                        partition by return_key, child_key
                        order by episode_start_date, collection_year, source_row
                    ) = episode_start_date
                    then 0
                else 1
            end as begins_care,
            lag(placement_key) over (
                partition by return_key, child_key order by episode_start_date, collection_year, source_row
            ) as former_placement_key
        from history
    ),

    -- Another placement is another carer, unless only the legal status changed or the child stayed to be adopted. The second
    -- reading takes the reason as returned: T and U say that the carer is the same.
    part as (
        select
            *,
            sum(begins_care) over (
                partition by return_key, child_key order by episode_start_date, collection_year, source_row
            ) as care_number,
            sum(case
                when begins_care = 1 then 1
                when new_episode_reason_code = 'L' or placement_group = 'placed_for_adoption' then 0
                when placement_key = former_placement_key then 0
                else 1
            end) over (
                partition by return_key, child_key order by episode_start_date, collection_year, source_row
            ) as placement_number,
            sum(case
                when begins_care = 1 then 1
                when new_episode_reason_code in ('L', 'T', 'U') or placement_group = 'placed_for_adoption' then 0
                else 1
            end) over (
                partition by return_key, child_key order by episode_start_date, collection_year, source_row
            ) as carer_number
        from step
    ),

    latest as (
        select
            *,
            max(care_number) over (partition by return_key, child_key) as last_care_number,
            max(placement_number) over (partition by return_key, child_key) as last_placement_number,
            max(carer_number) over (partition by return_key, child_key) as last_carer_number
        from part
    )

select
    return_key,
    child_key,
    min(case when care_number = last_care_number then episode_start_date end) as care_start_date,
    min(case when placement_number = last_placement_number then episode_start_date end) as placement_start_date,
    min(case when carer_number = last_carer_number then episode_start_date end) as carer_start_date
from latest
group by return_key, child_key
