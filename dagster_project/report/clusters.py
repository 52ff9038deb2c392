"""The section on local clusters: one table by where children live and one by where they go to school."""

from __future__ import annotations

from dagster_project.report.blocks import Block, BulletList, Cell, Heading, Note, Paragraph, Table
from dagster_project.report.cluster_map import map_blocks
from dagster_project.report.headline import shown
from dagster_project.report.rows import Marts, Row

#: What stands under each basis, in this order, of single years or of three together. Counts of one year are small.
COLUMNS: dict[str, tuple[tuple[str, bool], ...]] = {
    "home": (("cla_31_march", False), ("eyfsp_gld", True), ("eyfsp_comm_lang", True), ("abs_persistent", False)),
    "school": (("phonics_y1", True), ("ks2_reading_exp", True), ("ks4_att8", False), ("abs_persistent", False)),
}
#: What the map shows, by where children live.
MAPPED = "eyfsp_gld"
BASIS_WORDS = {"home": "by where children live", "school": "by where children go to school"}
#: Rows that are no cluster, after those that are.
EXTRA = {
    "outside_area": "Outside the area",
    "no_home_area": "No home in the area (unaccompanied children)",
    "not_known": "Not known",
}
POSITION_WORDS = {
    "far_below": "far below, hardly by chance",
    "below": "below, seldom by chance",
    "above": "above, seldom by chance",
    "far_above": "far above, hardly by chance",
}
FILES = (
    "clusters.csv: the clusters with their names, kinds and dates",
    "cluster_areas.csv: which lower layer super output area belongs to which cluster",
    "cluster_schools.csv: which school belongs to which cluster",
    "postcodes.csv with the column lsoa11 or lsoa21: where postcodes lie",
)


def cluster_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return the section: map and a table for each basis that has figures, or which files are missing; ward scores."""
    return (*_clusters(marts), *_ward_scores(marts))


def _ward_scores(marts: Marts) -> tuple[Block, ...]:
    """Return the scores of wards, one table per measure: wards are no parts of clusters."""
    measures: dict[str, list[Row]] = {}
    for row in marts.ward_scores:
        measures.setdefault(row["measure"], []).append(row)
    tables = [
        Table(
            f"ward-scores-{number}",
            f"Wards: {measure}, {rows[0]['period']}",
            ("Ward", "Score"),
            tuple((Cell(row["ward_name"]), Cell(f"{row['value']:,.1f}", is_number=True)) for row in rows),
        )
        for number, (measure, rows) in enumerate(measures.items(), start=1)
    ]
    return (Heading("ward-scores", 3, "Scores of wards"), *tables) if tables else ()


def _clusters(marts: Marts) -> tuple[Block, ...]:
    heading = Heading("clusters", 2, "Local clusters")
    if not marts.clusters:
        return (
            heading,
            Paragraph(
                "clusters-none",
                "No figures by cluster: the council's lists of clusters are not under raw/geography. It takes:",
            ),
            BulletList("clusters-files", FILES),
        )
    tables = [block for basis in COLUMNS for block in _table(marts, basis)]
    drawn = map_blocks(marts, _newest(marts, MAPPED, "home", is_pooled=True))
    return (
        heading,
        *drawn,
        *(tables or [Paragraph("clusters-no-figures", "No figure can be told by cluster from the files loaded.")]),
        Note(
            "clusters-note",
            "Clusters stand in order of name; the table is no league table. A cluster counts on the last day of the "
            "period, one that ended in the years before. The home of a child in care is the one before care, never the "
            "placement. Words under a figure say how seldom chance alone would do it to a cluster of that size, were "
            "its children like those of the whole area: seldom is one in twenty, hardly one in five hundred; among so "
            "many clusters one will stand out now and then. The rows of a column add up to the whole area.",
        ),
    )


def _table(marts: Marts, basis: str) -> tuple[Block, ...]:
    columns = [
        rows
        for indicator_id, is_pooled in COLUMNS[basis]
        if (rows := _newest(marts, indicator_id, basis, is_pooled=is_pooled))
    ]
    if not columns:
        return ()
    held = {code for rows in columns for code in rows}
    names = {code: name for code, name in marts.cluster_names.items() if code in held} | EXTRA
    listed = [
        *sorted(held - set(EXTRA), key=lambda code: (names[code], code)),
        *(code for code in EXTRA if code in held),
    ]
    header = tuple(map(_header, map(_any, columns)))
    body = [(Cell(names[code]), *(_cell(rows.get(code)) for rows in columns)) for code in listed]
    whole = (
        Cell(f"Whole area: {marts.name}"),
        *(_value(any_of, any_of["city_value"]) for any_of in map(_any, columns)),
    )
    caption = f"Clusters {BASIS_WORDS[basis]}"
    return (Table(f"clusters-{basis}-table", caption, ("Cluster", *header), (*body, whole)),)


def _any(rows: dict[str, Row]) -> Row:
    """One of the rows of a column, for what they share: the indicator, the period and the figure of the whole."""
    return next(iter(rows.values()))


def _header(row: Row) -> str:
    """Indicator and period; a day that the name of the indicator ends with stands once."""
    name, label = row["indicator_name"], row["period_label"]
    day, _, year = label.rpartition(" ")
    return f"{name} {year}" if day and name.endswith(day) else f"{name}, {label}"


def _newest(marts: Marts, indicator_id: str, basis: str, *, is_pooled: bool) -> dict[str, Row]:
    """Return the rows of the newest period by area; of three years where asked for and there are any."""
    rows = [row for row in marts.clusters if (row["indicator_id"], row["membership_basis"]) == (indicator_id, basis)]
    pooled = [row for row in rows if row["period_id"].startswith("rolling3")]
    chosen = pooled if is_pooled and pooled else [row for row in rows if row not in pooled]
    if not chosen:
        return {}
    newest = max(row["period_end"] for row in chosen)
    return {row["area_code"]: row for row in chosen if row["period_end"] == newest}


def _cell(row: Row | None) -> Cell:
    if row is None:
        return Cell("none", is_number=True)
    notes = []
    if row["denominator"]:
        notes.append(f"of {row['denominator']:,.0f}")
    if row["funnel_position"] in POSITION_WORDS:
        notes.append(POSITION_WORDS[row["funnel_position"]])
    return _value(row, row["value"], *notes)


def _value(row: Row, value: float | None, *notes: str) -> Cell:
    status = row["value_status"] if value is None else "ok"
    return Cell(shown(value, row, status), notes=notes if value is not None else (), is_number=True)
