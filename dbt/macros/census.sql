{# What every staged row of a school census begins with. An enrolment is a pupil at a school in one census; ids of pupils belong to
   one census and say nothing in the next, and those on a roll are numbered apart from those who left it. #}
{% macro census_columns(roll='on') -%}
    file.release as census,
    {{ school_year_of('file.release') }} as academic_year,
    split_part(file.release, ' ', 2) as term,
    concat(file.release, '|{{ roll }}|', upper(trim(raw.school_key)), '|', upper(trim(raw.pupil_id))) as enrolment_key,
    file.vintage_id,
    raw._row_number as source_row
{%- endmacro %}

{# The rows of a table of the census that are in use. #}
{% macro census_rows(table_name) -%}
    from {{ source('school_census', table_name) }} as raw
    inner join ({{ loaded_files('school_census', table_name) }}) as file on raw._file_id = file.file_id
    {{ caller() if caller }}
    where file.is_in_use
{%- endmacro %}

{# Last calendar year of the school year that a census such as `2024 autumn` is taken in. #}
{% macro school_year_of(census) -%}
    cast(left({{ census }}, 4) as integer) + case when {{ census }} like '%autumn' then 1 else 0 end
{%- endmacro %}

{# Breakdown values of the codes that schools use; a code that is not known counts as unknown. #}
{% macro sen_of(code) -%}
    case
        when {{ code }} = 'N' then 'none'
        when {{ code }} in ('K', 'A', 'P') then 'support'
        when {{ code }} in ('E', 'S') then 'ehcp'
        else 'unknown'
    end
{%- endmacro %}

{# First language; ENB and OTB are believed so. #}
{% macro language_of(code) -%}
    case
        when {{ code }} in ('ENG', 'ENB') then 'english'
        when coalesce({{ code }}, '') in ('', 'NOT', 'REF') then 'unclassified'
        else 'other'
    end
{%- endmacro %}

{# Major ethnic group: the first letter of every code of the census names it. #}
{% macro ethnic_group_of(code) -%}
    case
        when coalesce({{ code }}, '') in ('', 'REFU', 'NOBT') then 'unknown'
        when left({{ code }}, 1) = 'W' then 'white'
        when left({{ code }}, 1) = 'M' then 'mixed'
        when left({{ code }}, 1) = 'A' then 'asian'
        when left({{ code }}, 1) = 'B' then 'black'
        when left({{ code }}, 1) = 'C' then 'chinese'
        when left({{ code }}, 1) = 'O' then 'other'
        else 'unknown'
    end
{%- endmacro %}

{% macro sex_of(code) -%}
    case when {{ code }} in ('M', 'F') then {{ code }} else 'unknown' end
{%- endmacro %}

{# Term of birth within a school year. #}
{% macro term_of_birth(birth_date) -%}
    case
        when extract(month from {{ birth_date }}) in (9, 10, 11, 12) then 'autumn'
        when extract(month from {{ birth_date }}) in (1, 2, 3, 4) then 'spring'
        when extract(month from {{ birth_date }}) in (5, 6, 7, 8) then 'summer'
        else 'unknown'
    end
{%- endmacro %}

{% macro month_of_birth(birth_date) -%}
    case
        when {{ birth_date }} is null then 'unknown'
        else right(concat('0', cast(extract(month from {{ birth_date }}) as varchar)), 2)
    end
{%- endmacro %}
