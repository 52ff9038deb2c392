"""Fixtures that several folders of tests share: the published figures beside the project, what is built from them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared" / "data"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what reads the shared figures; leave it out, with one line, where they are not. CI must have them."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & {"shared_data", "real_raw", "real_published", "returns_published", "real_data", "minute_data"}:
            item.add_marker("shared")
    if SHARED.exists():
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("the shared figures are missing beside the project: CI cannot pass without them")
    left = [item for item in items if item.get_closest_marker("shared")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
        print(f"\n{len(left)} tests left out: they read published figures in ../shared/data, which is not here")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real published figures and sample returns."""
    return SHARED


def run_cfp(
    *arguments: str | Path, environment: dict[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess:
    """Run `cfp` as its own process, as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *map(str, arguments)],
        cwd=PROJECT,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="session")
def cfp() -> Callable[..., subprocess.CompletedProcess]:
    """`cfp` as its own process."""
    return run_cfp


def lay_out_real_raw(raw: Path) -> Path:
    """Copy the shared figures into the folders of a raw/ directory."""
    layout = {
        "published/ees/cla_number_and_rate_per_10k_children/2025": ["ees/cla_number_and_rate_per_10k_children.csv"],
        "published/ees/ks4_la/2025-04": ["ees/vintages/ks4_la__release_2025-04.csv"],
        "published/ees/ks4_la/2026-04": ["ees/ks4_la.csv"],
        "published/ees/b1_children_in_need/2025": ["ees/b1_children_in_need_2013_to_2025.csv"],
        "published/ees/c1_children_in_need_referrals_and_rereferrals/2025": [
            "ees/c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv"
        ],
        "published/ees/d3_cpps_subsequent_plan/2025": ["ees/d3_cpps_subsequent_plan_2013_to_2025.csv"],
        "published/ees/la_cla_placement_stability/2025": ["ees/la_cla_placement_stability.csv"],
        "published/ees/la_care_leavers_accommodation_suitability/2025": [
            "ees/la_care_leavers_accommodation_suitability.csv"
        ],
        "published/ees/neet_la_scorecard/2022": ["ees/neet_la_scorecard_2022.csv"],
        "published/ees/neet_la_scorecard/2025": ["ees/neet_la_scorecard_2025.csv"],
        "published/ees/ks2_la/2026-04": ["ees/ks2_la.csv"],
        "published/ees/absence_by_social_care_group/2026-04": ["ees/absence_by_social_care_group_subset.csv"],
        "published/ees/eyfsp_gld/2018": ["ees/eyfsp_gld_2013_to_2018.csv", "ees/eyfsp_gld_2013_to_2018.meta.csv"],
        "published/ees/eyfsp_headline_measures/2022": ["ees/eyfsp_headline_measures_202122_subset.csv"],
        "published/ees/sen2_ehc_mi/2022": ["ees/sen2_ehc_mi_2014_to_2022.csv"],
        "population/2024": ["ees/ons_mid-year_population_estimates_2012_to_2024.csv"],
    }
    shutil.copytree(SHARED / "lait", raw / "published" / "lait" / "2026-04")
    for folder, files in layout.items():
        (raw / folder).mkdir(parents=True)
        for file in files:
            shutil.copy(SHARED / file, raw / folder)
    return raw


def lay_out_returns(raw: Path, *, population: bool = True) -> Path:
    """Copy the four synthetic looked-after returns, and the population under their rates."""
    for year in (2020, 2021, 2022, 2023):
        target = raw / "social_care" / "ssda903" / str(year)
        target.mkdir(parents=True)
        for file in (SHARED / "social_care" / "ssda903_synthetic" / str(year)).iterdir():
            shutil.copy(file, target)
    if population:
        (raw / "population" / "2024").mkdir(parents=True)
        shutil.copy(SHARED / "ees" / "ons_mid-year_population_estimates_2012_to_2024.csv", raw / "population" / "2024")
    return raw


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory refreshed once, for all workers, from the real published figures; never written to by tests."""
    return _built_once(tmp_path_factory, "real", lay_out_real_raw)


@pytest.fixture(scope="session")
def real_published(real_data: Path) -> Path:
    """The published file of `real_data`."""
    return real_data / "published" / "officer" / "children.duckdb"


# The edition behind the scrutiny minute: what was known when the report on 2022/23 was made, as published now.
MINUTE = """
authority: 383
editions:
  - id: 2023-01
    latest_period_end:
      {academic: 2022-08-31, financial: 2023-03-31, calendar: 2022-12-31, snapshot_31_march: 2023-03-31}
    neighbours: 2021-04
"""


@pytest.fixture(scope="session")
def minute_data(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """A data directory with edition 2023-01, refreshed once from a copy of `real_data`; never written to."""
    raw = real_data.parent / "raw"
    return _built_once(tmp_path_factory, "minute", lambda _: raw, council=MINUTE, start=real_data)


@pytest.fixture(scope="session")
def returns_published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file made from four looked-after returns and the population, and nothing else."""
    return _built_once(tmp_path_factory, "returns", lay_out_returns) / "published" / "officer" / "children.duckdb"


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory refreshed once from the bundled sample; copy it before writing to it."""
    return _built_once(tmp_path_factory, "sample", lambda raw: shutil.copytree(PROJECT / "raw" / "sample", raw))


def _built_once(
    factory: pytest.TempPathFactory,
    name: str,
    lay_out: Callable[[Path], Path],
    *,
    council: str | None = None,
    start: Path | None = None,
) -> Path:
    """Refresh into a folder that all workers of a test run share; the first to ask builds, the others wait.

    Args:
        council: Text of a council.yml of its own; without one the project's is used.
        start: Data directory to go on from; without one everything is read and built.
    """
    shared = factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else factory.getbasetemp()
    folder = shared / f"built_{name}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "done.json"
        if not done.exists():
            settings = []
            if start is not None:
                shutil.copytree(start, folder / "data", symlinks=True, dirs_exist_ok=True)
            if council is not None:
                (folder / "council.yml").write_text(council, encoding="utf-8")
                settings = ["--council", folder / "council.yml"]
            result = run_cfp(
                "refresh", *settings, "--raw", lay_out(folder / "raw"), "--data", folder / "data", "--json", timeout=600
            )
            done.write_text(json.dumps({"code": result.returncode, "out": result.stdout, "err": result.stderr[-4000:]}))
        outcome = json.loads(done.read_text())
    assert outcome["code"] == 0, f"the refresh of {name} failed:\n{outcome['out']}\n{outcome['err']}"
    return folder / "data"
