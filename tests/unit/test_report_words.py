"""Numbers and words as the report prints them."""

import pytest

from dagster_project.report.words import (
    amount,
    direction_of,
    judgement_of,
    missing_words,
    period_words,
    printed_value,
    rounded,
)


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (74.5, 0, "75"),
        (73.5, 0, "74"),
        (0.05, 1, "0.1"),
        (2.675, 2, "2.68"),
        (-0.25, 1, "-0.3"),
        (-0.04, 1, "0.0"),
        (34.700000000000003, 1, "34.7"),
        (45.5 - 45.45, 1, "0.1"),  # the double lies a little under 0.05
        (74.99999999999999, 0, "75"),
        (1498.0, 0, "1,498"),
        (1234567.25, 1, "1,234,567.3"),
        (1e-7, 2, "0.00"),
    ],
)
def test_numbers_are_rounded_half_up_as_decimals(value: float, decimals: int, printed: str) -> None:
    assert rounded(value, decimals) == printed


def test_percent_and_pounds_carry_their_sign_and_rates_do_not() -> None:
    assert printed_value(74.0, unit="percent", decimals=0) == "74%"
    assert printed_value(-1250.5, unit="currency", decimals=0) == "-£1,251"
    assert printed_value(85.0, unit="rate_per_10k", decimals=0) == "85"


def test_differences_of_percentages_are_percentage_points() -> None:
    assert amount(-1.0, unit="percent", decimals=0) == "1 percentage point"
    assert amount(0.42, unit="percent", decimals=2) == "0.42 percentage points"
    assert amount(-48.0, unit="count", decimals=0) == "48"


def test_a_change_that_rounds_to_zero_is_no_change() -> None:
    assert direction_of(0.0, 0) == "no change"
    assert direction_of(0.04, 1) == "no change"
    assert direction_of(-0.05, 1) == "down"
    assert direction_of(1e-12, 9) == "no change"


def test_only_a_measure_with_a_good_direction_improves_or_worsens() -> None:
    assert judgement_of("up", "high") == "improving"
    assert judgement_of("up", "low") == "worsening"
    assert judgement_of("down", "low") == "improving"
    assert judgement_of("up", "neutral") is None
    assert judgement_of("no change", "high") is None


@pytest.mark.parametrize(
    ("status", "printed"),
    [
        ("suppressed", "[c] suppressed"),
        ("not_available", "[x] not available"),
        ("not_applicable", "[z] not applicable"),
        ("rounds_to_zero", "[low] rounds to zero but is not zero"),
        ("low_reliability", "[u] low reliability"),
        ("legacy_missing", "reason not given"),
    ],
)
def test_a_missing_value_is_printed_with_its_reason(status: str, printed: str) -> None:
    assert missing_words(status) == printed


def test_a_year_that_no_row_names_gets_the_label_of_its_kind() -> None:
    assert period_words("year_2021-08-31") == "2020/21"
    assert period_words("year_2021-03-31") == "2020-21"
    assert period_words("year_2020-12-31") == "2020"
    assert period_words("snapshot_2021-03-31") == "31 March 2021"
    assert period_words("rolling3_2022-12-31") == "2020 to 2022"
