"""council/suppliers/: names and codes of a supplier's system, what is refused, and that its files are known by them."""

from pathlib import Path

import pytest
from landing_desk import CATALOGUE, NOW, ROOT, Desk
from results_desk import as_csv, results

from dagster_project import warehouse
from dagster_project.landing import load
from dagster_project.landing.inventory import take_inventory
from dagster_project.settings import SettingsError
from dagster_project.sources.catalogue import RawTable
from dagster_project.sources.suppliers import Supplier, codes_of, load_suppliers, with_suppliers
from dagster_project.synthetic.results import NEXUS_KS2

NEXUS = """
supplier: Nexus
ks2: {read_score: READSS, mat_score: " Maths SS ", postcode: PCODE}
mtc:
  mtc_score: MARK
values:
  ks2:
    read_outcome: {"Pass": "AS", " fail ": "NS", "N": ""}
"""
KEYPAS = "supplier: Keypas 2\nks2: {read_score: KS2 Reading}\n"


def suppliers(folder: Path, **files: str) -> tuple[Supplier, ...]:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return load_suppliers(folder)


def catalogue(folder: Path, **files: str) -> dict[str, RawTable]:
    return {table.key: table for table in with_suppliers(CATALOGUE, suppliers(folder, **files))}


def fault(folder: Path, text: str, **others: str) -> str:
    with pytest.raises(SettingsError) as refusal:
        catalogue(folder, nexus=text, **others)
    return str(refusal.value)


def test_no_folder_changes_nothing(tmp_path: Path) -> None:
    assert load_suppliers(tmp_path / "suppliers") == ()
    assert with_suppliers(CATALOGUE, ()) == CATALOGUE


def test_a_mapping_adds_a_layout_with_the_names_of_the_supplier(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no mapping")
    tables = catalogue(tmp_path, nexus=NEXUS, keypas=KEYPAS)
    ks2 = tables["results.ks2"]
    assert [layout.name for layout in ks2.layouts] == ["csv", "keypas_2", "nexus"]
    theirs = ks2.layouts[2]
    ours = dict(column[::-1] for column in ks2.layouts[0].columns)
    assert {column: header for header, column in theirs.columns if header != ours[column]} == {
        "read_score": "READSS",
        "mat_score": " Maths SS ",
        "postcode": "PCODE",
    }
    assert theirs.recognised_by == ("READSS", " Maths SS ", "read_outcome")
    assert ("PCODE" in theirs.optional, "postcode" in theirs.optional, "urn" in theirs.optional) == (True, False, True)
    assert theirs.ignored == ("surname", "forename")
    assert ks2.columns == next(table for table in CATALOGUE if table.key == "results.ks2").columns


def test_codes_are_compared_without_case_and_spaces(tmp_path: Path) -> None:
    assert codes_of(suppliers(tmp_path, nexus=NEXUS)) == [
        ("ks2", "nexus", "read_outcome", "PASS", "AS"),
        ("ks2", "nexus", "read_outcome", "FAIL", "NS"),
        ("ks2", "nexus", "read_outcome", "N", ""),
    ]


def test_a_declaration_changes_with_its_mapping_and_no_other_does(tmp_path: Path) -> None:
    def hashes(**files: str) -> dict[str, str]:
        return {key: table.declaration_hash for key, table in catalogue(tmp_path, **files).items()}

    before = {table.key: table.declaration_hash for table in CATALOGUE}
    first = hashes(nexus=NEXUS)
    assert {key for key in first if first[key] != before[key]} == {"results.ks2", "results.mtc"}
    assert hashes(nexus=NEXUS) == first
    other_code = hashes(nexus=NEXUS.replace('"NS"', '"A"'))
    assert {key for key in first if first[key] != other_code[key]} == {"results.ks2"}
    other_name = hashes(nexus=NEXUS.replace("MARK", "SCORE"))
    assert {key for key in first if first[key] != other_name[key]} == {"results.mtc"}


def test_codes_are_in_the_fingerprint_of_the_settings(tmp_path: Path) -> None:
    given = suppliers(tmp_path, nexus=NEXUS)
    assert warehouse.suppliers_fingerprint(given) != warehouse.suppliers_fingerprint(())
    assert set(warehouse.suppliers_fingerprint(())) == {"settings.supplier_code"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- ks2", "holds no mapping"),
        ("supplier: [", "is not valid YAML"),
        ("ks2: {read_score: READSS}", "`supplier` is missing"),
        ("supplier: 7up\nks2: {read_score: A}", "`supplier`: String should match"),
        ("supplier: N\nks2: read_score", "`ks2`: Input should be a valid dictionary"),
        ("supplier: N\nks2: {read_score: 1}", "`ks2.read_score`: write it in quotation marks"),
        ("supplier: N\nks2: {read_score: ''}", "`ks2.read_score`: is empty"),
        ("supplier: N\nks3: {read_score: A}", "`ks3`: unknown table; did you mean `ks"),
        ("supplier: N\nks4_la: {t_pupils: A}", "`ks4_la`: unknown table"),
        ("supplier: N\nheader: {child: A}", "`header`: unknown table; known are eyfsp, phonics, ks1, mtc, ks2, ks4"),
        ("supplier: N\nks2: {read_scor: A}", "`ks2.read_scor`: unknown column; did you mean `read_score`?"),
        ("supplier: N\nks2: {surname: A}", "`ks2.surname`: unknown column"),
        ("supplier: N\nks2: {urn: Surname}", "`ks2.urn`: `Surname` is left out of every file"),
        ("supplier: N\nks2: {read_score: A, mat_score: ' a'}", "`ks2.mat_score`: ` a` is the header of `read_score`"),
        ("supplier: N\nks2: {read_score: mat_score}", "`ks2.read_score`: `mat_score` is the header of `mat_score`"),
        ("supplier: N\nks2: {read_score: READ_SCORE}", "`ks2`: its names are those of `csv`"),
        ("supplier: csv\nks2: {read_score: A}", "`supplier`: `csv` is the name of a declared layout"),
        ("supplier: N\nvalues: {ks2: {read_outcome: {P: AS}}}", "`ks2`: its names are those of `csv`"),
        (
            "supplier: N\nks2: {urn: A}\nvalues: {ks2: {read_outcome: {P: AS}}}",
            "`ks2`: `values` need a name of its own for a column that every file has",
        ),
        ("supplier: N\nks2: {read_score: A}\nvalues: {ks9: {sex: {P: M}}}", "`values.ks9`: unknown table"),
        ("supplier: N\nks2: {read_score: A}\nvalues: {ks2: {sexx: {P: M}}}", "`values.ks2.sexx`: unknown column"),
        ("supplier: N\nks2: {read_score: A}\nvalues: {ks2: {upn: {P: M}}}", "`values.ks2.upn`: the column holds no"),
        (
            "supplier: N\nks2: {read_score: A}\nvalues: {ks2: {sex: {1: M}}}",
            "`values.ks2.sex.1`: write it in quotation",
        ),
        ("supplier: N\nks2: {read_score: A}\nvalues: {ks2: {sex: {m: NO}}}", "`values.ks2.sex.m`: write it in quot"),
        (
            "supplier: N\nks2: {read_score: A}\nvalues: {ks2: {sex: {m: M, ' M': F}}}",
            "`values.ks2.sex`: ` M` is given twice",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_naming_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    told = fault(tmp_path, text)
    assert words in told
    assert "nexus.yml" in told


def test_two_files_of_one_supplier_or_with_the_same_names_are_refused(tmp_path: Path) -> None:
    again = NEXUS.replace("Nexus", "NEXUS")
    assert "nexus.yml: `supplier`: Nexus is described in again.yml already" in fault(tmp_path, NEXUS, again=again)
    other = NEXUS.replace("Nexus", "Other")
    assert "`mtc`: its names are those of `other`" in fault(tmp_path, NEXUS, again=other)


def land(desk: Desk, tables: tuple[RawTable, ...]) -> list[load.LandedFile]:
    load.prepare(desk.connection, tables)
    inventory = take_inventory(desk.raw, tables)
    found = load.land_source(desk.connection, "results", tables, inventory, now=NOW, announce=lambda text: None)
    load.settle(desk.connection, "results", tables, inventory, {})
    return found


def test_a_file_with_the_names_of_a_supplier_is_read_and_keeps_its_cells(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    rows = [{**row, "read_outcome": "Pass"} for row in results("ks2", 2025, pupils=2)]
    named = {"read_score": "READSS", "mat_score": "MATHS SS"}
    desk.put("education/ks2/theirs.csv", as_csv(rows, named=named, without=("postcode",)))
    [refused] = land(desk, CATALOGUE)
    assert refused.status == "failed"
    assert "missing: read_score, mat_score" in desk.message()
    assert "give the supplier's names in council/suppliers/" in desk.message()
    tables = with_suppliers(CATALOGUE, suppliers(tmp_path, nexus=NEXUS))
    [read] = land(desk, tables)
    assert (read.rows_landed, read.rows_loaded, read.rows_quarantined) == (2, 2, 0)
    assert desk.files("layout, use") == [("nexus", "current")]
    assert desk.column("raw_results.ks2", "read_outcome") == ["Pass", "Pass"]
    assert desk.column("raw_results.ks2", "read_score") == ["104", "104"]
    # Nothing changed, nothing is read; another code, and the file is read and checked again.
    assert land(desk, tables) == []
    changed = with_suppliers(CATALOGUE, suppliers(tmp_path, nexus=NEXUS.replace('"NS"', '"A"')))
    assert [file.file_id for file in land(desk, changed)] == [read.file_id]


def test_codes_are_written_for_staging(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    warehouse.write_suppliers(desk.connection, suppliers(tmp_path, nexus=NEXUS))
    rows = desk.connection.execute("SELECT * FROM settings.supplier_code ORDER BY given").fetchall()
    assert rows[2] == ("ks2", "nexus", "read_outcome", "PASS", "AS")
    warehouse.write_suppliers(desk.connection, ())
    assert desk.connection.execute("SELECT count(*) FROM settings.supplier_code").fetchone() == (0,)


def test_the_mapping_of_the_project_is_that_of_the_export_in_the_sample() -> None:
    [nexus] = load_suppliers(ROOT / "council" / "suppliers")
    # Names of people are no columns of ours, whatever an export calls them.
    wanted = {ours: theirs for ours, theirs in NEXUS_KS2.items() if ours not in ("surname", "forename")}
    assert nexus.columns == {"ks2": wanted}
