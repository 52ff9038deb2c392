"""The rules of calculation, unit tests of dbt beside the models, run here on a warehouse of their own."""

import json
from pathlib import Path

import pytest

from dagster_project import refresh
from dagster_project.project import DBT_DIR, ROOT
from dagster_project.transform import NodeResult, ensure_manifest, run_unit_tests

# The warehouse is built once, so the tests that read it stay on one worker.
pytestmark = pytest.mark.xdist_group("dbt_unit_tests")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[NodeResult, ...]:
    """Every dbt unit test, run on an empty warehouse."""
    folder = tmp_path_factory.mktemp("dbt_unit_tests")
    (folder / "raw").mkdir()
    run = refresh.open_run(
        council_file=ROOT / "council.yml", raw_dir=folder / "raw", data_dir=folder / "data", announce=lambda step: None
    )
    refresh.prepare(run)
    return run_unit_tests(run.folders)


@pytest.mark.slow
def test_every_rule_of_calculation_holds(results: tuple[NodeResult, ...]) -> None:
    failed = [f"{result.name} ({result.status})\n{result.message}" for result in results if result.status != "pass"]
    assert not failed, "rules of calculation that do not hold:\n\n" + "\n\n".join(failed)


@pytest.mark.slow
def test_no_declared_rule_is_left_out(results: tuple[NodeResult, ...]) -> None:
    declared = json.loads(ensure_manifest().read_text(encoding="utf-8"))["unit_tests"]
    assert {result.unique_id for result in results} == set(declared)


def test_every_model_that_calculates_has_a_unit_test() -> None:
    manifest = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    models = {file.stem for layer in ("intermediate", "marts") for file in (DBT_DIR / "models" / layer).rglob("*.sql")}
    # They look a code up, join what others worked out, or number rows; there is no rule of calculation in them.
    plain = {
        "area_boundary",
        "cluster_member",
        "comparator_member",
        "dim_period",
        "int_area__by_number",
        "int_cluster__lookup",
        "int_cluster__name",
        "int_education__january",
        "int_local__value",
        "judgement_rule",
        "series_break",
        "ward_score",
    }
    assert plain <= models, "a model of the list of plain ones is gone: take it off the list"
    assert models - tested - plain == set()


def test_rule_stands_in_the_folder_of_its_model() -> None:
    manifest = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    folder_of = {
        node["name"]: Path(node["original_file_path"]).parent
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    for test in manifest["unit_tests"].values():
        assert Path(test["original_file_path"]).parent == folder_of[test["model"]], test["name"]
