{# What every staged row of a looked-after return begins with. `return_key` is the year of a year-end return, and the year with
   the date of the cut for one taken within the year: two lanes that are never put together. #}
{% macro return_columns() -%}
    case
        when file.as_at is null then file.release
        else concat(file.release, '/', cast(file.as_at as varchar))
    end as return_key,
    cast(file.release as integer) as collection_year,
    file.as_at,
    coalesce(file.as_at, cast(concat(file.release, '-03-31') as date)) as count_date,
    {{ pseudonym('raw.child') }} as child_key,
    file.vintage_id,
    raw._row_number as source_row
{%- endmacro %}

{# The rows of a table of the looked-after return that are in use, with the key that names are replaced by. #}
{% macro return_rows(table_name, joins='') -%}
    from {{ source('ssda903', table_name) }} as raw
    inner join ({{ loaded_files('ssda903', table_name) }}) as file on raw._file_id = file.file_id
    cross join {{ source('settings', 'pseudonym') }} as pseudonym
    {{ joins }}
    where file.is_in_use
{%- endmacro %}

{# Completed years of age on a day; a birthday of 29 February falls on 1 March in a common year. #}
{% macro age_on(birth_date, day) -%}
    (
        extract(year from {{ day }}) - extract(year from {{ birth_date }})
        - case
            when extract(month from {{ day }}) * 100 + extract(day from {{ day }})
                < extract(month from {{ birth_date }}) * 100 + extract(day from {{ birth_date }})
                then 1
            else 0
        end
    )
{%- endmacro %}

{# Age band of the published tables of children looked after. #}
{% macro age_band(age) -%}
    case
        when {{ age }} is null then 'unknown'
        when {{ age }} < 1 then 'under_1'
        when {{ age }} < 5 then '1_to_4'
        when {{ age }} < 10 then '5_to_9'
        when {{ age }} < 16 then '10_to_15'
        else '16_plus'
    end
{%- endmacro %}

{# 1 where the condition holds and 0 elsewhere, so that a sum counts. #}
{% macro one_if(condition) -%}case when {{ condition }} then 1 else 0 end{%- endmacro %}

{# Whether the return in use holds every one of some tables. #}
{% macro return_has(tables) -%}
    {% for name in tables %}this_return.{{ name }}_vintage_id is not null{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Every file that a figure stands on, each once: the tables of an XML return are one file. #}
{% macro return_vintages(tables) -%}
    concat(
        this_return.{{ tables[0] }}_vintage_id
        {%- for name in tables[1:] %},
        case
            when this_return.{{ name }}_vintage_id = this_return.{{ tables[0] }}_vintage_id then ''
            else concat(' + ', this_return.{{ name }}_vintage_id)
        end
        {%- endfor %}
    )
{%- endmacro %}

{# Miles between two places of the national grid in metres, to one decimal: the formula of the guide to the return. #}
{% macro miles_between(easting, northing, other_easting, other_northing) -%}
    round(
        sqrt(
            power(cast({{ easting }} - {{ other_easting }} as double), 2)
            + power(cast({{ northing }} - {{ other_northing }} as double), 2)
        ) / 1000 / 1.6093,
        1
    )
{%- endmacro %}

{# Whether a return sees a row of another: its own rows, and those of year-end returns before it, which lengthen histories. A cut
   taken within a year is seen by itself alone. #}
{% macro sees(this_return, row) -%}
    (
        {{ this_return }}.return_key = {{ row }}.return_key
        or ({{ row }}.as_at is null and {{ row }}.collection_year < {{ this_return }}.collection_year)
    )
{%- endmacro %}
