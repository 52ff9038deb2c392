"""When a refresh starts by itself: every morning, or when files arrive. Both are off until someone switches them on."""

import hashlib
import json

import dagster as dg

from dagster_project import refresh
from dagster_project.resources import Council

REFRESH = dg.define_asset_job(
    "refresh", selection=dg.AssetSelection.all(), description="Raw files to a published version and its edition page."
)
CHECK = dg.define_asset_job(
    "check",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("published", "editions"),
    description="Everything but publication and outputs.",
)

MORNING = dg.ScheduleDefinition(
    name="refresh_every_morning",
    job=REFRESH,
    cron_schedule="0 6 * * *",
    execution_timezone="Europe/London",
    description="Costs nothing on a day without new files.",
)


@dg.sensor(job=REFRESH, minimum_interval_seconds=60)
def files_arrived(context: dg.SensorEvaluationContext, council: Council) -> dg.SensorResult | dg.SkipReason:
    """Ask for a refresh when the content of raw/ differs from what was last asked for."""
    run = council.run(announce=lambda step: None)
    fingerprints = dict(run.inventory().fingerprints)
    if context.cursor and json.loads(context.cursor) == fingerprints:
        return dg.SkipReason("no file under raw/ has changed")
    content = json.dumps(fingerprints, sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()
    if refresh.is_up_to_date(run, run.inventory()):
        return dg.SensorResult(cursor=content, skip_reason="what lies under raw/ is published already")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key)], cursor=content)
