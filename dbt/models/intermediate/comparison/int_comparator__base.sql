-- The counts behind a published figure, where a loaded file gives them: numerator and denominator from the figure's own data
-- set or, for the rates that the seed indicator_bases declares, a published count and a population; and the interval that
-- the publisher prints. A figure that LAIT gives takes the counts of the data set behind it, if they give the same figure to
-- the printed decimals; where they do not, `agrees` is false and nothing is judged on them.
with
    own as (
        select
            indicator_id, area_code, period_id, breakdown_type, breakdown_value, numerator, denominator, ci_lower, ci_upper,
            1 as preference
        from {{ ref('int_published__value') }}
        where numerator is not null and denominator is not null
        qualify row_number() over (
            partition by indicator_id, area_code, period_id, breakdown_type, breakdown_value
            order by case when is_current then 1 else 2 end, release desc, issue_number desc, vintage_id
        ) = 1
    ),

    counted as (
        select indicator_id, area_code, period_id, period_kind, period_end, value
        from {{ ref('int_published__value') }}
        where is_current and breakdown_type = 'total' and value is not null
    ),

    -- A rate of 31 March N, or of the year that ends then, stands on the population of mid-(N-1).
    counted_by_population as (
        select
            pair.indicator_id,
            numerator.area_code,
            catalogue.period_kind || '_' || cast(numerator.period_end as varchar) as period_id,
            'total' as breakdown_type,
            'total' as breakdown_value,
            numerator.value as numerator,
            population.population as denominator,
            cast(null as double) as ci_lower,
            cast(null as double) as ci_upper,
            2 as preference
        from {{ ref('indicator_bases') }} as pair
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on pair.indicator_id = catalogue.indicator_id
        inner join counted as numerator on pair.numerator_indicator_id = numerator.indicator_id
        inner join
            {{ ref('int_population__current') }} as population
            on numerator.area_code = population.area_code
            and extract(year from numerator.period_end) - 1 = population.mid_year
    ),

    preferred as (
        select * from (select * from own union all select * from counted_by_population) as either
        qualify row_number() over (
            partition by indicator_id, area_code, period_id, breakdown_type, breakdown_value order by preference
        ) = 1
    )

select
    cell.cell_key,
    cell.series_key,
    current_value.dfe_number,
    current_value.area_type,
    catalogue.unit,
    current_value.value,
    preferred.numerator,
    preferred.denominator,
    preferred.ci_lower,
    preferred.ci_upper,
    abs(
        {{ unit_multiplier('catalogue.unit') }} * preferred.numerator / nullif(preferred.denominator, 0) - current_value.value
    ) <= 0.5 * power(10.0, -catalogue.decimals) + 1e-9 as agrees
from preferred
inner join
    {{ ref('int_comparator__cell') }} as cell
    on preferred.indicator_id = cell.indicator_id
    and preferred.period_id = cell.period_id
    and preferred.breakdown_type = cell.breakdown_type
    and preferred.breakdown_value = cell.breakdown_value
inner join {{ ref('int_area__by_number') }} as area on preferred.area_code = area.area_code
inner join
    {{ ref('int_comparator__current_value') }} as current_value
    on cell.cell_key = current_value.cell_key
    and area.dfe_number = current_value.dfe_number
inner join {{ ref('int_indicator__catalogue') }} as catalogue on cell.indicator_id = catalogue.indicator_id
where current_value.value is not null and preferred.denominator > 0
order by cell.cell_key, current_value.dfe_number
