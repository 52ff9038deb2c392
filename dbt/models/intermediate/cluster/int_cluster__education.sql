-- Every figure of the pupil-level files by the cluster of the home and by that of the school, for everybody and for each part: the
-- counts of int_education__figure, divided among areas that add up to them.
{%- set groups = education_figures().keys() | list %}
{%- set day = "cast(concat(cast(told.academic_year as varchar), '-08-31') as date)" %}
with
    lookup as (select * from {{ ref('int_cluster__lookup') }}),

    own_code as ({{ own_codes() }}),

    {% for group in groups -%}
    {{ group }}_placed as (
        {{ in_clusters(ref('int_education__' ~ group), day) }}
    ),

    {% endfor -%}
    summed as (
        {% for group in groups -%}
        select * from ({{ education_sums(group, group ~ '_placed', areas=['home', 'school']) }}) as {{ group }}
        {{ 'union all' if not loop.last }}
        {% endfor %}
    )

select
    summed.membership_basis,
    summed.academic_year as year,
    cast(concat(cast(summed.academic_year as varchar), '-08-31') as date) as member_day,
    summed.area_key,
    summed.indicator_id,
    summed.kind,
    summed.breakdown_type,
    summed.breakdown_value,
    summed.top,
    summed.base,
    summed.vintage_id
from summed
left join {{ ref('int_school_census__year') }} as year on summed.academic_year = year.academic_year
where {{ meals_are_known('summed') }}
