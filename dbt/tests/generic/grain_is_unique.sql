{# One row per combination of the stated columns, and none of them null: the grain that analysts join on. #}
{% test grain_is_unique(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as rows_at_this_grain
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
    {% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
