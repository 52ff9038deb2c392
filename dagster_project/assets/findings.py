"""Findings in the looked-after return: lists for practitioners, with counts and their movement since the last load."""

from collections.abc import Sequence

import dagster as dg

from dagster_project import refresh
from dagster_project.quality.return_checks import ReturnCount
from dagster_project.resources import Council

FINDINGS_KEY = dg.AssetKey(["findings", "ssda903"])


def findings_asset(raw_keys: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """Build the asset of the findings in the returns of the tables in `raw_keys`."""

    @dg.asset(
        key=FINDINGS_KEY,
        deps=list(raw_keys),
        group_name="findings",
        description="Rows of the looked-after returns to correct, one list per rule, in the restricted folder.",
        owners=["team:data-engineering"],
        kinds={"csv"},
        tags={"sensitivity": "personal"},
        pool="warehouse",
    )
    def ssda903(council: Council) -> dg.MaterializeResult:
        run = council.run()
        with council.alone(run):
            counts = refresh.check_returns(run)
        return dg.MaterializeResult(
            metadata={
                "returns": len({count.return_key for count in counts}),
                "rules": len({count.code for count in counts}),
                "rows_found": sum(count.failed for count in counts),
                "movement": dg.MetadataValue.table([_record(count) for count in counts if _is_told(count)], _SCHEMA),
            }
        )

    return ssda903


_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("return", "string"),
        dg.TableColumn("rule", "string"),
        dg.TableColumn("severity", "string"),
        dg.TableColumn("message", "string"),
        dg.TableColumn("found", "int"),
        dg.TableColumn("at_last_load", "string"),
        dg.TableColumn("movement", "string"),
    ]
)


def _is_told(count: ReturnCount) -> bool:
    return bool(count.failed or count.failed_before)


def _record(count: ReturnCount) -> dg.TableRecord:
    """Counts only. A return loaded for the first time has nothing to move from, which a table of numbers cannot say."""
    is_new = count.failed_before is None
    return dg.TableRecord(
        {
            "return": count.return_key,
            "rule": count.code,
            "severity": count.severity,
            "message": count.message,
            "found": count.failed,
            "at_last_load": "not loaded" if is_new else f"{count.failed_before:,}",
            "movement": "new" if is_new else f"{count.movement:+,}",
        }
    )
