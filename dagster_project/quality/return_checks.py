"""Checking the rows of a return: lists of findings for practitioners in the restricted folder, counts for everyone.

Nothing here stops a refresh. The rules are declared in `expectations/ssda903_return.py`; rows set aside when the files
were read are listed beside them, by their reason.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.landing.registry import transaction
from dagster_project.progress import Announce, point
from dagster_project.project import DBT_DIR
from dagster_project.quality.results import CheckResult, create_table, store
from expectations.return_sizes import COLLECTION_YEAR
from expectations.rules import day
from expectations.ssda903_return import DAYS, OWNER, RULES, SHORT_BREAKS, SOURCE, TABLES, ReturnRule

if TYPE_CHECKING:
    import duckdb

    from dagster_project.sources.catalogue import RawTable

SUITE = "return"
COMPLETENESS_SUITE = "return_tables"
SUMMARY = "summary.csv"


@dataclass(frozen=True)
class ReturnCount:
    """How many rows of one return a rule found, beside what it found when the source was last loaded."""

    return_key: str
    code: str
    severity: str
    message: str
    checked: int
    failed: int
    failed_before: int | None

    @property
    def movement(self) -> int | None:
        """Rows more (or, below zero, fewer) than at the last load; None when the return is new."""
        return None if self.failed_before is None else self.failed - self.failed_before


def update(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Sequence[RawTable],
    folder: Path,
    *,
    tables: Mapping[str, str],
    code: str,
    again: bool = False,
    announce: Announce = lambda step: None,
) -> list[ReturnCount]:
    """Put every return in use through every rule, unless that was done of what is landed now; return the counts.

    What was found before moves with a load only: the same rows checked by other code, or checked again, move nothing.

    Args:
        connection: The warehouse, open for writing.
        catalogue: Declared raw tables.
        folder: Where the lists go (`data/restricted/findings/ssda903`); it is replaced as a whole, by a rename.
        tables: A hash per source table over what is landed.
        code: A hash over the rules.
        again: Check whatever is remembered.
        announce: Receives one short sentence when there is work to do.
    """
    _create_tables(connection)
    own = {key: value for key, value in tables.items() if key.split(".")[0] == SOURCE}
    loaded = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()
    state = connection.execute("SELECT loaded, code FROM quality.return_state").fetchone()
    if again or state != (loaded, code) or not folder.exists():
        announce("checking the returns row by row")
        results = check_returns(connection, catalogue, folder, is_new_load=state is None or state[0] != loaded)
        # Counts, results and what they stand on are kept together or not at all: a run that dies here starts again.
        with transaction(connection):
            connection.execute("DELETE FROM quality.return_count")
            connection.execute("INSERT INTO quality.return_count SELECT * FROM counted")
            connection.execute("DELETE FROM quality.return_state")
            connection.execute("INSERT INTO quality.return_state VALUES (?, ?)", [loaded, code])
            connection.execute("DELETE FROM quality.check_result WHERE suite IN (?, ?)", [SUITE, COMPLETENESS_SUITE])
            store(connection, results)
    return counts(connection)


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection)
    connection.execute(
        """CREATE TABLE IF NOT EXISTS quality.return_count
        (return_key VARCHAR, code VARCHAR, checked BIGINT, failed BIGINT, failed_before BIGINT)"""
    )
    connection.execute("CREATE TABLE IF NOT EXISTS quality.return_state (loaded VARCHAR, code VARCHAR)")


def _count(connection: duckdb.DuckDBPyConnection, *, is_new_load: bool) -> None:
    """Put the counts by return and rule, beside those of the load before, into the temporary table `counted`."""
    before = "failed" if is_new_load else "failed_before"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE counted AS
        SELECT c.return_key, c.code, CAST(sum(c.checked) AS BIGINT) AS checked, CAST(sum(c.failed) AS BIGINT) AS failed,
            any_value(b.{before}) AS failed_before
        FROM rule_count AS c LEFT JOIN quality.return_count AS b ON c.return_key = b.return_key AND c.code = b.code
        GROUP BY c.return_key, c.code"""
    )


def check_returns(
    connection: duckdb.DuckDBPyConnection, catalogue: Sequence[RawTable], folder: Path, *, is_new_load: bool = True
) -> list[CheckResult]:
    """Apply every rule to every return in use and write the lists of findings.

    Returns one result per year-end return on its tables, and one per rule and file with rows the rule is about: counts
    only, severity warning.
    """
    _create_tables(connection)
    prepare_tables(connection, [table for table in catalogue if table.source == SOURCE])
    find(connection, RULES)
    _count(connection, is_new_load=is_new_load)
    _write_lists(connection, catalogue, folder)
    point("returns.listed")
    return [*_completeness(connection), *_results(connection)]


def prepare_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[RawTable]) -> None:
    """Make the tables that rules read (see `expectations/ssda903_return.py`), as temporary ones of this connection.

    `held` names the tables each return in use has; `return_code` is the seed of that name.
    """
    codes = _literal((DBT_DIR / "seeds" / "return_codes.csv").as_posix())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE return_code AS FROM read_csv({codes}, header = true, all_varchar = true)"
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE return_file AS
        WITH used AS (
            SELECT file_id, table_name, file_path, as_at, {COLLECTION_YEAR} AS collection_year
            FROM landing.source_file
            WHERE source_id = '{SOURCE}' AND "use" IN ('current', 'stale') AND status = 'loaded'
        )
        SELECT file_id, table_name, file_path, collection_year,
            as_at IS NOT NULL AS is_cut,
            CASE WHEN as_at IS NULL THEN CAST(collection_year AS VARCHAR)
                ELSE concat(collection_year, '/', as_at) END AS return_key,
            -- A year's findings of episodes that the next year-end return has lost.
            CASE WHEN as_at IS NULL THEN CAST(collection_year + 1 AS VARCHAR) END AS following_key,
            make_date(CAST(collection_year AS INTEGER) - 1, 4, 1) AS year_start,
            coalesce(as_at, make_date(CAST(collection_year AS INTEGER), 3, 31)) AS count_date
        FROM used
        WHERE collection_year IS NOT NULL"""
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE held AS SELECT DISTINCT return_key, table_name FROM return_file")
    for table in tables:
        _prepare_table(connection, table.name, _columns(connection, table))


def _columns(connection: duckdb.DuckDBPyConnection, table: RawTable) -> list[str]:
    rows = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? ORDER BY column_index",
        [table.schema, table.name],
    ).fetchall()
    return [name for (name,) in rows if not name.startswith("_")]


def _prepare_table(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str]) -> None:
    cells = [f"""nullif(upper(trim(raw."{column}")), '') AS "{column}" """ for column in columns]
    cells += [f"""{day(f'raw."{column}"')} AS {column}_day""" for column in columns if column in DAYS]
    query = f"""SELECT {", ".join(cells)}, f.* EXCLUDE (table_name, following_key),
            CASE WHEN f.following_key IN (SELECT return_key FROM held WHERE table_name = '{name}')
                THEN f.following_key END AS next_return_key,
            raw._row_number AS row_number
        FROM raw_{SOURCE}."{name}" AS raw
        INNER JOIN return_file AS f ON raw._file_id = f.file_id AND f.table_name = '{name}'"""
    if name == "episodes":
        kind = f"coalesce(e.ls IN {SHORT_BREAKS}, false)"
        following = f"OVER (PARTITION BY e.return_key, e.child, {kind} ORDER BY e.decom_day, e.row_number)"
        # Care goes back over episodes that follow each other without a gap to the one that started it.
        query = f"""SELECT e.* EXCLUDE (begins_care),
                e.is_open AND NOT {kind} AND row_number() OVER (
                    PARTITION BY e.return_key, e.child, {kind}, e.is_open
                    ORDER BY e.decom_day DESC, e.row_number DESC
                ) = 1 AS is_counted,
                max(CASE WHEN begins_care THEN e.decom_day END) {following} AS care_start_day
            FROM (SELECT e.*, h.dob_day,
                e.rne = 'S' OR lag(e.dec_day) {following} IS DISTINCT FROM e.decom_day AS begins_care,
                coalesce(e.decom_day <= e.count_date AND (e.dec_day IS NULL OR e.dec_day > e.count_date), false)
                    AS is_open,
                lag(e.dec_day) {following} AS previous_dec_day,
                lag(e.rec) {following} AS previous_rec,
                lead(e.decom_day) {following} AS next_decom_day,
                lead(e.rne) {following} AS next_rne
            FROM ({query}) AS e
            LEFT JOIN (
                SELECT return_key, child, min(dob_day) AS dob_day FROM header GROUP BY ALL
            ) AS h ON e.return_key = h.return_key AND e.child = h.child) AS e"""
    connection.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {query}')


def find(connection: duckdb.DuckDBPyConnection, rules: Sequence[ReturnRule]) -> None:
    """Apply the rules: temporary tables `finding` (one row per row found) and `rule_count` (counts per file).

    A return without a table that a rule needs is left out of it: that the table is missing is said elsewhere.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE finding
        (code VARCHAR, table_name VARCHAR, return_key VARCHAR, file_id VARCHAR, row_number BIGINT, child VARCHAR)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE rule_count
        (code VARCHAR, return_key VARCHAR, file_id VARCHAR, checked BIGINT, failed BIGINT)"""
    )
    for rule in rules:
        needs = " AND ".join(
            f"r.return_key IN (SELECT return_key FROM held WHERE table_name = '{table}')" for table in rule.needs
        )
        about = f"({rule.applies}) AND {needs or 'true'}"
        connection.execute(
            f"""INSERT INTO finding
            SELECT '{rule.code}', '{rule.table}', r.return_key, r.file_id, r.row_number, r.child
            FROM "{rule.table}" AS r WHERE {about} AND ({rule.breaks})"""
        )
        connection.execute(
            f"""INSERT INTO rule_count
            SELECT '{rule.code}', r.return_key, r.file_id, count(*), 0
            FROM "{rule.table}" AS r WHERE {about} GROUP BY ALL"""
        )
    connection.execute(
        """UPDATE rule_count SET failed = found.rows FROM (
            SELECT code, file_id, count(*) AS rows FROM finding GROUP BY ALL
        ) AS found WHERE rule_count.code = found.code AND rule_count.file_id = found.file_id"""
    )


def _completeness(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """One result per year-end return: which tables of its year it lacks. A cut has as many as the council takes."""
    held: dict[str, set[str]] = {}
    for return_key, table in connection.execute(
        """SELECT DISTINCT return_key, table_name FROM return_file WHERE NOT is_cut ORDER BY ALL"""
    ).fetchall():
        held.setdefault(return_key, set()).add(table)
    results = []
    for return_key, tables in held.items():
        expected = [name for name, (_, first) in TABLES.items() if int(return_key) >= first]
        lacking = [name for name in expected if name not in tables]
        named = ", ".join(f"{name} ({TABLES[name][0]})" for name in lacking)
        results.append(
            CheckResult(
                suite=COMPLETENESS_SUITE,
                table_name=f"raw_{SOURCE}",
                check_id=f"{SOURCE}_tables_of_return.{return_key}",
                severity="warning",
                scope="source",
                outcome="fail" if lacking else "pass",
                checked_count=len(expected),
                failed_count=len(lacking),
                owner=OWNER,
                why="a return has every table of its year: without one the figures that need it are missing",
                message=f"Return {return_key} has no {named}. Figures that need it are shown as missing, all others "
                f"stand. Put the file into social_care/ssda903/{return_key} and run again."
                if lacking
                else None,
                source_id=SOURCE,
            )
        )
    return results


def _results(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    by_code = {rule.code: rule for rule in RULES}
    rows = connection.execute(
        "SELECT code, return_key, file_id, checked, failed FROM rule_count ORDER BY ALL"
    ).fetchall()
    results = []
    for code, return_key, file_id, checked, failed in rows:
        rule = by_code[code]
        results.append(
            CheckResult(
                suite=SUITE,
                table_name=f"raw_{SOURCE}.{rule.table}",
                check_id=rule.check_id,
                severity="warning",
                scope="source",
                outcome="fail" if failed else "pass",
                checked_count=int(checked),
                failed_count=int(failed),
                owner=OWNER,
                why=rule.message,
                message=f"Return {return_key}: {failed:,} of {checked:,} rows. {rule.message}" if failed else None,
                source_id=SOURCE,
                file_id=file_id,
            )
        )
    return results


def _write_lists(connection: duckdb.DuckDBPyConnection, catalogue: Sequence[RawTable], folder: Path) -> None:
    """Write a CSV file per return and rule that found something and a summary per return: aside, then in place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(".findings-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=".findings-", dir=folder.parent) as held:
        new = Path(held) / folder.name
        new.mkdir()
        for (return_key,) in connection.execute("SELECT DISTINCT return_key FROM held ORDER BY 1").fetchall():
            (new / return_key).mkdir(parents=True)
            for rule in RULES:
                _write_list(connection, rule, return_key, new / return_key)
            _write_set_aside(connection, catalogue, return_key, new / return_key)
            _write_summary(connection, return_key, new / return_key / SUMMARY)
        for path in new.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        new.chmod(0o700)
        old = Path(held) / "old"
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _write_list(connection: duckdb.DuckDBPyConnection, rule: ReturnRule, return_key: str, folder: Path) -> None:
    found = connection.execute(
        "SELECT count(*) FROM finding WHERE code = ? AND return_key = ?", [rule.code, return_key]
    ).fetchone()
    if found == (0,):
        return
    fields = ", ".join(f'{_as_text(f"""raw."{field}" """)} AS {field.upper()}' for field in rule.fields)
    _copy(
        connection,
        f"""SELECT '{rule.code}' AS RULE, '{rule.severity}' AS SEVERITY, {_literal(rule.message)} AS MESSAGE,
            file.file_path AS FILE, f.row_number AS ROW, {_as_text("raw.child")} AS CHILD, {fields}
        FROM finding AS f
        INNER JOIN return_file AS file ON f.file_id = file.file_id AND f.table_name = file.table_name
        INNER JOIN raw_{SOURCE}."{rule.table}" AS raw
            ON f.file_id = raw._file_id AND f.row_number = raw._row_number
        WHERE f.code = '{rule.code}' AND f.return_key = '{return_key}'
        ORDER BY file.file_path, f.row_number""",
        folder / f"{rule.code}.csv",
    )


def _write_set_aside(
    connection: duckdb.DuckDBPyConnection, catalogue: Sequence[RawTable], return_key: str, folder: Path
) -> None:
    """List the rows that reading the files set aside, a file per reason, with the text of the row."""
    words = {
        (table.name, rule.reason): rule.message
        for table in catalogue
        if table.source == SOURCE
        for rule in table.row_rules
    }
    rows = connection.execute(
        """SELECT DISTINCT q.table_name, unnest(string_split(q.reason, ', ')) FROM landing.quarantine AS q
        INNER JOIN return_file AS f ON q.file_id = f.file_id AND q.table_name = f.table_name
        WHERE f.return_key = ? ORDER BY ALL""",
        [return_key],
    ).fetchall()
    for table, reason in rows:
        _copy(
            connection,
            f"""SELECT '{reason}' AS RULE, 'set aside' AS SEVERITY,
                {_literal(words.get((table, reason), "The row could not be loaded."))} AS MESSAGE,
                f.file_path AS FILE, q.row_number AS ROW, {_as_text("q.raw_text")} AS TEXT
            FROM landing.quarantine AS q
            INNER JOIN return_file AS f ON q.file_id = f.file_id AND q.table_name = f.table_name
            WHERE f.return_key = '{return_key}' AND q.table_name = '{table}'
                AND list_contains(string_split(q.reason, ', '), '{reason}')
            ORDER BY f.file_path, q.row_number""",
            folder / f"{table}_{reason}.csv",
        )


def _write_summary(connection: duckdb.DuckDBPyConnection, return_key: str, file: Path) -> None:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rule_words (place INTEGER, code VARCHAR, table_name VARCHAR, severity VARCHAR,"
        " message VARCHAR)"
    )
    connection.executemany(
        "INSERT INTO rule_words VALUES (?, ?, ?, ?, ?)",
        [[place, rule.code, rule.table, rule.severity, rule.message] for place, rule in enumerate(RULES)],
    )
    _copy(
        connection,
        f"""SELECT w.code AS RULE, w.table_name AS TABLE_NAME, w.severity AS SEVERITY, w.message AS MESSAGE,
            coalesce(c.checked, 0) AS ROWS_CHECKED, coalesce(c.failed, 0) AS ROWS_FOUND,
            c.failed_before AS FOUND_AT_LAST_LOAD
        FROM rule_words AS w LEFT JOIN counted AS c ON w.code = c.code AND c.return_key = '{return_key}'
        ORDER BY w.place""",
        file,
    )


def _copy(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    connection.execute(f"COPY ({query}) TO {_literal(str(file))} (FORMAT csv, HEADER true)")


def _as_text(expression: str) -> str:
    """Return SQL for a cell as a spreadsheet may show it: text that looks like a formula stays text."""
    return (
        f"CASE WHEN regexp_matches({expression}, '^[=+@\\t\\r-]') THEN concat('''', {expression}) ELSE {expression} END"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def returns_of(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return one entry per return, newest last: rules applied, rules that found something, rows found."""
    exists = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'quality' AND table_name = 'return_count'"
    ).fetchone()
    if exists == (0,):
        return []
    rows = connection.execute(
        """SELECT return_key, count(*), count(*) FILTER (failed > 0), sum(failed)
        FROM quality.return_count GROUP BY ALL ORDER BY 1"""
    ).fetchall()
    return [
        {"source": SOURCE, "return": key, "rules": rules, "rules_with_findings": found, "rows": int(failed)}
        for key, rules, found, failed in rows
    ]


def counts(connection: duckdb.DuckDBPyConnection) -> list[ReturnCount]:
    """Return the counts of the last load by return and rule, with what they were before."""
    by_code = {rule.code: rule for rule in RULES}
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT return_key, code, checked, failed, failed_before FROM quality.return_count ORDER BY ALL"
    ).fetchall()
    return [
        ReturnCount(
            return_key=key,
            code=code,
            severity=by_code[code].severity,
            message=by_code[code].message,
            checked=checked,
            failed=failed,
            failed_before=before,
        )
        for key, code, checked, failed, before in rows
        if code in by_code
    ]
