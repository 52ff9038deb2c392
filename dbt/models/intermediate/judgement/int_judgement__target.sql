-- The council's own figures against the targets of council/targets.csv, for the period that each target names: published ones
-- and, for indicators that nobody publishes, those that the council supplies. Which way is good is the indicator's polarity or,
-- where it has none, what the target itself says; without either there is no colour.
with
    own as (
        select cell.cell_key, cell.indicator_id, cell.period_id, cell.period_end, change.dfe_number, change.value
        from {{ ref('int_comparator__cell') }} as cell
        inner join {{ ref('int_comparison__change') }} as change on cell.cell_key = change.cell_key
        where cell.breakdown_type = 'total'

        union all

        -- They are in no published cell, so that they have no number of one.
        select cast(null as integer) as cell_key, indicator_id, period_id, period_end, dfe_number, value
        from {{ ref('int_council__figure') }}
        where is_current
            and breakdown_type = 'total'
            and indicator_id not in (select indicator_id from {{ ref('int_comparator__cell') }})
    ),

    judged as (
        select
            own.cell_key,
            own.indicator_id,
            own.period_id,
            own.dfe_number,
            own.value,
            target.target as reference_value,
            target.amber_limit,
            coalesce(case when catalogue.polarity <> 'neutral' then catalogue.polarity end, target.better) as better
        from {{ source('settings', 'target') }} as target
        inner join own on target.indicator_id = own.indicator_id and target.period_end = own.period_end
        inner join {{ source('settings', 'council') }} as council on own.dfe_number = council.authority
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on target.indicator_id = catalogue.indicator_id
        where own.value is not null
    ),

    -- Turned so that more is always better.
    turned as (
        select
            *,
            case better when 'high' then value when 'low' then -value end as turned_value,
            case better when 'high' then reference_value when 'low' then -reference_value end as turned_target,
            case better when 'high' then amber_limit when 'low' then -amber_limit end as turned_amber
        from judged
    )

select
    cell_key,
    indicator_id,
    period_id,
    dfe_number,
    case
        when better is null then 'not tested'
        when round(turned_value - turned_target, 9) >= 0 then 'green'
        when round(turned_value - turned_amber, 9) >= 0 then 'amber'
        else 'red'
    end as word,
    case when better is null then 'no_polarity' end as reason,
    value,
    reference_value,
    value - reference_value as difference,
    amber_limit as lower
from turned
