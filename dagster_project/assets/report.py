"""The edition page, written from the published version and nothing else."""

import dagster as dg

from dagster_project import refresh
from dagster_project.assets.publish import PUBLISHED_KEY
from dagster_project.resources import Council


@dg.asset(
    key=dg.AssetKey(["edition", "page"]),
    deps=[PUBLISHED_KEY],
    group_name="editions",
    description="The accessible HTML page that councillors and officers read.",
    owners=["team:performance"],
    kinds={"html"},
    tags={"sensitivity": "officer"},
)
def page(council: Council) -> dg.MaterializeResult:
    """Write the page of the current edition."""
    run = council.run()
    with council.alone(run):
        file = refresh.write_edition(run)
    return dg.MaterializeResult(metadata={"file": file.name, "bytes": file.stat().st_size})
