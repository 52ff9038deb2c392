-- Published rows of England and the regions, with the change from the preceding row; none in the first row of the tool.
select
    cell_key,
    series_key,
    dfe_number,
    area_type,
    value,
    case
        when is_first_of_tool then null
        else value - lag(value) over (partition by series_key, dfe_number order by cell_key)
    end as change,
    value_status,
    {{ status_word('status_order') }} as release_status
from {{ ref('int_comparator__current_value') }}
where area_type in ('region', 'england')
