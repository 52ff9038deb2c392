-- Children who were unaccompanied asylum seekers at any time in the year.
select
    {{ return_columns() }},
    {{ return_date('raw.duc') }} as uasc_ceased_date
{{ return_rows('uasc') }}
