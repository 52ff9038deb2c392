"""Great Expectations suites as code: one module per guarded table, registered here.

Raw suites look at newly landed files and can reject them; mart suites look at what is about to be published and can
refuse it. Keys, grain, allowed codes and references are dbt tests and are not repeated. Importing this package does
not import Great Expectations: a suite does so when its expectations are asked for.
"""

from expectations import (
    cluster_indicator,
    comparator_member,
    comparator_value,
    dim_area,
    dim_indicator,
    fct_indicator_value,
    indicator_comparison,
    judgement,
    looked_after_flow,
    published_agreement,
    published_columns,
    raw_council_measures,
    raw_ees,
    raw_geography,
    raw_lait_authority,
    raw_lait_data_dictionary,
    raw_lait_indicator_value,
    raw_lait_statistical_neighbour,
    raw_population_ees_mid_year,
    raw_population_nomis_mid_year,
    raw_results,
    raw_school_census,
    raw_ssda903_episodes,
    raw_ssda903_header,
)

RAW_SUITES = (
    raw_lait_indicator_value.SUITE,
    raw_lait_data_dictionary.SUITE,
    raw_lait_statistical_neighbour.SUITE,
    raw_lait_authority.SUITE,
    *raw_ees.suites(),
    raw_population_ees_mid_year.SUITE,
    raw_population_nomis_mid_year.SUITE,
    *raw_geography.suites(),
    *raw_results.suites(),
    *raw_school_census.suites(),
    raw_ssda903_header.SUITE,
    raw_ssda903_episodes.SUITE,
    raw_council_measures.SUITE,
)
MART_SUITES = (
    dim_indicator.SUITE,
    dim_area.SUITE,
    comparator_member.SUITE,
    fct_indicator_value.SUITE,
    comparator_value.SUITE,
    indicator_comparison.SUITE,
    judgement.SUITE,
    looked_after_flow.SUITE,
    cluster_indicator.SUITE,
    published_agreement.SUITE,
    published_columns.SUITE,
)
