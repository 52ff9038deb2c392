{# What a unit multiplies a ratio by; null for units that are no ratio of two counts. #}
{% macro unit_multiplier(unit) -%}
    case {{ unit }}
        when 'percent' then 100.0
        when 'rate_per_100' then 100.0
        when 'rate_per_1000' then 1000.0
        when 'rate_per_10k' then 10000.0
        when 'rate_per_100k' then 100000.0
        when 'score' then 1.0
        when 'mean' then 1.0
    end
{%- endmacro %}

{# One limit (`lower` or `upper`) of the 95% interval of a figure, in its unit: Wilson for percentages; for rates the exact
   limits of the seed poisson_limits, joined as `exact`, below ten events and Byar's from ten. Null for any other unit, and
   where the counts cannot be a proportion. #}
{% macro interval_limit(side, unit, numerator, denominator, exact) -%}
    case
        when {{ unit }} = 'percent' and {{ numerator }} between 0 and {{ denominator }}
            then 100.0 * {% if side == 'lower' %}{{ wilson_lower(numerator, denominator) }}{% else %}{{ wilson_upper(numerator, denominator) }}{% endif %}

        when {{ unit }} like 'rate_per_%' and {{ numerator }} < 10
            then {{ unit_multiplier(unit) }} * {{ exact }}.{{ side }} / nullif({{ denominator }}, 0)
        when {{ unit }} like 'rate_per_%'
            then {{ unit_multiplier(unit) }} * {% if side == 'lower' %}{{ byar_lower(numerator) }}{% else %}{{ byar_upper(numerator) }}{% endif %} / nullif({{ denominator }}, 0)
    end
{%- endmacro %}

{# `1st`, `2nd`, `3rd`, `4th`, `11th`. #}
{% macro ordinal(number) -%}
    concat(cast({{ number }} as varchar), case
        when {{ number }} % 100 in (11, 12, 13) then 'th'
        when {{ number }} % 10 = 1 then 'st'
        when {{ number }} % 10 = 2 then 'nd'
        when {{ number }} % 10 = 3 then 'rd'
        else 'th'
    end)
{%- endmacro %}

{# A sum that comes out the same whatever the order of its rows: doubles summed on several threads do not. #}
{% macro exact_sum(expression, scale=12, window=none) -%}
    cast(sum(cast({{ expression }} as decimal(38, {{ scale }}))){{ ' over (' ~ window ~ ')' if window }} as double)
{%- endmacro %}
