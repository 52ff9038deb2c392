"""The published comparison table, cell for cell, against the recomputation from the file.

Counts, ranks and texts exactly; doubles to 1e-9 relative; a band may differ by one letter only where
the value lies on a quantile (comparators.md section 10).
"""

import duckdb
import polars as pl
import pytest
from recompute import BAND_COLUMNS, DOUBLE_COLUMNS, INTEGER_COLUMNS, KEY_COLUMNS, TEXT_COLUMNS, comparator_rows

RELATIVE, ABSOLUTE = 1e-9, 1e-12
SHOWN = 10
PUBLISHED_COLUMNS = (
    *KEY_COLUMNS,
    *DOUBLE_COLUMNS,
    *INTEGER_COLUMNS,
    "trend",
    "release_status",
    "value_status",
    *BAND_COLUMNS,
    "is_latest",
    "period_end",
    "period_id",
    "previous_period_id",
    "sn_group_version",
)


@pytest.fixture(scope="session")
def published(real_published, recomputed) -> pl.DataFrame:
    """indicator_comparison where the file holds indicator and period, with the label of the previous period.

    Where it does not, a data set may: those cells are the subject of test_published_data_sets.py.
    """
    with duckdb.connect(str(real_published), read_only=True) as connection:
        rows = connection.execute(
            f"""select {", ".join(PUBLISHED_COLUMNS)} from marts.indicator_comparison
            where lait_short_desc is not null and vintage_id like 'lait/%'"""
        ).fetchall()
    types = {
        **dict.fromkeys(DOUBLE_COLUMNS, pl.Float64),
        **dict.fromkeys(INTEGER_COLUMNS, pl.Int64),
        "dfe_number": pl.Int64,
        "is_latest": pl.Boolean,
        "period_end": pl.Date,
    }
    frame = pl.DataFrame(rows, schema={name: types.get(name, pl.String) for name in PUBLISHED_COLUMNS}, orient="row")
    label_of = frame.select(
        "lait_short_desc",
        "dfe_number",
        pl.col("period_id").alias("previous_period_id"),
        pl.col("published_label").alias("previous_published_label"),
    )
    return frame.join(label_of, on=["lait_short_desc", "dfe_number", "previous_period_id"], how="left")


@pytest.fixture(scope="session")
def both(recomputed, published) -> pl.DataFrame:
    """One row per key of the file; published columns carry the suffix `_published`."""
    return recomputed.join(published, on=list(KEY_COLUMNS), how="left", suffix="_published", coalesce=True)


def report(both: pl.DataFrame, column: str, differs: pl.Expr, *also: str) -> str:
    """Number of differing cells and the first ten, or an empty string."""
    rows = both.filter(differs)
    if rows.is_empty():
        return ""
    shown = rows.select(*KEY_COLUMNS, column, f"{column}_published", *also).head(SHOWN).rows()
    lines = [f"{column}: {rows.height:,} of {both.height:,} cells differ (key, expected, published)"]
    return "\n".join([*lines, *map(repr, shown)])


def fail_with(problem: str) -> None:
    if problem:
        pytest.fail(problem, pytrace=False)


def one_is_null(column: str) -> pl.Expr:
    return pl.col(column).is_null() != pl.col(f"{column}_published").is_null()


def unequal(column: str) -> pl.Expr:
    return pl.col(column).ne_missing(pl.col(f"{column}_published"))


def test_same_keys(recomputed, published):
    keys = list(KEY_COLUMNS)
    missing = recomputed.join(published, on=keys, how="anti").select(keys)
    extra = published.join(recomputed, on=keys, how="anti").select(keys)
    twice = published.group_by(keys).len().filter(pl.col("len") > 1)
    assert recomputed.height == recomputed.select(keys).n_unique()
    assert (missing.height, extra.height, twice.height) == (0, 0, 0), (
        f"missing {missing.head(SHOWN).rows()}\nextra {extra.head(SHOWN).rows()}\ntwice {twice.head(SHOWN).rows()}"
    )


@pytest.mark.parametrize("column", DOUBLE_COLUMNS)
def test_double(both, column):
    mine, theirs = pl.col(column), pl.col(f"{column}_published")
    allowed = pl.max_horizontal(RELATIVE * pl.max_horizontal(mine.abs(), theirs.abs()), pl.lit(ABSOLUTE))
    problem = report(both, column, one_is_null(column) | ((mine - theirs).abs() > allowed).fill_null(False))
    fail_with(problem)


@pytest.mark.parametrize("column", [*INTEGER_COLUMNS, *TEXT_COLUMNS, "is_latest", "period_end"])
def test_exact(both, column):
    problem = report(both, column, unequal(column))
    fail_with(problem)


@pytest.mark.parametrize("column", BAND_COLUMNS)
def test_band(both, column):
    """A letter may be the neighbouring one where the value equals a quantile; nothing else may differ."""
    letters = pl.lit("ABCD")
    position = [letters.str.find(pl.col(name), literal=True).cast(pl.Int64) for name in (column, f"{column}_published")]
    value = pl.col("value")
    on_an_edge = pl.any_horizontal(
        (value - pl.col(edge)).abs() <= pl.max_horizontal(RELATIVE * pl.col(edge).abs(), pl.lit(RELATIVE))
        for edge in ("q25", "q50", "q75")
    )
    excused = (on_an_edge & ((position[0] - position[1]).abs() == 1)).fill_null(False)
    problem = report(both, column, unequal(column) & ~excused, "value", "q25", "q50", "q75")
    fail_with(problem)
    assert both.filter(unequal(column)).height <= 5, "more edge cases than the arithmetic explains"


def test_every_row_names_the_newest_neighbour_list(published):
    assert published["sn_group_version"].unique().to_list() == ["2025-05"]


@pytest.mark.parametrize(("version", "workbook"), [("2025-05", "sn_may_2025.xlsx"), ("2021-04", "sn_april_2021.xlsx")])
def test_both_neighbour_lists_are_held_as_means(real, recomputed, lait_dir, version, workbook):
    """comparator_value holds the mean, its change and its members on each list; on the old one too."""
    expected = recomputed if version == "2025-05" else comparator_rows(lait_dir, workbook)
    cells = real(
        """
        select i.lait_short_desc, a.dfe_number, p.period_end, c.value, c.change, c.members_used
        from marts.comparator_value as c
        join marts.dim_indicator as i using (indicator_id)
        join marts.dim_area as a using (area_code)
        join marts.dim_period as p using (period_id)
        where c.group_id = 'statistical_neighbours' and c.group_version = ? and c.statistic = 'mean'
            and c.breakdown_type = 'total' and i.lait_short_desc is not null
        """,
        version,
    )
    held = pl.DataFrame(
        [tuple(cell.values()) for cell in cells],
        schema={
            "lait_short_desc": pl.String,
            "dfe_number": pl.Int64,
            "period_end": pl.Date,
            "sn_average_published": pl.Float64,
            "sn_change_published": pl.Float64,
            "sn_count_published": pl.Int64,
        },
        orient="row",
    )
    joined = expected.join(held, on=["lait_short_desc", "dfe_number", "period_end"], how="left")
    joined = joined.with_columns(pl.col("sn_count_published").fill_null(0))
    problems = [report(joined, "sn_count", unequal("sn_count"))]
    for column in ("sn_average", "sn_change"):
        mine, theirs = pl.col(column), pl.col(f"{column}_published")
        allowed = pl.max_horizontal(RELATIVE * mine.abs(), pl.lit(ABSOLUTE))
        differs = one_is_null(column) | ((mine - theirs).abs() > allowed).fill_null(False)
        problems.append(report(joined, column, differs))
    fail_with("\n".join(filter(None, problems)))
