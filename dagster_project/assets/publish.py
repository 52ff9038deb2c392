"""The published officer version, replaced only by a complete one that passed the gate."""

from datetime import datetime

import dagster as dg

from dagster_project import refresh
from dagster_project.assets.findings import FINDINGS_KEY
from dagster_project.assets.transform import MART_KEYS
from dagster_project.resources import Council

PUBLISHED_KEY = dg.AssetKey(["published", "officer"])


@dg.asset(
    key=PUBLISHED_KEY,
    deps=[*MART_KEYS, FINDINGS_KEY],
    group_name="published",
    description="The DuckDB file that analysts open, its Parquet copies and its manifest.",
    owners=["team:performance"],
    kinds={"duckdb", "parquet"},
    tags={"sensitivity": "officer"},
    pool="warehouse",
)
def officer(council: Council) -> dg.MaterializeResult:
    """Publish the marts as a new version and switch readers to it."""
    run = council.run()
    with council.alone(run):
        version = refresh.publish(run, now=datetime.now())
    return dg.MaterializeResult(
        metadata={
            "version": version.version_id,
            "edition": version.manifest["edition_id"],
            "synthetic": version.manifest["is_synthetic"],
            "rows": sum(version.manifest["tables"].values()),
        }
    )
