-- A break at a period: nothing is compared across it (break_before), or the period is compared with nothing
-- (not_comparable), or it has no figures (not_collected), or there is something to know of it (ok). first_period_id is the
-- first period that it concerns.
select
    comparability.indicator_id,
    concat(
        case when catalogue.period_kind = 'snapshot' then 'snapshot_' else 'year_' end,
        cast(comparability.period_end as varchar)
    ) as first_period_id,
    comparability.kind,
    comparability.words,
    comparability.comparability,
    comparability.period_end
from {{ ref('int_indicator__comparability') }} as comparability
inner join {{ ref('int_indicator__catalogue') }} as catalogue on comparability.indicator_id = catalogue.indicator_id
order by comparability.indicator_id, comparability.period_end, comparability.kind
