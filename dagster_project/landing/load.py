"""Landing a source: register each file, read it, set rows aside, account for every row, and settle what is in use.

One transaction per file: its register row, raw rows, quarantined rows and check results appear together or not at all.
Only the module `registry` writes to the register, only `rules` moves rows.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from dagster_project.landing import registry, tidy
from dagster_project.landing.inventory import Inventory, InventoryFile
from dagster_project.landing.registry import SourceFile
from dagster_project.landing.rules import apply_rules
from dagster_project.landing.tidy import BreaksTidyRules, Waive
from dagster_project.quality import results
from dagster_project.quality.results import CheckResult
from dagster_project.sources.catalogue import RawTable
from dagster_project.sources.csv_text import UnreadableFile
from dagster_project.sources.opened import NeedsCarefulReading, OpenTable, WrongColumns
from dagster_project.sources.readers import open_file
from dagster_project.sources.tidy_rules import rule_of

prepare = registry.prepare


@dataclass(frozen=True)
class LandedFile:
    """What became of one file and table; `is_candidate` says that it waits for its raw suites and for `settle`."""

    file_id: str
    source: str
    table: str | None
    file_path: str
    status: str
    use: str
    rows_landed: int
    rows_loaded: int
    rows_quarantined: int
    message: str | None

    @property
    def is_candidate(self) -> bool:
        """Whether the file was loaded and is not yet accepted or rejected."""
        return self.status == "loaded" and self.use == "candidate"


def file_id_of(relative: str, sha256: str) -> str:
    """Return the id of one content at one path."""
    return hashlib.sha256(f"{relative}|{sha256}".encode()).hexdigest()[:16]


def land_source(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    catalogue: Sequence[RawTable],
    inventory: Inventory,
    *,
    now: datetime,
    announce: Callable[[str], None],
    waive: Waive = list,
) -> list[LandedFile]:
    """Land every new or changed file of `source` and return the files that were touched or still wait for `settle`.

    A file already loaded under the same declaration is left alone, so a second call is cheap. A file that cannot be
    read is registered as failed and keeps the last good issue of its path in use, marked stale; it never stops the
    others. Files no longer under raw/ lose their rows.

    Args:
        now: Time of registration (naive, local), kept as `received_at` of files not seen before.
        announce: Called with one line of progress per file that is read.
        waive: Marks those findings on a tidy file that a waiver in force covers; they then do not keep it out.

    Raises:
        duckdb.Error: If the database itself cannot be written (full disk, no permission); earlier files stay landed.
    """
    tables = tuple(table for table in catalogue if table.source == source)
    found = inventory.of_source(source)
    _remove_missing(connection, source, tables, inventory)
    known = registry.files_of(connection, source)
    duplicates = _duplicates(known, found)
    for file in found:
        if file.relative in duplicates:
            _register_duplicate(connection, tables, file, duplicates[file.relative], now)
    new = [file for file in found if file.relative not in duplicates and not _is_settled(known, tables, file)]
    _land_files(connection, tables, new, now=now, announce=announce, waive=waive)
    registry.drop_old_results(connection, source)
    results.store(connection, [_held_once_check(connection, table) for table in tables if table.is_personal])
    _write_state(connection, source, inventory, settled=False)
    return [
        _landed(file)
        for file in registry.files_of(connection, source)
        if _is_newest(file, found) and (file.use in ("candidate", "stale") or file.status != "loaded")
    ]


def settle(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    catalogue: Sequence[RawTable],
    inventory: Inventory,
    rejected: Mapping[str, str],
) -> None:
    """Accept the candidates of `source`, save those in `rejected` (file id -> message), in one transaction.

    An accepted file takes the place of the earlier issue of its path, which stays as an older vintage where the source
    keeps these and else loses its rows. A rejected file loses its rows and leaves the earlier issue in use, stale.
    """
    tables = {table.name: table for table in catalogue if table.source == source}
    with registry.transaction(connection):
        files = registry.files_of(connection, source)
        for file in files:
            if file.use != "candidate" or file.table_name is None:
                continue
            earlier = [
                other
                for other in files
                if other.file_path == file.file_path and other.file_id != file.file_id and other.use in registry.IN_USE
            ]
            if file.file_id in rejected:
                registry.delete_rows(connection, [tables[file.table_name]], file.file_id, quarantine=False)
                registry.set_use(connection, file, "none", status="rejected", message=rejected[file.file_id])
                for other in earlier:
                    registry.set_use(connection, other, "stale")
                continue
            registry.set_use(connection, file, "current")
            _take_back(connection, source, tables, files, file)
            for other in earlier:
                if other.issue_number < file.issue_number:
                    _supersede(connection, tables, other)
        _write_state(connection, source, inventory, settled=True)


def register_others(connection: duckdb.DuckDBPyConnection, inventory: Inventory, *, now: datetime) -> list[LandedFile]:
    """Register the files of no source: unknown, ignored or refused. Returns the unknown and refused ones."""
    before = {file.file_id: file for file in registry.files_of(connection, None)}
    rows = []
    for file in inventory.files:
        if file.source is None:
            status = {"refused": "failed", "documentation": "ignored"}.get(file.kind, file.kind)
            row = _row(file, now, status=status, message=_why_other(file))
            rows.append(replace(row, received_at=before[row.file_id].received_at if row.file_id in before else now))
    with registry.transaction(connection):
        registry.forget_unclaimed(connection)
        for row in rows:
            registry.write(connection, row)
    return [_landed(row) for row in rows if row.status != "ignored"]


def table_fingerprints(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return one hash per `source.table` over the files and uses that staging reads; it changes when rows may have."""
    rows = connection.execute(
        """SELECT source_id || '.' || table_name, file_id, "use", declaration, rows_loaded, is_synthetic
        FROM landing.source_file
        WHERE table_name IS NOT NULL AND "use" IN ('current', 'stale', 'superseded')
        ORDER BY ALL"""
    ).fetchall()
    hashes: dict[str, hashlib._Hash] = {}
    for name, *rest in rows:
        hashes.setdefault(name, hashlib.sha256()).update(repr(rest).encode())
    return {name: digest.hexdigest() for name, digest in hashes.items()}


def _land_files(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[RawTable],
    files: Sequence[InventoryFile],
    *,
    now: datetime,
    announce: Callable[[str], None],
    waive: Waive,
) -> None:
    """Land files, two at a time, each in its own transaction: the database inserts the rows of one file on one core.

    What is landed does not depend on which is done first: a file knows nothing of the others.
    """

    def land(file: InventoryFile) -> None:
        with closing(connection.cursor()) as own:
            _land_file(own, tables, file, now=now, announce=announce, waive=waive)

    with ThreadPoolExecutor(_AT_ONCE) as readers:
        landing = [readers.submit(land, file) for file in files]
        try:
            for one in landing:
                one.result()
        except BaseException:
            for one in landing:
                one.cancel()
            raise


def _land_file(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[RawTable],
    file: InventoryFile,
    *,
    now: datetime,
    announce: Callable[[str], None],
    waive: Waive,
) -> None:
    source = tables[0].source
    if file.kind == "refused":
        _register_failure(connection, tables, file, UnreadableFile(file.problem or "must not be opened"), now)
        return
    announce(f"{source}: reading {file.relative}")
    for careful in (False, True):
        try:
            with registry.transaction(connection):
                _read_and_store(connection, tables, file, now=now, careful=careful, waive=waive)
            return
        except NeedsCarefulReading:
            continue
        except UnreadableFile as error:
            _register_failure(connection, tables, file, error, now)
            return
        except (OSError, UnicodeError, MemoryError) as error:
            fault = UnreadableFile(f"cannot be read ({type(error).__name__}): check the file and its permissions")
            _register_failure(connection, tables, file, fault, now)
            return
    fault = UnreadableFile("gives another number of rows each time it is read: ask for the file again", "accounting")
    _register_failure(connection, tables, file, fault, now)


def _read_and_store(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[RawTable],
    file: InventoryFile,
    *,
    now: datetime,
    careful: bool,
    waive: Waive,
) -> None:
    """Everything between the start and the end of a file's transaction. Registration comes before reading."""
    row, earlier = _successor(connection, file, _row(file, now))
    # A content never registered has no rows: they come and go with its row in the register.
    if any(other.file_id == row.file_id for other in earlier):
        registry.forget(connection, row.file_id)
        registry.delete_rows(connection, tables, row.file_id)
    registry.write(connection, row)
    candidates = [table for table in tables if table.name in file.tables]
    tidy.refuse_oversize(candidates, file)
    opened = open_file(file.path, candidates, connection, careful=careful)
    registry.forget(connection, row.file_id)
    if not opened:
        before = sorted({str(other.table_name) for other in earlier if other.use in registry.IN_USE})
        if before:
            fault = f"no longer has the columns of {', '.join(before)}: ask for a corrected file"
            raise UnreadableFile(fault, "columns")
        message = f"{tables[0].source}: {file.relative}: no declared data set has these columns; the file was not used"
        registry.write(connection, replace(row, status="unknown", message=message, declaration=_declaration(tables)))
    checks: list[CheckResult] = []
    for table in opened:
        stored, found = _store_table(connection, table, row, tidy.declaration_of(table.fit.table, file))
        registry.write(connection, stored)
        checks += [*found, *tidy.check_tidy_file(connection, table, row, file, waive)]
        if file.misplaced:
            checks.append(_file_check(table, row, "declared_folder", file.misplaced))
    status = file.path.stat()
    if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
        raise UnreadableFile("changed while it was read: run again", "unchanged")
    results.store(connection, checks)


def _store_table(
    connection: duckdb.DuckDBPyConnection, opened: OpenTable, row: SourceFile, declaration: str
) -> tuple[SourceFile, list[CheckResult]]:
    table = opened.fit.table
    opened.insert(connection, row.file_id)
    checks = apply_rules(connection, opened, row.file_id, row.file_path)
    loaded, quarantined = registry.count_rows(connection, table, row.file_id)
    if opened.rows_landed != loaded + quarantined:
        raise UnreadableFile(
            f"holds {opened.rows_landed:,} rows of {table.key}, but {loaded:,} were loaded and {quarantined:,} "
            "quarantined: it was not used; ask for the file again or report this as a fault",
            "accounting",
        )
    unknown = f"columns not declared and left out: {', '.join(opened.fit.unknown)}" if opened.fit.unknown else None
    nothing = "the file holds no rows" if opened.rows_landed == 0 else None
    checks += [
        _file_check(opened, row, "readable", None),
        _file_check(opened, row, "columns", None),
        _file_check(opened, row, "accounting", None),
        _file_check(opened, row, "unknown_column", unknown),
        _file_check(opened, row, "has_rows", nothing),
    ]
    notes = [note for note in (unknown, nothing) if note]
    stored = replace(
        row,
        table_name=table.name,
        encoding=opened.encoding,
        layout=opened.fit.layout.name,
        vintage_id=_vintage(table, row),
        rows_landed=opened.rows_landed,
        rows_loaded=loaded,
        rows_quarantined=quarantined,
        status="loaded",
        message="; ".join(notes) or None,
        use="candidate",
        declaration=declaration,
    )
    return stored, checks


# Files read at the same time; more would hold more of them in memory for little.
_AT_ONCE = 2
# Pairs of files that a message names.
_FILES_NAMED = 10
FILE_WARNINGS = frozenset({"unknown_column", "has_rows", "declared_folder"})
FILE_CHECKS = {
    "readable": "A file that cannot be read in full gives no figures.",
    "encoding": "Text in an unknown encoding would lose letters.",
    "not_empty": "An empty file usually means a failed export.",
    "archive_size": "A small file that unpacks to gigabytes would stop the machine.",
    "columns": "Every declared column has to be there, so that no figure is missing unseen.",
    "accounting": "Every row of the file is either loaded or quarantined.",
    "unchanged": "A file must not change between its hash and its reading.",
    "unknown_column": "A column nobody declared may hold a breakdown that the figures ignore.",
    "has_rows": "A file with a header only may be a failed export.",
    "declared_folder": "A file is recognised by its folder and its columns; the folder gives its release.",
}


def _file_check(opened: OpenTable, row: SourceFile, check_id: str, fault: str | None) -> CheckResult:
    table = opened.fit.table
    return CheckResult(
        suite="landing",
        table_name=table.key,
        check_id=check_id,
        severity="warning" if check_id in FILE_WARNINGS else "critical",
        scope="file",
        outcome="fail" if fault else "pass",
        checked_count=opened.rows_landed,
        failed_count=1 if fault else 0,
        owner=table.owner,
        why=FILE_CHECKS[check_id],
        message=f"{table.source}: {row.file_path}: {fault}" if fault else None,
        source_id=table.source,
        file_id=row.file_id,
    )


def _held_once_check(connection: duckdb.DuckDBPyConnection, table: RawTable) -> CheckResult:
    """Warn where two files in use may count the same children twice: a file sent again under another name."""
    files = [
        file
        for file in registry.files_of(connection, table.source)
        if file.table_name == table.name and file.use in (*registry.IN_USE, "candidate")
    ]
    held = _parts_held(connection, table, files) if table.one_file_per else _collections_held(files)
    several = [sorted(paths) for paths in held.values() if len(paths) > 1]
    # What the parts are called stays out of the message: where columns have moved, it may be a cell about a child.
    named = [" and ".join(paths) for paths in sorted({tuple(paths) for paths in several})]
    more = f" and {len(named) - _FILES_NAMED:,} more" if len(named) > _FILES_NAMED else ""
    listed = "; ".join(named[:_FILES_NAMED]) + more
    if table.one_file_per:
        check_id, same = "one_file_per_part", " and ".join(name.replace("_", " ") for name, _ in table.one_file_per)
        why = f"Two files of the same {same} may hold the same children; one of them is used, so keep the one meant."
        message = f"{table.source}: {table.name} of the same {same} is in {listed}. {why}"
    else:
        check_id = "one_file_per_table"
        why = "Two files of one table in one collection count the same children twice; keep the one that is meant."
        message = f"{table.source}: {table.name} is in {listed}. {why}"
    return CheckResult(
        suite="landing",
        table_name=table.key,
        check_id=check_id,
        severity="warning",
        scope="source",
        outcome="fail" if several else "pass",
        checked_count=len(held),
        failed_count=len(several),
        owner=table.owner,
        why=why,
        message=message if several else None,
        source_id=table.source,
    )


def _collections_held(files: Sequence[SourceFile]) -> dict[tuple[object, ...], set[str]]:
    """Return the paths by collection: the release and the date of a cut."""
    held: dict[tuple[object, ...], set[str]] = {}
    for file in files:
        held.setdefault((file.release, file.as_at), set()).add(file.file_path)
    return held


def _parts_held(
    connection: duckdb.DuckDBPyConnection, table: RawTable, files: Sequence[SourceFile]
) -> dict[tuple[object, ...], set[str]]:
    """Return the paths by what the rows are of, as the declaration of the table tells it."""
    paths = {file.file_id: file.file_path for file in files}
    parts = ", ".join(expression for _, expression in table.one_file_per)
    rows = connection.execute(
        f'SELECT DISTINCT "_file_id", {parts} FROM {table.qualified} WHERE "_file_id" IN (SELECT unnest(?::VARCHAR[]))',
        [list(paths)],
    ).fetchall()
    held: dict[tuple[object, ...], set[str]] = {}
    for file_id, *part in rows:
        held.setdefault(tuple(part), set()).add(paths[file_id])
    return held


def _register_failure(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[RawTable],
    file: InventoryFile,
    error: UnreadableFile,
    now: datetime,
) -> None:
    """Register a file that cannot be used and mark the last good issue of its path stale."""
    source = tables[0].source
    message = f"{source}: {file.relative}: {error}"
    table = error.table if isinstance(error, (WrongColumns, BreaksTidyRules)) else None
    if table is None and len(file.tables) == 1:
        table = next(declared for declared in tables if declared.name == file.tables[0])
    # What could be read and breaks a rule is rejected, as it is by the raw suites; what could not has failed.
    status = "rejected" if isinstance(error, BreaksTidyRules) and not error.is_stopped else "failed"
    row, earlier = _successor(connection, file, _row(file, now, status=status, message=message))
    row = replace(row, table_name=table.name if table else None)
    check = CheckResult(
        suite="landing",
        table_name=table.key if table else source,
        check_id=error.check_id,
        severity="critical",
        scope="file",
        outcome="fail",
        failed_count=1,
        owner=(table or tables[0]).owner,
        why=FILE_CHECKS.get(error.check_id) or rule_of(error.check_id).why,
        message=message,
        source_id=source,
        file_id=row.file_id,
    )
    checks = list(error.results) if isinstance(error, BreaksTidyRules) else [check]
    checks = [replace(found, file_id=row.file_id) for found in checks]
    with registry.transaction(connection):
        results.store(connection, checks)
        good = [other for other in earlier if other.use in registry.IN_USE]
        for other in good:
            # This very content may be the last good issue, read under an earlier declaration.
            same = other.file_id == row.file_id
            registry.set_use(connection, other, "stale", message=message if same else None)
        if any(other.file_id == row.file_id for other in good):
            return
        registry.forget(connection, row.file_id)
        registry.delete_rows(connection, tables, row.file_id)
        registry.write(connection, row)
        registry.quarantine_file(connection, row, error.check_id)
        results.store(connection, checks)


def _register_duplicate(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[RawTable], file: InventoryFile, first: str, now: datetime
) -> None:
    message = f"{tables[0].source}: {file.relative}: the same content as {first}; not loaded twice"
    row, earlier = _successor(connection, file, _row(file, now, status="duplicate", message=message))
    if any((other.file_id, other.status, other.message) == (row.file_id, "duplicate", message) for other in earlier):
        return
    with registry.transaction(connection):
        registry.forget(connection, row.file_id)
        registry.delete_rows(connection, tables, row.file_id)
        registry.write(connection, row)
        # What this path held before is gone from raw/: the other file stands for both now.
        for other in earlier:
            if other.file_id != row.file_id and other.use in registry.IN_USE:
                _supersede(connection, {table.name: table for table in tables}, other)


def _supersede(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, RawTable], file: SourceFile) -> None:
    table = tables[str(file.table_name)]
    if table.keep_superseded:
        registry.set_use(connection, file, "superseded")
    else:
        registry.delete_rows(connection, [table], file.file_id)
        registry.set_use(connection, file, "none")


def _take_back(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    tables: Mapping[str, RawTable],
    files: Sequence[SourceFile],
    file: SourceFile,
) -> None:
    """Take out the issues of a path that came after `file`, whose content is there again.

    Of one release the newest issue is current: kept, what was taken back would be published in its place.
    """
    for other in files:
        if other.file_path != file.file_path or other.issue_number <= file.issue_number or other.status == "removed":
            continue
        registry.delete_rows(connection, list(tables.values()), other.file_id)
        message = f"{source}: {other.file_path}: an earlier content of this file is there again"
        registry.set_use(connection, other, "none", status="removed", message=message)


def _remove_missing(
    connection: duckdb.DuckDBPyConnection, source: str, tables: Sequence[RawTable], inventory: Inventory
) -> None:
    """Take out what is gone from raw/, what an earlier run left unsettled, and what would mix synthetic and real."""
    found = inventory.of_source(source)
    present = {file.relative for file in found}
    changed: list[tuple[SourceFile, str | None, str | None]] = []
    for file in registry.files_of(connection, source):
        if file.status == "removed":
            continue
        if file.file_path not in present or (file.use != "none" and file.is_synthetic != inventory.synthetic):
            changed.append((file, "removed", f"{source}: {file.file_path}: no longer under raw/"))
        elif file.use == "candidate" and not _is_newest(file, found):
            changed.append((file, None, None))
    if changed:
        with registry.transaction(connection):
            for file, status, message in changed:
                registry.delete_rows(connection, tables, file.file_id)
                registry.set_use(connection, file, "none", status=status, message=message)


def _duplicates(known: Sequence[SourceFile], found: Sequence[InventoryFile]) -> dict[str, str]:
    """Return path -> path of the file with the same content in the same collection that is loaded in its place."""
    loaded = {file.file_id for file in known if file.status == "loaded" and file.use != "none"}
    first: dict[tuple[object, ...], str] = {}
    duplicates = {}
    # Empty files are faults of their own, not copies of one another.
    data = [file for file in found if file.kind == "data" and file.size > 0]
    # A file that is loaded already stays the one that counts, whatever the names of its copies.
    for file in sorted(data, key=lambda file: (_id(file) not in loaded, file.relative)):
        key = (file.release, file.as_at, file.tables, file.sha256)
        if key in first:
            duplicates[file.relative] = first[key]
        else:
            first[key] = file.relative
    return duplicates


def _is_settled(known: Sequence[SourceFile], tables: Sequence[RawTable], file: InventoryFile) -> bool:
    """Whether this content at this path is read already, under the declarations of today, and newest at its path."""
    declared: dict[str | None, str] = {table.name: tidy.declaration_of(table, file) for table in tables}
    declared[None] = _declaration(tables)
    rows = [row for row in known if row.file_id == _id(file)]
    return bool(rows) and all(
        (row.use in ("current", "candidate") or row.status == "unknown")
        and row.declaration == declared.get(row.table_name)
        and row.is_synthetic == file.is_synthetic
        for row in rows
    )


def _declaration(tables: Sequence[RawTable]) -> str:
    """Return what an unknown file was compared with; it is looked at again when this changes."""
    return hashlib.sha256("".join(table.declaration_hash for table in tables).encode()).hexdigest()[:16]


def _successor(
    connection: duckdb.DuckDBPyConnection, file: InventoryFile, row: SourceFile
) -> tuple[SourceFile, list[SourceFile]]:
    """Return the row with the issue number and time of receipt of this content, and all rows of its path so far."""
    earlier = [other for other in registry.files_of(connection, file.source) if other.file_path == file.relative]
    same = [other for other in earlier if other.file_id == row.file_id]
    if same:
        return replace(row, issue_number=same[0].issue_number, received_at=same[0].received_at), earlier
    number = 1 + max((other.issue_number for other in earlier), default=0)
    return replace(row, issue_number=number), earlier


def _id(file: InventoryFile) -> str:
    # A refused file may never have been opened and then has no hash; its path alone identifies it.
    return file_id_of(file.relative, file.sha256 or "")


def _row(file: InventoryFile, now: datetime, status: str = "failed", message: str | None = None) -> SourceFile:
    return SourceFile(
        file_id=_id(file),
        source_id=file.source,
        table_name=None,
        file_path=file.relative,
        file_name=file.name,
        sha256=file.sha256,
        byte_size=file.size,
        encoding=None,
        received_at=now,
        release=file.release,
        as_at=file.as_at,
        layout=None,
        vintage_id=None,
        issue_number=1,
        rows_landed=0,
        rows_loaded=0,
        rows_quarantined=0,
        status=status,
        message=message,
        use="none",
        is_synthetic=file.is_synthetic,
        declaration=None,
    )


def _vintage(table: RawTable, row: SourceFile) -> str:
    parts = [table.data_set, row.release, str(row.as_at) if row.as_at else None, (row.sha256 or "")[:8]]
    return "/".join(part for part in parts if part)


def _is_newest(file: SourceFile, found: Iterable[InventoryFile]) -> bool:
    return any(file.file_id == _id(held) for held in found)


def _write_state(connection: duckdb.DuckDBPyConnection, source: str, inventory: Inventory, *, settled: bool) -> None:
    found = inventory.of_source(source)
    files = registry.files_of(connection, source)
    newest = [file for file in files if _is_newest(file, found)]
    in_use = [file for file in files if file.use in (*registry.IN_USE, "candidate")]
    faults = [
        file.message or file.status for file in newest if file.status in ("failed", "rejected") or file.use == "stale"
    ]
    if faults:
        status = "stale" if in_use else "failed"
        message = " | ".join(dict.fromkeys(faults))
    elif in_use:
        status, message = "loaded", f"{source}: {len({file.file_id for file in in_use}):,} files in use"
    else:
        status, message = "not_available", f"{source}: no file of a declared data set under raw/"
    fingerprint = inventory.fingerprints.get(source) if settled else None
    registry.set_state(connection, source, status, message, fingerprint)


def _why_other(file: InventoryFile) -> str | None:
    if file.kind in ("ignored", "documentation"):
        return None
    if file.problem:
        return f"{file.relative}: {file.problem}"
    reason = file.misplaced or "no declared data set has this folder or these columns"
    return f"{file.relative}: not used: {reason}"


def _landed(file: SourceFile) -> LandedFile:
    return LandedFile(
        file_id=file.file_id,
        source=file.source_id or "",
        table=file.table_name,
        file_path=file.file_path,
        status=file.status,
        use=file.use,
        rows_landed=file.rows_landed,
        rows_loaded=file.rows_loaded,
        rows_quarantined=file.rows_quarantined,
        message=file.message,
    )
