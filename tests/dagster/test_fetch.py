"""Fetching from Dagster: the job writes what `cfp fetch-published` does, the sensor asks once for each new version."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.ees_service.conftest import Desk
from tests.ees_service.fake_service import FakeService
from tests.ees_service.pairs import CLA, STABILITY, write_pairs

if TYPE_CHECKING:
    import dagster as dg

    from dagster_project.resources import Council


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FakeService(write_pairs(tmp_path / "pairs")) as service:
        yield Desk(service, tmp_path)


def council(desk: Desk) -> "Council":
    from dagster_project.resources import Council

    return Council(council_file=str(desk.council), raw_dir=str(desk.raw), data_dir=str(desk.data), quiet=True)


@pytest.fixture
def evaluate(desk: Desk) -> "Iterator[Callable[[str | None], dg.SensorExecutionData]]":
    """Evaluate the sensor as the daemon does."""
    from dagster import DagsterInstance, build_sensor_context

    from dagster_project.automation import version_published

    with DagsterInstance.ephemeral() as instance:

        def once(cursor: str | None = None) -> "dg.SensorExecutionData":
            with build_sensor_context(
                instance=instance, cursor=cursor, resources={"council": council(desk)}
            ) as context:
                return version_published.evaluate_tick(context)

        yield once


def test_job_lands_what_is_wanted(defs: "dg.Definitions", desk: Desk) -> None:
    desk.pin()
    result = run(defs, desk)
    assert result.success
    (made,) = result.get_asset_materialization_events()
    metadata = made.materialization.metadata
    assert metadata["fetched"].value == 1
    (record,) = metadata["data_sets"].records
    assert (record.data["data_set"], record.data["version"], record.data["rows"]) == (CLA, "1.1", 36)
    assert len(desk.files()) == 2


def test_job_fails_in_words_after_the_others_were_fetched(defs: "dg.Definitions", desk: Desk) -> None:
    desk.pin(STABILITY, "1.0").pin(CLA)
    result = run(defs, desk)
    assert not result.success
    (failed,) = result.get_step_failure_events()
    assert "version 2.0 is not like" in failed.step_failure_data.user_failure_data.description
    assert len(desk.files()) == 2


def run(defs: "dg.Definitions", desk: Desk) -> Any:
    config = {"council_file": str(desk.council), "raw_dir": str(desk.raw), "data_dir": str(desk.data), "quiet": True}
    job = defs.resolve_job_def("fetch_published")
    return job.execute_in_process(run_config={"resources": {"council": {"config": config}}}, raise_on_error=False)


def test_sensor_asks_once_for_a_version_and_again_for_the_next(desk: Desk, evaluate: Callable) -> None:
    found = desk.service.data_set(STABILITY)
    latest = found.versions.pop()
    desk.pin(STABILITY, "1.*")
    first = evaluate()
    assert len(first.run_requests) == 1
    second = evaluate(first.cursor)
    assert not second.run_requests
    assert second.skip_message == "no new version is published"
    found.versions.append(latest)
    third = evaluate(second.cursor)
    assert len(third.run_requests) == 1
    assert third.run_requests[0].run_key != first.run_requests[0].run_key


def test_sensor_does_not_ask_for_what_is_under_raw(desk: Desk, evaluate: Callable) -> None:
    desk.pin().fetch_one()
    assert not evaluate().run_requests


def test_sensor_without_data_sets_says_so(desk: Desk, evaluate: Callable) -> None:
    desk.council.write_text("authority: 383\n")
    tick = evaluate()
    assert not tick.run_requests
    assert "lists no data set" in tick.skip_message


def test_sensor_that_is_refused_says_why_and_what_to_do(desk: Desk, evaluate: Callable) -> None:
    desk.pin()
    desk.service.holdings.data_sets.clear()
    tick = evaluate()
    assert not tick.run_requests
    assert "answered 404: Not found. To do: check `id`" in tick.skip_message


def test_data_set_that_cannot_be_asked_does_not_hold_up_the_others(desk: Desk, evaluate: Callable) -> None:
    desk.pin(STABILITY, "1.*").pin()
    del desk.service.holdings.data_sets[desk.service.data_set(STABILITY).id]
    tick = evaluate('{"la_cla_placement_stability": "1.0"}')
    assert len(tick.run_requests) == 1
    assert tick.cursor == f'{{"{CLA}": "1.1", "{STABILITY}": "1.0"}}'


def test_sensor_asks_for_no_version_that_is_not_published(desk: Desk, evaluate: Callable) -> None:
    desk.pin(version="1.0").fetch_one()
    desk.service.data_set(CLA).versions[1].status = "Withdrawn"
    assert not evaluate().run_requests


def test_sensor_looks_once_a_day(defs: "dg.Definitions") -> None:
    assert defs.resolve_sensor_def("version_published").minimum_interval_seconds == 24 * 60 * 60
    assert defs.resolve_sensor_def("version_published").job.name == "fetch_published"
