{# How the results extracts of pupils are read. A cell may hold a code of the supplier's own (council/suppliers/): `extract_rows` joins
   what it stands for, `extract_cell` reads it, and the raw table keeps what was sent. #}

{# What every staged row of a results extract begins with. `academic_year` is the last calendar year of the school year. #}
{% macro extract_columns() -%}
    part.academic_year,
    part.release_status,
    {{ extract_date('raw.extract_date') }} as extract_date,
    file.vintage_id,
    raw._row_number as source_row,
    {{ pseudonym('raw.upn') }} as pupil_key,
    {{ extract_date('raw.dob') }} as birth_date,
    {{ extract_code('sex') }} as sex_code,
    {{ extract_code('nc_year') }} as nc_year,
    {{ extract_flag('fsm_flag') }} as fsm_flag,
    {{ extract_flag('fsm6_flag') }} as fsm6_flag,
    {{ extract_flag('disadvantaged_flag') }} as disadvantaged_flag,
    {{ extract_code('sen_provision') }} as sen_provision_code,
    {{ extract_flag('eal_flag') }} as eal_flag,
    {{ extract_code('ethnicity') }} as ethnicity_code,
    {{ establishment_number('raw.la_code', 'raw.laestab') }} as establishment,
    {{ whole_code('raw.urn') }} as urn,
    home.authority_code as home_authority_code,
    home.lsoa_2011 as home_lsoa_2011,
    home.lsoa_2021 as home_lsoa_2021
{%- endmacro %}

{# The rows of an extract that count: of the file and status chosen for their school year. `coded` are the columns of results. #}
{% macro extract_rows(assessment, coded) -%}
    {%- set common = ['sex', 'nc_year', 'fsm_flag', 'fsm6_flag', 'disadvantaged_flag', 'sen_provision', 'eal_flag', 'ethnicity', 'status'] %}
    from {{ source('results', assessment) }} as raw
    inner join ({{ loaded_files('results', assessment) }}) as file on raw._file_id = file.file_id
    cross join {{ source('settings', 'pseudonym') }} as pseudonym
    left join {{ ref('stg_geography__postcodes') }} as home on upper(replace(raw.postcode, ' ', '')) = home.postcode
    {% for column in common + coded -%}
    {{ extract_meaning(assessment, column) }}
    {% endfor -%}
    inner join
        {{ ref('stg_results__part_in_use') }} as part
        on part.assessment = '{{ assessment }}'
        and part.file_id = raw._file_id
        and part.academic_year = {{ extract_year() }}
        and part.release_status = {{ extract_status() }}
    where file.is_in_use
{%- endmacro %}

{# What a supplier's own code in a column stands for. #}
{% macro extract_meaning(assessment, column) -%}
    left join
        {{ source('settings', 'supplier_code') }} as code_{{ column }}
        on code_{{ column }}.table_name = '{{ assessment }}'
        and code_{{ column }}.layout = file.layout
        and code_{{ column }}.column_name = '{{ column }}'
        and code_{{ column }}.given = upper(trim(raw.{{ column }}))
{%- endmacro %}

{# A cell as it is meant. #}
{% macro extract_cell(column) -%}
    coalesce(code_{{ column }}.meant, raw.{{ column }})
{%- endmacro %}

{# A code in upper case; null for a blank cell. Some systems write whole numbers as 6.0. #}
{% macro extract_code(column) -%}{{ whole_code(extract_cell(column)) }}{%- endmacro %}
{% macro whole_code(expression) -%}
    nullif(
        case
            when trim({{ expression }}) like '%.0'
                then left(trim({{ expression }}), length(trim({{ expression }})) - 2)
            else upper(trim({{ expression }}))
        end,
        ''
    )
{%- endmacro %}

{# A whole number; null for anything else, which is never rounded to one. #}
{% macro extract_integer(column) -%}
    case
        when {{ published_number(extract_cell(column)) }} = floor({{ published_number(extract_cell(column)) }})
            then try_cast({{ published_number(extract_cell(column)) }} as integer)
    end
{%- endmacro %}

{% macro extract_number(column) -%}{{ published_number(extract_cell(column)) }}{%- endmacro %}

{# 1 for yes, 0 for no, null for anything else. #}
{% macro extract_flag(column) -%}
    case
        when {{ extract_code(column) }} in ('1', 'Y', 'YES', 'T', 'TRUE') then 1
        when {{ extract_code(column) }} in ('0', 'N', 'NO', 'F', 'FALSE') then 0
    end
{%- endmacro %}

{# Last calendar year of the school year, written 202425, 2024/25 or 2024-25; rows with any other were set aside. #}
{% macro extract_year() -%}try_cast(left(trim(raw.academic_year), 4) as integer) + 1{%- endmacro %}

{# A row that does not say what it is counts as provisional. #}
{% macro extract_status() -%}
    case
        when lower(trim({{ extract_cell('status') }})) in ('revised', 'final') then lower(trim({{ extract_cell('status') }}))
        else 'provisional'
    end
{%- endmacro %}

{# Number of authority and establishment as seven digits, also where they are written 383/2001 or the first three stand apart. #}
{% macro establishment_number(la_code, laestab) -%}
    {%- set digits = "replace(replace(" ~ whole_code(laestab) ~ ", '/', ''), '-', '')" %}
    case
        when length({{ digits }}) = 4 and length({{ whole_code(la_code) }}) = 3
            then concat({{ whole_code(la_code) }}, {{ digits }})
        else {{ digits }}
    end
{%- endmacro %}
