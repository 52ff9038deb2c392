"""Building a version from the warehouse and switching to it: the marts, what was checked, and what was read."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.progress import Announce, point
from dagster_project.project import DataFolders
from dagster_project.publication import versions
from dagster_project.publication.versions import Version
from dagster_project.quality.results import CheckResult

# DuckDB 1.2 and later open it; see docs/decisions/0003-published-file.md.
STORAGE_VERSION = "v1.2.0"

# Tables of schema marts that are not dbt models: name -> (comment, {column: comment}).
RECORDS: dict[str, tuple[str, dict[str, str]]] = {
    "check_result": (
        "Every check of the run behind this version: what it guards, how it came out, who owns it. Counts only.",
        {
            "suite": "Suite or tool that ran the check.",
            "table_name": "Table it guards.",
            "check_id": "Name of the check.",
            "severity": "critical or warning.",
            "scope": "What a critical failure stops: file, source or publication.",
            "outcome": "pass, fail, waived or not_run.",
            "checked_count": "Rows or cells checked.",
            "failed_count": "Rows or cells that fail.",
            "observed": "Observed figure, where the check compares two.",
            "expected": "Expected figure.",
            "tolerance": "Largest difference that passes.",
            "difference": "Observed less expected.",
            "owner": "Who decides on it.",
            "why": "What it protects.",
            "message": "What was found, in words.",
            "source_id": "Source it belongs to.",
            "file_id": "File it was run on.",
            "waiver": "Who accepts the failure, why and until when.",
        },
    ),
    "source_file": (
        "Every file seen under raw/: its hash, how many rows it holds and what became of them.",
        {
            "source_id": "Source it belongs to.",
            "table_name": "Raw table it feeds.",
            "file_path": "Path under raw/.",
            "file_name": "Name of the file.",
            "sha256": "Hash of its content.",
            "byte_size": "Size in bytes.",
            "encoding": "Encoding it was read in.",
            "received_at": "When it was first seen.",
            "release": "Release, vintage or collection year: the name of its folder.",
            "as_at": "Date of an in-year cut.",
            "layout": "Declared layout it fits.",
            "vintage_id": "Vintage its figures carry.",
            "issue_number": "1 for the first content at this path, 2 for the next.",
            "rows_landed": "Rows counted on the file itself.",
            "rows_loaded": "Rows loaded.",
            "rows_quarantined": "Rows set aside, each with its reason.",
            "status": "loaded, failed, rejected, duplicate, ignored, unknown or removed.",
            "message": "What was found, in words.",
            "file_use": "current, stale (kept because a newer issue failed), superseded (an older vintage) or none.",
            "is_synthetic": "True for invented data.",
            "file_id": "Identifier of this content at this path.",
        },
    ),
    "publication": (
        "One row: this version.",
        {
            "version_id": "Name of the version.",
            "published_at": "When it was built (local time).",
            "code_version": "Hash of the code that built it.",
            "edition_id": "Edition it was built for.",
            "is_synthetic": "True when made from invented data.",
            "authority": "DfE number of the authority.",
            "authority_area_code": "GSS code of the authority.",
            "inputs_fingerprint": "Hash of files, settings and code it was made from.",
        },
    ),
    "edition": (
        "The edition this version was built for.",
        {
            "edition_id": "Identifier, such as 2025-01.",
            "title": "Title as printed.",
            "version_id": "Version it is printed from.",
            "data_cut_off": "Last day of any period it shows, where one is set.",
            "published_date": "Date of publication, where one is set.",
            "neighbours": "Version of the neighbour list it compares with.",
            "former_neighbours": "Version that the edition before it used, where that was another.",
            "is_frozen": "True once the edition is published and no longer rebuilt.",
        },
    ),
    "edition_figure": (
        "Every figure printed in the edition, with the words as printed.",
        {
            "edition_id": "Edition.",
            "figure_id": "Identifier to trace it by.",
            "indicator_id": "Indicator.",
            "area_code": "Area.",
            "period_id": "Period.",
            "breakdown_type": "Characteristic.",
            "breakdown_value": "Value of the characteristic.",
            "figure": "Which figure of the row: value, england, region, sn_average, core_cities, change, rank, ...",
            "value": "Unrounded value.",
            "printed": "Text as printed.",
            "source_kind": "published, local or council.",
            "vintage_id": "Vintage the figure comes from.",
        },
    ),
}
# `use` is a keyword of some tools that read the file.
_RENAMED = {"file_use": "use"}
_TYPES = dict.fromkeys(("value", "observed", "expected", "tolerance", "difference"), "DOUBLE") | dict.fromkeys(
    ("checked_count", "failed_count"), "BIGINT"
)


@dataclass(frozen=True)
class PublicationInputs:
    """What a version is made from, besides the warehouse."""

    edition_id: str
    edition_title: str
    data_cut_off: str | None
    published_date: str | None
    neighbours: str | None
    former_neighbours: str | None
    authority: int
    authority_area_code: str
    is_synthetic: bool
    code_version: str
    inputs_fingerprint: str
    content_fingerprint: str
    # What the marts stand on, a hash each; the next plan tells by it whether code or settings have changed since.
    built_from: Mapping[str, str]


FiguresOf = Callable[[duckdb.DuckDBPyConnection], Sequence[dict[str, Any]]]


def version_id_of(inputs: PublicationInputs) -> str:
    """Return the name of the version these inputs give: the same inputs give the same name, wherever they are run."""
    content = [inputs.content_fingerprint, inputs.code_version, inputs.edition_id, inputs.authority]
    return f"{inputs.edition_id}-{hashlib.sha256(repr(content).encode()).hexdigest()[:12]}"


def publish(
    folders: DataFolders,
    inputs: PublicationInputs,
    *,
    results: Sequence[CheckResult],
    views: Mapping[str, str],
    described: Mapping[str, tuple[str, Mapping[str, str]]],
    figures_of: FiguresOf,
    now: datetime,
    announce: Announce,
) -> Version:
    """Build the version from the marts of the warehouse and make it current.

    Where the current version was made from exactly these inputs, nothing is done. Until the last rename the former
    version stays in place and readable; after it readers get the new one. A version that a killed run completed but
    did not switch to stays unread, and the same content is built again under the next free name.

    Args:
        results: Outcomes of the checks, waivers applied; published with the figures.
        views: Marts that stay views in the published file, with their SQL on its tables; every other one becomes a
            table.
        described: Description of every mart, and of its columns by name; stored as comments.
        figures_of: Gives the figures the edition prints, from a connection to the version being built.

    Raises:
        duckdb.Error: If the disk is full or the warehouse cannot be read; nothing is switched.
    """
    version_id = version_id_of(inputs)
    existing = versions.current(folders)
    if existing and existing.manifest["inputs_fingerprint"] == inputs.inputs_fingerprint:
        return existing
    version_id = _free_name(folders, version_id)
    announce(f"publishing version {version_id}")
    with versions.building(folders, version_id) as folder:
        database = folder / "children.duckdb"
        counts = _write_database(folders, database, version_id, inputs, results, views, described, figures_of, now)
        point("publish.database_written")
        _write_parquet(database, folder / "parquet", counts)
        point("publish.parquet_written")
        manifest = {
            "version_id": version_id,
            "published_at": now.isoformat(timespec="seconds"),
            "edition_id": inputs.edition_id,
            "authority": inputs.authority,
            "is_synthetic": inputs.is_synthetic,
            "code_version": inputs.code_version,
            "inputs_fingerprint": inputs.inputs_fingerprint,
            "content_fingerprint": inputs.content_fingerprint,
            "built_from": dict(inputs.built_from),
            "tables": counts,
            "sha256": {
                path.relative_to(folder).as_posix(): _sha256(path)
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            },
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    versions.switch(folders, version_id)
    published = versions.current(folders)
    if published is None:
        raise FileNotFoundError(f"{folders.published_file} does not open after the switch")
    return published


def _free_name(folders: DataFolders, version_id: str) -> str:
    """The same content may be published again after other content, or with other check results: -2, -3 then follow."""
    name, number = version_id, 1
    while (folders.versions / name).exists():
        number += 1
        name = f"{version_id}-{number}"
    return name


def _write_database(
    folders: DataFolders,
    database: Path,
    version_id: str,
    inputs: PublicationInputs,
    results: Sequence[CheckResult],
    views: Mapping[str, str],
    described: Mapping[str, tuple[str, Mapping[str, str]]],
    figures_of: FiguresOf,
    now: datetime,
) -> dict[str, int]:
    connection = duckdb.connect(
        str(database),
        config={"storage_compatibility_version": STORAGE_VERSION, "autoinstall_known_extensions": "false"},
    )
    try:
        source = str(folders.warehouse.resolve()).replace("'", "''")
        connection.execute(f"ATTACH '{source}' AS warehouse (READ_ONLY)")
        connection.execute("CREATE SCHEMA marts")
        # A table that an earlier version of the models left in the warehouse is no mart of this one.
        names = [name for name in _mart_names(connection) if name in described]
        for name in names:
            if name not in views:
                connection.execute(f'CREATE TABLE marts."{name}" AS FROM warehouse.marts."{name}"')
        # After every table, since a view is bound when it is made.
        for name, sql in sorted(views.items()):
            connection.execute(f'CREATE VIEW marts."{name}" AS {sql}')
        for name in names:
            words, columns = described[name]
            _comment(connection, name, words, columns, kind="VIEW" if name in views else "TABLE")
        renamed = ", ".join(f'"{_RENAMED.get(column, column)}" AS "{column}"' for column in RECORDS["source_file"][1])
        connection.execute(
            f"CREATE TABLE marts.source_file AS SELECT {renamed} FROM warehouse.landing.source_file ORDER BY ALL"
        )
        connection.execute("DETACH warehouse")
        _write_rows(connection, "check_result", [asdict(result) for result in results])
        _write_edition(connection, version_id, inputs)
        connection.execute(
            """CREATE TABLE marts.publication AS SELECT ?::VARCHAR AS version_id, ?::TIMESTAMP AS published_at,
            ?::VARCHAR AS code_version, ?::VARCHAR AS edition_id, ?::BOOLEAN AS is_synthetic, ?::INTEGER AS authority,
            ?::VARCHAR AS authority_area_code, ?::VARCHAR AS inputs_fingerprint""",
            [
                version_id,
                now.replace(microsecond=0),
                inputs.code_version,
                inputs.edition_id,
                inputs.is_synthetic,
                inputs.authority,
                inputs.authority_area_code,
                inputs.inputs_fingerprint,
            ],
        )
        _write_rows(connection, "edition_figure", figures_of(connection))
        for record, (words, columns) in RECORDS.items():
            _comment(connection, record, words, columns)
        counts = {name: _count(connection, name) for name in _own_tables(connection)}
    finally:
        connection.close()
    log = database.with_name(f"{database.name}.wal")
    if log.exists():
        raise OSError(f"{log.name} is left over: the version is not complete")
    return counts


def _mart_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every mart of the warehouse, views included: the largest is one, so that it is written only here."""
    rows = connection.execute(
        """SELECT table_name FROM information_schema.tables
        WHERE table_catalog = 'warehouse' AND table_schema = 'marts' ORDER BY 1"""
    ).fetchall()
    return [name for (name,) in rows]


def _own_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts' ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f'SELECT count(*) FROM marts."{name}"').fetchone()
    return int(row[0]) if row else 0


def _comment(
    connection: duckdb.DuckDBPyConnection, table: str, comment: str, columns: Mapping[str, str], *, kind: str = "TABLE"
) -> None:
    connection.execute(f'COMMENT ON {kind} marts."{table}" IS {_literal(comment)}')
    for column, text in columns.items():
        connection.execute(f'COMMENT ON COLUMN marts."{table}"."{column}" IS {_literal(text)}')


def _literal(text: str) -> str:
    """COMMENT takes no bound parameter."""
    return "'" + text.replace("'", "''") + "'"


def _write_edition(connection: duckdb.DuckDBPyConnection, version_id: str, inputs: PublicationInputs) -> None:
    connection.execute(
        """CREATE TABLE marts.edition AS SELECT ?::VARCHAR AS edition_id, ?::VARCHAR AS title, ?::VARCHAR AS version_id,
        ?::DATE AS data_cut_off, ?::DATE AS published_date, ?::VARCHAR AS neighbours,
        ?::VARCHAR AS former_neighbours, ?::BOOLEAN AS is_frozen""",
        [
            inputs.edition_id,
            inputs.edition_title,
            version_id,
            inputs.data_cut_off,
            inputs.published_date,
            inputs.neighbours,
            inputs.former_neighbours,
            inputs.published_date is not None,
        ],
    )


def _write_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = list(RECORDS[table][1])
    declared = ", ".join(f'"{column}" {_TYPES.get(column, "VARCHAR")}' for column in columns)
    connection.execute(f"CREATE TABLE marts.{table} ({declared})")
    if rows:
        # One statement for all rows: one for each takes seconds.
        lists = ", ".join(f"unnest(?::{_TYPES.get(column, 'VARCHAR')}[])" for column in columns)
        connection.execute(f"INSERT INTO marts.{table} SELECT {lists}", [[row[c] for row in rows] for c in columns])


def _write_parquet(database: Path, folder: Path, counts: dict[str, int]) -> None:
    """Copies of every table for tools that read Parquet."""
    folder.mkdir()
    connection = duckdb.connect(str(database), read_only=True)
    try:
        for name in counts:
            path = str(folder / f"{name}.parquet").replace("'", "''")
            connection.execute(f"COPY marts.\"{name}\" TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    finally:
        connection.close()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
