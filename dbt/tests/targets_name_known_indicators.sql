-- A target whose indicator is unknown, perhaps misspelt, would judge nothing unseen.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'dim_indicator'}}}) }}
select target.indicator_id, target.period_end
from {{ source('settings', 'target') }} as target
left join {{ ref('dim_indicator') }} as indicator on target.indicator_id = indicator.indicator_id
where indicator.indicator_id is null
