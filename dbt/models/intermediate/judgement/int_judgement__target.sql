-- The council's own figures against the targets of council/targets.csv, for the period that each target names. Which way is
-- good is the indicator's polarity or, where it has none, what the target itself says; without either there is no colour.
with
    judged as (
        select
            own.cell_key,
            own.dfe_number,
            own.value,
            target.target as reference_value,
            target.amber_limit,
            coalesce(case when catalogue.polarity <> 'neutral' then catalogue.polarity end, target.better) as better
        from {{ source('settings', 'target') }} as target
        inner join {{ ref('int_comparator__cell') }} as cell
            on target.indicator_id = cell.indicator_id
            and target.period_end = cell.period_end
            and cell.breakdown_type = 'total'
        inner join {{ ref('int_comparison__change') }} as own on cell.cell_key = own.cell_key
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
