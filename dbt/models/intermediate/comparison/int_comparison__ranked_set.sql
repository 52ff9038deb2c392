-- The ranked set of each indicator and period: every authority with a value, former ones included, headline breakdown.
-- `live_value` is null for a former authority where any successor has a value, and is rounded to nine decimals, so that
-- binary noise breaks no tie.
with
    headline as (
        select
            current_value.cell_key,
            current_value.dfe_number,
            current_value.value,
            catalogue.polarity,
            catalogue.show_quartile
        from {{ ref('int_comparator__current_value') }} as current_value
        inner join {{ ref('int_comparator__cell') }} as cell on current_value.cell_key = cell.cell_key
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on cell.indicator_id = catalogue.indicator_id
        where current_value.area_type = 'authority'
            and cell.breakdown_type = 'total'
            and current_value.value is not null
    ),

    succeeded as (
        select distinct successor_value.cell_key, pair.former_dfe_number
        from {{ ref('authority_successors') }} as pair
        inner join headline as successor_value on pair.successor_dfe_number = successor_value.dfe_number
    )

select
    headline.cell_key,
    headline.dfe_number,
    headline.value,
    case when succeeded.former_dfe_number is null then round(headline.value, 9) end as live_value,
    headline.polarity,
    headline.show_quartile
from headline
left join
    succeeded
    on headline.cell_key = succeeded.cell_key
    and headline.dfe_number = succeeded.former_dfe_number
