"""Which school years of an assessment were never collected, by the seeds that say so to every figure."""

import re

from expectations.seeds import seed


def years_not_collected(indicator_id: str) -> tuple[int, ...]:
    """Return the last calendar years of the school years for which no figure of an indicator can exist."""
    families = {
        row["family"] for row in seed("comparability_families") if _is_like(indicator_id, row["indicator_pattern"])
    }
    return tuple(
        sorted(
            {
                int(row["period_end"][:4])
                for row in seed("comparability")
                if row["family"] in families and row["comparability"] == "not_collected"
            }
        )
    )


def _is_like(text: str, pattern: str) -> bool:
    """Whether a text is like a pattern of SQL: % is any text, _ any character."""
    parts = ({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch("".join(parts), text) is not None
