{# Text of a published cell to a number; null for symbols. Thousands separators and spaces are tolerated. #}
{% macro published_number(expression) -%}
    try_cast(replace(trim({{ expression }}), ',', '') as double)
{%- endmacro %}

{# The files whose rows staging reads: those in use and, for published sources, earlier issues of the same file. #}
{% macro loaded_files(source_id, table_name) -%}
    select file_id, vintage_id, release, issue_number, is_in_use, as_at, file_name, sha256
    from {{ ref('stg_landing__source_file') }}
    where source_id = '{{ source_id }}' and table_name = '{{ table_name }}' and is_read
{%- endmacro %}

{# One branch of an Explore Education Statistics data set in long form.
   `measures`: list of {indicator_id, value, numerator, denominator, lower, upper, period_end, where} naming columns of
   `model`; a column that is null in the declaration is null in the fact. Symbols are looked up in the seed value_symbols,
   so a symbol keeps its meaning and a number stays a number. #}
{% macro long_measures(model, measures) -%}
{% for m in measures %}
    select
        '{{ m.indicator_id }}' as indicator_id,
        d.dfe_number,
        d.{{ m.get('period_end', 'period_end') }} as period_end,
        d.published_label,
        {{ m.get('breakdown_type', "'total'") }} as breakdown_type,
        {{ m.get('breakdown_value', "'total'") }} as breakdown_value,
        d.release_status,
        d.vintage_id,
        d.release,
        d.issue_number,
        cast(d.{{ m.value }} as varchar) as value_text,
        {% for part in ['numerator', 'denominator', 'lower', 'upper'] -%}
        {% if m.get(part) %}{{ published_number('d.' ~ m[part]) }}{% else %}cast(null as double){% endif %} as {{ part }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }} as d
    {% if m.get('where') %}where {{ m.where }}{% endif %}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
{%- endmacro %}

{# The release word of an order of finality (1 provisional, 2 revised, 3 final, 4 none stated). #}
{% macro status_word(expression) -%}
    case {{ expression }} when 1 then 'provisional' when 2 then 'revised' when 3 then 'final' when 4 then 'published' end
{%- endmacro %}
