-- School years whose January census arrived, one row each, with the files that tell of them. A census tells of the attendance of the
-- term before and of suspensions of two terms before, so a year is told by censuses of two years.
with
    census as (select * from {{ ref('int_school_census__term') }})

select
    january.academic_year,
    january.census_day as january_day,
    january.pupils_on_roll_vintage_id as january_vintage_id,
    january.fsm_periods_vintage_id,
    case
        when
            {% for part in ['january', 'summer', 'autumn'] -%}
            {% for table in ['pupils_on_roll', 'pupils_off_roll', 'term_sessions_on_roll', 'term_sessions_off_roll'] -%}
            {{ part }}.{{ table }}_vintage_id is not null and{{ ' ' }}
            {%- endfor %}
            {%- endfor %}
            autumn.summer_sessions_on_roll_vintage_id is not null
            and autumn.summer_sessions_off_roll_vintage_id is not null
            then concat(
                january.term_sessions_on_roll_vintage_id, ' + ',
                summer.term_sessions_on_roll_vintage_id, ' + ',
                autumn.term_sessions_on_roll_vintage_id, ' + ',
                autumn.summer_sessions_on_roll_vintage_id
            )
    end as attendance_vintage_id,
    case
        when
            {% for part in ['summer', 'autumn', 'next_january'] -%}
            {{ part }}.exclusions_on_roll_vintage_id is not null
            and {{ part }}.exclusions_off_roll_vintage_id is not null
            and {{ 'january.pupils_on_roll_vintage_id is not null' if loop.last }}
            {% endfor -%}
            then concat(
                summer.exclusions_on_roll_vintage_id, ' + ',
                autumn.exclusions_on_roll_vintage_id, ' + ',
                next_january.exclusions_on_roll_vintage_id
            )
    end as exclusions_vintage_id
from census as january
left join census as summer on summer.term = 'summer' and january.academic_year = summer.academic_year
left join census as autumn on autumn.term = 'autumn' and january.academic_year + 1 = autumn.academic_year
left join census as next_january
    on next_january.term = 'spring' and january.academic_year + 1 = next_january.academic_year
where january.term = 'spring'
