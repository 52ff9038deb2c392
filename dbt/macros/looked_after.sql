{# The figures that the looked-after return gives, counted from int_looked_after__child: one line per figure here, and a row in the seed
   `indicators`. `top` is counted (for a mean: summed), `base` is what it is divided by; `needs` are the tables of the return without
   which the figure is missing, and `from_year` is the first collection year that has them. #}
{% macro looked_after_figures() -%}
    {%- set cohort = 'is_counted and is_twelve_months' %}
    {%- set fostered = "counted_placement_group in ('foster_kinship', 'foster_other')" %}
    {%- set scored = scored_children() %}
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
    {{- return(figures) }}
{%- endmacro %}

{# Who of the children has a score of the strengths and difficulties questionnaire that counts. #}
{% macro scored_children() -%}
    {{- return('is_counted and is_twelve_months and counted_age between 5 and 16 and sdq_score is not null') }}
{%- endmacro %}

{# Children of each return by the readings that council.yml chooses of what the guides leave open; the others keep indicators of their
   own. #}
{% macro children_as_read() -%}
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
{%- endmacro %}

{# Children of each yearly return with their pupil number: the one that the return gives, else the one that another year's return gives
   for the child. #}
{% macro numbers_of_children() -%}
    select
        header.return_key,
        header.child_key,
        coalesce(max(header.pupil_key), max(known.pupil_key)) as pupil_key
    from (select return_key, child_key, pupil_key from {{ ref('stg_ssda903__header') }} where as_at is null) as header
    left join
        (
            select child_key, max(pupil_key) as pupil_key from {{ ref('stg_ssda903__header') }}
            where as_at is null
            group by child_key
        ) as known
        on header.child_key = known.child_key
    group by header.return_key, header.child_key
{%- endmacro %}
