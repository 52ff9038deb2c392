"""One writer at a time on a data directory, and a lock that dies with its holder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.lock import Busy, one_at_a_time
from dagster_project.project import ROOT, DataFolders

_HOLDER = """
import sys
from pathlib import Path
from dagster_project.lock import one_at_a_time
from dagster_project.project import DataFolders
with one_at_a_time(DataFolders(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    made = DataFolders(tmp_path / "data")
    made.create()
    return made


@pytest.fixture
def holder(folders: DataFolders) -> Iterator[subprocess.Popen]:
    """Another process that holds the data directory until its input closes."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folders.data)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_second_run_is_told_who_holds_the_directory(folders: DataFolders, holder: subprocess.Popen) -> None:
    with (
        pytest.raises(Busy, match=rf"process {holder.pid}\b.*wait for it to end"),
        one_at_a_time(folders, wait_seconds=0),
    ):
        pytest.fail("two runs at once")


def test_waiting_run_goes_on_when_the_holder_ends(folders: DataFolders, holder: subprocess.Popen) -> None:
    assert holder.stdin is not None
    holder.stdin.close()
    with one_at_a_time(folders, wait_seconds=20):
        assert (folders.restricted / "refresh.lock").read_text() == str(os.getpid())


def test_lock_dies_with_a_killed_holder(folders: DataFolders, holder: subprocess.Popen) -> None:
    holder.send_signal(signal.SIGKILL)
    with one_at_a_time(folders, wait_seconds=20):
        pass


def test_steps_of_one_run_may_hold_it_again_and_it_is_free_afterwards(folders: DataFolders) -> None:
    with one_at_a_time(folders), one_at_a_time(folders, wait_seconds=0):
        pass
    with one_at_a_time(folders, wait_seconds=0):
        pass


def test_failure_inside_frees_the_directory(folders: DataFolders) -> None:
    def fail() -> None:
        with one_at_a_time(folders):
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    with one_at_a_time(folders, wait_seconds=0):
        pass


def test_two_data_directories_do_not_hold_each_other_up(folders: DataFolders, tmp_path: Path) -> None:
    other = DataFolders(tmp_path / "other")
    other.create()
    with one_at_a_time(folders), one_at_a_time(other, wait_seconds=0):
        pass
