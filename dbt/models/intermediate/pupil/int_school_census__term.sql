-- Every census that arrived, one row each, with the files that stand for its tables; a table that could not be used has none.
{%- set tables = ['pupils_on_roll', 'pupils_off_roll', 'fsm_periods', 'term_sessions_on_roll', 'term_sessions_off_roll', 'summer_sessions_on_roll', 'summer_sessions_off_roll', 'exclusions_on_roll', 'exclusions_off_roll'] %}
with
    census_day as (
        select census, max(reference_date) as reference_date
        from {{ ref('stg_school_census__enrolments') }}
        group by census
    ),

    held as (
        select
            release as census,
            {% for name in tables -%}
            max(case when is_in_use and table_name = '{{ name }}' then vintage_id end) as {{ name }}_vintage_id
            {{- ',' if not loop.last }}
            {% endfor %}
        from {{ ref('stg_landing__source_file') }}
        where source_id = 'school_census'
            -- A census that arrived and could not be used is said to be missing, not left out.
            and (is_in_use or status in ('failed', 'rejected'))
            and release like '____ %'
        group by release
    ),

    dated as (
        select
            held.*,
            split_part(held.census, ' ', 2) as term,
            {{ school_year_of('held.census') }} as academic_year,
            census_day.reference_date,
            -- Third Thursday in January and May, first in October.
            cast(
                concat(
                    left(held.census, 4),
                    case split_part(held.census, ' ', 2) when 'spring' then '-01-15' when 'summer' then '-05-15' else '-10-01' end
                ) as date
            ) as first_possible_day
        from held
        left join census_day on held.census = census_day.census
    )

select
    census,
    term,
    academic_year,
    coalesce(
        reference_date,
        first_possible_day + cast((11 - {{ iso_weekday('first_possible_day') }}) % 7 as integer)
    ) as census_day,
    {% for name in tables -%}
    {{ name }}_vintage_id{{ ',' if not loop.last }}
    {% endfor %}
from dated
