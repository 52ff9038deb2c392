{# Everything that DuckDB writes in its own way stands here, behind a dispatched macro; `make lint` fails on it elsewhere. #}

{# Text of a return to a date: day first or ISO, whatever time of day follows; null when it is neither or an impossible day. #}
{% macro return_date(expression) -%}{{ return(adapter.dispatch('return_date')(expression)) }}{%- endmacro %}
{% macro duckdb__return_date(expression) -%}
    cast(
        try_strptime(split_part(split_part(trim({{ expression }}), ' ', 1), 'T', 1), ['%d/%m/%Y', '%Y-%m-%d']) as date
    )
{%- endmacro %}

{# Text of an extract of a school system to a date: day first, ISO or `2024-Oct-16`, whatever time of day follows; else null. #}
{% macro extract_date(expression) -%}{{ return(adapter.dispatch('extract_date')(expression)) }}{%- endmacro %}
{% macro duckdb__extract_date(expression) -%}
    cast(
        try_strptime(
            split_part(split_part(trim({{ expression }}), ' ', 1), 'T', 1), ['%d/%m/%Y', '%Y-%m-%d', '%Y-%b-%d']
        ) as date
    )
{%- endmacro %}

{# 1 for Monday to 7 for Sunday. #}
{% macro iso_weekday(expression) -%}{{ return(adapter.dispatch('iso_weekday')(expression)) }}{%- endmacro %}
{% macro duckdb__iso_weekday(expression) -%}
    extract(isodow from {{ expression }})
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

{# Natural logarithm of the gamma function: log((n - 1)!) for a whole n. #}
{% macro log_gamma(expression) -%}{{ return(adapter.dispatch('log_gamma')(expression)) }}{%- endmacro %}
{% macro duckdb__log_gamma(expression) -%}
    lgamma({{ expression }})
{%- endmacro %}

{# A column of named values, from a list of [name, expression, type]. #}
{% macro named_values(values) -%}{{ return(adapter.dispatch('named_values')(values)) }}{%- endmacro %}
{% macro duckdb__named_values(values) -%}
    struct_pack({% for name, expression, type in values %}{{ name }} := cast({{ expression }} as {{ type }}){{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# Median of the values of a group, null when it has none. Groups of ten values, hundreds of thousands of them, are sorted here
   in half the time that percentile_cont takes. #}
{% macro median_of(expression) -%}{{ return(adapter.dispatch('median_of')(expression)) }}{%- endmacro %}
{% macro duckdb__median_of(expression) -%}
    (
        list_sort(list({{ expression }}) filter (where {{ expression }} is not null))[(count({{ expression }}) + 1) // 2]
        + list_sort(list({{ expression }}) filter (where {{ expression }} is not null))[(count({{ expression }}) + 2) // 2]
    ) / 2.0
{%- endmacro %}
{% macro default__median_of(expression) -%}
    percentile_cont(0.5) within group (order by {{ expression }})
{%- endmacro %}

{# A key in place of an identifier: the same for the same identifier and secret, and not to be turned back without the secret. #}
{% macro pseudonym(expression) -%}{{ return(adapter.dispatch('pseudonym')(expression)) }}{%- endmacro %}
{% macro duckdb__pseudonym(expression) -%}
    case
        when trim({{ expression }}) <> ''
            then left(sha256(concat(pseudonym.secret, '|', upper(trim({{ expression }})))), 32)
    end
{%- endmacro %}

{# Text of a school census to a date: `2024-Oct-16 00:00:00`, day first or ISO; null when it is none of these. #}
{% macro census_date(expression) -%}{{ return(adapter.dispatch('census_date')(expression)) }}{%- endmacro %}
{% macro duckdb__census_date(expression) -%}
    cast(try_strptime(split_part(trim({{ expression }}), ' ', 1), ['%Y-%b-%d', '%d/%m/%Y', '%Y-%m-%d']) as date)
{%- endmacro %}
