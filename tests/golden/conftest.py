"""Fixtures of the golden tests: the recomputation (once per session) and reading a published file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from recompute import comparator_rows

Query = Callable[..., list[dict]]


def _query(connection: duckdb.DuckDBPyConnection) -> Query:
    def query(sql: str, *parameters: object) -> list[dict]:
        cursor = connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return query


@pytest.fixture(scope="session")
def lait_dir(shared_data: Path) -> Path:
    return shared_data / "lait"


@pytest.fixture(scope="session")
def recomputed(lait_dir: Path) -> pl.DataFrame:
    """Every comparator quantity of the file on the May 2025 neighbours; about 6 seconds."""
    return comparator_rows(lait_dir)


@pytest.fixture(scope="session")
def real(real_published: Path) -> Iterator[Query]:
    """Ask the published file built from the real published data; rows as dicts."""
    with duckdb.connect(str(real_published), read_only=True) as connection:
        yield _query(connection)


@pytest.fixture(scope="session")
def returns(returns_published: Path) -> Iterator[Query]:
    """Ask the published file built from the four synthetic returns and the population file; rows as dicts."""
    with duckdb.connect(str(returns_published), read_only=True) as connection:
        yield _query(connection)
