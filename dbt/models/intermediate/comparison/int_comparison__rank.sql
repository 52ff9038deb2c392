-- Rank and quartile band among authorities: as DfE's tool does it (doubles compared exactly) and, as `_live`, over the live
-- set. Neutral indicators have no rank; `-` is the band of a neutral indicator or one whose range is too small to band.
with
    ranked as (
        select
            *,
            cast(rank() over (
                partition by cell_key order by case polarity when 'high' then -value else value end
            ) as integer) as value_rank,
            cast(rank() over (
                partition by cell_key
                order by case polarity when 'high' then -live_value else live_value end nulls last
            ) as integer) as live_rank
        from {{ ref('int_comparison__ranked_set') }}
    )

select
    ranked.cell_key,
    ranked.dfe_number,
    case when ranked.polarity <> 'neutral' then ranked.value_rank end as rank,
    case when ranked.polarity <> 'neutral' and ranked.live_value is not null then ranked.live_rank end as rank_live,
    {{ quartile_band('ranked.value', 'quantile.q25', 'quantile.q50', 'quantile.q75') }} as quartile,
    case
        when ranked.live_value is not null
            then {{ quartile_band('ranked.live_value', 'round(quantile.live_q25, 9)', 'round(quantile.live_q50, 9)', 'round(quantile.live_q75, 9)') }}
    end as quartile_live
from ranked
inner join
    {{ ref('int_comparison__quantile') }} as quantile
    on ranked.cell_key = quantile.cell_key
