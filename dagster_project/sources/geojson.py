"""GeoJSON: a collection of features, each a row of its properties and its geometry, all as text."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.sources.catalogue import RawTable
from dagster_project.sources.csv_text import UnreadableFile, decode
from dagster_project.sources.opened import OpenTable, insert_rows, recognise

GEOMETRY = "geometry"


def geojson(path: Path, tables: Sequence[RawTable], connection: duckdb.DuckDBPyConnection) -> list[OpenTable]:
    """Open a feature collection; a feature gives a row, its geometry as the text of a GeoJSON object.

    Columns are the properties of all features and `geometry`; a property that a feature lacks is blank. Coordinates are
    kept as sent, whatever their grid: what they mean is looked at later.

    Raises:
        UnreadableFile: If the file is empty, is not JSON, is no feature collection, or its properties are wrong.
    """
    del connection
    content = path.read_bytes()
    if not content.strip():
        raise UnreadableFile("is empty: ask for the file again, or remove it", "not_empty")
    text, encoding = decode(content)
    try:
        collection = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile("is not JSON: export it again as GeoJSON") from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise UnreadableFile("is JSON without a list of features: export it again as GeoJSON")
    properties = [_properties(feature) for feature in features]
    header = (*dict.fromkeys(name for held in properties for name in held if name != GEOMETRY), GEOMETRY)
    fit = recognise(header, tables, "geojson")
    if fit is None:
        return []
    rows: list[tuple[int, Sequence[str | None]]] = [
        (
            number,
            [
                *(_text(held.get(name)) for name in header[:-1]),
                _text(feature.get(GEOMETRY)),
            ],
        )
        for number, (feature, held) in enumerate(zip(features, properties, strict=True), start=1)
    ]

    def insert(target: duckdb.DuckDBPyConnection, file_id: str) -> None:
        insert_rows(target, fit, file_id, rows)

    return [OpenTable(fit, len(features), insert, encoding)]


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    held = feature.get("properties")
    return held if isinstance(held, dict) else {}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))
