-- Care leavers around their birthday in the year.
select
    {{ return_columns() }},
    {{ return_date('raw.dob') }} as birth_date,
    upper(trim(raw.in_touch)) as in_touch_code,
    upper(trim(raw.activ)) as activity_code,
    upper(trim(raw.accom)) as accommodation_code
{{ return_rows('oc3') }}
