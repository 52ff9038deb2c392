-- The dictionary of the newest release, one row per measure and topic, in file order. NA means blank in every column.
with
    file as ({{ loaded_files('lait', 'data_dictionary') }}),

    newest as (
        select file_id from file where is_in_use
        qualify row_number() over (order by release desc, issue_number desc, file_id) = 1
    )

select
    trim(raw.measure_short) as short_desc,
    nullif(trim(raw.topic), 'NA') as topic,
    nullif(trim(raw.measure), 'NA') as measure_name,
    case nullif(trim(raw.polarity), 'NA') when 'High' then 'high' when 'Low' then 'low' else 'neutral' end as polarity,
    nullif(trim(raw.y_axis_name), 'NA') as axis_name,
    nullif(trim(raw.table_status), 'NA') as table_status,
    nullif(trim(raw.description), 'NA') as description,
    nullif(trim(raw.last_update), 'NA') as last_update,
    nullif(trim(raw.next_update), 'NA') as next_update,
    coalesce(try_cast(nullif(trim(raw.dps), 'NA') as integer), 1) as decimals,
    nullif(trim(raw.year_type), 'NA') as year_type,
    coalesce(trim(raw.no_quartile), 'NA') <> 'N' as show_quartile,
    raw._row_number as file_order
from {{ source('lait', 'data_dictionary') }} as raw
inner join newest on raw._file_id = newest.file_id
