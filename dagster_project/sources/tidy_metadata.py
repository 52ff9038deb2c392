"""The metadata file of a tidy file, `name.meta.csv` beside `name.csv`: what it says of each column, as text."""

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.sources.csv_text import UnreadableFile, decode, records

SUFFIX = ".meta.csv"
#: Columns that every metadata file has; `indicator_dp` came later and older files lack it.
REQUIRED = (
    "col_name",
    "col_type",
    "label",
    "indicator_grouping",
    "indicator_unit",
    "filter_hint",
    "filter_grouping_column",
)
LATER = "indicator_dp"
OPTIONAL = ("filter_default", "parent_filter")


@dataclass(frozen=True)
class Metadata:
    """A metadata file as read. `columns` is its header; `rows` map header to trimmed cell, in file order.

    `faults` say in words what could not be read; with `is_usable` false nothing can be said of the data from it.
    """

    name: str
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str], ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether there is a row to look at and every row could be told apart into its cells."""
        return bool(self.rows) and not self.faults

    def of_type(self, col_type: str) -> tuple[Mapping[str, str], ...]:
        """Return the rows of one `col_type`: Filter or Indicator."""
        return tuple(row for row in self.rows if row.get("col_type") == col_type)


def read_metadata(name: str, content: bytes) -> Metadata:
    """Read the bytes of a metadata file; what is wrong with it is in `faults`, nothing is raised.

    Cells are trimmed, since published labels end in spaces.
    """
    try:
        text, _ = decode(content)
    except UnreadableFile as error:
        return Metadata(name, faults=(str(error),))
    found = list(records(text, ","))
    if not found:
        return Metadata(name, faults=("it is empty",))
    header = tuple(cell.strip() for cell in found[0].cells or ())
    if not header:
        return Metadata(name, faults=("the quotation marks of its header are broken",))
    rows: list[Mapping[str, str]] = []
    # Without the names of columns, or with two columns of one name, nothing can be said of the data.
    faults = [f"its header has {header.count(name)} columns {name}" for name in REQUIRED if header.count(name) > 1]
    if REQUIRED[0] not in header:
        faults.append(f"its header has no column {REQUIRED[0]}, in small letters and parted by commas")
    for number, record in enumerate(found[1:], start=1):
        if record.cells is None:
            faults.append(f"row {number} has a quotation mark inside a value or one that is not closed")
        elif len(record.cells) != len(header):
            faults.append(f"row {number} has {len(record.cells)} cells, the header {len(header)}")
        elif any(cell.strip() for cell in record.cells):
            rows.append({column: cell.strip() for column, cell in zip(header, record.cells, strict=True)})
    if not rows and not faults:
        faults.append("it has a header and no rows")
    return Metadata(name, columns=header, rows=tuple(rows), faults=tuple(faults))
