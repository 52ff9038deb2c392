"""How a command ends: its exit code, what it says of why, and that what is published stays as it was."""

import fcntl
import functools
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from desk import LAIT, POPULATION, SMALL, Desk, assert_complete_version, lay_out, set_cell, set_lait_value
from warm_cfp import PROJECT, WarmCfp

from dagster_project import cli
from dagster_project.lock import one_at_a_time

DONE, FAILED, WRONG_USE, REFUSED = 0, 1, 2, 3


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("refresh", "--ful"), "--ful"),
        (("refesh",), "refesh"),
        ((), "COMMAND"),
        (("refresh", "--edition", "Jan"), "Jan"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_was_wrong(
    arguments: tuple[str, ...], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--data", str(tmp_path), *arguments])
    assert ended.value.code == WRONG_USE
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("neighbors: newest", "neighbours"),
        ("thresholds: {min_bas: 30}", "min_base"),
        ("neighbours: closest", "neighbours"),
        ("authority: 12", "authority"),
        ("[", "line"),
    ],
)
def test_a_fault_in_council_yml_ends_with_2_and_names_what_was_meant(
    line: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    council = tmp_path / "council.yml"
    first = "" if line.startswith("authority") else "authority: 383\n"
    council.write_text(f"{first}{line}\n", encoding="utf-8")
    code = cli.main(["refresh", "--council", str(council), "--raw", str(tmp_path), "--data", str(tmp_path / "data")])
    said = capsys.readouterr().err
    assert code == WRONG_USE
    assert str(council) in said
    assert words in said
    assert not (tmp_path / "data").exists()


def test_mixing_synthetic_and_real_files_ends_with_2_and_names_one_of_each(small: Desk) -> None:
    (small.raw / "population" / "mid-2024" / "SYNTHETIC").unlink()
    before = small.version()
    outcome = small.cfp("refresh")
    assert outcome.code == WRONG_USE
    assert POPULATION in outcome.err
    assert "social_care/ssda903" in outcome.err or "published/ees" in outcome.err
    assert small.version() == before


def waive(desk: Desk, expiry: date) -> None:
    """Waive the check on negative counts until a day."""
    (desk.folder / "council").mkdir(exist_ok=True)
    (desk.folder / "council" / "waivers.yml").write_text(
        "- check: published_count_not_negative\n  reason: the publisher confirmed the figure\n"
        f"  name: A. Analyst\n  expiry: {expiry.isoformat()}\n",
        encoding="utf-8",
    )


@pytest.mark.slow
def test_the_gate_refuses_with_3_until_a_waiver_in_force_lets_the_figure_through(sample: Desk) -> None:
    before = sample.version()
    bytes_before = sample.published.read_bytes()
    set_lait_value(sample.raw / LAIT, "LACnum", 383, "2024", "-5")

    refused = sample.cfp("refresh", "--json")
    assert refused.code == REFUSED
    assert refused.facts["outcome"] == "refused"
    assert any("published_count_not_negative" in sentence for sentence in refused.facts["refusals"])
    assert sample.version() == before == assert_complete_version(sample.published)
    assert sample.published.read_bytes() == bytes_before

    waive(sample, date.today() - timedelta(days=1))
    expired = sample.cfp("refresh")
    assert expired.code == REFUSED
    assert "published_count_not_negative" in expired.out
    assert f"version {before} stays current" in expired.out
    assert sample.published.read_bytes() == bytes_before

    waive(sample, date.today())
    sample.refresh()
    assert sample.version() != before
    assert_complete_version(sample.published)
    shown = sample.query(
        "SELECT outcome, waiver FROM marts.check_result WHERE check_id = 'published_count_not_negative'"
    )
    assert shown == [
        ("waived", f"Waived until {date.today():%d/%m/%Y} by A. Analyst: the publisher confirmed the figure")
    ]


def test_a_waiver_for_a_check_that_does_not_exist_ends_with_2_and_names_the_nearest(small: Desk) -> None:
    waive(small, date.today())
    file = small.folder / "council" / "waivers.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("_negative", "_negativ"), encoding="utf-8")
    before = small.version()
    outcome = small.cfp("refresh")
    assert outcome.code == WRONG_USE, str(outcome)
    assert "published_count_not_negative" in outcome.err
    assert small.version() == before


def hold(desk: Desk) -> subprocess.Popen[str]:
    """Hold the data directory from another process, which says so in its first line."""
    held = """
import sys, time
from pathlib import Path
from dagster_project.lock import one_at_a_time
from dagster_project.project import DataFolders
with one_at_a_time(DataFolders(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(120)
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", held, str(desk.data)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_refresh_that_waited_in_vain_ends_with_1_and_names_the_process_in_its_way(
    small: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "one_at_a_time", functools.partial(one_at_a_time, wait_seconds=0.5))
    holder = hold(small)
    try:
        code = cli.main(["refresh", *map(str, small.arguments())])
    finally:
        holder.kill()
        holder.communicate()
    assert code == FAILED
    assert str(holder.pid) in capsys.readouterr().err
    # Its holder is dead, so the lock is free, and there was nothing to do.
    assert cli.main(["refresh", *map(str, small.arguments())]) == DONE


@pytest.mark.slow
def test_a_refresh_started_while_one_runs_waits_for_it_and_then_has_nothing_to_do(small: Desk) -> None:
    set_cell(small.raw / POPULATION, {"old_la_code": "383", "time_period": "2023"}, "population_estimate", "170001")
    before = small.version()
    lock = small.data / "restricted" / "refresh.lock"
    small.start("refresh")
    with lock.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                break
            fcntl.flock(file, fcntl.LOCK_UN)
    # A process of its own: the first one is still running.
    second = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", "refresh", "--json", *map(str, small.arguments())],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    first = small.wait()
    assert first.code == DONE, str(first)
    assert small.version() != before
    assert second.returncode == DONE, second.stderr
    facts = json.loads(second.stdout)
    assert facts["outcome"] == "nothing changed"
    assert facts["version"] == small.version()


@pytest.mark.slow
def test_json_is_one_object_and_quiet_says_nothing_on_the_error_stream(tmp_path: Path, warm: WarmCfp) -> None:
    desk = lay_out(tmp_path / "desk", SMALL, warm)

    def whole_process(*arguments: str) -> subprocess.CompletedProcess[str]:
        """The console script from nothing: what its libraries print at import and at the end counts too."""
        return subprocess.run(
            [sys.executable, "-m", "dagster_project.cli", arguments[0], *map(str, desk.arguments()), *arguments[1:]],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    published = whole_process("refresh", "--json")
    assert published.returncode == DONE, published.stderr
    facts = json.loads(published.stdout)
    assert facts["outcome"] == "published"
    assert facts["exit_code"] == DONE
    assert published.stderr == ""
    # A source that is absent is said to be so, and is never a fault.
    assert facts["sources"]["lait"]["status"] == "not_available"

    unchanged = whole_process("refresh", "--json")
    assert json.loads(unchanged.stdout)["outcome"] == "nothing changed"

    set_cell(desk.raw / POPULATION, {"old_la_code": "383", "time_period": "2023"}, "population_estimate", "170001")
    quiet = whole_process("refresh", "--quiet")
    assert quiet.returncode == DONE, quiet.stderr
    assert quiet.stderr == ""
    assert "Source lait: not available" in quiet.stdout
    assert str(desk.published) in quiet.stdout

    wrong = whole_process("refresh", "--json", "--council", str(tmp_path / "nowhere.yml"))
    assert wrong.returncode == WRONG_USE
    assert "nowhere.yml" in json.loads(wrong.stdout)["error"]
