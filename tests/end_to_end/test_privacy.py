"""Nothing about a child leaves data/restricted: not in a table, a page, a message, a log, nor what Dagster records."""

import csv
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from desk import EPISODES, HEADER, Desk

# A child of the return that reads well, and one in every kind of row and file that does not.
CHILD, DATE_OF_BIRTH, UPN, POSTCODE = "SENTINEL0042", "13/11/2009", "Z999888777666", "QX9 7ZQ"
SENTINELS = (CHILD, "SENTINEL", DATE_OF_BIRTH, "2009-11-13", UPN, POSTCODE, "QX97ZQ", "14/12/2010", "2010-12-14")
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
}

pytestmark = pytest.mark.slow


@pytest.fixture
def planted(small: Desk) -> Desk:
    for file, rows in ((EPISODES, (EPISODE, *BAD_EPISODES)), (HEADER, (CHILD_HEADER, *BAD_HEADERS))):
        with (small.raw / file).open("a", encoding="utf-8") as extract:
            extract.write("\n".join(rows) + "\n")
    for file, text in BAD_FILES.items():
        (small.raw / file).parent.mkdir(parents=True, exist_ok=True)
        (small.raw / file).write_text(text, encoding="utf-8")
    return small


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
    r"(?:0\d{7}|[A-Z]\d{12}|SW\d{4}|SC\d{6}|ZZ\d ?\d[A-Z]{2}|\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d)"
    r"(?![0-9A-Za-z])"
)
IDENTIFYING = ("CHILD", "UPN", "DOB", "MC_DOB", "HOME_POST", "PL_POST", "URN", "SW_ID")


def identifying_words(raw: Path) -> set[str]:
    """Every identifier, birth date and postcode of every return under a folder, in each way it may be written."""
    words = set()
    for file in (raw / "social_care").rglob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for row in csv.DictReader(opened):
                cells = {name.upper().replace(" ", "_"): (text or "").strip() for name, text in row.items()}
                words |= {cells[name] for name in IDENTIFYING if cells.get(name)}
    words |= {word.replace(" ", "") for word in words}
    for word in list(words):
        if re.fullmatch(r"\d\d/\d\d/\d{4}", word):
            day, month, year = word.split("/")
            words.add(f"{year}-{month}-{day}")
    # Periods begin and end with months, some of which begin or end with a birthday.
    ends_of_months = re.compile(r"\d{4}-\d\d-(01|28|29|30|31)")
    return {word for word in words if SHAPES.fullmatch(word) and not ends_of_months.fullmatch(word)}


def test_a_child_of_a_return_is_in_the_restricted_folder_and_nowhere_else(planted: Desk) -> None:
    outcomes = [planted.cfp("refresh", records=True)]
    # The children arrived: otherwise finding none of them elsewhere would prove nothing.
    restricted = dict(texts_of(str(planted.data / "restricted" / "warehouse.duckdb")))
    assert CHILD in restricted["raw_ssda903.episodes"]
    assert UPN in restricted["raw_ssda903.header"]
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


def test_nobody_of_any_return_is_named_outside_the_restricted_folder(small: Desk) -> None:
    """All tables of all returns of the sample, cuts included: each child, worker, birth date, postcode and provider."""
    outcomes = [small.cfp("refresh", "--full", records=True), small.cfp("sources"), small.cfp("check", "--json")]
    assert [outcome.code for outcome in outcomes] == [0, 0, 0], "\n".join(map(str, outcomes))
    words = identifying_words(small.raw)
    assert len(words) > 2000
    kinds = {re.sub(r"\d", "0", re.sub("[A-Z]", "A", word)) for word in words}
    assert {"00000000", "A000000000000", "AA0000", "AA0 0AA", "00/00/0000", "0000-00-00"} <= kinds
    restricted = "\n".join(text for _, text in texts_of(str(small.data / "restricted" / "warehouse.duckdb")))
    assert len(words & set(SHAPES.findall(restricted))) > 0.5 * len(words), "the returns did not arrive"
    said = "\n".join(f"{outcome.out}\n{outcome.err}" for outcome in outcomes)
    assert words & set(SHAPES.findall(said)) == set()
    outside = [path for path in small.data.iterdir() if path.name != "restricted"]
    found = {place: words & set(SHAPES.findall(text)) for path in outside for place, text in contents(path)}
    assert len(found) > 40
    assert {place: named for place, named in found.items() if named} == {}


def test_what_checks_say_about_a_return_holds_no_cell_of_it(planted: Desk) -> None:
    planted.refresh()
    restricted = dict(texts_of(str(planted.data / "restricted" / "warehouse.duckdb")))
    for table in ("quality.check_result", "landing.source_file", "landing.source_state"):
        assert [word for word in SENTINELS if word in restricted[table]] == [], table
    failed = planted.query("SELECT count(*) FROM marts.check_result WHERE source_id = 'ssda903' AND outcome = 'fail'")
    assert failed[0][0] > 3, "the bad rows and files were found by no check"


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
