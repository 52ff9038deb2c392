"""The section on local clusters: which files are missing, or a table for each basis that adds up to the whole area."""

import datetime as dt

import pytest
from report_fixture import TOWN, PublishedFixture, full
from test_report_content import content_of

from dagster_project.report.blocks import BulletList, Heading, Note, Paragraph, Table
from dagster_project.report.clusters import FILES
from dagster_project.report.content import Content

CLUSTERS = {"cluster_B": "Alder", "cluster_A": "Birch", "cluster_OLD": "Cedar"}


@pytest.fixture
def fixture() -> PublishedFixture:
    return full()


def with_clusters(fixture: PublishedFixture) -> PublishedFixture:
    for code, name in CLUSTERS.items():
        fixture.add("dim_area", area_code=code, area_name=name, area_type="cluster", parent_area_code=TOWN)
    fixture.indicator("eyfsp_gld", indicator_name="Good level of development", unit="percent", decimals=1)
    fixture.indicator("abs_persistent", indicator_name="Persistent absence", unit="percent", decimals=1)
    return fixture


def figure(fixture: PublishedFixture, code: str, value: float | None, **values: object) -> None:
    row = {
        "indicator_id": "eyfsp_gld", "period_id": "rolling3_2025-08-31", "membership_basis": "home",
        "breakdown_type": "total", "breakdown_value": "total", "denominator": 40.0, "city_value": 60.0,
        "funnel_position": "within", "period_label": "2022-23 to 2024-25", "period_end": dt.date(2025, 8, 31),
    }  # fmt: skip
    fixture.add("cluster_indicator", **row | {"area_code": code, "value": value} | values)


def tables(content: Content) -> dict[str, Table]:
    return {block.id: block for block in content.blocks if isinstance(block, Table) and block.id.startswith("clusters")}


def test_council_without_clusters_is_told_which_files_to_supply(fixture: PublishedFixture) -> None:
    content = content_of(fixture)
    assert tables(content) == {}
    [words] = [block for block in content.blocks if isinstance(block, Paragraph) and block.id == "clusters-none"]
    assert "raw/geography" in words.text
    [files] = [block for block in content.blocks if isinstance(block, BulletList) and block.id == "clusters-files"]
    assert files.items == FILES
    assert any(isinstance(block, Heading) and block.text == "Local clusters" for block in content.blocks)


def test_clusters_stand_by_name_then_what_no_cluster_holds_then_the_whole_area(fixture: PublishedFixture) -> None:
    with_clusters(fixture)
    figure(fixture, "cluster_A", 50.04, funnel_position="below")
    figure(fixture, "cluster_B", 70.0, funnel_position="far_above")
    figure(fixture, "not_known", 100.0, denominator=1.0)
    figure(fixture, "outside_area", None, denominator=0.0, funnel_position=None)
    content = content_of(fixture)
    [table] = tables(content).values()
    assert table.caption == "Clusters by where children live"
    assert table.columns == ("Cluster", "Good level of development, 2022-23 to 2024-25")
    assert [(row[0].text, row[1].text, row[1].notes) for row in table.rows] == [
        ("Alder", "70.0%", ("of 40", "far above, hardly by chance")),
        ("Birch", "50.0%", ("of 40", "below, seldom by chance")),
        ("Outside the area", "nobody", ()),
        ("Not known", "100.0%", ("of 1",)),
        ("Whole area: Testham", "60.0%", ()),
    ]
    [note] = [block for block in content.blocks if isinstance(block, Note) and block.id == "clusters-note"]
    assert "no league table" in note.text


def test_three_years_together_come_before_one_and_the_newest_period_counts(fixture: PublishedFixture) -> None:
    with_clusters(fixture)
    figure(fixture, "cluster_A", 10.0, period_id="year_2025-08-31", period_label="2024/25")
    figure(fixture, "cluster_A", 50.0)
    figure(fixture, "cluster_A", 40.0, period_id="rolling3_2024-08-31", period_end=dt.date(2024, 8, 31))
    one = {"indicator_id": "abs_persistent", "membership_basis": "school"}
    for year, code in ((2024, "cluster_OLD"), (2024, "cluster_A"), (2025, "cluster_A")):
        period = {"period_id": f"year_{year}-08-31", "period_label": f"{year - 1}/{year % 100}"}
        figure(fixture, code, float(year % 100), period_end=dt.date(year, 8, 31), **one, **period)
    found = tables(content_of(fixture))
    assert found["clusters-home-table"].rows[0][1].text == "50.0%"
    school = found["clusters-school-table"]
    assert school.columns[1] == "Persistent absence, 2024/25"
    assert [row[0].text for row in school.rows] == ["Birch", "Whole area: Testham"]


def test_a_cluster_without_a_figure_of_a_column_has_none_there(fixture: PublishedFixture) -> None:
    with_clusters(fixture)
    figure(fixture, "cluster_A", 50.0)
    year = {"period_id": "year_2025-08-31", "period_label": "2024/25"}
    figure(fixture, "cluster_B", 20.0, indicator_id="abs_persistent", **year)
    [table] = tables(content_of(fixture)).values()
    assert [[cell.text for cell in row] for row in table.rows[:2]] == [
        ["Alder", "none", "20.0%"],
        ["Birch", "50.0%", "none"],
    ]


def test_the_day_of_a_count_stands_once(fixture: PublishedFixture) -> None:
    with_clusters(fixture)
    count = {"indicator_id": "cla_31_march", "period_id": "snapshot_2025-03-31", "denominator": None}
    period = {"period_label": "31 March 2025", "period_end": dt.date(2025, 3, 31), "city_value": 12.0}
    figure(fixture, "cluster_A", 7.0, funnel_position=None, **count, **period)
    [table] = tables(content_of(fixture)).values()
    assert table.columns[1].endswith("at 31 March 2025")
    assert [(row[1].text, row[1].notes) for row in table.rows] == [("7", ()), ("12", ())]
