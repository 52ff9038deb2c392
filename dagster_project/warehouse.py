"""The restricted warehouse: opening it, and the tables in it that are neither raw nor built by dbt."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.editions.choice import neighbours_of
from dagster_project.project import DataFolders
from dagster_project.settings import Edition, GroupMember, Progress8Mean, Settings, Target
from dagster_project.sources.suppliers import Supplier, codes_of

MEMORY_LIMIT = "1200MB"
#: A table is written into the file once this much is waiting in the log. The engine's own 16 MB would write the growing
#: raw tables after nearly every file of a census: two fifths of the time of landing six years of one.
CHECKPOINT_AFTER = "512MB"


@contextmanager
def open_warehouse(folders: DataFolders, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse and close it again: a forgotten handle would lock dbt and every other writer out.

    Raises:
        duckdb.IOException: If another process holds the file.
    """
    connection = duckdb.connect(str(folders.warehouse), read_only=read_only, config={**connection_settings(folders)})
    try:
        # DuckDB's own progress bar would write on standard output, which belongs to the summary.
        connection.execute("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


def connection_settings(folders: DataFolders) -> dict[str, str]:
    """Limits of every connection of ours. Spilled rows may be a child's, so they stay in the restricted folder; nothing
    is ever downloaded at run time.
    """
    return {
        "memory_limit": MEMORY_LIMIT,
        "checkpoint_threshold": CHECKPOINT_AFTER,
        "temp_directory": str(folders.restricted / "tmp"),
        "max_temp_directory_size": "20GB",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def protect(folders: DataFolders) -> None:
    """Make the warehouse readable by its owner alone."""
    if folders.warehouse.exists():
        folders.warehouse.chmod(0o600)


def write_settings(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    groups: Sequence[GroupMember],
    targets: Sequence[Target] = (),
    progress_8: Sequence[Progress8Mean] = (),
    *,
    edition: Edition | None = None,
) -> None:
    """Write what dbt needs of council.yml and the files of council/ into schema `settings`, replacing what was there.

    Args:
        edition: The edition being built, whose limits and neighbour list count; None for one without either.
    """
    connection.execute("BEGIN TRANSACTION")
    connection.execute("CREATE SCHEMA IF NOT EXISTS settings")
    connection.execute("CREATE OR REPLACE TABLE settings.council (authority INTEGER, neighbours VARCHAR)")
    connection.execute(
        "INSERT INTO settings.council VALUES (?, ?)", [settings.authority, neighbours_of(settings, edition)]
    )
    connection.execute(
        """CREATE OR REPLACE TABLE settings.edition_scope (academic DATE, financial DATE, calendar DATE,
        snapshot_31_march DATE, data_cut_off DATE)"""
    )
    connection.execute("INSERT INTO settings.edition_scope VALUES (?, ?, ?, ?, ?)", _scope(edition))
    connection.execute(
        """CREATE OR REPLACE TABLE settings.threshold (min_base INTEGER, unplaced_warning DOUBLE,
        unplaced_limit DOUBLE)"""
    )
    connection.execute("INSERT INTO settings.threshold VALUES (?, ?, ?)", _thresholds(settings))
    connection.execute("CREATE OR REPLACE TABLE settings.definition (three_placements VARCHAR, stability VARCHAR)")
    connection.execute("INSERT INTO settings.definition VALUES (?, ?)", _definitions(settings))
    connection.execute(
        """CREATE OR REPLACE TABLE settings.target (indicator_id VARCHAR, period_end DATE, target DOUBLE,
        amber_limit DOUBLE, better VARCHAR)"""
    )
    for target in targets:
        connection.execute(
            "INSERT INTO settings.target VALUES (?, ?, ?, ?, ?)",
            [target.indicator_id, target.period_end, target.target, target.amber_limit, target.better],
        )
    connection.execute(
        """CREATE OR REPLACE TABLE settings.progress_8 (academic_year INTEGER, ks2_prior VARCHAR,
        attainment_8_mean DOUBLE)"""
    )
    for mean in progress_8:
        connection.execute(
            "INSERT INTO settings.progress_8 VALUES (?, ?, ?)",
            [mean.academic_year, mean.ks2_prior, mean.attainment_8_mean],
        )
    connection.execute(
        """CREATE OR REPLACE TABLE settings.custom_group_member (group_id VARCHAR, group_version VARCHAR,
        group_name VARCHAR, valid_from DATE, statistic VARCHAR, includes_subject BOOLEAN, dfe_number INTEGER)"""
    )
    for member in groups:
        connection.execute(
            "INSERT INTO settings.custom_group_member VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                member.group_id,
                member.group_version,
                member.group_name,
                member.valid_from,
                member.statistic,
                member.includes_subject,
                member.dfe_number,
            ],
        )
    connection.execute("COMMIT")


def write_secret(connection: duckdb.DuckDBPyConnection, secret: str) -> None:
    """Write the secret that staging makes keys with. It is in no fingerprint: figures do not depend on it."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS settings")
    connection.execute("CREATE OR REPLACE TABLE settings.pseudonym (secret VARCHAR)")
    connection.execute("INSERT INTO settings.pseudonym VALUES (?)", [secret])


def write_suppliers(connection: duckdb.DuckDBPyConnection, suppliers: Sequence[Supplier]) -> None:
    """Write the codes of council/suppliers/, by which staging reads cells that a supplier writes in its own way."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS settings")
    connection.execute(
        """CREATE OR REPLACE TABLE settings.supplier_code (table_name VARCHAR, layout VARCHAR, column_name VARCHAR,
        given VARCHAR, meant VARCHAR)"""
    )
    for code in codes_of(suppliers):
        connection.execute("INSERT INTO settings.supplier_code VALUES (?, ?, ?, ?, ?)", list(code))


def suppliers_fingerprint(suppliers: Sequence[Supplier]) -> dict[str, str]:
    """Return the hash of the codes of suppliers, by the name of their table."""
    return {"settings.supplier_code": _hash(codes_of(suppliers))}


def _definitions(settings: Settings) -> list[str]:
    """The readings chosen, in the order of the table."""
    return [settings.definitions.three_placements, settings.definitions.stability]


def _thresholds(settings: Settings) -> list[float]:
    """The numbers that decide what is judged or printed, in the order of the table."""
    thresholds = settings.thresholds
    return [thresholds.min_base, thresholds.unplaced_warning, thresholds.unplaced_limit]


def _scope(edition: Edition | None) -> list[date | None]:
    """The last days that an edition reaches to, in the order of the table."""
    if edition is None:
        return [None] * 5
    last = edition.latest_period_end
    return [last.academic, last.financial, last.calendar, last.snapshot_31_march, edition.data_cut_off]


def settings_fingerprints(
    settings: Settings,
    groups: Sequence[GroupMember],
    targets: Sequence[Target] = (),
    progress_8: Sequence[Progress8Mean] = (),
    *,
    edition: Edition | None = None,
) -> dict[str, str]:
    """Return one hash per table of schema `settings`, by `settings.<table>`."""
    return {
        "settings.council": _hash([settings.authority, neighbours_of(settings, edition)]),
        "settings.edition_scope": _hash(_scope(edition)),
        "settings.threshold": _hash(_thresholds(settings)),
        "settings.definition": _hash(_definitions(settings)),
        "settings.target": _hash([target.model_dump_json() for target in targets]),
        "settings.progress_8": _hash([mean.model_dump_json() for mean in progress_8]),
        "settings.custom_group_member": _hash([member.model_dump_json() for member in groups]),
    }


def _hash(values: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(values)).encode()).hexdigest()


def built_fingerprints(connection: duckdb.DuckDBPyConnection, *, create: bool = True) -> dict[str, str]:
    """Return what the marts were last built from: a hash per source table, and `code` for the models themselves.

    Args:
        create: Make the table where it is missing; a connection that only reads cannot.
    """
    if create:
        connection.execute("CREATE SCHEMA IF NOT EXISTS landing")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS landing.build_state (table_key VARCHAR PRIMARY KEY, fingerprint VARCHAR)"
        )
    return dict(connection.execute("SELECT table_key, fingerprint FROM landing.build_state").fetchall())


def forget_built(connection: duckdb.DuckDBPyConnection, keys: Iterable[str]) -> None:
    """Say that what stands on `keys` is being rebuilt: if the run dies, the next one builds it again."""
    for key in keys:
        connection.execute("DELETE FROM landing.build_state WHERE table_key = ?", [key])


def remember_built(connection: duckdb.DuckDBPyConnection, fingerprints: Mapping[str, str]) -> None:
    """Record that the marts now stand on `fingerprints`, and on nothing else."""
    connection.execute("BEGIN TRANSACTION")
    connection.execute("DELETE FROM landing.build_state")
    for key, fingerprint in fingerprints.items():
        connection.execute("INSERT INTO landing.build_state VALUES (?, ?)", [key, fingerprint])
    connection.execute("COMMIT")


def remember_build(
    connection: duckdb.DuckDBPyConnection, fingerprints: Mapping[str, str], not_built: Iterable[str]
) -> None:
    """Record which models the last build, on `fingerprints`, left as they were: they failed, or a test above them."""
    connection.execute("CREATE OR REPLACE TABLE landing.last_build (built_from VARCHAR, not_built VARCHAR)")
    for name in (None, *not_built):
        connection.execute("INSERT INTO landing.last_build VALUES (?, ?)", [fingerprint_of(fingerprints), name])


def not_built(connection: duckdb.DuckDBPyConnection, fingerprints: Mapping[str, str]) -> frozenset[str] | None:
    """Return the models that the build on `fingerprints` left as they were, None where that was not the last build."""
    if built_fingerprints(connection, create=False) == fingerprints:
        return frozenset()
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'last_build'").fetchone():
        return None
    rows = connection.execute(
        "SELECT not_built FROM landing.last_build WHERE built_from = ?", [fingerprint_of(fingerprints)]
    ).fetchall()
    return frozenset(name for (name,) in rows if name) if rows else None


def fingerprint_of(fingerprints: Mapping[str, str]) -> str:
    """Return one hash for all of them."""
    return hashlib.sha256(json.dumps(fingerprints, sort_keys=True).encode()).hexdigest()


def remember_previous(connection: duckdb.DuckDBPyConnection, published_file: Path) -> None:
    """Copy the current figures of the last published version beside the marts, for the checks that compare with it.

    Without a published version the tables are empty and those checks have nothing to compare.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS quality")
    connection.execute(
        """CREATE OR REPLACE TABLE quality.previous_value (indicator_id VARCHAR, area_code VARCHAR, period_id VARCHAR,
        breakdown_type VARCHAR, breakdown_value VARCHAR, source_kind VARCHAR, value DOUBLE, value_status VARCHAR)"""
    )
    connection.execute(
        "CREATE OR REPLACE TABLE quality.previous_publication (version_id VARCHAR, indicator_count BIGINT)"
    )
    if not published_file.exists():
        return
    connection.execute(f"ATTACH '{_quoted(published_file.resolve())}' AS previous (READ_ONLY)")
    try:
        connection.execute(
            """INSERT INTO quality.previous_value
            SELECT indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind, value, value_status
            FROM previous.marts.fct_indicator_value WHERE is_current"""
        )
        connection.execute(
            """INSERT INTO quality.previous_publication
            SELECT version_id, (SELECT count(DISTINCT indicator_id) FROM previous.marts.fct_indicator_value)
            FROM previous.marts.publication"""
        )
    finally:
        connection.execute("DETACH previous")


def _quoted(path: Path) -> str:
    """A path inside a SQL literal: ATTACH takes no bound parameter."""
    return str(path).replace("'", "''")
