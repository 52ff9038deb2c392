"""Landing: one asset per declared raw table, landed source by source, with the raw suites as checks."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import dagster as dg

from dagster_project import refresh
from dagster_project.quality.results import CheckResult
from dagster_project.resources import Council
from dagster_project.sources.catalogue import RawTable
from dagster_project.warehouse import open_warehouse

OWNER = "team:data-engineering"
SETTINGS_KEYS = tuple(
    dg.AssetKey(["settings", name])
    for name in (
        "council",
        "edition_scope",
        "threshold",
        "definition",
        "target",
        "progress_8",
        "custom_group_member",
        "pseudonym",
        "supplier_code",
    )
)
REGISTER_KEY = dg.AssetKey(["landing", "source_file"])
_RAW_CHECK = "arriving_files"


@dg.multi_asset(
    name="council_settings",
    specs=[
        dg.AssetSpec(
            key,
            group_name="settings",
            owners=[OWNER],
            kinds={"yaml"},
            tags={"sensitivity": "none"},
            description="What council.yml and council/ declare, for the models to read.",
        )
        for key in SETTINGS_KEYS
    ],
    pool="warehouse",
)
def council_settings(council: Council) -> Iterator[dg.MaterializeResult]:
    """Make the warehouse ready and write the settings into it."""
    run = council.run()
    with council.alone(run):
        refresh.prepare(run)
    for key in SETTINGS_KEYS:
        yield dg.MaterializeResult(asset_key=key, metadata={"authority": run.settings.authority})


def source_assets(source: str, tables: Sequence[RawTable]) -> dg.AssetsDefinition:
    """Build the assets of one declared source: a raw table each, with one check for its arriving files."""
    keys = {table.name: dg.AssetKey([source, table.name]) for table in tables}

    @dg.multi_asset(
        name=f"land_{source}",
        specs=[
            dg.AssetSpec(
                keys[table.name],
                deps=SETTINGS_KEYS,
                group_name=f"raw_{source}",
                description=table.description,
                owners=[OWNER],
                kinds={"duckdb"},
                tags={"sensitivity": table.sensitivity},
            )
            for table in tables
        ],
        check_specs=[
            dg.AssetCheckSpec(
                _RAW_CHECK,
                asset=keys[table.name],
                description="Every row accounted for, every symbol declared, and the suite of the table.",
            )
            for table in tables
        ],
        pool="warehouse",
    )
    def _land(council: Council) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        run = council.run()
        with council.alone(run):
            refresh.land(run, source, now=datetime.now())
            with open_warehouse(run.folders, read_only=True) as connection:
                results = refresh.stored_results(run, connection)
                counts = {
                    name: (rows, files, quarantined, stale)
                    for name, rows, files, quarantined, stale in connection.execute(
                        """SELECT table_name, sum(rows_loaded), count(*), sum(rows_quarantined),
                            count(*) FILTER ("use" = 'stale')
                        FROM landing.source_file
                        WHERE source_id = ? AND "use" IN ('current', 'stale', 'superseded') GROUP BY ALL""",
                        [source],
                    ).fetchall()
                }
        for table in tables:
            rows, files, quarantined, stale = counts.get(table.name, (0, 0, 0, 0))
            yield dg.MaterializeResult(
                asset_key=keys[table.name],
                metadata={
                    "dagster/row_count": int(rows),
                    "files": int(files),
                    "rows_quarantined": int(quarantined),
                    "stale_files": int(stale),
                },
            )
            yield _check_of(
                keys[table.name], [r for r in results if r.table_name in {table.key, f"{table.schema}.{table.name}"}]
            )

    return _land


def _check_of(key: dg.AssetKey, results: Sequence[CheckResult]) -> dg.AssetCheckResult:
    """All stored results of one raw table as one check; a failing source never blocks the others."""
    failed = [result for result in results if result.outcome == "fail"]
    return dg.AssetCheckResult(
        check_name=_RAW_CHECK,
        asset_key=key,
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=failure_table(failed, len(results)),
    )


def failure_table(failed: Sequence[CheckResult], total: int) -> dict[str, dg.MetadataValue]:
    """Counts and messages of failed checks; never a value or an identifier of a child."""
    return {
        "checks": dg.MetadataValue.int(total),
        "failures": dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "check": result.check_id,
                        "severity": result.severity,
                        "failed": result.failed_count,
                        "owner": result.owner or "",
                        "message": result.message or "",
                    }
                )
                for result in failed
            ],
            schema=dg.TableSchema(
                columns=[
                    dg.TableColumn("check", "string"),
                    dg.TableColumn("severity", "string"),
                    dg.TableColumn("failed", "int"),
                    dg.TableColumn("owner", "string"),
                    dg.TableColumn("message", "string"),
                ]
            ),
        ),
    }


def register_asset(raw_keys: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """Build the register of files: complete once every source has landed."""

    @dg.asset(
        key=REGISTER_KEY,
        deps=list(raw_keys),
        group_name="landing",
        description="Every file under raw/: hash, rows landed, loaded and quarantined, vintage, what is in use.",
        owners=[OWNER],
        kinds={"duckdb"},
        tags={"sensitivity": "none"},
        pool="warehouse",
    )
    def source_file(council: Council) -> dg.MaterializeResult:
        run = council.run()
        with council.alone(run):
            counts = refresh.register(run, now=datetime.now())
        return dg.MaterializeResult(metadata={"dagster/row_count": sum(counts.values()), **counts})

    return source_file
