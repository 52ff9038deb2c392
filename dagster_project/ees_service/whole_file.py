"""The method `csv`: the whole data set in one answer, with its labels put back to the declared columns."""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from dagster_project.ees_service.client import EesClient, ServiceError
from dagster_project.ees_service.labels import (
    DataSetMeta,
    columns_of_header,
    layout_for,
    level_text,
    period_of,
)
from dagster_project.ees_service.versions import Version
from dagster_project.sources.catalogue import Layout, RawTable, fit_of, normalise_header

# Python's csv module refuses cells above 128 KiB unless told.
csv.field_size_limit(sys.maxsize)
_DAMAGED = "run again; if it goes on, set `method: query` for this data set in council.yml"


def write_tidy(
    client: EesClient,
    data_set_id: str,
    version: Version,
    meta: DataSetMeta,
    table: RawTable,
    folder: Path,
    target: Path,
) -> tuple[Layout, int]:
    """Download into `folder`, write `target` with the declared headers, and return the layout and the count of rows.

    Raises:
        ServiceError: If columns, options, levels, periods or the count of rows are not what metadata and version say.
    """
    received = folder / "received.csv"
    client.whole_csv(data_set_id, version.text, received)
    rows = _rows(received)
    header = next(rows, None)
    if header is None:
        raise ServiceError("the service gave an empty file", _DAMAGED)
    columns = columns_of_header(header, meta, table)
    layout = layout_for(columns, table)
    count = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name for name, _ in layout.columns])
        for row in _tidied(rows, columns, layout, meta, table):
            writer.writerow(row)
            count += 1
    if not count:
        raise ServiceError("the service gave a header and no rows", _DAMAGED)
    if version.rows is not None and count != version.rows:
        raise ServiceError(f"the file holds {count:,} rows, version {version.text} has {version.rows:,}", _DAMAGED)
    received.unlink()
    return layout, count


def _rows(file: Path) -> Iterator[list[str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for row in csv.reader(opened, strict=True):
                if row:
                    yield row
    except UnicodeDecodeError:
        raise ServiceError("the file of the service is not UTF-8 text", _DAMAGED) from None
    except csv.Error as error:
        raise ServiceError(f"the file of the service is no CSV ({error})", _DAMAGED) from None


def _tidied(
    rows: Iterator[list[str]], columns: Sequence[str], layout: Layout, meta: DataSetMeta, table: RawTable
) -> Iterator[list[str]]:
    place = {normalise_header(name): number for number, name in enumerate(columns)}
    positions = fit_of(columns, table, layout).positions
    level, period, kind = (place[name] for name in ("geographic_level", "time_period", "time_identifier"))
    filters = [
        (place[normalise_header(column.column)], column.column, {option.label for option in column.options})
        for column in meta.filters
        if normalise_header(column.column) in place
    ]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise ServiceError(f"row {number:,} has {len(row)} cells, the header {len(columns)}", _DAMAGED)
        row[level] = level_text(row[level].strip())
        row[period], row[kind] = period_of(row[period].strip(), row[kind].strip())
        for position, name, options in filters:
            if row[position].strip() not in options:
                raise ServiceError(
                    f"row {number:,}: {row[position]!r} is no option of {name!r} in the metadata", _DAMAGED
                )
        yield [row[position] for position in positions]
