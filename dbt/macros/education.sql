{# The figures that pupil-level files give, by the model whose rows they are counted from: one line per figure here, and a row in the
   seed `indicators`. `top` is summed and divided by the sum of `base`; `gaps` says that the distance between groups is a figure too;
   `is_of_sessions` that what is counted are sessions, many of one
   pupil; before `from_year` the figure cannot be told. The areas of the early years profile were cut differently before its reform.
   A row of the model is a pupil, save in `attendance`, where it is an enrolment. #}
{% macro education_figures() -%}
    {%- set met = {} %}
    {%- for goal in early_years_goals() %}
        {%- do met.setdefault(goal[:3], []).append('is_met_' ~ goal) %}
    {%- endfor %}
    {%- set everyone = '1' %}
    {%- set figures = {
        'eyfsp': [
            {'id': 'eyfsp_gld', 'kind': 'share', 'top': one_if((met.com + met.pse + met.phy + met.lit + met.mat) | join(' and ')), 'base': everyone, 'gaps': true},
            {'id': 'eyfsp_all17', 'kind': 'share', 'top': one_if((met.com + met.pse + met.phy + met.lit + met.mat + met.utw + met.exp) | join(' and ')), 'base': everyone},
            {'id': 'eyfsp_avg_elg', 'kind': 'mean', 'top': 'goals_met', 'base': everyone},
            {'id': 'eyfsp_comm_lang', 'kind': 'share', 'top': one_if(met.com | join(' and ')), 'base': everyone, 'gaps': true, 'from_year': 2022},
            {'id': 'eyfsp_literacy', 'kind': 'share', 'top': one_if(met.lit | join(' and ')), 'base': everyone, 'from_year': 2022},
            {'id': 'eyfsp_comm_lang_lit', 'kind': 'share', 'top': one_if((met.com + met.lit) | join(' and ')), 'base': everyone, 'from_year': 2022},
            {'id': 'eyfsp_speaking', 'kind': 'share', 'top': one_if('is_met_com_e02'), 'base': everyone, 'from_year': 2022},
            {'id': 'eyfsp_word_reading', 'kind': 'share', 'top': one_if('is_met_lit_e09'), 'base': everyone, 'from_year': 2022},
        ],
        'phonics': [
            {'id': 'phonics_y1', 'kind': 'share', 'top': one_if('check_year = 1 and is_met'), 'base': one_if('check_year = 1'), 'gaps': true},
            {'id': 'phonics_end_y2', 'kind': 'share', 'top': one_if('is_end_y2 and is_met'), 'base': one_if('is_end_y2'), 'gaps': true, 'needs_baseline': true},
            {'id': 'phonics_avg_mark', 'kind': 'mean', 'top': 'case when check_year = 1 then coalesce(mark, 0) else 0 end', 'base': one_if('check_year = 1 and mark is not null')},
        ],
        'ks1': [
            {'id': 'ks1_r_exs', 'kind': 'share', 'top': one_if("reading in ('EXS', 'GDS')"), 'base': one_if('is_in_reading'), 'gaps': true},
            {'id': 'ks1_r_gds', 'kind': 'share', 'top': one_if("reading = 'GDS'"), 'base': one_if('is_in_reading')},
            {'id': 'ks1_w_exs', 'kind': 'share', 'top': one_if("writing in ('EXS', 'GDS')"), 'base': one_if('is_in_writing')},
            {'id': 'ks1_w_gds', 'kind': 'share', 'top': one_if("writing = 'GDS'"), 'base': one_if('is_in_writing')},
            {'id': 'ks1_m_exs', 'kind': 'share', 'top': one_if("maths in ('EXS', 'GDS')"), 'base': one_if('is_in_maths')},
            {'id': 'ks1_m_gds', 'kind': 'share', 'top': one_if("maths = 'GDS'"), 'base': one_if('is_in_maths')},
            {'id': 'ks1_s_exs', 'kind': 'share', 'top': one_if("science = 'EXS'"), 'base': one_if('is_in_science')},
        ],
        'mtc': [
            {'id': 'mtc_full', 'kind': 'share', 'top': one_if('score = 25'), 'base': everyone, 'gaps': true},
            {'id': 'mtc_avg', 'kind': 'mean', 'top': 'coalesce(score, 0)', 'base': one_if('score is not null')},
        ],
        'ks2': [
            {'id': 'ks2_reading_exp', 'kind': 'share', 'top': one_if('is_reading_met'), 'base': one_if('is_in_reading'), 'gaps': true},
            {'id': 'ks2_reading_high', 'kind': 'share', 'top': one_if('reading_score >= 110'), 'base': one_if('is_in_reading')},
            {'id': 'ks2_reading_avg', 'kind': 'mean', 'top': 'coalesce(reading_score, 0)', 'base': one_if('reading_score is not null')},
            {'id': 'ks2_maths_exp', 'kind': 'share', 'top': one_if('is_maths_met'), 'base': one_if('is_in_maths'), 'gaps': true},
            {'id': 'ks2_maths_high', 'kind': 'share', 'top': one_if('maths_score >= 110'), 'base': one_if('is_in_maths')},
            {'id': 'ks2_maths_avg', 'kind': 'mean', 'top': 'coalesce(maths_score, 0)', 'base': one_if('maths_score is not null')},
            {'id': 'ks2_gps_exp', 'kind': 'share', 'top': one_if('is_gps_met'), 'base': one_if('is_in_gps')},
            {'id': 'ks2_gps_high', 'kind': 'share', 'top': one_if('gps_score >= 110'), 'base': one_if('is_in_gps')},
            {'id': 'ks2_gps_avg', 'kind': 'mean', 'top': 'coalesce(gps_score, 0)', 'base': one_if('gps_score is not null')},
            {'id': 'ks2_writing_exp', 'kind': 'share', 'top': one_if("writing in ('EXS', 'GDS')"), 'base': one_if('is_in_writing')},
            {'id': 'ks2_writing_gds', 'kind': 'share', 'top': one_if("writing = 'GDS'"), 'base': one_if('is_in_writing')},
            {'id': 'ks2_science_exp', 'kind': 'share', 'top': one_if("science = 'EXS'"), 'base': one_if('is_in_science')},
            {'id': 'ks2_rwm_exp', 'kind': 'share', 'top': one_if("is_in_all_three and is_reading_met and is_maths_met and writing in ('EXS', 'GDS')"), 'base': one_if('is_in_all_three'), 'gaps': true},
            {'id': 'ks2_rwm_high', 'kind': 'share', 'top': one_if("is_in_all_three and reading_score >= 110 and maths_score >= 110 and writing = 'GDS'"), 'base': one_if('is_in_all_three')},
            {'id': 'ks2_r_prog', 'kind': 'mean', 'top': 'coalesce(reading_progress, 0)', 'base': one_if('reading_progress is not null'), 'needs_baseline': true},
            {'id': 'ks2_w_prog', 'kind': 'mean', 'top': 'coalesce(writing_progress, 0)', 'base': one_if('writing_progress is not null'), 'needs_baseline': true},
            {'id': 'ks2_m_prog', 'kind': 'mean', 'top': 'coalesce(maths_progress, 0)', 'base': one_if('maths_progress is not null'), 'needs_baseline': true},
        ],
        'ks4': [
            {'id': 'ks4_att8', 'kind': 'mean', 'top': 'coalesce(attainment_8, 0)', 'base': everyone, 'gaps': true},
            {'id': 'ks4_p8', 'kind': 'mean', 'top': 'coalesce(progress_8, 0)', 'base': one_if('progress_8 is not null'), 'needs_baseline': true},
            {'id': 'ks4_em_95', 'kind': 'share', 'top': one_if('is_english_and_maths_5'), 'base': everyone, 'gaps': true},
            {'id': 'ks4_em_94', 'kind': 'share', 'top': one_if('is_english_and_maths_4'), 'base': everyone},
            {'id': 'ks4_ebacc_entry', 'kind': 'share', 'top': one_if('is_ebacc_entered'), 'base': everyone},
            {'id': 'ks4_ebacc_aps', 'kind': 'mean', 'top': 'coalesce(ebacc_aps, 0)', 'base': everyone},
        ],
        'attendance': [
            {'id': 'abs_overall', 'kind': 'share', 'is_of_sessions': true, 'top': 'authorised + unauthorised', 'base': 'possible', 'gaps': true},
            {'id': 'abs_auth', 'kind': 'share', 'is_of_sessions': true, 'top': 'authorised', 'base': 'possible'},
            {'id': 'abs_unauth', 'kind': 'share', 'is_of_sessions': true, 'top': 'unauthorised', 'base': 'possible'},
            {'id': 'abs_persistent', 'kind': 'share', 'top': one_if('10 * (authorised + unauthorised) >= possible'), 'base': everyone, 'gaps': true},
            {'id': 'abs_severe', 'kind': 'share', 'top': one_if('2 * (authorised + unauthorised) >= possible'), 'base': everyone, 'gaps': true},
        ],
        'exclusions': [
            {'id': 'susp_rate', 'kind': 'share', 'top': 'suspensions', 'base': 'is_sole_or_main', 'gaps': true},
            {'id': 'susp_pupils', 'kind': 'share', 'top': one_if('suspensions > 0'), 'base': 'is_sole_or_main', 'gaps': true},
            {'id': 'pex_rate', 'kind': 'share', 'top': 'permanent_exclusions', 'base': 'is_sole_or_main'},
        ],
        'january': [
            {'id': 'sen_ehcp_pct', 'kind': 'share', 'top': one_if("sen = 'ehcp'"), 'base': everyone},
            {'id': 'sen_support_pct', 'kind': 'share', 'top': one_if("sen = 'support'"), 'base': everyone},
            {'id': 'fsm_primary', 'kind': 'share', 'top': one_if("phase = 'primary' and fsm = 'fsm'"), 'base': one_if("phase = 'primary'"), 'needs_periods': true},
            {'id': 'fsm_secondary', 'kind': 'share', 'top': one_if("phase = 'secondary' and fsm = 'fsm'"), 'base': one_if("phase = 'secondary'"), 'needs_periods': true},
            {'id': 'eal_primary', 'kind': 'share', 'top': one_if("phase = 'primary' and language = 'other'"), 'base': one_if("phase = 'primary'")},
            {'id': 'eal_secondary', 'kind': 'share', 'top': one_if("phase = 'secondary' and language = 'other'"), 'base': one_if("phase = 'secondary'")},
        ],
    } %}
    {{- return(figures) }}
{%- endmacro %}

{# The 17 goals of the early years foundation stage profile, by their columns: the first three letters are the area of learning. #}
{% macro early_years_goals() -%}
    {{- return(['com_e01', 'com_e02', 'pse_e03', 'pse_e04', 'pse_e05', 'phy_e06', 'phy_e07', 'lit_e08', 'lit_e09', 'lit_e10', 'mat_e11', 'mat_e12', 'utw_e13', 'utw_e14', 'utw_e15', 'exp_e16', 'exp_e17']) }}
{%- endmacro %}

{# The breakdowns of each group of figures, each a column of its model. #}
{% macro education_breakdowns(group) -%}
    {%- set everywhere = ['sex', 'fsm', 'disadvantaged', 'sen', 'language', 'ethnic_group', 'social_care_group'] %}
    {%- set by_birth = ['term_of_birth', 'month_of_birth'] %}
    {{- return({'january': [], 'eyfsp': everywhere + by_birth, 'phonics': everywhere + by_birth}.get(group, everywhere)) }}
{%- endmacro %}

{# Sums of a group of figures for everybody and for each value of each breakdown, one row per figure, year and part. The model has the
   columns `academic_year`, `vintage_id` and, where parts come from a census, `census_vintage_id`. With
   `areas`, names of columns `<name>_area` of the model that are never null, each sum is of one of them (`membership_basis`) and of one
   area (`area_key`). #}
{% macro education_sums(group, relation, areas=none) -%}
    {%- set figures = education_figures()[group] %}
    {%- set breakdowns = education_breakdowns(group) %}
    with
        summed as (
            select
                academic_year,
                {% for area in areas or [] -%}
                {{ area }}_area,
                {% endfor -%}
                {% for name in breakdowns -%}
                {{ name }},
                {% endfor -%}
                max(vintage_id) as vintage_id,
                {{ 'max(census_vintage_id)' if breakdowns else 'cast(null as varchar)' }} as census_vintage_id,
                -- Decimals: a sum of floating numbers depends on the order of the rows, and no figure may.
                {% for figure in figures -%}
                sum(cast({{ figure.top }} as decimal(18, 6))) as top_{{ loop.index }},
                sum(cast({{ figure.base }} as decimal(18, 6))) as base_{{ loop.index }}{{ ',' if not loop.last }}
                {% endfor %}
            from {{ relation }}
            group by grouping sets (
                {%- for area in areas or [none] %}
                {%- set key = 'academic_year' ~ (', ' ~ area ~ '_area' if area else '') %}
                ({{ key }})
                {%- for name in breakdowns %},
                ({{ key }}, {{ name }})
                {%- endfor %}
                {{- ',' if not loop.last }}
                {%- endfor %}
            )
        ),

        part as (
            select
                *,
                case
                    {% for name in breakdowns -%}
                    when {{ name }} is not null then '{{ name }}'
                    {% endfor -%}
                    when false then ''
                    else 'total'
                end as breakdown_type,
                coalesce({{ (breakdowns + ["'total'"]) | join(', ') }}) as breakdown_value
            from summed
        )

    {% for figure in figures -%}
    select
        academic_year,
        {% if areas -%}
        case {% for area in areas %}when {{ area }}_area is not null then '{{ area }}' {% endfor %}end as membership_basis,
        coalesce({% for area in areas %}{{ area }}_area{{ ', ' if not loop.last }}{% endfor %}) as area_key,
        {% endif -%}
        '{{ figure.id }}' as indicator_id,
        '{{ figure.kind }}' as kind,
        {{ figure.gaps or false }} as has_gaps,
        breakdown_type,
        breakdown_value,
        cast(top_{{ loop.index }} as double) as top,
        cast(base_{{ loop.index }} as double) as base,
        vintage_id || case
            when breakdown_type = 'total' or census_vintage_id is null then '' else concat(' + ', census_vintage_id)
        end as vintage_id
    from part
    where
        -- Those outside every group of social care are everybody else, not a part that is compared.
        breakdown_value <> 'not_in_a_group'
        -- A part that only pupils outside the base belong to is no part of the figure.
        and (breakdown_type = 'total' or base_{{ loop.index }} > 0)
        {%- if figure.from_year %}
        and academic_year >= {{ figure.from_year }}
        {%- endif %}
        {%- if figure.needs_baseline %}
        -- Years whose pupils have no earlier result to go by have no such figure.
        and base_{{ loop.index }} > 0
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

{# Whether the censuses of a row's year tell what it counts: without its table of periods a census would find nobody eligible for free
   school meals. `rows` is the alias of the row, `year` that of int_school_census__year. #}
{% macro meals_are_known(rows) -%}
    (
        year.fsm_periods_vintage_id is not null
        or not ({{ rows }}.breakdown_type in ('fsm', 'disadvantaged') or {{ rows }}.indicator_id in ('fsm_primary', 'fsm_secondary'))
        or year.academic_year is null
    )
{%- endmacro %}

{# Ids of the figures that count sessions: those of one pupil go together, so that chance alone is wider than intervals of people say. #}
{% macro ids_of_sessions() -%}
    {%- set ids = [] %}
    {%- for figures in education_figures().values() %}{% for figure in figures if figure.is_of_sessions %}{% do ids.append(figure.id) %}{% endfor %}{% endfor %}
    {{- return(ids) }}
{%- endmacro %}

{# Ids of the figures with gaps. #}
{% macro education_gap_ids() -%}
    {%- set ids = [] %}
    {%- for figures in education_figures().values() %}{% for figure in figures if figure.gaps %}{% do ids.append(figure.id) %}{% endfor %}{% endfor %}
    {{- return(ids) }}
{%- endmacro %}

{# The parts that a row of results belongs to: what the file itself says, else what the January census of the year says of the pupil.
   The row is `result`, the pupil's year `pupil`. #}
{% macro result_parts() -%}
    case
        when result.sex_code in ('M', 'F') then result.sex_code
        else coalesce(pupil.sex, 'unknown')
    end as sex,
    case result.fsm_flag when 1 then 'fsm' when 0 then 'not_fsm' else coalesce(pupil.fsm, 'unknown') end as fsm,
    -- Eligible for free school meals in six years, or looked after for a day of the year.
    case
        when result.disadvantaged_flag = 1 or result.fsm6_flag = 1 or in_care.pupil_key is not null then 'disadvantaged'
        when result.disadvantaged_flag = 0 then 'not_disadvantaged'
        when pupil.is_ever_six then 'disadvantaged'
        when pupil.pupil_key is not null or result.fsm6_flag = 0 then 'not_disadvantaged'
        else 'unknown'
    end as disadvantaged,
    case
        when {{ sen_of('result.sen_provision_code') }} <> 'unknown' then {{ sen_of('result.sen_provision_code') }}
        else coalesce(pupil.sen, 'unknown')
    end as sen,
    case result.eal_flag when 1 then 'other' when 0 then 'english' else coalesce(pupil.language, 'unclassified') end as language,
    case
        when {{ ethnic_group_of('result.ethnicity_code') }} <> 'unknown' then {{ ethnic_group_of('result.ethnicity_code') }}
        else coalesce(pupil.ethnic_group, 'unknown')
    end as ethnic_group,
    coalesce(known.social_care_group, 'not_in_a_group') as social_care_group,
    {{ term_of_birth('coalesce(result.birth_date, pupil.birth_date)') }} as term_of_birth,
    {{ month_of_birth('coalesce(result.birth_date, pupil.birth_date)') }} as month_of_birth,
    pupil.vintage_id as census_vintage_id,
    {{ pupil_place('result.pupil_key', 'coalesce(result.urn, result.establishment, pupil.establishment)', ['result', 'pupil']) }}
{%- endmacro %}

{# Rows of a results extract of the authority's own schools, with the pupil's year and what social care knew of them. #}
{% macro result_rows(rows) -%}
    from {{ rows }} as result
    {{ census_parts('result') }}
{%- endmacro %}

{# The same joins for rows that the census itself tells: the pupil's year and what social care knew. #}
{% macro census_parts(rows) -%}
    left join
        {{ ref('int_pupil__year') }} as pupil
        on {{ rows }}.pupil_key = pupil.pupil_key and {{ rows }}.academic_year = pupil.academic_year
    left join
        {{ ref('int_pupil__social_care_group') }} as known
        on {{ rows }}.pupil_key = known.pupil_key and {{ rows }}.academic_year = known.academic_year
    left join
        (select pupil_key, academic_year from {{ ref('int_pupil__social_care') }} where reason = 'cla_in_year') as in_care
        on {{ rows }}.pupil_key = in_care.pupil_key and {{ rows }}.academic_year = in_care.academic_year
{%- endmacro %}

{# The parts, sex apart, that a row told by the census belongs to, by the pupil's year. #}
{% macro year_parts(rows, school) -%}
    coalesce(pupil.fsm, 'unknown') as fsm,
    case
        when pupil.is_ever_six or in_care.pupil_key is not null then 'disadvantaged'
        when pupil.pupil_key is not null then 'not_disadvantaged'
        else 'unknown'
    end as disadvantaged,
    coalesce(pupil.sen, 'unknown') as sen,
    coalesce(pupil.language, 'unclassified') as language,
    coalesce(pupil.ethnic_group, 'unknown') as ethnic_group,
    coalesce(known.social_care_group, 'not_in_a_group') as social_care_group,
    pupil.vintage_id as census_vintage_id,
    {{ pupil_place(rows ~ '.pupil_key', school, ['pupil']) }}
{%- endmacro %}

{# Whether an outcome keeps a pupil in the base: those who left or whose result was annulled are out, by the seed. #}
{% macro stays_in_base(assessment, outcome, year='result.academic_year') -%}
    not exists (
        select 1
        from {{ ref('result_exclusions') }} as excluded
        where
            excluded.assessment = '{{ assessment }}'
            and excluded.outcome_code = {{ outcome }}
            and {{ year }} between excluded.first_year and excluded.last_year
    )
{%- endmacro %}
