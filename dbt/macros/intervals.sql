{# 95% intervals and the tests that go with them. Formulae: Wilson 1927 for proportions, Byar (Breslow and Day 1987) and exact
   Poisson limits for counts, Newcombe 1998 (method 10) for a difference of proportions, as the Office for Health Improvement
   and Disparities publishes them in PHEindicatormethods. #}

{# The normal quantile at 97.5%, not 1.96: intervals are compared with published ones to nine digits. #}
{% macro normal_quantile() -%} 1.959963984540054 {%- endmacro %}

{# Limits of a proportion of `successes` out of `trials`, 0 to 1; null where there are no trials. #}
{% macro wilson_lower(successes, trials, quantile=normal_quantile()) -%}
    {{ _wilson(successes, trials, quantile, '-') }}
{%- endmacro %}
{% macro wilson_upper(successes, trials, quantile=normal_quantile()) -%}
    {{ _wilson(successes, trials, quantile, '+') }}
{%- endmacro %}
{% macro _wilson(x, n, z, sign) -%}
    (
        2.0 * ({{ x }}) + {{ z }} * {{ z }}
        {{ sign }} {{ z }} * sqrt({{ z }} * {{ z }} + 4.0 * ({{ x }}) * (1.0 - ({{ x }}) / nullif({{ n }}, 0)))
    ) / (2.0 * (nullif({{ n }}, 0) + {{ z }} * {{ z }}))
{%- endmacro %}

{# Limits of a count by Byar's approximation, which holds from ten events on; smaller counts are looked up in the seed
   poisson_limits. #}
{% macro byar_lower(events, quantile=normal_quantile()) -%}
    ({{ events }}) * power(1.0 - 1.0 / (9.0 * nullif({{ events }}, 0)) - {{ quantile }} / (3.0 * sqrt(nullif({{ events }}, 0))), 3)
{%- endmacro %}
{% macro byar_upper(events, quantile=normal_quantile()) -%}
    (({{ events }}) + 1.0) * power(
        1.0 - 1.0 / (9.0 * (({{ events }}) + 1.0)) + {{ quantile }} / (3.0 * sqrt(({{ events }}) + 1.0)), 3
    )
{%- endmacro %}

{# Limits of the difference of two proportions, from the proportions and their own Wilson limits. #}
{% macro newcombe_lower(p1, lower1, p2, upper2) -%}
    ({{ p1 }}) - ({{ p2 }}) - sqrt(power(({{ p1 }}) - ({{ lower1 }}), 2) + power(({{ upper2 }}) - ({{ p2 }}), 2))
{%- endmacro %}
{% macro newcombe_upper(p1, upper1, p2, lower2) -%}
    ({{ p1 }}) - ({{ p2 }}) + sqrt(power(({{ upper1 }}) - ({{ p1 }}), 2) + power(({{ p2 }}) - ({{ lower2 }}), 2))
{%- endmacro %}
