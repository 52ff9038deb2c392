"""Children looked after of the four synthetic returns, counted again from their CSV files.

The rule: respite episodes (V3, V4) out first; looked after on 31 March when the episode began by then
and had not ended by then; one per child; each year from its own return (indicators-social-care.md
section 1). The rate is per 10,000 aged 0 to 17 at the middle of the year before.
"""

import csv
import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from test_looked_after import differing

LEEDS = 383
COLLECTION_YEARS = (2020, 2021, 2022, 2023)
RESPITE = {"V3", "V4"}
SEX = {"1": "M", "2": "F"}


def day(text: str) -> date | None:
    return datetime.strptime(text.strip(), "%d/%m/%Y").date() if text.strip() else None


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def looked_after(returns_dir: Path, year: int) -> set[str]:
    """Children looked after on 31 March of a collection year, by the return of that year."""
    count_day = date(year, 3, 31)
    children = set()
    for episode in read(returns_dir / str(year) / "episodes.csv"):
        began, ended = day(episode["DECOM"]), day(episode["DEC"])
        if episode["LS"].strip() in RESPITE or began is None or began > count_day:
            continue
        if ended is None or ended > count_day:
            children.add(episode["CHILD"].strip())
    return children


def age_band(born: date, on: date) -> str:
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    edges = [(1, "under_1"), (5, "1_to_4"), (10, "5_to_9"), (16, "10_to_15")]
    return next((name for above, name in edges if age < above), "16_plus")


def population(shared_data: Path, mid_year: int) -> float:
    (row,) = [
        row
        for row in read(shared_data / "ees" / "ons_mid-year_population_estimates_2012_to_2024.csv")
        if row["old_la_code"] == str(LEEDS) and row["time_period"] == str(mid_year)
    ]
    return float(row["population_estimate"])


@pytest.fixture(scope="module")
def returns_dir(shared_data):
    return shared_data / "social_care" / "ssda903_synthetic"


@pytest.fixture(scope="module")
def local(returns):
    """Local facts of the home authority: {(indicator, period, breakdown type, breakdown value): row}."""
    rows = returns(
        """
        select f.* from marts.fct_indicator_value as f join marts.dim_area as a using (area_code)
        where f.source_kind = 'local' and f.is_current and a.dfe_number = ?
        """,
        LEEDS,
    )
    keyed = {
        (row["indicator_id"], row["period_id"], row["breakdown_type"], row["breakdown_value"]): row for row in rows
    }
    assert len(keyed) == len(rows) > 0
    return keyed


@pytest.mark.parametrize("year", COLLECTION_YEARS)
def test_number_looked_after(local, returns_dir, year):
    row = local["cla_31_march", f"snapshot_{year}-03-31", "total", "total"]
    assert row["value"] == len(looked_after(returns_dir, year))
    assert row["value_status"] == "ok"
    assert row["release_status"] == "local_provisional"


def test_number_of_2023_is_the_independent_one(local, shared_data):
    expected = json.loads((shared_data / "social_care" / "expected" / "903_synthetic_2023_history.json").read_text())
    assert expected["cla_31_march"] == 429
    assert local["cla_31_march", "snapshot_2023-03-31", "total", "total"]["value"] == 429


@pytest.mark.parametrize("year", COLLECTION_YEARS)
def test_rate_on_the_population_of_the_year_before(local, returns_dir, shared_data, year):
    row = local["cla_31_march_rate", f"snapshot_{year}-03-31", "total", "total"]
    count, people = len(looked_after(returns_dir, year)), population(shared_data, year - 1)
    assert (row["numerator"], row["denominator"]) == (count, people)
    assert row["value"] == pytest.approx(count / people * 10_000, rel=1e-9)


@pytest.mark.parametrize("year", COLLECTION_YEARS)
@pytest.mark.parametrize("breakdown", ["sex", "age_band"])
def test_breakdown_held_agrees_with_the_return(local, returns_dir, year, breakdown):
    """Where the file holds the breakdown, each group is the count of the return and the groups make the whole."""
    period_id = f"snapshot_{year}-03-31"
    held = {key[3]: row["value"] for key, row in local.items() if key[:3] == ("cla_31_march", period_id, breakdown)}
    if not held:
        assert not [key for key in local if key[0] == "cla_31_march" and key[2] == breakdown]
        return
    children = looked_after(returns_dir, year)
    header = {row["CHILD"].strip(): row for row in read(returns_dir / str(year) / "header.csv")}
    if breakdown == "sex":
        counted = Counter(SEX.get(header[child]["SEX"].strip(), "U") for child in children)
    else:
        counted = Counter(age_band(day(header[child]["DOB"]), date(year, 3, 31)) for child in children)
    assert {group: value for group, value in held.items() if value} == dict(counted)
    assert sum(held.values()) == len(children)


def test_no_year_beyond_the_returns(local):
    """A year without a return has no local figure: an open episode is not carried forward."""
    periods = {key[1] for key in local if key[0] == "cla_31_march"}
    assert periods == {f"snapshot_{year}-03-31" for year in COLLECTION_YEARS}


def test_local_values_enter_no_comparison(returns):
    """Without published figures of looked-after children, theirs have no mean, rank or quantile."""
    rows = returns(
        """
        select count(*) as n from marts.indicator_comparison
        where starts_with(indicator_id, 'cla_') and (
            value is not null or sn_average is not null or core_city_average_all is not null
            or rank is not null or q50 is not null
        )
        """
    )
    assert rows[0]["n"] == 0


def test_every_expected_figure_of_the_newest_return_is_published(returns_published: Path, shared_data: Path) -> None:
    """Without a postcode directory, and with the population there was: places and the rate have tests of their own."""
    file = shared_data / "social_care" / "expected" / "903_synthetic_2023_history.json"
    expected = json.loads(file.read_text(encoding="utf-8")) | {"location": None}
    with duckdb.connect(str(returns_published), read_only=True) as connection:
        cursor = connection.execute(
            "SELECT * FROM marts.fct_indicator_value WHERE source_kind = 'local' AND is_current AND period_end = ?",
            ["2023-03-31"],
        )
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    figures = {(row["indicator_id"], row["breakdown_type"], row["breakdown_value"]): row for row in rows}
    wrong, compared = differing(figures, expected)
    assert set(wrong) == {"cla_31_march_rate.value"}
    assert compared > 75
