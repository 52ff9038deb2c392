"""Nothing about a child leaves data/restricted: not in a table, a page, a message, a log, nor what Dagster records."""

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


def leaks(folder: Path) -> list[str]:
    """Where under a folder a sentinel stands, in bytes or in the cells of a database or Parquet file."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        found += [f"{path.name}: {word}" for word in SENTINELS if word.encode() in content]
        if path.suffix == ".duckdb":
            for table, text in texts_of(str(path)):
                found += [f"{path.name}, {table}: {word}" for word in SENTINELS if word in text]
        if path.suffix == ".parquet":
            rows = duckdb.sql(f"SELECT CAST(t AS VARCHAR) FROM read_parquet('{path}') AS t").fetchall()
            found += [f"{path.name}: {word}" for word in SENTINELS if any(word in row for (row,) in rows)]
    return found


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
