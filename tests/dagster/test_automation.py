"""The sensor: asks once for what lies under raw/, and for nothing that is published already."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import dagster as dg


@pytest.fixture
def evaluate() -> "Iterator[Callable[[dict[str, Any], str | None], dg.SensorExecutionData]]":
    """Evaluate the sensor as the daemon does."""
    from dagster import DagsterInstance, build_sensor_context

    from dagster_project.automation import files_arrived
    from dagster_project.resources import Council

    with DagsterInstance.ephemeral() as instance:

        def once(council: dict[str, Any], cursor: str | None) -> "dg.SensorExecutionData":
            with build_sensor_context(
                instance=instance,
                cursor=cursor,
                resources={"council": Council(**council["resources"]["council"]["config"])},
            ) as context:
                return files_arrived.evaluate_tick(context)

        yield once


def test_second_look_at_the_same_files_asks_for_nothing(
    evaluate: Callable, council_of: Callable, tmp_path: Path
) -> None:
    council = council_of(tmp_path / "data")
    first = evaluate(council, None)
    assert len(first.run_requests) == 1
    second = evaluate(council, first.cursor)
    assert not second.run_requests
    assert second.skip_message


def test_new_file_is_asked_for_once_under_a_key_of_its_own(
    evaluate: Callable, council_of: Callable, small_raw: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(small_raw, raw)
    council = council_of(tmp_path / "data", raw=raw)
    first = evaluate(council, None)
    shutil.copytree(raw.parent / "raw" / "social_care" / "ssda903" / "2024", raw / "social_care" / "ssda903" / "2023")
    second = evaluate(council, first.cursor)
    assert len(second.run_requests) == 1
    assert second.run_requests[0].run_key != first.run_requests[0].run_key
    assert not evaluate(council, second.cursor).run_requests


@pytest.mark.slow
def test_files_that_are_published_already_are_not_asked_for(
    evaluate: Callable, council_of: Callable, by_command: Path
) -> None:
    tick = evaluate(council_of(by_command), None)
    assert not tick.run_requests
    assert "published already" in tick.skip_message
    assert tick.cursor
