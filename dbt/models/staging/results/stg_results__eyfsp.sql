-- Early years foundation stage profile, one row per child: each of the 17 goals 1 emerging, 2 expected, A not assessed. In the profile
-- to 2018/19 a goal could be exceeded (3): there 2 stands for expected or exceeding, which both met it.
{%- set goals = early_years_goals() %}
select
    {{ extract_columns() }},
    {% for goal in goals -%}
    case
        when {{ extract_code(goal) }} = '3' and part.academic_year <= 2019 then '2'
        else {{ extract_code(goal) }}
    end as {{ goal }}{{ ',' if not loop.last }}
    {% endfor %}
{{ extract_rows('eyfsp', goals) }}
