-- Times that a child was missing (M) or away without authorisation (A).
select
    {{ return_columns() }},
    upper(trim(raw.missing)) as missing_code,
    {{ return_date('raw.mis_start') }} as missing_start_date,
    {{ return_date('raw.mis_end') }} as missing_end_date
{{ return_rows('missing') }}
