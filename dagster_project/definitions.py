"""The table of contents: assets, checks, jobs, schedule, sensor, resources. No logic."""

from itertools import groupby

import dagster as dg

from dagster_project.assets.fetch import published
from dagster_project.assets.findings import findings_asset
from dagster_project.assets.ingest import council_settings, register_asset, source_assets
from dagster_project.assets.publish import officer
from dagster_project.assets.report import page
from dagster_project.assets.transform import dbt_build
from dagster_project.automation import CHECK, FETCH_PUBLISHED, MORNING, REFRESH, files_arrived, version_published
from dagster_project.checks import mart_suites
from dagster_project.project import STAGING_DIR
from dagster_project.resources import Council
from dagster_project.sources.catalogue import load_catalogue

_tables = sorted(load_catalogue(STAGING_DIR), key=lambda table: table.source)
_landing = [source_assets(source, list(tables)) for source, tables in groupby(_tables, key=lambda table: table.source)]
_register = register_asset([key for asset in _landing for key in asset.keys])
_findings = findings_asset([dg.AssetKey([table.source, table.name]) for table in _tables if table.source == "ssda903"])

defs = dg.Definitions(
    assets=[council_settings, *_landing, _register, _findings, dbt_build, officer, page, published],
    asset_checks=[mart_suites],
    jobs=[REFRESH, CHECK, FETCH_PUBLISHED],
    schedules=[MORNING],
    sensors=[files_arrived, version_published],
    resources={"council": Council.from_environment()},
    # A run from the UI is the same run as `cfp refresh`: one process, one step after the other.
    executor=dg.in_process_executor,
)
