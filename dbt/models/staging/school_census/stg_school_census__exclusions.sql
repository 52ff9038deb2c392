-- Suspensions and permanent exclusions, one row each, by the day they began: a census tells of those of two terms before.
{% for roll in ['on', 'off'] -%}
select
    {{ census_columns(roll) }},
    case
        when upper(trim(raw.category)) in ('SUSP', 'FIXD') then 'suspension'
        when upper(trim(raw.category)) = 'PERM' then 'permanent'
        when upper(trim(raw.category)) = 'LNCH' then 'lunchtime'
        else 'unknown_code'
    end as category,
    {{ census_date('raw.start_date') }} as start_date,
    {{ published_number('raw.sessions') }} as sessions,
    upper(trim(raw.reason_1)) as main_reason_code
{{ census_rows('exclusions_' ~ roll ~ '_roll') }}
{{ 'union all' if not loop.last }}
{% endfor %}
