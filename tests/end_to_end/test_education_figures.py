"""Every local education figure equals one counted again from the raw files: nothing missing, nothing extra."""

import csv
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from desk import Desk, built_once, lay_out
from education_recount import Figure, Figures, Key, Recount
from warm_cfp import WarmCfp

#: The smallest demonstration in which every kind of part has all its parts.
SCALE = "0.02"
#: What the figures are made of; the published data sets would take most of a refresh.
NEEDED = ("education", "population", "social_care", "published/ees/cla_number_and_rate_per_10k_children")
EDUCATION = ("eyfsp", "phonics", "ks1", "mtc", "ks2", "ks4", "abs", "susp", "pex", "sen", "fsm", "eal")
PARTS = {
    "total": {"total"},
    "sex": {"F", "M"},
    "fsm": {"fsm", "not_fsm", "unknown"},
    "disadvantaged": {"disadvantaged", "not_disadvantaged", "unknown"},
    "sen": {"none", "support", "ehcp", "unknown"},
    "language": {"english", "other", "unclassified"},
    "ethnic_group": {"white", "mixed", "asian", "black", "chinese", "other", "unknown"},
    "social_care_group": {"cla_12_months"},
    "term_of_birth": {"autumn", "spring", "summer"},
    "month_of_birth": {f"{month:02d}" for month in range(1, 13)},
}
#: Invented national means of Attainment 8 by group of earlier results, of two years; the other groups have none.
PROGRESS_8 = {
    (year, str(prior)): Decimal(2 * prior - 163 + year % 2) for year in (2023, 2024) for prior in range(96, 113)
}
COLUMNS = {
    "indicator_id": "'eyfsp_all17_gap_sex'",
    "period_end": "period_end + interval 1 year",
    "breakdown_type": "'total'",
    "breakdown_value": "'not_fsm '",
    "numerator": "numerator + 1",
    "denominator": "denominator - 1",
    "value": "value + 0.00000001",
    "value_status": "'suppressed'",
}


def _lay_out_demonstration(folder: Path, warm: WarmCfp) -> None:
    desk = lay_out(folder, (), warm)
    written = folder / "demonstration"
    outcome = warm.run("demo-data", "--out", written, "--scale", SCALE, into=folder / "output")
    assert outcome.code == 0, str(outcome)
    for part in NEEDED:
        shutil.copytree(written / part, desk.raw / part)
    shutil.rmtree(written)
    for file in (desk.raw / "social_care").rglob("*.csv"):
        # Of the looked-after returns, what tells who was looked after.
        if file.stem not in ("episodes", "header"):
            file.unlink()
    with (folder / "council" / "progress_8.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["academic_year", "ks2_prior", "attainment_8_mean"])
        writer.writerows([f"{year - 1}/{year % 100}", prior, mean] for (year, prior), mean in PROGRESS_8.items())
    desk.refresh()


@pytest.fixture(scope="session")
def education(tmp_path_factory: pytest.TempPathFactory, warm: WarmCfp) -> Desk:
    """An invented authority with schools, published once."""
    return built_once(tmp_path_factory, "education", warm, lambda folder: _lay_out_demonstration(folder, warm))


@pytest.fixture(scope="session")
def counted(education: Desk) -> Figures:
    """The figures counted again."""
    return Recount(education.raw, progress_8=PROGRESS_8).count()


def published_figures(file: Path) -> dict[Key, list[Figure]]:
    """Read every local row of education; a list, so that a figure given twice is seen."""
    connection = duckdb.connect(str(file), read_only=True)
    try:
        rows = connection.execute(
            """SELECT indicator_id, year(period_end), breakdown_type, breakdown_value, numerator, denominator, value,
                value_status
            FROM marts.fct_indicator_value
            WHERE source_kind = 'local' AND split_part(indicator_id, '_', 1) IN (SELECT unnest(?))""",
            [list(EDUCATION)],
        ).fetchall()
    finally:
        connection.close()
    found: dict[Key, list[Figure]] = {}
    for indicator, year, kind, part, *cells in rows:
        found.setdefault((indicator, year, kind, part), []).append(Figure(*cells))
    return found


def differences(published: dict[Key, list[Figure]], counted: Figures) -> dict[Key, str]:
    """Return what is missing, extra, given twice or different, by figure."""
    found = {}
    for key in published.keys() | counted.keys():
        theirs, own = published.get(key, []), counted.get(key)
        if own is None or len(theirs) != 1:
            found[key] = f"published {len(theirs)} times, counted {'once' if own else 'never'}"
            continue
        columns = [name for name, cell in vars(own).items() if not _same(cell, getattr(theirs[0], name))]
        if columns:
            found[key] = f"{', '.join(columns)}: published {theirs[0]}, counted {own}"
    return found


def _same(own: Any, theirs: Any) -> bool:
    """Counts are whole and thus exact; a sum of scores and a value are compared to 1e-9."""
    if own is None or theirs is None or isinstance(own, str):
        return bool(own == theirs)
    return abs(float(own) - float(theirs)) <= 1e-9


@pytest.mark.slow
def test_every_local_education_figure_equals_its_recount(education: Desk, counted: Figures) -> None:
    published = published_figures(education.published)
    assert differences(published, counted) == {}
    assert len(published) > 3_000


@pytest.mark.slow
def test_the_demonstration_has_every_part(counted: Figures) -> None:
    """Otherwise a part could be wrong and no figure would tell."""
    found: dict[str, set[str]] = {kind: set() for kind in PARTS}
    for indicator, _, kind, part in counted:
        if "_gap_" not in indicator:
            found[kind].add(part)
    assert found == PARTS
    assert {"ks4_p8", "phonics_end_y2", "pex_rate", "abs_severe_gap_sex"} <= {key[0] for key in counted}


@pytest.mark.slow
@pytest.mark.parametrize("column", COLUMNS)
def test_one_wrong_cell_is_noticed(education: Desk, counted: Figures, tmp_path: Path, column: str) -> None:
    """A cell of one row is changed in a copy of the published file."""
    copy = tmp_path / "children.duckdb"
    shutil.copy(education.published, copy)
    connection = duckdb.connect(str(copy))
    try:
        connection.execute(
            f"""UPDATE marts.fct_indicator_value SET {column} = {COLUMNS[column]} WHERE source_kind = 'local'
            AND indicator_id = 'eyfsp_gld' AND year(period_end) = 2024 AND breakdown_value = 'not_fsm'"""
        )
    finally:
        connection.close()
    key = ("eyfsp_gld", 2024, "fsm", "not_fsm")
    found = differences(published_figures(copy), counted)
    if column in ("numerator", "denominator", "value", "value_status"):
        assert list(found) == [key]
        assert found[key].startswith(column.replace("value_status", "status"))
    else:
        assert found[key] == "published 0 times, counted once"
        assert len(found) == 2
