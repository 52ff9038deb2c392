"""SQL that only one engine understands, found outside the dispatched macros of dbt/macros.

Models and tests stay in the part of SQL that DuckDB, Spark and mostly PostgreSQL share, so that the same project can
move to an engine of many machines. What must differ stands once, in dbt/macros/engine.sql.

Run as `python -m tests.lint.portable_sql [FILE ...]`; without files it reads the dbt project. Exits with 1 and one line
per finding: file, line, what it is, what to write instead.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DBT = Path(__file__).resolve().parents[2] / "dbt"
_MACRO = "a dispatched macro in dbt/macros/engine.sql"


@dataclass(frozen=True)
class Construct:
    """Something to keep out of models: how it is found, what it is called, what to use."""

    pattern: re.Pattern[str]
    name: str
    instead: str


@dataclass(frozen=True)
class Finding:
    """One use of a construct."""

    file: Path
    line: int
    construct: Construct

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.construct.name}: use {self.construct.instead}"


def _construct(pattern: str, name: str, instead: str) -> Construct:
    return Construct(re.compile(pattern, re.IGNORECASE), name, instead)


CONSTRUCTS = (
    _construct(r"\basof\b", "asof join", "a window over both tables, or a join on a range"),
    _construct(r"\bpositional\s+join\b", "positional join", "a join on a key"),
    _construct(r"\b(un)?pivot\b", "pivot", "`max(...) filter (where ...)` per column, or a union of branches"),
    _construct(r"\bexclude\s*\(|\*\s*exclude\b", "* exclude", "the list of columns"),
    _construct(r"\*\s*(replace|rename)\s*\(", "* replace", "the list of columns"),
    _construct(r"\bcolumns\s*\(", "columns(...)", "the list of columns"),
    _construct(r"(?<![\w\]\)\"])\[", "list literal", "rows (`union all`) or a seed"),
    _construct(
        r"(?<=[\w\]\)\"])\[\s*[\w'-]", "subscript of a list or struct", "a row per element, or split_part for text"
    ),
    _construct(r"(?<!\{)\{\s*'", "struct or map literal", "columns"),
    _construct(
        r"\b(unnest|explode|range|generate_series|generate_subscripts)\s*\(",
        "series of rows",
        "a seed or a table of periods",
    ),
    _construct(
        r"\b(date_diff|datediff|date_sub|date_part|date_add|dateadd)\s*\(",
        "date arithmetic",
        "dbt.datediff, dbt.dateadd or extract(... from ...)",
    ),
    _construct(
        r"\b(date_trunc|last_day)\s*\(", "date_trunc or last_day", "dbt.date_trunc or dbt.last_day, cast to date"
    ),
    _construct(r"\binterval\b", "interval arithmetic", "dbt.dateadd, cast to date"),
    _construct(
        r"\b(make_date|make_timestamp|epoch|epoch_ms|strftime|strptime|try_strptime|to_timestamp|to_date|today|now)\s*\(",
        "date made or read by one engine",
        f"cast(concat(...) as date), or {_MACRO}",
    ),
    _construct(
        r"\b(quantile|quantile_cont|quantile_disc|approx_quantile)\s*\(",
        "quantile",
        "percentile_cont(p) within group (order by ...)",
    ),
    _construct(
        r"\b(string_agg|listagg|group_concat|array_agg|collect_list|collect_set)\s*\(",
        "list of texts",
        f"{_MACRO}, such as ordered_list",
    ),
    _construct(r"\b(list|array|struct|map|json)_\w+\s*\(", "list, struct or JSON function", "rows and columns"),
    _construct(r"\b(list|struct_pack|row_to_json|to_json)\s*\(", "list or struct", "rows and columns"),
    _construct(
        r"\b(arg_min|arg_max|min_by|max_by|first|last|any_value|mode|histogram)\s*\(",
        "aggregate of one engine",
        f"{_MACRO}, such as first_by",
    ),
    _construct(r"\bregexp_\w+\s*\(|\bsimilar\s+to\b|(?<!\S)~~?\*?(?!\S)", "regular expression", _MACRO),
    _construct(
        r"\bread_(csv|csv_auto|parquet|json|json_auto|text|blob)\s*\(",
        "reading a file",
        "landing: models read declared sources",
    ),
    _construct(r"::", "cast with ::", "cast(... as ...)"),
    _construct(r"\bilike\b", "ilike", "lower(...) like"),
    _construct(r"//", "integer division with //", "cast(floor(x / y) as integer)"),
    _construct(r"->>?", "arrow operator", "columns"),
    _construct(r"\blambda\b", "lambda", "rows and columns"),
    _construct(r"\border\s+by\s+all\b", "order by all", "the list of columns"),
    _construct(r"\b(hugeint|ubigint|uinteger|usmallint|utinyint)\b", "type of one engine", "bigint or decimal"),
    _construct(r"\busing\s+sample\b|\btablesample\b", "sample of rows", "all rows"),
    _construct(
        r"\b(starts_with|ends_with|prefix|suffix|contains)\s*\(", "text function of one engine", "like, or left(...) ="
    ),
    _construct(r"\b(from|join)\s+'", "table named by a file", "source() or ref()"),
    _construct(r"\b(attach|install|load|pragma)\s+\S", "statement of one engine", "what transform.py sets up"),
)


def findings(files: Iterable[Path]) -> Iterator[Finding]:
    """Return every use of a construct by file and line. Comments, texts in quotes and Jinja are no SQL and not read."""
    for file in files:
        sql = blanked(file.read_text(encoding="utf-8"))
        for construct in CONSTRUCTS:
            for match in construct.pattern.finditer(sql):
                yield Finding(file, sql.count("\n", 0, match.start()) + 1, construct)


_NOT_SQL = re.compile(
    r"""\{\#.*?\#\}          # a comment of Jinja
    | \{%.*?%\} | \{\{.*?\}\}  # its statements and expressions: macros and lists of declarations
    | --[^\n]* | /\*.*?\*/   # comments of SQL
    | '(?:[^']|'')*'         # texts""",
    re.DOTALL | re.VERBOSE,
)


def blanked(text: str) -> str:
    """Return the text with everything that is not SQL made blank, and texts left as empty quotes, lines kept."""

    def blank(match: re.Match[str]) -> str:
        kept = re.sub(r"[^\n]", " ", match.group())
        return f"'{kept[1:-1]}'" if match.group().startswith("'") else kept

    return _NOT_SQL.sub(blank, text)


def project_files() -> list[Path]:
    """Return the SQL of models and tests; macros are the place where engines may differ."""
    return sorted(file for folder in ("models", "tests") for file in (DBT / folder).rglob("*.sql"))


def main(arguments: Sequence[str]) -> int:
    """Print the findings of the named files, or of the project. Returns 1 when there are any."""
    files = [Path(argument) for argument in arguments] or project_files()
    found = sorted(findings(files), key=lambda finding: (finding.file, finding.line, finding.construct.name))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
