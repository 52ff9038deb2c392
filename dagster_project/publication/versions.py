"""Published versions on disk: which is current, and the one switch that makes another current.

A version is a folder that gets its name only when it is complete, and is never changed after. Readers open a link.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.progress import point
from dagster_project.project import DataFolders

_BUILDING = ".building-"


@dataclass(frozen=True)
class Version:
    """One published version and what its manifest says."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def version_id(self) -> str:
        """Name of the version's folder."""
        return str(self.manifest["version_id"])

    @property
    def database(self) -> Path:
        """The DuckDB file of the version."""
        return self.folder / "children.duckdb"


def current(folders: DataFolders) -> Version | None:
    """Return the version that readers get now, None before the first publication."""
    link = folders.published_file
    if not link.exists():
        return None
    return _version(link.resolve().parent)


def all_versions(folders: DataFolders) -> list[Version]:
    """Return every complete version, oldest publication first."""
    if not folders.versions.exists():
        return []
    found = [_version(folder) for folder in folders.versions.iterdir() if not folder.name.startswith(".")]
    return sorted((version for version in found if version), key=lambda v: v.manifest["published_at"])


def _version(folder: Path) -> Version | None:
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return None
    return Version(folder, json.loads(manifest.read_text(encoding="utf-8")))


@contextmanager
def building(folders: DataFolders, version_id: str) -> Iterator[Path]:
    """Give a folder to build a version in; it takes its final name when the block ends without an error.

    Folders that a killed run left behind are removed first.
    """
    for left_over in folders.versions.glob(f"{_BUILDING}*"):
        shutil.rmtree(left_over)
    folder = folders.versions / f"{_BUILDING}{version_id}"
    folder.mkdir(parents=True)
    yield folder
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)
    point("publish.before_version_rename")
    folder.rename(folders.versions / version_id)
    _sync(folders.versions)
    point("publish.after_version_rename")


def switch(folders: DataFolders, version_id: str) -> None:
    """Make `version_id` the version that readers open, in one step that is either done or not."""
    target = folders.versions / version_id / "children.duckdb"
    if not target.exists():
        raise FileNotFoundError(f"version {version_id} has no database; nothing was switched")
    temporary = folders.published / ".children.duckdb.next"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path("versions") / version_id / "children.duckdb")
    point("publish.before_switch")
    os.replace(temporary, folders.published_file)
    _sync(folders.published)
    point("publish.after_switch")


def write_atomically(file: Path, content: str, *, name: str) -> None:
    """Write a text file so that a reader finds the old or the new one, never a part; `name` marks the step."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.next")
    temporary.write_text(content, encoding="utf-8")
    _sync(temporary)
    point(f"{name}.before_rename")
    os.replace(temporary, file)
    _sync(file.parent)
    point(f"{name}.after_rename")


def _sync(path: Path) -> None:
    """Have the operating system write a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
