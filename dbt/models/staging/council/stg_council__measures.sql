-- What the council supplies, row by row. Both parts of a breakdown are `total` where they are blank.
with
    file as ({{ loaded_files('council', 'measures') }})

select
    lower(trim(raw.indicator_id)) as indicator_id,
    upper(trim(raw.area_code)) as supplied_area_code,
    {{ return_date('raw.period_start') }} as period_start,
    {{ return_date('raw.period_end') }} as period_end,
    lower(coalesce(nullif(trim(raw.breakdown_type), ''), 'total')) as breakdown_type,
    case
        when lower(coalesce(nullif(trim(raw.breakdown_value), ''), 'total')) = 'total' then 'total'
        else trim(raw.breakdown_value)
    end as breakdown_value,
    nullif(trim(raw.value), '') as value_text,
    {{ published_number('raw.numerator') }} as numerator,
    {{ published_number('raw.denominator') }} as denominator,
    nullif(lower(trim(raw.value_status)), '') as stated_status,
    nullif(trim(raw.source), '') as supplied_by,
    nullif(trim(raw.owner), '') as owner,
    raw._row_number as source_row,
    file.vintage_id,
    file.release,
    file.issue_number,
    file.is_in_use
from {{ source('council', 'measures') }} as raw
inner join file on raw._file_id = file.file_id
