-- Orders that deprive a child of liberty, in returns from 2027.
select
    {{ return_columns() }},
    {{ return_date('raw.dolo_start') }} as order_start_date,
    {{ return_date('raw.dolo_end') }} as order_end_date
{{ return_rows('deprivation_of_liberty') }}
