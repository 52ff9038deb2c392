-- Direction of travel: each headline value against its last comparable one of the same status. Percentages by the Newcombe
-- interval of the difference, rates by the exact Poisson test; figures without counts by the smallest change that the seed
-- minimum_changes calls a change, and said to be not tested.
with
    minimum as (
        select
            catalogue.indicator_id,
            seed.minimum_change,
            seed.minimum_share
        from {{ ref('int_indicator__catalogue') }} as catalogue
        inner join
            {{ ref('minimum_changes') }} as seed
            on catalogue.unit = seed.unit
            and catalogue.indicator_id like seed.indicator_pattern
        qualify row_number() over (
            partition by catalogue.indicator_id order by length(seed.indicator_pattern) desc, seed.indicator_pattern
        ) = 1
    ),

    pair as (
        select
            change.cell_key,
            change.dfe_number,
            change.value,
            change.last_comparable_value as reference_value,
            change.last_comparable_period_id as reference_period_id,
            change.change_since_last_comparable as difference,
            change.comparability,
            change.is_after_break,
            catalogue.unit,
            catalogue.polarity,
            minimum.minimum_change,
            minimum.minimum_share,
            (change.is_provisional <> change.last_comparable_is_provisional) as is_of_other_status,
            base.numerator,
            base.denominator,
            earlier.numerator as reference_numerator,
            earlier.denominator as reference_denominator,
            test.p_value,
            base.lower / 100.0 as own_lower,
            base.upper / 100.0 as own_upper,
            earlier.lower / 100.0 as earlier_lower,
            earlier.upper / 100.0 as earlier_upper,
            least(base.denominator, earlier.denominator) < threshold.min_base as is_below_minimum,
            counts.agrees is false as differs,
            base.lower is not null and earlier.lower is not null as has_interval
        from {{ ref('int_comparison__change') }} as change
        inner join {{ ref('int_comparator__cell') }} as cell on change.cell_key = cell.cell_key
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on cell.indicator_id = catalogue.indicator_id
        inner join minimum on cell.indicator_id = minimum.indicator_id
        cross join {{ source('settings', 'threshold') }} as threshold
        left join
            {{ ref('int_judgement__interval') }} as base
            on change.cell_key = base.cell_key
            and change.dfe_number = base.dfe_number
        left join
            {{ ref('int_judgement__interval') }} as earlier
            on change.last_comparable_cell_key = earlier.cell_key
            and change.dfe_number = earlier.dfe_number
        left join
            {{ ref('int_judgement__rate_test') }} as test
            on change.cell_key = test.cell_key
            and change.dfe_number = test.dfe_number
        left join
            {{ ref('int_comparator__base') }} as counts
            on change.cell_key = counts.cell_key
            and change.dfe_number = counts.dfe_number
        where change.value is not null
    ),

    difference as (
        select
            *,
            case
                when unit = 'percent' and numerator is not null and reference_numerator is not null
                    then 100.0 * ({{ newcombe_lower(
                        'numerator / denominator', 'own_lower', 'reference_numerator / reference_denominator', 'earlier_upper'
                    ) }})
            end as lower,
            case
                when unit = 'percent' and numerator is not null and reference_numerator is not null
                    then 100.0 * ({{ newcombe_upper(
                        'numerator / denominator', 'own_upper', 'reference_numerator / reference_denominator', 'earlier_lower'
                    ) }})
            end as upper
        from pair
    ),

    ruled as (
        select
            *,
            case
                when comparability = 'not_comparable' then 'not_comparable'
                when reference_value is null and is_after_break then 'break_before'
                when reference_value is null then 'no_earlier_period'
                when is_of_other_status then 'provisional'
                when lower is null and p_value is null and differs then 'base_differs'
                when lower is null and p_value is null and has_interval then 'no_test'
                when lower is null and p_value is null then 'no_interval'
                when is_below_minimum then 'below_minimum_base'
            end as reason
        from difference
    ),

    moved as (
        select
            *,
            case
                when reason in ('not_comparable', 'break_before', 'no_earlier_period', 'provisional', 'below_minimum_base') then null
                when reason is null and lower is not null then lower > 0 or upper < 0
                when reason is null then p_value < 0.05
                else abs(round(difference, 9)) >= coalesce(minimum_change, minimum_share * abs(reference_value))
                    and round(difference, 9) <> 0
            end as has_changed
        from ruled
    )

select
    cell_key,
    dfe_number,
    case
        when reason = 'below_minimum_base' then 'too few to judge'
        when has_changed is null then 'not comparable'
        when not has_changed then 'no clear change'
        when difference > 0 then 'up'
        else 'down'
    end as word,
    case
        when polarity = 'neutral' or not coalesce(has_changed, false) then null
        when (difference > 0) = (polarity = 'high') then 'improving'
        else 'worsening'
    end as meaning,
    case
        when reason in ('base_differs', 'no_interval', 'no_test') then 'direction_minimum_change'
        when reason is not null and reason <> 'below_minimum_base' then 'direction_comparable_period'
        when unit = 'percent' then 'direction_newcombe'
        else 'direction_poisson'
    end as rule_id,
    reason,
    value,
    reference_value,
    difference,
    lower,
    upper,
    numerator,
    denominator,
    reference_numerator,
    reference_denominator,
    p_value,
    reference_period_id
from moved
