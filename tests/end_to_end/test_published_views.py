"""The views of the published file: there, alike those of the warehouse, and readable from anywhere."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project.project import DBT_DIR

VIEWS = sorted(file.stem for file in (DBT_DIR / "models" / "marts" / "views").glob("*.sql"))
# What the views of the warehouse are read from; both are views there and tables in the published file.
WRITTEN_OUT = ("comparator_value", "judgement")


@pytest.fixture(scope="module")
def published_file(sample_data: Path) -> Path:
    return sample_data / "published" / "officer" / "children.duckdb"


@pytest.fixture(scope="module")
def published(published_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(published_file), read_only=True)
    yield connection
    connection.close()


def test_questions_asked_often_are_views_and_everything_else_a_table(published: duckdb.DuckDBPyConnection) -> None:
    kinds = dict(
        published.execute(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'marts'"
        ).fetchall()
    )
    assert len(VIEWS) >= 5
    assert sorted(name for name, kind in kinds.items() if kind == "VIEW") == VIEWS
    assert {kinds[name] for name in WRITTEN_OUT} == {"BASE TABLE"}


def test_views_have_no_parquet_copy_and_no_count_in_the_manifest(published_file: Path) -> None:
    version = published_file.resolve().parent
    copies = {file.stem for file in (version / "parquet").glob("*.parquet")}
    tables = json.loads((version / "manifest.json").read_text(encoding="utf-8"))["tables"]
    assert copies == set(tables)
    assert copies.isdisjoint(VIEWS)
    assert copies.issuperset(WRITTEN_OUT)


@pytest.mark.parametrize("view", VIEWS)
def test_view_shows_what_it_shows_in_the_warehouse(sample_data: Path, published_file: Path, view: str) -> None:
    connection = duckdb.connect(config={"memory_limit": "1200MB"})
    try:
        connection.execute(f"ATTACH '{published_file}' AS published (READ_ONLY)")
        # The views of the warehouse name its database.
        connection.execute(f"ATTACH '{sample_data / 'restricted' / 'warehouse.duckdb'}' AS warehouse (READ_ONLY)")
        counts = [
            connection.execute(f"SELECT count(*) FROM {database}.marts.{view}").fetchone()
            for database in ("published", "warehouse")
        ]
        assert counts[0] == counts[1] != (0,)
        for one, other in (("published", "warehouse"), ("warehouse", "published")):
            differing = connection.execute(
                f"SELECT count(*) FROM (FROM {one}.marts.{view} EXCEPT ALL FROM {other}.marts.{view})"
            ).fetchone()
            assert differing == (0,), f"rows of {one} that {other} does not have"
    finally:
        connection.close()


@pytest.mark.parametrize("view", VIEWS)
def test_view_and_each_of_its_columns_are_described_in_the_file(
    published: duckdb.DuckDBPyConnection, view: str
) -> None:
    assert published.execute(
        "SELECT comment <> '' FROM duckdb_views() WHERE schema_name = 'marts' AND view_name = ?", [view]
    ).fetchall() == [(True,)]
    comments = published.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = 'marts' AND table_name = ?", [view]
    ).fetchall()
    assert comments
    assert [column for column, comment in comments if not comment] == []


def test_views_open_from_another_folder_and_under_another_name(published_file: Path, tmp_path: Path) -> None:
    """A reader's own schema marts must not be read instead."""
    script = """
import sys, duckdb
connection = duckdb.connect()
connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.indicator_comparison (value DOUBLE)")
connection.execute(f"ATTACH '{sys.argv[1]}' AS theirs (READ_ONLY)")
for view in sys.argv[2:]:
    assert connection.execute(f"SELECT count(*) FROM theirs.marts.{view}").fetchone() > (0,), view
"""
    linked = tmp_path / "anything.duckdb"
    os.link(published_file.resolve(), linked)
    result = subprocess.run(
        [sys.executable, "-c", script, str(linked), *VIEWS], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
