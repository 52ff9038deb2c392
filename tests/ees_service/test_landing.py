"""How a release gets under raw/: whole or not at all, whatever stops the run."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dagster_project.ees_service import release
from dagster_project.ees_service.client import ServiceError
from dagster_project.ees_service.labels import read_meta
from dagster_project.ees_service.query import Query
from dagster_project.ees_service.versions import Version
from dagster_project.landing.inventory import MixedSources, effective_raw_dir, take_inventory
from dagster_project.lock import Busy, one_at_a_time
from dagster_project.project import ROOT, STAGING_DIR, DataFolders
from dagster_project.sources.catalogue import load_catalogue
from tests.ees_service.conftest import Desk
from tests.ees_service.pairs import CLA

RELEASE = f"published/ees/{CLA}/2025-02-15_v1.1"


def start(desk: Desk, **environment: str) -> subprocess.Popen:
    """Start `cfp fetch-published` as its own process."""
    command = [sys.executable, "-m", "dagster_project.cli", "fetch-published", "--council", str(desk.council)]
    command += ["--raw", str(desk.raw), "--data", str(desk.data), "--quiet"]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("stall_on", ["/meta", "/csv", "/query page 1"])
def test_kill_while_the_service_stalls_leaves_nothing_and_the_next_run_ends_the_work(desk: Desk, stall_on: str) -> None:
    desk.pin(method="query" if "query" in stall_on else "csv")
    desk.switch(stall_on=stall_on)
    process = start(desk)
    assert desk.service.stalled.wait(timeout=20)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert desk.files() == {}
    desk.service.release.set()
    desk.switch(stall_on=None)
    assert desk.fetch_one().outcome == "fetched"
    assert desk.files().keys() == {f"{RELEASE}/{CLA}.csv", f"{RELEASE}/{CLA}.meta.csv"}


@pytest.mark.parametrize(("point", "lands"), [("fetch built", False), ("fetch landed", True)])
def test_kill_at_the_last_step_leaves_a_whole_release_or_none(desk: Desk, point: str, lands: bool) -> None:
    process = start(desk.pin(), CFP_KILL_AT=point)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL
    assert len(desk.files()) == (2 if lands else 0)
    assert desk.fetch_one().outcome == ("already there" if lands else "fetched")
    assert len(desk.files()) == 2


def test_pages_of_a_run_that_was_stopped_are_used_again(desk: Desk) -> None:
    desk.pin(method="query")
    desk.switch(fail_times=100, fail_only="/query page 4")
    assert "tried 5 times" in desk.failure()
    assert len(list(desk.kept.rglob("*.json"))) == 3
    desk.switch(fail_times=0)
    desk.service.asked.clear()
    assert desk.fetch_one().rows == 36
    pages = [line.rpartition(" ")[2] for line in desk.service.asked if "/query" in line]
    assert pages == ["4", "5", "6", "7", "8"]
    assert "page 1: 5 of 36 rows (kept from before)" in "\n".join(desk.said)
    assert not list(desk.kept.iterdir())


def test_pages_of_another_question_are_not_used(desk: Desk) -> None:
    desk.pin(method="query")
    desk.switch(fail_times=100, fail_only="/query page 4")
    desk.failure()
    desk.switch(fail_times=0)
    desk.service.asked.clear()
    desk.fetch_one(page_size=12)
    assert sum("/query" in line for line in desk.service.asked) == 3


def test_pages_read_under_other_metadata_are_not_used(desk: Desk) -> None:
    desk.pin(method="query")
    desk.switch(fail_times=100, fail_only="/query page 4")
    desk.failure()
    desk.switch(fail_times=0)
    desk.service.data_set(CLA).versions[1].meta["filters"][0]["label"] = "Other"
    desk.service.asked.clear()
    assert desk.fetch_one().rows == 36
    assert sum("/query" in line for line in desk.service.asked) == 8


@pytest.mark.parametrize("name", ["id", "version"])
def test_pages_of_another_data_set_or_version_are_not_used(desk: Desk, name: str) -> None:
    run, meta = desk.pin(method="query").open(), read_meta(desk.client.meta(desk.service.data_set(CLA).id, "1.1"))
    (wanted,) = run.wanted
    version = Version("1.1", (1, 1, 0), "Published", date(2025, 2, 15), 36)
    asked = Query(desk.client, wanted.pinned.id, version, meta, wanted.table, desk.kept)
    other = {"id": {"data_set_id": "another"}, "version": {"version": replace(version, text="1.2")}}[name]
    assert replace(asked, **other).pages != asked.pages
    assert replace(asked).pages == asked.pages


def test_pages_are_kept_where_the_service_asks_for_a_long_wait(desk: Desk) -> None:
    desk.pin(method="query")
    desk.switch(fail_times=1, fail_only="/query page 4", retry_after="7200")
    assert "asks to wait 7200 s" in desk.failure()
    assert len(list(desk.kept.rglob("*.json"))) == 3


def test_file_of_the_service_is_not_kept_where_the_release_could_not_be_moved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(built: Path, target: Path) -> None:
        raise ServiceError("no", "nothing")

    monkeypatch.setattr(release, "land", refuse)
    desk.pin().failure()
    assert not list(desk.kept.rglob("received.csv"))


def test_page_that_was_kept_in_part_is_asked_for_again(desk: Desk) -> None:
    desk.pin(method="query")
    desk.switch(fail_times=100, fail_only="/query page 3")
    desk.failure()
    desk.switch(fail_times=0)
    (kept,) = desk.kept.rglob("000002.json")
    kept.write_bytes(kept.read_bytes()[:50])
    assert desk.fetch_one().rows == 36


def test_half_a_release_of_an_earlier_run_is_made_anew(desk: Desk) -> None:
    left = desk.kept / CLA / "v1.1" / "release"
    left.mkdir(parents=True)
    (left / "half.csv").write_text("half")
    desk.pin().fetch_one()
    assert len(desk.files()) == 2


@pytest.mark.parametrize("marked", ["", "published", "published/ees", "social_care/ssda903/2024"])
def test_nothing_real_is_fetched_beside_or_below_what_is_invented(desk: Desk, marked: str) -> None:
    (desk.raw / marked).mkdir(parents=True)
    (desk.raw / marked / "SYNTHETIC").touch()
    before = desk.files()
    desk.pin()
    with pytest.raises(MixedSources) as error:
        desk.fetch()
    assert f"{desk.raw / marked} is marked by a file named SYNTHETIC" in str(error.value)
    assert desk.service.asked == []
    assert desk.files() == before


def test_bundled_sample_is_no_reason_not_to_fetch(desk: Desk) -> None:
    (desk.raw / "sample" / "published").mkdir(parents=True)
    (desk.raw / "sample" / "published" / "SYNTHETIC").touch()
    assert desk.pin().fetch_one().outcome == "fetched"


def another_file_system(monkeypatch: pytest.MonkeyPatch, desk: Desk, then: Any = None) -> None:
    """Have the move from the data folder fail as between file systems; `then` runs before the copy gets its name."""
    rename = Path.rename

    def refuse(source: Path, target: Path) -> Path:
        if desk.data in source.parents:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        if then is not None:
            then(source)
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refuse)


def test_raw_on_another_file_system_gets_a_copy_that_no_inventory_sees_before_it_is_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = load_catalogue(STAGING_DIR)
    seen: list[tuple[int, list[str]]] = []

    def look(copy: Path) -> None:
        (desk.raw / "sample").mkdir()
        assert effective_raw_dir(desk.raw) == desk.raw / "sample"
        (desk.raw / "sample").rmdir()
        seen.append((len(take_inventory(desk.raw, catalogue).files), sorted(file.name for file in copy.iterdir())))

    another_file_system(monkeypatch, desk, look)
    assert desk.pin().fetch_one().outcome == "fetched"
    assert seen == [(0, [f"{CLA}.csv", f"{CLA}.meta.csv"])]
    assert desk.files().keys() == {f"{RELEASE}/{CLA}.csv", f"{RELEASE}/{CLA}.meta.csv"}
    assert not list(desk.kept.iterdir())


def test_copy_left_by_a_run_that_was_killed_is_cleared_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    left = desk.raw / f"published/ees/{CLA}/.2025-02-15_v1.1.99999"
    left.mkdir(parents=True)
    (left / "half.csv").write_text("half")
    another_file_system(monkeypatch, desk)
    desk.pin().fetch_one()
    assert not left.exists()


def test_copy_that_cannot_be_finished_is_taken_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(copy: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    another_file_system(monkeypatch, desk, full)
    with pytest.raises(OSError, match="No space left"):
        desk.pin().fetch_one()
    assert desk.files() == {}


def test_two_at_once_are_not_let_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.pin()
    DataFolders(desk.data).create()
    holder = (
        "import sys; from pathlib import Path; from dagster_project.lock import one_at_a_time;"
        "from dagster_project.project import DataFolders\n"
        "with one_at_a_time(DataFolders(Path(sys.argv[1])), what='fetch-published'): print('in', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(desk.data)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        folders = DataFolders(desk.data)
        with (
            pytest.raises(Busy, match="another fetch-published"),
            one_at_a_time(folders, what="fetch-published", wait_seconds=0),
        ):
            pass
        # A refresh goes on beside it.
        with one_at_a_time(folders, wait_seconds=0):
            pass
        process.communicate(b"\n")
