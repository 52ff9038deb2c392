{# The inputs of a judgement as one column of named values; what a kind of judgement does not use is null.
   `given`: expression by name. Declared once here: every branch of the mart must have the same names and types. #}
{% macro judgement_inputs(given) -%}
{%- set fields = [
    ('value', 'double'),
    ('reference_value', 'double'),
    ('difference', 'double'),
    ('lower', 'double'),
    ('upper', 'double'),
    ('numerator', 'double'),
    ('denominator', 'double'),
    ('reference_numerator', 'double'),
    ('reference_denominator', 'double'),
    ('p_value', 'double'),
    ('z', 'double'),
    ('z_plain', 'double'),
    ('place', 'integer'),
    ('place_of', 'integer'),
    ('authorities', 'integer'),
    ('flagged', 'integer'),
    ('expected_false_alarms', 'double'),
    ('reference_period_id', 'varchar'),
    ('group_version', 'varchar'),
] -%}
{%- set values = [] -%}
{%- for name, type in fields -%}
    {%- do values.append((name, given.get(name, 'null'), type)) -%}
{%- endfor -%}
{{ named_values(values) }}
{%- endmacro %}
