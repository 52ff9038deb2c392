-- Episodes of care of each return with what their codes mean. An unknown code keeps the episode, in a group of its own, so that
-- totals still add up. An episode without a start date that can be read never gets this far.
with code as (select code_list, code, code_group from {{ ref('return_codes') }})

select
    episode.return_key,
    episode.collection_year,
    episode.as_at,
    episode.count_date,
    cast(concat(cast(episode.collection_year - 1 as varchar), '-04-01') as date) as year_start,
    episode.child_key,
    episode.source_row,
    episode.vintage_id,
    episode.episode_start_date,
    episode.episode_end_date,
    episode.new_episode_reason_code,
    episode.ceased_reason_code,
    episode.placement_type_code,
    episode.placement_provider_code,
    episode.placement_key,
    coalesce(status.code_group, 'unknown_code') as legal_status,
    coalesce(place.code_group, 'unknown_code') as placement_group,
    coalesce(need.code_group, 'unknown_code') as category_of_need,
    -- Who provides foster care decides what it costs and how it can grow; kinship care is the council's own.
    case
        when place.code_group = 'foster_kinship' then 'kinship_foster'
        when place.code_group = 'foster_other' and episode.placement_provider_code = 'PR1' then 'own_foster'
        when place.code_group = 'foster_other' and episode.placement_provider_code in ('PR4', 'PR5') then 'agency_foster'
        when place.code_group = 'foster_other' then 'other_foster'
        when place.code_group = 'secure_and_childrens_homes' then 'residential'
        when place.code_group = 'independent_semi_supported' then 'supported'
        when place.code_group in ('placed_with_parents', 'placed_for_adoption') then place.code_group
        when place.code_group is null then 'unknown_code'
        else 'other'
    end as placement_mix,
    coalesce(status.code_group = 'respite', false) as is_respite,
    case
        when episode.is_placed_inside then 'inside'
        when not episode.is_placed_inside then 'outside'
        else 'unknown'
    end as placed,
    case
        when episode.distance_miles <= 20 then '20_or_less'
        when episode.distance_miles > 20 then 'over_20'
        else 'unknown'
    end as distance,
    episode.episode_start_date <= episode.count_date
    -- Care that ends on the day of the count has ended that night; ended a day later it has not.
    and (episode.episode_end_date is null or episode.episode_end_date > episode.count_date) as is_open,
    episode.episode_start_date <= episode.count_date
    and (
        episode.episode_end_date is null
        or episode.episode_end_date >= cast(concat(cast(episode.collection_year - 1 as varchar), '-04-01') as date)
    ) as is_in_year
from {{ ref('stg_ssda903__episodes') }} as episode
left join code as status on status.code_list = 'ls' and episode.legal_status_code = status.code
left join code as place on place.code_list = 'place' and episode.placement_type_code = place.code
left join code as need on need.code_list = 'cin' and episode.category_of_need_code = need.code
where episode.episode_start_date is not null
