-- Key stage 2 tests and teacher assessment, one row per pupil.
select
    {{ extract_columns() }},
    {{ extract_integer('read_score') }} as read_score,
    {{ extract_integer('mat_score') }} as mat_score,
    {{ extract_integer('gps_score') }} as gps_score,
    {{ extract_code('read_outcome') }} as read_outcome,
    {{ extract_code('mat_outcome') }} as mat_outcome,
    {{ extract_code('gps_outcome') }} as gps_outcome,
    {{ extract_code('writ_ta') }} as writ_ta,
    {{ extract_code('sci_ta') }} as sci_ta,
    {{ extract_number('read_prog') }} as read_prog,
    {{ extract_number('writ_prog') }} as writ_prog,
    {{ extract_number('mat_prog') }} as mat_prog
{{ extract_rows('ks2', ['read_score', 'mat_score', 'gps_score', 'read_outcome', 'mat_outcome', 'gps_outcome', 'writ_ta', 'sci_ta', 'read_prog', 'writ_prog', 'mat_prog']) }}
