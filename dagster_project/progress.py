"""Telling people what a run is doing, and the named points at which a test may stop it dead."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

Announce = Callable[[str], None]


class Progress:
    """Lines of progress with the seconds since the start; one moving line on a terminal, plain lines elsewhere.

    Written to the error stream, so that the summary on standard output stays clean.
    """

    def __init__(self, stream: TextIO = sys.stderr, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._started = time.monotonic()
        self._live = not quiet and stream.isatty()
        self._shown = 0

    def __call__(self, step: str) -> None:
        """Say that `step` begins."""
        if self._quiet:
            return
        line = f"[{time.monotonic() - self._started:6.1f} s] {step}"
        if self._live:
            padding = " " * max(0, self._shown - len(line))
            self._stream.write(f"\r{line}{padding}")
            self._shown = len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the moving line."""
        if self._live and self._shown:
            self._stream.write("\n")
            self._shown = 0


def point(name: str) -> None:
    """Mark a named step of a refresh. A test that sets CFP_KILL_AT to the name has the process killed here, as a power
    cut would; see tests/end_to_end/test_kill.py, which walks through every point that a full refresh passes.
    CFP_POINTS_FILE gets one line per point passed; bench/run.py watches it to split a refresh into its steps.
    """
    if os.environ.get("CFP_KILL_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
    trace = os.environ.get("CFP_POINTS_FILE")
    if trace:
        with Path(trace).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
