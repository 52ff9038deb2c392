"""Killer of faults in Python: the unit tests of the module, in a forked process that reads the module from memory.

Macros that tests in Python render from their file are tried in the same way.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

SECONDS = 60  # the tests take three; a fault that loops for ever is killed by the clock


class _FromText(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module the text of a mutant."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        self._name, self._path, self._text = name, path, text

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._text, str(self._path), "exec"), module.__dict__)


def _read_from_memory(file: Path, text: str) -> None:
    """Let one file have another text for as long as this process lives."""
    from_disk = Path.read_text

    def read_text(self: Path, *arguments: Any, **options: Any) -> str:
        return text if self.resolve() == file.resolve() else from_disk(self, *arguments, **options)

    Path.read_text = read_text  # type: ignore[method-assign]


def warm_up() -> None:
    """Import what costs seconds, once per worker; nothing of the project, which a mutant must be able to replace."""
    import duckdb  # noqa: F401
    import jinja2  # noqa: F401
    import pydantic  # noqa: F401
    import pytest  # noqa: F401
    import scipy.stats  # noqa: F401


def verdict(root: Path, file: str, text: str, tests: Sequence[str]) -> tuple[str, str]:
    """`killed`, `errored` or `survived`, with what saw it."""
    child = os.fork()
    if child == 0:
        _run_tests(root, file, text, tests)
    deadline_passed = False

    def give_up(signum: int, frame: object) -> None:
        nonlocal deadline_passed
        deadline_passed = True
        os.kill(child, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    try:
        _, status = os.waitpid(child, 0)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    if deadline_passed:
        return "errored", f"takes longer than {SECONDS} s"
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return "survived", ""
    return ("killed", ", ".join(tests)) if code == 1 else ("errored", "the tests could not run")


def _run_tests(root: Path, file: str, text: str, tests: Sequence[str]) -> None:
    """In the child: replace the module, run the tests, leave with pytest's exit code."""
    code = 3
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os.chdir(root)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer to import than the tests to run
        if file.endswith(".py"):
            name = file.removesuffix(".py").replace("/", ".")
            sys.meta_path.insert(0, _FromText(name, root / file, text))
        else:
            _read_from_memory(root / file, text)
        import pytest

        code = int(pytest.main([*tests, "-x", "-q", "-p", "no:cacheprovider"]))
    finally:
        os._exit(code)
