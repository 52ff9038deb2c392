"""Fixtures of the end-to-end tests: `cfp` with its imports done, and desks that are built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import SMALL, Desk, built_once, lay_out
from warm_cfp import WarmCfp


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmCfp]:
    """A process that forks runs of `cfp`."""
    server = WarmCfp()
    yield server
    server.close()


@pytest.fixture(scope="session")
def small_desk(tmp_path_factory: pytest.TempPathFactory, warm: WarmCfp) -> Desk:
    """Population, one EES data set and the returns of the sample, published once; copy it before writing to it."""
    return built_once(tmp_path_factory, "small", warm, lambda folder: lay_out(folder, SMALL, warm).refresh())


@pytest.fixture(scope="session")
def sample_desk(tmp_path_factory: pytest.TempPathFactory, warm: WarmCfp) -> Desk:
    """The whole sample, published once; copy it before writing to it."""
    return built_once(tmp_path_factory, "sample", warm, lambda folder: lay_out(folder, None, warm).refresh())


@pytest.fixture
def small(small_desk: Desk, tmp_path: Path) -> Desk:
    """A copy of `small_desk` to write to."""
    return small_desk.copy(tmp_path / "desk")


@pytest.fixture
def sample(sample_desk: Desk, tmp_path: Path) -> Desk:
    """A copy of `sample_desk` to write to."""
    return sample_desk.copy(tmp_path / "desk")
