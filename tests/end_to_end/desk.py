"""A raw/ folder and a data directory under test: laying them out, refreshing them, and reading what was published.

What is built once for a whole test run is shared by all its workers and copied before anything writes to it.
"""

import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warm_cfp import PROJECT, Outcome, WarmCfp

SAMPLE = PROJECT / "raw" / "sample"
POPULATION = "population/mid-2024/ons_mid-year_population_estimates_2012_to_2024.csv"
CLA = "published/ees/cla_number_and_rate_per_10k_children/2025-11/cla_number_and_rate_per_10k_children.csv"
EPISODES = "social_care/ssda903/2024/episodes.csv"
HEADER = "social_care/ssda903/2024/header.csv"
LAIT = "published/lait/2026-04/bds_long_0.parquet"
NEIGHBOURS = "published/lait/2026-04/sn_may_2025.xlsx"
# The rest of the sample, LAIT and key stage 4, takes half the time of a refresh.
SMALL = ("population", "published/ees/cla_number_and_rate_per_10k_children", "social_care")
_READER = """
import json, sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
# Its progress bar would stand among the answers.
connection.execute("SET enable_progress_bar = false")
tables = [name for name, in connection.execute(
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts' ORDER BY 1").fetchall()]
print(json.dumps({
    # Hashing a whole row reads every cell of it.
    "tables": {name: connection.execute(f'SELECT count(hash(t)) FROM marts."{name}" AS t').fetchone()[0]
        for name in tables},
    "publication": connection.execute(
        "SELECT version_id, edition_id, inputs_fingerprint FROM marts.publication").fetchall(),
}))
"""


@dataclass(frozen=True)
class Desk:
    """One raw/ folder with the data directory made from it."""

    folder: Path
    warm: WarmCfp

    @property
    def raw(self) -> Path:
        """The extracts."""
        return self.folder / "raw"

    @property
    def data(self) -> Path:
        """Restricted and published data."""
        return self.folder / "data"

    @property
    def council(self) -> Path:
        """This desk's own council.yml, beside which its council/ folder lies."""
        return self.folder / "council.yml"

    @property
    def published(self) -> Path:
        """The path that readers open."""
        return self.data / "published" / "officer" / "children.duckdb"

    def cfp(self, command: str, *arguments: str | Path, **options: Any) -> Outcome:
        """Run a command of `cfp` on this desk."""
        return self.warm.run(command, *self.arguments(), *arguments, into=self.folder / "output", **options)

    def start(self, command: str, *arguments: str | Path, **options: Any) -> int:
        """Start a command and return its process id; `wait` for it."""
        return self.warm.start(command, *self.arguments(), *arguments, into=self.folder / "output", **options)

    def wait(self) -> Outcome:
        """Wait for the command that `start` began."""
        return self.warm.wait(self.folder / "output")

    def arguments(self) -> tuple[str | Path, ...]:
        """Where this desk lies, as options of `cfp`."""
        return ("--council", self.council, "--raw", self.raw, "--data", self.data)

    def refresh(self, *arguments: str | Path, **options: Any) -> Outcome:
        """Refresh, which must publish, or find that nothing changed."""
        outcome = self.cfp("refresh", *arguments, **options)
        assert outcome.code == 0, str(outcome)
        return outcome

    def copy(self, folder: Path) -> "Desk":
        """Copy everything to another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Desk(folder, self.warm)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the published file."""
        connection = duckdb.connect(str(self.published), read_only=True)
        try:
            return connection.execute(sql, list(parameters)).fetchall()
        finally:
            connection.close()

    def version(self) -> str:
        """Name of the version that readers get."""
        return self.published.resolve().parent.name

    def state(self) -> dict[str, tuple[str, str]]:
        """Status and message of every source, from the warehouse."""
        return {
            source: (status, message)
            for source, status, message in self.ask_warehouse(
                "SELECT source_id, status, message FROM landing.source_state"
            )
        }

    def ask_warehouse(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the restricted warehouse."""
        connection = duckdb.connect(str(self.data / "restricted" / "warehouse.duckdb"), read_only=True)
        try:
            return connection.execute(sql, list(parameters)).fetchall()
        finally:
            connection.close()


def lay_out(folder: Path, parts: Sequence[str] | None, warm: WarmCfp) -> Desk:
    """Make a desk with a copy of the sample, or of parts of it."""
    desk = Desk(folder, warm)
    desk.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "council.yml", desk.council)
    shutil.copytree(PROJECT / "council" / "suppliers", desk.folder / "council" / "suppliers", dirs_exist_ok=True)
    if parts is None:
        shutil.copytree(SAMPLE, desk.raw)
    for part in parts or ():
        shutil.copytree(SAMPLE / part, desk.raw / part)
    desk.raw.mkdir(exist_ok=True)
    return desk


def built_once(factory: pytest.TempPathFactory, name: str, warm: WarmCfp, build: Callable[[Path], object]) -> Desk:
    """Build a desk in a folder that all workers share: the first to ask builds, the others wait."""
    common = factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else factory.getbasetemp()
    folder = common / f"desk_{name}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder / "desk", ignore_errors=True)
            build(folder / "desk")
            (folder / "done").touch()
    return Desk(folder / "desk", warm)


def edit_csv(file: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Rewrite a CSV file of the sample with `change` applied to its rows."""
    text = file.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    columns = list(rows[0])
    change(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(out.getvalue(), encoding="utf-8", newline="")


def set_cell(file: Path, where: Mapping[str, str], column: str, value: str) -> str:
    """Change one cell of the one row of a CSV file that `where` names. Returns what stood there."""
    before: list[str] = []

    def change(rows: list[dict[str, str]]) -> None:
        found = [row for row in rows if all(row[name] == text for name, text in where.items())]
        assert len(found) == 1, f"{len(found)} rows of {file.name} have {dict(where)}"
        before.append(found[0][column])
        found[0][column] = value

    edit_csv(file, change)
    return before[0]


def set_lait_value(file: Path, short_desc: str, number: int, label: str, value: str) -> str:
    """Change one figure of the LAIT file: indicator, DfE number, period as printed. Returns what stood there."""
    connection = duckdb.connect()
    try:
        connection.execute("CREATE TABLE figure AS FROM read_parquet(?)", [str(file)])
        where = '"Short Desc" = ? AND "LA Number" = ? AND "Years" = ?'
        key = [short_desc, number, label]
        found = connection.execute(f'SELECT "Values" FROM figure WHERE {where}', key).fetchall()
        assert len(found) == 1, f"{len(found)} rows of {file.name} have {key}"
        connection.execute(f'UPDATE figure SET "Values" = ? WHERE {where}', [value, *key])
        path = str(file).replace("'", "''")
        connection.execute(f"COPY (SELECT * FROM figure) TO '{path}' (FORMAT parquet)")
    finally:
        connection.close()
    return found[0][0]


def assert_complete_version(published: Path) -> str:
    """Open the published path from another process: every table is readable, and what manifest, publication row and
    hashes say agrees. Returns the name of the version.
    """
    folder = published.resolve().parent
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    read = subprocess.run([sys.executable, "-c", _READER, str(published)], capture_output=True, text=True, check=False)
    assert read.returncode == 0, f"the published file does not open:\n{read.stderr}"
    found = json.loads(read.stdout)
    assert found["tables"] == manifest["tables"]
    assert found["publication"] == [[manifest["version_id"], manifest["edition_id"], manifest["inputs_fingerprint"]]]
    assert folder.name == manifest["version_id"]
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(files) == {*manifest["sha256"], "manifest.json"}
    for name, sha256 in manifest["sha256"].items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == sha256, f"{name} is not what the manifest says"
    return folder.name


def assert_page_of_current_version(desk: Desk) -> None:
    """The edition's page and manifest belong to the version that readers get."""
    manifest = json.loads((desk.published.resolve().parent / "manifest.json").read_text(encoding="utf-8"))
    folder = desk.data / "editions" / manifest["edition_id"] / "officer"
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert facts["version_id"] == manifest["version_id"]
    assert hashlib.sha256((folder / "index.html").read_bytes()).hexdigest() == facts["sha256"]


def differing_rows(first: Path, second: Path, table: str, columns: str = "*") -> int:
    """Count the rows of a published table that only one of two published files holds."""
    connection = duckdb.connect()
    try:
        for name, file in (("one", first), ("two", second)):
            path = str(file.resolve()).replace("'", "''")
            connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
        sides = [f"SELECT {columns} FROM {name}.marts.{table}" for name in ("one", "two")]
        return sum(
            connection.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0]
            for a, b in (sides, reversed(sides))
        )
    finally:
        connection.close()
