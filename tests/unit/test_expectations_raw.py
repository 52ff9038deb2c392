"""Every check on arriving files passes a plausible small file and fails one that breaks its rule.

Each suite runs once, over one good file and one file per broken rule: results come per file.
"""

import json
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from dagster_project.quality.run import rejections, validate
from expectations import RAW_SUITES
from expectations.list import list_checks
from expectations.suite import SuiteContext

CONTEXT = SuiteContext(authority=201)
SENTINEL_CHILD = "SENTINEL7734"
SENTINEL_DATE = "31/02/1907"

REGIONS = "(values ('E12000001'),('E12000002'),('E12000003'),('E12000004'),('E12000005'),('E12000006'),('E12000007'),"
REGIONS += "('E12000008'),('E12000009'),('E13000001'),('E13000002')) as r(region_code)"

# A tidy file: England, nine regions, both parts of London, 150 authorities numbered from 201.
TIDY = f"""
    select p as time_period, '{{kind}}' as time_identifier, 'National' as geographic_level, null as region_code,
        null as old_la_code, null as new_la_code, 15000 as people from (values {{periods}}) as t(p)
    union all
    select p, '{{kind}}', 'Regional', region_code, null, null,
        case when region_code in ('E12000007') then 3000 when region_code like 'E13%' then 1500 else 1500 end
    from (values {{periods}}) as t(p), {REGIONS}
    union all
    select p, '{{kind}}', 'Local authority', 'E12000001', cast(n as varchar), 'E0' || n, 100
    from (values {{periods}}) as t(p), range(201, 351) as a(n)"""

LONG_TERM = "Children looked after continuously for at least 2.5 years on 31 March aged under 16 years"

GOOD = {
    "raw_lait.indicator_value": """
        select d as short_desc, null as data_item, '2025' as years, 'Area ' || n as area_name, '12.5' as value_text,
            n || '.0' as dfe_number, 'NA' as region_name
        from (values ('A'), ('B')) as i(d),
            (select * from range(201, 351)
             union all select unnest([970, 980, 981, 982, 983, 984, 985, 986, 989, 990])) as a(n)""",
    "raw_lait.data_dictionary": """
        select n as measure_code, 'Measure ' || n as measure, n as measure_short, 'High' as polarity,
            'Academic Year' as year_type, 'NA' as dps
        from (values ('A'), (' B ')) as t(n)""",
    "raw_lait.statistical_neighbour": "select cast(n as varchar) as la_num, "
    + ", ".join(f"cast(201 + (n - 201 + {k}) % 150 as varchar) as sn{k}" for k in range(1, 11))
    + " from range(201, 351) as a(n)",
    "raw_lait.authority": """
        select cast(n as varchar) as la_number, 'Area ' || n as la_name from range(201, 351) as a(n)""",
    "raw_ees.cla_number_and_rate_per_10k_children": f"""
        select t.* exclude (people), population_type, cast(people * 100 as varchar) as population_estimate,
            cast(people as varchar) as children_count, '100' as rate_per_10000
        from ({TIDY.format(kind="Reporting year", periods="('2025')")}) as t,
            (values ('Children ceasing to be looked after each year'),
                    ('Children looked after on 31 March each year'),
                    ('Children starting to be looked after each year')) as p(population_type)""",
    "raw_ees.ks4_la": f"""
        select t.* exclude (people), social_care_group, 'Revised' as version, cast(people as varchar) as t_pupils,
            cast(people * 20 as varchar) as t_att8, '20.0' as avg_att8, '10' as t_l2basics_95,
            '10.0' as pt_l2basics_95, '20' as t_l2basics_94, '20.0' as pt_l2basics_94, '5' as t_ebacc_e_ptq_ee,
            '5.0' as pt_ebacc_e_ptq_ee, '90' as t_inp8calc, '-1.2' as avg_p8score
        from ({TIDY.format(kind="Academic year", periods="('202425')")}) as t,
            (values ('CINO at 31 March'), ('CLA 12 months at 31 March'), ('CPPO at 31 March'))
                as g(social_care_group)""",
    "raw_ees.b1_children_in_need": f"""
        select t.* exclude (people), 'Children in Need' as category, cast(people * 3 as varchar) as anypoint_episodes,
            cast(people * 2 as varchar) as anypoint_child, cast(people as varchar) as started_episodes,
            cast(people as varchar) as started_child, cast(people as varchar) as ended_episodes,
            cast(people as varchar) as ended_child, cast(people as varchar) as at31_episodes
        from ({TIDY.format(kind="Reporting year", periods="('2024'), ('2025')")}) as t""",
    "raw_ees.c1_children_in_need_referrals_and_rereferrals": f"""
        select t.* exclude (people), 'Referrals and Re-referrals' as category,
            cast(people as varchar) as referral_count, cast(people / 5 as varchar) as rereferral_count,
            '20' as rereferral_percent, cast(people / 10 as varchar) as no_further_action_count,
            '10.0' as no_further_action_percent,
            'c' as not_in_need_count, 'c' as not_in_need_percent, cast(people / 2 as varchar) as referral_child_count,
            cast(people / 10 as varchar) as rereferral_child_count, '20.0' as rereferral_child_percent
        from ({TIDY.format(kind="Reporting year", periods="('2024'), ('2025')")}) as t""",
    "raw_ees.d3_cpps_subsequent_plan": f"""
        select t.* exclude (people), 'Second or subsequent plan' as category, cast(people as varchar) as cpp_start,
            cast(people / 4 as varchar) as cpp_subsequent, '25.0' as cpp_subsequent_percent
        from ({TIDY.format(kind="Reporting year", periods="('2025')")}) as t""",
    "raw_ees.la_cla_placement_stability": f"""
        select t.* exclude (people), cla_group, placement_stability,
            cast(people * share / 100 as varchar) as children_count, cast(share as varchar) as children_percent
        from ({TIDY.format(kind="Reporting year", periods="('2025')")}) as t,
            (values ('CLA on 31 March', 'Total children', 100),
                    ('CLA on 31 March', 'With 3 or more placements during the year', 10),
                    ('{LONG_TERM}', 'Total children', 100),
                    ('{LONG_TERM}', 'Living with the same carer for at least 2 years', 70))
                as g(cla_group, placement_stability, share)""",
    "raw_ees.la_care_leavers_accommodation_suitability": f"""
        select t.* exclude (people), care_leaver_age, breakdown,
            cast(people * share / 100 as varchar) as care_leaver_count, cast(share as varchar) as care_leaver_percent
        from ({TIDY.format(kind="Reporting year", periods="('2025')")}) as t,
            (values ('17 to 18 years'), ('19 to 21 years')) as a(care_leaver_age),
            (values ('Accommodation considered suitable', 80), ('Suitability total', 100)) as g(breakdown, share)""",
    "raw_ees.neet_la_scorecard": f"""
        select t.* exclude (people), '16-17' as age, people || '.3' as cohort_djfavg,
            cast(people as varchar) as cohort_march, '3.1' as neet_percent,
            '2.2' as notknown_percent, '5.4' as neet_not_known_percent,
            '91.5' as total_participating_in_education_and_training_percent,
            '95.0' as september_guarantee_offer_made_percent
        from ({TIDY.format(kind="Calendar year", periods="('2025')")}) as t""",
    "raw_population.ees_mid_year": f"""
        select t.* exclude (people), 'Children aged 0 to 17 years' as age_group,
            cast(people * 20 as varchar) as population_estimate
        from ({TIDY.format(kind="Reporting year", periods="('2023'), ('2024')")}) as t""",
    "raw_population.nomis_mid_year": """
        select d as date, g as geography_code, 'Total' as gender_name, cast(101 + age as varchar) as c_age,
            'Value' as measures_name, '1000' as obs_value, 'A' as obs_status, '108' as record_count
        from (values ('2023'), ('2024')) as y(d), (values ('E01'), ('E02'), ('E03')) as a(g), range(0, 18) as r(age)""",
    "raw_council.measures": """
        select indicator_id, a.area_code, '2025-04-01' as period_start, '2025-09-30' as period_end,
            '' as breakdown_type, 'total' as breakdown_value, value, numerator, denominator, status as value_status,
            'Case system' as source, 'A team' as owner
        from (values ('slt_wait_days_mean', '71.5', '143', '2', ''), ('re_referrals_pct', '6.25', '1', '16', 'ok'),
                ('referrals_rate', 'c', '', '', 'suppressed'), ('cla_started', '12', '12', '', ''),
                ('cla_missing_incidents_mean', '-', '', '', 'not_available'))
                as f(indicator_id, value, numerator, denominator, status),
            (values ('E08000035'), ('373'), ('E08000016')) as a(area_code)""",
    "raw_ssda903.header": """
        select 'C' || n as child, '1' as sex, '01/02/2010' as dob, 'WBRI' as ethnic from range(0, 300) as t(n)""",
    "raw_ssda903.episodes": """
        select 'C' || n as child, '01/06/2022' as decom, 'S' as rne, 'C2' as ls, '' as "dec"
        from range(0, 300) as t(n)""",
}


def change(assignment: str, rows: str = "true") -> str:
    return f"update {{t}} set {assignment} where _file_id = '{{f}}' and {rows};"


def remove(rows: str) -> str:
    return f"delete from {{t}} where _file_id = '{{f}}' and {rows};"


def register(assignment: str) -> str:
    return f"update landing.source_file set {assignment} where file_id = '{{f}}';"


def set_aside(reasons: str) -> str:
    values = f"'{{f}}', '{{n}}', n, null, '{reasons}', 'warning'"
    return f"insert into landing.quarantine select {values} from range(16) as t(n);"


# What is done to a copy of the good file of a table so that it breaks one check: {t} is the table, {f} the copy's id.
BROKEN_BY_TABLE = {
    "raw_lait.indicator_value": {
        "lait_area_number": change("dfe_number = '12'", "_row_number = 3"),
        "lait_missing_share": change("value_text = '-'", "short_desc = 'A'"),
        "lait_has_figures": change("value_text = '-'"),
        "lait_dense_grid": remove("short_desc = 'A' and dfe_number = '222.0'"),
        "lait_england_and_regions": remove("dfe_number = '970.0'"),
        "lait_authorities": remove("dfe_number < '260'"),
        "lait_described": change("short_desc = 'C'", "short_desc = 'B'"),
        "lait_dictionary_of_release": change("short_desc = 'C'", "short_desc = 'B'"),
        "lait_indicators_kept": remove("short_desc = 'B'") + register("release = '2026-09'"),
    },
    "raw_lait.data_dictionary": {
        "lait_dictionary_key": change("measure_short = ' '"),
        "lait_dictionary_polarity": change("polarity = 'Upward'"),
        "lait_dictionary_year_type": change("year_type = 'Tax Year'"),
    },
    "raw_lait.statistical_neighbour": {
        "neighbour_list_own": remove("la_num = '201'"),
        "neighbour_list_authorities": remove("la_num < '209'"),
        "neighbour_list_ten": change("sn4 = sn5", "la_num = '230'"),
        "neighbour_list_known": change("sn4 = '900'"),
    },
    "raw_lait.authority": {
        "authority_list_own": remove("la_number = '201'"),
    },
    "raw_ees.cla_number_and_rate_per_10k_children": {
        "ees_cla_time_period": change("time_period = '202425'"),
        "ees_cla_counts": change("children_count = '-3'", "_row_number = 9"),
        "ees_cla_rates": change("rate_per_10000 = '1200'", "_row_number = 9"),
        "ees_cla_rate_follows": change("rate_per_10000 = '99'"),
        "ees_cla_levels": remove("geographic_level = 'Regional'"),
        "ees_cla_england": change(
            "geographic_level = 'Regional'",
            "geographic_level = 'National' and population_type ilike '%ceasing%'",
        ),
        "ees_cla_authorities": remove("old_la_code = '209'"),
        "ees_cla_authorities_even": remove("old_la_code >= '240' and population_type ilike '%ceasing%'"),
        "ees_cla_missing_share": (
            change("children_count = 'c'", "old_la_code >= '240'") + register("release = '2026-09'")
        ),
        "ees_cla_adds_up": change("children_count = '20000'", "geographic_level = 'National'"),
        "ees_cla_london_once": change("children_count = '1500'", "region_code = 'E12000007'"),
        "ees_cla_population_types": change(
            "population_type = 'Children leaving'",
            "population_type ilike '%ceasing%'",
        ),
    },
    "raw_ees.ks4_la": {
        "ees_ks4_time_period": change("time_period = '202426'"),
        "ees_ks4_percentages": change("pt_l2basics_94 = '101'", "_row_number = 9"),
        "ees_ks4_counts": change("t_pupils = '12.5'", "_row_number = 9"),
        "ees_ks4_scores": change("avg_p8score = '-6.5'", "_row_number = 9"),
        "ees_ks4_mean_follows": change("avg_att8 = '21.0'"),
        "ees_ks4_release_status": change("version = 'Draft'", "_row_number = 9"),
        "ees_ks4_levels": remove("geographic_level = 'Local authority'"),
        "ees_ks4_england": remove("geographic_level = 'National'"),
        "ees_ks4_authorities": remove("old_la_code = '209'"),
        "ees_ks4_authorities_even": remove("old_la_code >= '240' and social_care_group like 'CPPO%'"),
        "ees_ks4_missing_share": (
            change("avg_att8 = 'c', pt_l2basics_94 = 'c'", "old_la_code >= '240'") + register("release = '2026-09'")
        ),
        "ees_ks4_groups": change("social_care_group = 'All'", "social_care_group like 'CPPO%'"),
    },
    "raw_ees.b1_children_in_need": {
        "ees_cin_time_period": change("time_period = '202425'"),
        "ees_cin_counts": change("started_episodes = '-3'", "_row_number = 9"),
        "ees_cin_open_within_year": change("at31_episodes = '400'", "old_la_code = '209'"),
        "ees_cin_levels": remove("geographic_level = 'Regional'"),
        "ees_cin_england": remove("geographic_level = 'National'"),
        "ees_cin_authorities": remove("old_la_code = '209'"),
        "ees_cin_authorities_even": remove("old_la_code >= '240' and time_period = '2024'"),
        "ees_cin_missing_share": change("at31_episodes = 'c'", "old_la_code >= '240'")
        + register("release = '2026-09'"),
        "ees_cin_adds_up": change("at31_episodes = '20000'", "geographic_level = 'National'"),
        "ees_cin_london_once": change("at31_episodes = '1500'", "region_code = 'E12000007'"),
        "ees_cin_category": change("category = 'Disabled'", "old_la_code = '209'"),
    },
    "raw_ees.c1_children_in_need_referrals_and_rereferrals": {
        "ees_referrals_time_period": change("time_period = '202425'"),
        "ees_referrals_counts": change("not_in_need_count = '0.5'", "_row_number = 9"),
        "ees_referrals_percentages": change("no_further_action_percent = '100.1'", "_row_number = 9"),
        "ees_referrals_share_follows": change("rereferral_percent = '20.1'"),
        "ees_referrals_children": change("referral_child_count = '101'", "old_la_code = '209'"),
        "ees_referrals_levels": remove("geographic_level = 'Regional'"),
        "ees_referrals_england": remove("geographic_level = 'National'"),
        "ees_referrals_authorities": remove("old_la_code = '209'"),
        "ees_referrals_authorities_even": remove("old_la_code >= '240' and time_period = '2024'"),
        "ees_referrals_missing_share": change("referral_count = 'c', rereferral_percent = 'c'", "old_la_code >= '240'")
        + register("release = '2026-09'"),
        "ees_referrals_adds_up": change("referral_count = '20000'", "geographic_level = 'National'"),
        "ees_referrals_london_once": change("referral_count = '1500'", "region_code = 'E12000007'"),
        "ees_referrals_category": change("category = 'Referrals of babies'", "old_la_code = '209'"),
    },
    "raw_ees.d3_cpps_subsequent_plan": {
        "ees_plans_time_period": change("time_period = '25'"),
        "ees_plans_counts": change("cpp_start = '7.5'", "_row_number = 9"),
        "ees_plans_percentages": change("cpp_subsequent_percent = '-1'", "_row_number = 9"),
        "ees_plans_share_follows": change("cpp_subsequent_percent = '25.1'"),
        "ees_plans_levels": remove("geographic_level = 'Regional'"),
        "ees_plans_england": remove("geographic_level = 'National'"),
        "ees_plans_authorities": remove("old_la_code = '209'"),
        "ees_plans_authorities_even": (
            change("category = 'Neglect'", "(old_la_code < '300' or geographic_level <> 'Local authority')")
        ),
        "ees_plans_missing_share": change("cpp_start = 'c', cpp_subsequent_percent = 'c'", "old_la_code >= '240'")
        + register("release = '2026-09'"),
        "ees_plans_adds_up": change("cpp_start = '20000'", "geographic_level = 'National'"),
        "ees_plans_london_once": change("cpp_start = '1500'", "region_code = 'E12000007'"),
        "ees_plans_category": change("category = 'First plan'", "old_la_code = '209'"),
    },
    "raw_ees.la_cla_placement_stability": {
        "ees_stability_time_period": change("time_period = '202425'"),
        "ees_stability_counts": change("children_count = '-1'", "_row_number = 9"),
        "ees_stability_percentages": change("children_percent = '101'", "_row_number = 9"),
        "ees_stability_share_follows": change("children_percent = '60'", "placement_stability ilike '%carer%'"),
        "ees_stability_levels": remove("geographic_level = 'Regional'"),
        "ees_stability_england": remove("geographic_level = 'National'"),
        "ees_stability_authorities": remove("old_la_code = '209'"),
        "ees_stability_authorities_even": remove("old_la_code >= '240' and placement_stability ilike '%carer%'"),
        "ees_stability_missing_share": change("children_count = 'c', children_percent = 'c'", "old_la_code >= '240'")
        + register("release = '2026-09'"),
        "ees_stability_adds_up": change("children_count = '20000'", "geographic_level = 'National'"),
        "ees_stability_london_once": change("children_count = '1500'", "region_code = 'E12000007'"),
        "ees_stability_groups": change(
            "placement_stability = 'With the same carer for 2 years'", "placement_stability ilike '%carer%'"
        ),
    },
    "raw_ees.la_care_leavers_accommodation_suitability": {
        "ees_care_leavers_time_period": change("time_period = '202425'"),
        "ees_care_leavers_counts": change("care_leaver_count = '-1'", "_row_number = 9"),
        "ees_care_leavers_percentages": change("care_leaver_percent = '101'", "_row_number = 9"),
        "ees_care_leavers_share_follows": change("care_leaver_percent = '82'", "breakdown ilike '%suitable'"),
        "ees_care_leavers_ages": change("care_leaver_age = '22 to 25 years'", "care_leaver_age = '17 to 18 years'"),
        "ees_care_leavers_levels": remove("geographic_level = 'Regional'"),
        "ees_care_leavers_england": remove("geographic_level = 'National'"),
        "ees_care_leavers_authorities": remove("old_la_code = '209'"),
        "ees_care_leavers_authorities_even": remove("old_la_code >= '240' and care_leaver_age = '17 to 18 years'"),
        "ees_care_leavers_missing_share": change(
            "care_leaver_count = 'c', care_leaver_percent = 'c'", "old_la_code >= '240'"
        )
        + register("release = '2026-09'"),
        "ees_care_leavers_adds_up": change("care_leaver_count = '20000'", "geographic_level = 'National'"),
        "ees_care_leavers_london_once": change("care_leaver_count = '1500'", "region_code = 'E12000007'"),
        "ees_care_leavers_answers": change("breakdown = 'Suitable'", "breakdown ilike '%suitable'"),
    },
    "raw_ees.neet_la_scorecard": {
        "ees_neet_time_period": change("time_period = '202425'"),
        "ees_neet_percentages": change("neet_percent = '104.9'", "_row_number = 9"),
        "ees_neet_cohorts": change("cohort_djfavg = '-1.5'", "_row_number = 9"),
        "ees_neet_both_follows": change("neet_not_known_percent = '5.5'"),
        "ees_neet_levels": remove("geographic_level = 'Regional'"),
        "ees_neet_england": remove("geographic_level = 'National'"),
        "ees_neet_authorities": remove("old_la_code = '209'"),
        "ees_neet_authorities_even": change(
            "age = '16'", "(old_la_code < '300' or geographic_level <> 'Local authority')"
        ),
        "ees_neet_missing_share": change("neet_percent = 'c', notknown_percent = 'c'", "old_la_code >= '240'")
        + register("release = '2026-09'"),
        "ees_neet_adds_up": change("cohort_march = '20000'", "geographic_level = 'National'"),
        "ees_neet_london_once": change("cohort_march = '1500'", "region_code = 'E12000007'"),
        "ees_neet_age": change("age = '17'", "old_la_code = '209'"),
        "ees_neet_one_year": change("time_period = '2024'", "old_la_code >= '240'"),
    },
    "raw_population.ees_mid_year": {
        "population_ees_time_period": change("time_period = '24'", "time_period = '2024'"),
        "population_ees_counts": change("population_estimate = '7'", "old_la_code = '209'"),
        "population_ees_ages": change("age_group = 'Children aged 10 to 17 years'"),
        "population_ees_adds_up": change("population_estimate = '20000'", "old_la_code = '209'"),
        "population_ees_yearly_change": change(
            "population_estimate = '2500'",
            "time_period = '2024' and geographic_level = 'Local authority'",
        ),
        "population_ees_authority": remove("old_la_code = '201' and time_period = '2024'"),
    },
    "raw_population.nomis_mid_year": {
        "population_nomis_counts": change("obs_value = '10.5'", "_row_number = 5"),
        "population_nomis_ages": remove("_row_number = 5"),
        "population_nomis_complete": change("record_count = '25001'"),
        "population_nomis_yearly_change": change("obs_value = '1500'", "date = '2024'"),
    },
    "raw_council.measures": {
        "council_measures_indicators": change("indicator_id = 'no_such_measure'", "_row_number = 1"),
        "council_measures_areas": change("area_code = 'E08000099'", "_row_number = 1"),
        "council_measures_one_figure": change("area_code = 'E08000019'", "area_code = 'E08000016'"),
        "council_measures_period_over": change("period_end = '01/02/2026'", "_row_number = 1"),
        "council_measures_month": register("release = 'April 2026'"),
        "council_measures_period_fits": change("period_start = '2025-05-01'", "_row_number = 1"),
        "council_measures_one_file": (
            register("release = '2026-02'")
            + "insert into landing.source_file select * replace ('twin' as file_id, 'another.csv' as file_path) "
            "from landing.source_file where file_id = '{f}';"
            "insert into {t} select * replace ('twin' as _file_id) from {t} where _file_id = '{f}' and _row_number = 1;"
        ),
        "council_measures_possible": change("value = '12.5', numerator = ''", "indicator_id = 'cla_started'"),
        "council_measures_percent_in_range": change(
            "value = '106.3', numerator = '17'", "indicator_id = 're_referrals_pct'"
        ),
        "council_measures_value_follows": change("value = '6.4'", "indicator_id = 're_referrals_pct'"),
        "council_measures_count_follows": change("numerator = '13'", "indicator_id = 'cla_started'"),
        "council_measures_symbol_agrees": change("value_status = 'not_available'", "value = 'c'"),
        "council_measures_reason_given": change("value = '', numerator = '', value_status = ''", "_row_number = 1"),
        "council_measures_source_and_owner": change("owner = ' '", "_row_number = 1"),
    },
    "raw_ssda903.header": {
        "ssda903_header_set_aside": set_aside("missing_child_id"),
        "ssda903_header_birth_dates": change(f"dob = '{SENTINEL_DATE}'"),
        "ssda903_header_birth_date_unread": change(
            f"dob = '{SENTINEL_DATE}', child = '{SENTINEL_CHILD}'",
            "_row_number = 1",
        ),
        "ssda903_header_sex_codes": change(f"sex = '9', child = '{SENTINEL_CHILD}'", "_row_number = 1"),
        "ssda903_header_ethnic_codes": change("ethnic = 'XXXX'", "_row_number <= 20"),
        "ssda903_header_size": register("rows_loaded = 600"),
    },
    "raw_ssda903.episodes": {
        "ssda903_episodes_set_aside": set_aside("exact_duplicate, no_valid_decom"),
        "ssda903_episode_end_dates": change(f"\"dec\" = '{SENTINEL_DATE}'"),
        "ssda903_episode_end_date_unread": change(
            f"\"dec\" = '{SENTINEL_DATE}', child = '{SENTINEL_CHILD}'",
            "_row_number = 1",
        ),
        "ssda903_episode_other_year": change("decom = '01/06/2023'"),
        "ssda903_episode_after_end": change(f"decom = '01/04/2023', child = '{SENTINEL_CHILD}'", "_row_number = 1"),
        "ssda903_episode_backwards": change("\"dec\" = '31/05/2022'", "_row_number = 1"),
        "ssda903_legal_statuses": change("ls = 'Q9'", "_row_number <= 20"),
        "ssda903_legal_status_unknown": change("ls = ''", "_row_number = 1"),
        "ssda903_reason_codes": change("rne = 'Z'", "_row_number <= 20"),
        "ssda903_children_of_another_return": change("child = 'D' || child"),
        "ssda903_children_without_header": change(f"child = '{SENTINEL_CHILD}'", "_row_number = 1"),
        "ssda903_episodes_size": register("rows_loaded = 100"),
    },
}
BROKEN = [(table, check, sql) for table, changes in BROKEN_BY_TABLE.items() for check, sql in changes.items()]


def good_id(table: str) -> str:
    return f"good_{table.rsplit('.', 1)[-1]}"


@pytest.fixture(scope="module")
def candidates() -> dict[str, list[str]]:
    files = {table: [good_id(table), f"empty_{table.rsplit('.', 1)[-1]}"] for table in GOOD}
    for table, check, _ in BROKEN:
        files[table].append(f"bad_{check}")
    return files


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory, candidates: dict[str, list[str]]) -> Path:
    """Return a warehouse with a good, an empty and several broken files in every raw table."""
    database = tmp_path_factory.mktemp("landed") / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema landing")
        connection.execute(
            """create table landing.source_file (file_id varchar, source_id varchar, table_name varchar,
               release varchar, as_at date, rows_landed bigint, rows_loaded bigint, use varchar,
               file_path varchar default 'one.csv')"""
        )
        connection.execute(
            """create table landing.quarantine (file_id varchar, table_name varchar, row_number bigint,
               raw_text varchar, reason varchar, severity varchar)"""
        )
        for table, query in GOOD.items():
            schema, name = table.split(".")
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(
                f"create temp table good as select *, row_number() over () as _row_number from ({query})"
            )
            connection.execute(f"create table {table} as select *, '' as _file_id from good limit 0")
            rows = connection.execute("select count(*) from good").fetchone()
            source = schema.removeprefix("raw_")
            release = "2023" if source == "ssda903" else "2026-01"
            for file_id in candidates[table]:
                if not file_id.startswith("empty_"):
                    connection.execute(f"insert into {table} select *, ? from good", [file_id])
                # Only the good header is the return's newest: a broken one beside it must not stand in for it.
                use = "candidate" if file_id == good_id(table) or name != "header" else "current"
                connection.execute(
                    "insert into landing.source_file values (?, ?, ?, ?, null, ?, ?, ?, default)",
                    [file_id, source, name, release, rows[0], rows[0], use],
                )
            if source == "ssda903":
                connection.execute(
                    "insert into landing.source_file values (?, ?, ?, '2021-22', null, 300, 300, 'current', default)",
                    [f"before_{name}", source, name],
                )
            connection.execute("drop table good")
        for table, check, sql in BROKEN:
            connection.execute(sql.format(t=table, n=table.split(".")[1], f=f"bad_{check}"))
    return database


@pytest.fixture(scope="module")
def results(landed: Path, candidates: dict[str, list[str]]) -> list:
    return validate(landed, RAW_SUITES, context=CONTEXT, candidates=candidates)


def test_a_good_file_passes_every_check(results: list) -> None:
    on_good = [result for result in results if result.file_id.startswith("good_")]
    declared = {check.check_id for check in list_checks(CONTEXT) if check.scope == "source"}
    assert {result.check_id for result in on_good} == declared
    assert [result for result in on_good if result.outcome != "pass"] == []


def test_every_check_on_arriving_files_has_a_broken_file() -> None:
    assert sorted(check for _, check, _ in BROKEN) == sorted(
        check.check_id for check in list_checks(CONTEXT) if check.scope == "source"
    )


@pytest.mark.parametrize(("table", "check"), [(table, check) for table, check, _ in BROKEN], ids=lambda part: part)
def test_a_broken_file_fails_its_check(results: list, table: str, check: str) -> None:
    [found] = [r for r in results if r.file_id == f"bad_{check}" and r.check_id == check]
    assert (found.table_name, found.outcome) == (table, "fail")
    assert found.failed_count > 0
    assert found.message


def test_severity_scope_owner_and_source_come_from_the_declaration(results: list) -> None:
    declared = {check.check_id: check for check in list_checks(CONTEXT)}
    for result in results:
        check = declared[result.check_id]
        assert (result.severity, result.scope, result.owner, result.why) == (
            check.severity,
            "source",
            "data manager",
            check.why,
        )
        assert result.source_id == result.table_name.split(".")[0].removeprefix("raw_")


def test_a_file_without_rows_is_rejected(results: list) -> None:
    rejected = rejections(results)
    assert all(f"empty_{table.rsplit('.', 1)[-1]}" in rejected for table in GOOD)


def test_only_files_with_a_critical_finding_are_rejected(results: list) -> None:
    rejected = rejections(results)
    severity = {check.check_id: check.severity for check in list_checks(CONTEXT)}
    assert not [file_id for file_id in rejected if file_id.startswith("good_")]
    assert all(f"bad_{check}" in rejected for _, check, _ in BROKEN if severity[check] == "critical")
    # An extract of fewer authorities, or a return with single faults, is loaded and warned about.
    assert not {"bad_ees_cla_authorities", "bad_ssda903_episode_backwards"} & set(rejected)


def test_a_duplicate_set_aside_is_no_loss(landed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(landed.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update landing.quarantine set reason = 'exact_duplicate'")
    table, file_id = "raw_ssda903.episodes", "bad_ssda903_episodes_set_aside"
    assert rejections(validate(copy, RAW_SUITES, context=CONTEXT, candidates={table: [file_id]})) == {}


def test_no_child_or_date_appears_in_any_result(results: list) -> None:
    text = json.dumps([asdict(result) for result in results if result.source_id == "ssda903"])
    assert SENTINEL_CHILD not in text
    assert SENTINEL_DATE not in text
    assert '"fail"' in text


def test_rows_in_quarantine_do_not_take_the_grid_or_england_with_them(landed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(landed.read_bytes())
    files = {
        "raw_lait.indicator_value": "bad_lait_dense_grid",
        "raw_ees.cla_number_and_rate_per_10k_children": "bad_ees_cla_england",
    }
    with duckdb.connect(str(copy)) as connection:
        for table, file_id in files.items():
            connection.execute(
                "insert into landing.quarantine values (?, ?, 12, 'x', 'undeclared_symbol', 'critical')",
                [file_id, table.split(".")[1]],
            )
    suites = [suite for suite in RAW_SUITES if suite.table in files]
    again = validate(copy, suites, context=CONTEXT, candidates={table: [one] for table, one in files.items()})
    outcome = {result.check_id: result.outcome for result in again}
    assert (outcome["lait_dense_grid"], outcome["ees_cla_england"]) == ("pass", "pass")


def test_only_candidates_are_looked_at(landed: Path) -> None:
    table = "raw_lait.authority"
    found = validate(landed, RAW_SUITES, context=CONTEXT, candidates={table: [good_id(table)]})
    assert [(one.table_name, one.file_id, one.outcome) for one in found] == [(table, good_id(table), "pass")]
