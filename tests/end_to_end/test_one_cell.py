"""One cell of one extract is changed: exactly the published figures that stand on it change, and each names its file.

What should change is worked out here from the lists of members and the figures published before, not from the models.
"""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from desk import CLA, EPISODES, LAIT, POPULATION, Desk, edit_csv, set_cell, set_lait_value

LEEDS, SHEFFIELD = "E08000035", "E08000039"
# Ranked, high is good, published for every authority each year.
INDICATOR, SHORT_DESC, PERIOD = "assessments_45wd_pct", "Continue_Assess_Comp", "year_2024-03-31"
# The name of the vintage is the hash of its file, so it differs for every figure of a changed file.
# Intervals and directions are worked out again in tests/golden and held by dbt unit tests.
NOT_COMPARED = {"vintage_id", "ci_lower", "ci_upper", "direction", "direction_periods", "direction_from_period_id"}
# Medians and pooled figures move with the same members as the mean does.
CONDITIONS = {"fct_indicator_value": "WHERE is_current", "comparator_value": "WHERE statistic IN ('mean', 'published')"}
GRAINS = {
    "fct_indicator_value": (
        "indicator_id",
        "area_code",
        "period_id",
        "breakdown_type",
        "breakdown_value",
        "source_kind",
    ),
    "comparator_value": (
        "indicator_id",
        "area_code",
        "period_id",
        "breakdown_type",
        "breakdown_value",
        "group_id",
        "group_version",
        "statistic",
    ),
    "indicator_comparison": ("indicator_id", "area_code", "period_id"),
}
Row = dict[str, Any]
Tables = dict[str, dict[tuple[str, ...], Row]]
Changes = dict[tuple[str, tuple[str, ...]], set[str]]

pytestmark = pytest.mark.slow


def tables_of(published: Path) -> Tables:
    """Read the current figures and both tables of comparisons, by their grain."""
    connection = duckdb.connect(str(published.resolve()), read_only=True)
    tables: Tables = {}
    try:
        for table, grain in GRAINS.items():
            condition = CONDITIONS.get(table, "")
            cursor = connection.execute(f"SELECT * FROM marts.{table} {condition}")
            names = [column[0] for column in cursor.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            tables[table] = {tuple(row[name] for name in grain): row for row in rows}
            assert len(tables[table]) == len(rows)
    finally:
        connection.close()
    return tables


def changes_between(before: Tables, after: Tables) -> Changes:
    """The columns that differ, by table and key; a row that only one side holds differs in `(row)`."""
    changes: Changes = {}
    for table in GRAINS:
        for key in before[table].keys() | after[table].keys():
            one, two = before[table].get(key), after[table].get(key)
            if one is None or two is None:
                changes[table, key] = {"(row)"}
                continue
            columns = {name for name in one if name not in NOT_COMPARED and one[name] != two[name]}
            if columns:
                changes[table, key] = columns
    return changes


def quantile(values: list[float], share: float) -> float:
    """Linear interpolation at place 1 + (n - 1) p of the sorted values."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def band_of(value: float, values: list[float], *, high_is_good: bool) -> str:
    """A for the best quarter to D for the worst; an exact edge belongs to the lower-valued side."""
    quarter = sum(value > round(quantile(values, share), 9) for share in (0.25, 0.5, 0.75))
    return "DCBA"[quarter] if high_is_good else "ABCD"[quarter]


def placed(values: dict[str, float], *, high_is_good: bool) -> dict[str, tuple[int, str]]:
    """Rank and band of every area; equals share the better rank."""
    sign = -1 if high_is_good else 1
    every = list(values.values())
    return {
        area: (
            1 + sum(sign * other < sign * value for other in every),
            band_of(value, every, high_is_good=high_is_good),
        )
        for area, value in values.items()
    }


def sign_word(change: float) -> str:
    return "up" if change > 0 else "down" if change < 0 else "flat"


def expected_changes(
    desk: Desk, before: Tables, *, indicator: str, area: str, period: str, new: float, polarity: str
) -> Changes:
    """What a new published value of one authority, indicator and period changes, from the figures before it."""
    expected: defaultdict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    comparison = before["indicator_comparison"]
    own = sorted(
        (row for row in comparison.values() if row["indicator_id"] == indicator), key=lambda row: row["period_end"]
    )
    periods = list(dict.fromkeys(row["period_id"] for row in own))
    following = dict(zip(periods, [*periods[1:], None], strict=True))[period]

    def mark(table: str, key: tuple[str, ...], *columns: str) -> None:
        # A difference from a row without a value is blank, before and after.
        row = before[table].get(key, {})
        expected[table, key] |= {column for column in columns if row.get(column) is not None}

    mark("fct_indicator_value", (indicator, area, period, "total", "total", "published"), "value")

    # The authority's own row, and the rows that are compared in time with it.
    old = comparison[indicator, area, period]["value"]
    for row in own:
        if row["area_code"] != area:
            continue
        key = (indicator, area, row["period_id"])
        if row["period_id"] == period:
            mark("indicator_comparison", key, "value", "change", "change_since_last_comparable")
            moved = new - old
        elif row["previous_period_id"] == period:
            mark("indicator_comparison", key, "change")
            moved = old - new
        else:
            moved = 0.0
        if row["last_comparable_period_id"] == period:
            mark("indicator_comparison", key, "change_since_last_comparable")
        if moved and row["change"] is not None and sign_word(row["change"] + moved) != row["trend"]:
            mark("indicator_comparison", key, "trend")

    # The means of everyone who has the authority among its members.
    chosen = {row["area_code"]: row["sn_group_version"] for row in own}
    columns = {"core_cities_all": "core_city_average_all", "core_cities_others": "core_city_average_others"}
    for subject, group, version in desk.query(
        "SELECT area_code, group_id, group_version FROM marts.comparator_member WHERE member_area_code = ?", area
    ):
        rest = ("total", "total", group, version, "mean")
        mark("comparator_value", (indicator, subject, period, *rest), "value", "change")
        if group == "statistical_neighbours" and chosen.get(subject) == version:
            mark("indicator_comparison", (indicator, subject, period), "sn_average", "sn_change")
        elif group in columns:
            mark("indicator_comparison", (indicator, subject, period), columns[group])
        if following is not None:
            mark("comparator_value", (indicator, subject, following, *rest), "change")
            if group == "statistical_neighbours" and chosen.get(subject) == version:
                mark("indicator_comparison", (indicator, subject, following), "sn_change")

    # Where everyone stands among the authorities of that period.
    here = {row["area_code"]: row for row in own if row["period_id"] == period}
    values = {code: row["value"] for code, row in here.items() if row["value"] is not None}
    after = values | {area: new}
    for share, column in ((0, "q0"), (0.25, "q25"), (0.5, "q50"), (0.75, "q75"), (1, "q100")):
        if quantile(list(values.values()), share) != quantile(list(after.values()), share):
            for code in here:
                mark("indicator_comparison", (indicator, code, period), column)
    if polarity != "neutral":
        live = {code: round(value, 9) for code, value in values.items() if here[code]["rank_live"] is not None}
        for one, two, rank, band in (
            (values, after, "rank", "quartile"),
            (live, live | {area: round(new, 9)}, "rank_live", "quartile_live"),
        ):
            then, now = placed(one, high_is_good=polarity == "high"), placed(two, high_is_good=polarity == "high")
            for code in one:
                key = (indicator, code, period)
                mark("indicator_comparison", key, *[rank] * (then[code][0] != now[code][0]))
                mark("indicator_comparison", key, *[band] * (then[code][1] != now[code][1]))
    return {key: columns_ for key, columns_ in expected.items() if columns_}


def changes_after(desk: Desk, change: Callable[[Path], object]) -> tuple[Tables, Changes]:
    """Change something under raw/ and refresh. Returns what was published before, and what differs now."""
    before = tables_of(desk.published)
    change(desk.raw)
    desk.refresh()
    return before, changes_between(before, tables_of(desk.published))


def assert_trace_names(desk: Desk, figure: str, *files: str) -> None:
    """`cfp trace` names every file behind a figure with its hash, in words and as JSON."""
    words, facts = desk.cfp("trace", figure), desk.cfp("trace", figure, "--json")
    assert (words.code, facts.code) == (0, 0), f"{words}\n{facts}"
    named = {row["file_path"]: row["sha256"] for row in facts.facts["files"]}
    for file in files:
        sha256 = hashlib.sha256((desk.raw / file).read_bytes()).hexdigest()
        assert named.get(file) == sha256
        assert f"{file} sha256 {sha256}" in words.out


@pytest.mark.parametrize(
    ("area", "number", "traced"), [(LEEDS, 383, LEEDS), (SHEFFIELD, 373, f"{LEEDS}/{PERIOD}/sn_average")]
)
def test_a_cell_of_an_authority_changes_its_row_the_means_it_is_in_and_the_ranks_of_that_period(
    sample: Desk, area: str, number: int, traced: str
) -> None:
    label, old = sample.query(
        """SELECT published_label, value FROM marts.indicator_comparison
        WHERE indicator_id = ? AND area_code = ? AND period_id = ?""",
        INDICATOR,
        area,
        PERIOD,
    )[0]
    new = round(old / 2 + 1, 1)
    expected = expected_changes(
        sample, tables_of(sample.published), indicator=INDICATOR, area=area, period=PERIOD, new=new, polarity="high"
    )
    assert len(expected) > 300

    _, found = changes_after(sample, lambda raw: set_lait_value(raw / LAIT, SHORT_DESC, number, label, str(new)))

    assert found == expected
    assert sample.query(
        "SELECT value FROM marts.indicator_comparison WHERE indicator_id = ? AND area_code = ? AND period_id = ?",
        INDICATOR,
        area,
        PERIOD,
    ) == [(new,)]
    figure = f"{INDICATOR}/{traced}" if "/" in traced else f"{INDICATOR}/{traced}/{PERIOD}"
    assert_trace_names(sample, figure, LAIT)


def test_a_cell_that_another_publication_stands_before_changes_no_current_figure(sample: Desk) -> None:
    row = {
        "old_la_code": "383",
        "time_period": "2024",
        "population_type": "Children looked after on 31 March each year",
    }
    _, found = changes_after(sample, lambda raw: set_cell(raw / CLA, row, "children_count", "1234"))

    assert found == {}
    held = sample.query(
        """SELECT value, is_current, split_part(vintage_id, '/', 1) FROM marts.fct_indicator_value
        WHERE indicator_id = 'cla_31_march' AND area_code = ? AND period_id = 'snapshot_2024-03-31'
            AND source_kind = 'published' AND (is_current OR value = 1234) ORDER BY is_current""",
        LEEDS,
    )
    assert [row[1:] for row in held] == [(False, "cla_number_and_rate_per_10k_children"), (True, "lait")]
    assert held[0][0] == 1234


def test_a_child_fewer_in_a_return_changes_the_local_figures_of_that_year_only(sample: Desk) -> None:
    with (sample.raw / EPISODES).open(encoding="utf-8", newline="") as file:
        episodes = list(csv.DictReader(file))
    held = defaultdict(list)
    for episode in episodes:
        held[episode["CHILD"]].append(episode)
    # One episode, open on 31 March and since before the year, not a short break.
    child = next(
        child
        for child, rows in held.items()
        if len(rows) == 1
        and not rows[0]["DEC"]
        and rows[0]["LS"] not in ("V3", "V4")
        and datetime.strptime(rows[0]["DECOM"], "%d/%m/%Y") < datetime(2023, 4, 1)
    )

    def leave_out(raw: Path) -> None:
        edit_csv(raw / EPISODES, lambda rows: rows.remove(next(row for row in rows if row["CHILD"] == child)))

    before, found = changes_after(sample, leave_out)

    year = "snapshot_2024-03-31"
    assert {table for table, _ in found} == {"fct_indicator_value", "indicator_comparison"}
    figures = {key for table, key in found if table == "fct_indicator_value"}
    assert {(area, period[-10:], kind) for _, area, period, _, _, kind in figures} == {(LEEDS, "2024-03-31", "local")}
    assert {key for key in figures if key[0] in ("cla_started", "cla_ceased")} == set()
    # The child leaves the total and one category of everything the children are counted by.
    old, new = before["fct_indicator_value"], tables_of(sample.published)["fct_indicator_value"]
    lost = defaultdict(list)
    for key in figures:
        if key[0] == "cla_31_march":
            lost[key[3]].append(old[key]["value"] - (new[key]["value"] if key in new else 0))
    counted_by = (
        "total", "age_band", "sex", "ethnic_group", "uasc", "placement_group", "legal_status", "category_of_need",
        "placed", "distance", "placed_distance",
    )  # fmt: skip
    assert lost == {name: [1] for name in counted_by}
    assert found["fct_indicator_value", ("cla_31_march_rate", LEEDS, year, "total", "total", "local")] == {
        "value",
        "numerator",
    }
    # Beside published figures only the local one moves.
    assert {frozenset(columns) for (table, _), columns in found.items() if table == "indicator_comparison"} == {
        frozenset({"local_value"})
    }
    beside = {key[0] for table, key in found if table == "indicator_comparison"}
    assert {"cla_31_march", "cla_31_march_rate"} <= beside <= {key[0] for key in figures}
    assert_trace_names(sample, f"cla_31_march_rate/{LEEDS}/{year}/local", EPISODES, POPULATION)


def test_a_population_changes_its_own_figures_and_the_local_rate_of_the_next_31_march(sample: Desk) -> None:
    before = tables_of(sample.published)
    period = "snapshot_2023-06-30"
    old = before["indicator_comparison"]["pop_0_17", LEEDS, period]["value"]
    expected = expected_changes(
        sample, before, indicator="pop_0_17", area=LEEDS, period=period, new=old + 5000, polarity="neutral"
    )
    rate = ("cla_31_march_rate", LEEDS, "snapshot_2024-03-31")
    expected["fct_indicator_value", (*rate, "total", "total", "local")] = {"value", "denominator"}
    expected["indicator_comparison", rate] = {"local_value"}
    # Rates that files leave to the reader stand on it too; of these the tool's sample file has all but one.
    made = ("lait_cpp_abuse_rate", LEEDS, "year_2024-03-31")
    figure = before["fct_indicator_value"][*made, "total", "total", "published"]
    new = 10_000 * figure["numerator"] / (old + 5000)
    expected |= expected_changes(
        sample, before, indicator=made[0], area=made[1], period=made[2], new=new, polarity="low"
    )
    expected["fct_indicator_value", (*made, "total", "total", "published")] = {"value", "denominator"}

    cell = {"old_la_code": "383", "time_period": "2023"}
    _, found = changes_after(
        sample, lambda raw: set_cell(raw / POPULATION, cell, "population_estimate", str(int(old) + 5000))
    )

    assert found == expected
    assert_trace_names(sample, f"pop_0_17/{LEEDS}/{period}", POPULATION)
    printed = json.loads(sample.cfp("trace", f"cla_31_march_rate/{LEEDS}/snapshot_2024-03-31/local", "--json").out)
    assert printed["values"][0]["denominator"] == old + 5000
