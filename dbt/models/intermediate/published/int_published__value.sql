-- Published cells with the vintage rule: LAIT where it holds the period, else the newest release of the data set, and of
-- one release the newest issue. Nothing is edited; older vintages stay beside the current one.
select
    indicator_id,
    area_code,
    area_type,
    period_id,
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
    release,
    issue_number,
    source_priority,
    population_release,
    population_issue_number,
    row_number() over (
        partition by indicator_id, area_code, period_id, breakdown_type, breakdown_value
        order by
            source_priority, release desc, issue_number desc, population_release desc, population_issue_number desc,
            vintage_id
    ) = 1 as is_current
from {{ ref('int_published__long') }}
