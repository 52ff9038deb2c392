-- One row per child and return.
select
    {{ return_columns() }},
    upper(trim(raw.sex)) as sex_code,
    {{ return_date('raw.dob') }} as birth_date,
    upper(trim(raw.ethnic)) as ethnic_code
{{ return_rows('header') }}
