"""The gate: one blocking check per mart suite. A critical failure keeps everything after it from starting."""

from collections.abc import Iterator

import dagster as dg

from dagster_project import refresh
from dagster_project.assets.ingest import failure_table
from dagster_project.assets.transform import MART_KEYS
from dagster_project.resources import Council
from dagster_project.warehouse import open_warehouse
from expectations import MART_SUITES

_KEYS = {key.path[-1]: key for key in MART_KEYS}


def _key(table: str) -> dg.AssetKey:
    """The mart a suite guards; a suite over the whole schema hangs on the table of figures."""
    return _KEYS.get(table.split(".")[-1], _KEYS["fct_indicator_value"])


@dg.multi_asset_check(
    name="mart_suites",
    specs=[
        dg.AssetCheckSpec(
            f"suite_{suite.name}",
            asset=_key(suite.table),
            additional_deps=[key for key in MART_KEYS if key != _key(suite.table)],
            blocking=True,
            description="Great Expectations suite run before anything is published.",
        )
        for suite in MART_SUITES
    ],
    pool="warehouse",
)
def mart_suites(council: Council) -> Iterator[dg.AssetCheckResult]:
    """Run every mart suite; a critical failure is an error and blocks, a warning is reported with its owner."""
    run = council.run()
    with council.alone(run):
        refresh.check(run)
        with open_warehouse(run.folders, read_only=True) as connection:
            results = refresh.stored_results(run, connection)
    for suite in MART_SUITES:
        own = [result for result in results if result.suite == suite.name]
        failed = [result for result in own if result.outcome in {"fail", "not_run"}]
        critical = any(result.severity == "critical" for result in failed)
        yield dg.AssetCheckResult(
            check_name=f"suite_{suite.name}",
            asset_key=_key(suite.table),
            passed=not critical and not any(result.outcome == "fail" for result in failed),
            severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
            metadata=failure_table(failed, len(own)),
        )
