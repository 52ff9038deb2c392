"""The stages of a refresh as plain functions. Dagster calls them one by one; nothing here knows of it.

Light to import: what costs seconds (DuckDB, dbt, Great Expectations) is imported by the stage that needs it, so that
`is_up_to_date` answers without them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.editions.choice import edition_for, former_neighbour_list, neighbour_list
from dagster_project.landing.inventory import Inventory, effective_raw_dir, take_inventory
from dagster_project.progress import Announce, point
from dagster_project.project import STAGING_DIR, DataFolders, code_fingerprint
from dagster_project.pseudonym import secret_of
from dagster_project.publication import versions
from dagster_project.settings import (
    Edition,
    GroupMember,
    Progress8Mean,
    Settings,
    SettingsError,
    Target,
    load_groups,
    load_progress_8,
    load_settings,
    load_targets,
    settings_fingerprint,
)
from dagster_project.sources.catalogue import RawTable, load_catalogue, sources_of
from dagster_project.sources.suppliers import Supplier, load_suppliers, with_suppliers

if TYPE_CHECKING:
    import duckdb

    from dagster_project.landing.load import LandedFile
    from dagster_project.publication.plan import Asked, Plan, Published
    from dagster_project.publication.versions import Version
    from dagster_project.quality.gate import GateDecision
    from dagster_project.quality.results import CheckResult
    from dagster_project.quality.return_checks import ReturnCount
    from dagster_project.transform import Build


@lru_cache(maxsize=1)
def _code() -> str:
    """The hash of the code this process runs: files that change later are not what it works with."""
    return code_fingerprint()


@dataclass(frozen=True)
class Run:
    """What one run works on: settings, declared sources, folders, and who is told of progress."""

    council_file: Path
    raw_dir: Path
    folders: DataFolders
    settings: Settings
    groups: tuple[GroupMember, ...]
    targets: tuple[Target, ...]
    progress_8: tuple[Progress8Mean, ...]
    catalogue: tuple[RawTable, ...]
    announce: Announce
    edition_asked: str | None = None
    full: bool = False
    suppliers: tuple[Supplier, ...] = ()
    code: str = field(default_factory=_code)

    @property
    def council_dir(self) -> Path:
        """The folder of the council's own files, beside council.yml."""
        return self.council_file.parent / "council"

    @property
    def sources(self) -> tuple[str, ...]:
        """Declared sources, in the order they are landed."""
        return sources_of(self.catalogue)

    @property
    def edition(self) -> Edition:
        """The edition to build, as far as council.yml says it; the data decide on the id where it lists none."""
        return edition_for(self.settings, asked=self.edition_asked, newest_31_march=None)

    def inventory(self) -> Inventory:
        """What lies under raw/ now; cheap after the first call, since hashes are kept."""
        return take_inventory(self.raw_dir, self.catalogue, cache_file=self.folders.inventory_cache)


def open_run(
    *,
    council_file: Path,
    raw_dir: Path,
    data_dir: Path,
    announce: Announce,
    edition: str | None = None,
    full: bool = False,
) -> Run:
    """Read settings and declarations and make the data folders.

    Raises:
        SettingsError: If council.yml or a file of council/ cannot be used, there is no folder of raw extracts, or the
            secret of the environment is too short.
        UnknownEdition: If the edition asked for is not in council.yml.
    """
    settings = load_settings(council_file)
    if not raw_dir.is_dir():
        raise SettingsError(f"{raw_dir}: there is no such folder; --raw names the folder of raw extracts")
    groups = load_groups(council_file.parent / "council" / "groups.csv")
    targets = load_targets(council_file.parent / "council" / "targets.csv")
    progress_8 = load_progress_8(council_file.parent / "council" / "progress_8.csv")
    edition_for(settings, asked=edition, newest_31_march=None)
    folders = DataFolders(data_dir.resolve())
    folders.create()
    secret_of(folders)
    suppliers = load_suppliers(council_file.parent / "council" / "suppliers")
    return Run(
        council_file=council_file.resolve(),
        raw_dir=effective_raw_dir(raw_dir),
        folders=folders,
        settings=settings,
        groups=groups,
        targets=targets,
        progress_8=progress_8,
        catalogue=with_suppliers(_catalogue(), suppliers),
        announce=announce,
        edition_asked=edition,
        full=full,
        suppliers=suppliers,
    )


@lru_cache(maxsize=1)
def _catalogue() -> tuple[RawTable, ...]:
    """The declarations, read once a process: every step of a run asks for them."""
    return load_catalogue(STAGING_DIR)


def inputs_fingerprint(run: Run, inventory: Inventory) -> str:
    """Return one hash over all that a version is made from: files, declarations, settings, code, edition asked for."""
    digest = hashlib.sha256()
    for source, fingerprint in sorted(inventory.fingerprints.items()):
        digest.update(f"{source}={fingerprint}\n".encode())
    for file in inventory.files:
        if file.source is None:
            digest.update(f"{file.relative}={file.kind}={file.sha256}\n".encode())
    digest.update(settings_fingerprint(run.settings, run.council_dir, date.today()).encode())
    digest.update(run.code.encode())
    digest.update((run.edition_asked or "").encode())
    return digest.hexdigest()


def is_up_to_date(run: Run, inventory: Inventory) -> Version | None:
    """Return the current version if it and its edition page were made from exactly these inputs, else None."""
    current = versions.current(run.folders)
    if run.full or current is None:
        return None
    if current.manifest["inputs_fingerprint"] != inputs_fingerprint(run, inventory):
        return None
    page = run.folders.edition(current.manifest["edition_id"]) / "manifest.json"
    if not page.exists() or json.loads(page.read_text(encoding="utf-8")).get("version_id") != current.version_id:
        return None
    return current


def prepare(run: Run) -> None:
    """Make the warehouse ready: schemas, register, settings. With `full`, everything is read and built again."""
    from dagster_project import warehouse
    from dagster_project.landing import load

    with warehouse.open_warehouse(run.folders) as connection:
        warehouse.built_fingerprints(connection)
        load.prepare(connection, run.catalogue)
        if run.full:
            connection.execute(
                "UPDATE landing.source_file SET declaration = 'read again' WHERE declaration IS NOT NULL"
            )
            connection.execute("DELETE FROM landing.build_state")
        warehouse.write_settings(connection, run.settings, run.groups, run.targets, run.progress_8, edition=run.edition)
        warehouse.write_secret(connection, secret_of(run.folders))
        warehouse.write_suppliers(connection, run.suppliers)
    warehouse.protect(run.folders)
    point("prepare.done")


def land(run: Run, source: str, *, now: datetime) -> list[LandedFile]:
    """Land one source: register and read its new files, validate them, accept or reject each."""
    from dagster_project.landing import load
    from dagster_project.warehouse import open_warehouse

    inventory = run.inventory()
    run.announce(f"landing {source}")
    with open_warehouse(run.folders) as connection:
        landed = load.land_source(
            connection,
            source,
            run.catalogue,
            inventory,
            now=now,
            announce=run.announce,
            waive=lambda results: _waived(run, results),
        )
    point(f"land.{source}.loaded")
    results = _validate_candidates(run, source, [file for file in landed if file.is_candidate])
    with open_warehouse(run.folders) as connection:
        _store(connection, results)
        from dagster_project.quality.run import rejections

        # What a source says of itself names the file: its checks do not.
        names = {file.file_id: f"{source}: {file.file_path}: " for file in landed}
        rejected = {id_: names.get(id_, "") + words for id_, words in rejections(_waived(run, results)).items()}
        load.settle(connection, source, run.catalogue, inventory, rejected=rejected)
    point(f"land.{source}.settled")
    return landed


def _validate_candidates(run: Run, source: str, candidates: Sequence[LandedFile]) -> list[CheckResult]:
    """Run the raw suites on files not yet accepted; nothing heavy is imported when there are none."""
    if not candidates:
        return []
    from dagster_project.quality.run import validate
    from expectations import RAW_SUITES

    run.announce(f"checking new files of {source}")
    by_table: dict[str, list[str]] = {}
    for file in candidates:
        by_table.setdefault(f"raw_{source}.{file.table}", []).append(file.file_id)
    from dagster_project.quality.outlines import check_outlines

    return [
        *validate(run.folders.warehouse, RAW_SUITES, context=_suite_context(run), candidates=by_table),
        *check_outlines(run.folders.warehouse, by_table, authority=run.settings.authority),
    ]


def register(run: Run, *, now: datetime) -> dict[str, int]:
    """Register the files that belong to no source. Returns the number of registered files by status."""
    from dagster_project.landing import load
    from dagster_project.warehouse import open_warehouse

    with open_warehouse(run.folders) as connection:
        load.register_others(connection, run.inventory(), now=now)
        rows = connection.execute("SELECT status, count(*) FROM landing.source_file GROUP BY ALL ORDER BY 1").fetchall()
    point("register.done")
    return dict(rows)


def check_returns(run: Run) -> list[ReturnCount]:
    """Put the looked-after returns through their checks, unless that was done of what is landed now.

    Lists of the rows found go to the restricted folder, counts to the check results. Returns the counts by return and
    rule with those of the load before.
    """
    from dagster_project.landing import load
    from dagster_project.quality import return_checks
    from dagster_project.warehouse import open_warehouse

    with open_warehouse(run.folders) as connection:
        counts = return_checks.update(
            connection,
            run.catalogue,
            run.folders.findings / return_checks.SOURCE,
            tables=load.table_fingerprints(connection),
            code=run.code,
            again=run.full,
            announce=run.announce,
        )
    point("returns.checked")
    return counts


def transform(run: Run, *, only: Sequence[str] | None = None) -> Build | None:
    """Build what stands on the changed source tables; None when the marts already stand on what is landed.

    Args:
        only: dbt selectors chosen by a person in the UI; they are built whatever changed.

    Raises:
        BuildError: If dbt does not start.
    """
    from dagster_project import transform as dbt
    from dagster_project import warehouse

    manifest_file = dbt.ensure_manifest()
    current = current_fingerprints(run)
    with warehouse.open_warehouse(run.folders) as connection:
        changed = dbt.changed_keys(current, warehouse.built_fingerprints(connection))
        if not changed and only is None:
            return None
        warehouse.forget_built(connection, changed)
    point("transform.before_build")
    run.announce("building the marts")
    select = only if only is not None else dbt.selection(changed)
    build = dbt.build(run.folders, select=select, announce=run.announce)
    point("transform.built")
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    results = dbt.test_results(build, manifest)
    with warehouse.open_warehouse(run.folders) as connection:
        if select is None:
            connection.execute("DELETE FROM quality.check_result WHERE suite = 'dbt'")
        _store(connection, results)
        if only is None:
            warehouse.remember_build(connection, current, build.not_built)
            if not build.errors and not build.failed_tests:
                warehouse.remember_built(connection, current)
    point("transform.done")
    return build


def current_fingerprints(run: Run) -> dict[str, str]:
    """Return what the marts should stand on: a hash per source table in use, the settings, the register, the code."""
    from dagster_project.landing import load
    from dagster_project.warehouse import open_warehouse, settings_fingerprints, suppliers_fingerprint

    with open_warehouse(run.folders) as connection:
        tables = load.table_fingerprints(connection)
        # A year whose return failed gives no rows of its own but is said to be missing in the marts.
        failed = connection.execute(
            """SELECT source_id, release, table_name, status FROM landing.source_file
            WHERE status IN ('failed', 'rejected') AND source_id IN ('ssda903') ORDER BY ALL"""
        ).fetchall()
    if failed:
        tables["landing.source_file"] = hashlib.sha256(repr(failed).encode()).hexdigest()
    settings = settings_fingerprints(run.settings, run.groups, run.targets, run.progress_8, edition=run.edition)
    return {**tables, **settings, **suppliers_fingerprint(run.suppliers), "code": run.code}


def check(run: Run) -> GateDecision:
    """Run the mart suites and decide whether the marts may be published."""
    from dagster_project.quality.gate import gate
    from dagster_project.quality.run import validate
    from dagster_project.warehouse import open_warehouse, remember_previous
    from expectations import MART_SUITES

    run.announce("checking the marts")
    with open_warehouse(run.folders) as connection:
        remember_previous(connection, run.folders.published_file)
    results = validate(run.folders.warehouse, MART_SUITES, context=_suite_context(run))
    with open_warehouse(run.folders) as connection:
        for suite in sorted({result.suite for result in results}):
            connection.execute("DELETE FROM quality.check_result WHERE suite = ?", [suite])
        _store(connection, results)
        decision = gate(stored_results(run, connection))
    point("check.done")
    return decision


def publish(run: Run, *, now: datetime) -> Version:
    """Publish the marts as a new version, if the gate allows it.

    Raises:
        GateRefused: If a critical publication check fails; the former version stays current.
    """
    from dagster_project.publication.publish import PublicationInputs
    from dagster_project.publication.publish import publish as publish_version
    from dagster_project.quality.gate import gate
    from dagster_project.report.content import edition_figures
    from dagster_project.transform import described_marts, published_views
    from dagster_project.warehouse import fingerprint_of, open_warehouse

    inventory = run.inventory()
    with open_warehouse(run.folders) as connection:
        # The gate is asked again here: whatever way the run came, nothing is published past it.
        results = stored_results(run, connection)
        decision = gate(results)
        if not decision.allowed:
            raise GateRefused(decision.refusals)
        edition = _edition(run, connection)
        lists = dict(
            connection.execute(
                "SELECT group_version, valid_from FROM marts.comparator_group WHERE group_id = 'statistical_neighbours'"
            ).fetchall()
        )
    current = current_fingerprints(run)
    inputs = PublicationInputs(
        edition_id=edition.id,
        edition_title=edition_title(edition),
        data_cut_off=edition.data_cut_off.isoformat() if edition.data_cut_off else None,
        published_date=edition.published_date.isoformat() if edition.published_date else None,
        neighbours=neighbour_list(run.settings, edition, lists),
        former_neighbours=former_neighbour_list(run.settings, edition, lists),
        authority=run.settings.authority,
        authority_area_code=run.settings.authority_area_code,
        is_synthetic=inventory.synthetic,
        code_version=run.code,
        inputs_fingerprint=inputs_fingerprint(run, inventory),
        content_fingerprint=fingerprint_of(current),
        built_from=current,
    )

    def figures_of(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
        return edition_figures(
            connection,
            run.settings.authority_area_code,
            edition_id=edition.id,
            core_cities_shown=run.settings.core_cities_shown,
        )

    return publish_version(
        run.folders,
        inputs,
        results=results,
        views=published_views(),
        described=described_marts(),
        figures_of=figures_of,
        now=now,
        announce=run.announce,
    )


class NoPlan(Exception):
    """The marts of the warehouse do not stand on what lies under raw/, so that no plan can be made of them."""


def plan(run: Run, asked: Asked) -> Plan:
    """Return what publishing the marts as they are built now would change, and write the list of it. Publishes nothing.

    Raises:
        NoPlan: If the figures were not built from what is landed and set now.
        UnknownName: If no figure has the indicator or area asked for.
    """
    from dagster_project.publication import plan as planning
    from dagster_project.warehouse import not_built, open_warehouse

    current = current_fingerprints(run)
    published = _published(run)
    run.announce("comparing with what is published")
    with (
        open_warehouse(run.folders, read_only=True) as connection,
        planning.published_beside(connection, published.database if published else None),
    ):
        left = not_built(connection, current)
        if left is None or "fct_indicator_value" in left:
            raise NoPlan("the figures could not be built, so that what they would change is not known")
        return planning.make(
            connection,
            published,
            planning.Side(run.code, current),
            authority_area_code=run.settings.authority_area_code,
            asked=asked,
            not_built=left,
            file=run.folders.plan_list,
        )


def _published(run: Run) -> Published | None:
    from dagster_project.publication.plan import Published

    version = versions.current(run.folders)
    if version is None:
        return None
    manifest = version.manifest
    return Published(version.database, version.version_id, manifest["code_version"], manifest.get("built_from", {}))


class GateRefused(Exception):
    """The gate refused publication; `refusals` name suite, table and check."""

    def __init__(self, refusals: Sequence[str]) -> None:
        super().__init__("\n".join(refusals))
        self.refusals = tuple(refusals)


def write_edition(run: Run) -> Path:
    """Write the edition page from the current version, unless it is the one already there. Returns its path."""
    import duckdb

    from dagster_project.report.page import render_page

    version = versions.current(run.folders)
    if version is None:
        raise FileNotFoundError("nothing is published yet, so there is no edition to write")
    edition_id = version.manifest["edition_id"]
    folder = run.folders.edition(edition_id)
    page, manifest = folder / "index.html", folder / "manifest.json"
    written = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() and page.exists() else {}
    if written.get("version_id") == version.version_id:
        return page
    run.announce(f"writing edition {edition_id}")
    connection = duckdb.connect(str(version.database), read_only=True)
    try:
        row = connection.execute("SELECT title FROM marts.edition").fetchone()
        html = render_page(
            connection,
            edition_id=edition_id,
            title=row[0] if row else edition_id,
            authority_area_code=run.settings.authority_area_code,
            core_cities_shown=run.settings.core_cities_shown,
        )
    finally:
        connection.close()
    versions.write_atomically(page, html, name="edition.page")
    facts = {
        "edition_id": edition_id,
        "version_id": version.version_id,
        "sha256": hashlib.sha256(html.encode()).hexdigest(),
    }
    versions.write_atomically(manifest, json.dumps(facts, indent=2) + "\n", name="edition.manifest")
    return page


def edition_title(edition: Edition) -> str:
    """Return the edition's title, or one made from its id."""
    return edition.title or f"Outcomes for children and families, edition {edition.id}"


def stored_results(run: Run, connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """Return every check result of the warehouse with today's waivers applied; the warehouse keeps what was found."""
    from dataclasses import fields

    from dagster_project.quality.results import CheckResult

    names = [field_.name for field_ in fields(CheckResult)]
    columns = ", ".join(f'"{name}"' for name in names)
    rows = connection.execute(f"SELECT {columns} FROM quality.check_result ORDER BY ALL").fetchall()
    return _waived(run, [CheckResult(**dict(zip(names, row, strict=True))) for row in rows])


def summary(run: Run) -> dict[str, Any]:
    """Return the counts that the end of a run prints: landed, loaded, quarantined, checks by outcome, sources.

    Checks of the rows of a return are told as one line per return: its lists name each of them.
    """
    from dagster_project.quality.return_checks import SUITE, returns_of
    from dagster_project.warehouse import open_warehouse

    with open_warehouse(run.folders, read_only=True) as connection:
        files = connection.execute(
            """SELECT coalesce(sum(rows_landed), 0), coalesce(sum(rows_loaded), 0), coalesce(sum(rows_quarantined), 0)
            FROM landing.source_file WHERE "use" IN ('current', 'stale', 'superseded') OR status = 'duplicate'"""
        ).fetchone()
        sources = connection.execute(
            "SELECT source_id, status, message FROM landing.source_state ORDER BY 1"
        ).fetchall()
        results = stored_results(run, connection)
        returns = returns_of(connection)
    landed, loaded, quarantined = files or (0, 0, 0)
    failed = [result for result in results if result.outcome == "fail" and result.message and result.suite != SUITE]
    return {
        "rows": {"landed": int(landed), "loaded": int(loaded), "quarantined": int(quarantined)},
        "checks": dict(Counter(result.outcome for result in results)),
        "sources": {name: {"status": status, "message": message} for name, status, message in sources},
        "returns": [
            {**told, "findings": str(run.folders.findings / told["source"] / told["return"])} for told in returns
        ],
        "findings": [
            {
                "severity": result.severity,
                "scope": result.scope,
                "where": result.table_name,
                "check": result.check_id,
                "message": result.message,
            }
            for result in sorted(failed, key=lambda result: (result.severity, result.scope, str(result.message)))
        ],
    }


def refusals(run: Run) -> tuple[str, ...]:
    """Return what the gate refuses now, by the stored check results."""
    from dagster_project.quality.gate import gate
    from dagster_project.warehouse import open_warehouse

    with open_warehouse(run.folders, read_only=True) as connection:
        return gate(stored_results(run, connection)).refusals


def _suite_context(run: Run) -> Any:
    from expectations.suite import SuiteContext

    return SuiteContext(authority=run.settings.authority, min_base=run.settings.thresholds.min_base)


def _waived(run: Run, results: list[CheckResult]) -> list[CheckResult]:
    """Apply council/waivers.yml; which checks exist is only worked out when there is such a file."""
    file = run.council_dir / "waivers.yml"
    if not results or not file.exists():
        return results
    from dagster_project.quality.waivers import apply_waivers, expired, load_waivers
    from dagster_project.sources.tidy_rules import WAIVABLE
    from dagster_project.transform import test_names
    from expectations.list import known_checks

    declared = {rule.reason for table in run.catalogue for rule in table.row_rules}
    known = known_checks(_suite_context(run)) | declared | test_names() | WAIVABLE
    known |= {result.check_id for result in results}
    waivers = load_waivers(file, known)
    for sentence in expired(waivers, date.today()):
        run.announce(sentence)
    return apply_waivers(results, waivers, date.today())


def _store(connection: duckdb.DuckDBPyConnection, results: Sequence[CheckResult]) -> None:
    from dagster_project.quality.results import store

    store(connection, results)


def _edition(run: Run, connection: duckdb.DuckDBPyConnection) -> Edition:
    # A figure that the council supplies itself opens no new edition.
    row = connection.execute(
        """WITH held AS (
            SELECT DISTINCT period_id FROM marts.fct_indicator_value WHERE source_kind <> 'council'
        ), period AS (
            SELECT extract(year FROM period_end) AS year, period_id LIKE 'snapshot_%-03-31' AS is_31_march,
                period_id IN (SELECT period_id FROM held) AS is_held
            FROM marts.dim_period
        )
        SELECT coalesce(
            max(year) FILTER (WHERE is_31_march AND is_held), max(year) FILTER (WHERE is_held), max(year))
        FROM period"""
    ).fetchone()
    return edition_for(run.settings, asked=run.edition_asked, newest_31_march=int(row[0]) if row and row[0] else None)
