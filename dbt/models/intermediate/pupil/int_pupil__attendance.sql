-- Sessions of a school year, one row per pupil and school: short stays count, and so does each of two schools. A census tells of the
-- term before; that of autumn, of both halves of the summer term of the year before.
with
    spell as (
        {% for part, where in {'term': 'true', 'summer': "term = 'autumn'"}.items() -%}
        select
            enrolment_key,
            '{{ part }}' as part,
            coalesce(pupil_key, enrolment_key) as pupil_key,
            establishment,
            academic_year - case when term = 'autumn' then 1 else 0 end as attended_year,
            birth_date,
            sex_code,
            {{ part }}_sessions_possible as possible
        from {{ ref('stg_school_census__enrolments') }}
        where {{ part }}_sessions_possible > 0 and {{ where }}
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    missed as (
        select
            absence.enrolment_key,
            absence.part,
            sum(case when code.session_kind = 'authorised' then absence.sessions else 0 end) as authorised,
            sum(case when code.session_kind = 'unauthorised' then absence.sessions else 0 end) as unauthorised
        from {{ ref('stg_school_census__sessions') }} as absence
        inner join {{ ref('attendance_codes') }} as code
            on absence.attendance_code = code.attendance_code
        where code.session_kind in ('authorised', 'unauthorised')
        group by absence.enrolment_key, absence.part
    )

select
    spell.pupil_key,
    spell.establishment,
    spell.attended_year as academic_year,
    max(spell.birth_date) as birth_date,
    max(spell.sex_code) as sex_code,
    sum(spell.possible) as possible,
    sum(coalesce(missed.authorised, 0)) as authorised,
    sum(coalesce(missed.unauthorised, 0)) as unauthorised
from spell
left join missed on spell.enrolment_key = missed.enrolment_key and spell.part = missed.part
group by spell.pupil_key, spell.establishment, spell.attended_year
