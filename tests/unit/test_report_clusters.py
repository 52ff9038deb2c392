"""The section on local clusters: which files are missing, or a table for each basis that adds up to the whole area."""

import datetime as dt
import json

import pytest
from report_fixture import TOWN, PublishedFixture, full
from test_report_content import content_of

from dagster_project.report.blocks import (
    AreaMap,
    BulletList,
    ClusterPanels,
    FigureBlock,
    Heading,
    Note,
    Paragraph,
    PointMap,
    Table,
)
from dagster_project.report.cluster_map import COUNCIL, INVENTED, NATIONAL, NO_MAP, NO_WARDS, POINTS
from dagster_project.report.clusters import FILES
from dagster_project.report.content import Content
from dagster_project.report.page import render

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
        "value_status": "empty_denominator" if value is None else "ok",
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
        ("Outside the area", "no children in the group", ()),
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


def square(west: int, south: int = 430_000, side: int = 1_000) -> str:
    ring = [[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def outline(fixture: PublishedFixture, layer: str, code: str, name: str, geometry: str) -> None:
    fixture.add("area_boundary", layer=layer, area_code=code, area_name=name, geometry=geometry, vintage_id="v")


def member(fixture: PublishedFixture, cluster: str, kind: str, code: str, **values: object) -> None:
    fixture.add("cluster_member", area_code=cluster, member_type=kind, member_code=code, **values)


def two_clusters(fixture: PublishedFixture) -> PublishedFixture:
    """Alder (B) lies east of Birch (A); the city-wide one has no outline."""
    with_clusters(fixture)
    figure(fixture, "cluster_A", 59.96)
    figure(fixture, "cluster_B", 80.0)
    figure(fixture, "not_known", 10.0)
    return fixture


def map_of(content: Content) -> tuple[FigureBlock, AreaMap]:
    [block] = [block for block in content.blocks if isinstance(block, FigureBlock) and block.id == "clusters-map"]
    assert isinstance(block.trend, AreaMap)
    return block, block.trend


def test_without_outlines_the_page_says_what_to_supply(fixture: PublishedFixture) -> None:
    content = content_of(two_clusters(fixture))
    [note] = [block for block in content.blocks if isinstance(block, Note) and block.id == "clusters-no-map"]
    assert note.text == NO_MAP


def test_outlines_of_small_areas_are_put_together_by_the_list_of_the_day(fixture: PublishedFixture) -> None:
    two_clusters(fixture)
    for place, west in enumerate((430_000, 431_000, 432_000), start=1):
        outline(fixture, "lsoa21", f"E0100000{place}", "", square(west))
    member(fixture, "cluster_A", "lsoa21", "E01000001", valid_to=dt.date(2025, 8, 31))
    member(fixture, "cluster_B", "lsoa21", "E01000001", valid_from=dt.date(2025, 9, 1))
    member(fixture, "cluster_B", "lsoa21", "E01000002")
    member(fixture, "cluster_B", "lsoa21", "E01000003", valid_from=dt.date(2020, 9, 1))
    member(fixture, "cluster_B", "school", "100001")
    member(fixture, "cluster_B", "school", "100002", valid_to=dt.date(2025, 8, 30))
    content = content_of(fixture)
    block, shown = map_of(content)
    assert shown.attribution == NATIONAL
    assert [(area.number, area.name, area.boundary.area) for area in shown.areas] == [
        (1, "Birch", 1_000_000.0),
        (2, "Alder", 2_000_000.0),
    ]
    # A figure is classed as it is printed: 59.96 stands as 60.0%.
    assert [(area.value, area.printed) for area in shown.areas] == [(60.0, "60.0%"), (80.0, "80.0%")]
    assert block.title.endswith("from 60.0% in Birch to 80.0% in Alder")
    assert block.table is not None
    assert [[cell.text for cell in row] for row in block.table.rows] == [
        ["1 Birch", NO_WARDS, "0", "60.0%"],
        ["2 Alder", NO_WARDS, "1", "80.0%"],
    ]
    page = render(content)
    assert page.count("<details open>") == 1
    assert (
        page.index('id="clusters-map"') < page.index('id="clusters-locator"') < page.index('id="clusters-home-table"')
    )


def test_outlines_of_the_council_come_first_and_wards_are_named_both_ways(fixture: PublishedFixture) -> None:
    two_clusters(fixture)
    outline(fixture, "cluster", "cluster_A", "Birch", square(430_000))
    outline(fixture, "cluster", "cluster_B", "Alder", square(431_000))
    outline(fixture, "lsoa21", "E01000001", "", square(430_000))
    outline(fixture, "ward", "E05000001", "West", square(430_000, side=1_000))
    outline(fixture, "ward", "E05000002", "East", square(430_500, south=430_200, side=600))
    member(fixture, "cluster_A", "lsoa21", "E01000001")
    content = content_of(fixture)
    block, shown = map_of(content)
    assert shown.attribution == COUNCIL
    assert block.table is not None
    assert [row[1].text for row in block.table.rows] == ["West, East (part)", "East (part)"]
    assert [[cell.text for cell in row] for row in tables(content)["clusters-by-ward"].rows] == [
        ["East", "1 Birch; 2 Alder"],
        ["West", "1 Birch"],
    ]


def test_schools_are_points_where_nothing_else_is_supplied(fixture: PublishedFixture) -> None:
    two_clusters(fixture)
    member(fixture, "cluster_B", "school", "100001", easting=430_000, northing=431_000)
    member(fixture, "cluster_A", "school", "100002", easting=432_000, northing=433_000)
    member(fixture, "cluster_A", "school", "100003", easting=None, northing=None)
    content = content_of(fixture)
    [block] = [block for block in content.blocks if isinstance(block, FigureBlock) and block.id == "clusters-map"]
    shown = block.trend
    assert isinstance(shown, PointMap)
    assert sorted((point.number, point.name) for point in shown.points) == [(1, "Alder"), (2, "Birch")]
    assert shown.attribution == POINTS
    assert block.table is not None
    assert [row[0].text for row in block.table.rows] == ["1 Alder", "2 Birch"]
    assert "data:image/svg+xml" in render(content)


def test_single_years_stand_in_a_panel_for_each_cluster(fixture: PublishedFixture) -> None:
    two_clusters(fixture)
    outline(fixture, "cluster", "cluster_A", "Birch", square(430_000))
    outline(fixture, "cluster", "cluster_B", "Alder", square(431_000))
    for year, whole, found in ((2024, 61.0, {"cluster_A": 50.0}), (2025, 62.0, {"cluster_A": 55.0, "cluster_B": 70.0})):
        period = {"period_id": f"year_{year}-08-31", "period_label": f"{year - 1}/{year % 100}"}
        for code, value in found.items():
            figure(fixture, code, value, period_end=dt.date(year, 8, 31), city_value=whole, **period)
    content = content_of(fixture)
    [block] = [block for block in content.blocks if isinstance(block, FigureBlock) and block.id == "clusters-years"]
    assert isinstance(block.trend, ClusterPanels)
    assert block.trend.periods == ("2023/24", "2024/25")
    assert [(panel.name, panel.values) for panel in block.trend.panels] == [
        ("Birch", (50.0, 55.0)),
        ("Alder", (None, 70.0)),
    ]
    assert block.trend.authority == (61.0, 62.0)
    assert block.table is not None
    assert [cell.text for cell in block.table.rows[1]] == ["2 Alder", "none", "70.0%"]
    assert [cell.text for cell in block.table.rows[-1]] == ["Whole area: Testham", "61.0%", "62.0%"]
    assert "data:image/svg+xml" in render(content)


def test_outlines_that_cannot_be_drawn_cost_the_map_and_not_the_page(fixture: PublishedFixture) -> None:
    """A waiver may let in what the checks refuse."""
    two_clusters(fixture)
    outline(fixture, "cluster", "cluster_A", "Birch", square(430_000))
    outline(fixture, "cluster", "cluster_B", "Alder", '{"type": "Point", "coordinates": [430000, 430000]}')
    content = content_of(fixture)
    [note] = [block for block in content.blocks if isinstance(block, Note) and block.id == "clusters-no-map"]
    assert note.text.startswith("No map: ")
    assert "clusters-home-table" in tables(content)


def test_outlines_in_two_coordinate_systems_stand_side_by_side(fixture: PublishedFixture) -> None:
    two_clusters(fixture)
    outline(fixture, "cluster", "cluster_A", "Birch", square(430_000))
    corners = [[-1.54, 53.76], [-1.53, 53.76], [-1.53, 53.77], [-1.54, 53.77], [-1.54, 53.76]]
    outline(fixture, "cluster", "cluster_B", "Alder", json.dumps({"type": "Polygon", "coordinates": [corners]}))
    assert {area.name for area in map_of(content_of(fixture))[1].areas} == {"Birch", "Alder"}


def test_invented_outlines_are_called_so() -> None:
    fixture = two_clusters(full(is_synthetic=True))
    outline(fixture, "cluster", "cluster_A", "Birch", square(430_000))
    assert map_of(content_of(fixture))[1].attribution == INVENTED


def test_scores_of_wards_stand_apart_in_their_newest_period(fixture: PublishedFixture) -> None:
    fixture.add("dim_area", area_code="E05000001", area_name="Abbey", area_type="ward")
    for period, value in (("2018", 60.0), ("2019", 71.46)):
        fixture.add("ward_score", area_code="E05000001", measure="Basic needs", period=period, value=value)
    fixture.add("ward_score", area_code="E05000009", measure="Basic needs", period="2019", value=50.0)
    content = content_of(fixture)
    [table] = [block for block in content.blocks if isinstance(block, Table) and block.id == "ward-scores-1"]
    assert table.caption == "Wards: Basic needs, 2019"
    assert [[cell.text for cell in row] for row in table.rows] == [["Abbey", "71.5"], ["E05000009", "50.0"]]
