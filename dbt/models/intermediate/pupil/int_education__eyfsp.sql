-- Children with a result of the early years foundation stage profile, one row each: a goal is met at expected (2). A child none of
-- whose goals was assessed has no result.
{%- set goals = early_years_goals() %}
select
    result.academic_year,
    result.vintage_id,
    {% for goal in goals -%}
    coalesce(result.{{ goal }} = '2', false) as is_met_{{ goal }},
    {% endfor -%}
    {% for goal in goals -%}
    case when result.{{ goal }} = '2' then 1 else 0 end{{ ' + ' if not loop.last }}
    {%- endfor %} as goals_met,
    {{ result_parts() }}
{{ result_rows(ref('stg_results__eyfsp')) }}
where
    {% for goal in goals -%}
    result.{{ goal }} in ('1', '2'){{ ' or ' if not loop.last }}
    {%- endfor %}
