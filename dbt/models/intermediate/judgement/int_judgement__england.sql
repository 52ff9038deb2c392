-- Each authority's headline figure against England: by whether England lies outside the authority's 95% interval. England is
-- taken as exact, from its own counts where they give the printed figure, so that its rounding decides nothing.
with
    england as (
        select
            wide_area.cell_key,
            wide_area.value as printed,
            case when base.agrees then {{ unit_multiplier('base.unit') }} * base.numerator / nullif(base.denominator, 0) end as counted
        from {{ ref('int_comparator__wide_area') }} as wide_area
        left join
            {{ ref('int_comparator__base') }} as base
            on wide_area.cell_key = base.cell_key
            and wide_area.dfe_number = base.dfe_number
        where wide_area.area_type = 'england'
    ),

    beside as (
        select
            own.cell_key,
            own.dfe_number,
            own.value,
            catalogue.polarity,
            coalesce(england.counted, england.printed) as reference_value,
            base.numerator,
            base.denominator,
            base.lower,
            base.upper,
            case
                when base.lower is null and counts.agrees is false then 'base_differs'
                when base.lower is null then 'no_interval'
                when england.printed is null then 'no_england_value'
                when base.denominator < threshold.min_base then 'below_minimum_base'
            end as reason
        from {{ ref('int_comparison__change') }} as own
        inner join {{ ref('int_comparator__cell') }} as cell on own.cell_key = cell.cell_key
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on cell.indicator_id = catalogue.indicator_id
        cross join {{ source('settings', 'threshold') }} as threshold
        left join england on own.cell_key = england.cell_key
        left join
            {{ ref('int_judgement__interval') }} as base
            on own.cell_key = base.cell_key
            and own.dfe_number = base.dfe_number
        left join
            {{ ref('int_comparator__base') }} as counts
            on own.cell_key = counts.cell_key
            and own.dfe_number = counts.dfe_number
        where own.value is not null
    ),

    placed as (
        select
            *,
            case
                when reason is not null then null
                when reference_value < lower then 'higher'
                when reference_value > upper then 'lower'
                else 'similar'
            end as side
        from beside
    )

select
    cell_key,
    dfe_number,
    case
        when reason = 'below_minimum_base' then 'too few to judge'
        when reason is not null then 'not tested'
        when side = 'similar' or polarity = 'neutral' then side
        when (side = 'higher') = (polarity = 'high') then 'better'
        else 'worse'
    end as word,
    case
        when side is null or side = 'similar' or polarity = 'neutral' then null
        when (side = 'higher') = (polarity = 'high') then 'better'
        else 'worse'
    end as meaning,
    'england_interval' as rule_id,
    reason,
    value,
    reference_value,
    value - reference_value as difference,
    lower,
    upper,
    numerator,
    denominator
from placed
