-- Whether an authority is unusual among all authorities: control limits for results that vary more than chance alone explains
-- (Spiegelhalter 2005, random effects, z scores winsorised at 10% on each side). Rates are compared as the logarithm of
-- observed over expected, percentages as arc sines, scores by their published interval; the target is the pooled figure of the
-- authorities themselves. Former authorities with a successor, and bases below the minimum, are outside the set.
with
    member as (
        select
            base.cell_key,
            base.dfe_number,
            base.unit,
            base.value,
            base.numerator,
            base.denominator,
            base.lower,
            base.upper
        from {{ ref('int_judgement__interval') }} as base
        inner join
            {{ ref('int_comparison__ranked_set') }} as ranked
            on base.cell_key = ranked.cell_key
            and base.dfe_number = ranked.dfe_number
        cross join {{ source('settings', 'threshold') }} as threshold
        where ranked.live_value is not null and base.denominator >= threshold.min_base
    ),

    target as (
        select cell_key, {{ exact_sum('numerator') }} / {{ exact_sum('denominator') }} as target
        from member
        group by cell_key
    ),

    deviation as (
        select
            member.cell_key,
            member.dfe_number,
            member.unit,
            member.value,
            member.numerator,
            member.denominator,
            target.target,
            case
                -- No events have no logarithm: half an event stands for none.
                when member.unit like 'rate_per_%'
                    then ln(greatest(member.numerator, 0.5) / (target.target * member.denominator))
                when member.unit = 'percent' then asin(sqrt(member.numerator / member.denominator)) - asin(sqrt(target.target))
                else member.value - target.target
            end as deviation,
            case
                when member.unit like 'rate_per_%' then 1.0 / sqrt(target.target * member.denominator)
                when member.unit = 'percent' then 0.5 / sqrt(member.denominator)
                else nullif(member.upper - member.lower, 0) / (2.0 * {{ normal_quantile() }})
            end as error
        from member
        inner join target on member.cell_key = target.cell_key
        where target.target > 0 or member.unit not like 'rate_per_%'
    ),

    edge as (
        select
            cell_key,
            cast(count(*) as integer) as authorities,
            percentile_cont(0.1) within group (order by deviation / error) as low,
            percentile_cont(0.9) within group (order by deviation / error) as high
        from deviation
        where error is not null
        group by cell_key
        -- One authority has nothing to differ from.
        having count(*) > 1
    ),

    spread as (
        select
            deviation.cell_key,
            edge.authorities,
            {{ exact_sum('power(least(greatest(deviation.deviation / deviation.error, edge.low), edge.high), 2)') }} as squares,
            {{ exact_sum('1.0 / power(deviation.error, 2)') }} as weights,
            {{ exact_sum('1.0 / power(deviation.error, 4)', scale=6) }} as squared_weights
        from deviation
        inner join edge on deviation.cell_key = edge.cell_key
        where deviation.error is not null
        group by deviation.cell_key, edge.authorities
    ),

    between_authorities as (
        select
            cell_key,
            authorities,
            greatest(0.0, (squares - (authorities - 1)) / nullif(weights - squared_weights / weights, 0)) as variance
        from spread
    ),

    scored as (
        select
            deviation.*,
            between_authorities.authorities,
            deviation.deviation / deviation.error as z_plain,
            deviation.deviation / sqrt(power(deviation.error, 2) + between_authorities.variance) as z,
            {{ normal_quantile() }} * sqrt(power(deviation.error, 2) + between_authorities.variance) as reach
        from deviation
        inner join between_authorities on deviation.cell_key = between_authorities.cell_key
        where deviation.error is not null and between_authorities.variance is not null
    )

select
    cell_key,
    dfe_number,
    case
        when authorities < 30 then null
        when z > {{ normal_quantile() }} then 'unusually high'
        when z < -{{ normal_quantile() }} then 'unusually low'
        else 'within the expected range'
    end as word,
    authorities,
    value,
    {{ unit_multiplier('unit') }} * target as reference_value,
    case
        when unit like 'rate_per_%' then {{ unit_multiplier('unit') }} * target * exp(-reach)
        when unit = 'percent' then 100.0 * power(sin(greatest(asin(sqrt(target)) - reach, 0.0)), 2)
        else target - reach
    end as lower,
    case
        when unit like 'rate_per_%' then {{ unit_multiplier('unit') }} * target * exp(reach)
        when unit = 'percent' then 100.0 * power(sin(least(asin(sqrt(target)) + reach, asin(1.0))), 2)
        else target + reach
    end as upper,
    numerator,
    denominator,
    z,
    z_plain,
    cast(sum(case when abs(z) > {{ normal_quantile() }} then 1 else 0 end) over (partition by cell_key) as integer) as flagged,
    0.05 * authorities as expected_false_alarms
from scored
