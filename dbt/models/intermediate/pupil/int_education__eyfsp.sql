-- Children with a result of the early years foundation stage profile, one row each. A goal is met at expected, and in the profile to
-- 2018/19 at exceeding too; a child none of whose goals was assessed has no result.
{%- set goals = ['com_e01', 'com_e02', 'pse_e03', 'pse_e04', 'pse_e05', 'phy_e06', 'phy_e07', 'lit_e08', 'lit_e09', 'lit_e10', 'mat_e11', 'mat_e12', 'utw_e13', 'utw_e14', 'utw_e15', 'exp_e16', 'exp_e17'] %}
select
    result.academic_year,
    result.vintage_id,
    {% for goal in goals -%}
    coalesce(result.{{ goal }} in ('2', '3'), false) as is_met_{{ goal }},
    {% endfor -%}
    {% for goal in goals -%}
    case when result.{{ goal }} in ('2', '3') then 1 else 0 end{{ ' + ' if not loop.last }}
    {%- endfor %} as goals_met,
    {{ result_parts() }}
{{ result_rows(ref('stg_results__eyfsp')) }}
where
    {% for goal in goals -%}
    result.{{ goal }} in ('1', '2', '3'){{ ' or ' if not loop.last }}
    {%- endfor %}
