"""What lies under raw/: every file with its hash, the source it belongs to, and whether anything changed.

Only the file system and the declarations are looked at, never a database, so that a refresh with nothing to do can say
so at once. Hashes are kept beside the size and times of a file and taken again only when one of these changes.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from dagster_project.sources.catalogue import RawTable, declared_folders, fits_of, sources_of
from dagster_project.sources.csv_text import header_of
from dagster_project.sources.tidy_metadata import SUFFIX as METADATA_SUFFIX

SAMPLE = "sample"
MARKER = "SYNTHETIC"
#: Release of a file whose folder names none.
UNDATED = "undated"
_HEADER_BYTES = 65_536
# Bumped when the meaning of the cached entries changes; an older cache is then ignored.
_CACHE_FORMAT = 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class MixedSources(Exception):
    """Synthetic and real files lie together under raw/; the message names one of each."""


@dataclass(frozen=True)
class InventoryFile:
    """One file under raw/.

    `kind`: `data` (belongs to `source`), `unknown` (no declared data set), `documentation` (the metadata file of a data
    file beside it), `ignored` (other documentation, markers), or `refused` (must not be opened, `problem` says why).
    `relative` is the path below raw/, undisplayable characters escaped. `tables` are the tables the folder may hold.
    `misplaced` says why the folder is not the declared one. `size` (bytes) and `mtime_ns` are those of the hashed
    content. Of a data file, `metadata_path` and `metadata_sha256` are those of the metadata file beside it, and
    `stray_metadata` names such files in its folder that fit no data file.
    """

    path: Path
    relative: str
    kind: str
    size: int
    sha256: str | None
    source: str | None = None
    tables: tuple[str, ...] = ()
    release: str | None = None
    as_at: date | None = None
    is_synthetic: bool = False
    problem: str | None = None
    misplaced: str | None = None
    mtime_ns: int = 0
    metadata_path: Path | None = None
    metadata_sha256: str | None = None
    stray_metadata: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file name, as it may be shown."""
        return self.relative.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Inventory:
    """Every file found. `fingerprints` holds one text per declared source; equal texts mean nothing to land."""

    raw_dir: Path
    files: tuple[InventoryFile, ...]
    fingerprints: Mapping[str, str]
    synthetic: bool

    def of_source(self, source: str) -> tuple[InventoryFile, ...]:
        """Return the files of one source, refused ones included, in path order."""
        return tuple(file for file in self.files if file.source == source)


@dataclass(frozen=True)
class _Place:
    source: str
    tables: tuple[RawTable, ...]
    release: str
    as_at: date | None
    misplaced: str | None
    problem: str | None = None


def effective_raw_dir(raw_dir: Path) -> Path:
    """Return `raw_dir`, or its bundled sample when it holds no file besides the sample and documentation."""
    sample = raw_dir / SAMPLE
    if not sample.is_dir():
        return raw_dir
    for folder, folders, files in os.walk(raw_dir):
        if Path(folder) == raw_dir:
            folders[:] = [name for name in folders if name != SAMPLE]
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(not _is_ignored(name) for name in files) or any((Path(folder) / name).is_symlink() for name in folders):
            return raw_dir
    return sample


def take_inventory(raw_dir: Path, catalogue: Sequence[RawTable], cache_file: Path | None = None) -> Inventory:
    """List every file under `raw_dir` (the bundled sample left out), hashed, with the source it belongs to.

    A missing `raw_dir` is an empty inventory: every source is then simply not available.

    Raises:
        MixedSources: If files marked synthetic lie beside files that are not.
        OSError: If the cache file cannot be written.
    """
    root = Path(os.path.realpath(raw_dir))
    cache = _HashCache(cache_file)
    folders = declared_folders(catalogue)
    marked = _marked_folders(root)
    files = []
    for path, relative, problem in _walk(root):
        file = _describe(path, relative, problem, folders, catalogue, cache)
        parents = {"/".join(relative.split("/")[:depth]) for depth in range(len(relative.split("/")))}
        files.append(replace(file, is_synthetic=bool(parents & marked)))
    cache.save()
    files = _with_metadata(files)
    _refuse_mixture(files)
    files.sort(key=lambda file: file.relative)
    return Inventory(
        raw_dir=root,
        files=tuple(files),
        fingerprints={source: _fingerprint(source, files, catalogue) for source in sources_of(catalogue)},
        synthetic=any(file.is_synthetic for file in files if file.kind == "data"),
    )


def _describe(
    path: Path,
    relative: str,
    problem: str | None,
    folders: Mapping[str, tuple[RawTable, ...]],
    catalogue: Sequence[RawTable],
    cache: "_HashCache",
) -> InventoryFile:
    if problem is None and _is_ignored(path.name):
        return _documentation(path, relative, cache)
    place = _place(relative.split("/")[:-1], folders)
    entry, header = None, None
    if problem is None:
        try:
            entry = cache.read(path, relative, with_header=place is None)
            header = entry.header if place is None else None
        except OSError as error:
            problem = f"cannot be read ({error.strerror or type(error).__name__}): check its permissions"
    if place is None and header:
        place = _place_by_columns(header, relative, catalogue)
    problem = problem or (place.problem if place else None)
    kind = "refused" if problem else "data" if place else "unknown"
    return InventoryFile(
        path=path,
        relative=relative,
        kind=kind,
        size=entry.size if entry else 0,
        sha256=entry.sha256 if entry else None,
        source=place.source if place else None,
        tables=tuple(table.name for table in place.tables) if place else (),
        release=place.release if place else None,
        as_at=place.as_at if place else None,
        problem=problem,
        misplaced=place.misplaced if place else None,
        mtime_ns=entry.mtime_ns if entry else 0,
    )


def _documentation(path: Path, relative: str, cache: "_HashCache") -> InventoryFile:
    """Describe a file that holds no data. Only metadata files are opened: a change in one means looking again."""
    ignored = InventoryFile(path, relative, "ignored", 0, None)
    if not path.name.lower().endswith(METADATA_SUFFIX):
        return ignored
    try:
        entry = cache.read(path, relative, with_header=False)
    except OSError:
        return ignored
    return replace(ignored, size=entry.size, sha256=entry.sha256, mtime_ns=entry.mtime_ns)


def _with_metadata(files: Sequence[InventoryFile]) -> list[InventoryFile]:
    """Tie each metadata file to the data file beside it, `name.meta.csv` to `name.csv`; case does not matter."""
    metadata = {
        file.relative.lower().removesuffix(METADATA_SUFFIX): file
        for file in files
        if file.kind == "ignored" and file.sha256 is not None
    }
    if not metadata:
        return list(files)
    data = {file.relative.lower().removesuffix(".csv") for file in files if file.kind == "data"}
    strays: dict[str, list[str]] = {}
    for stem, file in metadata.items():
        if stem not in data:
            strays.setdefault(file.relative.rpartition("/")[0], []).append(file.name)
    described = {file.relative for stem, file in metadata.items() if stem in data}
    tied = []
    for file in files:
        if file.kind == "data":
            held = metadata.get(file.relative.lower().removesuffix(".csv"))
            file = replace(
                file,
                metadata_path=held.path if held else None,
                metadata_sha256=held.sha256 if held else None,
                stray_metadata=tuple(sorted(strays.get(file.relative.rpartition("/")[0], ()))),
            )
        elif file.relative in described:
            file = replace(file, kind="documentation")
        tied.append(file)
    return tied


def _walk(root: Path) -> Iterator[tuple[Path, str, str | None]]:
    """Yield path, shown relative path and problem of everything below `root` that is not a plain folder."""
    for folder, folders, files in os.walk(root, followlinks=False):
        here = Path(folder)
        if here == root:
            folders[:] = [name for name in folders if name != SAMPLE]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in list(folders):
            problem = None
            if (here / name).is_symlink():
                problem = "is a link to a folder: links to folders are not followed; copy the files here"
            elif _CONTROL.search(name):
                problem = "is a folder whose name holds control characters: rename it"
            if problem:
                folders.remove(name)
                yield here / name, _shown(here / name, root), problem
        for name in sorted(files):
            yield here / name, _shown(here / name, root), _problem_of(here / name, root)


def _problem_of(path: Path, root: Path) -> str | None:
    if _CONTROL.search(path.name):
        return "has a name with control characters: rename it"
    if path.is_symlink():
        target = Path(os.path.realpath(path))
        if root not in target.parents:
            return "is a link that leaves raw/: links out of raw/ are not followed; copy the file here"
    try:
        mode = path.stat().st_mode
    except OSError:
        return "is a link to nothing: remove it"
    # Opening a pipe or a device could wait for ever.
    return None if stat.S_ISREG(mode) else "is not a regular file: remove it"


def _shown(path: Path, root: Path) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", path.relative_to(root).as_posix())


def _is_ignored(name: str) -> bool:
    lowered = name.lower()
    return (
        name == MARKER
        or lowered.startswith((".", "~$", "readme"))
        or lowered.endswith((".md", ".txt", METADATA_SUFFIX))
        or lowered in ("thumbs.db", "desktop.ini")
    )


def _place(folder: list[str], folders: Mapping[str, tuple[RawTable, ...]]) -> _Place | None:
    """Return the declared place of a folder, or None where none is declared."""
    for pattern, tables in folders.items():
        segments = pattern.split("/")
        fixed = [segment for segment in segments if not segment.startswith("{")]
        if folder[: len(fixed)] != fixed:
            continue
        rest = folder[len(fixed) :]
        if "{collection_year}" in segments:
            return _collection(tables, rest, has_as_at=segments[-1] == "{as_at}")
        if "{school_term}" in segments:
            return _census(tables, rest)
        if segments == fixed:
            # Files lie in the folder itself; what is deeper is something else.
            return None if rest else _Place(tables[0].source, tables, UNDATED, None, None)
        if rest:
            deeper = f"the folder {'/'.join(rest[1:])!r} goes deeper than {pattern}" if rest[1:] else None
            return _Place(tables[0].source, tables, rest[0], None, deeper)
    return None


def _collection(tables: tuple[RawTable, ...], rest: list[str], *, has_as_at: bool) -> _Place:
    """Return the place of a return by the folders below its source: a year, and for a cut within it a date.

    A cut must never pass as the year-end return, nor one year as another, because a folder is misspelt: such a folder
    is an unknown collection, and its files are refused.
    """
    source = tables[0].source
    year = collection_year(rest[0]) if rest else None
    if year is None:
        found = f"the folder {rest[0]!r} is not" if rest else "the file is not in the folder of"
        wrong = f"{found} a collection year such as 2023 or 2022-23: move the file"
        return _Place(source, tables, "", None, None, wrong)
    as_at = _as_date(rest[1]) if rest[1:] else None
    if rest[1:] and (not has_as_at or as_at is None or rest[2:]):
        wrong = f"the folder {'/'.join(rest[1:])!r} is not an as-at date such as 2023-09-30: rename it or move the file"
        return _Place(source, tables, str(year), None, None, wrong)
    return _Place(source, tables, str(year), as_at, None)


def _census(tables: tuple[RawTable, ...], rest: list[str]) -> _Place:
    """Return the place of a census by its folder, a calendar year and a term; another name is an unknown collection.

    What a census tells of attendance and suspensions belongs to earlier terms, so the wrong term would shift them.
    """
    source = tables[0].source
    term = school_term(rest[0]) if rest else None
    if term is None or rest[1:]:
        found = f"the folder {'/'.join(rest)!r} is not" if rest else "the file is not in the folder of"
        wrong = f"{found} a census such as '2024 autumn' (calendar year and term): move the file"
        return _Place(source, tables, "", None, None, wrong)
    return _Place(source, tables, term, None, None)


def _place_by_columns(header: Sequence[str], relative: str, catalogue: Sequence[RawTable]) -> _Place | None:
    """Return the published data set whose columns a file in an undeclared folder has, all of them and no others."""
    published = [table for table in catalogue if not table.is_personal]
    for fit in fits_of(header, published, "csv_as_text"):
        if fit.is_exact and not fit.unknown:
            parents = relative.split("/")[:-1]
            return _Place(
                source=fit.table.source,
                tables=(fit.table,),
                release=parents[-1] if parents else UNDATED,
                as_at=None,
                misplaced=f"its folder is not declared; by its columns it is {fit.table.key}, which belongs in "
                f"{fit.table.folder}",
            )
    return None


def collection_year(folder: str) -> int | None:
    """Return the year to 31 March that a folder name means: `2023` and `2022-23` are both 2023; None for others."""
    if re.fullmatch(r"(19|20)\d\d", folder):
        return int(folder)
    split = re.fullmatch(r"((?:19|20)\d\d)-(\d\d)", folder)
    if split and (int(split.group(1)) + 1) % 100 == int(split.group(2)):
        return int(split.group(1)) + 1
    return None


def school_term(folder: str) -> str | None:
    """Return the census that a folder name means, as calendar year and term: `2024_Autumn` is `2024 autumn`."""
    named = re.fullmatch(r"((?:19|20)\d\d)[ _-](autumn|spring|summer)", folder.strip().lower())
    return f"{named.group(1)} {named.group(2)}" if named else None


def _as_date(folder: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", folder):
        return None
    try:
        return date.fromisoformat(folder)
    except ValueError:
        return None


def refuse_real_files(raw_dir: Path) -> None:
    """Refuse to add real files to a `raw_dir` in which a folder (the bundled sample left out) is marked as invented.

    Beside invented files a refresh would refuse them. Below a marker they would count as invented, and the figures of
    both would stand in one table.

    Raises:
        MixedSources: If a folder is marked; the message names one.
    """
    marked = sorted(_marked_folders(raw_dir))
    if marked:
        raise MixedSources(
            f"Synthetic and real sources would be mixed: {raw_dir / marked[0]} is marked by a file named {MARKER}. "
            "Give another folder with --raw, or move everything so marked out of this one."
        )


def _marked_folders(root: Path) -> set[str]:
    """Return the folders, relative to `root`, that hold the marker file ('' for `root` itself)."""
    marked = set()
    for folder, folders, files in os.walk(root, followlinks=False):
        here = Path(folder)
        if here == root:
            folders[:] = [name for name in folders if name != SAMPLE]
        if MARKER in files:
            marked.add("" if here == root else here.relative_to(root).as_posix())
    return marked


def _refuse_mixture(files: Iterable[InventoryFile]) -> None:
    data = [file for file in files if file.kind == "data"]
    synthetic = next((file for file in data if file.is_synthetic), None)
    real = next((file for file in data if not file.is_synthetic), None)
    if synthetic and real:
        raise MixedSources(
            f"Synthetic and real sources would be mixed: {synthetic.relative} is marked by a file named {MARKER}, "
            f"{real.relative} is not. Move one of the two out of raw/, or mark both."
        )


def _fingerprint(source: str, files: Iterable[InventoryFile], catalogue: Iterable[RawTable]) -> str:
    parts = [f"{table.key} {table.declaration_hash}" for table in catalogue if table.source == source]
    for file in sorted(files, key=lambda file: file.relative):
        if file.source == source:
            place = [file.kind, file.problem, file.release, str(file.as_at), file.is_synthetic]
            parts.append(json.dumps([file.relative, file.sha256, *place, file.metadata_sha256, *file.stray_metadata]))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class _Entry:
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str
    header: list[str] | None = None


class _HashCache:
    """Hashes by path, valid while size, times and inode stay the same; written whole, or not at all."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._seen: dict[str, _Entry] = {}
        self._known: dict[str, _Entry] = {}
        if file is not None and file.exists():
            try:
                stored = json.loads(file.read_text(encoding="utf-8"))
                if stored["format"] == _CACHE_FORMAT:
                    self._known = {path: _Entry(**entry) for path, entry in stored["files"].items()}
            except (ValueError, KeyError, TypeError, AttributeError):
                # A damaged cache costs time, never correctness: everything is hashed again.
                self._known = {}

    def read(self, path: Path, relative: str, *, with_header: bool) -> "_Entry":
        """Return what is known of a file, hashing it if it changed; `header` is there when asked for."""
        status = path.stat()
        entry = self._known.get(relative)
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        if entry is None or (entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode) != stamp:
            with path.open("rb") as opened:
                entry = _Entry(*stamp, sha256=hashlib.file_digest(opened, "sha256").hexdigest())
        if with_header and entry.header is None:
            with path.open("rb") as opened:
                entry = replace(entry, header=list(header_of(opened.read(_HEADER_BYTES)) or ()))
        self._seen[relative] = entry
        return entry

    def save(self) -> None:
        """Write the entries of the files seen, if they differ from what was read."""
        if self._file is None or self._seen == self._known:
            return
        stored = {"format": _CACHE_FORMAT, "files": {path: asdict(entry) for path, entry in self._seen.items()}}
        written = self._file.with_name(f"{self._file.name}.{os.getpid()}.tmp")
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps(stored), encoding="utf-8")
        os.replace(written, self._file)
