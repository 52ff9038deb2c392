-- Every published cell of the tidy data sets that is a figure of ours, all vintages, as their declarations say: rename,
-- type and trim, nothing else. A data set that is declared is named once more in the macro
-- tidy_tables; a test holds the two equal.
{% set tables = tidy_tables() %}
with
    region as (select area_code, dfe_number from {{ ref('regions') }}),

    file as (
        select file_id, table_name, vintage_id, release, issue_number
        from {{ ref('stg_landing__source_file') }}
        where source_id = 'ees' and is_read
    ),

    {% for table_name in tables %}
    {% set raw = source('ees', table_name) %}
    {% set declared = tidy_declaration(table_name) %}
    {% if declared %}
    {{ table_name }} as ({{ tidy_rows(raw, declared, table_name) }}),
    {% endif %}
    {% endfor %}

    cell as (
        {% for table_name in tables %}
        {% set declared = tidy_declaration(table_name) %}
        {% if declared %}
        {{ tidy_figures(table_name, declared) }}
        {{ 'union all' if not loop.last }}
        {% endif %}
        {% endfor %}
    )

select *
from cell
