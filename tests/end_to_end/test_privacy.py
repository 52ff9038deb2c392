"""Nothing about a child leaves data/restricted: not in a table, a page, a message, a log, nor what Dagster records."""

import csv
import re
import stat
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from desk import EPISODES, HEADER, SMALL, Desk, built_once, lay_out
from warm_cfp import WarmCfp

# A child of the return that reads well, and one in every kind of row and file that does not.
CHILD, DATE_OF_BIRTH, UPN, POSTCODE = "SENTINEL0042", "13/11/2009", "Z999888777666", "QX9 7ZQ"
ULN, CENSUS_DATE_OF_BIRTH = "9876543217", "2009-Nov-13"
BIRTHDAYS = (DATE_OF_BIRTH, "2009-11-13", CENSUS_DATE_OF_BIRTH, "14/12/2010", "2010-12-14")
SENTINELS = (CHILD, "SENTINEL", *BIRTHDAYS, UPN, ULN, POSTCODE, "QX97ZQ")
EPISODE = f"{CHILD},14/12/2010,S,C2,N1,U4,PR1,,,,{POSTCODE},{POSTCODE},SC064000"
CHILD_HEADER = f"{CHILD},1,{DATE_OF_BIRTH},WBRI,{UPN},,"
# Too many cells, a quote that never ends, a date that is none, codes of no list, the same row twice.
BAD_EPISODES = (
    f"{EPISODE},{CHILD},{POSTCODE}",
    f'SENTINEL0043,"{POSTCODE}',
    f"SENTINEL0044,{UPN},S,C2,N1,U4,PR1,{POSTCODE},,,{POSTCODE},,",
    f"SENTINEL0045,01/05/2022,{CHILD},{UPN},{CHILD},{POSTCODE},{CHILD},,{UPN},{CHILD},,,",
    EPISODE,
)
BAD_HEADERS = (f"{CHILD_HEADER},{UPN}", f"{CHILD},SENTINEL,{UPN},SENTINEL,{POSTCODE},,", CHILD_HEADER)
# Whole files that cannot be used: no header line, columns moved, broken XML.
BAD_FILES = {
    "social_care/ssda903/2021/episodes.csv": f"{EPISODE}\n{EPISODE}\n",
    "social_care/ssda903/2022/header.csv": f"CHILD,SEX,DOB,{CHILD},UPN\n{CHILD_HEADER}\n",
    "social_care/ssda903/2025/more.xml": f"<Message><Children><Child><ChildID>{CHILD}</{UPN}></Message>",
    f"published/unknown/{2024}/list.csv": "a,b\n1,2\n",
    # Of a census and of results: no header line, a cell of a pupil among the names of columns.
    "education/school_census/2025 summer/2025_summer_addresses.csv": f"SENTINEL9,{UPN},1,{POSTCODE}\n" * 3,
    "education/mtc/mtc_202122_final.csv": f"academic_year,la_code,upn,{UPN}\n202122,383,{UPN},SENTINEL\n",
}
CENSUS, RESULTS = "education/school_census/2024 autumn/2024_autumn_", "education/phonics/phonics_202324_final.csv"
# What replaces cells of a pupil of the sample: first in rows that read well, then in ones that do not.
PUPILS = {
    f"{CENSUS}pupilonroll.csv": {
        "pupilonrolltableid": "SENTINEL7",
        "upn": UPN,
        "uniquelearnernumber": ULN,
        "dob": f"{CENSUS_DATE_OF_BIRTH} 00:00:00",
        "ncyearactual": "9",
    },
    f"{CENSUS}addressesonroll.csv": {"pupilonrolltableid": "SENTINEL7", "postcode": POSTCODE},
    f"{CENSUS}termlyexclusionsonroll.csv": {"pupilonrolltableid": "SENTINEL7"},
    RESULTS: {"upn": UPN, "uln": ULN, "surname": "SENTINEL", "dob": "2009-11-13", "postcode": POSTCODE},
}
BAD_PUPILS = (
    (f"{CENSUS}pupilonroll.csv", {"dob": UPN, "sex": "SENTINEL", "ncyearactual": POSTCODE, "upn": CHILD}),
    (f"{CENSUS}pupilonroll.csv", {"entrydate": ULN, "senprovision": POSTCODE, "termlysessionspossible": UPN}),
    (f"{CENSUS}addressesonroll.csv", {"postcode": UPN, "uniquepropertyreferencenumber": POSTCODE}),
    (f"{CENSUS}termlyexclusionsonroll.csv", {"startdate": DATE_OF_BIRTH, "category": "SENTINEL", "sessions": UPN}),
    (RESULTS, {"phonics_mark": UPN, "phonics_outcome": "SENTINEL", "dob": POSTCODE}),
    (RESULTS, {"academic_year": UPN}),
    (RESULTS, {"sex": POSTCODE, "ethnicity": CHILD, "laestab": ULN, "upn": "SENTINEL"}),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def schools_desk(tmp_path_factory: pytest.TempPathFactory, warm: WarmCfp) -> Desk:
    """The returns of the sample and its schools, published once; copy it before writing to it."""
    parts = (*SMALL, "education")
    return built_once(tmp_path_factory, "schools", warm, lambda folder: lay_out(folder, parts, warm).refresh())


@pytest.fixture
def schools(schools_desk: Desk, tmp_path: Path) -> Desk:
    """A copy of `schools_desk` to write to."""
    return schools_desk.copy(tmp_path / "desk")


@pytest.fixture
def planted(schools: Desk) -> Desk:
    for file, rows in ((EPISODES, (EPISODE, *BAD_EPISODES)), (HEADER, (CHILD_HEADER, *BAD_HEADERS))):
        append(schools.raw / file, *rows)
    for file, cells in PUPILS.items():
        pupil = like_first_row(schools.raw / file, cells)
        # A row that reads well, its repetition, one with too many cells, and a quote that never ends.
        append(schools.raw / file, pupil, pupil, f"{pupil},{UPN},{POSTCODE}")
    for file, cells in BAD_PUPILS:
        append(schools.raw / file, like_first_row(schools.raw / file, PUPILS[file] | cells))
    append(schools.raw / RESULTS, f'SENTINEL,"{UPN},{POSTCODE}')
    for file, text in BAD_FILES.items():
        (schools.raw / file).parent.mkdir(parents=True, exist_ok=True)
        (schools.raw / file).write_text(text, encoding="utf-8")
    return schools


def append(file: Path, *rows: str) -> None:
    with file.open("a", encoding="utf-8") as extract:
        extract.write("\n".join(rows) + "\n")


def like_first_row(file: Path, cells: Mapping[str, str]) -> str:
    """The first row of a CSV file without quotes, with other cells."""
    with file.open(encoding="utf-8") as extract:
        names, first = (extract.readline().rstrip("\n").split(",") for _ in range(2))
    assert set(cells) <= set(names), set(cells) - set(names)
    return ",".join((dict(zip(names, first, strict=True)) | cells).values())


def texts_of(database: str) -> Iterator[tuple[str, str]]:
    """Every cell that a database file holds, as text by table: compression hides cells from a search of bytes."""
    connection = duckdb.connect(database, read_only=True)
    try:
        for schema, table in connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
            rows = connection.execute(f'SELECT CAST(t AS VARCHAR) FROM "{schema}"."{table}" AS t').fetchall()
            yield f"{schema}.{table}", "\n".join(row for (row,) in rows)
    finally:
        connection.close()


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file under a folder with its bytes as text; every table of a database or Parquet file with its cells."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        yield path.name, path.read_bytes().decode("latin-1")
        if path.suffix == ".duckdb":
            for table, text in texts_of(str(path)):
                yield f"{path.name}, {table}", text
        if path.suffix == ".parquet":
            rows = duckdb.sql(f"SELECT CAST(t AS VARCHAR) FROM read_parquet('{path}') AS t").fetchall()
            yield path.name, "\n".join(row for (row,) in rows)


def leaks(folder: Path) -> list[str]:
    """Where under a folder a sentinel stands."""
    return [f"{place}: {word}" for place, text in contents(folder) for word in SENTINELS if word in text]


# How what identifies somebody is written: a hash may hold any eight digits, so no letter or digit may touch it.
SHAPES = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?:0\d{7}|[A-Z]\d{12}|SW\d{4}|SC\d{6}|ZZ\d ?\d[A-Z]{2}|\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d"
    r"|\d{10}|SUR\d+|FOR\d+|\d{4}-[A-Z][a-z]{2}-\d\d)"
    r"(?![0-9A-Za-z])"
)
OF_A_CHILD = ("CHILD", "UPN", "DOB", "MC_DOB", "HOME_POST", "PL_POST", "URN", "SW_ID")
OF_A_PUPIL = ("UPN", "FORMERUPN", "UNIQUELEARNERNUMBER", "ULN", "DOB", "POSTCODE", "SURNAME", "FORENAME")


def identifying_words(raw: Path) -> set[str]:
    """Every identifier, name, birth date and postcode of every return, census and result under a folder, in each way
    it may be written.
    """
    words = set()
    for part, identifying in (("social_care", OF_A_CHILD), ("education", OF_A_PUPIL)):
        for file in (raw / part).rglob("*.csv"):
            with file.open(encoding="utf-8-sig", newline="") as opened:
                for row in csv.DictReader(opened):
                    cells = {name.upper().replace(" ", "_"): (text or "").strip() for name, text in row.items()}
                    words |= {cells[name].removesuffix(" 00:00:00") for name in identifying if cells.get(name)}
    words |= {word.replace(" ", "") for word in words}
    for word in list(words):
        if born := birthday(word):
            words |= {born.strftime(form) for form in ("%d/%m/%Y", "%Y-%m-%d", "%Y-%b-%d")}
    # Periods begin and end with months, some of which begin or end with a birthday.
    ends_of_months = re.compile(r"\d{4}-\d\d-(01|28|29|30|31)")
    return {word for word in words if SHAPES.fullmatch(word) and not ends_of_months.fullmatch(word)}


def birthday(word: str) -> date | None:
    """A date in one of the ways that the extracts write it."""
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%Y-%b-%d"):
        try:
            return datetime.strptime(word, form).date()
        except ValueError:
            continue
    return None


def test_a_child_of_an_extract_is_in_the_restricted_folder_and_nowhere_else(planted: Desk) -> None:
    outcomes = [planted.cfp("refresh", records=True)]
    # The children arrived: otherwise finding none of them elsewhere would prove nothing.
    restricted = dict(texts_of(str(planted.data / "restricted" / "warehouse.duckdb")))
    assert CHILD in restricted["raw_ssda903.episodes"]
    assert UPN in restricted["raw_ssda903.header"]
    on_roll = restricted["raw_school_census.pupils_on_roll"]
    assert all(word in on_roll for word in (CENSUS_DATE_OF_BIRTH, ULN, UPN))
    assert UPN in restricted["raw_results.phonics"]
    assert POSTCODE in restricted["landing.quarantine"]
    outcomes += [
        planted.cfp("refresh", "--full", "--json", records=True),
        planted.cfp("sources"),
        planted.cfp("trace", "cla_31_march/E08000035/snapshot_2024-03-31/local"),
        planted.cfp("trace", "cla_31_march/E08000035/snapshot_2024-03-31/local", "--json"),
    ]

    assert [outcome.code for outcome in outcomes] == [0] * len(outcomes), "\n".join(map(str, outcomes))
    said = "\n".join(f"{outcome.out}\n{outcome.err}" for outcome in outcomes)
    assert [word for word in SENTINELS if word in said] == []
    outside = [path for path in planted.data.iterdir() if path.name != "restricted"]
    assert {path.name for path in outside} == {"published", "editions", "dagster"}
    assert [leak for path in outside for leak in leaks(path)] == []


def test_nobody_of_any_extract_is_named_outside_the_restricted_folder(schools: Desk) -> None:
    """All tables of all returns of the sample, cuts included, of every census and all results: each child, pupil,
    worker, birth date, postcode and provider.
    """
    outcomes = [schools.cfp("refresh", "--full", records=True), schools.cfp("sources"), schools.cfp("check", "--json")]
    assert [outcome.code for outcome in outcomes] == [0, 0, 0], "\n".join(map(str, outcomes))
    words = identifying_words(schools.raw)
    assert len(words) > 5000
    kinds = {re.sub(r"\d", "0", re.sub("[A-Z]", "A", re.sub("[a-z]", "a", word))) for word in words}
    assert {"00000000", "A000000000000", "AA0000", "AA0 0AA", "00/00/0000", "0000-00-00"} <= kinds
    assert {"0000000000", "AAA0000", "0000-Aaa-00"} <= kinds
    restricted = "\n".join(text for _, text in texts_of(str(schools.data / "restricted" / "warehouse.duckdb")))
    assert len(words & set(SHAPES.findall(restricted))) > 0.5 * len(words), "the extracts did not arrive"
    said = "\n".join(f"{outcome.out}\n{outcome.err}" for outcome in outcomes)
    assert words & set(SHAPES.findall(said)) == set()
    outside = [path for path in schools.data.iterdir() if path.name != "restricted"]
    found = {place: words & set(SHAPES.findall(text)) for path in outside for place, text in contents(path)}
    assert len(found) > 40
    assert {place: named for place, named in found.items() if named} == {}


def test_what_checks_say_about_an_extract_holds_no_cell_of_it(planted: Desk) -> None:
    planted.refresh()
    restricted = dict(texts_of(str(planted.data / "restricted" / "warehouse.duckdb")))
    for table in ("quality.check_result", "landing.source_file", "landing.source_state"):
        assert [word for word in SENTINELS if word in restricted[table]] == [], table
    failed = planted.query(
        "SELECT source_id, count(*) FROM marts.check_result WHERE outcome = 'fail' GROUP BY ALL HAVING count(*) > 3"
    )
    assert {"ssda903", "school_census", "results"} <= {source for source, _ in failed}, "no check found the bad rows"


def test_only_its_owner_may_enter_the_restricted_folder(small: Desk) -> None:
    restricted = small.data / "restricted"
    restricted.chmod(0o755)
    small.refresh("--full")
    assert stat.S_IMODE(restricted.stat().st_mode) == 0o700
    assert stat.S_IMODE((restricted / "warehouse.duckdb").stat().st_mode) == 0o600
    inside = [path for path in restricted.rglob("*") if path.is_dir()]
    assert inside, "nothing to protect"
    for path in small.data.rglob("warehouse.duckdb*"):
        assert path.is_relative_to(restricted)
