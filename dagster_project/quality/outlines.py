"""Checks on arriving outlines of clusters, small areas and wards, which no query can make: rings, overlaps, places."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from dagster_project.geography.boundaries import faults_of
from dagster_project.quality.results import CheckResult
from expectations.seeds import seed
from expectations.suite import DATA_MANAGER

SUITE = "outlines"
_CLUSTERS = "raw_geography.cluster_boundaries"
_PLACE = "outlines_outside_box"
#: Raw tables of outlines with the columns of their id and name.
TABLES = {
    _CLUSTERS: ("cluster_id", "cluster_name"),
    "raw_geography.area_boundaries": ("area_code", "area_name"),
}
#: What a file of outlines has to keep, by check; each is the name of a fault with `outlines_` before it.
CHECKS = {
    "outlines_unreadable_geometry": "Every outline is a GeoJSON geometry in WGS84 or British National Grid.",
    "outlines_not_an_area": "Every outline is an area, neither a line nor a point.",
    "outlines_open_ring": "Every ring is closed.",
    "outlines_invalid_geometry": "No outline crosses itself.",
    "outlines_outside_box": "Every cluster lies where postcodes of the authority lie, or within five kilometres.",
    "outlines_repeated_area": "Every area has one outline.",
    "outlines_overlap": "Areas lie side by side: those on one another are less than a thousandth of the whole.",
}
ADVICE = "Correct the file and put it in the folder again; until then the last good one stays in use."
#: Metres around the postcodes of the authority in which its areas still lie.
MARGIN = 5_000

Box = tuple[float, float, float, float]


def check_outlines(database: Path, candidates: Mapping[str, Sequence[str]], *, authority: int) -> list[CheckResult]:
    """Return the results of all checks on each arriving file of outlines; a critical failure refuses the file.

    Args:
        database: The warehouse, which is read.
        candidates: Arriving files by raw table.
        authority: DfE number of the council, whose postcodes say where its areas lie; without a directory of postcodes
            that check is not run.
    """
    due = [(table, file_id) for table in TABLES for file_id in candidates.get(table, ())]
    if not due:
        return []
    connection = duckdb.connect(str(database), read_only=True)
    try:
        box = _box(connection, authority)
        return [result for table, file_id in due for result in _check(connection, table, file_id, box)]
    finally:
        connection.close()


def _check(connection: duckdb.DuckDBPyConnection, table: str, file_id: str, box: Box | None) -> list[CheckResult]:
    id_column, name_column = TABLES[table]
    # Outlines of small areas and wards may come for the whole country: the others are not used.
    checks = [check_id for check_id in CHECKS if check_id != _PLACE or table == _CLUSTERS]
    features = connection.execute(
        f"""SELECT coalesce(trim({id_column}), ''), coalesce(trim({name_column}), ''), coalesce(geometry, '')
        FROM {table} WHERE _file_id = ? ORDER BY _row_number""",
        [file_id],
    ).fetchall()
    found = {f"{SUITE}_{fault.kind}": fault for fault in faults_of(features, box=box if table == _CLUSTERS else None)}
    results = []
    for check_id in checks:
        fault = found.get(check_id)
        not_run = check_id == _PLACE and box is None
        results.append(
            CheckResult(
                suite=SUITE,
                table_name=table,
                check_id=check_id,
                # Without postcodes nothing can be said of places, and a file is not refused for that.
                severity="warning" if not_run else "critical",
                scope="source",
                outcome="not_run" if not_run else "fail" if fault else "pass",
                checked_count=len(features),
                failed_count=len(fault.area_ids) if fault else 0,
                owner=DATA_MANAGER,
                why=CHECKS[check_id],
                message=f"{fault.words} {ADVICE}" if fault else None,
                source_id="geography",
                file_id=file_id,
            )
        )
    return results


def _box(connection: duckdb.DuckDBPyConnection, authority: int) -> Box | None:
    """Where the authority's postcodes lie, with a margin, in metres of the national grid."""
    codes = [
        row["area_code"]
        for name in ("authorities", "area_code_history")
        for row in seed(name)
        if int(row["dfe_number"]) == authority
    ]
    row = connection.execute(
        """SELECT min(east), min(north), max(east), max(north) FROM (
            SELECT try_cast(p.oseast1m AS DOUBLE) AS east, try_cast(p.osnrth1m AS DOUBLE) AS north
            FROM raw_geography.postcodes AS p JOIN landing.source_file AS f ON f.file_id = p._file_id
            WHERE f.use IN ('candidate', 'current', 'stale') AND upper(trim(p.laua)) IN (SELECT unnest(?::VARCHAR[])))
        WHERE east > 0 AND north > 0""",
        [codes],
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return (row[0] - MARGIN, row[1] - MARGIN, row[2] + MARGIN, row[3] + MARGIN)
