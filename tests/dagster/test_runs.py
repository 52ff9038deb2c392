"""Runs: a job of Dagster is the same run as `cfp refresh`, and a gate that refuses stops it before publication."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    import dagster as dg

pytestmark = pytest.mark.slow


@pytest.fixture
def instance() -> "Iterator[dg.DagsterInstance]":
    from dagster import DagsterInstance

    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def published(data: Path) -> Path:
    return data / "published" / "officer" / "children.duckdb"


def compare(first: Path, second: Path) -> dict[str, int]:
    """Rows that one published file has and the other has not, by table; times of arrival and publication left out."""
    connection = duckdb.connect()
    try:
        for name, file in (("a", first), ("b", second)):
            connection.execute(f"ATTACH '{file.resolve()}' AS {name} (READ_ONLY)")
        tables = connection.execute(
            """SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
            WHERE database_name = 'a' AND schema_name = 'marts' AND column_name NOT IN ('published_at', 'received_at')
            GROUP BY table_name"""
        ).fetchall()
        differing = {}
        for table, columns in tables:
            chosen = ", ".join(f'"{column}"' for column in columns)
            one, other = (f"SELECT {chosen} FROM {name}.marts.{table}" for name in ("a", "b"))
            row = connection.execute(
                f"""SELECT count(*) FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one}))"""
            ).fetchone()
            differing[table] = row[0] if row else 0
        return differing
    finally:
        connection.close()


@pytest.fixture(scope="module")
def by_job(
    defs: "dg.Definitions", council_of: Callable, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Path, dg.ExecuteInProcessResult]]":
    """A data directory that Dagster's job made from the same files, and the record of the run."""
    from dagster import DagsterInstance

    data = tmp_path_factory.mktemp("by_job") / "data"
    with DagsterInstance.ephemeral() as ephemeral:
        yield data, defs.resolve_job_def("refresh").execute_in_process(instance=ephemeral, run_config=council_of(data))


def test_job_publishes_what_the_command_publishes(
    by_job: "tuple[Path, dg.ExecuteInProcessResult]", by_command: Path
) -> None:
    data, _ = by_job
    assert published(data).resolve().parent.name == published(by_command).resolve().parent.name
    differing = compare(published(by_command), published(data))
    assert len(differing) > 10
    assert {table: rows for table, rows in differing.items() if rows} == {}
    pages = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for folder in (data, by_command)
        for file in folder.glob("editions/*/officer/index.html")
    }
    assert len(pages) == 1
    (page,) = pages
    assert (by_command / page).read_bytes() == (data / page).read_bytes()


def test_every_asset_of_a_run_is_told_with_its_rows_and_every_check_with_counts(
    by_job: "tuple[Path, dg.ExecuteInProcessResult]", defs: "dg.Definitions"
) -> None:
    _, result = by_job
    layer = defs.resolve_job_def("refresh").asset_layer
    told = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert told.keys() == {key.to_user_string() for key in layer.executable_asset_keys}
    assert told["marts/fct_indicator_value"]["dagster/row_count"].value > 0
    assert told["ssda903/episodes"]["dagster/row_count"].value > 0
    evaluations = result.get_asset_check_evaluations()
    assert {evaluation.asset_check_key for evaluation in evaluations} == set(
        defs.resolve_asset_graph().asset_check_keys
    )
    assert all(evaluation.passed or evaluation.severity.value == "WARN" for evaluation in evaluations)


def test_gate_that_refuses_stops_the_run_before_publication(
    defs: "dg.Definitions", instance: "dg.DagsterInstance", council_of: Callable, by_command: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(by_command, data, symlinks=True)
    before = published(data).readlink()
    with duckdb.connect(str(data / "restricted" / "warehouse.duckdb")) as connection:
        connection.execute("DELETE FROM marts.dim_area WHERE area_code = 'E92000001'")
    job = defs.resolve_job_def("refresh")
    result = job.execute_in_process(instance=instance, run_config=council_of(data), raise_on_error=False)
    assert not result.success
    failed = [evaluation for evaluation in result.get_asset_check_evaluations() if not evaluation.passed]
    assert "suite_dim_area" in {evaluation.check_name for evaluation in failed}
    told = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert told.isdisjoint({"published/officer", "edition/page"})
    started = {event.step_key for event in result.all_events if event.is_step_start}
    assert not {step for step in started if "officer" in step or "page" in step}
    assert published(data).readlink() == before


def test_some_models_can_be_built_alone(
    defs: "dg.Definitions", instance: "dg.DagsterInstance", council_of: Callable, by_command: Path, tmp_path: Path
) -> None:
    from dagster import AssetKey

    data = tmp_path / "data"
    shutil.copytree(by_command, data, symlinks=True)
    before = published(data).readlink()
    wanted = [AssetKey(["marts", "dim_period"]), AssetKey(["marts", "series_break"])]
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, run_config=council_of(data), asset_selection=wanted
    )
    events = result.get_asset_materialization_events()
    assert {event.asset_key for event in events} == set(wanted)
    assert all(event.step_materialization_data.materialization.metadata["rebuilt"].value for event in events)
    assert published(data).readlink() == before
