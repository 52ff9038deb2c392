"""Release folders under raw/: which are there, and how a finished one gets in, whole or not at all."""

import errno
import os
import re
import shutil
from pathlib import Path

from dagster_project.ees_service.client import ServiceError
from dagster_project.ees_service.versions import Version
from dagster_project.sources.catalogue import RawTable
from dagster_project.sources.tidy_metadata import SUFFIX

_RELEASE = re.compile(r"\d{4}-\d{2}-\d{2}_v(\d+(?:\.\d+)*)")


def folder_of(raw_dir: Path, table: RawTable, version: Version) -> Path:
    """Return where a version lands: its day of publication first, so that releases sort in time."""
    release = f"{version.published.isoformat()}_v{version.text}"
    return raw_dir / table.folder.replace("{release}", release)


def landed(raw_dir: Path, table: RawTable) -> dict[str, Path]:
    """Return the folders of versions that lie under raw/, by version; what is in them is not looked at."""
    parent = raw_dir / table.folder.partition("{release}")[0]
    found = {}
    for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
        named = _RELEASE.fullmatch(folder.name)
        if named and folder.is_dir() and (folder / f"{table.name}.csv").is_file():
            found[named[1]] = folder
    return found


def land(built: Path, target: Path) -> None:
    """Move the finished folder `built` to `target` in one step; on another file system a copy is made beside it first.

    The copy is in a folder whose name begins with a point, which the inventory passes over.

    Raises:
        ServiceError: If something is there already: nothing under raw/ is ever replaced.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ServiceError(
            f"{target} is there and is not a complete release of this version",
            "move it away, then run again",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*"):
        # Of a run that was killed while copying; only one fetches at a time.
        shutil.rmtree(left, ignore_errors=True)
    _flush(built)
    try:
        built.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.parent / f".{target.name}.{os.getpid()}"
        try:
            shutil.copytree(built, copy)
            _flush(copy)
            copy.rename(target)
        except BaseException:
            shutil.rmtree(copy, ignore_errors=True)
            raise
        shutil.rmtree(built)
    _sync(target.parent)


def names(table: RawTable) -> tuple[str, str]:
    """Return the names of the data file and its metadata file."""
    return f"{table.name}.csv", f"{table.name}{SUFFIX}"


def _flush(folder: Path) -> None:
    """Have the content on the disk before the name is: after a power cut a name must not stand for less."""
    for file in folder.iterdir():
        _sync(file)
    _sync(folder)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
