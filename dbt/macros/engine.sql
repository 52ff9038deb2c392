{# Everything that DuckDB writes in its own way stands here, behind a dispatched macro; `make lint` fails on it elsewhere. #}

{# Text of a return to a date: day first or ISO, whatever time of day follows; null when it is neither or an impossible day. #}
{% macro return_date(expression) -%}{{ return(adapter.dispatch('return_date')(expression)) }}{%- endmacro %}
{% macro duckdb__return_date(expression) -%}
    cast(
        try_strptime(split_part(split_part(trim({{ expression }}), ' ', 1), 'T', 1), ['%d/%m/%Y', '%Y-%m-%d']) as date
    )
{%- endmacro %}

{# Distinct texts of a group, ordered, with a comma and a space between. #}
{% macro ordered_list(expression) -%}{{ return(adapter.dispatch('ordered_list')(expression)) }}{%- endmacro %}
{% macro duckdb__ordered_list(expression) -%}
    string_agg(distinct {{ expression }}, ', ' order by {{ expression }})
{%- endmacro %}

{# `2025-05` from a file name such as sn_may_2025.xlsx or neighbours-2025-05.xlsx; null when it names no month. #}
{% macro list_version_from_name(expression) -%}{{ return(adapter.dispatch('list_version_from_name')(expression)) }}{%- endmacro %}
{% macro duckdb__list_version_from_name(expression) -%}
    coalesce(
        strftime(try_strptime(nullif(regexp_extract(lower({{ expression }}), '([a-z]{3})[a-z]*[_ -]+(20[0-9]{2})', 1), '') || ' '
            || regexp_extract(lower({{ expression }}), '([a-z]{3})[a-z]*[_ -]+(20[0-9]{2})', 2), '%b %Y'), '%Y-%m'),
        nullif(regexp_extract({{ expression }}, '20[0-9]{2}-[01][0-9]'), '')
    )
{%- endmacro %}

{# The id of a short description that has no declared counterpart: `lait_`, lower case, % as pct, < as lt, & as and,
   every other character that is no letter or digit as one underscore. #}
{% macro lait_indicator_id(expression) -%}{{ return(adapter.dispatch('lait_indicator_id')(expression)) }}{%- endmacro %}
{% macro duckdb__lait_indicator_id(expression) -%}
    'lait_' || regexp_replace(
        replace(replace(replace(lower({{ expression }}), '%', 'pct'), '<', 'lt'), '&', 'and'), '[^a-z0-9]', '_', 'g'
    )
{%- endmacro %}

{# First value of a group in a stated order. #}
{% macro first_by(expression, ordering) -%}{{ return(adapter.dispatch('first_by')(expression, ordering)) }}{%- endmacro %}
{% macro duckdb__first_by(expression, ordering) -%}
    min_by({{ expression }}, {{ ordering }})
{%- endmacro %}

{# Texts of a group joined with ` / ` in a stated order. #}
{% macro joined_in_order(expression, ordering) -%}{{ return(adapter.dispatch('joined_in_order')(expression, ordering)) }}{%- endmacro %}
{% macro duckdb__joined_in_order(expression, ordering) -%}
    string_agg({{ expression }}, ' / ' order by {{ ordering }})
{%- endmacro %}
