"""The Local Authority Interactive Tool files of the invented country: figures, dictionary, neighbours, authorities."""

import csv
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from dagster_project.synthetic.looked_after import AllCareFigures, is_suppressed, per_10_000
from dagster_project.synthetic.places import (
    ENGLAND,
    INNER_LONDON,
    OUTER_LONDON,
    REGION_BY_CODE,
    REGIONS,
    TINY,
    Authority,
    Population,
    deprivation,
    region_members,
    rounded,
    stream,
    to_nearest_ten,
)

FIGURE_COLUMNS = (
    ("Short Desc", "VARCHAR"),
    ("Data item", "VARCHAR"),
    ("Years", "VARCHAR"),
    ("LA and Regions", "VARCHAR"),
    ("Values", "VARCHAR"),
    ("LA Number", "DOUBLE"),
    ("Region", "VARCHAR"),
)
DICTIONARY_COLUMNS = (
    "Measure_code",
    "Topic",
    "Measure",
    "Chart_title",
    "Measure_short",
    "Polarity",
    "y_axis_name",
    "state_funded_flag",
    "Table_status",
    "Description",
    "Last Update",
    "Next Update",
    "Data Owner (DO) /Supplier and Contact Details",
    "Methodology",
    "Hyperlink(s)",
    "dps",
    "Year_Type",
    "No_Quartile",
)
NO_FIGURE = "-"
NEIGHBOUR_COLUMNS = (
    "LA num",
    "LA Name",
    "LA number",
    "GOInd",
    "GOReg",
    *(cell for place in range(1, 11) for cell in (f"SN{place}", "SNP")),
)
#: Share of the decimal texts that carry the noise of a spreadsheet's binary numbers.
_NOISY_SHARE = 0.11


@dataclass(frozen=True)
class Indicator:
    """One row of `indicators.csv`: the facts of the published dictionary, and how its figures are invented.

    `mean`, `spread`, `drift` (a year), `step` (from 2022), `noise`, `low` and `high` are in the indicator's
    own unit; `loading` is how far the figure follows deprivation, between -1 and 1.
    """

    short_desc: str
    facts: Mapping[str, str]
    model: str
    label: str
    years: range
    empty_years: frozenset[int]
    mean: float
    spread: float
    drift: float
    step: float
    low: float
    high: float
    decimals: int
    loading: float
    noise: float
    flags: frozenset[str]

    def label_of(self, year: int) -> str:
        """Return the label under which LAIT would show the period that ends in `year`."""
        return {
            "year": f"{year}",
            "prov_last": f"{year} (prov)" if year == self.years[-1] else f"{year}",
            "revised": f"{year} ({'Final' if year in (2020, 2021) else 'Rev'})" if year > 2017 else f"{year}",
            "slash": f"{year - 1}/{year % 100:02d}",
            "outturn": f"{year - 1}-{year % 100:02d} (OT)",
            "rolling": f"{year - 2}-{year % 100:02d}",
        }[self.label]


def load_indicators() -> tuple[Indicator, ...]:
    """Read the indicators of the demonstration in the order in which they are written."""

    def number(text: str) -> float:
        return float(text) if text else 0.0

    with Path(__file__).with_name("indicators.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Indicator(
                short_desc=row["short_desc"],
                facts=row,
                model=row["model"],
                label=row["label"],
                years=range(int(row["first_year"]), int(row["last_year"]) + 1),
                empty_years=frozenset(int(year) for year in row["empty_years"].split()),
                mean=number(row["mean"]),
                spread=number(row["spread"]),
                drift=number(row["drift"]),
                step=number(row["step_2022"]),
                low=number(row["low"]),
                high=number(row["high"]),
                decimals=int(row["decimals"]),
                loading=number(row["loading"]),
                noise=number(row["noise"]),
                flags=frozenset(row["flags"].split()),
            )
            for row in csv.DictReader(file)
        )


#: The measure of care leavers that is counted one by one where they are.
CARE_LEAVERS_WORKING = "CareLeaverEET"


class Figures:
    """The invented value of every indicator, area and year, before it is printed."""

    def __init__(
        self,
        seed: int,
        authorities: Sequence[Authority],
        population: Population,
        care: AllCareFigures,
        indicators: Sequence[Indicator],
        care_leavers: Mapping[tuple[int, int], tuple[int, int, int]],
        counted: Mapping[tuple[int, str, int], float] | None = None,
    ) -> None:
        """Keep what the figures are made from.

        Args:
            care_leavers: By authority and year, where they are known one by one: all aged 19 to 21, those in work or
                learning, those suitably housed.
            counted: By authority, indicator and year, figures known from the files of the authority itself.
        """
        self._care_leavers = care_leavers
        self._counted = counted or {}
        self._seed = seed
        self._authorities = authorities
        self._by_number = {authority.number: authority for authority in authorities}
        self._population = population
        self._care = care
        self._members = region_members(authorities)
        self._by_model = {indicator.model: indicator for indicator in indicators}
        self._rates: dict[tuple[str, int], dict[int, float]] = {}
        self._national = {
            (indicator.short_desc, year): _national(seed, indicator, year)
            for indicator in indicators
            for year in indicator.years
        }

    def value(self, indicator: Indicator, area: int, year: int) -> Decimal | None:
        """Return the figure as published, or None where there is none."""
        if year in indicator.empty_years:
            return None
        if area in {INNER_LONDON, OUTER_LONDON} and "no_london_split" in indicator.flags:
            return None
        authority = self._by_number.get(area)
        if authority is not None and not authority.exists_on(dt.date(year, 3, 31)):
            # Some series go on printing an authority that has gone: by old geography, or as a zero.
            if not authority.exists_on(dt.date(year - 2, 3, 31)) or authority.abolished > dt.date(year, 3, 31):
                return None
            if "former_zero" in indicator.flags:
                return Decimal(0)
            if "former_kept" not in indicator.flags:
                return None
        value = self._unrounded(indicator, area, year)
        return None if value is None else rounded(value, indicator.decimals)

    def _unrounded(self, indicator: Indicator, area: int, year: int) -> float | None:
        care = self._care[area].get(year)
        residents = self._population.under(area, year)
        match indicator.model:
            case "rate" | "neet" | "not_known":
                return self._rate(indicator, area, year)
            case "neet_or_not_known":
                parts = [self.value(self._by_model[model], area, year) for model in ("neet", "not_known")]
                known = [part for part in parts if part is not None]
                return float(sum(known)) if len(known) == len(parts) else None
            case "cin_rate" | "cpp_rate" | "referral_rate":
                count = self.count(indicator.model, area, year)
                return None if count is None or residents is None else 10_000 * count / residents
            case "cpp_count":
                return self.count("cpp_rate", area, year)
            case "re_referral_share" | "second_plan_share" | "suitable_share":
                found = self.share(indicator.model, area, year)
                if found is None or not found[1] or is_suppressed(found[0], area):
                    return None
                return 100 * found[0] / found[1]
            case "sen_count":
                return self._count(indicator, area, year, per=100)
        if care is None or residents is None:
            return None
        counts = {
            "cla_stock": care.stock,
            "cla_started": care.started,
            "cla_ceased": care.ceased,
            "uasc_stock": care.unaccompanied,
        }
        counted = indicator.model.removesuffix("_rate")
        if counted in counts:
            if is_suppressed(counts[counted], area):
                return None
            return counts[counted] if counted == indicator.model else per_10_000(counts[counted], residents)
        match indicator.model:
            case "uasc_share":
                return 100 * care.unaccompanied / care.stock if care.stock else None
            case "uasc_started_share":
                return 100 * care.unaccompanied_started / care.started if care.started else None
            case "foster_share" | "three_placements_share" | "same_carer_share":
                share = getattr(care, indicator.model)
                if is_suppressed(getattr(care, indicator.model.removesuffix("_share"), 0), area):
                    return None
                return None if share is None else 100 * share
            case "finance":
                rate = self._rate(indicator, area, year)
                return None if rate is None else rate * care.stock
        raise ValueError(f"indicators.csv: {indicator.short_desc}: model {indicator.model!r} is not known")

    def count(self, model: str, area: int, year: int) -> int | None:
        """Return the count under a rate per 10,000, such as `referral_rate`; to the nearest ten above an authority."""
        return self._count(self._by_model[model], area, year, per=10_000)

    def share(self, model: str, area: int, year: int) -> tuple[int, int] | None:
        """Return numerator and denominator of a share, such as `re_referral_share`; unrounded above an authority."""
        if model == "suitable_share" and (area, year) in self._care_leavers:
            everyone, _, suitable = self._care_leavers[area, year]
            return suitable, everyone
        if area < ENGLAND:
            percentage, base = self._rate(self._by_model[model], area, year), self.base(model, area, year)
            return None if percentage is None or base is None else (int(rounded(percentage * base / 100)), base)
        members = sorted(self._members[area])
        parts = [found[0] for member in members if (found := self.share(model, member, year)) is not None]
        bases = [base for member in members if (base := self.base(model, member, year)) is not None]
        return (sum(parts), sum(bases)) if parts else None

    def base(self, model: str, area: int, year: int) -> int | None:
        """Return what a share of an authority is of: referrals, plans that started, or care leavers."""
        if model == "re_referral_share":
            return self.count("referral_rate", area, year)
        if model == "suitable_share" and (area, year) in self._care_leavers:
            return self._care_leavers[area, year][0]
        draw = stream(self._seed, model, area, year)
        if model == "second_plan_share":
            plans = self.count("cpp_rate", area, year)
            return None if plans is None else int(rounded(plans * draw.uniform(1.1, 1.4)))
        care = self._care[area].get(year)
        return None if care is None else int(rounded(care.stock * draw.uniform(0.3, 0.4)))

    def _count(self, indicator: Indicator, area: int, year: int, *, per: int) -> int | None:
        if area < ENGLAND:
            rate, residents = self._rate(indicator, area, year), self._population.under(area, year)
            return None if rate is None or residents is None else int(rounded(rate * residents / per))
        counts = [self._count(indicator, member, year, per=per) for member in sorted(self._members[area])]
        return to_nearest_ten(sum(count for count in counts if count is not None))

    def _rate(self, indicator: Indicator, area: int, year: int) -> float | None:
        """Return a rate of one authority, or the mean of its authorities by residents for a larger area."""
        key = (indicator.short_desc, area)
        if key not in self._rates:
            if area < ENGLAND:
                self._rates[key] = self._path(indicator, self._by_number[area])
            else:
                self._rates[key] = self._mean_path(indicator, area)
        return self._rates[key].get(year)

    def _path(self, indicator: Indicator, authority: Authority) -> dict[int, float]:
        draw = stream(self._seed, "figure", indicator.short_desc, authority.number)
        standing = deprivation(self._seed, authority)
        own = (1 - indicator.loading**2) ** 0.5 * draw.gauss(0, 1)
        level = indicator.spread * (indicator.loading * standing + own)
        wander = 0.0
        path = {}
        for year in indicator.years:
            wander = 0.6 * wander + indicator.noise * draw.gauss(0, 1)
            missing = draw.random() < (0.6 if authority.number in TINY else 0.004)
            value = self._national[indicator.short_desc, year] + level + wander
            if not missing:
                path[year] = min(indicator.high, max(indicator.low, value))
            known = self._care_leavers.get((authority.number, year))
            if indicator.short_desc == CARE_LEAVERS_WORKING and known and known[0]:
                path[year] = 100 * known[1] / known[0]
            own_figure = self._counted.get((authority.number, indicator.short_desc, year))
            if own_figure is not None:
                path[year] = own_figure
        return path

    def _mean_path(self, indicator: Indicator, area: int) -> dict[int, float]:
        path = {}
        for year in indicator.years:
            weighted = weight = 0.0
            for member in sorted(self._members[area]):
                rate, residents = self._rate(indicator, member, year), self._population.under(member, year)
                if rate is not None and residents is not None:
                    weighted += rate * residents
                    weight += residents
            if weight:
                path[year] = weighted / weight
        return path


def _national(seed: int, indicator: Indicator, year: int) -> float:
    wobble = stream(seed, "national", indicator.short_desc, year).gauss(0, indicator.noise / 5)
    step = indicator.step if year >= 2022 else 0.0
    return indicator.mean + indicator.drift * (year - 2019) + step + wobble


def value_text(value: Decimal | None, noisy: bool) -> str:
    """Return a figure as LAIT holds it: plain, or with the digits of a spreadsheet's binary number."""
    if value is None:
        return NO_FIGURE
    plain = format(value.normalize(), "f") if value else "0"
    if "." not in plain:
        return plain
    if not noisy:
        return plain
    if abs(value) < Decimal("0.1"):
        # Spreadsheets write small numbers with an exponent.
        digits, exponent = f"{float(value):.16e}".split("e")
        return f"{digits}E{int(exponent)}"
    return f"{float(value):.17g}"


def figure_rows(
    seed: int, authorities: Sequence[Authority], indicators: Sequence[Indicator], figures: Figures
) -> Iterator[tuple[object, ...]]:
    """Yield the dense grid: every indicator and period with all authorities, England and the regions."""
    places = (
        *((a.number, a.name, REGION_BY_CODE[a.ees_region_code].lait_group) for a in authorities),
        (ENGLAND, "England", "NA"),
        *((region.number, region.lait_name, "NA") for region in REGIONS),
    )
    for indicator in indicators:
        noise = stream(seed, "noise", indicator.short_desc)
        # The older description is filled for the older series only.
        item = indicator.facts["measure"] if indicator.years[0] == 2016 else None
        periods: list[tuple[str, int | None]] = [(indicator.label_of(year), year) for year in indicator.years]
        if "placeholder" in indicator.flags:
            periods.append(("0", None))
        for label, year in periods:
            for number, name, group in places:
                value = None if year is None else figures.value(indicator, number, year)
                text = value_text(value, noise.random() < _NOISY_SHARE)
                yield (indicator.short_desc, item, label, name, text, float(number), group)


def dictionary_rows(indicators: Sequence[Indicator]) -> Iterator[tuple[str | None, ...]]:
    """Yield the data dictionary: one row per measure and topic."""
    for indicator in indicators:
        facts = {name: text or None for name, text in indicator.facts.items()}
        for topic in (facts["topic"], facts["second_topic"]):
            if topic is not None:
                yield (
                    facts["measure_code"],
                    topic,
                    facts["measure"],
                    facts["measure"],
                    indicator.short_desc,
                    facts["polarity"],
                    facts["y_axis_name"],
                    facts["state_funded"],
                    facts["table_status"],
                    facts["description"],
                    facts["last_update"],
                    facts["next_update"],
                    "Invented for demonstration",
                    "Invented figures: drawn at random around a made-up national level. They describe no real place.",
                    None,
                    facts["dps"],
                    facts["year_type"],
                    facts["no_quartile"],
                )


def authority_rows(authorities: Sequence[Authority]) -> list[tuple[object, ...]]:
    """Return the list of authorities and regions, header first."""
    return [
        ("LA Number", "LA Name", "Region", "Type"),
        *((a.number, a.name, REGION_BY_CODE[a.ees_region_code].lait_group, a.kind) for a in authorities),
        (ENGLAND, "England", "NA", "NA"),
        *((region.number, region.lait_name, "NA", "NA") for region in REGIONS),
        (1000, "England (discontinued)", "NA", "NA"),
    ]


NEIGHBOUR_LISTS = {"sn_april_2021.xlsx": dt.date(2021, 4, 1), "sn_may_2025.xlsx": dt.date(2025, 5, 1)}


def neighbours(seed: int, authorities: Sequence[Authority], day: dt.date) -> dict[int, list[tuple[int, str]]]:
    """Return authority -> its ten nearest of those that exist on `day`, by invented profile, with a closeness word."""
    profiles = {}
    for authority in authorities:
        density = {"ILB": 2.4, "OLB": 1.5, "MD": 0.9, "UA": 0.2, "SC": -0.9}[authority.kind]
        shift = stream(seed, "profile", authority.number, day)
        lasting = stream(seed, "profile", authority.number)
        profiles[authority.number] = (
            deprivation(seed, authority) + 0.25 * shift.gauss(0, 1),
            density + 0.35 * lasting.gauss(0, 1),
            0.7 * lasting.gauss(0, 1) + 0.25 * shift.gauss(0, 1),
        )
    candidates = [a.number for a in authorities if a.exists_on(day) and a.number not in TINY]
    lists = {}
    for number, own in profiles.items():
        distances = sorted(
            (sum((one - other) ** 2 for one, other in zip(own, profiles[candidate], strict=True)) ** 0.5, candidate)
            for candidate in candidates
            if candidate != number
        )
        lists[number] = [(candidate, _closeness(distance)) for distance, candidate in distances[:10]]
    return lists


def _closeness(distance: float) -> str:
    words = ((0.35, "Extremely close"), (0.8, "Very close"), (1.3, "Close"), (2.0, "Somewhat close"))
    return next((word for limit, word in words if distance < limit), "Not close")


def neighbour_sheets(seed: int, authorities: Sequence[Authority]) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Yield file name and rows of each neighbour workbook, laid out as published.

    Two rows stand above the header; former authorities follow under `Old SNs:`; the list of 2021 names the two
    authorities made in 2023 with a dash for every neighbour.
    """
    for name, day in NEIGHBOUR_LISTS.items():
        yield name, _workbook_rows(authorities, neighbours(seed, authorities, day), day)


def _workbook_rows(
    authorities: Sequence[Authority], lists: Mapping[int, Sequence[tuple[object, str]]], day: dt.date
) -> list[tuple[object, ...]]:
    old_wording = day.year == 2021
    rows: list[tuple[object, ...]] = [
        ("A", "B", "C", "D", "E", *range(3, 23)),
        tuple(range(1, 26)),
        NEIGHBOUR_COLUMNS,
    ]
    current = [a for a in authorities if day < a.abolished]
    former = [a for a in authorities if a.abolished <= day]
    if old_wording:
        current = sorted(current, key=lambda authority: authority.number)

    def row(authority: Authority, pairs: Sequence[tuple[object, str]]) -> tuple[object, ...]:
        region = REGION_BY_CODE[authority.ees_region_code]
        cells = [cell for pair in pairs for cell in pair]
        number = authority.number
        return (number, authority.name, number, region.neighbour_index, region.lait_name, *cells)

    def pairs_of(authority: Authority) -> Sequence[tuple[object, str]]:
        if not authority.exists_on(day) and not authority.is_former:
            return [(NO_FIGURE, NO_FIGURE)] * 10
        found = lists[authority.number]
        return [(number, word.title() if old_wording else word) for number, word in found]

    rows.extend(row(authority, pairs_of(authority)) for authority in current)
    rows.extend([(None,) * 25, (None, "Old SNs:", *(None,) * 23), (None,) * 25])
    rows.extend(row(authority, pairs_of(authority)) for authority in former)
    return rows
