"""What a unit multiplies a ratio by, the interval where counts are at the edge, and ordinals as people write them."""

import math
from pathlib import Path

import duckdb
import jinja2
import pytest
from scipy import stats

DBT = Path(__file__).resolve().parents[2] / "dbt"


@pytest.fixture(scope="module")
def macros() -> jinja2.environment.TemplateModule:
    """The macros as dbt renders them; they use nothing of dbt but each other."""
    text = "\n".join((DBT / "macros" / name).read_text("utf-8") for name in ("intervals.sql", "units.sql"))
    return jinja2.Environment().from_string(text).module


def worked_out(expression: str) -> object:
    return duckdb.sql(f"SELECT {expression}").fetchone()[0]


@pytest.mark.parametrize(
    ("unit", "multiplier"),
    [("percent", 100), ("rate_per_100", 100), ("rate_per_1000", 1000), ("rate_per_10k", 10_000),
     ("rate_per_100k", 100_000), ("score", 1), ("mean", 1), ("count", None), ("days", None)],
)  # fmt: skip
def test_unit_multiplies_a_ratio(macros, unit, multiplier):
    assert worked_out(macros.unit_multiplier(f"'{unit}'")) == multiplier


def limits(macros, unit: str, events: float, population: float) -> list[float | None]:
    """Both limits of a figure; 0.5 and 9.5 stand for the exact limits of the seed."""
    sides = (macros.interval_limit(side, "unit", "events", "population", "exact") for side in ("lower", "upper"))
    return [
        worked_out(
            f"CAST({side} AS DOUBLE) FROM (SELECT 0.5 AS lower, 9.5 AS upper) AS exact, "
            f"(SELECT '{unit}' AS unit, {events}::DOUBLE AS events, {population}::DOUBLE AS population)"
        )
        for side in sides
    ]


def byar(events: float) -> list[float]:
    z = stats.norm.ppf(0.975)
    return [
        events * (1 - 1 / (9 * events) - z / (3 * math.sqrt(events))) ** 3,
        (events + 1) * (1 - 1 / (9 * (events + 1)) + z / (3 * math.sqrt(events + 1))) ** 3,
    ]


def test_one_child_has_an_interval_and_nobody_has_none(macros):
    wilson = stats.binomtest(0, 1).proportion_ci(method="wilson")
    assert limits(macros, "percent", 0, 1) == pytest.approx([0, 100 * wilson.high], abs=1e-9)
    assert limits(macros, "rate_per_100", 3, 1) == [50, 950]
    assert limits(macros, "rate_per_100", 12, 1) == pytest.approx([100 * limit for limit in byar(12)])
    assert limits(macros, "percent", 0, 0) == [None, None]
    assert limits(macros, "rate_per_100", 3, 0) == [None, None]
    assert limits(macros, "rate_per_100", 12, 0) == [None, None]


def test_only_shares_and_rates_have_an_interval_from_counts(macros):
    for unit in ("score", "mean", "count"):
        assert limits(macros, unit, 3, 100) == [None, None]
        assert limits(macros, unit, 30, 100) == [None, None]


def test_byar_stands_on_one_event_and_not_on_none(macros):
    assert worked_out(f"CAST({macros.byar_lower('1.0')} AS DOUBLE)") == pytest.approx(byar(1)[0])
    assert worked_out(f"CAST({macros.byar_lower('0.0')} AS DOUBLE)") is None


@pytest.mark.parametrize(
    ("number", "ordinal"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (10, "10th"), (11, "11th"), (12, "12th"), (13, "13th"),
     (14, "14th"), (21, "21st"), (22, "22nd"), (23, "23rd"), (24, "24th"), (101, "101st"), (111, "111th"),
     (112, "112th"), (113, "113th"), (114, "114th"), (121, "121st")],
)  # fmt: skip
def test_ordinal_as_people_write_it(macros, number, ordinal):
    assert worked_out(macros.ordinal(str(number))) == ordinal
