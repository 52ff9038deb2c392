-- Multiplication tables check, one row per pupil of year 4.
select
    {{ extract_columns() }},
    {{ extract_integer('mtc_score') }} as mtc_score,
    {{ extract_code('mtc_outcome') }} as mtc_outcome
{{ extract_rows('mtc', ['mtc_score', 'mtc_outcome']) }}
