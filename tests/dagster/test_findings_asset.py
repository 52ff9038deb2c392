"""The asset of the findings tells counts and their movement, never a row."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dagster_project.quality.return_checks import ReturnCount


def count(code: str, failed: int, before: int | None) -> "ReturnCount":
    from dagster_project.quality.return_checks import ReturnCount

    return ReturnCount(
        return_key="2025",
        code=code,
        severity="error",
        message=f"words of {code}",
        checked=40,
        failed=failed,
        failed_before=before,
    )


def test_findings_show_what_was_found_and_how_it_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    import dagster as dg

    from dagster_project import refresh
    from dagster_project.assets.findings import findings_asset

    counts = [count("H01", 3, 5), count("H02", 4, None), count("H03", 0, 2), count("H04", 0, 0)]
    monkeypatch.setattr(refresh, "check_returns", lambda run: counts)
    asset = findings_asset([dg.AssetKey(["ssda903", "header"])])
    council = SimpleNamespace(run=lambda: None, alone=lambda run: nullcontext())
    (compute,) = [asset.op.compute_fn.decorated_fn]
    result = compute(council)
    assert (result.metadata["returns"], result.metadata["rules"], result.metadata["rows_found"]) == (1, 4, 7)
    rows = [dict(record.data) for record in result.metadata["movement"].records]
    shown = {row["rule"]: (row["found"], row["at_last_load"], row["movement"]) for row in rows}
    # A rule that finds nothing and found nothing is not worth a line.
    assert shown == {"H01": (3, "5", "-2"), "H02": (4, "not loaded", "new"), "H03": (0, "2", "-2")}
