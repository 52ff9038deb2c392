-- Who counted a figure that the council supplies, and who answers for it: the words that stand beside it on the page.
select
    indicator_id,
    area_code,
    period_id,
    breakdown_type,
    breakdown_value,
    vintage_id,
    supplied_by as source,
    owner,
    is_current
from {{ ref('int_council__figure') }}
order by indicator_id, period_id, area_code, breakdown_type, breakdown_value, vintage_id
