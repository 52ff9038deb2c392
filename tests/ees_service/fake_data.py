"""What the fake service holds: a folder of CSV and metadata pairs, read into versions with stable ids.

Layout: `<publication>/<data set>/<version>/<data set>.csv` and `.meta.csv`; versions such as 1.0, 1.1, 2.0.
"""

import csv
import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.sources.tidy_vocabulary import identifier_of, level_of

_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_NAMESPACE = uuid.UUID("8e8f2f3c-0d53-4a53-9d35-6e6573666b65")
# Level: the columns of code, name and further codes by what the service calls them.
_PLACES = {
    "NAT": {"code": "country_code", "label": "country_name"},
    "REG": {"code": "region_code", "label": "region_name"},
    "LA": {"code": "new_la_code", "label": "la_name", "oldCode": "old_la_code"},
    "SCH": {"urn": "school_urn", "laEstab": "school_laestab", "label": "school_name"},
    "PROV": {"ukprn": "provider_ukprn", "label": "provider_name"},
    "RSC": {"label": "rsc_region_lead_name"},
}
_FIXED = {"time_period", "time_identifier", "geographic_level"} | {c for p in _PLACES.values() for c in p.values()}


def uuid_of(*parts: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def short_id(*parts: str) -> str:
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")
    return "".join(_ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(5))


def period_text(period: str) -> str:
    """`202223` as the service writes it: `2022/2023`."""
    return f"{period[:4]}/{int(period[:4]) + 1}" if len(period) == 6 else period


@dataclass
class FakeVersion:
    """One version: metadata as the service gives it, rows with ids, the rows of the file."""

    version: str
    header: list[str]
    lines: list[list[str]]
    meta: dict[str, Any]
    rows: list[dict[str, Any]]
    published: str
    status: str = "Published"

    @property
    def number(self) -> tuple[int, int, int]:
        parts = [int(part) for part in self.version.split(".")]
        return (*parts, 0, 0)[:3]  # type: ignore[return-value]


@dataclass
class FakeDataSet:
    id: str
    name: str
    publication: str
    versions: list[FakeVersion]
    status: str = "Published"
    superseded_by: str | None = None

    @property
    def newest(self) -> FakeVersion:
        return max((v for v in self.versions if v.status == "Published"), key=lambda v: v.number)


@dataclass
class Holdings:
    data_sets: dict[str, FakeDataSet] = field(default_factory=dict)

    def named(self, name: str) -> FakeDataSet:
        return next(found for found in self.data_sets.values() if found.name == name)


def read_folder(folder: Path) -> Holdings:
    holdings = Holdings()
    for place in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        found = FakeDataSet(uuid_of(place.parent.name, place.name), place.name, place.parent.name, [])
        order = sorted(place.iterdir(), key=lambda path: [int(part) for part in path.name.split(".")])
        for number, version in enumerate(order, start=1):
            found.versions.append(_version(version, place.name, f"2025-{number:02d}-15T09:30:00+00:00"))
        holdings.data_sets[found.id] = found
    return holdings


def _read(file: Path) -> tuple[list[str], list[list[str]]]:
    with file.open(encoding="utf-8", newline="") as opened:
        header, *lines = csv.reader(opened)
    return header, lines


def _version(folder: Path, name: str, published: str) -> FakeVersion:
    header, lines = _read(folder / f"{name}.csv")
    described = [dict(zip(*pair, strict=True)) for pair in _pairs(folder / f"{name}.meta.csv")]
    cells = [dict(zip(header, line, strict=True)) for line in lines]
    filters = [
        {
            "id": short_id(name, row["col_name"]),
            "column": row["col_name"],
            "label": row["label"],
            "hint": row["filter_hint"],
            "options": [
                {"id": short_id(name, row["col_name"], label), "label": label}
                for label in dict.fromkeys(cell[row["col_name"]] for cell in cells)
            ],
        }
        for row in described
        if row["col_type"] == "Filter"
    ]
    indicators = [
        {
            "id": short_id(name, row["col_name"]),
            "column": row["col_name"],
            "label": row["label"],
            "unit": {"numberstring": "string"}.get(row["indicator_unit"], row["indicator_unit"]),
            "decimalPlaces": int(row["indicator_dp"] or 0),
        }
        for row in described
        if row["col_type"] == "Indicator"
    ]
    levels = [level_of(text) for text in dict.fromkeys(cell["geographic_level"] for cell in cells)]
    places = {code: list(_places(code, header, cells)) for code in _PLACES}
    periods = dict.fromkeys((cell["time_period"], cell["time_identifier"]) for cell in cells)
    meta = {
        "filters": filters,
        "indicators": indicators,
        "geographicLevels": [{"code": level.code, "label": level.text} for level in levels if level],
        "locations": [
            {"level": {"code": code, "label": code}, "options": options} for code, options in places.items() if options
        ],
        "timePeriods": [
            {"code": _code(kind), "period": period_text(period), "label": period} for period, kind in periods
        ],
    }
    rows = [_row(cell, filters, indicators, places) for cell in cells]
    return FakeVersion(folder.name, header, lines, meta, rows, published)


def _pairs(file: Path) -> Iterable[tuple[list[str], list[str]]]:
    header, lines = _read(file)
    return [(header, line) for line in lines]


def _code(kind: str) -> str:
    found = identifier_of(kind)
    assert found is not None, kind
    return found.code


def _place_id(level: str, cell: dict[str, str]) -> str:
    first = next(iter(_PLACES[level].values()))
    return short_id("place", level, cell[first])


def _places(level: str, header: list[str], cells: list[dict[str, str]]) -> Iterable[dict[str, str]]:
    columns = _PLACES[level]
    if not set(columns.values()) <= set(header):
        return
    seen = set()
    for cell in cells:
        found = _place_id(level, cell)
        if cell[columns["label"]] and found not in seen:
            seen.add(found)
            yield {"id": found} | {key: cell[column] for key, column in columns.items()}


def _row(
    cell: dict[str, str], filters: list[dict[str, Any]], indicators: list[dict[str, Any]], places: dict[str, list]
) -> dict[str, Any]:
    level = level_of(cell["geographic_level"])
    assert level is not None
    options = {f["id"]: {o["label"]: o["id"] for o in f["options"]}[cell[f["column"]]] for f in filters}
    return {
        "timePeriod": {"code": _code(cell["time_identifier"]), "period": period_text(cell["time_period"])},
        "geographicLevel": level.code,
        "locations": {
            code: _place_id(code, cell)
            for code, columns in _PLACES.items()
            if places[code] and cell.get(columns["label"])
        },
        "filters": options,
        "values": {i["id"]: cell[i["column"]] for i in indicators},
    }


def changes_between(old: FakeVersion | None, new: FakeVersion) -> dict[str, Any]:
    """The lists of changes: what went or changed its id is major, what came or changed its label is minor."""
    major: dict[str, list] = {}
    minor: dict[str, list] = {}
    if old is not None:
        _compare(major, minor, "filters", old, new, lambda v: [_bare(f) for f in v.meta["filters"]])
        _compare(
            major, minor, "filterOptions", old, new, lambda v: [o for f in v.meta["filters"] for o in f["options"]]
        )
        _compare(major, minor, "indicators", old, new, lambda v: v.meta["indicators"])
        _compare(major, minor, "geographicLevels", old, new, lambda v: v.meta["geographicLevels"], key="code")
        _compare(
            major,
            minor,
            "locationGroups",
            old,
            new,
            lambda v: [{"level": g["level"]} for g in v.meta["locations"]],
            key="",
        )
        _compare(
            major, minor, "locationOptions", old, new, lambda v: [o for g in v.meta["locations"] for o in g["options"]]
        )
        _compare(major, minor, "timePeriods", old, new, lambda v: v.meta["timePeriods"], key="period")
    return {"versionNumber": new.version, "notes": "", "majorChanges": major, "minorChanges": minor}


def _bare(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "options"}


def _compare(
    major: dict[str, list],
    minor: dict[str, list],
    kind: str,
    old: FakeVersion,
    new: FakeVersion,
    entries: Callable[[FakeVersion], list[dict[str, Any]]],
    key: str = "id",
) -> None:
    def by_key(version: FakeVersion) -> dict[str, dict[str, Any]]:
        return {entry[key] if key else str(entry): entry for entry in entries(version)}

    before, after = by_key(old), by_key(new)
    for name, entry in before.items():
        if name not in after:
            major.setdefault(kind, []).append({"previousState": entry})
        elif after[name] != entry:
            minor.setdefault(kind, []).append({"previousState": entry, "currentState": after[name]})
    for name, entry in after.items():
        if name not in before:
            minor.setdefault(kind, []).append({"currentState": entry})
