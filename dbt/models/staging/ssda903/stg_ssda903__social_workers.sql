-- Social workers of a child, in returns from 2024; a key stands for the worker.
select
    {{ return_columns() }},
    {{ pseudonym('raw.sw_id') }} as worker_key,
    {{ return_date('raw.sw_decom') }} as worker_start_date,
    {{ return_date('raw.sw_dec') }} as worker_end_date
{{ return_rows('social_workers') }}
