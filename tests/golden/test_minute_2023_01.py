"""The scrutiny minute on the report for 2022/23, reproduced: edition 2023-01 from the real published figures.

Values are as published in the vintages held; periods reach to academic year 2021/22 and 31 March 2023; the list of
neighbours is that of April 2021.
"""

import html
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.report.page import render_page

LEEDS, BIRMINGHAM, BRISTOL = "E08000035", "E08000025", "E06000023"
LIMITS = {
    "academic": date(2022, 8, 31),
    "financial": date(2023, 3, 31),
    "calendar": date(2022, 12, 31),
    "snapshot": date(2023, 3, 31),
}


@pytest.fixture(scope="module")
def published(minute_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(minute_data / "published" / "officer" / "children.duckdb"), read_only=True) as connection:
        yield connection


def text_of(page: str) -> str:
    """Return what a reader sees: no mark-up, no style, one space between words."""
    without = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(without))


@pytest.fixture(scope="module")
def page(minute_data: Path) -> str:
    """The text of the page that the refresh wrote."""
    return text_of((minute_data / "editions" / "2023-01" / "officer" / "index.html").read_text(encoding="utf-8"))


def comparison(published: duckdb.DuckDBPyConnection, indicator_id: str, period_id: str, *columns: str) -> tuple:
    """Return columns of the row of Leeds, rounded to three decimals where they are numbers."""
    found = published.execute(
        f"select {', '.join(columns)} from marts.indicator_comparison "
        "where area_code = ? and indicator_id = ? and period_id = ?",
        [LEEDS, indicator_id, period_id],
    ).fetchone()
    assert found is not None
    return tuple(round(value, 3) if isinstance(value, float) else value for value in found)


def test_progress_8_stands_beside_its_four_comparators(published: duckdb.DuckDBPyConnection, page: str) -> None:
    assert comparison(
        published,
        "ks4_p8",
        "year_2022-08-31",
        "value",
        "england_value",
        "region_value",
        "sn_average",
        "core_city_average_all",
        "sn_group_version",
    ) == (0.12, -0.03, -0.07, -0.134, -0.096, "2021-04")
    assert (
        "Progress 8: Leeds 0.12 in 2021/22, the first figure since 2018/19, no clear change since 2018/19 "
        "(up 0.09, not tested); above England (-0.03), Yorkshire and The Humber (-0.07), "
        "the mean of statistical neighbours (-0.13) and the mean of core cities (-0.10)."
    ) in page


def test_progress_8_is_the_first_since_2018_19(published: duckdb.DuckDBPyConnection) -> None:
    held = published.execute(
        "select period_id from marts.indicator_comparison join marts.edition_scope using (indicator_id) "
        "where area_code = ? and indicator_id = 'ks4_p8' and value is not null and period_end <= latest_period_end "
        "order by period_end desc limit 2",
        [LEEDS],
    ).fetchall()
    assert held == [("year_2022-08-31",), ("year_2019-08-31",)]


def test_attainment_is_compared_with_no_other_period(published: duckdb.DuckDBPyConnection, page: str) -> None:
    columns = ("value", "change_since_last_comparable", "last_comparable_period_id")
    assert comparison(published, "ks4_att8", "year_2022-08-31", *columns) == (47.8, None, None)
    judged = published.execute(
        "select word, reason from marts.judgement where area_code = ? and indicator_id = 'ks4_att8' "
        "and period_id = 'year_2022-08-31' and kind = 'direction'",
        [LEEDS],
    ).fetchone()
    assert judged == ("not comparable", "not_comparable")
    assert "Attainment 8: Leeds 47.8 in 2021/22, not comparable with other periods; below England (48.8)" in page


def test_early_years_profile_is_a_new_series(published: duckdb.DuckDBPyConnection, page: str) -> None:
    columns = ("value", "change_since_last_comparable", "last_comparable_period_id")
    assert comparison(published, "eyfsp_gld", "year_2022-08-31", *columns) == (61.0, None, None)
    assert "Leeds 61.0% in 2021/22, a new series, not comparable with earlier periods" in page
    assert "2021/22 published new series: The early years framework was reformed" in page


def test_rise_in_children_looked_after_is_split_in_words(published: duckdb.DuckDBPyConnection, page: str) -> None:
    for indicator_id, values in (("cla_31_march", (1281, 1374, 1452)), ("uasc_31_march", (50, 79, 76))):
        found = [comparison(published, indicator_id, f"snapshot_{year}-03-31", "value") for year in (2021, 2022, 2023)]
        assert found == [(value,) for value in values]
    assert (
        "Children looked after numbered 1,281 on 31 March 2021, 1,374 on 31 March 2022 and 1,452 on 31 March 2023: "
        "a rise of 171. Unaccompanied asylum-seeking children among them numbered 50, 79 and 76: a rise of 26, "
        "so 26 of the rise of 171. In the last year children looked after rose by 78, "
        "while unaccompanied asylum-seeking children fell by 3."
    ) in page


def test_every_indicator_ends_within_the_limit_of_its_kind_of_year(published: duckdb.DuckDBPyConnection) -> None:
    scopes = published.execute(
        "select year_type, max(latest_period_end), bool_and(period_limit is not null) "
        "from marts.edition_scope join marts.dim_indicator using (indicator_id) group by 1"
    ).fetchall()
    assert {year_type.partition("_")[0] for year_type, _, _ in scopes} == set(LIMITS)
    for year_type, latest, is_limited in scopes:
        assert is_limited
        assert latest <= LIMITS[year_type.partition("_")[0]], year_type


def test_no_printed_figure_is_of_a_later_period(published: duckdb.DuckDBPyConnection) -> None:
    later = published.execute(
        "select figure_id from marts.edition_figure join marts.dim_period using (period_id) "
        "join marts.edition_scope using (indicator_id) where period_end > period_limit"
    ).fetchall()
    printed = published.execute("select count(*) from marts.edition_figure").fetchone()
    assert later == []
    assert printed is not None
    assert printed[0] > 400


def test_no_later_period_is_named_anywhere_on_the_page(published: duckdb.DuckDBPyConnection, page: str) -> None:
    """File names, releases and the version say when things arrived; a period is told from them by how it is written."""
    labels = published.execute(
        "select distinct period_label, period_end > case year_kind when 'academic' then date '2022-08-31' "
        "when 'calendar' then date '2022-12-31' else date '2023-03-31' end from marts.dim_period"
    ).fetchall()
    body = page[page.index("Main points Neighbour list") :]
    sources = slice(body.index("Source files, as received and loaded"), body.index("Landed rows are loaded"))
    body = body.replace(body[sources], "")
    # The calendar year 2023 is later, but its number stands in 31 March 2023 and in what is said of January 2023.
    later = [label for label, is_later in labels if is_later and label != "2023"]
    assert {"31 March 2025", "2022/23", "2023-24", "2024"} <= set(later)
    assert [label for label in later if re.search(rf"(?<![\w/.-]){re.escape(label)}(?![\w/-])", body)] == []


def test_page_names_list_version_limits_and_vintages(page: str) -> None:
    assert "Neighbour list Statistical neighbours (April 2021), version 2021-04" in page
    assert "Values are as published in the vintages held, which may have been revised since they first came out" in page
    assert (
        "periods up to: academic years to 31 August 2022, financial years to 31 March 2023, "
        "calendar years to 31 December 2022 and figures of one day to 31 March 2023."
    ) in page
    assert "May 2025" not in page[: page.index("Source files, as received and loaded")]


@pytest.mark.parametrize(("area_code", "name"), [(BIRMINGHAM, "Birmingham"), (BRISTOL, "Bristol, City of")])
def test_same_edition_of_another_authority_builds(
    published: duckdb.DuckDBPyConnection, area_code: str, name: str
) -> None:
    other = text_of(
        render_page(published, edition_id="2023-01", title="Outcomes for children", authority_area_code=area_code)
    )
    assert f"{name}, figures to 31 March 2023, edition 2023-01" in other
    assert "Areas that need attention" in other
    assert "Leeds looked after" not in other


def test_attention_list_surfaces_late_plans_in_the_newest_edition(real_published: Path) -> None:
    with duckdb.connect(str(real_published), read_only=True) as connection:
        found = connection.execute(
            "select indicator_id, rank_live, rank_live_of from marts.attention_list "
            "where area_code = ? and list = 'attention' order by position",
            [LEEDS],
        ).fetchall()
    assert found == [("neet_nk_pct", 143, 153), ("eyfsp_gld", 142, 153), ("ehcp_20wk", 140, 151)]
