-- Key stage 1 teacher assessment, to 2022/23, one row per pupil.
select
    {{ extract_columns() }},
    {{ extract_code('read_ta') }} as read_ta,
    {{ extract_code('writ_ta') }} as writ_ta,
    {{ extract_code('mat_ta') }} as mat_ta,
    {{ extract_code('sci_ta') }} as sci_ta
{{ extract_rows('ks1', ['read_ta', 'writ_ta', 'mat_ta', 'sci_ta']) }}
