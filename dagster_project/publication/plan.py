"""What a publication would change: the figures of the built marts beside those of the version that readers get now.

Everything works on one connection that has two databases: `warehouse`, built and checked, and `previous`, the published
version. Neither is written to.
"""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.publication.causes import (
    OUR_CODE,
    POPULATION,
    SETTINGS,
    STATUS,
    Evidence,
    Vintage,
    cause_by_files,
    held,
)

COLUMNS = (
    *("kind", "indicator_id", "area_code", "area_name", "period_id", "breakdown_type", "breakdown_value"),
    *("source_kind", "old_value", "old_status", "old_vintage", "new_value", "new_status", "new_vintage"),
    *("difference", "cause", "old_release_status", "new_release_status"),
)
KINDS = ("new", "changed", "gone")
# Beside the figures, only how many rows differ is told; each table with its grain.
COUNTED_TABLES: dict[str, tuple[str, ...]] = {
    "comparator_value": (
        *("indicator_id", "area_code", "period_id", "breakdown_type", "breakdown_value"),
        *("group_id", "group_version", "statistic"),
    ),
    "comparator_group": ("group_id", "group_version"),
    "comparator_member": ("group_id", "group_version", "area_code", "member_area_code"),
    "dim_indicator": ("indicator_id",),
    "dim_area": ("area_code",),
    "dim_period": ("period_id",),
}
_KEY = "indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind"
_PARTS = "numerator, denominator, ci_lower, ci_upper"
# Printed figures are read as doubles, in which equal figures may differ in the last digit.
_MARGIN = 1e-9
_LARGEST = 10
_LINES_OF_A_DATA_SET = 25


class UnknownName(LookupError):
    """No figure, published or planned, has the indicator or area that was asked for."""


@dataclass(frozen=True)
class Published:
    """The version that readers get now."""

    database: Path
    version_id: str
    code_version: str
    # A hash per source table, per setting and of the code, as the marts stood on them.
    built_from: Mapping[str, str]


@dataclass(frozen=True)
class Side:
    """What the marts of the warehouse were built with; the words of `Published`."""

    code: str
    built_from: Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """What of the plan is told; the list in the file is always whole."""

    indicator_id: str | None = None
    area_code: str | None = None
    all_rows: bool = False


@dataclass(frozen=True)
class Group:
    """Figures of one indicator that change in one way for one reason."""

    data_set: str
    indicator_id: str
    kind: str
    cause: str
    figures: int
    # Of those that change: a number to another number; a symbol to a number; a number to a symbol.
    numbers: int
    from_symbol: int
    to_symbol: int


@dataclass(frozen=True)
class Differing:
    """How many rows of a table differ. None stands for a table that could not be built."""

    new: int
    changed: int
    gone: int


@dataclass(frozen=True)
class Plan:
    """What a publication would change."""

    # Version that is published now, None before the first.
    against: str | None
    file: Path
    # That version was made from exactly what lies under raw/ and is set now: nothing had to be compared.
    up_to_date: bool = False
    # Figures that keep value and status: all; those that come from another file; those with other counts or limits.
    unchanged: int = 0
    from_another_file: int = 0
    other_parts: int = 0
    groups: tuple[Group, ...] = ()
    tables: Mapping[str, Differing | None] = field(default_factory=dict)
    largest_of: str | None = None
    largest: tuple[dict[str, Any], ...] = ()
    rows: tuple[dict[str, Any], ...] | None = None

    def count(self, kind: str) -> int:
        """Figures that are new, changed or gone."""
        return sum(group.figures for group in self.groups if group.kind == kind)

    def facts(self) -> dict[str, Any]:
        """The plan for a program."""
        causes: dict[str, int] = {}
        for group in self.groups:
            causes[group.cause] = causes.get(group.cause, 0) + group.figures
        return {
            "against": self.against,
            "nothing_published": self.against is None,
            "up_to_date": self.up_to_date,
            "figures": {kind: self.count(kind) for kind in KINDS},
            "numbers_changed": sum(group.numbers for group in self.groups),
            "unchanged": self.unchanged,
            "unchanged_from_another_file": self.from_another_file,
            "unchanged_with_other_parts": self.other_parts,
            "causes": causes,
            "groups": [asdict(group) for group in self.groups],
            "tables": {name: asdict(rows) if rows else None for name, rows in self.tables.items()},
            "largest": list(self.largest),
            "csv": str(self.file),
        } | ({} if self.rows is None else {"rows": list(self.rows)})


@contextmanager
def published_beside(connection: duckdb.DuckDBPyConnection, database: Path | None) -> Iterator[None]:
    """Attach the published version, to be read only; where nothing is published there is no `previous`."""
    if database is None:
        yield
        return
    path = str(database.resolve()).replace("'", "''")
    connection.execute(f"ATTACH '{path}' AS previous (READ_ONLY)")
    try:
        yield
    finally:
        connection.execute("DETACH previous")


def evidence_of(connection: duckdb.DuckDBPyConnection, published: Published | None, side: Side) -> Evidence:
    """Return what the two sides are made from, files by the registers of both."""
    now = connection.execute(
        """SELECT vintage_id, source_id FROM warehouse.landing.source_file
        WHERE vintage_id IS NOT NULL AND "use" IN ('current', 'stale', 'superseded')"""
    ).fetchall()
    if published is None:
        return Evidence(None, held(vintage for vintage, _ in now), _sources(now))
    before = connection.execute(
        """SELECT vintage_id, source_id FROM previous.marts.source_file
        WHERE vintage_id IS NOT NULL AND file_use <> 'none'"""
    ).fetchall()
    named = connection.execute("SELECT DISTINCT vintage_id FROM previous.marts.fct_indicator_value").fetchall()
    settings = {
        key
        for key in published.built_from.keys() | side.built_from.keys()
        if key.startswith("settings.") and published.built_from.get(key) != side.built_from.get(key)
    }
    return Evidence(
        before=held(vintage for vintage, *_ in [*before, *named]),
        now=held(vintage for vintage, _ in now),
        sources=_sources([*before, *now]),
        code_changed=published.code_version != side.code,
        # A version that does not say what it stood on cannot be said to have had other settings.
        settings_changed=bool(published.built_from and settings),
    )


def _sources(rows: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {part.data_set: source for vintage_id, source in rows for part in held([vintage_id])}


def compare(connection: duckdb.DuckDBPyConnection, evidence: Evidence) -> None:
    """Put every current figure of both sides into the temporary table `figure`, with kind and cause.

    Current means `is_current`, whatever the source kind. `kind` is null where value, value_status and release_status
    are the same on both sides.
    """
    sides = {"now": "warehouse.marts.fct_indicator_value"}
    sides["before"] = (
        "warehouse.marts.fct_indicator_value" if evidence.before is None else ("previous.marts.fct_indicator_value")
    )
    for side, table in sides.items():
        nothing = side == "before" and evidence.before is None
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE figure_{side} AS
            SELECT {_KEY}, vintage_id, value, value_status, release_status, {_PARTS}
            FROM {table} WHERE is_current{" AND false" if nothing else ""}"""
        )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE paired AS
        SELECT {_KEY},
            a.vintage_id AS old_vintage, a.value AS old_value, a.value_status AS old_status,
            a.release_status AS old_release_status, a.numerator AS old_numerator, a.denominator AS old_denominator,
            b.vintage_id AS new_vintage, b.value AS new_value, b.value_status AS new_status,
            b.release_status AS new_release_status, b.numerator AS new_numerator, b.denominator AS new_denominator,
            {_differ("a.value", "b.value")} AS is_other_value,
            {" OR ".join(_differ(f"a.{part}", f"b.{part}") for part in _PARTS.split(", "))} AS has_other_parts,
            CASE
                WHEN a.vintage_id IS NULL THEN 'new'
                WHEN b.vintage_id IS NULL THEN 'gone'
                WHEN is_other_value OR a.value_status <> b.value_status OR a.release_status <> b.release_status
                    THEN 'changed'
            END AS kind
        FROM figure_before AS a FULL JOIN figure_now AS b USING ({_KEY})"""
    )
    _write_causes_by_files(connection, evidence)
    _write_read_again(connection, evidence)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE figure AS
        SELECT paired.*,
            CASE WHEN paired.kind = 'changed' THEN paired.new_value - paired.old_value END AS difference,
            by_files.data_set,
            CASE
                WHEN paired.kind IS DISTINCT FROM 'changed' OR by_files.cause IN ('{OUR_CODE}', '{SETTINGS}')
                    THEN by_files.cause
                WHEN NOT paired.is_other_value THEN '{STATUS}'
                WHEN read_again.value IS NOT NULL AND NOT ({_differ("read_again.value", "paired.new_value")})
                    THEN '{OUR_CODE}'
                -- Of a rate only: below a share or a mean stand those who were counted, not a population.
                WHEN indicator.unit LIKE 'rate\\_per\\_%' ESCAPE '\\'
                    AND paired.old_numerator = paired.new_numerator AND paired.old_denominator <> paired.new_denominator
                    THEN '{POPULATION}'
                ELSE by_files.cause
            END AS cause
        FROM paired
        LEFT JOIN read_again USING ({_KEY})
        LEFT JOIN by_files ON paired.kind = by_files.kind AND paired.source_kind = by_files.source_kind
            AND paired.old_vintage IS NOT DISTINCT FROM by_files.old_vintage
            AND paired.new_vintage IS NOT DISTINCT FROM by_files.new_vintage
        LEFT JOIN warehouse.marts.dim_indicator AS indicator ON paired.indicator_id = indicator.indicator_id"""
    )


def _differ(first: str, second: str) -> str:
    """SQL: two numbers differ, or only one is there."""
    return f"coalesce(abs({first} - {second}) > {_MARGIN}, ({first} IS NULL) <> ({second} IS NULL))"


def _write_causes_by_files(connection: duckdb.DuckDBPyConnection, evidence: Evidence) -> None:
    """The cause as far as vintages tell, once for each pair of them: there are few, and figures are many."""
    pairs = connection.execute(
        "SELECT DISTINCT kind, source_kind, old_vintage, new_vintage FROM paired WHERE kind IS NOT NULL ORDER BY ALL"
    ).fetchall()
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE by_files (kind VARCHAR, source_kind VARCHAR, old_vintage VARCHAR,
        new_vintage VARCHAR, data_set VARCHAR, cause VARCHAR)"""
    )
    rows = [
        (kind, source_kind, old, new, _data_set(source_kind, new or old, evidence), cause)
        for kind, source_kind, old, new in pairs
        for cause in [cause_by_files(source_kind, old, new, evidence)]
    ]
    if rows:
        connection.executemany("INSERT INTO by_files VALUES (?, ?, ?, ?, ?, ?)", rows)


def _data_set(source_kind: str, vintage_id: str, evidence: Evidence) -> str:
    """The data set, and for the council's figures their source: a return has a table for each of many subjects."""
    first = Vintage(vintage_id.split("/", 1)[0], "", "")
    return evidence.source(first) if source_kind == "local" else first.data_set


def _write_read_again(connection: duckdb.DuckDBPyConnection, evidence: Evidence) -> None:
    """What the published vintage gives today where it gave something else: then our reading of it has changed."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE read_again AS
        SELECT {_KEY}, again.value
        FROM warehouse.marts.fct_indicator_value AS again
        JOIN paired USING ({_KEY})
        WHERE {"true" if evidence.code_changed else "false"} AND paired.kind = 'changed'
            AND again.vintage_id = paired.old_vintage AND {_differ("again.value", "paired.old_value")}"""
    )


def write_list(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Write every figure that would change as CSV, in place of an earlier list."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.next")
    path = str(aside).replace("'", "''")
    connection.execute(f"COPY ({_listed()}) TO '{path}' (FORMAT csv, HEADER)")
    os.replace(aside, file)


def _listed(where: str = "true") -> str:
    """SQL of the list, in the order that people look things up."""
    selected = ", ".join(
        {"area_name": "area.area_name", "difference": "round(figure.difference, 9) AS difference"}.get(c, f"figure.{c}")
        for c in COLUMNS
    )
    return f"""SELECT {selected} FROM figure LEFT JOIN ({_AREAS}) AS area USING (area_code)
        WHERE figure.kind IS NOT NULL AND {where}
        ORDER BY figure.indicator_id, figure.period_id, figure.breakdown_type, figure.breakdown_value, figure.area_code,
            figure.source_kind"""


_AREAS = "SELECT area_code, area_name, area_type FROM warehouse.marts.dim_area"


def groups(connection: duckdb.DuckDBPyConnection, asked: Asked) -> tuple[Group, ...]:
    """Return how many figures change, by data set, indicator, kind and cause."""
    where, values = _where(asked)
    rows = connection.execute(
        f"""SELECT data_set, indicator_id, kind, cause, count(*),
            count(*) FILTER (kind = 'changed' AND is_other_value AND difference IS NOT NULL),
            count(*) FILTER (kind = 'changed' AND old_value IS NULL AND new_value IS NOT NULL),
            count(*) FILTER (kind = 'changed' AND old_value IS NOT NULL AND new_value IS NULL)
        FROM figure WHERE kind IS NOT NULL AND {where}
        GROUP BY ALL ORDER BY data_set, indicator_id, kind, cause""",
        values,
    ).fetchall()
    return tuple(Group(*row) for row in rows)


def largest(connection: duckdb.DuckDBPyConnection, area_code: str, asked: Asked) -> tuple[dict[str, Any], ...]:
    """Return the changed numbers of an area that moved furthest.

    Units differ, so that a change is measured by how far authorities lie apart in that figure (standard deviation of
    the planned values), and where nothing is published of others by the old value.
    """
    where, values = _where(Asked(asked.indicator_id, area_code))
    return _rows(
        connection,
        f"""WITH moved AS (
            SELECT * FROM figure WHERE kind = 'changed' AND is_other_value AND difference IS NOT NULL AND {where}
        ), spread AS (
            SELECT indicator_id, period_id, breakdown_type, breakdown_value, stddev_samp(value) AS spread
            FROM figure_now JOIN ({_AREAS}) AS area USING (area_code)
            WHERE source_kind = 'published' AND area_type = 'authority'
                AND indicator_id IN (SELECT indicator_id FROM moved)
            GROUP BY ALL
        )
        SELECT indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind,
            old_value, new_value, round(difference, 9) AS difference, cause
        FROM moved LEFT JOIN spread USING (indicator_id, period_id, breakdown_type, breakdown_value)
        ORDER BY abs(difference) / coalesce(nullif(spread, 0), nullif(abs(old_value), 0), 1) DESC,
            indicator_id, period_id, breakdown_type, breakdown_value, source_kind
        LIMIT {_LARGEST}""",
        values,
    )


def differing(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> Differing:
    """Count the rows of a table that are new, changed or gone, by its grain and the columns that both sides have."""
    columns = {
        database: dict(
            connection.execute(
                """SELECT column_name, data_type FROM duckdb_columns()
                WHERE database_name = ? AND schema_name = 'marts' AND table_name = ?""",
                [database, table],
            ).fetchall()
        )
        for database in ("previous", "warehouse")
    }
    if not columns["previous"]:
        row = connection.execute(f"SELECT count(*) FROM warehouse.marts.{table}").fetchone()
        return Differing(int(row[0]) if row else 0, 0, 0)
    common = [name for name in columns["warehouse"] if name in columns["previous"] and name not in key]
    # Two builds of one figure may differ in the last digit.
    rest = [f"round({name}, 9)" if columns["warehouse"][name] == "DOUBLE" else f'"{name}"' for name in common]
    content = f"hash({', '.join(rest)})" if rest else "0"
    # Millions of rows with long keys: joined by the hash of the key, which is many times cheaper.
    hashed = f"SELECT hash({', '.join(key)}) AS key, {content} AS content FROM"
    row = connection.execute(
        f"""SELECT count(*) FILTER (a.key IS NULL), count(*) FILTER (a.content <> b.content),
            count(*) FILTER (b.key IS NULL)
        FROM ({hashed} previous.marts.{table}) AS a
        FULL JOIN ({hashed} warehouse.marts.{table}) AS b ON a.key = b.key"""
    ).fetchone()
    return Differing(*(int(number) for number in row or (0, 0, 0)))


def make(
    connection: duckdb.DuckDBPyConnection,
    published: Published | None,
    side: Side,
    *,
    authority_area_code: str,
    asked: Asked,
    not_built: frozenset[str],
    file: Path,
) -> Plan:
    """Compare, write the list, and return the plan.

    Args:
        authority_area_code: Whose largest changes are told where no other area is asked for.
        not_built: Marts whose rows in the warehouse are old ones; what they would change is not counted.

    Raises:
        UnknownName: If neither side has the indicator or area asked for.
    """
    compare(connection, evidence_of(connection, published, side))
    _check_names(connection, asked)
    write_list(connection, file)
    where, values = _where(asked)
    area = asked.area_code or authority_area_code
    unchanged = connection.execute(
        f"""SELECT count(*), count(*) FILTER (old_vintage <> new_vintage), count(*) FILTER (has_other_parts)
        FROM figure WHERE kind IS NULL AND {where}""",
        values,
    ).fetchone() or (0, 0, 0)
    return Plan(
        against=published.version_id if published else None,
        file=file,
        unchanged=unchanged[0],
        from_another_file=unchanged[1],
        other_parts=unchanged[2],
        groups=groups(connection, asked),
        tables={
            table: None if table in not_built else differing(connection, table, key)
            for table, key in COUNTED_TABLES.items()
        },
        largest_of=_name_of(connection, area),
        largest=largest(connection, area, asked),
        rows=_rows(connection, _listed(where), values) if asked.all_rows else None,
    )


def nothing_changes(published_version: str, file: Path) -> Plan:
    """Return the plan where everything that the published version was made from is as it was; the list is empty."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.next")
    aside.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    os.replace(aside, file)
    return Plan(against=published_version, file=file, up_to_date=True)


def _where(asked: Asked) -> tuple[str, list[str]]:
    """SQL and values that choose the figures asked for."""
    chosen = {"figure.indicator_id": asked.indicator_id, "figure.area_code": asked.area_code}
    given = {column: value for column, value in chosen.items() if value is not None}
    return " AND ".join([f"{column} = ?" for column in given] or ["true"]), list(given.values())


def _check_names(connection: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    for column, name, example in (
        ("indicator_id", asked.indicator_id, "cla_31_march_rate"),
        ("area_code", asked.area_code, "E08000035"),
    ):
        if name is None:
            continue
        known = [row[0] for row in connection.execute(f"SELECT DISTINCT {column} FROM figure ORDER BY 1").fetchall()]
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]}?" if near else f"; an example is {example}"
            raise UnknownName(f"no figure, published or planned, has {column} {name}{hint}")


def _name_of(connection: duckdb.DuckDBPyConnection, area_code: str) -> str:
    row = connection.execute(f"SELECT area_name FROM ({_AREAS}) WHERE area_code = ?", [area_code]).fetchone()
    return f"{row[0]} ({area_code})" if row else area_code


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object]) -> tuple[dict[str, Any], ...]:
    cursor = connection.execute(sql, list(values))
    names = [column[0] for column in cursor.description or []]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def words(plan: Plan) -> list[str]:
    """Return the plan as lines for the screen."""
    if plan.up_to_date:
        return [f"Nothing would change: version {plan.against} was made from these files, settings and code."]
    if plan.against is None:
        lines = ["Nothing is published yet: every figure is new."]
    else:
        lines = [f"What a refresh would publish now, beside version {plan.against}:"]
    lines.append("Figures: " + ", ".join(f"{plan.count(kind):,} {kind}" for kind in KINDS))
    if plan.unchanged:
        lines.append(
            f"  {plan.unchanged:,} stay as they are: {plan.from_another_file:,} of them from another file,"
            f" {plan.other_parts:,} with other counts or limits behind the same figure"
        )
    lines += _group_lines(plan)
    if plan.largest:
        lines.append(f"Largest changes of {plan.largest_of}, by how far authorities lie apart")
        lines += [f"  {_row_words(row)}" for row in plan.largest]
    lines += [_table_words(table, rows) for table, rows in plan.tables.items()]
    if plan.rows is not None:
        lines.append("Every figure asked for" if plan.rows else "No figure asked for would change.")
        lines += [f"  {row['kind']}: {_row_words(row, area=True)}" for row in plan.rows]
    return [*lines, f"Every figure that would change: {plan.file}"]


def _group_lines(plan: Plan) -> list[str]:
    """A line per data set and cause, and one per indicator."""
    lines: list[str] = []
    for data_set in dict.fromkeys(group.data_set for group in plan.groups):
        own = [group for group in plan.groups if group.data_set == data_set]
        totals: dict[str, int] = {}
        for group in own:
            what = f"{group.kind}, {group.cause}"
            totals[what] = totals.get(what, 0) + group.figures
        lines.append(f"{data_set}: " + "; ".join(f"{figures:,} {what}" for what, figures in totals.items()))
        indicators = list(dict.fromkeys(group.indicator_id for group in own))
        shown = indicators if plan.rows is not None else indicators[:_LINES_OF_A_DATA_SET]
        for indicator_id in shown:
            told = "; ".join(_group_words(group) for group in own if group.indicator_id == indicator_id)
            lines.append(f"  {indicator_id}: {told}")
        if len(indicators) > len(shown):
            lines.append(f"  and {len(indicators) - len(shown):,} more indicators")
    return lines


def _group_words(group: Group) -> str:
    counted = [
        f"{number:,} {what}"
        for number, what in (
            (group.numbers, "other numbers"),
            (group.from_symbol, "from a symbol"),
            (group.to_symbol, "to a symbol"),
        )
        if number
    ]
    detail = f" ({', '.join(counted)})" if counted else ""
    return f"{group.figures:,} {group.kind}, {group.cause}{detail}"


def _row_words(row: Mapping[str, Any], *, area: bool = False) -> str:
    names = [row["indicator_id"], row["area_code"] if area else None, row["period_id"]]
    if row["breakdown_type"] != "total":
        names.append(f"{row['breakdown_type']} {row['breakdown_value']}")
    if row["source_kind"] != "published":
        names.append(row["source_kind"])
    difference = f" ({row['difference']:+.6g})" if row["difference"] is not None else ""
    sides = " -> ".join(_figure_words(row, side) for side in ("old", "new"))
    return f"{' '.join(name for name in names if name)}: {sides}{difference}, {row['cause']}"


def _figure_words(row: Mapping[str, Any], side: str) -> str:
    value, status = row[f"{side}_value"], row.get(f"{side}_status")
    shown = f"{value:.10g}" if value is not None else (status or "nothing").replace("_", " ")
    stated = row.get(f"{side}_release_status")
    return f"{shown} ({stated.replace('_', ' ')})" if stated else shown


def _table_words(table: str, rows: Differing | None) -> str:
    if rows is None:
        return f"{table}: not built, so that what would change is not known"
    if not (rows.new or rows.changed or rows.gone):
        return f"{table}: no row changes"
    return f"{table}, rows: {rows.new:,} new, {rows.changed:,} changed, {rows.gone:,} gone"
