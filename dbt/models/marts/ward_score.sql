select
    score.ward_code as area_code,
    score.measure,
    score.period,
    score.value,
    score.vintage_id
from {{ ref('stg_geography__ward_scores') }} as score
where score.value is not null
order by score.measure, score.period, score.ward_code
