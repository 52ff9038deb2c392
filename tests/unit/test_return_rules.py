"""Every check of a return finds the row that breaks it and passes by the row that keeps it; lists and counts agree."""

import csv
import stat
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.landing import load
from dagster_project.project import STAGING_DIR
from dagster_project.quality import return_checks
from dagster_project.sources.catalogue import load_catalogue
from expectations.ssda903_return import RULES

Rows = Mapping[str, Sequence[Mapping[str, str]]]
BORN = "01/06/2010"
USUAL = {
    "header": {"sex": "M", "dob": BORN, "ethnic": "WBRI", "upn": "{upn}", "mother": "", "mc_dob": ""},
    "episodes": {
        "decom": "01/05/2023",
        "rne": "S",
        "ls": "C2",
        "cin": "N1",
        "place": "U6",
        "place_provider": "PR1",
        "home_post": "LS1 1AA",
        "pl_post": "LS12 2BB",
        "urn": "SC123456",
    },
    "uasc": {"sex": "M", "dob": BORN, "duc": ""},
    "oc2": {"dob": BORN, "sdq_score": "12", "sdq_reason": "", "convicted": "0", "substance_misuse": "0"},
    "oc3": {"dob": "01/06/2005", "in_touch": "YES", "activ": "F2", "accom": "U1"},
    "ad1": {"dob": BORN, "date_int": "01/06/2024", "date_match": "01/07/2024", "nb_adoptr": "2", "sex_adoptr": "MF"},
    "placed_for_adoption": {"dob": BORN, "date_placed": "01/06/2024"},
    "previous_permanence": {"dob": BORN, "prev_perm": "Z1"},
    "missing": {"dob": BORN, "missing": "M", "mis_start": "01/07/2024", "mis_end": "02/07/2024"},
    "reviews": {"dob": BORN, "review": "01/07/2024", "review_code": "PN1"},
    "social_workers": {"dob": BORN, "sw_id": "SW1", "sw_decom": "01/05/2024", "sw_reason": "FCONTA"},
    "deprivation_of_liberty": {"dob": BORN, "dolo_start": "01/05/2024"},
}
#: Of every return in these tests; a case replaces the rows of the tables it names and may add tables.
ALWAYS = ("header", "episodes")


def ends(day: str, **more: str) -> dict[str, str]:
    return {"dec": day, "rec": "X1", **more}


def begins(day: str, **more: str) -> dict[str, str]:
    return {"decom": day, "rne": "P", **more}


MOVE = [ends("01/07/2024", reason_place_change="CARPL"), begins("01/07/2024")]
ADOPTED = {"dec": "01/09/2024", "rec": "E11"}
#: Code of the rule: rows that break it, rows that keep it (the usual ones when empty), the collection year.
CASES: dict[str, tuple[Rows, Rows, int]] = {
    "H01": ({"header": [{"sex": "1"}]}, {}, 2025),
    "H02": ({"header": [{"dob": "31/02/2010"}]}, {}, 2025),
    "H03": ({"header": [{"dob": "01/04/2025"}]}, {"header": [{"dob": "31/03/2025"}]}, 2025),
    "H04": ({"header": [{"ethnic": "WHIT"}]}, {"header": [{"ethnic": "nobt"}]}, 2025),
    "H05": ({"header": [{"upn": "A12345"}]}, {"header": [{"upn": "UN3"}]}, 2025),
    "H06": ({"header": [{"upn": "A000000000009"}], "twin": [{"upn": "A000000000009"}]}, {}, 2025),
    "H07": (
        {"header": [{"upn": "UN1", "dob": "31/03/2019"}]},
        {"header": [{"upn": "UN1", "dob": "01/04/2019"}]},
        2025,
    ),
    "H08": ({"header": [{"mother": "1"}]}, {"header": [{"mother": "1", "mc_dob": "01/01/2025"}]}, 2025),
    "H09": ({"header": [{"mother": "1"}]}, {"header": [{"sex": "F", "mother": "1"}]}, 2025),
    "H10": ({"episodes": [], "oc3": []}, {"episodes": [], "oc3": [{}]}, 2025),
    "E01": ({"episodes": [{"rne": "X"}]}, {}, 2025),
    "E02": ({"episodes": [{"ls": "C3"}]}, {}, 2025),
    "E03": ({"episodes": [{"cin": "N9"}]}, {}, 2025),
    "E04": ({"episodes": [{"place": "U9"}]}, {"episodes": [{"place": "u6"}]}, 2025),
    "E05": ({"episodes": [{"place": "K3"}]}, {"episodes": [{"place": "H5"}]}, 2024),
    "E06": ({"episodes": [{"place_provider": ""}]}, {}, 2025),
    "E07": (
        {"episodes": [{"place": "T1", "place_provider": "PR1"}]},
        {"episodes": [{"place": "T1", "place_provider": ""}]},
        2025,
    ),
    "E08": (
        {"episodes": [{"place": "P1", "place_provider": "PR1"}]},
        {"episodes": [{"place": "P1", "place_provider": "PR0"}]},
        2025,
    ),
    "E09": ({"episodes": [{"dec": "31/02/2025"}]}, {"episodes": [{"dec": "2025-02-28"}]}, 2025),
    "E10": ({"episodes": [{"dec": "30/04/2023"}]}, {"episodes": [{"dec": "01/05/2023"}]}, 2025),
    "E11": ({"episodes": [{"rec": "E4A"}]}, {"episodes": [{"dec": "01/07/2024", "rec": "E4A"}]}, 2025),
    "E12": ({"episodes": [{"rec": "E4C"}]}, {"episodes": [{"rec": "E48"}]}, 2025),
    "E13": ({"episodes": [ends("01/07/2024"), begins("02/07/2024")]}, {"episodes": MOVE}, 2025),
    "E14": (
        {"episodes": [ends("01/07/2024", rec="E4A"), begins("01/07/2024")]},
        {"episodes": [ends("01/07/2024", rec="E4A"), begins("02/07/2024", rne="S")]},
        2025,
    ),
    "E15": ({"episodes": [begins("02/07/2024")]}, {"episodes": MOVE}, 2025),
    "E16": (
        {"episodes": [ends("01/07/2024"), begins("01/07/2024", rne="S")]},
        {"episodes": [ends("01/07/2024", rec="E4A"), begins("01/07/2024", rne="S")]},
        2025,
    ),
    "E17": ({"episodes": [ends("01/07/2024"), begins("30/06/2024")]}, {"episodes": MOVE}, 2025),
    "E18": ({"episodes": [{}, begins("01/07/2024")]}, {"episodes": [{}, begins("01/07/2024", ls="V4")]}, 2025),
    "E19": ({"episodes": [{}], "next_year": []}, {"episodes": [{}], "next_year": [{"decom": "01/05/2023"}]}, 2025),
    "E20": ({"header": []}, {}, 2025),
    "E21": ({"header": [{"dob": "02/05/2023"}]}, {"header": [{"dob": "01/05/2023"}]}, 2025),
    "E22": ({"header": [{"dob": "30/03/2007"}]}, {"header": [{"dob": "31/03/2007"}]}, 2025),
    "E23": (
        {"episodes": [ends("01/07/2024", reason_place_change="MOVED")]},
        {"episodes": [ends("01/07/2024", reason_place_change="CUSTOD")]},
        2025,
    ),
    "E24": ({"episodes": [ends("01/07/2024"), begins("01/07/2024")]}, {"episodes": MOVE}, 2025),
    "E25": ({"episodes": [{"dec": "02/04/2025"}]}, {"episodes": [{"dec": "01/04/2025"}]}, 2025),
    "E26": ({"episodes": [{"home_post": "LEEDS"}]}, {"episodes": [{"home_post": "ls11aa"}]}, 2025),
    "E27": ({"episodes": [{"pl_post": ""}]}, {}, 2025),
    "E28": ({"episodes": [{"urn": "SC12"}]}, {"episodes": [{"urn": "XXXXXXX"}]}, 2025),
    "E29": ({"episodes": [{"urn": ""}]}, {}, 2025),
    "E30": ({"episodes": [{"place": "P1", "ls": "V2"}]}, {"episodes": [{"place": "P1"}]}, 2025),
    "E31": ({"episodes": [{"place": "A6"}]}, {"episodes": [{"place": "A6", "ls": "E1"}]}, 2025),
    "E32": (
        {"episodes": [{"place": "T4", "dec": "09/05/2023"}]},
        {"episodes": [{"place": "T4", "dec": "08/05/2023"}]},
        2025,
    ),
    "U01": ({"header": [], "uasc": [{}]}, {"uasc": [{}]}, 2025),
    "U02": ({"uasc": [{"duc": "02/06/2028"}]}, {"uasc": [{"duc": "01/06/2028"}]}, 2025),
    "U03": ({"uasc": [{}]}, {"uasc": [{}], "episodes": [{"cin": "N8"}]}, 2025),
    "D01": ({"uasc": [{"dob": "02/06/2010"}]}, {"uasc": [{"dob": "2010-06-01"}]}, 2025),
    "D02": ({"oc2": [{"dob": "02/06/2010"}]}, {"oc2": [{}]}, 2025),
    "O01": ({"oc2": [{"sdq_score": "41"}]}, {"oc2": [{"sdq_score": "40"}]}, 2025),
    "O02": ({"oc2": [{"sdq_score": ""}]}, {"oc2": [{"sdq_score": "", "sdq_reason": "SDQ2"}]}, 2025),
    "O03": ({"oc2": [{"sdq_reason": "SDQ6"}]}, {"oc2": [{"sdq_reason": "SDQ5"}]}, 2025),
    "O04": ({"oc2": [{"teeth_check": "Y"}]}, {"oc2": [{"teeth_check": "1"}]}, 2025),
    "O05": (
        {"oc2": [{"convicted": "1", "dob": "01/04/2015"}]},
        {"oc2": [{"convicted": "1", "dob": "31/03/2015"}]},
        2025,
    ),
    "O06": (
        {"oc2": [{"substance_misuse": "1"}]},
        {"oc2": [{"substance_misuse": "1", "intervention_received": "0"}]},
        2025,
    ),
    "O07": ({"oc2": []}, {"oc2": [{}]}, 2025),
    "L01": ({"oc3": [{"in_touch": "MAYBE"}]}, {"oc3": [{}]}, 2025),
    "L02": ({"oc3": [{"activ": "F9"}]}, {"oc3": [{}]}, 2025),
    "L03": ({"oc3": [{"accom": "U3"}]}, {"oc3": [{"accom": "0"}]}, 2025),
    "L04": ({"oc3": [{"dob": "01/04/2008"}]}, {"oc3": [{"dob": "31/03/2008"}]}, 2025),
    "L05": ({"oc3": [{"activ": "F3"}]}, {"oc3": [{"activ": "F5"}]}, 2025),
    "A01": ({"episodes": [ADOPTED], "ad1": []}, {"episodes": [ADOPTED], "ad1": [{}]}, 2025),
    "A02": ({"ad1": [{"date_match": "31/05/2024"}]}, {"ad1": [{"date_match": "01/06/2024"}]}, 2025),
    "A03": ({"ad1": [{"nb_adoptr": "1"}]}, {"ad1": [{}]}, 2025),
    "P01": (
        {"placed_for_adoption": [{"date_placed_ceased": "31/05/2024"}]},
        {"placed_for_adoption": [{"date_placed_ceased": "02/06/2024", "reason_placed_ceased": "RD1"}]},
        2025,
    ),
    "P02": (
        {"placed_for_adoption": [{"date_placed_ceased": "02/06/2024"}]},
        {"placed_for_adoption": [{}]},
        2025,
    ),
    "V01": (
        {"episodes": [{"decom": "01/05/2024"}], "previous_permanence": []},
        {"episodes": [{"decom": "01/05/2024"}], "previous_permanence": [{}]},
        2025,
    ),
    "V02": (
        {"previous_permanence": [{"prev_perm": "P1", "date_perm": "May 2020"}]},
        {"previous_permanence": [{"prev_perm": "P1", "date_perm": "zz/05/2020"}]},
        2025,
    ),
    "M01": ({"missing": [{"mis_start": "today"}]}, {"missing": [{}]}, 2025),
    "M02": ({"missing": [{"mis_end": "30/06/2024"}]}, {"missing": [{}]}, 2025),
    "M03": ({"missing": [{}], "episodes": [{"decom": "02/07/2024"}]}, {"missing": [{}]}, 2025),
    "M04": (
        {"missing": [{}, {"mis_start": "01/07/2024", "mis_end": "01/07/2024"}, {"mis_start": "30/06/2024"}]},
        {"missing": [{}, {"mis_start": "02/07/2024", "mis_end": "03/07/2024"}]},
        2025,
    ),
    "R01": ({"reviews": [{"review_code": "PN8"}]}, {"reviews": [{}]}, 2025),
    "R02": ({"reviews": [{"review_code": "PN0"}]}, {"reviews": [{}]}, 2025),
    "R03": ({"reviews": [{"review": "30/04/2023"}]}, {"reviews": [{"review": "01/05/2023"}]}, 2025),
    "W01": ({"social_workers": [{"sw_dec": "30/04/2024"}]}, {"social_workers": [{"sw_dec": "01/05/2024"}]}, 2025),
    "W02": ({"social_workers": [{"sw_dec": "31/03/2026"}]}, {"social_workers": [{}]}, 2026),
    "W03": ({"social_workers": [{"sw_reason": "LEFT"}]}, {"social_workers": [{}]}, 2025),
    "Q01": (
        {"deprivation_of_liberty": [{"dolo_end": "30/04/2024"}]},
        {"deprivation_of_liberty": [{"dolo_end": "01/05/2024"}]},
        2027,
    ),
}


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    load.prepare(connection, load_catalogue(STAGING_DIR))
    return connection


def lay_out(
    connection: duckdb.DuckDBPyConnection, year: int, children: Mapping[str, Rows], *, as_at: date | None = None
) -> None:
    """Put a return with the rows of each child into the warehouse, as landing would leave it."""
    tables = {*ALWAYS, *(table for rows in children.values() for table in rows if table in USUAL)}
    cut = as_at.isoformat() if as_at else "year-end"
    for table in sorted(tables):
        file = f"{table} {year} {cut}"
        number = 0
        for position, (child, rows) in enumerate(children.items()):
            default: Sequence[Mapping[str, str]] = [{}] if table in ALWAYS else []
            for row in rows.get(table, default):
                number += 1
                cells = {"child": child, **USUAL[table], **row, "_file_id": file, "_row_number": number + 1}
                cells = {key: str(value).format(upn=f"A00000000000{position}") for key, value in cells.items()}
                names = ", ".join(f'"{name}"' for name in cells)
                marks = ", ".join("?" for _ in cells)
                connection.execute(
                    f'INSERT INTO raw_ssda903."{table}" ({names}) VALUES ({marks})', list(cells.values())
                )
        connection.execute(
            """INSERT INTO landing.source_file
            (file_id, source_id, table_name, file_path, release, as_at, status, "use", rows_landed, rows_loaded)
            VALUES (?, 'ssda903', ?, ?, ?, ?, 'loaded', 'current', ?, ?)""",
            [file, table, f"social_care/ssda903/{year}/{table}.csv", str(year), as_at, number, number],
        )


def checked(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, tuple[int, int]]:
    """Run every rule; return checked and failed rows by code of the return that is not a later one."""
    results = return_checks.check_returns(connection, load_catalogue(STAGING_DIR), folder)
    codes = {rule.check_id: rule.code for rule in RULES}
    results = [result for result in results if result.suite == return_checks.SUITE]
    return {
        codes[result.check_id]: (result.checked_count, result.failed_count)
        for result in results
        if "9999" not in str(result.file_id)
    }


def updated(
    connection: duckdb.DuckDBPyConnection, folder: Path, *, load: str, code: str = "code"
) -> list[return_checks.ReturnCount]:
    """Check the returns as a refresh does, after a load of that name."""
    return return_checks.update(
        connection, load_catalogue(STAGING_DIR), folder, tables={"ssda903.header": load}, code=code
    )


def test_every_rule_has_a_case_and_a_name_of_its_own() -> None:
    assert list(CASES) == [rule.code for rule in RULES]
    assert len({(rule.table, rule.message) for rule in RULES}) == len(RULES)
    assert len(RULES) >= 40


@pytest.mark.parametrize("code", CASES)
def test_a_rule_finds_the_row_that_breaks_it_and_no_other(
    warehouse: duckdb.DuckDBPyConnection, code: str, tmp_path: Path
) -> None:
    breaking, keeping, year = CASES[code]
    rule = next(rule for rule in RULES if rule.code == code)
    needed = {table: [{}] for table in rule.needs}
    # A third child gives every table of a return that a rule needs at least a row.
    children = {"keeps": keeping, "breaks": breaking, "other": needed}
    if "twin" in breaking:
        children["twin"] = {"header": breaking["twin"]}
    lay_out(warehouse, year, children)
    if "next_year" in breaking:
        following = {"keeps": {"episodes": keeping["next_year"]}, "breaks": {"episodes": breaking["next_year"]}}
        lay_out(warehouse, year + 1, following)
    return_checks.prepare_tables(
        warehouse, [table for table in load_catalogue(STAGING_DIR) if table.source == return_checks.SOURCE]
    )
    return_checks.find(warehouse, [rule])
    found = warehouse.execute("SELECT DISTINCT child FROM finding").fetchall()
    assert {child for (child,) in found} - {"OTHER", "TWIN"} == {"BREAKS"}
    looked_at = warehouse.execute(
        f"""SELECT count(DISTINCT r.child) FROM "{rule.table}" AS r
        WHERE r.child IN ('KEEPS', 'BREAKS') AND r.return_key = '{year}' AND ({rule.applies})"""
    ).fetchone()
    assert looked_at == (2,), "the case that keeps the rule must be one that the rule is about"


def test_a_usual_return_breaks_no_rule(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lay_out(warehouse, 2025, {"one": {}, "two": {"oc2": [{}]}, "three": {"episodes": MOVE}})
    failed = {code: count for code, (_, count) in checked(warehouse, tmp_path / "ssda903").items() if count}
    # Only one of the three has a row on health.
    assert failed == {"O07": 2}


def test_a_rule_that_needs_a_missing_table_says_nothing(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lay_out(warehouse, 2025, {"one": {"episodes": [ADOPTED]}})
    assert "A01" not in checked(warehouse, tmp_path / "ssda903")


def test_a_return_without_a_table_of_its_year_is_named_and_a_cut_is_not(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    everything = {table: [{}] for table in USUAL if table != "deprivation_of_liberty"}
    lay_out(warehouse, 2026, {"one": everything})
    lay_out(warehouse, 2025, {"one": {table: rows for table, rows in everything.items() if table != "oc2"}})
    lay_out(warehouse, 2023, {"one": {name: rows for name, rows in everything.items() if name != "social_workers"}})
    lay_out(warehouse, 2027, {"one": everything})
    lay_out(warehouse, 2026, {"one": {}}, as_at=date(2025, 9, 30))
    results = return_checks.check_returns(warehouse, load_catalogue(STAGING_DIR), tmp_path / "ssda903")
    told = {r.check_id: (r.outcome, r.message) for r in results if r.suite == return_checks.COMPLETENESS_SUITE}
    assert {name: outcome for name, (outcome, _) in told.items()} == {
        "ssda903_tables_of_return.2023": "pass",
        "ssda903_tables_of_return.2025": "fail",
        "ssda903_tables_of_return.2026": "pass",
        "ssda903_tables_of_return.2027": "fail",
    }
    assert str(told["ssda903_tables_of_return.2025"][1]).startswith("Return 2025 has no oc2 (health). ")
    assert "deprivation_of_liberty" in str(told["ssda903_tables_of_return.2027"][1])


def test_lists_name_the_rows_as_received_and_counts_carry_their_movement(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "findings" / "ssda903"
    lay_out(warehouse, 2025, {"a one": {"header": [{"sex": "=cmd()"}]}, "two": {"header": [{"sex": "x"}]}})
    lay_out(warehouse, 2026, {"cut": {"header": [{"sex": "1"}]}}, as_at=date(2025, 9, 30))
    updated(warehouse, folder, load="first")
    with (folder / "2025" / "H01.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["CHILD"], row["ROW"], row["SEX"]) for row in rows] == [("a one", "2", "'=cmd()"), ("two", "3", "x")]
    assert {row["FILE"] for row in rows} == {"social_care/ssda903/2025/header.csv"}
    assert (folder / "2026" / "2025-09-30" / "H01.csv").exists()
    assert not (folder / "2025" / "H02.csv").exists()
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def movement(load: str, code: str = "code") -> dict[str, tuple[int, int | None]]:
        counted = updated(warehouse, folder, load=load, code=code)
        return {count.return_key: (count.failed, count.movement) for count in counted if count.code == "H01"}

    assert movement("first") == {"2025": (2, None), "2026/2025-09-30": (1, None)}
    warehouse.execute("UPDATE raw_ssda903.header SET sex = 'F' WHERE child = 'two'")
    assert movement("second") == {"2025": (1, -1), "2026/2025-09-30": (1, 0)}
    # Other code on the same load moves nothing, and says still how the load moved.
    assert movement("second", code="other") == {"2025": (1, -1), "2026/2025-09-30": (1, 0)}
    with (folder / "2025" / "summary.csv").open(encoding="utf-8", newline="") as file:
        summary = {row["RULE"]: row for row in csv.DictReader(file)}
    assert list(summary) == [rule.code for rule in RULES]
    assert (summary["H01"]["ROWS_FOUND"], summary["H01"]["FOUND_AT_LAST_LOAD"]) == ("1", "2")
    assert not list(folder.parent.glob(".findings-*"))


def test_a_run_that_dies_before_its_results_are_kept_checks_again(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "findings" / "ssda903"
    lay_out(warehouse, 2025, {"one": {"header": [{"sex": "x"}]}})
    updated(warehouse, folder, load="first")
    warehouse.execute("UPDATE raw_ssda903.header SET sex = 'M'")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(return_checks, "store", dies)
        updated(warehouse, folder, load="second")
    h01 = "SELECT failed_count FROM quality.check_result WHERE check_id = 'ssda903_h01'"
    assert warehouse.execute(h01).fetchall() == [(1,)]
    found = [count for count in updated(warehouse, folder, load="second") if count.code == "H01"]
    assert [(count.failed, count.movement) for count in found] == [(0, -1)]
    assert warehouse.execute(h01).fetchall() == [(0,)]


def test_returns_that_did_not_change_are_not_checked_again(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "findings" / "ssda903"
    lay_out(warehouse, 2025, {"one": {}})
    updated(warehouse, folder, load="first")
    written = (folder / "2025" / "summary.csv").stat().st_mtime_ns
    updated(warehouse, folder, load="first")
    assert (folder / "2025" / "summary.csv").stat().st_mtime_ns == written
    updated(warehouse, folder, load="second")
    assert (folder / "2025" / "summary.csv").stat().st_mtime_ns > written


def test_counts_hold_no_word_of_a_row(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lay_out(warehouse, 2025, {"SECRET-CHILD": {"header": [{"sex": "x", "dob": "13/13/2013", "upn": "SECRET-UPN"}]}})
    results = return_checks.check_returns(warehouse, load_catalogue(STAGING_DIR), tmp_path / "ssda903")
    assert any(result.failed_count for result in results)
    told = repr(results)
    assert "SECRET" not in told
    assert "13/13/2013" not in told
