"""What is imported where: Dagster in five places only, and nothing heavy where a refresh finds nothing to do."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.project import ROOT

MAY_IMPORT_DAGSTER = {"definitions.py", "checks.py", "automation.py", "resources.py"}
HEAVY = {
    "altair", "dagster", "dagster_dbt", "dbt", "duckdb", "great_expectations", "numpy", "openpyxl", "pandas", "polars",
    "pyarrow", "pyproj", "shapely", "sqlalchemy", "vl_convert",
}  # fmt: skip


def imported(file: Path) -> Iterator[str]:
    """Top-level names of every import of a module, at any depth."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_dagster_is_imported_in_five_places_only() -> None:
    package = ROOT / "dagster_project"
    files = [*package.rglob("*.py"), *(ROOT / "expectations").rglob("*.py")]
    offenders = [
        file.relative_to(ROOT).as_posix()
        for file in files
        if {
            name
            for name in imported(file)
            if name == "dagster" or (name.startswith("dagster_") and name != "dagster_project")
        }
        and not (file.parent == package / "assets" or (file.parent == package and file.name in MAY_IMPORT_DAGSTER))
    ]
    assert offenders == []


def test_no_python_lives_under_dbt() -> None:
    assert [file for file in (ROOT / "dbt").rglob("*.py") if "target" not in file.parts] == []


@pytest.mark.parametrize(
    "module",
    [
        "dagster_project.cli",
        "dagster_project.refresh",
        "dagster_project.settings",
        "dagster_project.sources.catalogue",
        "dagster_project.landing.inventory",
        "dagster_project.publication.versions",
        "dagster_project.editions.choice",
    ],
)
def test_module_that_decides_whether_anything_changed_is_light(module: str) -> None:
    assert loaded_by(f"import {module}") & HEAVY == set()


@pytest.mark.slow
def test_refresh_that_finds_nothing_changed_imports_nothing_heavy(small_raw: Path, by_command: Path) -> None:
    arguments = ["refresh", "--raw", str(small_raw), "--data", str(by_command), "--json"]
    loaded = loaded_by(f"from dagster_project.cli import main\nassert main({arguments!r}) == 0", says="nothing changed")
    assert loaded & HEAVY == set()


def loaded_by(code: str, *, says: str = "") -> set[str]:
    """Run code in a fresh Python and return the top-level modules that it has loaded."""
    tail = "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    result = subprocess.run(
        [sys.executable, "-c", code + tail], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert says in result.stdout
    return set(json.loads(result.stdout.splitlines()[-1]))
