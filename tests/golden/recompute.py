"""Every comparator figure of the interactive tool's file, worked out a second time from the file itself.

Belongs here: the arithmetic of the published comparators (means, ranks, bands, changes) and the rules
that name periods and indicators, in plain Python. It shares no code with the pipeline and uses no
database, so that an agreement between the two means something. Sources of the rules: comparators.md
(sections named in the docstrings) and contract.md section 3.
"""

import csv
import math
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path

import openpyxl
import polars as pl

ENGLAND = 970
LONDON, LONDON_INNER, LONDON_OUTER = 986, 987, 988
FIRST_NOT_AN_AUTHORITY = 970

# Birmingham, Bristol, Leeds, Liverpool, Manchester, Newcastle upon Tyne, Nottingham, Sheffield (section 5).
CORE_CITIES = (330, 801, 383, 341, 352, 391, 892, 373)

# Former authority -> the authorities that took its place (section 3).
SUCCESSORS = {835: (838, 839), 836: (839,), 837: (839,), 928: (940, 941), 909: (942, 943)}

NO_BAND = "-"

# Columns of the recomputation, in the names of the published table, by how they are compared.
DOUBLE_COLUMNS = (
    "value",
    "change",
    "region_value",
    "region_change",
    "england_value",
    "england_change",
    "sn_average",
    "sn_change",
    "core_city_average_all",
    "core_city_average_others",
    "q0",
    "q25",
    "q50",
    "q75",
    "q100",
)
INTEGER_COLUMNS = (
    "sn_count",
    "core_city_count_all",
    "core_city_count_others",
    "rank",
    "rank_of",
    "rank_live",
    "rank_live_of",
    "period_gap",
)
TEXT_COLUMNS = ("trend", "previous_published_label", "release_status", "value_status")
BAND_COLUMNS = ("quartile", "quartile_live")
KEY_COLUMNS = ("lait_short_desc", "dfe_number", "published_label")

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MISSING = {"-", "c", ".."}
# (OT) says outturn, which is no state of release.
_RELEASE_WORDS = {"prov": "provisional", "rev": "revised", "final": "final", "ot": "published", "": "published"}


@dataclass(frozen=True)
class Definition:
    """What the dictionary says of one short description (its first row in the file)."""

    short_desc: str
    measure: str
    polarity: str
    year_type: str
    decimals: int
    hide_band: bool


@dataclass(frozen=True)
class Period:
    """A published label, read: its kind, last day and release word."""

    kind: str
    end: date
    release_status: str

    @property
    def period_id(self) -> str:
        return f"{self.kind}_{self.end.isoformat()}"


@dataclass(frozen=True)
class Neighbours:
    """One statistical neighbour workbook: ten numbers per authority, and its region row."""

    members: dict[int, tuple[int, ...]]
    region: dict[int, str]


def indicator_id_without_counterpart(short_desc: str) -> str:
    """The id of a short description that no declared indicator stands for (contract.md section 3)."""
    spelled = short_desc.lower().replace("%", "pct").replace("<", "lt").replace("&", "and")
    return "lait_" + re.sub(r"[^a-z0-9]", "_", spelled)


def read_definitions(lait_dir: Path) -> dict[str, Definition]:
    """The dictionary by short description; of two rows with one short description the first counts (section 1)."""
    definitions: dict[str, Definition] = {}
    with (lait_dir / "lait_data_dictionary.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            cells = {name: None if text.strip() in ("NA", "") else text.strip() for name, text in row.items()}
            short_desc = cells["Measure_short"]
            if short_desc is None or short_desc in definitions:
                continue
            definitions[short_desc] = Definition(
                short_desc=short_desc,
                measure=cells["Measure"] or "",
                polarity={"High": "high", "Low": "low"}.get(cells["Polarity"] or "-", "neutral"),
                year_type=cells["Year_Type"] or "",
                decimals=1 if cells["dps"] is None else int(cells["dps"]),
                hide_band=cells["No_Quartile"] == "N",
            )
    return definitions


def read_neighbours(workbook: Path) -> Neighbours:
    """A neighbour workbook: header in row 3, rows whose first cell is no number are notes (section 4)."""
    sheet = openpyxl.load_workbook(workbook, read_only=True, data_only=True).worksheets[0]
    members: dict[int, tuple[int, ...]] = {}
    region: dict[int, str] = {}
    for row in list(sheet.iter_rows(values_only=True))[3:]:
        if not isinstance(row[0], int | float):
            continue
        number = int(row[0])
        members[number] = tuple(int(cell) for cell in row[5:25:2] if isinstance(cell, int | float))
        region[number] = row[4].strip()
    return Neighbours(members, region)


def read_period(label: str, year_type: str) -> Period:
    """Read a published label with the Year_Type of its indicator (section 2).

    Raises ValueError for a label or Year_Type that the table of section 2 does not hold.
    """
    match = re.fullmatch(r"(.*?)(?: \((\w+)\))?", label)
    text, word = match.group(1), (match.group(2) or "").lower()
    release_status = _RELEASE_WORDS[word]
    if re.fullmatch(r"\d{4}", text):
        kind, year = "year", int(text)
    elif re.fullmatch(r"\d{4}[-/]\d{2}", text):
        start, second = int(text[:4]), int(text[5:])
        year = start - start % 100 + second + (100 if second < start % 100 else 0)
        kind = "year" if year == start + 1 else "rolling3"
        if year - start not in (1, 2):
            raise ValueError(f"label {label!r} covers {year - start + 1} years")
    elif re.fullmatch(r"\d{4}/\d{2}-\d{2}/\d{2}", text):
        kind, year = "rolling3", int(text[:2] + text[8:10]) + 1
    else:
        raise ValueError(f"unknown period label {label!r}")
    month_day = {
        "Academic Year": (8, 31),
        "Financial Year": (3, 31),
        "Calendar Year": (12, 31),
        "Annual": (3, 31),
        "Annual (end of Sept)": (9, 30),
        "Annual - January": (1, 31),
    }[year_type]
    if year_type.startswith("Annual"):
        kind = "snapshot"
    return Period(kind, date(year, *month_day), release_status)


def read_value(text: str) -> tuple[float, Decimal] | None:
    """A published cell as the nearest double and as its exact decimal; None where it is missing (section 1).

    Raises ValueError for any other text.
    """
    stripped = text.strip()
    if stripped in _MISSING:
        return None
    if not _NUMBER.fullmatch(stripped):
        raise ValueError(f"undeclared value text {text!r}")
    return float(stripped), Decimal(stripped)


def quantile(ascending: list[float], p: float) -> float:
    """Linear interpolation at 1 + (n - 1)p, R type 7, of sorted values (section 7)."""
    position = (len(ascending) - 1) * p
    low = math.floor(position)
    weight = position - low
    if weight == 0 or ascending[low] == ascending[low + 1]:
        return ascending[low]
    return (1 - weight) * ascending[low] + weight * ascending[low + 1]


def band(value: float, q25: float, q50: float, q75: float, polarity: str) -> str:
    """The band letter; an exact edge belongs to the lower-valued side, and A is always the best (section 7)."""
    place = 0 if value <= q25 else 1 if value <= q50 else 2 if value <= q75 else 3
    return ("ABCD" if polarity == "low" else "DCBA")[place]


def mean(cells: list[Decimal]) -> float | None:
    """Mean of the values there are, summed as exact decimals; None of none (section 4)."""
    if not cells:
        return None
    return float(sum(cells, Decimal(0)) / len(cells))


def difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def trend(change: float | None) -> str | None:
    """Sign of the unrounded change (section 6)."""
    if change is None:
        return None
    return "up" if change > 0 else "down" if change < 0 else "flat"


def ranks(values: dict[int, float], polarity: str) -> dict[int, int]:
    """Standard competition rank, best first; none for neutral polarity (section 7)."""
    if polarity == "neutral":
        return {}
    ascending = sorted(values.values())
    if polarity == "high":
        return {number: 1 + len(ascending) - bisect_right(ascending, value) for number, value in values.items()}
    return {number: 1 + bisect_left(ascending, value) for number, value in values.items()}


def bands(values: dict[int, float], definition: Definition, *, places: int | None = None) -> dict[int, str]:
    """Bands of a ranked set; `places` rounds the three edges first (the live rule compares at 9 decimals)."""
    if not values or definition.hide_band or definition.polarity == "neutral":
        return {}
    ascending = sorted(values.values())
    edges = [quantile(ascending, p) for p in (0.25, 0.5, 0.75)]
    if places is not None:
        edges = [round(edge, places) for edge in edges]
    return {number: band(value, *edges, definition.polarity) for number, value in values.items()}


def live_set(values: dict[int, float]) -> dict[int, float]:
    """The ranked set without a former authority whose successor has a value, at 9 decimals (section 11)."""
    return {
        number: round(value, 9)
        for number, value in values.items()
        if not any(successor in values for successor in SUCCESSORS.get(number, ()))
    }


def range_texts(definition: Definition, quantiles: tuple[float, ...]) -> dict[str, str]:
    """The four printed ranges as the tool prints them, its fault in the C text of High included (section 7)."""
    dps = definition.decimals
    step = 10.0**-dps
    r = [round(q, dps) for q in quantiles]

    def number(value: float) -> str:
        return f"{value:.15g}"

    if definition.polarity == "low":
        pairs = {"A": (r[0], r[1]), "B": (r[1] + step, r[2]), "C": (r[2] + step, r[3]), "D": (r[3] + step, r[4])}
    else:
        pairs = {"A": (r[4], r[3] + step), "B": (r[3], r[2] + step), "C": (r[2] + step, r[1] + step), "D": (r[1], r[0])}
    return {letter: f"{number(start)} to {number(end)}" for letter, (start, end) in pairs.items()}


def comparator_rows(lait_dir: Path, neighbour_file: str = "sn_may_2025.xlsx") -> pl.DataFrame:
    """One row per indicator, authority and period of the file, with every comparator quantity.

    Columns: KEY_COLUMNS, DOUBLE_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS, BAND_COLUMNS, `is_latest`,
    `period_end`. Parity rules are those of comparators.md sections 3 to 7, the `_live` ones section 11.
    """
    definitions = read_definitions(lait_dir)
    neighbours = read_neighbours(lait_dir / neighbour_file)
    file = pl.read_parquet(lait_dir / "bds_long_0.parquet")

    # indicator -> label -> DfE number -> (double, exact decimal); missing cells are left out.
    grid: dict[str, dict[str, dict[int, tuple[float, Decimal]]]] = {}
    area_name: dict[int, str] = {}
    columns = [file[name].to_list() for name in ("Short Desc", "Years", "LA Number", "LA and Regions", "Values")]
    for short_desc, label, number, name, text in zip(*columns, strict=True):
        cells = grid.setdefault(short_desc.strip(), {}).setdefault(label, {})
        area_name[int(number)] = name
        if (value := read_value(text)) is not None:
            cells[int(number)] = value

    authorities = sorted(number for number in area_name if number < FIRST_NOT_AN_AUTHORITY)
    region_rows = {name: number for number, name in area_name.items() if number > ENGLAND}
    region_of = {number: region_rows[neighbours.region[number]] for number in authorities}

    groups = (KEY_COLUMNS, DOUBLE_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS, BAND_COLUMNS, ("is_latest", "period_end"))
    out: dict[str, list] = {name: [] for group in groups for name in group}
    with localcontext() as context:
        context.prec = 60
        for short_desc, by_label in grid.items():
            _add_indicator(out, definitions[short_desc], by_label, authorities, neighbours, region_of)
    return pl.DataFrame(
        out,
        schema_overrides={
            **dict.fromkeys(DOUBLE_COLUMNS, pl.Float64),
            **dict.fromkeys(INTEGER_COLUMNS, pl.Int64),
            **dict.fromkeys((*TEXT_COLUMNS, *BAND_COLUMNS), pl.String),
        },
    )


def _add_indicator(
    out: dict[str, list],
    definition: Definition,
    by_label: dict[str, dict[int, tuple[float, Decimal]]],
    authorities: list[int],
    neighbours: Neighbours,
    region_of: dict[int, int],
) -> None:
    """Append the rows of one indicator, oldest period first."""
    periods = {label: read_period(label, definition.year_type) for label in by_label if label != "0"}
    labels = sorted(periods, key=lambda label: periods[label].end)
    # The file's own promise (section 2): text order and date order agree within one indicator.
    assert labels == sorted(labels), definition.short_desc
    assert len({period.end for period in periods.values()}) == len(labels), definition.short_desc
    latest = labels[-1]

    region_row = {
        number: LONDON if row in (LONDON_INNER, LONDON_OUTER) and row not in by_label[latest] else row
        for number, row in region_of.items()
    }
    no_band = definition.hide_band or definition.polarity == "neutral"
    before_label: str | None = None
    before: dict[int, dict[str, float | None]] = {}
    before_england: float | None = None

    for label in labels:
        cells = by_label[label]
        ranked = {number: cells[number][0] for number in authorities if number in cells}
        live = live_set(ranked)
        rank, rank_live = ranks(ranked, definition.polarity), ranks(live, definition.polarity)
        letters, letters_live = bands(ranked, definition), bands(live, definition, places=9)
        ascending = sorted(ranked.values())
        quantiles = [quantile(ascending, p) if ascending else None for p in (0, 0.25, 0.5, 0.75, 1)]
        england = cells[ENGLAND][0] if ENGLAND in cells else None
        core_all = [cells[number][1] for number in CORE_CITIES if number in cells]
        core_all_mean = mean(core_all)
        gap = None if before_label is None else periods[label].end.year - periods[before_label].end.year

        now: dict[int, dict[str, float | None]] = {}
        for number in authorities:
            members = [cells[member][1] for member in neighbours.members[number] if member in cells]
            core_others, core_others_count = core_all_mean, len(core_all)
            if number in CORE_CITIES:
                others = [cells[member][1] for member in CORE_CITIES if member in cells and member != number]
                core_others, core_others_count = mean(others), len(others)
            row = region_row[number]
            levels = {
                "own": ranked.get(number),
                "region": cells[row][0] if row in cells else None,
                "sn": mean(members),
            }
            now[number] = levels
            earlier = before.get(number, {})
            change = difference(levels["own"], earlier.get("own"))
            figures = {
                "lait_short_desc": definition.short_desc,
                "dfe_number": number,
                "published_label": label,
                "value": levels["own"],
                "change": change,
                "region_value": levels["region"],
                "region_change": difference(levels["region"], earlier.get("region")),
                "england_value": england,
                "england_change": difference(england, before_england),
                "sn_average": levels["sn"],
                "sn_change": difference(levels["sn"], earlier.get("sn")),
                "core_city_average_all": core_all_mean,
                "core_city_average_others": core_others,
                "q0": quantiles[0],
                "q25": quantiles[1],
                "q50": quantiles[2],
                "q75": quantiles[3],
                "q100": quantiles[4],
                "sn_count": len(members),
                "core_city_count_all": len(core_all),
                "core_city_count_others": core_others_count,
                "rank": rank.get(number),
                "rank_of": len(ranked),
                "rank_live": rank_live.get(number),
                "rank_live_of": len(live),
                "period_gap": gap,
                "trend": trend(change),
                "previous_published_label": before_label,
                "release_status": periods[label].release_status,
                "value_status": "ok" if levels["own"] is not None else "legacy_missing",
                # "no band" is decided before missingness, so it stands beside a missing value too.
                "quartile": NO_BAND if no_band else letters.get(number),
                "quartile_live": NO_BAND if no_band else letters_live.get(number),
                "is_latest": label == latest,
                "period_end": periods[label].end,
            }
            for name, cell in figures.items():
                out[name].append(cell)
        before_label, before, before_england = label, now, england
