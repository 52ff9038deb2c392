"""Progress lines, and the named points at which a test may kill a run."""

import io
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.progress import Progress, point
from dagster_project.project import ROOT


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_each_step_is_a_line_with_the_seconds_since_the_start() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    progress("landing lait")
    progress("building the marts")
    progress.close()
    assert re.fullmatch(r"\[ +\d+\.\d s\] landing lait\n\[ +\d+\.\d s\] building the marts\n", stream.getvalue())


def test_terminal_shows_one_moving_line_without_leftovers_of_a_longer_one() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress("a long step of work")
    progress("short")
    progress.close()
    assert stream.getvalue().count("\n") == 1
    long, short = stream.getvalue().strip("\r\n").split("\r")
    assert len(short) == len(long)
    assert short.rstrip().endswith("short")


def test_terminal_that_showed_nothing_gets_no_empty_line() -> None:
    stream = Terminal()
    Progress(stream).close()
    assert stream.getvalue() == ""


def test_quiet_says_nothing() -> None:
    stream = io.StringIO()
    progress = Progress(stream, quiet=True)
    progress("landing lait")
    progress.close()
    assert stream.getvalue() == ""


def test_points_passed_are_written_down_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFP_POINTS_FILE", str(tmp_path / "points"))
    monkeypatch.setenv("CFP_KILL_AT", "elsewhere")
    point("prepare.done")
    point("register.done")
    assert (tmp_path / "points").read_text() == "prepare.done\nregister.done\n"


def test_named_point_kills_the_process_as_a_power_cut_would() -> None:
    code = (
        "import sys; from dagster_project.progress import point\ntry:\n    point('here')\nfinally:\n    print('tidied')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"CFP_KILL_AT": "here"}, capture_output=True, text=True, check=False
    )
    assert result.returncode == -signal.SIGKILL
    assert result.stdout == ""
