"""The queries of docs/queries.md run on a published file, and the data dictionary names what that file holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
# A good publication may have nothing to show here; every other query gives rows on the sample.
MAY_BE_EMPTY = {"What a revision changed", "Checks that found something"}


def documented() -> list[tuple[str, str]]:
    """Heading and SQL of each query of the page."""
    return re.findall(
        r"^## ([^\n]+)\n(?:(?!^## ).)*?```sql\n(.+?)```", (DOCS / "queries.md").read_text("utf-8"), re.M | re.S
    )


@pytest.fixture(scope="module")
def published(sample_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(sample_data / "published" / "officer" / "children.duckdb"), read_only=True)
    yield connection
    connection.close()


def test_page_holds_at_least_ten_queries_and_none_is_overlooked() -> None:
    assert len(documented()) >= 10
    assert len(documented()) == (DOCS / "queries.md").read_text("utf-8").count("```sql")


@pytest.mark.parametrize(("heading", "sql"), documented(), ids=[heading for heading, _ in documented()])
def test_documented_query_runs_and_gives_rows(published: duckdb.DuckDBPyConnection, heading: str, sql: str) -> None:
    rows = published.execute(sql).fetchall()
    assert rows or heading in MAY_BE_EMPTY


def test_data_dictionary_names_every_published_table_and_column(published: duckdb.DuckDBPyConnection) -> None:
    text = (DOCS / "reference" / "tables.md").read_text("utf-8")
    described = {
        name: re.findall(r"^\| `(\w+)` \|", body, re.M)
        for name, body in re.findall(r"^## (\w+)\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    }
    held: dict[str, list[str]] = {}
    for table, column in published.execute(
        """SELECT table_name, column_name FROM duckdb_columns()
        WHERE schema_name = 'marts' ORDER BY table_name, column_index"""
    ).fetchall():
        held.setdefault(table, []).append(column)
    assert described == held
