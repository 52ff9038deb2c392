"""Every judgement of every authority, indicator and period of the real figures, against the recomputation."""

import csv
import math
from collections import defaultdict, namedtuple
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
from recompute_judgements import (
    ENGLAND,
    FEWEST_AUTHORITIES,
    Z,
    against_england,
    control_limits,
    gather,
    newcombe,
    places,
    rate_p_value,
)

from dagster_project.project import DBT_DIR

# The judgements of all authorities are read once, so the tests that use them stay on one worker.
pytestmark = pytest.mark.xdist_group("judgements")

RELATIVE = 1e-9
MIN_BASE = 30
LEEDS = 383
NO_EARLIER = ("break_before", "no_earlier_period")
# Sums over many terms, and differences that nearly cancel, lose more digits than one formula does.
ABSOLUTE = 1e-8


def close(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


@pytest.fixture(scope="session")
def facts(real, real_published):
    with (DBT_DIR / "seeds" / "indicator_bases.csv").open(encoding="utf-8", newline="") as file:
        pairs = {row["indicator_id"]: row["numerator_indicator_id"] for row in csv.DictReader(file)}
    with duckdb.connect(str(real_published), read_only=True) as connection:
        return gather(real, lambda sql: connection.execute(sql).fetchall(), pairs)


INPUTS = ("reference_value", "difference", "lower", "upper", "numerator", "denominator", "p_value", "z", "z_plain")
COLUMNS = ("word", "reason", "meaning", "rule_id", *INPUTS, "authorities", "flagged", "expected_false_alarms")
Judgement = namedtuple("Judgement", COLUMNS)
Place = namedtuple("Place", ("word", "place", "place_of"))


def read(file: Path, kind: str, columns: str, make: type, *also: str) -> dict[tuple, tuple]:
    """Judgements of one kind by indicator, period end and DfE number; rows are many, so they are small tuples."""
    more = "".join(f", {name}" for name in also)
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            f"""select j.indicator_id, p.period_end, a.dfe_number{more}, {columns}
            from marts.judgement as j join marts.dim_period as p using (period_id)
            join marts.dim_area as a using (area_code) where j.kind = ?""",
            [kind],
        ).fetchall()
    size = 3 + len(also)
    found = {row[:size]: make(*row[size:]) for row in rows}
    assert len(found) == len(rows), f"{len(rows) - len(found)} figures are judged twice"
    return found


@pytest.fixture(scope="session")
def judged(real_published):
    """Judgements that have one row per figure, by kind and key."""
    columns = "word, reason, meaning, rule_id, " + ", ".join(f"inputs.{name}" for name in COLUMNS[4:])
    return {
        kind: read(real_published, kind, columns, Judgement) for kind in ("direction", "against_england", "unusual")
    }


def report(problems: list) -> None:
    assert not problems, f"{len(problems)} judgements differ, such as\n" + "\n".join(map(repr, problems[:10]))


def own_keys(facts):
    return {key for key in facts.value if key[2] < ENGLAND}


@pytest.mark.slow
def test_every_value_has_one_row_of_each_kind(facts, judged):
    for kind, rows in judged.items():
        assert rows.keys() == own_keys(facts), kind


@pytest.mark.slow
def test_against_england(facts, judged):
    problems = []
    for key, row in judged["against_england"].items():
        word, reason, reference = against_england(facts, key, MIN_BASE)
        base = facts.base.get(key)
        limits = base.limits if base and base.limits else (None, None)
        same = (row.word, row.reason) == (word, reason) and close(reference, row.reference_value)
        if not same or not close(limits[0], row.lower) or not close(limits[1], row.upper):
            problems.append((key, word, reason, reference, limits, row))
    report(problems)


def test_as_many_authorities_differ_from_england_as_the_specification_counts(judged):
    """119 of 151 on the looked-after rate of 2025."""
    words = [
        row.word
        for key, row in judged["against_england"].items()
        if key[:2] == ("cla_31_march_rate", date(2025, 3, 31)) and row.reason is None
    ]
    assert (sum(word != "similar" for word in words), len(words)) == (119, 151)


def test_leeds_looked_after_rate_is_the_worked_anchor(judged):
    """1,498 of 176,239: 80.7 to 89.4; z 8.1 plain, 0.8 with overdispersion (report.md section 7)."""
    key = ("cla_31_march_rate", date(2025, 3, 31), LEEDS)
    england, unusual = judged["against_england"][key], judged["unusual"][key]
    assert (england.numerator, england.denominator, england.word) == (1498, 176239, "higher")
    assert (round(england.lower, 1), round(england.upper, 1)) == (80.7, 89.4)
    assert (round(unusual.z_plain, 1), round(unusual.z, 1)) == (8.1, 0.8)
    assert unusual.word == "within the expected range"
    assert unusual.expected_false_alarms == pytest.approx(0.05 * unusual.authorities)


@pytest.mark.slow
def test_unusual(facts, judged):
    expected = control_limits(facts, MIN_BASE)
    problems = []
    for key, row in judged["unusual"].items():
        mine = expected.get(key)
        if mine is None:
            if row.z is not None or row.word not in ("not tested", "too few to judge"):
                problems.append((key, None, row))
            continue
        if not all(close(value, getattr(row, name)) for name, value in mine.items()):
            problems.append((key, mine, row))
            continue
        if mine["authorities"] < FEWEST_AUTHORITIES:
            word = "too few to judge"
        else:
            sides = ("unusually high", "unusually low")
            word = sides[mine["z"] < 0] if abs(mine["z"]) > Z else "within the expected range"
        polarity = facts.indicators[key[0]]["polarity"]
        meaning = None
        if word.startswith("unusually") and polarity != "neutral":
            meaning = "better" if (word == "unusually high") == (polarity == "high") else "worse"
        if (row.word, row.meaning) != (word, meaning):
            problems.append((key, word, meaning, row))
    report(problems)
    assert len(expected) > 10_000


@pytest.fixture(scope="session")
def comparable(real):
    """Last comparable period end by key, which tests of comparability hold, and whether a year stands alone."""
    rows = real(
        """select c.indicator_id, c.period_end, c.dfe_number, e.period_end as earlier, f.comparability
        from marts.indicator_comparison as c
        join marts.fct_indicator_value as f using (indicator_id, area_code, period_id)
        left join marts.dim_period as e on e.period_id = c.last_comparable_period_id
        where c.value is not null and f.is_current and f.source_kind = 'published' and f.breakdown_type = 'total'"""
    )
    return {(r["indicator_id"], r["period_end"], r["dfe_number"]): (r["earlier"], r["comparability"]) for r in rows}


def smallest_change(indicator: dict, earlier: float) -> float:
    """The declared smallest change of an indicator: the longest pattern that fits its id, of its unit."""
    with (DBT_DIR / "seeds" / "minimum_changes.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["unit"] == indicator["unit"]]
    fitting = [row for row in rows if fits(indicator["indicator_id"], row["indicator_pattern"])]
    row = max(fitting, key=lambda row: len(row["indicator_pattern"]))
    return float(row["minimum_change"]) if row["minimum_change"] else float(row["minimum_share"]) * abs(earlier)


def fits(indicator_id: str, pattern: str) -> bool:
    if "%" not in pattern:
        return indicator_id == pattern
    first, *rest = pattern.split("%")
    if not indicator_id.startswith(first):
        return False
    position = len(first)
    for part in rest:
        found = indicator_id.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return pattern.endswith("%") or indicator_id.endswith(rest[-1])


@pytest.mark.slow
def test_direction(facts, judged, comparable):
    problems, tested = [], defaultdict(int)
    smallest: dict[str, tuple[float | None, float]] = {}
    for key, row in judged["direction"].items():
        indicator = facts.indicators[key[0]]
        earlier_end, comparability = comparable[key]
        earlier_key = (key[0], earlier_end, key[2])
        if comparability == "not_comparable":
            expected = ("not comparable", "not_comparable")
        elif earlier_end is None:
            expected = (
                "not comparable",
                row.reason if row.reason in NO_EARLIER else "",
            )
        elif (facts.status[key] == "provisional") != (facts.status[earlier_key] == "provisional"):
            expected = ("not comparable", "provisional")
        else:
            difference = facts.value[key] - facts.value[earlier_key]
            if not close(difference, row.difference):
                problems.append((key, difference, row))
            first, second = facts.base.get(key), facts.base.get(earlier_key)
            counted = first and second and first.limits and second.limits
            if counted and indicator["unit"] != "score":
                reason, moved = None, False
                if min(first.denominator, second.denominator) < MIN_BASE:
                    reason = "below_minimum_base"
                elif indicator["unit"] == "percent":
                    low, high = newcombe(first, second)
                    moved = low > 0 or high < 0
                    if not close(low, row.lower) or not close(high, row.upper):
                        problems.append((key, low, high, row))
                else:
                    p_value = rate_p_value(first, second)
                    moved = p_value < 0.05
                    if not math.isclose(p_value, row.p_value, rel_tol=1e-6, abs_tol=1e-8):
                        problems.append((key, p_value, row))
                tested[row.rule_id] += 1
            else:
                reason = "no_test" if counted else "base_differs" if key in facts.disagreeing else "no_interval"
                if key[0] not in smallest:
                    share = smallest_change(indicator, 1.0)
                    smallest[key[0]] = (share, smallest_change(indicator, 2.0) / share - 1)
                size, is_share = smallest[key[0]]
                least = size * abs(facts.value[earlier_key]) if is_share else size
                moved = round(difference, 9) != 0 and abs(round(difference, 9)) >= least
            word = "no clear change" if not moved else "up" if difference > 0 else "down"
            expected = ("too few to judge" if reason == "below_minimum_base" else word, reason)
        meaning = None
        if expected[0] in ("up", "down") and indicator["polarity"] != "neutral":
            meaning = "improving" if (expected[0] == "up") == (indicator["polarity"] == "high") else "worsening"
        if (row.word, row.reason, row.meaning) != (*expected, meaning):
            problems.append((key, expected, meaning, row))
    report(problems)
    assert tested["direction_newcombe"] > 1000
    assert tested["direction_poisson"] > 5000


@pytest.mark.slow
def test_place_in_group(real, real_published, facts):
    judged = read(real_published, "place_in_group", "word, inputs.place, inputs.place_of", Place, "against")
    numbers = sorted({number for _, _, number in facts.value if number < ENGLAND})
    position = {number: place for place, number in enumerate(numbers)}
    names = ("region", "statistical_neighbours", "core_cities_all", "core_cities_others")
    groups = {name: np.zeros((len(numbers), len(numbers)), dtype=bool) for name in names}
    for row in real(
        """select m.group_id, own.dfe_number, member.dfe_number as member_number
        from marts.comparator_member as m join marts.dim_area as own using (area_code)
        join marts.dim_area as member on member.area_code = m.member_area_code
        where m.group_id <> 'statistical_neighbours' or m.group_version = '2025-05'
        union all
        select 'region', own.dfe_number, other.dfe_number from marts.dim_area as own
        join marts.dim_area as other using (parent_area_code)
        where own.area_type = 'authority' and other.area_type = 'authority'"""
    ):
        if row["dfe_number"] != row["member_number"]:
            groups[row["group_id"]][position[row["dfe_number"]], position[row["member_number"]]] = True
    values: dict[tuple, dict[int, float]] = defaultdict(dict)
    for (indicator, end, number), value in facts.value.items():
        if number < ENGLAND:
            values[indicator, end][number] = value
    expected = {
        (*cell, number, group): place
        for cell, figures in values.items()
        for (number, group), place in places(figures, groups, numbers).items()
        if place[1] > 1  # with nobody to compare with there is no place
    }
    assert judged.keys() == expected.keys()
    report([(key, expected[key], row) for key, row in judged.items() if (row.place, row.place_of) != expected[key]])
    report([(key, row) for key, row in judged.items() if not row.word.endswith(f" of {row.place_of}")])


@pytest.mark.slow
def test_place_difference_is_from_the_published_comparator(real):
    """The figure beside a place is the group's in comparator_value: the mean, or the region's published row."""
    differing = real(
        """select count(*) as n, count(*) filter (where v.value is distinct from j.inputs.reference_value) as differing
        from marts.judgement as j
        join marts.comparator_value as v
            on v.indicator_id = j.indicator_id and v.area_code = j.area_code and v.period_id = j.period_id
            and v.breakdown_type = 'total' and v.group_id = j.against
            and v.group_version = j.inputs.group_version and v.statistic in ('mean', 'published')
        where j.kind = 'place_in_group'"""
    )[0]
    assert differing["differing"] == 0
    assert differing["n"] > 500_000


def test_every_leeds_indicator_of_the_report_is_tested_or_says_why_not(real, facts, judged, record_property):
    """Tested where a loaded file gives both counts or a published interval; else judged by place alone."""
    latest = {
        row["indicator_id"]: row["period_end"]
        for row in real(
            """select c.indicator_id, max(c.period_end) as period_end from marts.indicator_comparison as c
            join marts.dim_indicator as i using (indicator_id)
            where c.dfe_number = 383 and c.value is not null and i.report_section is not null group by all"""
        )
    }
    tested, listed = set(), set()
    for indicator, end in latest.items():
        key = (indicator, end, LEEDS)
        row = judged["against_england"][key]
        base = facts.base.get(key)
        if base is not None and base.limits is not None:
            assert row.reason is None, key
            assert row.word in ("better", "similar", "worse", "higher", "lower")
            assert judged["unusual"][key].reason is None, key
            tested.add(indicator)
        else:
            assert (row.word, row.reason) == ("not tested", "no_interval"), key
            assert judged["unusual"][key].reason == "no_interval", key
            listed.add(indicator)
    places = real(
        """select distinct indicator_id from marts.judgement
        where area_code = 'E08000035' and kind = 'place_in_group' and against = 'statistical_neighbours'"""
    )
    assert listed <= {row["indicator_id"] for row in places}
    record_property("tested", f"{len(tested)} of {len(latest)}")
    assert len(tested) >= 12
    # Named, so that a base lost on the way is seen by name.
    assert {
        "care_leavers_suitable_pct",
        "cin_31_march_rate",
        "cla_31_march_rate",
        "cla_3plus_placements_pct",
        "cla_stability_2_5_years_pct",
        "cpp_31_march_rate",
        "cpp_second_pct",
        "lait_cinprogks2_4_avg_prog8",
        "lait_lac_cease_rate",
        "lait_lac_ks4_avg_prog8",
        "lait_lac_start_rate",
        "re_referrals_pct",
        "referrals_rate",
    } <= tested
