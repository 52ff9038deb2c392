-- Outlines of clusters, small areas and wards as supplied: a GeoJSON geometry each. Of an area in several files the last one by vintage
-- counts: the sets of several years hold mostly the same areas.
with
    supplied as (
        {% for table, layer in {'cluster': "'cluster'", 'area': 'file.layout'}.items() -%}
        select
            {{ layer }} as layer,
            {{ 'trim(raw.cluster_id)' if table == 'cluster' else 'upper(trim(raw.area_code))' }} as area_code,
            trim(raw.{{ table }}_name) as area_name,
            raw.geometry,
            file.vintage_id,
            raw._row_number as source_row
        from {{ source('geography', table ~ '_boundaries') }} as raw
        inner join ({{ loaded_files('geography', table ~ '_boundaries') }}) as file on raw._file_id = file.file_id
        where file.is_in_use
        {{ 'union all' if not loop.last }}
        {% endfor %}
    )

select layer, area_code, area_name, geometry, vintage_id
from supplied
qualify row_number() over (partition by layer, area_code order by vintage_id desc, source_row) = 1
