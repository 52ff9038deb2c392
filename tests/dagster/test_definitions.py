"""The asset graph: complete, connected, described, and with checks that block."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from dagster_project.project import STAGING_DIR
from dagster_project.sources.catalogue import load_catalogue

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph, BaseAssetNode

PAGE = "edition/page"
FETCHED = "fetch/published"
SETTINGS = {
    f"settings/{name}"
    for name in (
        "council",
        "edition_scope",
        "threshold",
        "definition",
        "target",
        "progress_8",
        "custom_group_member",
        "pseudonym",
        "supplier_code",
    )
}


@pytest.fixture(scope="module")
def graph(defs: "dg.Definitions") -> "BaseAssetGraph":
    return defs.resolve_asset_graph()


@pytest.fixture(scope="module")
def nodes(graph: "BaseAssetGraph") -> "dict[str, BaseAssetNode]":
    return {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}


def above(node: "BaseAssetNode", nodes: "dict[str, BaseAssetNode]") -> set[str]:
    """Everything that an asset stands on, however far up."""
    found: set[str] = set()
    waiting = [key.to_user_string() for key in node.parent_keys]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [key.to_user_string() for key in nodes[name].parent_keys]
    return found


def names(keys: "Iterable[dg.AssetKey]") -> set[str]:
    return {key.to_user_string() for key in keys}


def test_definitions_load_with_jobs_schedule_and_sensor(defs: "dg.Definitions") -> None:
    from dagster import Definitions

    Definitions.validate_loadable(defs)
    assert defs.resolve_job_def("refresh").name == "refresh"
    assert defs.resolve_job_def("check").name == "check"
    assert defs.resolve_schedule_def("refresh_every_morning").job.name == "refresh"
    assert defs.resolve_sensor_def("files_arrived").job.name == "refresh"


def test_every_dependency_is_an_asset_of_ours(nodes: "dict[str, BaseAssetNode]") -> None:
    """A key that no asset has raises nothing: it becomes an external stub, and what stands on it starts too early."""
    assert {name for name, node in nodes.items() if node.is_external or not node.is_materializable} == set()
    assert {parent for node in nodes.values() for parent in names(node.parent_keys)} <= nodes.keys()
    assert SETTINGS | {"landing/source_file"} <= nodes.keys()


def test_every_declared_table_is_a_raw_asset(nodes: "dict[str, BaseAssetNode]") -> None:
    catalogue = load_catalogue(STAGING_DIR)
    declared = {f"{table.source}/{table.name}": table for table in catalogue}
    assert declared.keys() <= nodes.keys()
    for name, table in declared.items():
        assert nodes[name].group_name == f"raw_{table.source}"
        assert nodes[name].tags["sensitivity"] == table.sensitivity
        assert nodes[name].description == table.description


def test_page_stands_on_every_raw_table_and_on_every_mart(nodes: "dict[str, BaseAssetNode]") -> None:
    raw = {f"{table.source}/{table.name}" for table in load_catalogue(STAGING_DIR)}
    marts = {name for name in nodes if name.startswith("marts/")}
    reached = above(nodes[PAGE], nodes)
    assert raw <= reached
    assert marts <= reached
    assert "published/officer" in reached


def test_every_raw_table_is_read_by_its_staging_model(nodes: "dict[str, BaseAssetNode]") -> None:
    for table in load_catalogue(STAGING_DIR):
        readers = [
            name for name in names(nodes[f"{table.source}/{table.name}"].child_keys) if name.startswith("staging/")
        ]
        assert readers, f"nothing reads {table.source}.{table.name}"


def test_raw_tables_stand_on_the_settings_and_the_register_on_every_raw_table(
    nodes: "dict[str, BaseAssetNode]",
) -> None:
    raw = {f"{table.source}/{table.name}" for table in load_catalogue(STAGING_DIR)}
    for name in raw:
        assert names(nodes[name].parent_keys) == SETTINGS
    assert names(nodes["landing/source_file"].parent_keys) == raw


def test_graph_is_in_one_piece(nodes: "dict[str, BaseAssetNode]") -> None:
    neighbours = {name: names(node.parent_keys) | names(node.child_keys) for name, node in nodes.items()}
    found, waiting = {PAGE}, [PAGE]
    while waiting:
        for name in neighbours[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    assert found == nodes.keys()


def test_every_asset_says_what_it_is_and_whose(nodes: "dict[str, BaseAssetNode]") -> None:
    known = {"none", "published", "personal", "restricted", "aggregate", "officer"}
    for name, node in nodes.items():
        assert node.group_name not in {None, "", "default"}, name
        assert node.owners, name
        assert node.kinds, name
        assert node.tags.get("sensitivity") in known, name
        assert node.description, name
        # Without a description of ours dagster-dbt shows the bare SQL.
        assert not node.description.lstrip().startswith("dbt "), name


def test_only_one_step_at_a_time_works_on_the_warehouse(defs: "dg.Definitions") -> None:
    for definition in defs.resolve_asset_graph().assets_defs:
        keys = names(definition.keys)
        if keys and keys != {PAGE}:
            # What waits for a network waits beside the warehouse, not in front of it.
            assert definition.op.pool == ("fetch" if keys == {FETCHED} else "warehouse"), keys


def test_mart_suites_block_what_comes_after(graph: "BaseAssetGraph") -> None:
    from expectations import MART_SUITES

    suites = [key for key in graph.asset_check_keys if key.name.startswith("suite_")]
    assert {key.name for key in suites} == {f"suite_{suite.name}" for suite in MART_SUITES}
    assert all(graph.get(key).blocking for key in suites)
    assert {key.asset_key.path[0] for key in suites} == {"marts"}


def test_raw_suites_report_and_never_hold_another_source_back(graph: "BaseAssetGraph") -> None:
    arriving = [key for key in graph.asset_check_keys if key.name == "arriving_files"]
    assert names(key.asset_key for key in arriving) == {
        f"{table.source}/{table.name}" for table in load_catalogue(STAGING_DIR)
    }
    assert not any(graph.get(key).blocking for key in arriving)


def test_every_dbt_test_is_a_check(graph: "BaseAssetGraph") -> None:
    from dagster_project.transform import ensure_manifest

    manifest = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    declared = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    own = {key.name for key in graph.asset_check_keys if not key.name.startswith("suite_")} - {"arriving_files"}
    assert own == declared


def test_dbt_owns_no_check_on_a_raw_table(graph: "BaseAssetGraph") -> None:
    """With source tests as checks a failing blocking check on a raw table would no longer hold the build back."""
    from dagster_project.assets.transform import TRANSLATOR, dbt_build

    assert TRANSLATOR.settings.enable_source_tests_as_checks is False
    assert {spec.asset_key.path[0] for spec in dbt_build.check_specs} <= {"seeds", "staging", "intermediate", "marts"}


def test_run_from_the_pages_is_one_process(defs: "dg.Definitions") -> None:
    assert defs.resolve_job_def("refresh").executor_def.name == "in_process"


def test_check_job_leaves_publication_out(defs: "dg.Definitions") -> None:
    every, checked = (
        names(defs.resolve_job_def(job).asset_layer.executable_asset_keys) for job in ("refresh", "check")
    )
    assert every - checked == {"published/officer", PAGE}


def test_no_job_but_its_own_asks_the_service(defs: "dg.Definitions", nodes: "dict[str, BaseAssetNode]") -> None:
    for job, held in (("refresh", False), ("check", False), ("fetch_published", True)):
        keys = names(defs.resolve_job_def(job).asset_layer.executable_asset_keys)
        assert (FETCHED in keys) is held, job
    assert names(defs.resolve_job_def("fetch_published").asset_layer.executable_asset_keys) == {FETCHED}
    assert nodes[FETCHED].group_name == "fetch"


def test_schedule_names_its_time_zone_and_nothing_starts_by_itself(defs: "dg.Definitions") -> None:
    from dagster import DefaultScheduleStatus, DefaultSensorStatus

    schedule = defs.resolve_schedule_def("refresh_every_morning")
    assert schedule.execution_timezone == "Europe/London"
    assert schedule.default_status == DefaultScheduleStatus.STOPPED
    for name in ("files_arrived", "version_published"):
        assert defs.resolve_sensor_def(name).default_status == DefaultSensorStatus.STOPPED
