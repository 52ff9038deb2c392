"""Putting a landed tidy file to its rules: what the rules look at is read from the raw table, what they find is kept.

The rules themselves are in `sources/tidy_rules.py`. They run inside the transaction of their file, after the rules that
set single rows aside, so a row in quarantine breaks nothing twice.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import duckdb

from dagster_project.landing.inventory import InventoryFile
from dagster_project.landing.registry import SourceFile
from dagster_project.quality.results import CheckResult
from dagster_project.sources.catalogue import RawTable, normalise_header
from dagster_project.sources.csv_text import UnreadableFile
from dagster_project.sources.opened import OpenTable
from dagster_project.sources.tidy_metadata import Metadata, read_metadata
from dagster_project.sources.tidy_rules import MAX_BYTES, RULES, Rule, TidyFile, area_columns_of, message_of
from dagster_project.sources.tidy_vocabulary import REQUIRED_COLUMNS, TIME_COLUMNS

#: Bumped when a rule changes, so that files in use are put to the rules again at the next refresh.
RULES_VERSION = 2
_SOURCE = "ees"
_SIZE = "tidy_f03_columns_and_size"
_STOPS = {"stop": ("critical", "file"), "fail": ("critical", "source"), "warn": ("warning", "file")}

#: Marks the results that a named person's waiver covers.
Waive = Callable[[list[CheckResult]], list[CheckResult]]


class BreaksTidyRules(UnreadableFile):
    """A tidy file has a fault that keeps it out; `results` are those of all its rules, run or not.

    `is_stopped`: the fault is one without which the file cannot be read at all, not one a waiver could excuse.
    """

    def __init__(self, table: RawTable, results: Sequence[CheckResult], fault: str, check_id: str) -> None:
        super().__init__(fault, check_id)
        self.table = table
        self.results = tuple(results)
        self.is_stopped = any(result.scope == "file" and _refuses(result) for result in results)


def is_tidy(table: RawTable) -> bool:
    """Whether the files of a table are tidy files: those of Explore Education Statistics, wherever they arrive."""
    is_text = any(layout.reader == "csv_as_text" for layout in table.layouts)
    return is_text and (table.source == _SOURCE or {"time_period", "geographic_level"} <= set(table.columns))


def declaration_of(table: RawTable, file: InventoryFile) -> str:
    """Return what the rows of a file were read under; another one means that the file is read again.

    Of a tidy file that is also its metadata file, which can change while the data stay the same.
    """
    if not is_tidy(table):
        return table.declaration_hash
    beside = hashlib.sha256(repr((file.metadata_sha256, file.stray_metadata)).encode()).hexdigest()[:16]
    return f"{table.declaration_hash}/{RULES_VERSION}/{beside}"


def refuse_oversize(tables: Iterable[RawTable], file: InventoryFile) -> None:
    """Refuse a file beyond the limit before its bytes are read.

    Raises:
        UnreadableFile: If it is to be read as a tidy file and is too large.
    """
    if file.size > MAX_BYTES and any(is_tidy(table) for table in tables):
        fault = f"F03: it has {file.size:,} bytes, more than {MAX_BYTES:,}, and was not read: ask for a smaller file"
        raise UnreadableFile(fault, _SIZE)


def check_tidy_file(
    connection: duckdb.DuckDBPyConnection, opened: OpenTable, row: SourceFile, file: InventoryFile, waive: Waive
) -> list[CheckResult]:
    """Return one result per rule for a file whose rows are in the raw table; nothing for a table that is not tidy.

    Raises:
        BreaksTidyRules: If a finding keeps the file out. Groups of rules after the one with that finding are not run.
        UnreadableFile: If its metadata file changed since it was listed.
    """
    table = opened.fit.table
    if not is_tidy(table) or opened.fit.layout.reader != "csv_as_text":
        return []
    columns = {normalise_header(header): raw for header, raw in opened.fit.layout.columns}
    tidy = read_cells(
        connection,
        f'(SELECT * FROM {table.qualified} WHERE "_file_id" = ?)',
        [row.file_id],
        TidyFile(
            name=file.name,
            size=file.size,
            encoding=opened.encoding,
            header=opened.header,
            metadata=_metadata_of(file),
            stray_metadata=file.stray_metadata,
        ),
        columns=columns,
        values=table.values.columns if table.values else (),
        declared=columns,
    )
    return _run(tidy, table, row, waive)


def read_cells(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    parameters: Sequence[object],
    file: TidyFile,
    *,
    columns: Mapping[str, str],
    values: Iterable[str] = (),
    declared: Iterable[str] = (),
) -> TidyFile:
    """Return `file` with the distinct cells of its rows.

    Args:
        relation: Table or subquery that holds the rows as text, with `parameters` for its placeholders.
        columns: The name in `relation` of each column of the file, by the column's name in lower case.
        values: Names in `relation` of the columns that hold figures; their cells are not looked at.
        declared: Columns of the file that its source declares; among these one text throughout is a constant.
    """
    places = area_columns_of(columns)
    figures = set(values)
    known = {*REQUIRED_COLUMNS, *places}
    others = [name for name, raw in columns.items() if name not in known and raw not in figures]

    def counted(names: Sequence[str]) -> dict[tuple[str | None, ...], int]:
        chosen = ", ".join(f'"{columns[name]}"' if name in columns else "NULL" for name in names)
        grouped = ", ".join(str(place) for place in range(1, len(names) + 1))
        rows = connection.execute(f"SELECT {chosen}, count(*) FROM {relation} GROUP BY {grouped}", parameters)
        return {tuple(found[:-1]): found[-1] for found in rows.fetchall()}

    periods = {(period, kind): rows for (period, kind), rows in counted(TIME_COLUMNS).items()}
    options = {name: [cell for (cell,) in counted([name])] for name in others}
    wanted = set(declared)
    return replace(
        file,
        n_rows=sum(periods.values()),
        periods=periods,
        area_columns=places,
        areas=counted(("geographic_level", *places)),
        options=options,
        constants=frozenset(name for name, cells in options.items() if len(cells) == 1 and name in wanted),
    )


def run_rules(
    tidy: TidyFile, excused: Callable[[Sequence[Rule]], Sequence[Rule]] = tuple
) -> list[tuple[Rule, str | None, int]]:
    """Return each rule with its message (None: kept; empty: not run) and the number of faults.

    Args:
        excused: Of rules that keep the file out, returns those that still do; a waiver takes some away.
    """
    told: list[tuple[Rule, str | None, int]] = []
    stopped = False
    for _, group in groupby(RULES, key=lambda rule: rule.group if rule.group != "L" else "G"):
        broken: list[Rule] = []
        for rule in group:
            if rule.of_metadata and tidy.metadata is None:
                continue
            if stopped or (rule.of_metadata and not _can_be_asked(rule, tidy.metadata)):
                told.append((rule, "", 0))
                continue
            findings = rule.find(tidy)
            count = sum(finding.count for finding in findings)
            told.append((rule, message_of(rule, findings) if findings else None, count))
            if findings and rule.grade != "warn":
                broken.append(rule)
        stopped = stopped or bool(broken and excused(broken))
    return told


def _can_be_asked(rule: Rule, metadata: Metadata | None) -> bool:
    # Metadata that cannot be read are the one finding of F08; the data are then used without them.
    return rule.rule_id == "F08" or (metadata is not None and metadata.is_usable)


def _run(tidy: TidyFile, table: RawTable, row: SourceFile, waive: Waive) -> list[CheckResult]:
    def result(rule: Rule, message: str | None, count: int) -> CheckResult:
        severity, scope = _STOPS[rule.grade]
        outcome = "pass" if message is None else "fail" if message else "not_run"
        if message == "":
            message = "Not run: an earlier finding on this file has to be put right first."
        return CheckResult(
            suite="landing",
            table_name=table.key,
            check_id=rule.check_id,
            severity=severity,
            scope=scope,
            outcome=outcome,
            checked_count=rule.checked(tidy),
            failed_count=count,
            owner=table.owner,
            why=rule.why,
            message=f"{table.source}: {row.file_path}: {message}" if message else None,
            source_id=table.source,
            file_id=row.file_id,
        )

    def still_open(found: list[CheckResult]) -> set[str]:
        # Nobody can vouch for a file that could not be read, so a waiver does not reach a rule that stops.
        return {one.check_id for one in waive(found) if _refuses(one) or one.scope == "file"} if found else set()

    def excused(broken: Sequence[Rule]) -> list[Rule]:
        held = still_open([result(rule, "broken", 1) for rule in broken])
        return [rule for rule in broken if rule.check_id in held]

    told = run_rules(tidy, excused)
    results = [result(*one) for one in told]
    open_faults = still_open([one for one in results if _refuses(one)])
    if open_faults:
        faults = " ".join(str(message) for rule, message, _ in told if rule.check_id in open_faults)
        first = next(rule.check_id for rule, _, _ in told if rule.check_id in open_faults)
        raise BreaksTidyRules(table, results, faults, first)
    return results


def _refuses(result: CheckResult) -> bool:
    return result.severity == "critical" and result.outcome == "fail"


def _metadata_of(file: InventoryFile) -> Metadata | None:
    if file.metadata_path is None:
        return None
    content = file.metadata_path.read_bytes()
    if hashlib.sha256(content).hexdigest() != file.metadata_sha256:
        raise UnreadableFile("its metadata file changed while it was read: run again", "unchanged")
    return read_metadata(file.metadata_path.name, content)
