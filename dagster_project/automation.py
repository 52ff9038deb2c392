"""What starts by itself: a refresh every morning or when files arrive, fetching when a new version is published.

All are off until someone switches them on.
"""

import hashlib
import json

import dagster as dg

from dagster_project import refresh
from dagster_project.ees_service.fetch import is_landed, newest_versions
from dagster_project.resources import Council

# A refresh needs no network: what is fetched arrives like any other file.
_LOCAL = dg.AssetSelection.all() - dg.AssetSelection.groups("fetch")
REFRESH = dg.define_asset_job(
    "refresh", selection=_LOCAL, description="Raw files to a published version and its edition page."
)
CHECK = dg.define_asset_job(
    "check",
    selection=_LOCAL - dg.AssetSelection.groups("published", "editions"),
    description="Everything but publication and outputs.",
)
FETCH_PUBLISHED = dg.define_asset_job(
    "fetch_published",
    selection=dg.AssetSelection.groups("fetch"),
    description="The data sets of council.yml from Explore Education Statistics into raw/.",
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


@dg.sensor(
    job=FETCH_PUBLISHED,
    minimum_interval_seconds=24 * 60 * 60,
    description="Asks Explore Education Statistics once a day whether a new version is published.",
)
def version_published(context: dg.SensorEvaluationContext, council: Council) -> dg.SensorResult | dg.SkipReason:
    """Ask for fetching when the newest version of a data set is neither under raw/ nor asked for before."""
    run = council.fetch(announce=lambda step: None)
    if not run.wanted:
        return dg.SkipReason("council.yml lists no data set under `ees.data_sets`")
    newest, faults = newest_versions(run)
    asked = json.loads(context.cursor) if context.cursor else {}
    new = {
        name: version
        for name, version in newest.items()
        if asked.get(name) != version and not is_landed(run, name, version)
    }
    for fault in faults:
        context.log.warning(fault)
    # What could not be asked today stands as it was.
    content = json.dumps(asked | newest, sort_keys=True)
    if not new:
        return dg.SensorResult(cursor=content, skip_reason="; ".join(faults) or "no new version is published")
    key = hashlib.sha256(json.dumps(new, sort_keys=True).encode()).hexdigest()
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key)], cursor=content)
