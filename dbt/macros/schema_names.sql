{# Schemas are named as declared (staging, marts, ...), without dbt's target prefix, so that analysts type `marts.dim_area`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
