"""Dagster's own pages and daemon, as `cfp ui` sets them up: they show the assets, and a run started there publishes."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagster_project.launch import prepare_home
from dagster_project.project import ROOT, DataFolders
from dagster_project.sources.catalogue import load_catalogue

# One web server for the module, whatever number of workers.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pages")]
JOB = {
    "repositoryLocationName": "dagster_project.definitions",
    "repositoryName": "__repository__",
    "jobName": "refresh",
}


@dataclass(frozen=True)
class Pages:
    """A running web server and daemon on a data directory of their own."""

    address: str
    data: Path
    processes: tuple[subprocess.Popen, ...]

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            return answer.read().decode()

    def ask(self, query: str, **variables: Any) -> Any:
        """Ask the question that the pages would."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            self.address + "/graphql", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            content = json.load(answer)
        assert not content.get("errors"), content["errors"]
        return content["data"]


def until(happened: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Wait for something to become true and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = happened()
        except (urllib.error.URLError, ConnectionError):
            found = None
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def loaded(running: Pages) -> bool:
    """Whether the project is read; a project that cannot be read says why instead of letting the test wait."""
    entries = running.ask(
        """{workspaceOrError {... on Workspace {locationEntries {loadStatus
            locationOrLoadError {__typename ... on PythonError {message stack}}}}}}"""
    )["workspaceOrError"]["locationEntries"]
    for entry in entries:
        problem = entry["locationOrLoadError"]
        assert problem is None or problem["__typename"] != "PythonError", problem
    return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)


@pytest.fixture(scope="module")
def pages(small_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Web server and daemon, started as two processes: `dagster dev` would not end on a signal."""
    folder = tmp_path_factory.mktemp("pages")
    folders = DataFolders(folder / "data")
    folders.create()
    prepare_home(folders.dagster_home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DAGSTER_HOME": str(folders.dagster_home),
        "CFP_COUNCIL": str(ROOT / "council.yml"),
        "CFP_RAW": str(small_raw),
        "CFP_DATA": str(folders.data),
        "CFP_QUIET": "1",
    }
    programs = Path(sys.executable).parent
    commands = [
        [programs / "dagster-webserver", "-m", "dagster_project.definitions", "-h", "127.0.0.1", "-p", str(port)],
        [programs / "dagster-daemon", "run", "-m", "dagster_project.definitions"],
    ]
    with (folder / "log.txt").open("w") as log:
        processes = tuple(
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
            for command in commands
        )
        running = Pages(f"http://127.0.0.1:{port}", folders.data, processes)
        try:
            until(lambda: running.get("/server_info"), seconds=300, what="an answer of the web server")
            # It answers before it has read the project; until then it knows no job.
            until(lambda: loaded(running), seconds=300, what="loading the project")
            yield running
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def test_storage_is_made_before_web_server_and_daemon_start(tmp_path: Path) -> None:
    """Started together, they would each mark the new storage, which then cannot be read."""
    prepare_home(tmp_path / "home")
    prepare_home(tmp_path / "home")
    databases = sorted((tmp_path / "home").rglob("*.db"))
    assert [file.name for file in databases] == ["index.db", "runs.db", "schedules.db"]
    for file in databases:
        with sqlite3.connect(file) as connection:
            assert connection.execute("SELECT count(*) FROM alembic_version").fetchall() == [(1,)], file.name


def test_pages_show_every_asset_with_its_checks(pages: Pages) -> None:
    assert "dagster_version" in json.loads(pages.get("/server_info"))
    assert "<html" in pages.get("/asset-groups")
    nodes = pages.ask("{assetNodes {assetKey {path} groupName description dependencyKeys {path}}}")["assetNodes"]
    shown = {"/".join(node["assetKey"]["path"]): node for node in nodes}
    raw = {f"{table.source}/{table.name}" for table in load_catalogue(ROOT / "dbt" / "models" / "staging")}
    assert raw | {"marts/indicator_comparison", "published/officer", "edition/page"} <= shown.keys()
    assert all(node["groupName"] and node["description"] for node in nodes)
    assert {"/".join(key["path"]) for node in nodes for key in node["dependencyKeys"]} <= shown.keys()


def test_run_started_on_the_pages_publishes_what_the_command_publishes(pages: Pages, by_command: Path) -> None:
    launched = pages.ask(
        """mutation ($job: JobOrPipelineSelector!) {
            launchRun(executionParams: {selector: $job, runConfigData: {}}) {
                __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}""",
        job=JOB,
    )["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]

    def ended() -> str | None:
        run = pages.ask("query ($id: ID!) {runOrError(runId: $id) {... on Run {status}}}", id=run_id)["runOrError"]
        return run["status"] if run["status"] in {"SUCCESS", "FAILURE", "CANCELED"} else None

    assert until(ended, seconds=240, what="the end of the run") == "SUCCESS"
    by_pages, by_cfp = (
        (data / "published" / "officer" / "children.duckdb").resolve().parent.name for data in (pages.data, by_command)
    )
    assert by_pages == by_cfp


def test_server_and_daemon_end_when_asked_to(pages: Pages) -> None:
    for process in pages.processes:
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
    for process in pages.processes:
        process.wait(timeout=60)
