-- Key stage 4 results, one row per pupil.
select
    {{ extract_columns() }},
    {{ extract_flag('end_ks4_flag') }} as end_ks4_flag,
    {{ extract_number('att8') }} as att8,
    {{ extract_number('att8_eng') }} as att8_eng,
    {{ extract_number('att8_mat') }} as att8_mat,
    {{ extract_number('att8_ebac') }} as att8_ebac,
    {{ extract_number('att8_open') }} as att8_open,
    {{ extract_flag('l2basics_94') }} as l2basics_94,
    {{ extract_flag('l2basics_95') }} as l2basics_95,
    {{ extract_flag('ebacc_entered') }} as ebacc_entered,
    {{ extract_number('ebacc_aps') }} as ebacc_aps,
    {{ extract_flag('p8_included') }} as p8_included,
    {{ extract_number('p8_score') }} as p8_score,
    -- A group of results, not a number: compared as it is written.
    nullif(trim({{ extract_cell('ks2_prior') }}), '') as ks2_prior
{{ extract_rows('ks4', ['end_ks4_flag', 'att8', 'att8_eng', 'att8_mat', 'att8_ebac', 'att8_open', 'l2basics_94', 'l2basics_95', 'ebacc_entered', 'ebacc_aps', 'p8_included', 'p8_score', 'ks2_prior']) }}
