"""Which landed rows are set aside, by the declaration of their table, and the check results that say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from dagster_project.quality.results import CheckResult
from dagster_project.sources.catalogue import RawTable, RowRule, Severity
from dagster_project.sources.opened import OpenTable

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_NUMBER_WITH_THOUSANDS = rf"{_NUMBER}|[+-]?\d{{1,3}}(,\d{{3}})+(\.\d*)?"
_ROWS_NAMED = 10
_UNDECLARED_SYMBOL = "undeclared_symbol"


@dataclass(frozen=True)
class _Rule:
    reason: str
    severity: Severity
    message: str
    predicate: str


def apply_rules(
    connection: duckdb.DuckDBPyConnection, opened: OpenTable, file_id: str, file_path: str
) -> list[CheckResult]:
    """Move the rows that break a rule from the raw table to `landing.quarantine`.

    A row that breaks several rules gives one quarantined row with all its reasons. A repeat is judged among the rows
    that break no other rule, so that the first good row is the one kept.

    Returns:
        One check result per rule, those of the reader included.
    """
    table = opened.fit.table
    rules = _rules(opened)
    found: dict[int, list[str]] = {aside.row_number: [aside.reason] for aside in opened.set_aside}
    for rule in rules:
        for number in _matching(connection, table, file_id, rule.predicate):
            found.setdefault(number, []).append(rule.reason)
    broken = list(found)
    for repeat in (rule for rule in table.row_rules if rule.duplicate_of):
        for number in _repeats(connection, table, file_id, repeat, broken):
            found.setdefault(number, []).append(repeat.reason)
    severities: dict[str, Severity] = {rule.reason: rule.severity for rule in rules}
    severities |= {rule.reason: rule.severity for rule in table.row_rules}
    severities |= {aside.reason: aside.severity for aside in opened.set_aside}
    _move(connection, opened, file_id, found, severities)
    messages = {rule.reason: rule.message for rule in rules}
    messages |= {rule.reason: rule.message for rule in table.row_rules}
    messages |= {aside.reason: aside.message for aside in opened.set_aside}
    checks = [
        _result(opened, file_id, file_path, reason, severities[reason], messages[reason], sorted(rows))
        for reason in messages
        for rows in [[number for number, reasons in found.items() if reason in reasons]]
    ]
    return [*checks, *_legacy_symbols(connection, opened, file_id, file_path)]


def _rules(opened: OpenTable) -> list[_Rule]:
    table, layout = opened.fit.table, opened.fit.layout
    held = [column for _, column in layout.columns]
    blank = " AND ".join(f"coalesce(trim(\"{column}\"), '') = ''" for column in held)
    rules = [_Rule("blank_row", "warning", "The row holds no text in any column; it is set aside.", blank)]
    rules += [
        _Rule(rule.reason, rule.severity, rule.message, f"NOT ({blank}) AND ({rule.where})")
        for rule in table.row_rules
        if rule.where
    ]
    columns = _value_columns(opened)
    if table.values and columns:
        allowed = [symbol.lower() for symbol in (*table.values.symbols, *table.values.legacy_symbols)]
        listed = ", ".join(_quoted(symbol) for symbol in allowed)
        number = _quoted(_NUMBER_WITH_THOUSANDS if table.values.thousands else _NUMBER)
        undeclared = " OR ".join(
            f'(NOT coalesce(regexp_full_match(trim("{column}"), {number}), false) '
            f"AND {_symbol(column)} NOT IN ({listed}))"
            for column in columns
        )
        message = "A figure is neither a number nor a declared symbol; add the symbol to the source if it is meant."
        rules.append(_Rule(_UNDECLARED_SYMBOL, "critical", message, f"NOT ({blank}) AND ({undeclared})"))
    return rules


def _value_columns(opened: OpenTable) -> list[str]:
    held = {column for _, column in opened.fit.layout.columns}
    return [column for column in (opened.fit.table.values.columns if opened.fit.table.values else ()) if column in held]


def _symbol(column: str) -> str:
    return f"lower(trim(coalesce(\"{column}\", '')))"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _matching(connection: duckdb.DuckDBPyConnection, table: RawTable, file_id: str, predicate: str) -> list[int]:
    rows = connection.execute(
        f'SELECT "_row_number" FROM {table.qualified} WHERE "_file_id" = ? AND ({predicate})', [file_id]
    ).fetchall()
    return [row[0] for row in rows]


def _repeats(
    connection: duckdb.DuckDBPyConnection, table: RawTable, file_id: str, rule: RowRule, broken: Sequence[int]
) -> list[int]:
    same = ", ".join(_compared(column) for column in rule.duplicate_of)
    others = '"_file_id" = ? AND "_row_number" NOT IN (SELECT unnest(?::BIGINT[]))'
    # Nearly every file has no repeat at all. Numbers say so at a fraction of what it costs to sort the texts; where two
    # rows have one number, the texts decide.
    suspects = connection.execute(
        f"SELECT hash({same}) AS same FROM {table.qualified} WHERE {others} GROUP BY ALL HAVING count(*) > 1",
        [file_id, list(broken)],
    ).fetchall()
    if not suspects:
        return []
    order = f'PARTITION BY {same} ORDER BY "_row_number"'
    differs = " OR ".join(
        f"{_compared(column)} <> first_value({_compared(column)}) OVER ({order})" for column in rule.differing_in
    )
    rows = connection.execute(
        f"""SELECT "_row_number" FROM {table.qualified}
        WHERE {others} AND hash({same}) IN (SELECT unnest(?::UBIGINT[]))
        QUALIFY row_number() OVER ({order}) > 1 AND ({differs or "true"})""",
        [file_id, list(broken), [number for (number,) in suspects]],
    ).fetchall()
    return [row[0] for row in rows]


def _compared(column: str) -> str:
    return f"upper(trim(coalesce(\"{column}\", '')))"


def _move(
    connection: duckdb.DuckDBPyConnection,
    opened: OpenTable,
    file_id: str,
    found: Mapping[int, Sequence[str]],
    severities: Mapping[str, Severity],
) -> None:
    if not found:
        return
    table = opened.fit.table
    broken = {aside.row_number: aside.text for aside in opened.set_aside}
    others = [number for number in found if number not in broken]
    texts = broken | dict(_texts(connection, opened, file_id, others))
    numbers = sorted(found)
    connection.execute(
        """INSERT INTO landing.quarantine
        SELECT ?, ?, unnest(?::BIGINT[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])""",
        [
            file_id,
            table.name,
            numbers,
            [texts.get(number) for number in numbers],
            [", ".join(found[number]) for number in numbers],
            [_worst([severities[reason] for reason in found[number]]) for number in numbers],
        ],
    )
    connection.execute(
        f'DELETE FROM {table.qualified} WHERE "_file_id" = ? AND "_row_number" IN (SELECT unnest(?::BIGINT[]))',
        [file_id, others],
    )


def _texts(
    connection: duckdb.DuckDBPyConnection, opened: OpenTable, file_id: str, numbers: Sequence[int]
) -> Mapping[int, str]:
    """Return the rows as received, or for formats without lines as JSON of their cells."""
    if opened.texts is not None:
        return opened.texts(numbers)
    names = [column for _, column in opened.fit.layout.columns]
    packed = ", ".join(f'"{name}" := "{name}"' for name in names)
    rows = connection.execute(
        f"""SELECT "_row_number", CAST(to_json(struct_pack({packed})) AS VARCHAR) FROM {opened.fit.table.qualified}
        WHERE "_file_id" = ? AND "_row_number" IN (SELECT unnest(?::BIGINT[]))""",
        [file_id, list(numbers)],
    ).fetchall()
    return dict(rows)


def _worst(severities: Sequence[Severity]) -> Severity:
    return "critical" if "critical" in severities else "warning"


def _result(
    opened: OpenTable,
    file_id: str,
    file_path: str,
    reason: str,
    severity: Severity,
    why: str,
    rows: Sequence[int],
) -> CheckResult:
    table = opened.fit.table
    message = None
    if rows:
        more = f" and {len(rows) - _ROWS_NAMED:,} more" if len(rows) > _ROWS_NAMED else ""
        named = ", ".join(str(number) for number in rows[:_ROWS_NAMED])
        message = f"{table.source}: {file_path}: {len(rows):,} rows quarantined as {reason} (rows {named}{more}). {why}"
    return CheckResult(
        suite="landing",
        table_name=table.key,
        check_id=reason,
        severity=severity,
        scope="source" if severity == "critical" else "file",
        outcome="fail" if rows else "pass",
        checked_count=opened.rows_landed,
        failed_count=len(rows),
        owner=table.owner,
        why=why,
        message=message,
        source_id=table.source,
        file_id=file_id,
    )


def _legacy_symbols(
    connection: duckdb.DuckDBPyConnection, opened: OpenTable, file_id: str, file_path: str
) -> list[CheckResult]:
    """Count the figures whose symbol says only that there is none, without a reason."""
    table = opened.fit.table
    columns = _value_columns(opened)
    if table.values is None or not table.values.legacy_symbols or not columns:
        return []
    listed = ", ".join(_quoted(symbol.lower()) for symbol in table.values.legacy_symbols)
    counts = ", ".join(f"count(*) FILTER ({_symbol(column)} IN ({listed}))" for column in columns)
    row = connection.execute(
        f'SELECT count(*), {counts} FROM {table.qualified} WHERE "_file_id" = ?', [file_id]
    ).fetchone()
    total, per_column = (row[0], dict(zip(columns, row[1:], strict=True))) if row else (0, {})
    found = {column: count for column, count in per_column.items() if count}
    why = "Blank, - and NA are no symbols of this publisher: the figure is missing and the reason is not known."
    named = ", ".join(f"{column} {count:,}" for column, count in found.items())
    return [
        CheckResult(
            suite="landing",
            table_name=table.key,
            check_id="legacy_missing",
            severity="warning",
            scope="file",
            outcome="fail" if found else "pass",
            checked_count=total * len(columns),
            failed_count=sum(found.values()),
            owner=table.owner,
            why=why,
            message=f"{table.source}: {file_path}: figures missing without a reason: {named}. {why}" if found else None,
            source_id=table.source,
            file_id=file_id,
        )
    ]
