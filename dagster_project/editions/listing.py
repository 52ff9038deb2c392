"""Editions on disk, and what differs between two of them."""

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.project import DataFolders


class NoSuchEdition(LookupError):
    """The edition has no outputs on this data directory."""


@dataclass(frozen=True)
class WrittenEdition:
    """An edition whose page exists, and the version it was written from."""

    edition_id: str
    version_id: str
    page: str


def written(folders: DataFolders) -> list[WrittenEdition]:
    """Return the editions that have a page, by id."""
    found = []
    for manifest in sorted((folders.data / "editions").glob("*/officer/manifest.json")):
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        found.append(WrittenEdition(facts["edition_id"], facts["version_id"], str(manifest.with_name("index.html"))))
    return found


def difference(folders: DataFolders, first: str, second: str) -> list[dict[str, Any]]:
    """Return every printed figure that is new, changed or gone in `second`, with both printed texts.

    Raises:
        NoSuchEdition: If one of them has no outputs.
    """
    editions = {edition.edition_id: edition for edition in written(folders)}
    for edition_id in (first, second):
        if edition_id not in editions:
            known = ", ".join(editions) or "none"
            raise NoSuchEdition(f"there is no edition {edition_id}; editions written so far: {known}")
    connection = duckdb.connect()
    try:
        for name, edition_id in (("first", first), ("second", second)):
            file = folders.versions / editions[edition_id].version_id / "children.duckdb"
            path = str(file).replace("'", "''")
            connection.execute(f"ATTACH '{path}' AS {name}_edition (READ_ONLY)")
        cursor = connection.execute(
            """SELECT coalesce(a.figure_id, b.figure_id) AS figure_id, a.printed AS then, b.printed AS now,
                b.value - a.value AS difference,
                CASE WHEN a.figure_id IS NULL THEN 'new' WHEN b.figure_id IS NULL THEN 'gone' ELSE 'changed' END AS kind
            FROM first_edition.marts.edition_figure AS a
            FULL JOIN second_edition.marts.edition_figure AS b ON a.figure_id = b.figure_id
            WHERE a.printed IS DISTINCT FROM b.printed
            ORDER BY kind, figure_id"""
        )
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        connection.close()
