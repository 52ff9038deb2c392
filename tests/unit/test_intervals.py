"""The interval macros against published test data and an outside library, to nine digits (outputs.md section 8)."""

import csv
import math
from pathlib import Path

import duckdb
import jinja2
import pytest
from scipy import stats

DBT = Path(__file__).resolve().parents[2] / "dbt"
RELATIVE = 1e-9
# 99.8% limits.
QUANTILE_998 = float(stats.norm.ppf(0.999))


@pytest.fixture(scope="module")
def macros() -> jinja2.environment.TemplateModule:
    """The macros as dbt renders them; they use nothing of dbt but each other."""
    text = "\n".join((DBT / "macros" / name).read_text("utf-8") for name in ("intervals.sql", "units.sql"))
    return jinja2.Environment().from_string(text).module


def worked_out(expression: str) -> float:
    return duckdb.sql(f"SELECT CAST({expression} AS DOUBLE)").fetchone()[0]


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        (65, 100, 0.5525444329688797, 0.7363575175690247),
        (1045, 5000, 0.19795549880013297, 0.22049130373189027),
        (1, 100, 0.0017674320641406511, 0.054486196178705294),
    ],
)
def test_wilson_equals_published_test_data(macros, successes, trials, lower, upper):
    assert worked_out(macros.wilson_lower(f"{successes}.0", f"{trials}.0")) == pytest.approx(lower, rel=RELATIVE)
    assert worked_out(macros.wilson_upper(f"{successes}.0", f"{trials}.0")) == pytest.approx(upper, rel=RELATIVE)


def test_wilson_takes_another_level_of_confidence(macros):
    lower = worked_out(macros.wilson_lower("65.0", "100.0", QUANTILE_998))
    upper = worked_out(macros.wilson_upper("65.0", "100.0", QUANTILE_998))
    assert (lower, upper) == pytest.approx((0.4954946574070431, 0.7783540614089697), rel=RELATIVE)


@pytest.mark.parametrize(("successes", "trials"), [(0, 30), (1, 31), (15, 30), (30, 30), (999, 1000), (17, 12345)])
def test_wilson_equals_scipy(macros, successes, trials):
    expected = stats.binomtest(successes, trials).proportion_ci(confidence_level=0.95, method="wilson")
    assert worked_out(macros.wilson_lower(f"{successes}.0", f"{trials}.0")) == pytest.approx(
        expected.low, rel=RELATIVE, abs=1e-15
    )
    assert worked_out(macros.wilson_upper(f"{successes}.0", f"{trials}.0")) == pytest.approx(
        expected.high, rel=RELATIVE
    )


def test_no_trials_give_no_interval(macros):
    assert worked_out(macros.wilson_lower("0.0", "0.0")) is None
    assert worked_out(macros.wilson_upper("0.0", "0.0")) is None


@pytest.mark.parametrize(
    ("events", "lower", "upper"),
    [(65, 50.163187710459454, 82.84913854593984), (1045, 982.5932018073325, 1110.33121298565)],
)
def test_byar_equals_published_test_data(macros, events, lower, upper):
    assert worked_out(macros.byar_lower(f"{events}.0")) == pytest.approx(lower, rel=RELATIVE)
    assert worked_out(macros.byar_upper(f"{events}.0")) == pytest.approx(upper, rel=RELATIVE)


def rate_limits(macros, unit: str, events: float, population: float) -> tuple[float, float]:
    """Both limits of a rate as the models work them out, the seed beside."""
    seed = f"(FROM read_csv('{DBT}/seeds/poisson_limits.csv'))"
    limits = [macros.interval_limit(side, "f.unit", "f.events", "f.population", "exact") for side in ("lower", "upper")]
    figure = f"(SELECT '{unit}' AS unit, {events}::DOUBLE AS events, {population}::DOUBLE AS population)"
    return duckdb.sql(
        f"SELECT {limits[0]}, {limits[1]} FROM {figure} AS f LEFT JOIN {seed} AS exact ON f.events = exact.events"
    ).fetchone()


@pytest.mark.parametrize(
    ("events", "lower", "upper"),
    [(5, 1.62348639011842, 11.668332079322669), (20, 12.211428834875937, 30.889880369197066)],
)
def test_rate_equals_published_test_data(macros, events, lower, upper):
    assert rate_limits(macros, "rate_per_100", events, 100) == pytest.approx((lower, upper), rel=RELATIVE)


@pytest.mark.parametrize(
    ("unit", "multiplier"),
    [("rate_per_100", 1e2), ("rate_per_1000", 1e3), ("rate_per_10k", 1e4), ("rate_per_100k", 1e5)],
)
def test_rate_is_in_its_unit(macros, unit, multiplier):
    exact = [0.5 * stats.chi2.ppf(0.025, 6), 0.5 * stats.chi2.ppf(0.975, 8)]
    expected = [limit * multiplier / 2000 for limit in exact]
    assert rate_limits(macros, unit, 3, 2000) == pytest.approx(expected, rel=RELATIVE)


def test_looked_after_rate_of_the_worked_anchor(macros):
    """1,498 of 176,239: 80.7 to 89.4 per 10,000."""
    lower, upper = rate_limits(macros, "rate_per_10k", 1498, 176239)
    assert (round(lower, 1), round(upper, 1)) == (80.7, 89.4)


def test_exact_limits_of_the_seed_equal_the_chi_square_points():
    with (DBT / "seeds" / "poisson_limits.csv").open(encoding="utf-8", newline="") as file:
        rows = {int(row["events"]): (float(row["lower"]), float(row["upper"])) for row in csv.DictReader(file)}
    assert sorted(rows) == list(range(10))
    for events, limits in rows.items():
        lower = 0.0 if events == 0 else 0.5 * stats.chi2.ppf(0.025, 2 * events)
        assert limits == pytest.approx((lower, 0.5 * stats.chi2.ppf(0.975, 2 * events + 2)), rel=RELATIVE)


def test_percentages_and_scores_have_the_interval_of_their_kind(macros):
    lower, upper = rate_limits(macros, "percent", 65, 100)
    assert (lower, upper) == pytest.approx((55.25444329688797, 73.63575175690247), rel=RELATIVE)
    assert rate_limits(macros, "score", 65, 100) == (None, None)
    assert rate_limits(macros, "count", 65, 100) == (None, None)
    assert rate_limits(macros, "percent", 101, 100) == (None, None)
    assert rate_limits(macros, "rate_per_100", 130, 100)[1] > 130


def newcombe(macros, x1: int, n1: int, x2: int, n2: int) -> tuple[float, float]:
    parts = {
        name: worked_out(macro(f"{x}.0", f"{n}.0"))
        for name, macro, x, n in (
            ("l1", macros.wilson_lower, x1, n1), ("u1", macros.wilson_upper, x1, n1),
            ("l2", macros.wilson_lower, x2, n2), ("u2", macros.wilson_upper, x2, n2),
        )
    }  # fmt: skip
    p1, p2 = x1 / n1, x2 / n2
    return (
        worked_out(macros.newcombe_lower(p1, parts["l1"], p2, parts["u2"])),
        worked_out(macros.newcombe_upper(p1, parts["u1"], p2, parts["l2"])),
    )


def test_newcombe_equals_the_published_example(macros):
    """56 of 70 against 48 of 80 (Newcombe 1998, method 10): 0.0524 to 0.3339."""
    assert newcombe(macros, 56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize("pair", [(9, 10, 3, 10), (0, 29, 5, 56), (10, 10, 0, 10), (1498, 3000, 1500, 3001)])
def test_newcombe_equals_the_formula_on_scipy_limits(macros, pair):
    x1, n1, x2, n2 = pair
    p1, p2 = x1 / n1, x2 / n2
    first = stats.binomtest(x1, n1).proportion_ci(method="wilson")
    second = stats.binomtest(x2, n2).proportion_ci(method="wilson")
    expected = (
        p1 - p2 - math.hypot(p1 - first.low, second.high - p2),
        p1 - p2 + math.hypot(first.high - p1, p2 - second.low),
    )
    assert newcombe(macros, *pair) == pytest.approx(expected, rel=RELATIVE, abs=1e-12)


def test_normal_quantile_is_not_rounded(macros):
    assert float(macros.normal_quantile()) == pytest.approx(float(stats.norm.ppf(0.975)), rel=1e-15)
