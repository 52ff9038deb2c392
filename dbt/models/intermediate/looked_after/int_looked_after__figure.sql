-- Every figure of each return, counted from int_looked_after__child. One line per figure here, and a row in the seed `indicators`.
-- `top` is counted (for a mean: summed), `base` is what it is divided by; `needs` are the tables of the return without which the
-- figure is missing, and `from_year` is the first collection year that has them.
{%- set cohort = 'is_counted and is_twelve_months' %}
{%- set fostered = "counted_placement_group in ('foster_kinship', 'foster_other')" %}
{%- set scored = cohort ~ ' and counted_age between 5 and 16 and sdq_score is not null' %}
{%- set figures = [
    {'id': 'cla_31_march', 'kind': 'count', 'top': one_if('is_counted'), 'needs': ['episodes']},
    {'id': 'cla_31_march_rate', 'kind': 'rate', 'top': one_if('is_counted'), 'needs': ['episodes']},
    {'id': 'respite_only_31_march', 'kind': 'count', 'top': one_if('is_only_on_short_breaks'), 'needs': ['episodes']},
    {'id': 'uasc_31_march', 'kind': 'count', 'top': one_if("is_counted and counted_uasc = 'uasc'"), 'needs': ['episodes', 'uasc']},
    {'id': 'uasc_31_march_pct', 'kind': 'share', 'top': one_if("is_counted and counted_uasc = 'uasc'"), 'base': one_if('is_counted'), 'needs': ['episodes', 'uasc']},
    {'id': 'cla_excluding_uasc_31_march', 'kind': 'count', 'top': one_if("is_counted and counted_uasc = 'not_uasc'"), 'needs': ['episodes', 'uasc']},
    {'id': 'lait_uasc_pct_starting', 'kind': 'share', 'top': one_if("is_started and started_uasc = 'uasc'"), 'base': one_if('is_started'), 'needs': ['episodes', 'uasc']},
    {'id': 'cla_in_year', 'kind': 'count', 'top': one_if('is_in_year'), 'needs': ['episodes']},
    {'id': 'cla_started', 'kind': 'count', 'top': one_if('is_started'), 'needs': ['episodes']},
    {'id': 'cla_ceased', 'kind': 'count', 'top': one_if('is_ceased'), 'needs': ['episodes']},
    {'id': 'cla_ceased_adopted', 'kind': 'count', 'top': one_if("is_ceased and ceased_reason_code in ('E11', 'E12')"), 'base': one_if('is_ceased'), 'needs': ['episodes']},
    {'id': 'cla_ceased_sgo', 'kind': 'count', 'top': one_if("is_ceased and ceased_reason_code in ('E43', 'E44', 'E45', 'E46', 'E47', 'E48')"), 'base': one_if('is_ceased'), 'needs': ['episodes']},
    {'id': 'cla_ceased_cao', 'kind': 'count', 'top': one_if("is_ceased and ceased_reason_code = 'E41'"), 'base': one_if('is_ceased'), 'needs': ['episodes']},
    {'id': 'cla_ceased_home', 'kind': 'count', 'top': one_if("is_ceased and ceased_reason_code in ('E4A', 'E4B')"), 'base': one_if('is_ceased'), 'needs': ['episodes']},
    {'id': 'cla_ceased_permanence', 'kind': 'count', 'top': one_if("is_ceased and ceased_reason_code in ('E11', 'E12', 'E43', 'E44', 'E45', 'E46', 'E47', 'E48', 'E41', 'E4A', 'E4B')"), 'base': one_if('is_ceased'), 'needs': ['episodes']},
    {'id': 'cla_kinship_foster_pct', 'kind': 'share', 'top': one_if("is_counted and counted_placement_group = 'foster_kinship'"), 'base': one_if('is_counted and ' ~ fostered), 'needs': ['episodes']},
    {'id': 'cla_kinship_of_cla_pct', 'kind': 'share', 'top': one_if("is_counted and counted_placement_group = 'foster_kinship'"), 'base': one_if('is_counted'), 'needs': ['episodes']},
    {'id': 'cla_3plus_placements_pct', 'kind': 'share', 'top': one_if('is_counted and chosen_placements >= 3'), 'base': one_if('is_counted'), 'needs': ['episodes']},
    {'id': 'cla_3plus_placements_carer_change_pct', 'kind': 'share', 'top': one_if('is_counted and carer_changes >= 3'), 'base': one_if('is_counted'), 'needs': ['episodes']},
    {'id': 'cla_3plus_placements_incl_temp_pct', 'kind': 'share', 'top': one_if('is_counted and placements_incl_temporary >= 3'), 'base': one_if('is_counted'), 'needs': ['episodes']},
    {'id': 'cla_stability_2_5_years_pct', 'kind': 'share', 'top': one_if('is_counted and is_thirty_months and chosen_is_settled and counted_age < 16'), 'base': one_if('is_counted and is_thirty_months and counted_age < 16'), 'needs': ['episodes', 'header']},
    {'id': 'cla_stability_2_5_years_same_carer_pct', 'kind': 'share', 'top': one_if('is_counted and is_thirty_months and is_settled_by_reason and counted_age < 16'), 'base': one_if('is_counted and is_thirty_months and counted_age < 16'), 'needs': ['episodes', 'header']},
    {'id': 'cla_placed_outside_pct', 'kind': 'share', 'top': one_if("is_counted and counted_placed = 'outside'"), 'base': one_if("is_counted and counted_placed <> 'unknown'"), 'needs': ['episodes', 'postcodes']},
    {'id': 'cla_over_20_miles_pct', 'kind': 'share', 'top': one_if("is_counted and counted_distance = 'over_20'"), 'base': one_if("is_counted and counted_distance <> 'unknown'"), 'needs': ['episodes', 'postcodes']},
    {'id': 'cla_health_assessment_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and has_health_assessment'), 'base': one_if(cohort), 'needs': ['episodes', 'oc2']},
    {'id': 'cla_dental_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and has_dental_check'), 'base': one_if(cohort), 'needs': ['episodes', 'oc2']},
    {'id': 'cla_immunised_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and is_immunised'), 'base': one_if(cohort), 'needs': ['episodes', 'oc2']},
    {'id': 'cla_development_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and counted_age < 5 and has_development_check'), 'base': one_if(cohort ~ ' and counted_age < 5'), 'needs': ['episodes', 'header', 'oc2']},
    {'id': 'cla_convicted_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and counted_age between 10 and 17 and is_convicted'), 'base': one_if(cohort ~ ' and counted_age between 10 and 17'), 'needs': ['episodes', 'header', 'oc2']},
    {'id': 'cla_substance_misuse_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and has_substance_misuse'), 'base': one_if(cohort), 'needs': ['episodes', 'oc2']},
    {'id': 'cla_substance_intervention_received_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and has_substance_misuse and has_received_intervention'), 'base': one_if(cohort ~ ' and has_substance_misuse'), 'needs': ['episodes', 'oc2']},
    {'id': 'cla_substance_intervention_refused_pct', 'kind': 'share', 'top': one_if(cohort ~ ' and has_substance_misuse and has_refused_intervention'), 'base': one_if(cohort ~ ' and has_substance_misuse'), 'needs': ['episodes', 'oc2']},
    {'id': 'cla_sdq_scored', 'kind': 'count', 'top': one_if(scored), 'base': one_if(cohort ~ ' and counted_age between 5 and 16'), 'needs': ['episodes', 'header', 'oc2']},
    {'id': 'cla_sdq_mean', 'kind': 'mean', 'top': 'case when ' ~ scored ~ ' then sdq_score else 0 end', 'base': one_if(scored), 'needs': ['episodes', 'header', 'oc2']},
    {'id': 'cla_missing_children', 'kind': 'count', 'top': one_if('missing_incidents > 0'), 'base': one_if('is_in_year'), 'needs': ['episodes', 'missing']},
    {'id': 'cla_missing_pct', 'kind': 'share', 'top': one_if('missing_incidents > 0'), 'base': one_if('is_in_year'), 'needs': ['episodes', 'missing']},
    {'id': 'cla_missing_incidents', 'kind': 'count', 'top': 'missing_incidents', 'needs': ['episodes', 'missing']},
    {'id': 'cla_missing_incidents_mean', 'kind': 'mean', 'top': 'missing_incidents', 'base': one_if('missing_incidents > 0'), 'needs': ['episodes', 'missing']},
    {'id': 'cla_away_children', 'kind': 'count', 'top': one_if('away_incidents > 0'), 'base': one_if('is_in_year'), 'needs': ['episodes', 'missing']},
    {'id': 'cla_away_incidents', 'kind': 'count', 'top': 'away_incidents', 'needs': ['episodes', 'missing']},
    {'id': 'cla_review_participation_pct', 'kind': 'share', 'top': 'reviews_with_views', 'base': 'reviews', 'needs': ['episodes', 'reviews']},
    {'id': 'cla_reviews_on_time_pct', 'kind': 'share', 'top': one_if('is_counted and is_reviewed_on_time'), 'base': one_if('is_counted and is_reviewed_on_time is not null'), 'needs': ['episodes', 'reviews']},
    {'id': 'cla_3plus_social_workers_pct', 'kind': 'share', 'top': one_if('is_counted and social_workers >= 3'), 'base': one_if('is_counted'), 'needs': ['episodes', 'social_workers'], 'from_year': 2024},
    {'id': 'cla_started_previous_permanence_pct', 'kind': 'share', 'top': one_if('is_started and had_permanence'), 'base': one_if('is_started'), 'needs': ['episodes', 'previous_permanence']},
    {'id': 'adoption_days_entry_to_placement_mean', 'kind': 'mean', 'top': 'coalesce(days_entry_to_placement, 0)', 'base': one_if('days_entry_to_placement is not null'), 'needs': ['episodes']},
    {'id': 'adoption_days_decision_to_match_mean', 'kind': 'mean', 'top': 'coalesce(days_decision_to_match, 0)', 'base': one_if('days_decision_to_match is not null'), 'needs': ['episodes', 'ad1', 'placed_for_adoption']},
    {'id': 'adoption_days_match_to_order_mean', 'kind': 'mean', 'top': 'coalesce(days_match_to_order, 0)', 'base': one_if('days_match_to_order is not null'), 'needs': ['episodes', 'ad1']},
    {'id': 'cla_deprivation_of_liberty_children', 'kind': 'count', 'top': one_if('is_in_year and is_deprived_of_liberty'), 'needs': ['episodes', 'deprivation_of_liberty'], 'from_year': 2027},
    {'id': 'care_leavers_in_touch_pct', 'kind': 'share', 'top': one_if("leaver_age_band = '19_to_21' and is_in_touch"), 'base': one_if("leaver_age_band = '19_to_21'"), 'needs': ['oc3']},
    {'id': 'care_leavers_eet_pct', 'kind': 'share', 'top': one_if("leaver_age_band = '19_to_21' and is_in_work_or_learning"), 'base': one_if("leaver_age_band = '19_to_21'"), 'needs': ['oc3']},
    {'id': 'care_leavers_neet_pct', 'kind': 'share', 'top': one_if("leaver_age_band = '19_to_21' and is_neither"), 'base': one_if("leaver_age_band = '19_to_21'"), 'needs': ['oc3']},
    {'id': 'care_leavers_activity_unknown_pct', 'kind': 'share', 'top': one_if("leaver_age_band = '19_to_21' and is_activity_unknown"), 'base': one_if("leaver_age_band = '19_to_21'"), 'needs': ['oc3']},
    {'id': 'care_leavers_with_former_carer_pct', 'kind': 'share', 'top': one_if('leaver_age between 18 and 20 and is_with_former_carer'), 'base': one_if('leaver_age between 18 and 20'), 'needs': ['oc3']},
    {'id': 'care_leavers_suitable_pct', 'kind': 'share', 'top': one_if("leaver_age_band = '19_to_21' and is_suitably_housed"), 'base': one_if("leaver_age_band = '19_to_21'"), 'needs': ['oc3']},
] %}
{%- set attributes = {'age_band': 'header', 'sex': 'header', 'ethnic_group': 'header', 'uasc': 'uasc', 'placement_group': 'episodes', 'legal_status': 'episodes', 'category_of_need': 'episodes'} %}
{%- set places = {'placed': 'postcodes', 'distance': 'postcodes', 'placed_distance': 'postcodes'} %}
{%- set leaver_tops = {'care_leavers_in_touch_pct': 'is_in_touch', 'care_leavers_eet_pct': 'is_in_work_or_learning', 'care_leavers_neet_pct': 'is_neither', 'care_leavers_activity_unknown_pct': 'is_activity_unknown', 'care_leavers_suitable_pct': 'is_suitably_housed'} %}
with
    table_of_return as (
        select
            case when as_at is null then release else concat(release, '/', cast(as_at as varchar)) end as return_key,
            cast(release as integer) as collection_year,
            as_at,
            coalesce(as_at, cast(concat(release, '-03-31') as date)) as count_date,
            table_name,
            is_in_use,
            case when is_in_use then vintage_id end as vintage_id
        from {{ ref('stg_landing__source_file') }}
        where source_id = 'ssda903'
            and table_name is not null
            and try_cast(release as integer) is not null
            -- A return that arrived and could not be used is said to be missing, not left out.
            and (is_in_use or status in ('failed', 'rejected'))
    ),

    this_return as (
        select
            return_key,
            collection_year,
            as_at,
            count_date,
            {% for name in ['episodes', 'header', 'uasc', 'oc2', 'oc3', 'missing', 'reviews', 'social_workers', 'ad1', 'placed_for_adoption', 'previous_permanence', 'deprivation_of_liberty'] -%}
            max(case when table_name = '{{ name }}' then vintage_id end) as {{ name }}_vintage_id,
            {% endfor -%}
            -- Postcodes are no part of a return; every return is looked up in the directory that is in use.
            max((
                select max(directory.vintage_id)
                from {{ ref('stg_landing__source_file') }} as directory
                where directory.source_id = 'geography' and directory.table_name = 'postcodes' and directory.is_in_use
            )) as postcodes_vintage_id,
            concat('ssda903/', return_key, '/none') as no_vintage_id
        from table_of_return
        group by return_key, collection_year, as_at, count_date
    ),

    -- Two readings that council.yml chooses; the others keep indicators of their own.
    child as (
        select
            child.*,
            case definition.three_placements
                when 'carer_change' then child.carer_changes
                when 'including_temporary' then child.placements_incl_temporary
                else child.placements
            end as chosen_placements,
            case definition.stability
                when 'same_carer' then child.is_settled_by_reason
                else child.is_settled
            end as chosen_is_settled
        from {{ ref('int_looked_after__child') }} as child
        cross join {{ source('settings', 'definition') }} as definition
    ),

    summed as (
        select
            this_return.return_key,
            {% for figure in figures -%}
            coalesce(sum({{ figure.top }}), 0) as top_{{ loop.index }},
            {% if figure.base -%}
            coalesce(sum({{ figure.base }}), 0) as base_{{ loop.index }}{% else %}cast(null as bigint) as base_{{ loop.index }}{% endif -%}
            {{ ',' if not loop.last }}
            {% endfor -%}
        from this_return
        left join child on this_return.return_key = child.return_key
        group by this_return.return_key
    ),

    figure as (
        {% for figure in figures -%}
        select
            this_return.return_key,
            '{{ figure.id }}' as indicator_id,
            '{{ figure.kind }}' as kind,
            'total' as breakdown_type,
            'total' as breakdown_value,
            {{ return_has(figure.needs) }} as is_complete,
            case
                when {{ return_has(figure.needs) }} then {{ return_vintages(figure.needs) }}
                else this_return.no_vintage_id
            end as vintage_id,
            summed.top_{{ loop.index }} as top,
            summed.base_{{ loop.index }} as base
        from this_return
        inner join summed on this_return.return_key = summed.return_key
        {% if figure.from_year %}where this_return.collection_year >= {{ figure.from_year }}{% endif %}
        union all
        {% endfor -%}
        {% for indicator_id, part in {'cla_31_march': 'counted', 'cla_started': 'started', 'cla_ceased': 'ceased'}.items() -%}
        {% for attribute, need in (attributes.items() | list) + (places.items() | list if part == 'counted' else []) -%}
        select
            child.return_key,
            '{{ indicator_id }}' as indicator_id,
            'count' as kind,
            '{{ attribute }}' as breakdown_type,
            child.{{ part }}_{{ attribute }} as breakdown_value,
            true as is_complete,
            max({{ return_vintages(['episodes', need]) }}) as vintage_id,
            count(*) as top,
            cast(null as bigint) as base
        from child
        inner join this_return on child.return_key = this_return.return_key
        where child.is_{{ part }} and {{ return_has([need]) }}
        group by child.return_key, child.{{ part }}_{{ attribute }}
        union all
        {% endfor -%}
        {% endfor -%}
        {% for indicator_id, top in leaver_tops.items() -%}
        select
            child.return_key,
            '{{ indicator_id }}' as indicator_id,
            'share' as kind,
            'age_band' as breakdown_type,
            child.leaver_age_band as breakdown_value,
            true as is_complete,
            max(this_return.oc3_vintage_id) as vintage_id,
            sum({{ one_if(top) }}) as top,
            count(*) as base
        from child
        inner join this_return on child.return_key = this_return.return_key
        where child.leaver_age_band is not null
        group by child.return_key, child.leaver_age_band
        union all
        {% endfor -%}
        select
            child.return_key,
            'cla_sdq_scored' as indicator_id,
            'count' as kind,
            'sdq_band' as breakdown_type,
            case when sdq_score <= 13 then 'normal' when sdq_score <= 16 then 'borderline' else 'concern' end as breakdown_value,
            true as is_complete,
            max({{ return_vintages(['episodes', 'header', 'oc2']) }}) as vintage_id,
            count(*) as top,
            cast(null as bigint) as base
        from child
        inner join this_return on child.return_key = this_return.return_key
        where {{ scored }} and {{ return_has(['header']) }}
        group by
            child.return_key,
            case when sdq_score <= 13 then 'normal' when sdq_score <= 16 then 'borderline' else 'concern' end
    )

select
    figure.return_key,
    this_return.collection_year,
    this_return.as_at,
    this_return.count_date,
    figure.vintage_id,
    figure.indicator_id,
    figure.kind,
    figure.breakdown_type,
    figure.breakdown_value,
    figure.is_complete,
    case when figure.is_complete then cast(figure.top as double) end as top,
    case when figure.is_complete then cast(figure.base as double) end as base
from figure
inner join this_return on figure.return_key = this_return.return_key
