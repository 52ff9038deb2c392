"""What dbt is asked to build, and how its tests become check results. dbt itself is run by other tests."""

import json
from pathlib import Path
from typing import Any

import pytest

from dagster_project import transform
from dagster_project.transform import Build, NodeResult, changed_keys, selection

PROJECT = "children_performance"


def test_nothing_changed_is_nothing_to_build() -> None:
    assert changed_keys({"lait.authority": "a"}, {"lait.authority": "a"}) == set()


def test_key_that_changed_came_or_went_is_changed() -> None:
    current = {"same": "1", "changed": "2", "came": "3"}
    built = {"same": "1", "changed": "1", "went": "4"}
    assert changed_keys(current, built) == {"changed", "came", "went"}


def test_what_stands_on_the_changed_tables_is_selected() -> None:
    assert selection({"ees.ks4_la", "ssda903.header"}) == [
        f"source:{PROJECT}.ees.ks4_la+",
        f"source:{PROJECT}.ssda903.header+",
    ]


def test_changed_code_builds_everything() -> None:
    assert selection({"code", "ees.ks4_la"}) is None


def node(name: str, status: str, *, kind: str = "test", failures: int = 0) -> NodeResult:
    return NodeResult(f"{kind}.{PROJECT}.{name}", kind, name, status, 0.1, failures, "dbt's own words with a row")


def declared(name: str, *, severity: str = "ERROR", description: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "config": {"severity": severity},
        "attached_node": f"model.{PROJECT}.dim_area",
        "description": description,
    }


@pytest.fixture
def manifest() -> dict[str, Any]:
    tests = [declared("grain", description="one row per area"), declared("late", severity="warn"), declared("broken")]
    return {
        "groups": {"g": {"name": "performance", "owner": {"name": "Performance team"}}},
        "nodes": {
            f"model.{PROJECT}.dim_area": {"schema": "marts", "name": "dim_area", "group": "performance"},
            **{f"test.{PROJECT}.{test['name']}": test for test in tests},
        },
    }


def test_test_of_the_build_becomes_a_result_of_its_table_with_its_owner(manifest: dict[str, Any]) -> None:
    (result,) = transform.test_results(Build((node("grain", "pass"),)), manifest)
    assert (result.suite, result.table_name, result.check_id) == ("dbt", "marts.dim_area", "grain")
    assert (result.severity, result.scope, result.outcome) == ("critical", "publication", "pass")
    assert (result.owner, result.why, result.message) == ("Performance team", "one row per area", None)


def test_failure_is_told_as_a_count_and_never_in_words_of_dbt(manifest: dict[str, Any]) -> None:
    build = Build((node("grain", "fail", failures=1200), node("broken", "error"), node("late", "warn", failures=2)))
    results = {result.check_id: result for result in transform.test_results(build, manifest)}
    assert results["grain"].message == "grain: 1,200 rows break the rule"
    assert results["broken"].outcome == "fail"
    assert "could not run" in (results["broken"].message or "")
    assert (results["late"].severity, results["late"].outcome) == ("warning", "fail")
    assert not any("a row" in (result.message or "") for result in results.values())


def test_models_and_tests_that_did_not_run_give_no_result(manifest: dict[str, Any]) -> None:
    build = Build((node("dim_area", "success", kind="model"), node("grain", "skipped")))
    assert transform.test_results(build, manifest) == []


def test_build_tells_broken_models_from_failed_tests() -> None:
    build = Build(
        (
            node("dim_area", "error", kind="model"),
            node("dim_period", "success", kind="model"),
            node("grain", "fail"),
            node("late", "warn"),
            node("broken", "error"),
        )
    )
    assert [item.name for item in build.errors] == ["dim_area"]
    assert [item.name for item in build.failed_tests] == ["grain", "broken"]


def parsed(monkeypatch: pytest.MonkeyPatch, folder: Path, *models: dict[str, Any]) -> None:
    """Let the project consist of these models."""
    nodes = {model["name"]: {"resource_type": "model", "schema": "marts"} | model for model in models}
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    monkeypatch.setattr(transform, "ensure_manifest", lambda: manifest)


def mart(name: str, sql: str = "", *, is_view: bool = False, schema: str = "marts") -> dict[str, Any]:
    meta = {"published_as": "view"} if is_view else {}
    return {"name": name, "raw_code": sql, "schema": schema, "config": {"meta": meta}}


def test_view_of_the_published_file_reads_its_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ranks = mart("ranks", "select * from {{ ref('figures') }} as f join {{ ref('figures') }} using (a)", is_view=True)
    parsed(monkeypatch, tmp_path, mart("figures"), ranks)
    assert transform.published_views() == {
        "ranks": 'select * from marts."figures" as f join marts."figures" using (a)',
    }


@pytest.mark.parametrize(
    "sql",
    [
        "select * from {{ ref('not_published') }}",
        "select * from {{ source('settings', 'council') }}",
        "select {{ exact_mean('value') }} from {{ ref('figures') }}",
        "{% if true %} select 1 {% endif %}",
        "select * from {{ ref('another_view') }}",
    ],
)
def test_view_that_reads_what_is_not_published_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sql: str
) -> None:
    parsed(
        monkeypatch,
        tmp_path,
        mart("figures"),
        mart("another_view", "select * from {{ ref('figures') }}", is_view=True),
        mart("not_published", schema="intermediate"),
        mart("asked", sql, is_view=True),
    )
    with pytest.raises(transform.BuildError, match=r"marts\.asked is published as a view"):
        transform.published_views()
