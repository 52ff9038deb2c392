"""Which school years of an assessment were never collected, by the seeds that say so to every figure."""

import csv
import re
from collections.abc import Iterator

from dagster_project.project import DBT_DIR


def years_not_collected(indicator_id: str) -> tuple[int, ...]:
    """Return the last calendar years of the school years for which no figure of an indicator can exist."""
    families = {
        row["family"] for row in _seed("comparability_families") if _is_like(indicator_id, row["indicator_pattern"])
    }
    return tuple(
        sorted(
            {
                int(row["period_end"][:4])
                for row in _seed("comparability")
                if row["family"] in families and row["comparability"] == "not_collected"
            }
        )
    )


def _seed(name: str) -> Iterator[dict[str, str]]:
    with (DBT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _is_like(text: str, pattern: str) -> bool:
    """Whether a text is like a pattern of SQL: % is any text, _ any character."""
    parts = ({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch("".join(parts), text) is not None
