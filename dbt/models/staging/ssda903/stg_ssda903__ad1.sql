-- Children adopted in the year, with the dates of their adoption.
select
    {{ return_columns() }},
    {{ return_date('raw.date_match') }} as match_date
{{ return_rows('ad1') }}
