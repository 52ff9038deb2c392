"""Second killer, for what the unit tests let pass: the real published figures.

The golden tests recompute the marts from the published files without any of our SQL and find them equal. So a fault
that changes a cell that a golden test compares would fail that test: here a mutant is killed when it gives a cell of
COMPARED another value than the unharmed models do, or breaks a dbt data test. The recomputation itself is not run again
for each mutant.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from .sql_project import DataTest, Macros, Relation, SqlProject

SECONDS = 60  # one model of these figures takes a few; a mutant that takes longer is counted as an error
TOLERANCE = 1e-9  # what the golden tests allow between two doubles

# The columns of test_comparator_parity.py.
_PARITY = (
    "value", "change", "region_value", "region_change", "england_value", "england_change", "sn_average", "sn_change",
    "core_city_average_all", "core_city_average_others", "q0", "q25", "q50", "q75", "q100", "sn_count",
    "core_city_count_all", "core_city_count_others", "rank", "rank_of", "rank_live", "rank_live_of", "period_gap",
    "trend", "previous_period_id", "release_status", "value_status", "quartile", "quartile_live", "is_latest",
    "period_end", "period_id", "sn_group_version",
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """Cells of a mart that a golden test proves.

    `rows` and `keys` say which rows and what identifies one. With `same_keys` the test proves that there are no others.
    The cells of `columns` are proved in the rows where the unharmed mart meets `where`. A test that compares two marts
    of one build names the other in `beside`: it proves nothing where a fault changes both.
    """

    mart: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    proved_by: str
    rows: str = "true"
    where: str = "true"
    same_keys: bool = False
    absolute: float = 1e-12
    beside: str = ""

    @property
    def named(self) -> dict[str, str]:
        """The compared columns by a name of their own; some are parts of a column of named values."""
        return {column.replace(".", "_"): column for column in self.columns}


_FIGURE = ("indicator_id", "area_code", "period_id")
_JUDGED = "test_judgements.py"

COMPARED = (
    Compared(
        "indicator_comparison",
        ("indicator_id", "area_code", "published_label"),
        _PARITY,
        "test_comparator_parity.py",
        rows="lait_short_desc is not null and starts_with(vintage_id, 'lait/')",
        same_keys=True,
    ),
    Compared(
        "indicator_comparison",
        _FIGURE,
        ("change_since_last_comparable", "last_comparable_period_id"),
        "test_comparability.py::test_change_of_every_authority_indicator_and_period",
        absolute=1e-9,
    ),
    Compared(
        "comparator_value",
        (*_FIGURE, "group_version"),
        ("value", "change", "members_used"),
        "test_comparator_parity.py::test_both_neighbour_lists_are_held_as_means",
        rows="group_id = 'statistical_neighbours' and statistic = 'mean' and breakdown_type = 'total'",
    ),
    Compared(
        "fct_indicator_value",
        (*_FIGURE, "vintage_id"),
        ("value", "value_status", "release_status"),
        "test_published_figures.py::test_comparison_is_the_current_published_headline",
        rows="source_kind = 'published' and is_current and breakdown_type = 'total' "
        "and starts_with(vintage_id, 'lait/')",
    ),
    Compared(
        "fct_indicator_value",
        (*_FIGURE, "vintage_id", "source_kind"),
        ("comparability",),
        "test_comparability.py::test_every_published_figure_carries_the_word_of_its_year",
        rows="breakdown_type = 'total'",
    ),
    Compared(
        "fct_indicator_value",
        (*_FIGURE, "breakdown_type", "breakdown_value"),
        ("value", "value_status", "release_status", "numerator", "denominator"),
        "test_returns.py",
        rows="source_kind = 'local' and indicator_id in ('cla_31_march', 'cla_31_march_rate')",
        same_keys=True,
    ),
    Compared(
        "series_break",
        ("indicator_id", "period_end"),
        ("comparability",),
        "test_comparability.py::test_series_breaks_are_those_of_the_specification",
        rows="comparability <> 'ok'",
        same_keys=True,
    ),
    Compared(
        "judgement",
        _FIGURE,
        ("word", "meaning"),
        f"{_JUDGED}::test_direction",
        rows="kind = 'direction'",
        same_keys=True,
    ),
    Compared(
        "judgement",
        _FIGURE,
        ("reason",),
        f"{_JUDGED}::test_direction",
        rows="kind = 'direction'",
        where="coalesce(reason, '') not in ('break_before', 'no_earlier_period')",
    ),
    Compared(
        "judgement",
        _FIGURE,
        ("inputs.difference",),
        f"{_JUDGED}::test_direction",
        rows="kind = 'direction'",
        where="word <> 'not comparable'",
        absolute=1e-8,
    ),
    Compared(
        "judgement",
        _FIGURE,
        ("inputs.lower", "inputs.upper", "inputs.p_value"),
        f"{_JUDGED}::test_direction",
        rows="kind = 'direction'",
        where="reason is null",
        absolute=1e-8,
    ),
    Compared(
        "judgement",
        _FIGURE,
        ("word", "reason", "inputs.reference_value", "inputs.lower", "inputs.upper"),
        f"{_JUDGED}::test_against_england",
        rows="kind = 'against_england'",
        same_keys=True,
        absolute=1e-8,
    ),
    Compared(
        "judgement",
        _FIGURE,
        ("inputs.z",),
        f"{_JUDGED}::test_unusual",
        rows="kind = 'unusual'",
        same_keys=True,
        absolute=1e-8,
    ),
    Compared(
        "judgement",
        _FIGURE,
        (
            "word", "meaning", "inputs.z_plain", "inputs.reference_value", "inputs.lower", "inputs.upper",
            "inputs.authorities", "inputs.flagged",
        ),
        f"{_JUDGED}::test_unusual",
        rows="kind = 'unusual'",
        where="inputs.z is not null",
        absolute=1e-8,
    ),
    Compared(
        "judgement",
        (*_FIGURE, "against"),
        ("inputs.place", "inputs.place_of"),
        f"{_JUDGED}::test_place_in_group",
        rows="kind = 'place_in_group' "
        "and against in ('region', 'statistical_neighbours', 'core_cities_all', 'core_cities_others')",
        same_keys=True,
    ),
    Compared(
        "judgement",
        (*_FIGURE, "against"),
        ("inputs.reference_value",),
        f"{_JUDGED}::test_place_difference_is_from_the_published_comparator",
        rows="kind = 'place_in_group'",
        beside="comparator_value",
    ),
)  # fmt: skip


def build_warehouse(data_dir: Path, raw_dir: Path, root: Path) -> Path:
    """Land what lies in `raw_dir` and build every model with dbt, as a refresh does; nothing is published."""
    from dagster_project import refresh

    run = refresh.open_run(
        council_file=root / "council.yml",
        raw_dir=raw_dir,
        data_dir=data_dir,
        announce=lambda step: print(f"  {step}", file=sys.stderr),
    )
    now = datetime.now(UTC)
    refresh.prepare(run)
    for source in run.sources:
        refresh.land(run, source, now=now)
    refresh.register(run, now=now)
    built = refresh.transform(run)
    if built is not None and built.errors:
        raise SystemExit("\n".join(f"{node.name}: {node.message}" for node in built.errors))
    return run.folders.warehouse


def affected_models(project: SqlProject, targets: set[str]) -> list[str]:
    """The models under test and all between them and a compared mart, each after those it reads.

    What the first mart of COMPARED needs comes first, then what the second needs besides: most mutants end there.
    """
    inputs = _models_read(project)
    order = project.order
    reached = set(targets)
    for model in order:
        if inputs[model] & reached:
            reached.add(model)
    sorted_models: dict[str, None] = {}
    for mart in dict.fromkeys(compared.mart for compared in COMPARED):
        needed = {mart}
        for model in reversed(order):
            if model in needed:
                needed |= inputs[model]
        sorted_models |= dict.fromkeys(model for model in order if model in needed & reached)
    return list(sorted_models | dict.fromkeys(model for model in order if model in targets))


def _models_read(project: SqlProject) -> dict[str, set[str]]:
    return {
        model: {name for kind, *_, name in read if kind == "ref"} & project.models.keys()
        for model, read in project.inputs.items()
    }


def rows_needed(project: SqlProject, affected: list[str]) -> dict[str, str]:
    """Which rows of each affected model are built: all, but of a mart that no other reads those that are compared."""
    read = set().union(*(_models_read(project)[model] for model in affected))
    return {
        model: " or ".join(f"({item.rows})" for item in COMPARED if item.mart == model) or "true"
        if model not in read
        else "true"
        for model in affected
    }


@dataclass(frozen=True)
class Baseline:
    """Where the unharmed result of every affected model lies, and a checksum of each and of each compared set."""

    warehouse: Path
    unharmed: Path
    affected: dict[str, str]  # each model after those it reads, and which of its rows are built
    checksums: dict[str, tuple[int, int]]
    compared: dict[int, tuple[int, int]]


def make_baseline(project: SqlProject, warehouse: Path, unharmed: Path, targets: set[str]) -> Baseline:
    """Build the affected models from the project's text, one thread, and show that dbt's own tables hold the same.

    Raises:
        SystemExit: If a table differs from dbt's: the SQL made here would not be what is published.
    """
    affected = rows_needed(project, affected_models(project, targets))
    unharmed.unlink(missing_ok=True)
    connection = _connect(warehouse)
    connection.execute(f"attach '{unharmed}' as unharmed")
    checksums = {}
    for model, rows in affected.items():
        place = {("ref", name): f"unharmed.main.{name}" for name in affected}
        sql = project.macros.sql(
            project.models[model], lambda relation, place=place: place.get(relation) or project.tables[relation]
        )
        connection.execute(f"create table unharmed.main.{model} as select * from ({sql}) where {rows}")
        checksums[model] = _checksum(connection, f"unharmed.main.{model}")
        built = f"(select * from {project.tables['ref', model]} where {rows})"
        if checksums[model] != _checksum(connection, built):
            raise SystemExit(f"{model}: the SQL made here and dbt's table of the same model differ")
    compared = {
        number: _checksum(connection, f"({_rows_of(item, f'unharmed.main.{item.mart}')})")
        for number, item in enumerate(COMPARED)
        if item.mart in affected
    }
    connection.close()
    return Baseline(warehouse, unharmed, affected, checksums, compared)


def _connect(warehouse: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={"threads": 1, "memory_limit": "4GB", "temp_directory": str(warehouse.parent / "tmp")}
    )
    connection.execute("set enable_progress_bar = false")
    connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
    return connection


def _checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    row = connection.execute(
        f"select count(*), coalesce(sum(cast(hash(t) as hugeint)), 0) from {table} as t"
    ).fetchone()
    return int(row[0]), int(row[1])


def _rows_of(compared: Compared, table: str) -> str:
    columns = [f"{column} as {name}" for name, column in compared.named.items() if column not in compared.keys]
    return f"select {', '.join([*compared.keys, *columns])} from {table} where {compared.rows}"


class GoldenStage:
    """The real figures, read only, for one worker."""

    def __init__(self, project: SqlProject, baseline: Baseline) -> None:
        self._project, self._baseline = project, baseline
        self._connection = _connect(baseline.warehouse)
        self._connection.execute(f"attach '{baseline.unharmed}' as unharmed (read_only)")
        self._inputs = project.inputs
        self._tests: dict[str, list[DataTest]] = {}
        for test in project.data_tests:
            self._tests.setdefault(test.model, []).append(test)

    def verdict(self, macros: Macros, changed: Mapping[str, str]) -> tuple[str, str]:
        """`killed` or `errored` with what saw it, or `survived` with whether any real figure changes at all."""
        harmed: dict[Relation, str] = {}
        try:
            for model in self._baseline.affected:
                if model not in changed and not self._inputs[model] & harmed.keys():
                    continue
                killer = self._rebuilt(macros, model, changed.get(model, self._project.models[model]), harmed)
                if killer:
                    return "killed", killer
        except duckdb.InterruptException:
            return "errored", f"{model} takes longer than {SECONDS} s"
        except duckdb.Error as error:
            return "errored", f"{model}: {str(error).splitlines()[0]}"
        finally:
            for table in harmed.values():
                self._connection.execute(f"drop table if exists {table}")
        marts = sorted({name for _, name in harmed} & {compared.mart for compared in COMPARED})
        return "survived", f"changes {', '.join(marts)}, in cells not compared" if marts else "no real figure changes"

    def _rebuilt(self, macros: Macros, model: str, text: str, harmed: dict[Relation, str]) -> str:
        """Build one model again; what kills, or an empty text. One that comes out the same harms nothing below it."""
        table = f"memory.main.{model}"
        sql = macros.sql(text, lambda relation: harmed.get(relation) or self._unharmed(relation))
        with self._time_limit():
            rows = self._baseline.affected[model]
            self._connection.execute(f"create or replace table {table} as select * from ({sql}) where {rows}")
            if _checksum(self._connection, table) == self._baseline.checksums[model]:
                self._connection.execute(f"drop table {table}")
                return ""
            harmed["ref", model] = table
            broken = next((test.name for test in self._tests.get(model, ()) if self._breaks(test, table)), "")
            if broken:
                return broken
            return next(
                (
                    item.proved_by
                    for number, item in enumerate(COMPARED)
                    if item.mart == model and ("ref", item.beside) not in harmed and self._differs(number, item, table)
                ),
                "",
            )

    def _unharmed(self, relation: Relation) -> str:
        if relation[0] == "ref" and relation[1] in self._baseline.checksums:
            return f"unharmed.main.{relation[1]}"
        return self._project.tables[relation]

    def _differs(self, number: int, compared: Compared, table: str) -> bool:
        if _checksum(self._connection, f"({_rows_of(compared, table)})") == self._baseline.compared[number]:
            return False
        mine = _rows_of(compared, table)
        proved = _rows_of(compared, f"unharmed.main.{compared.mart}")
        proved = proved.replace("select ", f"select {compared.where} as is_proved, ", 1)
        types = {name: type_ for name, type_, *_ in self._connection.execute(f"describe {mine}").fetchall()}
        same_key = " and ".join(f"mine.{key} is not distinct from proved.{key}" for key in compared.keys)
        differing = " or ".join(
            f"(mine.{name} is null) <> (proved.{name} is null) or abs(mine.{name} - proved.{name}) > "
            f"greatest({TOLERANCE} * abs(proved.{name}), {compared.absolute})"
            if types[name] == "DOUBLE"
            else f"mine.{name} is distinct from proved.{name}"
            for name in compared.named
        )
        differing = f"is_proved and ({differing})"
        if compared.same_keys:
            counts = [self._connection.execute(f"select count(*) from ({rows})").fetchone() for rows in (mine, proved)]
            if counts[0] != counts[1]:
                return True
            differing += " or is_proved is null"
        both = f"({proved}) as proved full outer join ({mine}) as mine on {same_key}"
        found = self._connection.execute(f"select 1 from {both} where {differing} limit 1").fetchone()
        return found is not None

    def _breaks(self, test: DataTest, table: str) -> bool:
        """Whether a data test of dbt fails on a table."""
        if test.kind == "grain_is_unique":
            columns = test.arguments["columns"]
            condition = " or ".join(f"{column} is null" for column in columns)
            sql = f"select 1 from {table} group by {', '.join(columns)} having count(*) > 1 or {condition}"
        elif test.kind == "unique":
            column = test.arguments["column_name"]
            sql = f"select 1 from {table} where {column} is not null group by {column} having count(*) > 1"
        elif test.kind == "not_null":
            sql = f"select 1 from {table} where {test.arguments['column_name']} is null"
        else:
            words = ", ".join("'" + str(value).replace("'", "''") + "'" for value in test.arguments["values"])
            column = test.arguments["column_name"]
            sql = f"select 1 from {table} where {column} is not null and cast({column} as varchar) not in ({words})"
        return self._connection.execute(f"{sql} limit 1").fetchone() is not None

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        timer = threading.Timer(SECONDS, self._connection.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
