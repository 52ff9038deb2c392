-- Published cells with the vintage rule: LAIT where it holds the period, else the newest release of the data set, and of
-- one release the newest issue. Nothing is edited; older vintages stay beside the current one.
with
    ranked as (
        select
            *,
            row_number() over (
                partition by indicator_id, area_code, period_kind, period_end, breakdown_type, breakdown_value
                order by
                    source_priority,
                    release desc,
                    issue_number desc,
                    vintage_id,
                    case release_status when 'final' then 1 when 'revised' then 2 when 'published' then 3 else 4 end,
                    published_label
            ) as vintage_order,
            -- One file may print a period twice, provisional and revised: its later word stands for the file.
            row_number() over (
                partition by indicator_id, area_code, period_kind, period_end, breakdown_type, breakdown_value, vintage_id
                order by
                    case release_status when 'final' then 1 when 'revised' then 2 when 'published' then 3 else 4 end,
                    published_label
            ) as order_in_file
        from {{ ref('int_published__long') }}
    )

select
    indicator_id,
    area_code,
    area_type,
    concat(period_kind, '_', cast(period_end as varchar)) as period_id,
    period_kind,
    period_start,
    period_end,
    published_label,
    breakdown_type,
    breakdown_value,
    value,
    numerator,
    denominator,
    ci_lower,
    ci_upper,
    value_status,
    release_status,
    vintage_id,
    vintage_order = 1 as is_current
from ranked
where order_in_file = 1
