"""One writer at a time: a lock on the data directory that the operating system drops when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.project import DataFolders

_held: dict[Path, int] = {}


class Busy(Exception):
    """Another run holds the data directory."""


@contextmanager
def one_at_a_time(folders: DataFolders, *, wait_seconds: float = 60.0, what: str = "refresh") -> Iterator[None]:
    """Hold the data directory for this process; the same process may enter again.

    Args:
        what: Kind of work that only one process may do; work of another kind goes on beside it.

    Raises:
        Busy: If another process still holds it after `wait_seconds`.
    """
    path = (folders.restricted / f"{what}.lock").resolve()
    if _held.get(path):
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return
    with path.open("a+", encoding="utf-8") as file:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    holder = file.read().strip() or "unknown"
                    raise Busy(
                        f"another {what} (process {holder}) has been running on this data directory for over "
                        f"{wait_seconds:.0f} s; wait for it to end, then run again"
                    ) from None
                time.sleep(0.2)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held[path] = 1
        try:
            yield
        finally:
            _held[path] = 0
