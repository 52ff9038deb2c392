with
    file as ({{ loaded_files('lait', 'indicator_value') }}),

    symbol as (select symbol, value_status from {{ ref('value_symbols') }} where publication = 'lait')

select
    trim(raw.short_desc) as short_desc,
    cast(try_cast(raw.dfe_number as double) as integer) as dfe_number,
    trim(raw.years) as published_label,
    case when symbol.symbol is null then {{ published_number('raw.value_text') }} end as value,
    coalesce(
        symbol.value_status,
        case when {{ published_number('raw.value_text') }} is not null then 'ok' else 'legacy_missing' end
    ) as value_status,
    file.vintage_id,
    file.release,
    file.issue_number,
    file.is_in_use
from {{ source('lait', 'indicator_value') }} as raw
inner join file on raw._file_id = file.file_id
left join symbol on lower(trim(raw.value_text)) = symbol.symbol
