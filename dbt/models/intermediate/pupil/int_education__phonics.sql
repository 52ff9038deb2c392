-- Pupils eligible for the phonics check, one row per pupil and year. Met by the end of year 2 is met in either year: the cohort of a
-- year is the pupils checked in year 2 and those who met the standard in year 1 the year before. Without the results of the year
-- before there is no cohort: those checked again are only the ones who had not met it.
{%- set lasting = ['pupil_key', 'birth_date', 'sex_code', 'ethnicity_code', 'vintage_id'] %}
{%- set place = ['urn', 'establishment', 'home_authority_code', 'home_lsoa_2011', 'home_lsoa_2021'] %}
{%- set of_a_year = ['fsm_flag', 'fsm6_flag', 'disadvantaged_flag', 'sen_provision_code', 'eal_flag'] %}
with
    checked as (
        select
            result.*,
            coalesce(result.phonics_mark >= threshold.threshold_mark, result.phonics_outcome = 'WA', false) as is_met
        from {{ ref('stg_results__phonics') }} as result
        left join {{ ref('phonics_thresholds') }} as threshold on result.academic_year = threshold.academic_year
        where {{ stays_in_base('phonics', 'result.phonics_outcome') }}
    ),

    year_2 as (select * from checked where phonics_year_group = 2),

    cohort as (
        select distinct academic_year from year_2
        where academic_year - 1 in (select academic_year from checked where phonics_year_group = 1)
    ),

    counted as (
        select
            {{ (lasting + of_a_year + place) | join(', ') }},
            academic_year,
            phonics_year_group as check_year,
            phonics_mark as mark,
            is_met,
            phonics_year_group = 2 and academic_year in (select academic_year from cohort) as is_end_y2
        from checked
        union all
        -- Met a year earlier: counted again in the cohort of year 2, unless the pupil was checked once more. Who the pupil is now the
        -- census of the year says; without it, the results of the year before.
        select
            {% for column in lasting -%}
            met.{{ column }},
            {% endfor -%}
            {% for column in of_a_year + place -%}
            case when now.pupil_key is null then met.{{ column }} end as {{ column }},
            {% endfor -%}
            met.academic_year + 1 as academic_year,
            cast(null as integer) as check_year,
            cast(null as integer) as mark,
            true as is_met,
            true as is_end_y2
        from checked as met
        left join year_2 as again on met.pupil_key = again.pupil_key and met.academic_year + 1 = again.academic_year
        left join
            {{ ref('int_pupil__year') }} as now
            on met.pupil_key = now.pupil_key and met.academic_year + 1 = now.academic_year
        where
            met.phonics_year_group = 1
            and met.is_met
            and again.pupil_key is null
            and met.academic_year + 1 in (select academic_year from cohort)
    )

select
    result.academic_year,
    result.vintage_id,
    result.check_year,
    result.mark,
    result.is_met,
    result.is_end_y2,
    {{ result_parts() }}
{{ result_rows('counted') }}
