{# The unweighted mean of the members that have a value, null when none has. Summed as exact decimals: sums of doubles on
   several threads differ in the last digit between two builds of the same input, and every such digit would be a revision. #}
{% macro exact_mean(expression) -%}
    cast(sum(cast({{ expression }} as decimal(38, 15))) as double) / nullif(count({{ expression }}), 0)
{%- endmacro %}
