"""What the Dagster tests share: the definitions, and one small data directory refreshed by `cfp`."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess

    import dagster as dg

PROJECT = Path(__file__).resolve().parents[2]
# The rest of the sample, the interactive tool's file and key stage 4, takes half the time of a refresh.
SMALL = ("population", "published/ees/cla_number_and_rate_per_10k_children", "social_care/ssda903/2024")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker: they share a process that has loaded Dagster and one refreshed directory."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("dagster"))


@pytest.fixture(scope="session")
def defs() -> "dg.Definitions":
    """The project's definitions, as `cfp` and the pages load them."""
    from dagster_project.definitions import defs

    return defs


@pytest.fixture(scope="session")
def small_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Population, one data set and one return of the bundled sample; never written to by tests."""
    raw = tmp_path_factory.mktemp("dagster") / "raw"
    for folder in SMALL:
        shutil.copytree(PROJECT / "raw" / "sample" / folder, raw / folder)
    return raw


@pytest.fixture(scope="session")
def by_command(
    small_raw: Path, tmp_path_factory: pytest.TempPathFactory, cfp: "Callable[..., subprocess.CompletedProcess]"
) -> Path:
    """A data directory that `cfp refresh` made from `small_raw`; never written to by tests."""
    data = tmp_path_factory.mktemp("by_command") / "data"
    result = cfp("refresh", "--raw", small_raw, "--data", data, "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["outcome"] == "published"
    return data


@pytest.fixture(scope="session")
def council_of(small_raw: Path) -> Callable[..., dict[str, Any]]:
    """Run configuration that points the resource at a data directory of the test's own, as the launchpad would."""

    def make(data: Path, *, raw: Path = small_raw) -> dict[str, Any]:
        folders = {"council_file": str(PROJECT / "council.yml"), "raw_dir": str(raw), "data_dir": str(data)}
        return {"resources": {"council": {"config": folders | {"quiet": True}}}}

    return make


@pytest.fixture(autouse=True)
def no_environment_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Council.from_environment` must not find what another test's command set."""
    for name in [name for name in os.environ if name.startswith("CFP_") or name == "DAGSTER_HOME"]:
        monkeypatch.delenv(name)
