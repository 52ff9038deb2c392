"""What the service says of a data set's columns, and how its ids, labels and codes become those of a tidy file."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.ees_service.client import ServiceError
from dagster_project.sources.catalogue import Layout, RawTable, fits_of, normalise_header
from dagster_project.sources.tidy_metadata import LATER, REQUIRED
from dagster_project.sources.tidy_vocabulary import (
    GEOGRAPHY_COLUMNS,
    LEVELS,
    REQUIRED_COLUMNS,
    TIME_COLUMNS,
    Identifier,
    identifier_of,
    level_of,
)

# The word for text differs between the service and the metadata files.
_UNITS = {"": "", "%": "%", "pp": "pp", "£": "£", "£m": "£m", "string": "numberstring", "numberstring": "numberstring"}
_LEVEL_TEXTS = {level.code: level.text for level in LEVELS}
_DECLARE = "see whether it is a new column, and declare it in dbt/models/staging/ees/_ees__sources.yml"
_METADATA = "the metadata of the service do not fit its data: try again later, or tell the service's owners"

#: For each level the columns of a tidy file and the fields of a place that fill them.
PLACE_COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "NAT": (("country_code", "code"), ("country_name", "label")),
    "REG": (("region_code", "code"), ("region_name", "label")),
    "LA": (("old_la_code", "oldCode"), ("new_la_code", "code"), ("la_name", "label")),
}


@dataclass(frozen=True)
class Option:
    """One option of a filter."""

    id: str
    label: str


@dataclass(frozen=True)
class Column:
    """A filter (`is_filter`, with its options) or an indicator (with unit and decimals)."""

    id: str
    column: str
    label: str
    is_filter: bool
    options: tuple[Option, ...] = ()
    hint: str = ""
    unit: str = ""
    decimals: int | None = None


@dataclass(frozen=True)
class Place:
    """One place of a level; `fields` holds label and codes as the service names them."""

    id: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class DataSetMeta:
    """The metadata of one version. `fingerprint` changes with anything in them."""

    filters: tuple[Column, ...]
    indicators: tuple[Column, ...]
    levels: tuple[str, ...]
    places: Mapping[str, Mapping[str, Place]]
    fingerprint: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """Filters, then indicators."""
        return self.filters + self.indicators


def read_meta(found: Mapping[str, Any]) -> DataSetMeta:
    """Read what `/meta` answers. A name may be called `label` or `name`; keys nobody asked for are passed over.

    Raises:
        ServiceError: If something has no id, column or label, or two things have one id.
    """
    filters = tuple(_column(entry, is_filter=True) for entry in _list(found, "filters"))
    indicators = tuple(_column(entry, is_filter=False) for entry in _list(found, "indicators"))
    _no_two(column.id for column in filters)
    _no_two(column.id for column in indicators)
    places: dict[str, dict[str, Place]] = {}
    for group in _list(found, "locations"):
        level = group.get("level")
        code = _text(level, "code", "a level of `locations`") if isinstance(level, dict) else str(level)
        options = [_place(entry, code) for entry in _list(group, "options")]
        _no_two(place.id for place in options)
        places[code] = {place.id: place for place in options}
    levels = tuple(_text(entry, "code", "a level") for entry in _list(found, "geographicLevels"))
    content = json.dumps(found, sort_keys=True)
    return DataSetMeta(filters, indicators, levels, places, hashlib.sha256(content.encode()).hexdigest())


def _list(found: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries = found.get(key) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ServiceError(f"`{key}` in the metadata is no list of objects", _METADATA)
    return entries


def _text(entry: Mapping[str, Any], key: str, what: str) -> str:
    # The service and its guide differ in what they call a name.
    value = entry.get(key) or (entry.get("name") if key == "label" else None)
    if not isinstance(value, str) or not value.strip():
        raise ServiceError(f"{what} has no `{key}` in the metadata: {json.dumps(entry)[:200]}", _METADATA)
    return value.strip()


def _column(entry: Mapping[str, Any], *, is_filter: bool) -> Column:
    what = "a filter" if is_filter else "an indicator"
    options = tuple(
        Option(_text(option, "id", "an option"), _text(option, "label", "an option"))
        for option in (_list(entry, "options") if is_filter else ())
    )
    _no_two(option.id for option in options)
    decimals = entry.get("decimalPlaces")
    return Column(
        id=_text(entry, "id", what),
        column=_text(entry, "column", what),
        label=_text(entry, "label", what),
        is_filter=is_filter,
        options=options,
        hint=str(entry.get("hint") or "").strip() if is_filter else "",
        unit=str(entry.get("unit") or "").strip(),
        decimals=decimals if isinstance(decimals, int) else None,
    )


def _place(entry: Mapping[str, Any], level: str) -> Place:
    what = f"a place of level {level}"
    label = _text(entry, "label", what)
    # A code may hold two (`E08000019 / E08000020`): it is one text, and stays as it is.
    fields = {key: value.strip() for key, value in entry.items() if isinstance(value, str)}
    return Place(_text(entry, "id", what), fields | {"label": label})


def _no_two(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for found in ids:
        if found in seen:
            raise ServiceError(f"id {found!r} stands twice in the metadata", _METADATA)
        seen.add(found)


def layout_for(columns: Sequence[str], table: RawTable) -> Layout:
    """Return the declared layout that has exactly these columns.

    Raises:
        ServiceError: If none has; the message names what is missing and what nobody declared, against the nearest one.
    """
    fits = fits_of(columns, [table], "csv_as_text")
    if fits and fits[0].is_exact:
        return fits[0].layout
    nearest = min(fits, key=lambda fit: len(fit.missing) + len(fit.unknown))
    faults = [
        f"{words} {', '.join(map(repr, names))}"
        for words, names in (
            ("missing:", nearest.missing),
            ("not declared:", nearest.unknown),
            ("there more than once:", nearest.repeated),
        )
        if names
    ]
    raise ServiceError(
        f"the columns are not those declared of {table.name} (layout {nearest.layout.name}): {'; '.join(faults)}",
        _DECLARE,
    )


def columns_of_header(header: Sequence[str], meta: DataSetMeta, table: RawTable) -> tuple[str, ...]:
    """Return the column behind each header of a whole CSV, which may hold names of columns or labels.

    A file whose headers are all names of columns is taken at its word, whatever the labels are.

    Raises:
        ServiceError: If a header is no column and no label, is the label of two columns, or two headers are one column.
    """
    known = {normalise_header(name): name for name in (*REQUIRED_COLUMNS, *GEOGRAPHY_COLUMNS)}
    for layout in table.layouts:
        known |= {normalise_header(name): name for name, _ in layout.columns}
    known |= {normalise_header(column.column): column.column for column in meta.columns}
    by_name = [known.get(normalise_header(name)) for name in header]
    all_named = all(by_name)
    labels: dict[str, set[str]] = {}
    for column in meta.columns:
        labels.setdefault(_folded(column.label), set()).add(column.column)
    found: list[str] = []
    for name, named in zip(header, by_name, strict=True):
        meant = set() if all_named else set(labels.get(_folded(name), ()))
        if named:
            meant.add(named)
        if not meant:
            raise ServiceError(f"the column {name!r} is no column and no label of the data set's metadata", _DECLARE)
        if len(meant) > 1:
            raise ServiceError(
                f"the label {name!r} is that of more than one column: {', '.join(sorted(meant))}",
                "set `method: query` for this data set in council.yml: there columns go by their ids",
            )
        found.append(meant.pop())
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise ServiceError(
            f"more than one column of the file is {', '.join(map(repr, twice))}",
            "set `method: query` for this data set in council.yml: there columns go by their ids",
        )
    return tuple(found)


def _folded(label: str) -> str:
    return " ".join(label.replace("\ufeff", "").split()).casefold()


def level_text(text: str) -> str:
    """Return the word of a tidy file for a level, given as that word or as the service's code.

    Raises:
        ServiceError: If there is no such level.
    """
    found = level_of(text)
    if found is not None:
        return text
    if text in _LEVEL_TEXTS:
        return _LEVEL_TEXTS[text]
    raise ServiceError(f"the geographic level {text!r} is not known", "see whether the service has a new level")


def period_of(period: str, kind: str) -> tuple[str, str]:
    """Return `time_period` and `time_identifier` of a tidy file.

    `period` is `2022/2023`, `2022/23`, `202223` or `2023`; `kind` the service's code or the word itself.

    Raises:
        ServiceError: If there is no such kind of period, the two do not go together, or the years do not follow.
    """
    identifier = identifier_of(kind)
    if identifier is None:
        raise ServiceError(f"the kind of period {kind!r} is not known", "see whether the service has a new kind")
    return _digits(period, identifier), identifier.text


def _digits(period: str, identifier: Identifier) -> str:
    wrong = ServiceError(f"{period!r} is no period of the kind {identifier.text!r}", _METADATA)
    if identifier.digits == 4:
        if not re.fullmatch(r"\d{4}", period):
            raise wrong
        return period
    found = re.fullmatch(r"(\d{4})/?(\d{2}|\d{4})", period)
    if found is None or int(found[2]) % 100 != (int(found[1]) + 1) % 100:
        raise wrong
    if len(found[2]) == 4 and int(found[2]) != int(found[1]) + 1:
        raise wrong
    # 1999/2000 is 199900.
    return found[1] + found[2][-2:]


def metadata_file(meta: DataSetMeta, layout: Layout) -> str:
    """Return the text of the `.meta.csv`: a line for each column of the layout that is neither time nor place."""
    headers = {normalise_header(name): name for name, _ in layout.columns}
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow((*REQUIRED[:5], LATER, *REQUIRED[5:]))
    for column in meta.columns:
        name = headers.get(normalise_header(column.column))
        if name is None or name in (*TIME_COLUMNS, *GEOGRAPHY_COLUMNS):
            continue
        kind = "Filter" if column.is_filter else "Indicator"
        unit = decimals = ""
        if not column.is_filter:
            if column.unit not in _UNITS:
                raise ServiceError(f"{column.column!r} has the unit {column.unit!r}, which is not known", _METADATA)
            unit = _UNITS[column.unit]
            decimals = "" if column.decimals is None else str(column.decimals)
        # The service does not say which group an indicator or a filter is in.
        writer.writerow((name, kind, column.label, "", unit, decimals, column.hint, ""))
    return written.getvalue()
