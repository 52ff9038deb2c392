"""The order of rows, areas and files changes nothing; another neighbour list changes the neighbour columns alone."""

import csv
import io
import random
from pathlib import Path

import duckdb
import openpyxl
import pytest
from desk import Desk, differing_rows, lay_out

pytestmark = pytest.mark.slow

# Everything that figures, comparisons and judgements are; the other tables name files, times and the version.
FIGURES = (
    "attention_list",
    "comparator_group",
    "comparator_member",
    "comparator_value",
    "dim_area",
    "dim_indicator",
    "dim_period",
    "edition_scope",
    "fct_indicator_value",
    "indicator_comparison",
    "judgement",
    "judgement_rule",
    "series_break",
)


def columns_of(desk: Desk, table: str, *, without: set[str]) -> str:
    """The columns of a published table but some. The name of a vintage is the hash of its file, so it may differ."""
    rows = desk.query(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'marts' AND table_name = ? ORDER BY column_index",
        table,
    )
    return ", ".join(name for (name,) in rows if name not in without)


def unlike(one: Desk, two: Desk, table: str, *, without: set[str] = frozenset()) -> int:
    columns = columns_of(one, table, without={"vintage_id", *without})
    return differing_rows(one.published, two.published, table, columns)


def shuffle_csv(file: Path, dice: random.Random) -> None:
    raw = file.read_bytes()
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    head, *rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    dice.shuffle(rows)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    file.write_bytes(mark + text.getvalue().encode("utf-8"))


def shuffle_parquet(file: Path, dice: random.Random) -> None:
    path = str(file).replace("'", "''")
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE figures AS SELECT * FROM '{path}'")
    seed = dice.random()
    connection.execute(f"COPY (SELECT * FROM figures ORDER BY hash(figures, {seed})) TO '{path}' (FORMAT parquet)")
    connection.close()


def shuffle_workbook(file: Path, dice: random.Random) -> None:
    """Shuffle the authorities of a neighbour workbook; its header is in row 3."""
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    dice.shuffle(rows)
    for number, row in enumerate(rows, start=4):
        for column, value in enumerate(row, start=1):
            sheet.cell(number, column).value = value
    book.save(file)


@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_rows_areas_and_files_changes_nothing(sample_desk: Desk, tmp_path: Path, warm, seed: int) -> None:
    dice = random.Random(seed)
    shuffled = lay_out(tmp_path / "shuffled", None, warm)
    moved = 0
    for file in sorted(shuffled.raw.rglob("*")):
        # The dictionary's order has a meaning: of two rows with one short description the first counts.
        if file.suffix == ".csv" and "dictionary" not in file.name:
            shuffle_csv(file, dice)
        elif file.suffix == ".parquet":
            shuffle_parquet(file, dice)
        elif file.suffix == ".xlsx" and file.name.startswith("sn_"):
            shuffle_workbook(file, dice)
        else:
            continue
        moved += 1
        # Files are read in the order of their names; a list of neighbours says its month in its name.
        if file.suffix != ".xlsx":
            file.rename(file.with_name(f"{dice.randrange(10**6):06d}_{file.name}"))
    assert moved > 20
    shuffled.refresh()
    differing = {table: unlike(sample_desk, shuffled, table) for table in FIGURES}
    assert {table: count for table, count in differing.items() if count} == {}


def test_another_neighbour_list_changes_the_neighbour_columns_and_nothing_else(sample_desk: Desk, sample: Desk) -> None:
    text = sample.council.read_text("utf-8")
    assert "neighbours: newest" in text
    sample.council.write_text(text.replace("neighbours: newest", "neighbours: 2021-04"), "utf-8")
    sample.refresh()

    neighbour_columns = {"sn_group_version", "sn_average", "sn_count", "sn_change"}
    for column in neighbour_columns:
        key = "indicator_id, area_code, period_id"
        assert differing_rows(sample_desk.published, sample.published, "indicator_comparison", f"{key}, {column}") > 0
    assert unlike(sample_desk, sample, "indicator_comparison", without=neighbour_columns) == 0
    for table in set(FIGURES) - {"indicator_comparison", "judgement"}:
        assert unlike(sample_desk, sample, table) == 0, table

    def other_judgements(desk: Desk) -> list:
        return desk.query(
            """SELECT count(*), sum(hash(j)) FROM marts.judgement AS j
            WHERE against IS DISTINCT FROM 'statistical_neighbours'"""
        )

    def neighbour_versions(desk: Desk) -> list:
        return desk.query(
            "SELECT DISTINCT inputs.group_version FROM marts.judgement WHERE against = 'statistical_neighbours'"
        )

    assert other_judgements(sample_desk) == other_judgements(sample)
    assert (neighbour_versions(sample_desk), neighbour_versions(sample)) == ([("2025-05",)], [("2021-04",)])
