-- Every figure of the pupil-level files as counts, for everybody and for each part; and, for school years whose January census
-- arrived, the figures that their censuses do not give.
with
    told as (
        {% for group in education_figures() -%}
        select * from ({{ education_sums(group, ref('int_education__' ~ group)) }}) as {{ group }}
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    complete as (
        select
            told.*,
            true as is_complete
        from told
        left join {{ ref('int_school_census__year') }} as year on told.academic_year = year.academic_year
        where {{ meals_are_known('told') }}
    ),

    expected as (
        {% for group in ['attendance', 'exclusions', 'january'] -%}
        {% for figure in education_figures()[group] -%}
        select '{{ figure.id }}' as indicator_id, '{{ figure.kind }}' as kind
        {{ 'union all' if not (loop.last and group == 'january') }}
        {% endfor -%}
        {% endfor %}
    )

select * from complete
union all
select
    year.academic_year,
    expected.indicator_id,
    expected.kind,
    false as has_gaps,
    'total' as breakdown_type,
    'total' as breakdown_value,
    cast(null as double) as top,
    cast(null as double) as base,
    concat('school_census/', cast(year.academic_year - 1 as varchar), '/', right(cast(year.academic_year as varchar), 2), '/none')
        as vintage_id,
    false as is_complete
from {{ ref('int_school_census__year') }} as year
cross join expected
left join complete
    on year.academic_year = complete.academic_year
    and expected.indicator_id = complete.indicator_id
    and complete.breakdown_type = 'total'
where complete.indicator_id is null
