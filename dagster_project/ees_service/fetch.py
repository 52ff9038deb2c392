"""Fetching the data sets of council.yml into raw/: which are asked for, and what became of each."""

import difflib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from dagster_project.ees_service import query, release, versions, whole_file
from dagster_project.ees_service.client import EesClient, ServiceError
from dagster_project.ees_service.labels import metadata_file, read_meta
from dagster_project.landing.inventory import refuse_real_files
from dagster_project.lock import one_at_a_time
from dagster_project.progress import Announce, point
from dagster_project.project import STAGING_DIR, DataFolders
from dagster_project.settings import PublishedDataSet, SettingsError, load_settings
from dagster_project.sources.catalogue import RawTable, load_catalogue

SOURCE = "ees"
_EXAMPLE = """ees:
  data_sets:
    {name}:
      id: 0198f2a4-0000-7000-8000-000000000000   # from the data set's page on the service
      version: "1.*"                             # or an exact one, such as "1.0\""""


@dataclass(frozen=True)
class Wanted:
    """One data set to fetch: its declared table and what council.yml says of it."""

    table: RawTable
    pinned: PublishedDataSet


@dataclass(frozen=True)
class Fetch:
    """What one run of fetching works on."""

    wanted: tuple[Wanted, ...]
    service: str
    raw_dir: Path
    folders: DataFolders
    announce: Announce


@dataclass(frozen=True)
class Outcome:
    """What became of one data set. `notes` are warnings and newer versions; `error` and `advice` say why it failed."""

    data_set: str
    outcome: Literal["fetched", "already there", "failed"]
    version: str | None = None
    folder: Path | None = None
    rows: int | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None
    advice: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether nothing is under raw/ of what was asked for."""
        return self.outcome == "failed"

    def lines(self) -> list[str]:
        """Return what a person reads."""
        if self.error is not None:
            first = f"{self.data_set}: failed: {self.error}. To do: {self.advice}"
        elif self.outcome == "fetched":
            first = f"{self.data_set}: version {self.version} fetched, {self.rows:,} rows: {self.folder}"
        else:
            first = f"{self.data_set}: version {self.version} is there already: {self.folder}"
        return [first, *(f"{self.data_set}: {note}" for note in self.notes)]


def open_fetch(
    *, council_file: Path, raw_dir: Path, data_dir: Path, announce: Announce, names: Sequence[str] = ()
) -> Fetch:
    """Read council.yml and the declarations; `names` are the data sets to fetch, all of council.yml without any.

    An empty `wanted` means that council.yml lists nothing and no name was given.

    Raises:
        SettingsError: If a name is no declared data set, or is one that council.yml gives no id and version for.
        DeclarationError: If a sources file cannot be used.
    """
    settings = load_settings(council_file).ees
    tables = _tables()
    for name in settings.data_sets:
        _known(name, tables, f"{council_file}: `ees.data_sets.{name}`: ")
    for name in names:
        _known(name, tables, "")
        if name not in settings.data_sets:
            raise SettingsError(f"{council_file} gives no id and version for {name}; add:\n{example(name)}")
    chosen = list(dict.fromkeys(names)) or list(settings.data_sets)
    folders = DataFolders(data_dir)
    folders.create()
    return Fetch(
        wanted=tuple(Wanted(tables[name], settings.data_sets[name]) for name in chosen),
        service=settings.service,
        raw_dir=raw_dir,
        folders=folders,
        announce=announce,
    )


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, RawTable]:
    """The declared data sets by name, read once a process."""
    return {table.name: table for table in load_catalogue(STAGING_DIR) if table.source == SOURCE}


def nothing_to_fetch(council_file: Path) -> str:
    """Return how to fill council.yml."""
    return (
        f"{council_file} lists no data set to fetch under `ees.data_sets`; for example:\n"
        f"{example('cla_number_and_rate_per_10k_children')}"
    )


def example(name: str) -> str:
    """Return an entry of council.yml."""
    return _EXAMPLE.format(name=name)


def _known(name: str, tables: Mapping[str, RawTable], where: str) -> None:
    if name not in tables:
        near = difflib.get_close_matches(name, tables, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"declared are {', '.join(sorted(tables))}"
        raise SettingsError(f"{where}{name!r} is no declared data set of source {SOURCE}; {hint}")


def fetch(run: Fetch, client: EesClient | None = None, *, page_size: int = query.PAGE_SIZE) -> tuple[Outcome, ...]:
    """Fetch what is wanted, one after the other; one that fails does not hold up the next.

    Raises:
        MixedSources: If a folder under raw/ is marked as invented; nothing is asked for then.
        Busy: If another process is fetching into the same data directory.
    """
    refuse_real_files(run.raw_dir)
    client = client or EesClient(run.service, run.announce)
    with one_at_a_time(run.folders, what="fetch-published"):
        outcomes = []
        for wanted in run.wanted:
            notes: list[str] = []
            try:
                outcomes.append(_fetch_one(run, client, wanted, page_size, notes))
            except ServiceError as error:
                outcomes.append(
                    Outcome(
                        wanted.table.name,
                        "failed",
                        notes=tuple(notes),
                        error=str(error).rstrip("."),
                        advice=error.advice,
                    )
                )
        return tuple(outcomes)


def _fetch_one(run: Fetch, client: EesClient, wanted: Wanted, page_size: int, notes: list[str]) -> Outcome:
    table, pinned = wanted.table, wanted.pinned
    run.announce(f"{table.name}: asking for version {pinned.version}")
    held = release.landed(run.raw_dir, table)
    choice = versions.choose(client, pinned.id, pinned.version, held)
    version = choice.version
    notes += choice.notes
    if version.text in held:
        return Outcome(table.name, "already there", version.text, held[version.text], notes=tuple(notes))
    target = release.folder_of(run.raw_dir, table, version)
    work = run.folders.fetched / table.name / f"v{version.text}"
    work.mkdir(parents=True, exist_ok=True)
    built = work / "release"
    # Left by a run that was stopped: whether it was complete cannot be seen from it.
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir()
    data_name, metadata_name = release.names(table)
    meta = read_meta(client.meta(pinned.id, version.text))
    run.announce(f"{table.name}: fetching version {version.text}")
    if pinned.method == "csv":
        layout, rows = whole_file.write_tidy(client, pinned.id, version, meta, table, work, built / data_name)
    else:
        asked = query.Query(
            client=client,
            data_set_id=pinned.id,
            version=version,
            meta=meta,
            table=table,
            folder=work,
            accept_warnings=frozenset(pinned.accept_warnings),
            page_size=page_size,
            announce=lambda step: run.announce(f"{table.name}: {step}"),
        )
        answer = query.write_tidy(asked, built / data_name)
        layout, rows = answer.layout, answer.rows
        notes += answer.notes
    (built / metadata_name).write_text(metadata_file(meta, layout), encoding="utf-8")
    point("fetch built")
    release.land(built, target)
    point("fetch landed")
    shutil.rmtree(run.folders.fetched / table.name, ignore_errors=True)
    return Outcome(table.name, "fetched", version.text, target, rows, tuple(notes))


def newest_versions(run: Fetch, client: EesClient | None = None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the newest published version of each wanted data set, and in words what could not be asked."""
    client = client or EesClient(run.service, run.announce)
    found: dict[str, str] = {}
    faults = []
    for wanted in run.wanted:
        try:
            found[wanted.table.name] = _newest(client, wanted)
        except ServiceError as error:
            faults.append(f"{wanted.table.name}: {error}. To do: {error.advice}")
    return found, tuple(faults)


def _newest(client: EesClient, wanted: Wanted) -> str:
    return next((found.text for found in versions.listed(client, wanted.pinned.id) if found.is_open), "none")


def is_landed(run: Fetch, name: str, version: str) -> bool:
    """Whether a version of a data set lies under raw/."""
    return any(
        version in release.landed(run.raw_dir, wanted.table) for wanted in run.wanted if wanted.table.name == name
    )
