"""A refresh that dies anywhere leaves a complete version for readers, and the next refresh ends the work."""

import os
import random
import signal
import time
from pathlib import Path

import duckdb
import pytest
from desk import (
    CLA,
    EPISODES,
    POPULATION,
    SMALL,
    Desk,
    assert_complete_version,
    assert_page_of_current_version,
    built_once,
    differing_rows,
    edit_csv,
    lay_out,
    set_cell,
)
from warm_cfp import Outcome, WarmCfp

# Every step at which a refresh marks its way, in order. `test_every_point_of_a_refresh_is_listed` fails when the
# product gains one; add it here, and the walk below kills a refresh there too.
POINTS = (
    "prepare.done",
    "land.council.loaded",
    "land.council.settled",
    "land.ees.loaded",
    "land.ees.settled",
    "land.geography.loaded",
    "land.geography.settled",
    "land.lait.loaded",
    "land.lait.settled",
    "land.population.loaded",
    "land.population.settled",
    "land.results.loaded",
    "land.results.settled",
    "land.school_census.loaded",
    "land.school_census.settled",
    "land.ssda903.loaded",
    "land.ssda903.settled",
    "returns.listed",
    "returns.checked",
    "register.done",
    "transform.before_build",
    "transform.built",
    "transform.done",
    "check.done",
    "publish.database_written",
    "publish.parquet_written",
    "publish.before_version_rename",
    "publish.after_version_rename",
    "publish.before_switch",
    "publish.after_switch",
    "edition.page.before_rename",
    "edition.page.after_rename",
    "edition.manifest.before_rename",
    "edition.manifest.after_rename",
)
SWITCHED = POINTS[POINTS.index("publish.after_switch") :]
# A refresh that goes on from a killed one is killed again at a later point: every point is met on what a death left.
WALKS = tuple(POINTS[start::6] for start in range(6))
KILLED = -signal.SIGKILL
FIGURES = ("indicator_comparison", "comparator_value", "fct_indicator_value", "dim_period", "source_file")


def change_inputs(raw: Path) -> None:
    """Change a cell of every source, so that another version would be published."""
    leeds = {"old_la_code": "383", "time_period": "2024"}
    stock = "Children looked after on 31 March each year"
    set_cell(raw / CLA, leeds | {"population_type": stock}, "children_count", "1234")
    set_cell(raw / POPULATION, leeds, "population_estimate", "170001")
    edit_csv(raw / EPISODES, lambda rows: rows.__delitem__(slice(5)))


@pytest.fixture(scope="session")
def changed_desk(tmp_path_factory: pytest.TempPathFactory, warm: WarmCfp, small_desk: Desk) -> Desk:
    """What an uninterrupted refresh makes of the changed inputs, and the points that it passed."""

    def build(folder: Path) -> None:
        desk = small_desk.copy(folder)
        change_inputs(desk.raw)
        desk.refresh(environment={"CFP_POINTS_FILE": str(folder / "points")})

    return built_once(tmp_path_factory, "changed", warm, build)


@pytest.fixture
def changed(small: Desk) -> Desk:
    """A published version, and inputs that would give another."""
    change_inputs(small.raw)
    return small


def assert_killed(outcome: Outcome) -> None:
    assert outcome.code == KILLED, f"the refresh was not killed:\n{outcome}"


def assert_recovers(desk: Desk, expected: Desk) -> None:
    """The next plain refresh publishes what an uninterrupted one would have."""
    desk.refresh()
    assert_complete_version(desk.published)
    assert_page_of_current_version(desk)
    for table in FIGURES:
        # When a file was first seen is the only thing that may differ.
        columns = "* EXCLUDE (received_at)" if table == "source_file" else "*"
        assert differing_rows(desk.published, expected.published, table, columns) == 0, table
    left_over = [path.name for path in desk.data.rglob(".*") if path.is_relative_to(desk.data / "published")]
    left_over += [path.name for path in (desk.data / "editions").rglob(".*")]
    assert left_over == []
    assert "nothing changed" in desk.refresh("--json").facts["outcome"]


def test_every_point_of_a_refresh_is_listed(changed_desk: Desk) -> None:
    passed = (changed_desk.folder / "points").read_text(encoding="utf-8").split()
    assert tuple(passed) == POINTS


@pytest.mark.slow
@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk[0])
def test_a_refresh_killed_at_every_point_leaves_a_version_and_the_next_ends_the_work(
    walk: tuple[str, ...], changed: Desk, changed_desk: Desk
) -> None:
    before = changed.version()
    for point in walk:
        assert_killed(changed.cfp("refresh", environment={"CFP_KILL_AT": point}))
        current = assert_complete_version(changed.published)
        assert (current != before) == (point in SWITCHED), point
    assert_recovers(changed, changed_desk)
    assert changed.version() != before


def test_every_point_is_on_one_walk() -> None:
    assert sorted(point for walk in WALKS for point in walk) == sorted(POINTS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("after", "longest_wait"), [("prepare.done", 1.5), ("transform.before_build", 4.0), ("check.done", 1.0)]
)
def test_a_refresh_killed_at_a_random_moment_leaves_a_version_and_the_next_ends_the_work(
    after: str, longest_wait: float, changed: Desk, changed_desk: Desk
) -> None:
    before = changed.version()
    points = changed.folder / "points"
    # Records on disk: a kill may hit Dagster's own storage as well.
    process = changed.start("refresh", environment={"CFP_POINTS_FILE": str(points)}, records=True)
    deadline = time.monotonic() + 120
    while after not in (points.read_text(encoding="utf-8").split() if points.exists() else []):
        assert time.monotonic() < deadline, f"the refresh never came to {after}"
        time.sleep(0.02)
    time.sleep(random.Random(after).uniform(0, longest_wait))
    os.kill(process, signal.SIGKILL)
    assert_killed(changed.wait())
    assert assert_complete_version(changed.published) == before
    assert_recovers(changed, changed_desk)


@pytest.mark.slow
def test_killed_before_anything_was_ever_published_leaves_nothing_to_open_and_the_next_publishes(
    tmp_path: Path, warm: WarmCfp, small_desk: Desk
) -> None:
    desk = lay_out(tmp_path / "desk", SMALL, warm)
    for point in ("land.ssda903.loaded", "transform.built", "publish.before_switch"):
        assert_killed(desk.cfp("refresh", environment={"CFP_KILL_AT": point}))
        assert not desk.published.exists()
        assert not (desk.data / "editions").exists()
    assert_recovers(desk, small_desk)


@pytest.mark.slow
def test_a_reader_that_is_open_keeps_its_version_while_another_is_published(changed: Desk) -> None:
    reader = duckdb.connect(str(changed.published), read_only=True)
    try:
        before = reader.execute("SELECT * FROM marts.fct_indicator_value ORDER BY ALL").fetchall()
        changed.refresh()
        assert reader.execute("SELECT * FROM marts.fct_indicator_value ORDER BY ALL").fetchall() == before
    finally:
        reader.close()
    assert changed.query("SELECT * FROM marts.fct_indicator_value ORDER BY ALL") != before
