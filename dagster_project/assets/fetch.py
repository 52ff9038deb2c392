"""Published data sets from the service into raw/: one row of metadata for each."""

import dagster as dg

from dagster_project.ees_service.fetch import Outcome, fetch
from dagster_project.resources import Council

FETCH_KEY = dg.AssetKey(["fetch", "published"])


@dg.asset(
    key=FETCH_KEY,
    deps=[dg.AssetKey(["settings", "council"])],
    group_name="fetch",
    description="The data sets of council.yml from Explore Education Statistics, as release folders under raw/.",
    owners=["team:data-engineering"],
    kinds={"csv"},
    tags={"sensitivity": "published"},
    # A pool of its own: a slow service must not keep a refresh waiting.
    pool="fetch",
)
def published(council: Council) -> dg.MaterializeResult:
    """Fetch what is wanted; one failure fails the step, after all the others have been tried."""
    outcomes = fetch(council.fetch())
    failed = [outcome for outcome in outcomes if outcome.has_failed]
    if failed:
        raise dg.Failure(description="; ".join(outcome.lines()[0] for outcome in failed), metadata=_metadata(outcomes))
    return dg.MaterializeResult(metadata=_metadata(outcomes))


def _metadata(outcomes: tuple[Outcome, ...]) -> dict[str, dg.MetadataValue]:
    return {
        "fetched": dg.MetadataValue.int(sum(outcome.outcome == "fetched" for outcome in outcomes)),
        "data_sets": dg.MetadataValue.table([_record(outcome) for outcome in outcomes], _SCHEMA),
    }


_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("data_set", "string"),
        dg.TableColumn("outcome", "string"),
        dg.TableColumn("version", "string"),
        dg.TableColumn("rows", "int"),
        dg.TableColumn("notes", "string"),
    ]
)


def _record(outcome: Outcome) -> dg.TableRecord:
    notes = [*outcome.notes, *([outcome.error] if outcome.error else [])]
    return dg.TableRecord(
        {
            "data_set": outcome.data_set,
            "outcome": outcome.outcome,
            "version": outcome.version or "",
            "rows": outcome.rows or 0,
            "notes": "; ".join(notes),
        }
    )
