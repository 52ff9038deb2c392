"""The dbt project as assets and checks. dbt runs once, in this process; what it did is told as Dagster events."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from dagster_project import refresh
from dagster_project.quality.results import CheckResult
from dagster_project.resources import Council
from dagster_project.transform import Build, ensure_manifest
from dagster_project.warehouse import open_warehouse

_LAYERS = {"staging": "staging", "intermediate": "intermediate", "marts": "marts"}


class Translator(DagsterDbtTranslator):
    """Keys, groups and owners of dbt nodes.

    Source tests stay off as checks: with them a failing blocking check on a raw asset would not hold the build back.
    """

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`[source, table]` for a source, which the landing assets are called too; `[layer, model]` for the rest."""
        props = dbt_resource_props
        if props["resource_type"] == "source":
            return dg.AssetKey([props["source_name"], props["name"]])
        return dg.AssetKey([props["schema"], props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """One group per layer."""
        props = dbt_resource_props
        return "seeds" if props["resource_type"] == "seed" else _LAYERS.get(props["schema"], "marts")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Marts belong to those who answer for the figures."""
        return ["team:performance"] if dbt_resource_props["schema"] == "marts" else ["team:data-engineering"]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> dict[str, str]:
        """Only staging and intermediate models may hold rows about a child."""
        restricted = dbt_resource_props["schema"] in {"staging", "intermediate"}
        return {"sensitivity": "restricted" if restricted else "aggregate"}


TRANSLATOR = Translator()
MANIFEST_FILE = ensure_manifest()
MANIFEST: dict[str, Any] = json.loads(MANIFEST_FILE.read_text(encoding="utf-8"))
MART_KEYS = tuple(
    TRANSLATOR.get_asset_key(node)
    for node in MANIFEST["nodes"].values()
    if node["resource_type"] == "model" and node["schema"] == "marts"
)


@dbt_assets(
    manifest=MANIFEST,
    dagster_dbt_translator=TRANSLATOR,
    name="dbt_build",
    pool="warehouse",
    exclude="resource_type:unit_test",
)
def dbt_build(
    context: dg.AssetExecutionContext, council: Council
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Build what changed; every selected asset is reported, with whether it was rebuilt."""
    run = council.run()
    selected = set(context.selected_asset_keys)
    only = None
    if context.is_subset:
        only = [node["fqn"][-1] for node in _buildable() if TRANSLATOR.get_asset_key(node) in selected]
    with council.alone(run):
        build = refresh.transform(run, only=only)
        with open_warehouse(run.folders, read_only=True) as connection:
            rows = dict(
                connection.execute(
                    "SELECT schema_name || '.' || table_name, estimated_size FROM duckdb_tables() ORDER BY 1"
                ).fetchall()
            )
            stored = refresh.stored_results(run, connection)
    errors = {node.unique_id: node for node in build.errors} if build else {}
    built = {node.unique_id for node in build.nodes if node.status == "success"} if build else set()
    skipped = {node.unique_id for node in build.nodes if node.status == "skipped"} if build else set()
    for node in _buildable():
        key = TRANSLATOR.get_asset_key(node)
        if key not in selected or node["unique_id"] in errors or node["unique_id"] in skipped:
            continue
        metadata: dict[str, Any] = {"rebuilt": node["unique_id"] in built}
        count = rows.get(f"{node['schema']}.{node['name']}")
        if count is not None:
            metadata["dagster/row_count"] = int(count)
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)
    yield from _test_events(stored, {node.unique_id for node in build.nodes} if build else set(), context)
    if build:
        _raise_for(build)


def _buildable() -> Iterator[Mapping[str, Any]]:
    """Models and seeds, each after what it stands on: Dagster takes events in that order only."""
    nodes = {name: node for name, node in MANIFEST["nodes"].items() if node["resource_type"] in {"model", "seed"}}
    parents = {name: [parent for parent in MANIFEST["parent_map"][name] if parent in nodes] for name in nodes}
    return (nodes[name] for name in TopologicalSorter(parents).static_order())


def _test_events(
    stored: Sequence[CheckResult], rerun: Collection[str], context: dg.AssetExecutionContext
) -> Iterator[dg.AssetCheckResult]:
    """Every wanted test with its newest result: one that did not have to run again still guards its table."""
    wanted = context.selected_asset_check_keys
    results = {result.check_id: result for result in stored if result.suite == "dbt"}
    for name, node in MANIFEST["nodes"].items():
        result = results.get(node["name"])
        if node["resource_type"] != "test" or result is None:
            continue
        key = get_asset_check_key_for_test(MANIFEST, TRANSLATOR, name, project=None)
        if key is None or key not in wanted:
            continue
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=result.outcome != "fail",
            severity=dg.AssetCheckSeverity.ERROR if result.severity == "critical" else dg.AssetCheckSeverity.WARN,
            metadata={"failing_rows": result.failed_count, "run_again": name in rerun},
        )


def _raise_for(build: Build) -> None:
    """End the step after its events, so that the UI shows what failed and nothing after it starts."""
    if build.errors:
        raise dg.Failure("\n".join(f"{node.name}: {node.message}" for node in build.errors), allow_retries=False)
    if build.failed_tests:
        names = ", ".join(node.name for node in build.failed_tests)
        raise dg.Failure(f"tests of the marts failed: {names}", allow_retries=False)
