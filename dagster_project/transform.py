"""Running dbt once, in this process: what to build, what came of it, and the tests as check results."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.progress import Announce
from dagster_project.project import DBT_DIR, DataFolders, own_files
from dagster_project.quality.results import CheckResult
from dagster_project.warehouse import connection_settings

MANIFEST = DBT_DIR / "target" / "manifest.json"
_PARTIAL_PARSE = "partial_parse.msgpack"


class BuildError(Exception):
    """dbt did not start, or a model could not be built; the message holds what dbt says."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one dbt node. `status` is dbt's word: success, pass, warn, fail, error or skipped."""

    unique_id: str
    resource_type: str
    name: str
    status: str
    seconds: float
    failures: int
    message: str | None


@dataclass(frozen=True)
class Build:
    """The outcome of one `dbt build`."""

    nodes: tuple[NodeResult, ...]

    @property
    def errors(self) -> tuple[NodeResult, ...]:
        """Models and seeds that could not be built."""
        return tuple(n for n in self.nodes if n.status == "error" and n.resource_type not in {"test", "unit_test"})

    @property
    def not_built(self) -> tuple[str, ...]:
        """Models and seeds that are as they were before: they failed, or something they stand on did."""
        return tuple(
            n.name
            for n in self.nodes
            if n.status in {"error", "skipped"} and n.resource_type not in {"test", "unit_test"}
        )

    @property
    def failed_tests(self) -> tuple[NodeResult, ...]:
        """Tests that failed or could not run; warnings are not among them."""
        return tuple(
            n for n in self.nodes if n.resource_type in {"test", "unit_test"} and n.status in {"fail", "error"}
        )


def ensure_manifest() -> Path:
    """Return the project's manifest, parsed again when a file of the dbt project is newer than what it was made from.

    Raises:
        BuildError: If the project does not parse.
    """
    stamp = MANIFEST.with_name("manifest.sources")
    fingerprint = _project_fingerprint()
    if MANIFEST.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == fingerprint:
        return MANIFEST
    # Two processes may find it stale at once: each parses aside and moves whole files into place, the stamp last.
    with tempfile.TemporaryDirectory(prefix=".parse-", dir=_existing(MANIFEST.parent)) as folder:
        aside = Path(folder)
        # Parsing opens no database; its name is part of what is parsed.
        result = _invoke(["parse"], target=aside, environment=_places(aside / "warehouse.duckdb", "none"))
        if not result.success:
            raise BuildError(f"the dbt project does not parse: {result.exception}")
        (aside / stamp.name).write_text(fingerprint, encoding="utf-8")
        for name in (_PARTIAL_PARSE, MANIFEST.name, stamp.name):
            os.replace(aside / name, MANIFEST.with_name(name))
    return MANIFEST


def _existing(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def build(folders: DataFolders, *, select: Sequence[str] | None, announce: Announce) -> Build:
    """Run `dbt build` on the warehouse and release the file again.

    Unit tests are left out: `make test` runs them, so that no refresh pays for them again.

    Args:
        select: dbt selectors; None builds everything.

    Raises:
        BuildError: If dbt does not start.
    """
    target = _parsed_target(folders)
    # What dbt would write of the project and of the run beside the warehouse, nobody reads.
    arguments = ["build", "--no-write-json", "--exclude-resource-type", "unit_test"]
    if select is not None:
        arguments += ["--select", *select]
    environment = _places(folders.warehouse, connection_settings(folders)["temp_directory"])
    result = _invoke(arguments, target=target, environment=environment, callback=_live(announce))
    if result.result is None:
        raise BuildError(f"dbt did not start: {result.exception}")
    return Build(tuple(_node_result(item) for item in result.result))


def run_unit_tests(folders: DataFolders) -> tuple[NodeResult, ...]:
    """Run dbt's unit tests, the rules of calculation, on a prepared warehouse, and return one result each.

    Every model is built without rows first: dbt reads the columns of the inputs it replaces from the warehouse.

    Raises:
        BuildError: If dbt does not start or a model cannot be built.
    """
    target = _parsed_target(folders)
    environment = _places(folders.warehouse, connection_settings(folders)["temp_directory"])
    without_tests = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    built = _invoke(["build", "--empty", *without_tests], target=target, environment=environment)
    if not built.success:
        faults = [f"{item.node.name}: {item.message}" for item in built.result or () if str(item.status) == "error"]
        raise BuildError("\n".join(faults) or f"dbt did not start: {built.exception}")
    tested = _invoke(["test", "--select", "test_type:unit"], target=target, environment=environment)
    if tested.result is None:
        raise BuildError(f"dbt did not start: {tested.exception}")
    return tuple(_node_result(item) for item in tested.result)


def _parsed_target(folders: DataFolders) -> Path:
    """Make dbt's folder beside the warehouse. Parsing anew costs seconds, and set-up has parsed the same project."""
    target = folders.dbt_target
    target.mkdir(parents=True, exist_ok=True)
    parsed = MANIFEST.with_name(_PARTIAL_PARSE)
    if parsed.exists() and not (target / parsed.name).exists():
        shutil.copy2(parsed, target / parsed.name)
    return target


def _invoke(
    arguments: Sequence[str],
    *,
    target: Path,
    environment: Mapping[str, str],
    callback: Callable[[Any], None] | None = None,
) -> Any:
    """Start dbt in this process, with its own environment, and close every connection it leaves open."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.cli.main import dbtRunner

    # dbt parses everything again when what it prints of a connection differs, path included. Models do not depend on
    # where the warehouse lies, so that only what they are compiled with is left: the first refresh of a new data
    # directory then uses what set-up parsed, three seconds earlier.
    DuckDBCredentials._connection_keys = lambda self: ("database", "schema")  # type: ignore[method-assign]

    common = [
        "--quiet",
        "--no-use-colors",
        "--log-level-file",
        "none",
        "--project-dir",
        str(DBT_DIR),
        "--profiles-dir",
        str(DBT_DIR),
        "--target-path",
        str(target),
        "--log-path",
        str(target / "logs"),
    ]
    runner = dbtRunner(callbacks=[callback] if callback else [])
    with _environment(environment):
        try:
            return runner.invoke([arguments[0], *common, *arguments[1:]])
        finally:
            DuckDBConnectionManager.close_all_connections()


def _places(warehouse: Path, temporary: str) -> dict[str, str]:
    """Where dbt finds the warehouse; see dbt/profiles.yml."""
    return {"DBT_ENV_SECRET_WAREHOUSE": str(warehouse.resolve()), "DBT_ENV_SECRET_TEMP_DIRECTORY": temporary}


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _live(announce: Announce) -> Callable[[Any], None]:
    """Progress while dbt works: one line per model or seed as it starts."""

    def on_event(event: Any) -> None:
        if event.info.name == "LogStartLine":
            announce(f"building: {event.data.description}")

    return on_event


def _node_result(item: Any) -> NodeResult:
    return NodeResult(
        unique_id=item.node.unique_id,
        resource_type=str(item.node.resource_type),
        name=item.node.name,
        status=str(item.status),
        seconds=float(item.execution_time or 0.0),
        failures=int(item.failures or 0),
        message=_without_values(item.message),
    )


def _without_values(message: str | None) -> str | None:
    """An error of the database may quote a cell; what stands in quotes is left out."""
    return re.sub(r"'[^']*'", "'...'", message) if message else None


def test_results(build_: Build, manifest: Mapping[str, Any]) -> list[CheckResult]:
    """Return the dbt tests of a build as check results: counts only, since a failing row may be a child's."""
    owner = {name: group["owner"]["name"] for name, group in _groups(manifest).items()}
    results = []
    for node in build_.nodes:
        if node.resource_type != "test" or node.status == "skipped":
            continue
        declared = manifest["nodes"][node.unique_id]
        attached = manifest["nodes"].get(declared.get("attached_node") or "", {})
        severity = "warning" if declared["config"]["severity"].lower() == "warn" else "critical"
        failed = node.status != "pass"
        results.append(
            CheckResult(
                suite="dbt",
                table_name=_table_of(attached) or declared["name"],
                check_id=declared["name"],
                severity=severity,
                scope="publication",
                outcome="fail" if failed else "pass",
                failed_count=node.failures,
                owner=owner.get(attached.get("group") or "", "data engineer"),
                why=declared.get("description") or "shape of the table: grain, keys, references, allowed words",
                message=_test_message(node) if failed else None,
            )
        )
    return results


def _groups(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {group["name"]: group for group in manifest.get("groups", {}).values()}


def _table_of(node: Mapping[str, Any]) -> str | None:
    return f"{node['schema']}.{node['name']}" if node else None


def _test_message(node: NodeResult) -> str:
    if node.status == "error":
        return f"{node.name} could not run; run it alone with dbt to see why"
    return f"{node.name}: {node.failures:,} rows break the rule"


def test_names() -> set[str]:
    """Return the names of the dbt tests, which a waiver may name."""
    manifest = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    return {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}


def published_views() -> dict[str, str]:
    """Return the marts that declare `published_as: view`, each with its SQL on the tables of the published file.

    Every other mart is a table there, whatever it is in the warehouse. The SQL is that of the model: DuckDB's own print
    of a view is not always what was written (it turns a cross join into a comma, which binds otherwise).

    Raises:
        BuildError: If such a view reads anything but tables of the published file.
    """
    manifest = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    marts = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    views = {node["name"]: node["raw_code"] for node in marts if node["config"]["meta"].get("published_as") == "view"}
    tables = {node["name"] for node in marts} - views.keys()

    def published(reference: re.Match[str]) -> str:
        return f'marts."{reference[1]}"' if reference[1] in tables else reference[0]

    for name, sql in views.items():
        views[name] = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", published, sql)
        if left := re.search(r"\{[{%].*", views[name]):
            raise BuildError(f"marts.{name} is published as a view and may read tables of the marts only: {left[0]}")
    return views


def described_marts() -> dict[str, tuple[str, dict[str, str]]]:
    """Return the description of every mart and of its columns, by name.

    They are written as comments into the published file. dbt would write them into the warehouse with a statement for
    each column of each model, which takes seconds of every build.
    """
    manifest = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    return {
        node["name"]: (
            node["description"],
            {name: column["description"] for name, column in node["columns"].items()},
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def changed_keys(current: Mapping[str, str], built: Mapping[str, str]) -> set[str]:
    """Return the keys whose content differs from what the marts were built from, in either direction."""
    return {key for key in current.keys() | built.keys() if current.get(key) != built.get(key)}


def selection(changed: Iterable[str]) -> list[str] | None:
    """Return dbt selectors for what stands on the changed source tables; None (everything) when the code changed."""
    changed = set(changed)
    if "code" in changed:
        return None
    return sorted(f"source:children_performance.{key}+" for key in changed)


def _project_fingerprint() -> str:
    digest = hashlib.sha256()
    for file in own_files(DBT_DIR):
        if file.suffix in {".sql", ".yml", ".csv", ".md"}:
            digest.update(f"{file.relative_to(DBT_DIR).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()
