"""The pages under docs/reference/, written from what the code declares: checks, tables, indicators, sources.

`python -m dagster_project.reference docs/reference` writes them; a test compares them with what the code says now.
"""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.project import DBT_DIR, STAGING_DIR

if TYPE_CHECKING:
    from expectations.list import Check

_SEVERITIES = {"stop": "critical", "fail": "critical", "warn": "warning"}
_TIDY_SUITE = "raw_ees_"
_RESULTS_SUITE = "raw_results_"
_OPENING = "<!-- Written by `make docs` from the code. Change the declaration it comes from, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """Return the text of every page by file name. Imports dbt and Great Expectations, and parses the dbt project."""
    from dagster_project.transform import ensure_manifest

    manifest = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    return {
        "checks.md": _OPENING + _checks(manifest),
        "tables.md": _OPENING + _tables(manifest),
        "indicators.md": _OPENING + _indicators(),
        "sources.md": _OPENING + _sources(),
    }


def write(folder: Path) -> list[Path]:
    """Write the pages into `folder` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in pages().items():
        file = folder / name
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def _checks(manifest: Mapping[str, Any]) -> str:
    from dagster_project.landing import load
    from dagster_project.quality import outlines
    from dagster_project.sources import tidy_rules
    from expectations.list import list_checks
    from expectations.ssda903_return import RULES
    from expectations.suite import SuiteContext

    # The reasons do not depend on the authority; the number only completes the queries.
    checks = list_checks(SuiteContext(authority=0))
    parts = [
        "# Checks\n\nEvery check of a refresh, what it protects and who decides on it. `critical` of scope file or "
        "source keeps a file or a row out (an earlier good file stays in use); `critical` of scope publication refuses "
        "the publication. A warning is reported and stops nothing. The id is what `council/waivers.yml` names.\n",
        "## When a file is read\n\nIn `dagster_project/landing/`. Beside these, `undeclared_symbol` (critical) counts "
        "rows set aside for a symbol that is not declared, `legacy_missing` (warning) figures whose symbol gives no "
        "reason, `one_file_per_table` (warning) returns held twice, `one_file_per_part` (warning) results of one "
        "school year and status held twice. Rules that set single rows aside are listed with their source in "
        "[sources.md](sources.md).\n",
        _table(
            ("Check", "Severity", "Protects"),
            (
                (_code(name), "warning" if name in load.FILE_WARNINGS else "critical", why)
                for name, why in load.FILE_CHECKS.items()
            ),
        ),
        "### Outlines\n\nIn `dagster_project/quality/outlines.py`, for every GeoJSON file of areas. All are critical "
        "and refuse the file.\n\n"
        + _table(("Check", "Protects"), ((_code(name), why) for name, why in outlines.CHECKS.items())),
        "### Tidy files\n\nIn `dagster_project/sources/tidy_rules.py`, for every file of Explore Education Statistics "
        "and the population in its format. `stop` and `fail` keep the file out, and only a `fail` can be waived; "
        "`warn` is reported. [tidy-files.md](../methodology/tidy-files.md) lists all rules, those of the suites too.\n",
        _table(
            ("Check", "Rule", "Severity", "Protects", "What to do"),
            (
                (_code(rule.check_id), rule.rule_id, f"{_SEVERITIES[rule.grade]} ({rule.grade})", rule.why, rule.advice)
                for rule in tidy_rules.RULES
            ),
        ),
        "## Expectations\n\nIn `expectations/`, one module per guarded table, run by Great Expectations.\n",
    ]
    parts += _tidy_suites([check for check in checks if check.suite.startswith(_TIDY_SUITE)])
    parts += _results_suites([check for check in checks if check.suite.startswith(_RESULTS_SUITE)])
    others = [check for check in checks if not check.suite.startswith((_TIDY_SUITE, _RESULTS_SUITE))]
    for suite, own in groupby(others, key=lambda check: check.suite):
        listed = list(own)
        first = listed[0]
        stops = "the file" if first.scope == "source" else "the publication"
        parts.append(f"### {suite}\n\nGuards `{first.table}`; critical stops {stops}; owner: {first.owner}.\n")
        parts.append(
            _table(
                ("Check", "Severity", "Protects", "What to do"),
                ((_code(check.check_id), check.severity, check.why, check.advice) for check in listed),
            )
        )
    parts.append(
        "## Rows of the looked-after return\n\nIn `expectations/ssda903_return.py`, one check per rule and file, named "
        "`ssda903_` and the rule; always a warning, owner: data manager. An `error` is what the return's own rules "
        "forbid, a `query` what is unlikely. Each row found is listed in `data/restricted/findings/ssda903/`, a folder "
        "per return and a file per rule; only counts go further. `ssda903_tables_of_return.<year>` (warning) names the "
        "tables that a year-end return lacks.\n"
    )
    parts.append(
        _table(
            ("Rule", "Table", "Kind", "What is wrong with a row it finds"),
            ((_code(rule.code), _code(rule.table), rule.severity, rule.message) for rule in RULES),
        )
    )
    parts.append(
        "## Tests of the models\n\nIn the YAML beside the models, run by dbt at every build. A failure refuses the "
        "publication. Column names and types are held by the contracts of the marts as well.\n"
    )
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    rows = sorted((_test_row(node, manifest) for node in tests), key=lambda row: (row[1], row[0]))
    parts.append(_table(("Test", "Table", "Severity", "Protects"), rows))
    unit_tests = sorted(manifest.get("unit_tests", {}).values(), key=lambda test: (test["model"], test["name"]))
    if unit_tests:
        parts.append("## Rules of calculation\n\ndbt unit tests, run by `make test`, not at a refresh.\n")
        parts.append(
            _table(
                ("Rule", "Model", "In words"),
                ((_code(test["name"]), _code(test["model"]), test["description"]) for test in unit_tests),
            )
        )
    return "\n".join(parts)


def _tidy_suites(checks: "Sequence[Check]") -> list[str]:
    """The rules of the tidy data sets: those that several have once, those of one data set after them."""
    names = sorted({check.suite.removeprefix(_TIDY_SUITE) for check in checks})
    return [
        "### Tidy data sets\n\nOne suite for each declared data set, named `raw_ees_` and the data set, in "
        "`expectations/raw_ees.py`; critical stops the file; owner: data manager. The id is that of the data set and "
        f"the rule, such as `ks4_la_l05_one_row`. Data sets: {', '.join(names)}.\n",
        *_shared_rules(checks, suites=_TIDY_SUITE, ids="", of="Data set"),
    ]


def _results_suites(checks: "Sequence[Check]") -> list[str]:
    """The rules of results of pupils, which most assessments share."""
    names = sorted({check.suite.removeprefix(_RESULTS_SUITE) for check in checks})
    return [
        "### Results of pupils\n\nOne suite for each assessment, named `raw_results_` and the assessment, in "
        "`expectations/raw_results.py`; critical stops the file; owner: data manager. The id is `results_`, the "
        f"assessment and the rule, such as `results_ks2_upn`. Assessments: {', '.join(names)}.\n",
        *_shared_rules(checks, suites=_RESULTS_SUITE, ids="results_", of="Assessment"),
    ]


def _shared_rules(checks: "Sequence[Check]", *, suites: str, ids: str, of: str) -> list[str]:
    """Tables of the rules that several suites share, and of those that one has alone.

    Args:
        suites: What the names of the suites begin with; the rest names what they are of.
        ids: What the ids begin with, before that name and the rule.
        of: What the suites are of, in one word or two.
    """
    same: dict[tuple[str, str, str, str], list[str]] = {}
    for check in checks:
        name = check.suite.removeprefix(suites)
        rule = check.check_id.removeprefix(f"{ids}{name}_")
        same.setdefault((rule, check.severity, check.why, check.advice), []).append(name)
    several = sorted((key, names) for key, names in same.items() if len(names) > 1)
    single = sorted((names[0], key) for key, names in same.items() if len(names) == 1)
    count = len({check.suite for check in checks})
    return [
        _table(
            ("Rule", f"{of}s", "Severity", "Protects", "What to do"),
            (
                (_code(rule), "all" if len(found) == count else str(len(found)), severity, why, advice)
                for (rule, severity, why, advice), found in several
            ),
        ),
        _table(
            (of, "Rule", "Severity", "Protects"),
            ((_code(name), _code(rule), severity, why) for name, (rule, severity, why, _) in single),
        ),
    ]


def _test_row(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[str, str, str, str]:
    attached = manifest["nodes"].get(node.get("attached_node") or "", {})
    table = f"{attached['schema']}.{attached['name']}" if attached else ""
    severity = "warning" if node["config"]["severity"].lower() == "warn" else "critical"
    return _code(node["name"]), _code(table), severity, node.get("description") or _kind_of_test(node)


def _kind_of_test(node: Mapping[str, Any]) -> str:
    """What one of the general tests says, in words."""
    metadata = node.get("test_metadata") or {}
    arguments = metadata.get("kwargs", {})
    column = _code(arguments.get("column_name") or "")
    if metadata.get("name") == "grain_is_unique":
        return f"one row per {', '.join(_code(name) for name in arguments['columns'])}"
    if metadata.get("name") == "accepted_values":
        return f"{column} is one of {', '.join(str(value) for value in arguments['values'])}"
    if metadata.get("name") == "relationships":
        return f"{column} is found in {_code(str(arguments['to']).split(chr(39))[1])}"
    if metadata.get("name") == "unique":
        return f"{column} is never repeated"
    return f"{column} is never empty"


def _tables(manifest: Mapping[str, Any]) -> str:
    from dagster_project.publication.publish import RECORDS
    from dagster_project.transform import published_views

    views = published_views()
    parts = [
        "# Published tables and views\n\nSchema `marts` of the published file. The same words are comments in the file "
        "itself. [data-model.md](../data-model.md) says how the tables hang together.\n"
    ]
    marts = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    for node in sorted(marts, key=lambda node: node["name"]):
        kind = "A view: it reads the tables when asked.\n\n" if node["name"] in views else ""
        parts.append(f"## {node['name']}\n\n{kind}{node['description'].strip()}\n")
        columns = ((_code(c["name"]), c["data_type"], c["description"]) for c in node["columns"].values())
        parts.append(_table(("Column", "Type", "Meaning"), columns))
    parts.append("# Records of the refresh\n\nWritten beside the models when a version is published.\n")
    for name, (comment, described) in sorted(RECORDS.items()):
        parts.append(f"## {name}\n\n{comment}\n")
        parts.append(_table(("Column", "Meaning"), ((_code(column), text) for column, text in described.items())))
    return "\n".join(parts)


def _indicators() -> str:
    with (DBT_DIR / "seeds" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["topic"], row["indicator_id"]))
    parts = [
        "# Declared indicators\n\nFrom `dbt/seeds/indicators.csv`. Every other short description of the Local "
        "Authority Interactive Tool that is loaded becomes an indicator `lait_...` with what the tool's dictionary "
        "says of it.\n"
    ]
    for topic, own in groupby(rows, key=lambda row: row["topic"]):
        parts.append(f"## {topic}\n")
        parts.append(
            _table(
                ("Indicator", "Name", "Unit", "Good is", "Period", "Numerator", "Denominator", "Covers", "In LAIT"),
                (
                    (
                        _code(row["indicator_id"]),
                        row["indicator_name"],
                        f"{row['unit']}, {row['decimals']} dp",
                        row["polarity"],
                        row["year_kind"],
                        row["numerator_definition"],
                        row["denominator_definition"],
                        row["basis"],
                        _code(row["lait_short_desc"]),
                    )
                    for row in own
                ),
            )
        )
    return "\n".join(parts)


def _sources() -> str:
    from dagster_project.sources.catalogue import load_catalogue

    parts = [
        "# Sources\n\nWhat is declared in `dbt/models/staging/<source>/_<source>__sources.yml`. Folders are below "
        "`raw/`; file names are free.\n"
    ]
    tables = sorted(load_catalogue(STAGING_DIR), key=lambda table: table.source)
    for source, own in groupby(tables, key=lambda table: table.source):
        listed = list(own)
        first = listed[0]
        unknown = "stops the file" if first.strict else "is left out, with a warning"
        parts.append(
            f"## {source}\n\n{first.source_description.strip()}\n\nPublisher: {first.publisher}. Licence: "
            f"{first.licence}. Updated: {first.cadence}. Owner: {first.owner}. Data: {first.sensitivity}. A column "
            f"that is not declared {unknown}.\n"
        )
        for table in listed:
            parts.append(f"### {table.key}\n\n{table.description.strip()}\n\nFolder: `raw/{table.folder}/`\n")
            parts.append(
                _table(
                    ("Layout", "Read as", "Recognised by", "Columns"),
                    (
                        (
                            layout.name,
                            layout.reader,
                            ", ".join(map(_code, layout.recognised_by)),
                            ", ".join(_code(header) for header, _ in layout.columns),
                        )
                        for layout in table.layouts
                    ),
                )
            )
            if table.values:
                symbols = ", ".join(_code(text) if text else "blank" for text in table.values.symbols)
                legacy = ", ".join(_code(text) if text else "blank" for text in table.values.legacy_symbols)
                older = f" Older symbols, let through with a warning: {legacy}." if legacy else ""
                parts.append(f"Symbols allowed besides numbers: {symbols or 'none'}.{older}\n")
            if table.row_rules:
                rules = ((_code(rule.reason), rule.severity, rule.message) for rule in table.row_rules)
                parts.append(_table(("A row is set aside as", "Severity", "Because"), rules))
    return "\n".join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str | None) -> str:
    """A bar would end the cell, a line break the row."""
    return " ".join((text or "").split()).replace("|", "\\|")


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m dagster_project.reference FOLDER")
    write(Path(sys.argv[1]))
