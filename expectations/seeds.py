"""The seeds of the dbt project as checks read them: what is declared there is not typed in again here."""

import csv
from functools import cache

from dagster_project.project import DBT_DIR


@cache
def seed(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a seed, read once a process."""
    with (DBT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
