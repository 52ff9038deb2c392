"""Results of pupils, from the folder to what is staged: the file that counts, a supplier's names, what stays inside."""

import csv
from pathlib import Path

import pytest
from desk import Desk

COLUMNS = {
    "academic_year": "202425",
    "upn": "",
    "surname": "SENTINELNAME",
    "dob": "14/02/1907",
    "postcode": "ZZ9 9ZZ",
    "sex": "F",
    "status": "provisional",
    "read_score": "104",
    "mat_score": "101",
    "gps_score": "99",
    "read_outcome": "AS",
    "mat_outcome": "AS",
    "gps_outcome": "NS",
    "writ_ta": "EXS",
    "sci_ta": "EXS",
}
MAPPING = 'supplier: Nexus\nks2: {read_score: READSS}\nvalues: {ks2: {read_outcome: {"PASS": "AS"}}}\n'
STAGED = """SELECT release_status, read_score, read_outcome, count(*), count(DISTINCT pupil_key)
    FROM staging.stg_results__ks2 GROUP BY ALL ORDER BY ALL"""


def put(desk: Desk, name: str, rows: list[dict[str, str]], heads: dict[str, str] | None = None) -> None:
    folder = desk.raw / "education" / "ks2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SYNTHETIC").touch()
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([(heads or {}).get(column, column) for column in COLUMNS])
        writer.writerows([[row[column] for column in COLUMNS] for row in rows])


def pupils(number: int, **cells: str) -> list[dict[str, str]]:
    return [{**COLUMNS, "upn": f"SENTINELUPN{pupil}", **cells} for pupil in range(number)]


def map_supplier(desk: Desk, text: str) -> None:
    folder = desk.folder / "council" / "suppliers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nexus.yml").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_results_are_staged_from_the_file_that_counts_and_go_no_further(small: Desk) -> None:
    put(small, "autumn.csv", [*pupils(30), {**COLUMNS, "academic_year": "2025"}])
    outcome = small.refresh("--json")
    assert outcome.facts["sources"]["results"]["status"] == "loaded"
    assert small.ask_warehouse(STAGED) == [("provisional", 104, "AS", 30, 30)]

    # The final file is a supplier's: without its names it is refused, and the other one stays in use.
    theirs = pupils(29, status="final", read_score="110", read_outcome="Pass")
    put(small, "final from nexus.csv", [*theirs, {**theirs[0], "upn": ""}], {"read_score": "READSS"})
    small.refresh()
    assert small.state()["results"][0] == "stale"
    assert small.ask_warehouse(STAGED) == [("provisional", 104, "AS", 30, 30)]

    map_supplier(small, MAPPING)
    small.refresh()
    assert small.state()["results"][0] == "loaded"
    assert small.ask_warehouse(STAGED) == [("final", 110, "AS", 30, 29)]
    assert small.query(
        """SELECT file_name, status, rows_landed, rows_loaded, rows_quarantined FROM marts.source_file
        WHERE source_id = 'results' ORDER BY 1"""
    ) == [("autumn.csv", "loaded", 31, 30, 1), ("final from nexus.csv", "loaded", 30, 30, 0)]

    # Another reading of the supplier's codes is staged with the next refresh.
    map_supplier(small, MAPPING.replace('"AS"', '"CA"'))
    small.refresh()
    assert small.ask_warehouse(STAGED) == [("final", 110, "CA", 30, 29)]
    assert "SENTINEL" not in everything_shown(small)


def test_a_wrong_mapping_ends_with_2_and_names_file_and_key(small: Desk) -> None:
    map_supplier(small, MAPPING.replace("read_score", "read_scor"))
    outcome = small.cfp("refresh")
    assert outcome.code == 2
    assert "nexus.yml: `ks2.read_scor`: unknown column; did you mean `read_score`?" in str(outcome)


def everything_shown(desk: Desk) -> str:
    """Every text of the published file, the pages and the output of the last run."""
    tables = desk.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'")
    texts = [
        text for (name,) in tables for (text,) in desk.query(f'SELECT CAST(t AS VARCHAR) FROM marts."{name}" AS t')
    ]
    folders = (desk.data / "editions", desk.data / "published", desk.folder / "output")
    files: list[Path] = [path for folder in folders for path in (folder.rglob("*") if folder.is_dir() else [folder])]
    texts += [
        path.read_text(encoding="utf-8", errors="replace")
        for path in files
        if path.is_file() and path.suffix not in (".duckdb", ".parquet")
    ]
    return "\n".join(texts)
