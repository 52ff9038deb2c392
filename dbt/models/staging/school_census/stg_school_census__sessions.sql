-- Sessions of an enrolment by attendance code. `part` says which count of the census they belong to: `term`, the term before it (of
-- an autumn census the first half of the summer term), or `summer`, the second half of that summer term.
{% for kind in ['term', 'summer'] -%}
{% for roll in ['on', 'off'] -%}
select
    {{ census_columns(roll) }},
    '{{ kind }}' as part,
    upper(trim(raw.attendance_code)) as attendance_code,
    {{ published_number('raw.sessions') }} as sessions
{{ census_rows(kind ~ '_sessions_' ~ roll ~ '_roll') }}
{{ 'union all' if not (kind == 'summer' and roll == 'off') }}
{% endfor -%}
{% endfor %}
