"""A tidy file that breaks a rule of its format, from the arriving file to what the refresh says and publishes."""

import pytest
from desk import CLA, Desk, differing_rows

METADATA = (
    "col_name,col_type,label,indicator_grouping,indicator_unit,indicator_dp,filter_hint,filter_grouping_column\n"
    "population_type,Filter,Population,,,,,\n"
    "population_estimate,Indicator,Children,,,0,,\n"
    "children_count,Indicator,Children looked after,,,0,,\n"
    "rate_per_10000,Indicator,Rate,,per 10000,0,,\n"
)


@pytest.mark.slow
def test_metadata_with_a_unit_that_is_not_allowed_hold_the_file_until_a_waiver_lets_it_in(
    small: Desk, small_desk: Desk
) -> None:
    (small.raw / CLA.replace(".csv", ".meta.csv")).write_text(METADATA, encoding="utf-8")
    outcome = small.refresh("--json")
    assert small.state()["ees"][0] == "stale"
    told = [finding["message"] for finding in outcome.facts["findings"] if "D04" in finding["message"]]
    assert len(told) == 1
    for words in (CLA, "'rate_per_10000'", "'per 10000'", "not allowed"):
        assert words in told[0]

    (small.folder / "council").mkdir(exist_ok=True)
    (small.folder / "council" / "waivers.yml").write_text(
        "- {check: tidy_d04_units_and_decimals, reason: seen, name: A. Analyst, expiry: 2099-12-31}\n", encoding="utf-8"
    )
    small.refresh()
    assert small.state()["ees"][0] == "loaded"
    waived = small.query(
        "SELECT outcome, waiver FROM marts.check_result WHERE check_id = 'tidy_d04_units_and_decimals'"
    )
    assert [outcome for outcome, _ in waived] == ["waived"]
    assert "A. Analyst" in waived[0][1]
    assert differing_rows(small.published, small_desk.published, "indicator_comparison", "* EXCLUDE (vintage_id)") == 0
