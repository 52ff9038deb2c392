-- Quantiles (linear interpolation at 1 + (n - 1) p) and size of the ranked set of each indicator and period.
select
    cell_key,
    min(value) as q0,
    percentile_cont(0.25) within group (order by value) as q25,
    percentile_cont(0.5) within group (order by value) as q50,
    percentile_cont(0.75) within group (order by value) as q75,
    max(value) as q100,
    percentile_cont(0.25) within group (order by live_value) as live_q25,
    percentile_cont(0.5) within group (order by live_value) as live_q50,
    percentile_cont(0.75) within group (order by live_value) as live_q75,
    cast(count(value) as integer) as rank_of,
    cast(count(live_value) as integer) as rank_live_of
from {{ ref('int_comparison__ranked_set') }}
group by cell_key
