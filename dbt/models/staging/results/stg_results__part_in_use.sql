-- Which rows of the results extracts count: of each assessment and school year those of one file and status. Final results take the
-- place of revised ones and these of provisional ones; of two files of one status the one extracted last is used. No pupil is then
-- counted from two files.
with
    held as (
        {% for assessment in ['eyfsp', 'phonics', 'ks1', 'mtc', 'ks2', 'ks4'] -%}
        select
            '{{ assessment }}' as assessment,
            file.file_id,
            file.vintage_id,
            {{ extract_year() }} as academic_year,
            {{ extract_status() }} as release_status,
            {{ extract_date('raw.extract_date') }} as extract_date
        from {{ source('results', assessment) }} as raw
        inner join ({{ loaded_files('results', assessment) }}) as file on raw._file_id = file.file_id
        {{ extract_meaning(assessment, 'status') }}
        where file.is_in_use
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    part as (
        select assessment, academic_year, release_status, file_id, vintage_id, max(extract_date) as extract_date
        from held
        group by assessment, academic_year, release_status, file_id, vintage_id
    )

select assessment, academic_year, release_status, file_id, extract_date
from part
qualify row_number() over (
    partition by assessment, academic_year
    order by
        case release_status when 'final' then 1 when 'revised' then 2 else 3 end,
        extract_date desc nulls last,
        vintage_id desc
) = 1
