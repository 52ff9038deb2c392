"""The data stages of a refresh as plain DuckDB SQL: the same work without Dagster, dbt and Great Expectations.

`write_plan` takes the SQL that dbt compiled, in its order, and the files that a finished refresh landed. The plan is
then run as a process of its own: `python bench/plain_sql.py run PLAN_FOLDER`. Workbooks are read with openpyxl, as the
product does; everything else is SQL. `compare` proves that both did the same work.
"""

import argparse
import json
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[1]
STORAGE = {"storage_compatibility_version": "v1.2.0", "autoinstall_known_extensions": "false"}


def write_plan(data: Path, raw: Path, folder: Path) -> None:
    """Write the plan of the refresh that filled `data` from `raw`. XML files are left out of it."""
    from dagster_project import transform
    from dagster_project.sources.catalogue import load_catalogue
    from dagster_project.sources.suppliers import load_suppliers, with_suppliers

    folder.mkdir(parents=True, exist_ok=True)
    declared = load_catalogue(ROOT / "dbt" / "models" / "staging")
    catalogue = with_suppliers(declared, load_suppliers(ROOT / "council" / "suppliers"))
    tables = {(table.source, table.name): table for table in catalogue}
    warehouse = duckdb.connect(str(data / "restricted" / "warehouse.duckdb"), read_only=True)
    try:
        settings = warehouse.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'settings'").fetchall()
        for schema, name in (("landing", "source_file"), *(("settings", name) for (name,) in settings)):
            warehouse.execute(f"COPY {schema}.{name} TO '{folder / f'{schema}.{name}.parquet'}' (FORMAT parquet)")
        landed = warehouse.execute(
            """SELECT source_id, table_name, layout, file_path, file_id, encoding FROM landing.source_file
            WHERE "use" IN ('current', 'stale', 'superseded') AND rows_landed > 0 ORDER BY ALL"""
        ).fetchall()
    finally:
        warehouse.close()
    land = [f'CREATE SCHEMA IF NOT EXISTS "{table.schema}"' for table in tables.values()]
    for table in tables.values():
        columns = ", ".join(f'"{column}" VARCHAR' for column in table.columns)
        land.append(f'CREATE TABLE {table.qualified} ({columns}, "_file_id" VARCHAR, "_row_number" BIGINT)')
    workbooks = []
    for source, name, layout_name, path, file_id, encoding in landed:
        table = tables[source, name]
        layout = next(layout for layout in table.layouts if layout.name == layout_name)
        names = [column for _, column in layout.columns]
        if layout.reader == "excel":
            heads = [header for header, _ in layout.columns]
            workbooks.append([str(raw / path), table.qualified, heads, names, file_id])
        elif layout.reader in ("csv_as_text", "parquet"):
            land.append(_insert(raw / path, table, layout, file_id, encoding))
    land += ["--workbooks"]
    land += [statement for table in tables.values() for statement in _set_aside(table)]
    land.append("CREATE SCHEMA landing; CREATE SCHEMA settings; CREATE SCHEMA quality")
    for file in sorted(folder.glob("*.parquet")):
        land.append(f"CREATE TABLE {file.stem} AS FROM '{file}'")
    # A refresh writes no compiled SQL: nobody reads it there.
    target = folder / "dbt"
    places = transform._places(data / "restricted" / "warehouse.duckdb", str(folder))
    compiled = transform._invoke(["compile"], target=target, environment=places)
    if not compiled.success:
        sys.exit(f"the models do not compile: {compiled.exception}")
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    plan = {"land": land, "workbooks": workbooks, **_models(manifest)}
    (folder / "plan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")


def _insert(file: Path, table: Any, layout: Any, file_id: str, encoding: str | None) -> str:
    from dagster_project.sources.catalogue import fit_of

    path = str(file).replace("'", "''")
    if layout.reader == "parquet":
        source = f"read_parquet('{path}')"
    else:
        coded = "latin-1" if encoding and "utf" not in encoding.lower() else "utf-8"
        source = f"read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"', encoding='{coded}')"
    held = [row[0] for row in duckdb.sql(f"DESCRIBE FROM {source}").fetchall()]
    names = ", ".join(f'"{column}"' for _, column in layout.columns)
    cells = ", ".join(
        f'CAST("{held[position]}" AS VARCHAR)' if position >= 0 else "NULL"
        for position in fit_of(held, table, layout).positions
    )
    return f"""INSERT INTO {table.qualified} ({names}, "_file_id", "_row_number")
        SELECT {cells}, '{file_id}', row_number() OVER () FROM {source}"""


def _set_aside(table: Any) -> list[str]:
    """The row rules of a table: rows that break one leave it, as they do in the product."""
    statements = []
    for rule in table.row_rules:
        if rule.where:
            statements.append(f"DELETE FROM {table.qualified} WHERE {rule.where}")
            continue
        same = ", ".join(f"upper(trim(coalesce(\"{column}\", '')))" for column in rule.duplicate_of or table.columns)
        statements.append(
            f"""DELETE FROM {table.qualified} WHERE rowid IN (SELECT rowid FROM {table.qualified} QUALIFY row_number()
            OVER (PARTITION BY "_file_id", {same} ORDER BY "_row_number") > 1)"""
        )
    return statements


def _models(manifest: dict[str, Any]) -> dict[str, list[str]]:
    nodes = manifest["nodes"]
    built = {key: node for key, node in nodes.items() if node["resource_type"] in ("model", "seed")}
    parents = {key: [parent for parent in manifest["parent_map"][key] if parent in built] for key in built}
    schemas = sorted({node["schema"] for node in built.values()})
    statements = [f'CREATE SCHEMA IF NOT EXISTS "{schema}"' for schema in schemas]
    for key in TopologicalSorter(parents).static_order():
        node = built[key]
        if node["resource_type"] == "seed":
            file = ROOT / "dbt" / node["original_file_path"]
            types = json.dumps(node["config"]["column_types"]).replace('"', "'")
            columns = f", columns={types}" if types != "{}" else ""
            statements.append(f"CREATE TABLE {node['relation_name']} AS FROM read_csv('{file}', header=true{columns})")
        else:
            statements.append(
                f"CREATE {node['config']['materialized']} {node['relation_name']} AS {node['compiled_code']}"
            )
    tests = [node["compiled_code"] for node in nodes.values() if node["resource_type"] == "test"]
    marts = [node["name"] for node in built.values() if node["schema"] == "marts"]
    return {"models": statements, "tests": tests, "marts": sorted(marts)}


def run(folder: Path) -> None:
    """Run the plan into an empty folder `out` beside it."""
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    out = folder / "out"
    (out / "parquet").mkdir(parents=True)
    # Compiled SQL names the database after its file.
    database = out / "warehouse.duckdb"
    connection = duckdb.connect(str(database))
    connection.execute("SET enable_progress_bar = false")
    for statement in plan["land"]:
        if statement == "--workbooks":
            for workbook in plan["workbooks"]:
                _read_workbook(connection, *workbook)
        else:
            connection.execute(statement)
    for statement in plan["models"]:
        connection.execute(statement)
    for test in plan["tests"]:
        failed = connection.execute(f"SELECT count(*) FROM ({test})").fetchone()
        if failed and failed[0]:
            sys.exit(f"a test fails in plain SQL: {test[:200]}")
    connection.close()
    published = duckdb.connect(str(out / "children.duckdb"), config=STORAGE)
    published.execute(f"ATTACH '{database}' AS warehouse (READ_ONLY); CREATE SCHEMA marts")
    for name in plan["marts"]:
        published.execute(f"CREATE TABLE marts.{name} AS FROM warehouse.marts.{name}")
        published.execute(f"COPY marts.{name} TO '{out}/parquet/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    published.close()


def _read_workbook(
    connection: duckdb.DuckDBPyConnection, file: str, target: str, heads: list[str], names: list[str], file_id: str
) -> None:
    import openpyxl

    rows = list(openpyxl.load_workbook(file, read_only=True).worksheets[0].iter_rows(values_only=True))
    start = next(n for n, row in enumerate(rows) if [str(cell).strip() for cell in row if cell][: len(heads)] == heads)
    kept = [
        [None if cell is None else str(cell) for cell in row[: len(heads)]] + [file_id, number]
        for number, row in enumerate(rows[start + 1 :], start=1)
        if row[0] is not None and str(row[0]).strip().isdigit()
    ]
    listed = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" for _ in range(len(names) + 2))
    connection.executemany(f'INSERT INTO {target} ({listed}, "_file_id", "_row_number") VALUES ({marks})', kept)


def differences(data: Path, folder: Path) -> dict[str, int]:
    """Return, by mart, how many rows the plan and the published version do not share; empty for the same work."""
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{data}/published/officer/children.duckdb' AS product (READ_ONLY)")
    connection.execute(f"ATTACH '{folder}/out/children.duckdb' AS plain (READ_ONLY)")
    found = {}
    for name in json.loads((folder / "plan.json").read_text(encoding="utf-8"))["marts"]:
        row = connection.execute(
            f"""SELECT (SELECT count(*) FROM (FROM product.marts.{name} EXCEPT ALL FROM plain.marts.{name}))
                + (SELECT count(*) FROM (FROM plain.marts.{name} EXCEPT ALL FROM product.marts.{name}))"""
        ).fetchone()
        if row and row[0]:
            found[name] = int(row[0])
    connection.close()
    return found


def main() -> None:
    """Write, run or compare a plan; each a process of its own, so that none weighs on what is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("plan", "run", "compare"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        if name != "run":
            command.add_argument("--data", type=Path, required=True)
        if name == "plan":
            command.add_argument("--raw", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "plan":
        write_plan(options.data, options.raw, options.folder)
    elif options.command == "run":
        run(options.folder)
    elif unlike := differences(options.data, options.folder):
        sys.exit(f"the plain SQL does other work than the product: rows that differ by table {unlike}")


if __name__ == "__main__":
    main()
