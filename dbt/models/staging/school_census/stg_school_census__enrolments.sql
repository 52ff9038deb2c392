-- Pupils on the roll of a school on the day of a census, and those who left a roll since the census before: one row per enrolment.
with
    school as (
        select
            file.release as census,
            upper(trim(raw.school_key)) as school_key,
            nullif(trim(raw.urn), '') as urn,
            nullif(concat(trim(raw.la_number), trim(raw.estab)), '') as laestab,
            {{ census_date('raw.reference_date') }} as reference_date
        from {{ source('school_census', 'schools') }} as raw
        inner join ({{ loaded_files('school_census', 'schools') }}) as file on raw._file_id = file.file_id
        where file.is_in_use
        qualify row_number() over (
            partition by file.release, upper(trim(raw.school_key)) order by file.vintage_id desc, raw._row_number
        ) = 1
    ),

    enrolment as (
        {% for roll, is_on_roll in {'on': true, 'off': false}.items() -%}
        select
            {{ census_columns(roll) }},
            {{ is_on_roll }} as is_on_roll,
            upper(trim(raw.school_key)) as school_key,
            {{ pseudonym('raw.upn') }} as pupil_key,
            {{ census_date('raw.dob') }} as birth_date,
            upper(trim(raw.sex)) as sex_code,
            upper(trim(raw.ethnicity)) as ethnicity_code,
            upper(trim(raw.language)) as language_code,
            {{ census_date('raw.entry_date') }} as entry_date,
            {% if is_on_roll -%}
            cast(null as date) as leaving_date,
            -- A blank status is that of a pupil at one school.
            coalesce(nullif(upper(trim(raw.enrolment_status)), ''), 'C') as enrolment_status_code,
            upper(trim(raw.year_group)) as year_group_code,
            upper(trim(raw.sen_provision)) as sen_provision_code,
            {%- else -%}
            {{ census_date('raw.leaving_date') }} as leaving_date,
            cast(null as varchar) as enrolment_status_code,
            cast(null as varchar) as year_group_code,
            cast(null as varchar) as sen_provision_code,
            {%- endif %}
            {{ published_number('raw.term_sessions_possible') }} as term_sessions_possible,
            {{ published_number('raw.summer_sessions_possible') }} as summer_sessions_possible
        {% call census_rows('pupils_' ~ roll ~ '_roll') -%}cross join {{ source('settings', 'pseudonym') }} as pseudonym{%- endcall %}
        {{ 'union all' if not loop.last }}
        {% endfor %}
    )

select
    enrolment.*,
    coalesce(school.urn, school.laestab, enrolment.school_key) as establishment,
    school.reference_date
from enrolment
left join school on enrolment.census = school.census and enrolment.school_key = school.school_key
