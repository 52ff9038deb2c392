"""Judgements worked out again from the published facts, in plain Python and scipy, by another route than the SQL.

Reads `fct_indicator_value`, `dim_indicator`, `dim_area`, `comparator_member` and the comparisons that the parity tests
hold; nothing of the judgement models. Rules: report.md section 7 and outputs.md section 8 of the specification.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

Z = float(stats.norm.ppf(0.975))
MULTIPLIER = {"percent": 100, "rate_per_100": 100, "rate_per_1000": 1e3, "rate_per_10k": 1e4, "rate_per_100k": 1e5}
SUCCESSORS = {835: (838, 839), 836: (839,), 837: (839,), 928: (940, 941), 909: (942, 943)}
ENGLAND = 970
FEWEST_AUTHORITIES = 30


@dataclass
class Base:
    """The counts or the published interval behind one figure."""

    numerator: float
    denominator: float
    limits: tuple[float, float] | None = None


@dataclass
class Facts:
    """What is judged: one entry per indicator, period end and DfE number."""

    indicators: dict[str, dict[str, Any]]
    value: dict[tuple, float] = field(default_factory=dict)
    status: dict[tuple, str] = field(default_factory=dict)
    base: dict[tuple, Base] = field(default_factory=dict)
    disagreeing: set[tuple] = field(default_factory=set)


def gather(query, tuples, rate_counts: dict[str, str]) -> Facts:
    """Read the facts of a published file.

    Args:
        query: Asks the published file; rows as dicts.
        tuples: The same; rows as tuples, of which there may be many.
        rate_counts: For a rate, the indicator that counts its numerator; its denominator is `pop_0_17`.
    """
    indicators = {row["indicator_id"]: row for row in query("select * from marts.dim_indicator")}
    facts = Facts(indicators)
    counted: dict[tuple, tuple] = {}
    for indicator, number, end, value, numerator, denominator, status, is_current, vintage, low, high in tuples(
        """select f.indicator_id, a.dfe_number, f.period_end, f.value, f.numerator, f.denominator, f.release_status,
            f.is_current, f.vintage_id, f.ci_lower, f.ci_upper
        from marts.fct_indicator_value as f join marts.dim_area as a using (area_code)
        where f.source_kind = 'published' and f.breakdown_type = 'total' and a.dfe_number is not null"""
    ):
        key = (indicator, end, number)
        if is_current and value is not None:
            facts.value[key] = value
            facts.status[key] = status
        # The newest release stands: vintages of one data set sort by the name of their release.
        if numerator is not None and denominator and (key not in counted or (is_current, vintage) > counted[key][0]):
            counted[key] = ((is_current, vintage), (numerator, denominator, low, high))
    bases = {key: counts for key, (_, counts) in counted.items()}
    population = {(end.year, number): value for (name, end, number), value in facts.value.items() if name == "pop_0_17"}
    rates = {count: rate for rate, count in rate_counts.items()}
    for (indicator, end, number), value in facts.value.items():
        people = population.get((end.year - 1, number))
        if indicator in rates and people:
            bases.setdefault((rates[indicator], end, number), (value, people, None, None))
    for key, (numerator, denominator, low, high) in bases.items():
        if key not in facts.value or key[0] not in indicators:
            continue
        unit, decimals = indicators[key[0]]["unit"], indicators[key[0]]["decimals"]
        if unit not in MULTIPLIER and unit not in ("score", "mean"):
            continue
        computed = MULTIPLIER.get(unit, 1) * numerator / denominator
        if abs(computed - facts.value[key]) > 0.5 * 10**-decimals + 1e-9:
            facts.disagreeing.add(key)
            continue
        # Limits of scores are the publisher's; every other limit is worked out here.
        published = (low, high) if unit in ("score", "mean") and low is not None and high is not None else None
        facts.base[key] = Base(numerator, denominator, published)
    for key, base in facts.base.items():
        base.limits = base.limits or limits_of(facts.indicators[key[0]]["unit"], base)
    return facts


def limits_of(unit: str, base: Base) -> tuple[float, float] | None:
    """The 95% interval of a proportion (Wilson, as centre and half width) or of a rate (exact below ten, else Byar)."""
    x, n = base.numerator, base.denominator
    if unit == "percent":
        if not 0 <= x <= n:
            return None
        p, spread = x / n, 1 + Z**2 / n
        centre, half = (p + Z**2 / (2 * n)) / spread, Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n * n)) / spread
        return 100 * (centre - half), 100 * (centre + half)
    if unit not in MULTIPLIER:
        return None
    if x < 10:
        low = 0.0 if x == 0 else 0.5 * float(stats.chi2.ppf(0.025, 2 * x))
        high = 0.5 * float(stats.chi2.ppf(0.975, 2 * x + 2))
    else:
        low = x * (1 - 1 / (9 * x) - Z / (3 * math.sqrt(x))) ** 3
        high = (x + 1) * (1 - 1 / (9 * (x + 1)) + Z / (3 * math.sqrt(x + 1))) ** 3
    return low * MULTIPLIER[unit] / n, high * MULTIPLIER[unit] / n


def against_england(facts: Facts, key: tuple, min_base: int) -> tuple[str, str | None, float | None]:
    """Word, reason and England figure of one value."""
    indicator, end, _ = key
    polarity, unit = facts.indicators[indicator]["polarity"], facts.indicators[indicator]["unit"]
    own = facts.base.get(key)
    england_key = (indicator, end, ENGLAND)
    printed = facts.value.get(england_key)
    exact = facts.base.get(england_key)
    reference = MULTIPLIER.get(unit, 1) * exact.numerator / exact.denominator if exact else printed
    if own is None or own.limits is None:
        return "not tested", "base_differs" if key in facts.disagreeing else "no_interval", reference
    if printed is None:
        return "not tested", "no_england_value", None
    if own.denominator < min_base:
        return "too few to judge", "below_minimum_base", reference
    side = 1 if reference < own.limits[0] else -1 if reference > own.limits[1] else 0
    if side == 0:
        return "similar", None, reference
    if polarity == "neutral":
        return ("higher" if side > 0 else "lower"), None, reference
    return ("better" if (side > 0) == (polarity == "high") else "worse"), None, reference


def newcombe(first: Base, second: Base) -> tuple[float, float]:
    """Interval of the difference of two percentages, in points."""
    p1, p2 = first.numerator / first.denominator, second.numerator / second.denominator
    (l1, u1), (l2, u2) = ([limit / 100 for limit in base.limits] for base in (first, second))
    return (
        100 * (p1 - p2 - math.hypot(p1 - l1, u2 - p2)),
        100 * (p1 - p2 + math.hypot(u1 - p1, p2 - l2)),
    )


def rate_p_value(first: Base, second: Base) -> float:
    """Exact Poisson test of two rates: conditional on all events, the first are binomial; twice the smaller tail."""
    x, n = round(first.numerator), round(first.numerator + second.numerator)
    share = first.denominator / (first.denominator + second.denominator)
    return min(1.0, 2 * min(float(stats.binom.cdf(x, n, share)), float(stats.binom.sf(x - 1, n, share))))


def control_limits(facts: Facts, min_base: int) -> dict[tuple, dict[str, Any]]:
    """Every figure with counts, by key: z plain and overdispersed, limits, target, size of the set, number flagged."""
    cells: dict[tuple, list[tuple]] = defaultdict(list)
    for key, base in facts.base.items():
        if key[2] < ENGLAND and base.limits is not None and base.denominator >= min_base:
            cells[key[:2]].append(key)
    out: dict[tuple, dict[str, Any]] = {}
    for (indicator, end), keys in cells.items():
        unit = facts.indicators[indicator]["unit"]
        live = [
            key
            for key in sorted(keys)
            if not any((indicator, end, heir) in facts.value for heir in SUCCESSORS.get(key[2], ()))
        ]
        x = np.array([facts.base[key].numerator for key in live])
        n = np.array([facts.base[key].denominator for key in live])
        if not live:
            continue
        target = x.sum() / n.sum()
        if unit.startswith("rate_per_"):
            if target <= 0:
                continue
            deviation, error = np.log(np.maximum(x, 0.5) / (target * n)), 1 / np.sqrt(target * n)
        elif unit == "percent":
            deviation, error = np.arcsin(np.sqrt(x / n)) - np.arcsin(np.sqrt(target)), 0.5 / np.sqrt(n)
        else:
            widths = np.array([facts.base[key].limits[1] - facts.base[key].limits[0] for key in live])
            deviation, error = np.array([facts.value[key] for key in live]) - target, widths / (2 * Z)
        wide = error > 0
        live, deviation, error = [key for key, w in zip(live, wide, strict=True) if w], deviation[wide], error[wide]
        if len(live) < 2:
            continue
        plain = deviation / error
        winsorised = np.clip(plain, *np.quantile(plain, [0.1, 0.9]))
        weight = error**-2.0
        variance = max(
            0.0, (np.sum(winsorised**2) - (len(live) - 1)) / (weight.sum() - np.sum(weight**2) / weight.sum())
        )
        z = deviation / np.sqrt(error**2 + variance)
        reach = Z * np.sqrt(error**2 + variance)
        flagged = int(np.sum(np.abs(z) > Z))
        for position, key in enumerate(live):
            if unit.startswith("rate_per_"):
                ends = [target * math.exp(sign * reach[position]) for sign in (-1, 1)]
            elif unit == "percent":
                centre = math.asin(math.sqrt(target))
                ends = [math.sin(max(centre - reach[position], 0)) ** 2]
                ends.append(math.sin(min(centre + reach[position], math.pi / 2)) ** 2)
            else:
                ends = [target - reach[position], target + reach[position]]
            scale = MULTIPLIER.get(unit, 1)
            out[key] = {
                "z": float(z[position]),
                "z_plain": float(plain[position]),
                "reference_value": scale * float(target),
                "lower": scale * float(ends[0]),
                "upper": scale * float(ends[1]),
                "authorities": len(live),
                "flagged": flagged,
            }
    return out


def places(cell: dict[int, float], groups: dict[str, np.ndarray], numbers: list[int]) -> dict[tuple[int, str], tuple]:
    """Place and size of the group by subject and group, 1 = highest; ties at nine decimals.

    Args:
        cell: Values of one indicator and period by DfE number.
        groups: By group, a row for each subject and a column for each member, both in the order of `numbers`.
    """
    value = np.array([round(cell[number], 9) if number in cell else np.nan for number in numbers])
    live = np.array(
        [number in cell and not any(heir in cell for heir in SUCCESSORS.get(number, ())) for number in numbers]
    )
    higher = (value[None, :] > value[:, None]) & live[None, :]
    out = {}
    for group, members in groups.items():
        place, size = 1 + (members & higher).sum(axis=1), 1 + (members & live[None, :]).sum(axis=1)
        for position, number in enumerate(numbers):
            if number in cell:
                out[number, group] = (int(place[position]), int(size[position]))
    return out
