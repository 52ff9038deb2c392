-- Every published cell in one long form, all vintages. To add a measure of a data set, add a line to its list here.
-- A view: it is read once, and writing it twice would cost as much as the rest.
{{ config(materialized='view') }}
{% set cla_measures = [
    {'indicator_id': 'cla_31_march', 'value': 'children_count',
     'where': "population_type = 'Children looked after on 31 March each year'"},
    {'indicator_id': 'cla_31_march_rate', 'value': 'rate_per_10000', 'numerator': 'children_count',
     'denominator': 'population_estimate', 'where': "population_type = 'Children looked after on 31 March each year'"},
    {'indicator_id': 'cla_started', 'value': 'children_count',
     'where': "population_type = 'Children starting to be looked after each year'"},
    {'indicator_id': 'lait_lac_start_rate', 'value': 'rate_per_10000', 'numerator': 'children_count',
     'denominator': 'population_estimate', 'where': "population_type = 'Children starting to be looked after each year'"},
    {'indicator_id': 'cla_ceased', 'value': 'children_count',
     'where': "population_type = 'Children ceasing to be looked after each year'"},
    {'indicator_id': 'lait_lac_cease_rate', 'value': 'rate_per_10000', 'numerator': 'children_count',
     'denominator': 'population_estimate', 'where': "population_type = 'Children ceasing to be looked after each year'"},
] %}
{% set by_care_group = {'breakdown_type': "'social_care_group'", 'breakdown_value': 'social_care_group'} %}
{% set ks4_measures = [
    dict(by_care_group, indicator_id='ks4_att8', value='avg_att8', numerator='t_att8', denominator='t_pupils'),
    dict(by_care_group, indicator_id='ks4_em_95', value='pt_l2basics_95', numerator='t_l2basics_95', denominator='t_pupils'),
    dict(by_care_group, indicator_id='ks4_em_94', value='pt_l2basics_94', numerator='t_l2basics_94', denominator='t_pupils'),
    dict(by_care_group, indicator_id='ks4_ebacc_entry', value='pt_ebacc_e_ptq_ee', numerator='t_ebacc_e_ptq_ee', denominator='t_pupils'),
    dict(by_care_group, indicator_id='ks4_ebacc_aps', value='avg_ebaccaps', numerator='t_ebaccaps', denominator='t_pupils'),
    dict(by_care_group, indicator_id='ks4_p8', value='avg_p8score', numerator='t_p8score', denominator='t_inp8calc',
         lower='p8score_ci_low', upper='p8score_ci_upp'),
] %}
{#- The same results as figures of their own, where the tool has a measure of that group: its "children in need" are those
    neither looked after nor on a plan. x is printed for years in which nobody has a Progress 8 score: no period of it. -#}
{% set of_looked_after = "social_care_group = 'cla_12_months'" %}
{% set of_in_need = "social_care_group = 'cino'" %}
{% set has_progress = " and coalesce(lower(trim(avg_p8score)), '') <> 'x'" %}
{% set ks4_group_measures = [
    {'indicator_id': 'lait_lac_ks4_avg_attain8', 'value': 'avg_att8', 'numerator': 't_att8', 'denominator': 't_pupils',
     'where': of_looked_after},
    {'indicator_id': 'lait_lac_ks4_avg_prog8', 'value': 'avg_p8score', 'numerator': 't_p8score', 'denominator': 't_inp8calc',
     'lower': 'p8score_ci_low', 'upper': 'p8score_ci_upp', 'where': of_looked_after ~ has_progress},
    {'indicator_id': 'lait_lac_engmaths9_4', 'value': 'pt_l2basics_94', 'numerator': 't_l2basics_94',
     'denominator': 't_pupils', 'where': of_looked_after},
    {'indicator_id': 'lait_cin_avg_attain8_ks4', 'value': 'avg_att8', 'numerator': 't_att8', 'denominator': 't_pupils',
     'where': of_in_need},
    {'indicator_id': 'lait_cinprogks2_4_avg_prog8', 'value': 'avg_p8score', 'numerator': 't_p8score',
     'denominator': 't_inp8calc', 'lower': 'p8score_ci_low', 'upper': 'p8score_ci_upp', 'where': of_in_need ~ has_progress},
    {'indicator_id': 'lait_cin_engmaths9_5', 'value': 'pt_l2basics_95', 'numerator': 't_l2basics_95',
     'denominator': 't_pupils', 'where': of_in_need},
    {'indicator_id': 'lait_cin_engmaths9_4', 'value': 'pt_l2basics_94', 'numerator': 't_l2basics_94',
     'denominator': 't_pupils', 'where': of_in_need},
] %}
{% set in_need_measures = [{'indicator_id': 'cin_31_march', 'value': 'at31_episodes'}] %}
{% set referral_measures = [
    {'indicator_id': 'referrals', 'value': 'referral_count'},
    {'indicator_id': 're_referrals_pct', 'value': 'rereferral_percent', 'numerator': 'rereferral_count',
     'denominator': 'referral_count'},
    {'indicator_id': 'referrals_nfa_pct', 'value': 'no_further_action_percent', 'numerator': 'no_further_action_count',
     'denominator': 'referral_count'},
    {'indicator_id': 'children_referred', 'value': 'referral_child_count'},
] %}
{% set plan_measures = [
    {'indicator_id': 'cpp_started', 'value': 'cpp_start'},
    {'indicator_id': 'cpp_second_pct', 'value': 'cpp_subsequent_percent', 'numerator': 'cpp_subsequent',
     'denominator': 'cpp_start'},
] %}
{% set stability_measures = [
    {'indicator_id': 'cla_3plus_placements_pct', 'value': 'children_percent', 'numerator': 'numerator_count',
     'denominator': 'denominator_count', 'where': "cla_group = 'CLA on 31 March'
        and placement_stability = 'With 3 or more placements during the year'"},
    {'indicator_id': 'cla_stability_2_5_years_pct', 'value': 'children_percent', 'numerator': 'numerator_count',
     'denominator': 'denominator_count', 'where': "cla_group
            = 'Children looked after continuously for at least 2.5 years on 31 March aged under 16 years'
        and placement_stability = 'Living with the same carer for at least 2 years'"},
] %}
{% set suitable = {'indicator_id': 'care_leavers_suitable_pct', 'value': 'care_leaver_percent',
    'numerator': 'numerator_count', 'denominator': 'denominator_count'} %}
{% set is_suitable = "suitability = 'Accommodation considered suitable'" %}
{% set care_leaver_measures = [
    dict(suitable, where=is_suitable ~ " and age_band = '19_to_21'"),
    dict(suitable, where=is_suitable, breakdown_type="'age_band'", breakdown_value='age_band'),
] %}
{#- Management information: no count of young people is printed, so that a share has a base and no numerator. -#}
{% set neet_measures = [
    {'indicator_id': 'neet_pct', 'value': 'neet_percent', 'denominator': 'cohort_december_to_february'},
    {'indicator_id': 'not_known_pct', 'value': 'not_known_percent', 'denominator': 'cohort_december_to_february'},
    {'indicator_id': 'neet_nk_pct', 'value': 'neet_not_known_percent', 'denominator': 'cohort_december_to_february'},
    {'indicator_id': 'participation_pct', 'value': 'participation_percent', 'denominator': 'cohort_march'},
    {'indicator_id': 'september_offer_pct', 'value': 'september_offer_percent', 'period_end': 'september_period_end'},
] %}
with
    population as (
        select
            dfe_number,
            cast(concat(cast(mid_year as varchar), '-06-30') as date) as period_end,
            cast(mid_year as varchar) as published_label,
            'published' as release_status,
            vintage_id,
            release,
            issue_number,
            value_text
        from {{ ref('stg_population__mid_year') }}
    ),

    cell as (
        {{ long_measures(ref('stg_ees__cla_number_and_rate_per_10k_children'), cla_measures) }}
        union all
        {{ long_measures(ref('stg_ees__ks4_la'), ks4_measures + ks4_group_measures) }}
        union all
        {{ long_measures(ref('stg_ees__b1_children_in_need'), in_need_measures) }}
        union all
        {{ long_measures(ref('stg_ees__c1_children_in_need_referrals_and_rereferrals'), referral_measures) }}
        union all
        {{ long_measures(ref('stg_ees__d3_cpps_subsequent_plan'), plan_measures) }}
        union all
        {{ long_measures(ref('stg_ees__la_cla_placement_stability'), stability_measures) }}
        union all
        {{ long_measures(ref('stg_ees__la_care_leavers_accommodation_suitability'), care_leaver_measures) }}
        union all
        {{ long_measures(ref('stg_ees__neet_la_scorecard'), neet_measures) }}
        union all
        {{ long_measures('population', [{'indicator_id': 'pop_0_17', 'value': 'value_text'}]) }}
    )

select
    cell.indicator_id,
    area.area_code,
    area.area_type,
    kind.period_kind,
    cast(
        concat(
            cast(extract(year from cell.period_end) + kind.start_year_offset as varchar), '-', kind.start_month_day
        ) as date
    ) as period_start,
    cell.period_end,
    concat(kind.period_kind, '_', cast(cell.period_end as varchar)) as period_id,
    cell.published_label,
    cell.breakdown_type,
    cell.breakdown_value,
    case when symbol.symbol is null then {{ published_number('cell.value_text') }} end as value,
    cell.numerator,
    cell.denominator,
    cell.lower as ci_lower,
    cell.upper as ci_upper,
    coalesce(
        symbol.value_status,
        case when {{ published_number('cell.value_text') }} is not null then 'ok' else 'legacy_missing' end
    ) as value_status,
    cell.release_status,
    cell.vintage_id,
    cell.release,
    cell.issue_number,
    2 as source_priority
from cell
inner join {{ ref('int_area__by_number') }} as area on cell.dfe_number = area.dfe_number
inner join {{ ref('int_indicator__catalogue') }} as catalogue on cell.indicator_id = catalogue.indicator_id
inner join {{ ref('year_kinds') }} as kind on catalogue.year_kind = kind.year_kind
left join
    (select symbol, value_status from {{ ref('value_symbols') }} where publication = 'ees') as symbol
    on lower(trim(cell.value_text)) = symbol.symbol

union all

select
    label.indicator_id,
    area.area_code,
    area.area_type,
    label.period_kind,
    label.period_start,
    label.period_end,
    label.period_id,
    staged.published_label,
    'total' as breakdown_type,
    'total' as breakdown_value,
    staged.value,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    cast(null as double) as ci_lower,
    cast(null as double) as ci_upper,
    staged.value_status,
    label.release_status,
    staged.vintage_id,
    staged.release,
    staged.issue_number,
    1 as source_priority
from {{ ref('stg_lait__indicator_value') }} as staged
inner join
    {{ ref('int_lait__label') }} as label
    on staged.short_desc = label.short_desc
    and staged.vintage_id = label.vintage_id
    and staged.published_label = label.published_label
inner join {{ ref('int_area__by_number') }} as area on staged.dfe_number = area.dfe_number
