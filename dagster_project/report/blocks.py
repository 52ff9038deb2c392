"""The content model: typed blocks that hold what a page says, and the gate each must pass when it is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster_project.report.map import MapArea, MapPoint, MultiplePanel

SHORTEST_ALT = 20
LONGEST_ALT = 400


class IncompleteBlock(ValueError):
    """A block lacks something that every reader needs; the build stops and names the block."""


@dataclass(frozen=True)
class Figure:
    """One printed figure: the unrounded value, the text as printed and where the value comes from.

    `value` is None where a reason is printed in place of a number.
    """

    indicator_id: str
    area_code: str
    period_id: str
    figure: str
    value: float | None
    printed: str
    source_kind: str
    vintage_id: str | None = None
    breakdown_type: str = "total"
    breakdown_value: str = "total"

    @property
    def figure_id(self) -> str:
        """Return `indicator/area/period/figure`, with the breakdown before the last part unless it is the headline."""
        parts = [self.indicator_id, self.area_code, self.period_id]
        if (self.breakdown_type, self.breakdown_value) != ("total", "total"):
            parts += [self.breakdown_type, self.breakdown_value]
        return "/".join([*parts, self.figure])


@dataclass(frozen=True)
class Mark:
    """A judgement as printed: a word, and a shape that repeats it (better, worse, similar, other, open, place)."""

    shape: str
    text: str


@dataclass(frozen=True)
class Cell:
    """One table cell: text, marks and smaller notes under it, an arrow (`up`, `down`) and the figures it prints."""

    text: str
    notes: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    is_number: bool = False
    arrow: str | None = None
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or 3 (the page has the one of level 1)."""

    id: str
    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, with the figures its sentences quote."""

    id: str
    text: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class BulletList:
    """A plain list of sentences."""

    id: str
    items: tuple[str, ...]
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Note:
    """Small print beside a table or a chart."""

    id: str
    text: str


@dataclass(frozen=True)
class Table:
    """A data table; the first cell of every row is its header; `layout` names its column widths in the style sheet.

    Raises:
        IncompleteBlock: If the caption, a column header or a cell is empty, a header is used twice, or a row
            has another number of cells than the header.
    """

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    layout: str = "plain"

    def __post_init__(self) -> None:
        """Refuse a table that a screen reader could not make sense of."""
        if not self.caption.strip():
            raise IncompleteBlock(f"table {self.id}: no caption")
        if len(set(self.columns)) != len(self.columns) or not all(name.strip() for name in self.columns):
            raise IncompleteBlock(f"table {self.id}: a column header is empty or used twice")
        if not self.rows:
            raise IncompleteBlock(f"table {self.id}: no rows")
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise IncompleteBlock(
                    f"table {self.id}: row {number} has {len(row)} cells for {len(self.columns)} columns"
                )
            for name, cell in zip(self.columns, row, strict=True):
                if not cell.text.strip():
                    raise IncompleteBlock(f"table {self.id}: row {number} has nothing under {name}")


@dataclass(frozen=True)
class TrendPeriod:
    """One period on the axis of a trend: `ok`, `gap` (no results published) or `not_comparable`."""

    period_id: str
    label: str
    axis_label: str
    state: str = "ok"
    is_break: bool = False


@dataclass(frozen=True)
class TrendPoint:
    """One value of a trend line and how it is printed."""

    value: float
    printed: str
    is_provisional: bool = False


@dataclass(frozen=True)
class TrendLine:
    """One line: `key` picks colour, dash and marker; `points` has one entry per period, None where none is drawn."""

    key: str
    name: str
    short_name: str
    points: tuple[TrendPoint | None, ...]


@dataclass(frozen=True)
class Trend:
    """What a trend chart shows, before it is drawn."""

    unit: str
    decimals: int
    periods: tuple[TrendPeriod, ...]
    lines: tuple[TrendLine, ...]


@dataclass(frozen=True)
class AreaMap:
    """What a map shows, before it is drawn: areas in four classes by three cut points."""

    areas: tuple[MapArea, ...]
    breaks: tuple[float, ...]
    printed_breaks: tuple[str, ...]
    unit_words: str
    attribution: str


@dataclass(frozen=True)
class PointMap:
    """What a map of schools shows, before it is drawn."""

    points: tuple[MapPoint, ...]
    unit_words: str
    attribution: str


@dataclass(frozen=True)
class ClusterPanels:
    """What small multiples show, before they are drawn: one panel per cluster, the authority's line in each."""

    panels: tuple[MultiplePanel, ...]
    periods: tuple[str, ...]
    authority: tuple[float | None, ...]
    authority_name: str
    unit: str
    decimals: int


@dataclass(frozen=True)
class FigureBlock:
    """A chart or a map with all a reader needs who cannot see it.

    Raises:
        IncompleteBlock: If title, source, period or the data table is missing, or the alt text has not 20 to 400
            characters or only repeats the title.
    """

    id: str
    title: str
    alt: str
    source: str
    period: str
    table: Table | None
    trend: Trend | AreaMap | PointMap | ClusterPanels
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a chart without its text alternative, source, period or data."""
        for name in ("title", "source", "period"):
            if not getattr(self, name).strip():
                raise IncompleteBlock(f"figure {self.id}: no {name}")
        if not SHORTEST_ALT <= len(self.alt) <= LONGEST_ALT:
            raise IncompleteBlock(
                f"figure {self.id}: alt text of {len(self.alt)} characters, wanted {SHORTEST_ALT} to {LONGEST_ALT}"
            )
        if self.alt.strip() == self.title.strip():
            raise IncompleteBlock(f"figure {self.id}: the alt text only repeats the title")
        if self.table is None:
            raise IncompleteBlock(f"figure {self.id}: no data table")


Block = Heading | Paragraph | BulletList | Note | Table | FigureBlock


def figures_in(blocks: tuple[Block, ...]) -> Iterator[Figure]:
    """Yield every figure that the blocks print, in reading order, each id once."""
    seen: set[str] = set()
    for block in blocks:
        table = block.table if isinstance(block, FigureBlock) else block
        if isinstance(table, Table):
            printed = [figure for row in table.rows for cell in row for figure in cell.figures]
        else:
            printed = list(block.figures) if isinstance(block, Paragraph | BulletList) else []
        for figure in printed:
            if figure.figure_id not in seen:
                seen.add(figure.figure_id)
                yield figure
