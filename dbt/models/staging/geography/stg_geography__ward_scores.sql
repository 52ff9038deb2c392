-- Scores of wards, one row per ward, measure and period.
with file as ({{ loaded_files('geography', 'ward_scores') }})

select
    upper(trim(raw.ward_code)) as ward_code,
    trim(raw.measure) as measure,
    trim(raw.period) as period,
    {{ published_number('raw.value') }} as value,
    file.vintage_id
from {{ source('geography', 'ward_scores') }} as raw
inner join file on raw._file_id = file.file_id
where file.is_in_use
