-- The measures that need attention and those that improve, chosen by rule for every authority: see the seed
-- attention_rules. A share is the rank divided by the number ranked, so 1 is last.
with
    day as (
        select coalesce(edition.data_cut_off, newest.period_end) as counted_from
        from {{ source('settings', 'edition_scope') }} as edition
        cross join
            (
                select max(scope.latest_period_end) as period_end
                from {{ ref('edition_scope') }} as scope
                inner join {{ ref('dim_indicator') }} as indicator on scope.indicator_id = indicator.indicator_id
                where indicator.report_section is not null
            ) as newest
    ),

    measure as (
        select scope.indicator_id, scope.latest_period_id, scope.latest_period_end
        from {{ ref('edition_scope') }} as scope
        inner join {{ ref('dim_indicator') }} as indicator on scope.indicator_id = indicator.indicator_id
        where indicator.polarity <> 'neutral' and indicator.report_section is not null and not scope.is_closed
    ),

    ranked as (
        select
            comparison.indicator_id,
            comparison.area_code,
            comparison.period_id,
            comparison.period_end,
            comparison.value,
            comparison.value - comparison.england_value as gap_to_england,
            comparison.change_since_last_comparable,
            comparison.last_comparable_period_id,
            comparison.rank_live,
            comparison.rank_live_of,
            cast(comparison.rank_live as double) / comparison.rank_live_of as share,
            comparison.period_id = measure.latest_period_id as is_latest,
            coalesce(comparability.comparability, 'ok') as comparability
        from {{ ref('indicator_comparison') }} as comparison
        inner join
            measure
            on comparison.indicator_id = measure.indicator_id
            and comparison.period_end <= measure.latest_period_end
        left join
            {{ ref('int_indicator__comparability') }} as comparability
            on comparison.indicator_id = comparability.indicator_id
            and comparison.period_end = comparability.period_end
        where comparison.rank_live is not null
            -- What lies before a break is left out: no share is compared across one.
            and not exists (
                select 1
                from {{ ref('int_indicator__comparability') }} as break
                where break.indicator_id = comparison.indicator_id
                    and break.comparability = 'break_before'
                    and break.period_end > comparison.period_end
                    and break.period_end <= measure.latest_period_end
            )
    ),

    comparable as (
        select
            *,
            row_number() over (partition by indicator_id, area_code order by period_end desc) as periods
        from ranked
        where comparability in ('ok', 'break_before')
    ),

    rule as (
        select rules.*, {{ dbt.dateadd('month', '-rules.oldest_months', 'day.counted_from') }} as oldest_period_end
        from {{ ref('attention_rules') }} as rules
        cross join day
    ),

    candidate as (
        select
            latest.*,
            rule.list,
            rule.positions,
            rule.words,
            earlier.period_id as earlier_period_id,
            earlier.share as earlier_share,
            latest.share - earlier.share as change_of_share
        from ranked as latest
        inner join rule on latest.period_end >= rule.oldest_period_end
        left join
            comparable as own
            on latest.indicator_id = own.indicator_id
            and latest.area_code = own.area_code
            and own.is_latest
        left join
            comparable as earlier
            on own.indicator_id = earlier.indicator_id
            and own.area_code = earlier.area_code
            and earlier.periods between 2 and rule.longest_periods
        where latest.is_latest
        qualify row_number() over (
            partition by latest.indicator_id, latest.area_code, rule.list order by earlier.periods desc nulls last
        ) = 1
    ),

    placed as (
        select
            *,
            -- Shares are quotients and changes differences of doubles: noise in the last digits decides no tie.
            row_number() over (
                partition by area_code, list
                order by
                    case list when 'attention' then -round(share, 9) else round(change_of_share, 9) end,
                    round(abs(change_since_last_comparable), 9) desc nulls last,
                    indicator_id
            ) as position
        from candidate
        where list = 'attention' or round(change_of_share, 9) < 0
    )

select
    area_code,
    list,
    cast(position as integer) as position,
    indicator_id,
    period_id,
    value,
    rank_live,
    rank_live_of,
    share,
    earlier_period_id,
    earlier_share,
    change_of_share,
    gap_to_england,
    change_since_last_comparable,
    last_comparable_period_id,
    words
from placed
where position <= positions
order by area_code, list, position
