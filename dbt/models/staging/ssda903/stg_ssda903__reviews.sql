-- Statutory reviews of children looked after.
select
    {{ return_columns() }},
    {{ return_date('raw.review') }} as review_date,
    upper(trim(raw.review_code)) as review_code
{{ return_rows('reviews') }}
