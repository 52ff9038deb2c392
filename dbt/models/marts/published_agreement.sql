-- The interactive tool beside the newest release of the data set for every cell that both have: what they agree on, and why
-- they may not. A symbol of the one beside a zero or a dash of the other says the same with less; two measures are printed
-- under another year or from another table, which their declaration allows for.
with
    tool as (
        select indicator_id, area_code, period_id, period_end, value, value_status, vintage_id
        from {{ ref('int_published__value') }}
        where breakdown_type = 'total' and source_priority = 1
        qualify row_number() over (
            partition by indicator_id, area_code, period_id order by release desc, issue_number desc, vintage_id
        ) = 1
    ),

    data_set as (
        select indicator_id, area_code, period_id, value, value_status, vintage_id
        from {{ ref('int_published__value') }}
        where breakdown_type = 'total' and source_priority = 2
        qualify row_number() over (
            partition by indicator_id, area_code, period_id
            order by
                release desc, issue_number desc, population_release desc, population_issue_number desc, vintage_id
        ) = 1
    ),

    compared as (
        select
            tool.indicator_id,
            tool.area_code,
            tool.period_id,
            tool.period_end,
            tool.value as tool_value,
            tool.value_status as tool_value_status,
            tool.vintage_id as tool_vintage_id,
            data_set.value as data_set_value,
            data_set.value_status as data_set_value_status,
            data_set.vintage_id as data_set_vintage_id,
            tool.value - data_set.value as difference,
            case
                when tool.value is null and data_set.value is null then 'missing_in_both'
                when abs(tool.value - data_set.value) <= 1e-9 then 'equal'
                -- Rounding to one decimal, by half of it.
                when abs(tool.value - data_set.value) <= 0.05 + 1e-9 then 'within_rounding'
                when (tool.value is null or tool.value = 0)
                    and (data_set.value = 0 or data_set.value_status = 'rounds_to_zero') then 'symbol'
                when tool.value is null then 'only_in_data_set'
                when data_set.value is null then 'only_in_tool'
                else 'differs'
            end as outcome
        from tool
        inner join
            data_set
            on tool.indicator_id = data_set.indicator_id
            and tool.area_code = data_set.area_code
            and tool.period_id = data_set.period_id
    )

select
    compared.indicator_id,
    compared.area_code,
    compared.period_id,
    compared.period_end,
    compared.tool_value,
    compared.tool_value_status,
    compared.tool_vintage_id,
    compared.data_set_value,
    compared.data_set_value_status,
    compared.data_set_vintage_id,
    compared.difference,
    compared.outcome,
    coalesce(
        cause.words,
        case compared.outcome
            when 'symbol' then 'A zero or a figure that rounds to it is a dash or 0 in the tool.'
            when 'only_in_data_set' then 'The tool prints one dash for every reason to have no figure.'
        end
    ) as cause
from compared
left join {{ ref('agreement_causes') }} as cause on compared.indicator_id = cause.indicator_id
order by compared.indicator_id, compared.area_code, compared.period_end
