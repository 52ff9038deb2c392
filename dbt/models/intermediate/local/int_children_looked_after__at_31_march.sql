-- Children looked after on 31 March of each collection year, counted from that year's return alone.
-- Short-break placements are left out before anything else. An episode that ends on 31 March has ceased; one that ends on
-- 1 April is still open that night. A child with two open episodes counts once.
with
    episode as (
        select
            episodes.*,
            cast(concat(cast(episodes.collection_year as varchar), '-03-31') as date) as count_date,
            -- A code that the list does not hold is no short break, so that the child still counts.
            coalesce(status.is_respite, false) as is_respite
        from {{ ref('stg_ssda903__episodes') }} as episodes
        left join {{ ref('legal_statuses') }} as status on episodes.legal_status_code = status.legal_status_code
    )

select
    collection_year,
    count_date,
    -- A return that holds nothing but short breaks counts nobody: that is a zero, not a missing figure.
    count(distinct case
        when
            not is_respite
            and episode_start_date <= count_date
            and (episode_end_date is null or episode_end_date > count_date)
            then child_id
    end) as children_looked_after,
    max(vintage_id) as vintage_id
from episode
group by collection_year, count_date
