-- Every published cell in one long form, all vintages. Which cells of a data set are which figure is declared with the
-- data set; here the population, the rates that the newer files leave to the reader, and the interactive tool join them.
-- A view: it is read once, and writing it twice would cost as much as the rest.
{{ config(materialized='view') }}
with
    population as (
        select
            dfe_number,
            mid_year,
            cast(concat(cast(mid_year as varchar), '-06-30') as date) as period_end,
            cast(mid_year as varchar) as published_label,
            vintage_id,
            release,
            issue_number,
            value_text
        from {{ ref('stg_population__mid_year') }}
    ),

    -- A count and the population of the year before, in every vintage of the two: a rate names both it was made with.
    rate as (
        select
            cell.*,
            10000 * cell.numerator / nullif({{ published_number('population.value_text') }}, 0) as made,
            {{ published_number('population.value_text') }} as people,
            population.vintage_id as population_vintage_id,
            population.release as population_release,
            population.issue_number as population_issue_number
        from {{ ref('stg_ees__cell') }} as cell
        left join population
            on cell.dfe_number = population.dfe_number
            and extract(year from cell.period_end) - 1 = population.mid_year
        where cell.is_rate_to_make
    ),

    cell as (
        select
            indicator_id, dfe_number, period_end, published_label, breakdown_type, breakdown_value, release_status,
            vintage_id, release, issue_number, value_text, numerator, denominator, lower, upper,
            cast(null as varchar) as population_release, cast(null as integer) as population_issue_number,
            cast(null as varchar) as missing_reason
        from {{ ref('stg_ees__cell') }}
        where not is_rate_to_make
        union all
        select
            indicator_id, dfe_number, period_end, published_label, breakdown_type, breakdown_value, release_status,
            vintage_id || coalesce(' + ' || population_vintage_id, ''), release, issue_number,
            -- A symbol in place of the count stands in place of the rate.
            case when numerator is null then value_text else cast(made as varchar) end,
            numerator, people, lower, upper, population_release, population_issue_number,
            case when numerator is not null and people is null then 'source_missing' end
        from rate
        union all
        select
            'pop_0_17', dfe_number, period_end, published_label, 'total', 'total', 'published',
            vintage_id, release, issue_number, value_text, cast(null as double), cast(null as double),
            cast(null as double), cast(null as double), cast(null as varchar), cast(null as integer),
            cast(null as varchar)
        from population
    )

select
    cell.indicator_id,
    area.area_code,
    area.area_type,
    kind.period_kind,
    cast(
        concat(
            cast(extract(year from cell.period_end) + kind.start_year_offset as varchar), '-', kind.start_month_day
        ) as date
    ) as period_start,
    cell.period_end,
    concat(kind.period_kind, '_', cast(cell.period_end as varchar)) as period_id,
    cell.published_label,
    cell.breakdown_type,
    cell.breakdown_value,
    case when symbol.symbol is null then {{ published_number('cell.value_text') }} end as value,
    cell.numerator,
    cell.denominator,
    cell.lower as ci_lower,
    cell.upper as ci_upper,
    coalesce(
        symbol.value_status,
        cell.missing_reason,
        case when {{ published_number('cell.value_text') }} is not null then 'ok' else 'legacy_missing' end
    ) as value_status,
    cell.release_status,
    cell.vintage_id,
    cell.release,
    cell.issue_number,
    cell.population_release,
    cell.population_issue_number,
    2 as source_priority
from cell
inner join {{ ref('int_area__by_number') }} as area on cell.dfe_number = area.dfe_number
inner join {{ ref('int_indicator__catalogue') }} as catalogue on cell.indicator_id = catalogue.indicator_id
inner join {{ ref('year_kinds') }} as kind on catalogue.year_kind = kind.year_kind
left join
    (select symbol, value_status from {{ ref('value_symbols') }} where publication = 'ees') as symbol
    on lower(trim(cell.value_text)) = symbol.symbol

union all

select
    label.indicator_id,
    area.area_code,
    area.area_type,
    label.period_kind,
    label.period_start,
    label.period_end,
    label.period_id,
    staged.published_label,
    'total' as breakdown_type,
    'total' as breakdown_value,
    staged.value,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    cast(null as double) as ci_lower,
    cast(null as double) as ci_upper,
    staged.value_status,
    label.release_status,
    staged.vintage_id,
    staged.release,
    staged.issue_number,
    cast(null as varchar) as population_release,
    cast(null as integer) as population_issue_number,
    1 as source_priority
from {{ ref('stg_lait__indicator_value') }} as staged
inner join
    {{ ref('int_lait__label') }} as label
    on staged.short_desc = label.short_desc
    and staged.vintage_id = label.vintage_id
    and staged.published_label = label.published_label
inner join {{ ref('int_area__by_number') }} as area on staged.dfe_number = area.dfe_number
