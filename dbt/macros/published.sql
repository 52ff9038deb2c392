{# Text of a published cell to a number; null for symbols. Thousands separators and spaces are tolerated. #}
{% macro published_number(expression) -%}
    try_cast(replace(trim({{ expression }}), ',', '') as double)
{%- endmacro %}

{# The files whose rows staging reads: those in use and, for published sources, earlier issues of the same file. #}
{% macro loaded_files(source_id, table_name) -%}
    select file_id, vintage_id, release, issue_number, is_in_use, as_at, file_name, sha256, layout
    from {{ ref('stg_landing__source_file') }}
    where source_id = '{{ source_id }}' and table_name = '{{ table_name }}' and is_read
{%- endmacro %}


{# The release word of an order of finality (1 provisional, 2 revised, 3 final, 4 none stated). #}
{% macro status_word(expression) -%}
    case {{ expression }} when 1 then 'provisional' when 2 then 'revised' when 3 then 'final' when 4 then 'published' end
{%- endmacro %}
