"""The method `query`: national, regional and authority rows page by page, with ids put back to labels and codes."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.ees_service.client import EesClient, ServiceError, detail_words, page_of
from dagster_project.ees_service.labels import (
    PLACE_COLUMNS,
    DataSetMeta,
    layout_for,
    level_text,
    period_of,
    read_meta,
)
from dagster_project.ees_service.versions import Version
from dagster_project.sources.catalogue import Layout, RawTable, normalise_header
from dagster_project.sources.tidy_vocabulary import TIME_COLUMNS

PAGE_SIZE = 10_000
LEVELS = tuple(PLACE_COLUMNS)
_ODD = "run again: pages are read anew; if it goes on, set `method: csv` for this data set in council.yml"
_ANSWER = "the answers do not fit the metadata: run again; if it goes on, set `method: csv` in council.yml"


@dataclass(frozen=True)
class Query:
    """What is asked, and where finished pages are kept until the data set is landed."""

    client: EesClient
    data_set_id: str
    version: Version
    meta: DataSetMeta
    table: RawTable
    folder: Path
    accept_warnings: frozenset[str] = frozenset()
    page_size: int = PAGE_SIZE
    announce: Callable[[str], None] = field(default=lambda step: None)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels asked for: those that the data set has, as any other would be a warning."""
        return tuple(level for level in LEVELS if level in self.meta.levels)

    @property
    def body(self) -> dict[str, Any]:
        """The question without its page, in an order that leaves no two rows free to change places between pages."""
        fields = ["timePeriod", "geographicLevel"]
        fields += [f"location|{level}" for level in self.levels if level in self.meta.places]
        fields += [f"filter|{column.id}" for column in self.meta.filters]
        return {
            "criteria": {"geographicLevels": {"in": list(self.levels)}},
            "indicators": [column.id for column in self.meta.indicators],
            "sorts": [{"field": name, "direction": "Asc"} for name in fields],
            "pageSize": self.page_size,
        }

    @property
    def pages(self) -> Path:
        """The folder of finished pages: another version, question or metadata has another."""
        key = json.dumps([self.data_set_id, self.version.text, self.meta.fingerprint, self.body], sort_keys=True)
        return self.folder / f"pages-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Answer:
    """What a query came to; `notes` are the warnings that were accepted."""

    layout: Layout
    rows: int
    notes: tuple[str, ...]


def write_tidy(query: Query, target: Path) -> Answer:
    """Write `target` from all pages.

    Pages are kept while the service is only out of reach, and dropped when what they say cannot be right.

    Raises:
        ServiceError: If a page, a value or the count is not what it should be, a row comes twice, there is a warning
            that is not accepted, or the metadata changed meanwhile.
    """
    try:
        answer = _write(query, target)
        now = read_meta(query.client.meta(query.data_set_id, query.version.text))
        if now.fingerprint != query.meta.fingerprint:
            raise ServiceError("the metadata changed while the pages were read", _ODD)
    except ServiceError as error:
        if not error.is_passing:
            shutil.rmtree(query.pages, ignore_errors=True)
        raise
    return answer


def _write(query: Query, target: Path) -> Answer:
    if not query.levels:
        raise ServiceError(
            f"the data set has none of the levels {', '.join(LEVELS)}",
            "set `method: csv` for this data set in council.yml",
        )
    columns = _columns(query)
    layout = layout_for(columns, query.table)
    names = {normalise_header(name): name for name in columns}
    order = [names[normalise_header(header)] for header, _ in layout.columns]
    labels = {column.id: {option.id: option.label for option in column.options} for column in query.meta.filters}
    notes: list[str] = []
    seen: set[tuple[str, ...]] = set()
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([header for header, _ in layout.columns])
        for page, results in _pages(query, notes):
            for number, result in enumerate(results, start=1):
                where = f"page {page}, result {number:,}"
                cells = _cells(query, labels, result, where)
                key = _key(query, cells)
                if key in seen:
                    raise ServiceError(f"{where}: the same row comes twice ({', '.join(filter(None, key))})", _ODD)
                seen.add(key)
                writer.writerow([cells[name] for name in order])
    return Answer(layout, len(seen), tuple(dict.fromkeys(notes)))


def _columns(query: Query) -> tuple[str, ...]:
    """The columns that the answers can fill: time, level, places that the file is to have, and what `/meta` lists."""
    declared = {normalise_header(name) for layout in query.table.layouts for name, _ in layout.columns}
    places = [
        name
        for level, pairs in PLACE_COLUMNS.items()
        for name, _ in pairs
        if level in query.meta.places or name in declared
    ]
    return (*TIME_COLUMNS, "geographic_level", *places, *(column.column for column in query.meta.columns))


def _pages(query: Query, notes: list[str]) -> Iterator[tuple[int, Sequence[Mapping[str, Any]]]]:
    """Yield page by page until the count is reached or a page is empty; totalPages is 1 even when there is nothing."""
    query.pages.mkdir(parents=True, exist_ok=True)
    page, read, total = 0, 0, None
    while total is None or read < total:
        page += 1
        answer, is_kept = _page(query, page)
        _refuse_warnings(query, page, answer, notes)
        results, count = page_of(answer)
        total = count if total is None else total
        if count != total:
            raise ServiceError(f"page {page} speaks of {count:,} results, those before it of {total:,}", _ODD)
        if not results:
            break
        size = answer["paging"].get("pageSize", query.page_size)
        if not isinstance(size, int):
            raise ServiceError(f"page {page} says that its size is {size!r}, which is no number", _ODD)
        due = min(size, total - (page - 1) * size)
        if len(results) != due or answer["paging"].get("page", page) != page:
            raise ServiceError(f"page {page} holds {len(results):,} results where {due:,} are due", _ODD)
        read += len(results)
        query.announce(f"page {page}: {read:,} of {total:,} rows{' (kept from before)' if is_kept else ''}")
        yield page, results
    if read != total:
        raise ServiceError(f"{read:,} rows came where {total:,} are due", _ODD)
    if not read:
        raise ServiceError("there are no rows", "check `id` and `version` under `ees.data_sets` in council.yml")


def _page(query: Query, page: int) -> tuple[Mapping[str, Any], bool]:
    kept = query.pages / f"{page:06d}.json"
    try:
        found = json.loads(kept.read_bytes())
        if isinstance(found, dict):
            return found, True
    except (FileNotFoundError, ValueError):
        # A page that cannot be read is a page that is not there.
        pass
    answer = query.client.query(query.data_set_id, query.version.text, query.body | {"page": page})
    written = kept.with_suffix(".part")
    written.write_text(json.dumps(answer), encoding="utf-8")
    os.replace(written, kept)
    return answer, False


def _refuse_warnings(query: Query, page: int, answer: Mapping[str, Any], notes: list[str]) -> None:
    warnings = answer.get("warnings") or []
    for warning in warnings if isinstance(warnings, list) else [warnings]:
        found = warning if isinstance(warning, dict) else {"message": str(warning)}
        code = str(found.get("code") or "a warning without a code")
        words = f"page {page}: {code}: {found.get('message', '')}{detail_words(found.get('detail'))}"
        if code == "DebugEnabled":
            continue
        if code not in query.accept_warnings:
            raise ServiceError(
                f"the service warns: {words}",
                f"see what is missing; to take the data all the same, put `accept_warnings: [{code}]` beside the data "
                "set in council.yml",
            )
        notes.append(f"warning accepted: {words}")


def _cells(
    query: Query, labels: Mapping[str, Mapping[str, str]], result: Mapping[str, Any], where: str
) -> dict[str, str]:
    """Return the cells of one result by column; `labels` are those of the options by filter and id."""
    period = _mapping(result, "timePeriod", where)
    level = result.get("geographicLevel")
    if level not in query.levels:
        raise ServiceError(f"{where}: is of level {level!r}, which was not asked for", _ANSWER)
    cells = dict(zip(TIME_COLUMNS, period_of(str(period.get("period")), str(period.get("code"))), strict=True))
    cells["geographic_level"] = level_text(level)
    cells |= {name: "" for pairs in PLACE_COLUMNS.values() for name, _ in pairs}
    places = _mapping(result, "locations", where)
    if level not in places:
        raise ServiceError(f"{where}: has no place of its level {level}", _ANSWER)
    for of_level, place_id in places.items():
        if of_level not in PLACE_COLUMNS:
            raise ServiceError(f"{where}: has a place of level {of_level}, which no column is declared for", _ANSWER)
        place = query.meta.places.get(of_level, {}).get(str(place_id))
        if place is None:
            raise ServiceError(f"{where}: place {place_id!r} of level {of_level} is not in the metadata", _ANSWER)
        for name, key in PLACE_COLUMNS[of_level]:
            cells[name] = place.fields.get(key, "")
    options = _mapping(result, "filters", where)
    for column in query.meta.filters:
        label = labels[column.id].get(str(options.get(column.id)))
        if label is None:
            raise ServiceError(
                f"{where}: {options.get(column.id)!r} is no option of {column.column!r} in the metadata", _ANSWER
            )
        cells[column.column] = label
    values = _mapping(result, "values", where)
    for column in query.meta.indicators:
        value = values.get(column.id)
        if not isinstance(value, str):
            # A number has been through something that may have rounded it, and cannot be a symbol.
            what = "is missing" if value is None else f"is {value!r}, not text"
            raise ServiceError(f"{where}: the value of {column.column!r} {what}", _ANSWER)
        cells[column.column] = value
    unknown = [*(options.keys() - _ids(query.meta.filters)), *(values.keys() - _ids(query.meta.indicators))]
    if unknown:
        raise ServiceError(f"{where}: {', '.join(sorted(unknown))} is not in the metadata", _ANSWER)
    return cells


def _ids(columns: Sequence[Any]) -> set[str]:
    return {column.id for column in columns}


def _key(query: Query, cells: Mapping[str, str]) -> tuple[str, ...]:
    """What makes a row itself: everything but its figures. Codes, not names: two places may have one name."""
    fixed = (*TIME_COLUMNS, "geographic_level", "country_code", "region_code", "old_la_code", "new_la_code", "la_name")
    return tuple(cells[name] for name in (*fixed, *(column.column for column in query.meta.filters)))


def _mapping(result: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = result.get(key)
    if not isinstance(found, dict):
        raise ServiceError(f"{where}: has no `{key}`", _ANSWER)
    return found
