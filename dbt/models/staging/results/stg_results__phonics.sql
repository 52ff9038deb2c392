-- Phonics screening check, one row per pupil checked in year 1 or again in year 2.
select
    {{ extract_columns() }},
    {{ extract_integer('phonics_mark') }} as phonics_mark,
    {{ extract_code('phonics_outcome') }} as phonics_outcome,
    {{ extract_integer('phonics_year_group') }} as phonics_year_group,
    {{ extract_code('check_window') }} as check_window
{{ extract_rows('phonics', ['phonics_mark', 'phonics_outcome', 'phonics_year_group', 'check_window']) }}
