-- One row per child and return.
select
    {{ return_columns() }},
    upper(trim(raw.sex)) as sex_code,
    {{ return_date('raw.dob') }} as birth_date,
    upper(trim(raw.ethnic)) as ethnic_code,
    -- UN0 to UN7 say why there is no unique pupil number.
    case when upper(trim(raw.upn)) not like 'UN_' then {{ pseudonym('raw.upn') }} end as pupil_key
{{ return_rows('header') }}
