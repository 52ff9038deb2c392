-- Each authority less England, period by period. A line may join the periods of one series_part that are not not_comparable;
-- gap_change is taken between periods that may be compared and never across a break. Totals have no gap: the figure of
-- England is then a sum, and the difference only says how large the authority is.
with
    gap as (
        select
            indicator_id,
            area_code,
            period_id,
            period_label,
            period_end,
            dfe_number,
            area_name,
            value,
            england_value,
            is_total,
            last_comparable_period_id,
            case when not is_total then value - england_value end as gap
        from {{ ref('indicator_comparison') }}
    ),

    -- A break parts the series even where the authority, or everyone, has no figure in that period.
    part as (
        select period.indicator_id, period.period_end, count(parted.period_end) as breaks
        from (select distinct indicator_id, period_end from {{ ref('indicator_comparison') }}) as period
        left join
            {{ ref('series_break') }} as parted
            on period.indicator_id = parted.indicator_id
            and parted.comparability = 'break_before'
            and parted.period_end <= period.period_end
        group by period.indicator_id, period.period_end
    )

select
    gap.indicator_id,
    indicator.indicator_name,
    indicator.unit,
    indicator.polarity,
    gap.dfe_number,
    gap.area_code,
    gap.area_name,
    gap.period_id,
    gap.period_label,
    gap.period_end,
    gap.value,
    gap.england_value,
    gap.is_total,
    gap.gap,
    case indicator.polarity when 'high' then gap.gap when 'low' then -gap.gap end as better_by,
    coalesce(state.comparability, 'ok') as comparability,
    state.words as comparability_words,
    cast(part.breaks + 1 as integer) as series_part,
    case when gap.gap - earlier.gap is not null then gap.last_comparable_period_id end as gap_change_since_period_id,
    gap.gap - earlier.gap as gap_change
from gap
inner join {{ ref('dim_indicator') }} as indicator on gap.indicator_id = indicator.indicator_id
inner join part on gap.indicator_id = part.indicator_id and gap.period_end = part.period_end
left join
    {{ ref('series_break') }} as state
    on gap.indicator_id = state.indicator_id
    and gap.period_end = state.period_end
left join
    gap as earlier
    on gap.indicator_id = earlier.indicator_id
    and gap.area_code = earlier.area_code
    and gap.last_comparable_period_id = earlier.period_id
