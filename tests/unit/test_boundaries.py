"""Outlines of areas: faults in words, clusters from small areas, simplified without overlap, and the wards in them."""

import dataclasses
import itertools
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import box, mapping

from dagster_project.geography.boundaries import (
    Boundary,
    GeometryRefused,
    UnclearCoordinates,
    UnusableBoundaries,
    WardPart,
    clusters_by_ward,
    crs_of,
    dissolved,
    faults_of,
    numbered,
    parts_of,
    simplified,
    to_geometry,
)

LEEDS = (413_000.0, 422_000.0, 447_000.0, 451_000.0)


@lru_cache
def features(file: Path) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(file.read_text(encoding="utf-8"))["features"])


@lru_cache
def small_areas(folder: Path) -> dict[str, Any]:
    """The 482 small areas of Leeds by code, in metres."""
    return {
        feature["properties"]["LSOA11CD"]: to_geometry(json.dumps(feature["geometry"]), "wgs84")
        for feature in features(folder / "geo" / "leeds_lsoa_2011.geojson")
    }


@lru_cache
def lookup(folder: Path) -> dict[str, str]:
    """An invented lookup to 22 clusters of about 22 areas: rows from north to south, each cut from west to east."""
    places = {code: shape.centroid for code, shape in small_areas(folder).items()}
    by_row = sorted(places, key=lambda code: (-places[code].y, code))
    found: dict[str, str] = {}
    per_row = (4, 5, 5, 5, 3)
    start = 0
    for row, count in enumerate(per_row):
        end = len(by_row) * sum(per_row[: row + 1]) // sum(per_row)
        across = sorted(by_row[start:end], key=lambda code: (places[code].x, code))
        for position, code in enumerate(across):
            found[code] = f"C{sum(per_row[:row]) + position * count // len(across) + 1:02}"
        start = end
    return found


@lru_cache
def clusters(folder: Path) -> tuple[Boundary, ...]:
    shapes = dissolved(small_areas(folder), lookup(folder))
    return tuple(Boundary(cluster, f"Cluster {cluster}", shape) for cluster, shape in shapes.items())


@lru_cache
def wards(folder: Path) -> tuple[Boundary, ...]:
    return tuple(
        Boundary(
            feature["properties"]["WD25CD"],
            feature["properties"]["WD25NM"],
            to_geometry(json.dumps(feature["geometry"]), "wgs84"),
        )
        for feature in features(folder / "geo" / "leeds_wards.geojson")
    )


def overlap_area(boundaries: tuple[Boundary, ...]) -> float:
    return sum(one.geometry.intersection(other.geometry).area for one, other in itertools.combinations(boundaries, 2))


def points(boundaries: tuple[Boundary, ...]) -> int:
    return int(shapely.get_num_coordinates([boundary.geometry for boundary in boundaries]).sum())


def square(east: float, north: float, side: float = 1000.0) -> str:
    return json.dumps(mapping(box(east, north, east + side, north + side)))


# --- coordinates


def test_longitude_and_latitude_become_the_metres_that_ons_prints_for_each_ward(shared_data: Path) -> None:
    rows = [feature["properties"] for feature in features(shared_data / "geo" / "leeds_wards.geojson")]
    assert len(rows) == 33
    for row in rows:
        d = 1e-5
        west, south = row["LONG"], row["LAT"]
        ring = [[west, south], [west + d, south], [west + d, south + d], [west, south]]
        corner = to_geometry(json.dumps({"type": "Polygon", "coordinates": [ring]}), "wgs84").exterior.coords[0]
        assert corner == pytest.approx((row["BNG_E"], row["BNG_N"]), abs=3)


def test_outlines_in_national_grid_give_the_same_shapes_as_in_longitude_and_latitude(shared_data: Path) -> None:
    for feature in features(shared_data / "geo" / "leeds_wards.geojson"):
        sent = json.dumps(feature["geometry"])
        in_metres = to_geometry(sent, crs_of([sent]))
        again = json.dumps(mapping(in_metres))
        assert crs_of([sent]) == "wgs84"
        assert crs_of([again]) == "bng"
        assert to_geometry(again, "bng").equals_exact(in_metres, tolerance=1e-6)


def test_mixed_coordinates_are_an_error_in_words() -> None:
    with pytest.raises(UnclearCoordinates, match=r"Some outlines are in longitude and latitude, others in British"):
        crs_of([square(430_000, 430_000), square(-1.5, 53.8, 0.01)])


@pytest.mark.parametrize("corner", [(-172_000, 7_130_000), (430_000, 1_400_000), (430_000, -5_000)])
def test_coordinates_of_another_system_are_an_error_in_words(corner: tuple[float, float]) -> None:
    with pytest.raises(UnclearCoordinates, match="neither longitude and latitude"):
        crs_of([square(*corner)])


def test_both_numbers_of_a_position_decide() -> None:
    assert crs_of([square(100, 430_000, 50)]) == "bng"  # an easting that could be a longitude
    with pytest.raises(UnclearCoordinates, match="neither longitude and latitude"):
        crs_of([square(-10, 95, 1)])


def test_no_coordinate_at_all_is_an_error_in_words() -> None:
    with pytest.raises(UnclearCoordinates, match="holds a coordinate"):
        crs_of(["not json", '{"type": "Polygon", "coordinates": []}'])


def test_a_text_that_cannot_be_read_does_not_hide_the_system_of_the_others() -> None:
    assert crs_of(["{", square(430_000, 430_000)]) == "bng"


def test_heights_are_left_out_and_holes_kept() -> None:
    outer = [[0, 0, 9], [0, 100, 9], [100, 100, 9], [100, 0, 9], [0, 0, 9]]
    hole = [[10, 10], [20, 10], [20, 20], [10, 10]]
    text = json.dumps({"type": "MultiPolygon", "coordinates": [[outer, hole]]})
    assert to_geometry(text, "bng").area == 10_000 - 50
    assert not to_geometry(text, "bng").has_z


# --- faults

CROSSED = [[430000, 430000], [431000, 431000], [431000, 430000], [430000, 431000], [430000, 430000]]
BOW_TIE = json.dumps({"type": "Polygon", "coordinates": [CROSSED]})
OPEN = '{"type":"Polygon","coordinates":[[[430000,430000],[431000,431000],[431000,430000]]]}'
LINE = '{"type":"LineString","coordinates":[[430000,430000],[431000,431000]]}'
GOOD = ("C01", "Good", square(420_000, 430_000))


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("unreadable_geometry", "{nonsense", "cannot be read: C02 (is not GeoJSON)"),
        ("unreadable_geometry", "null", "cannot be read: C02"),
        ("unreadable_geometry", '{"type":"Polygon"}', "cannot be read: C02"),
        ("unreadable_geometry", '{"type":"Polygon","coordinates":[[["a",1],["a",1]]]}', "cannot be read: C02"),
        ("unreadable_geometry", '{"type":"Polygon","coordinates":[[[NaN,1],[NaN,1]]]}', "cannot be read: C02"),
        ("unreadable_geometry", f'{{"type":"Polygon","coordinates":[[[1{"0" * 400},1]]]}}', "cannot be read: C02"),
        ("unreadable_geometry", f'{{"type":"Polygon","coordinates":{"[" * 500}{"]" * 500}}}', "cannot be read: C02"),
        ("not_an_area", LINE, "not an area (Polygon or MultiPolygon): C02 (is a LineString"),
        ("not_an_area", '{"type":"Point","coordinates":[430000,430000]}', "C02 (is a Point"),
        ("not_an_area", '{"type":"Polygon","coordinates":[]}', "C02 (is empty)"),
        ("open_ring", OPEN, "is not closed: its last point must be its first: C02"),
        ("invalid_geometry", BOW_TIE, "C02 (Self-intersection)"),
        ("invalid_geometry", '{"type":"Polygon","coordinates":[[[430000,430000],[430000,430000]]]}', "C02"),
        ("outside_box", square(446_500, 430_000), "reaches beyond the authority and the margin around it: C02"),
        ("outside_box", square(412_500, 430_000), "reaches beyond the authority and the margin around it: C02"),
        ("outside_box", square(430_000, 450_500), "reaches beyond the authority and the margin around it: C02"),
        ("outside_box", square(430_000, 421_500), "reaches beyond the authority and the margin around it: C02"),
    ],
)
def test_each_fault_of_one_outline_is_named_alone_with_its_area(kind: str, text: str, says: str) -> None:
    (fault,) = faults_of([GOOD, ("C02", "Bad", text)], box=LEEDS)
    assert (fault.kind, fault.area_ids) == (kind, ("C02",))
    assert says in fault.words
    assert "43" not in fault.words.replace("C02", "")  # no coordinate in a message


def test_an_id_that_stands_twice_is_a_fault_with_the_numbers_of_its_features_and_no_overlap() -> None:
    (fault,) = faults_of([GOOD, ("C02", "Other", square(421_000, 430_000)), GOOD], box=LEEDS)
    assert (fault.kind, fault.area_ids) == ("repeated_area", ("C01",))
    assert "C01 (features 1 and 3)" in fault.words


def test_overlap_of_a_tenth_of_a_percent_names_the_pairs_and_less_is_let_pass() -> None:
    def with_overlap(metres: float) -> list[tuple[str, str, str]]:
        return [GOOD, ("C03", "", square(425_000, 430_000)), ("C02", "", square(421_000 - metres, 430_000))]

    assert faults_of(with_overlap(2.9), box=LEEDS) == []  # 2,900 of about 3,000,000 square metres
    (fault,) = faults_of(with_overlap(3.1), box=LEEDS)
    assert (fault.kind, fault.area_ids) == ("overlap", ("C01", "C02"))
    assert fault.words == "Areas overlap by 0.1% of the whole, largest first: C01 with C02."


def test_areas_that_share_an_edge_do_not_overlap_and_the_box_may_be_left_out() -> None:
    assert faults_of([GOOD, ("C02", "", square(421_000, 430_000))], box=LEEDS) == []
    assert faults_of([("C02", "", square(100_000, 430_000))], box=None) == []


def test_longitude_and_latitude_the_wrong_way_round_are_outside() -> None:
    text = json.dumps(mapping(box(53.79, -1.51, 53.8, -1.5)))
    assert [fault.kind for fault in faults_of([("C01", "", text)], box=LEEDS)] == ["outside_box"]


def test_mixed_systems_are_a_fault_of_every_outline() -> None:
    (fault,) = faults_of([GOOD, ("C02", "", square(-1.5, 53.8, 0.01))], box=LEEDS)
    assert (fault.kind, fault.area_ids) == ("unreadable_geometry", ("C01", "C02"))
    assert "others in British National Grid" in fault.words


def test_a_feature_without_an_id_is_named_by_its_number_and_long_lists_are_cut() -> None:
    (fault,) = faults_of([GOOD, (" ", "", LINE), *((f"X{number:02}", "", LINE) for number in range(12))], box=None)
    assert fault.area_ids[0] == "feature 2 (no id)"
    assert len(fault.area_ids) == 13
    assert "X08 and 3 more" in fault.words
    assert "X09" not in fault.words


def test_published_boundaries_of_leeds_have_no_fault(shared_data: Path) -> None:
    for file, code, name in (
        ("leeds_wards.geojson", "WD25CD", "WD25NM"),
        ("leeds_lsoa_2011.geojson", "LSOA11CD", "LSOA11NM"),
    ):
        sent = [
            (feature["properties"][code], feature["properties"][name], json.dumps(feature["geometry"]))
            for feature in features(shared_data / "geo" / file)
        ]
        assert faults_of(sent, box=LEEDS) == []


@pytest.mark.parametrize(
    ("text", "kind"), [("[]", "unreadable_geometry"), (OPEN, "open_ring"), (BOW_TIE, "invalid_geometry")]
)
def test_a_geometry_with_a_fault_is_refused_by_its_kind(text: str, kind: str) -> None:
    with pytest.raises(GeometryRefused) as refused:
        to_geometry(text, "bng")
    assert refused.value.kind == kind


# --- clusters from small areas


def test_small_areas_become_clusters_and_those_without_one_are_left_out(shared_data: Path) -> None:
    areas, cluster_of = small_areas(shared_data), lookup(shared_data)
    found = dissolved(areas, cluster_of)
    assert len(areas) == 482
    assert list(found) == [f"C{number:02}" for number in range(1, 23)]
    assert sum(shape.area for shape in found.values()) == pytest.approx(552.034e6, rel=1e-5)
    first = sum(areas[code].area for code in areas if cluster_of[code] == "C01")
    assert found["C01"].area == pytest.approx(first, rel=1e-9)
    without = {code: cluster for code, cluster in cluster_of.items() if cluster != "C07"}
    assert set(dissolved(areas, without)) == set(found) - {"C07"}
    assert dissolved(areas, {"no such area": "C99"}) == {}


def test_simplified_clusters_lie_edge_to_edge_with_far_fewer_points(shared_data: Path) -> None:
    before = clusters(shared_data)
    after = simplified(before)
    shapes = [boundary.geometry for boundary in after]
    total = sum(shape.area for shape in small_areas(shared_data).values())
    assert [(boundary.area_id, boundary.name) for boundary in after] == [(each.area_id, each.name) for each in before]
    assert shapely.coverage_is_valid(shapes)
    assert all(shape.is_valid for shape in shapes)
    assert overlap_area(after) == 0
    assert sum(shape.area for shape in shapes) == pytest.approx(total, rel=0.001)
    assert points(after) < points(before)
    assert points(simplified(before, 300.0)) < 0.6 * points(before)


def test_outlines_that_do_not_quite_meet_are_mended_before_they_are_simplified() -> None:
    squares = (
        Boundary("A", "", box(0, 0, 1000, 1000)),
        Boundary("B", "", box(996, 0, 2000, 1000)),  # 4 m inside A
        Boundary("C", "", box(2000, 0, 3000, 1000).difference(box(2000, 300, 2004, 700))),  # leaves a gap of 4 m to B
        Boundary("D", "", box(3500, 0, 4000, 1000)),  # apart, and stays so
    )
    after = simplified(squares)
    assert shapely.coverage_is_valid([each.geometry for each in after], gap_width=10)
    assert overlap_area(after) == 0
    joined = shapely.union_all([each.geometry for each in after])
    assert joined.area == pytest.approx(3_000_000 + 500_000, rel=1e-6)
    assert len(joined.geoms) == 2


def test_wards_drawn_by_another_hand_are_mended_to_a_coverage(shared_data: Path) -> None:
    moved = tuple(
        dataclasses.replace(ward, geometry=shapely.affinity.scale(ward.geometry, 1.002, 1.002))
        for ward in wards(shared_data)
    )
    assert overlap_area(moved) > 10_000
    after = simplified(moved)
    assert shapely.coverage_is_valid([ward.geometry for ward in after])
    assert overlap_area(after) == 0
    assert all(ward.geometry.is_valid for ward in after)
    assert len(after) == 33


def test_an_area_that_others_cover_wholly_is_an_error_that_names_it() -> None:
    with pytest.raises(UnusableBoundaries, match="cover the whole of B"):
        simplified((Boundary("A", "", box(0, 0, 1000, 1000)), Boundary("B", "", box(400, 400, 500, 500))))


def test_shapes_that_simplifying_would_spoil_come_back_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = (Boundary("A", "", box(0, 0, 1000, 1000)), Boundary("B", "", box(1000, 0, 2000, 1000)))
    spoilt = [box(0, 0, 1100, 1000), box(1000, 0, 2000, 1000)]
    monkeypatch.setattr(shapely, "coverage_simplify", lambda shapes, tolerance: spoilt)
    assert simplified(squares) == squares


def test_nothing_simplified_is_nothing() -> None:
    assert simplified(()) == ()


# --- wards


def test_wards_of_each_cluster_come_by_share_with_part_unless_all_but_a_hundredth_lies_in_it() -> None:
    cluster = Boundary("C", "Cluster", box(0, 0, 1000, 1000))
    around = [
        Boundary("W1", "A tenth", box(900, 0, 1900, 1000)),
        Boundary("W2", "All but", box(5, 0, 1005, 1000)),  # 99.5%
        Boundary("W3", "Nearly", box(-20, 0, 980, 1000)),  # 98%
        Boundary("W4", "A sliver", box(995, 0, 1995, 1000)),  # 0.5%
        Boundary("W5", "Beside", box(1000, 0, 2000, 1000)),
        Boundary("W6", "Whole", box(100, 100, 200, 200)),
    ]
    expected = [
        WardPart("W6", "Whole", is_part=False),
        WardPart("W2", "All but", is_part=False),
        WardPart("W3", "Nearly", is_part=True),
        WardPart("W1", "A tenth", is_part=True),
    ]
    assert parts_of([cluster], around) == {"C": expected}
    assert [part.ward_id for part in parts_of([cluster], around, least_share=0.004)["C"]][-1] == "W4"


def test_every_ward_of_leeds_lies_in_some_cluster_and_both_lists_hold_the_same_pairs(shared_data: Path) -> None:
    by_cluster = parts_of(clusters(shared_data), wards(shared_data))
    by_ward = clusters_by_ward(clusters(shared_data), wards(shared_data))
    assert len(by_cluster) == 22
    assert len(by_ward) == 33
    assert all(by_ward.values())
    pairs = {(cluster, part.ward_id, part.is_part) for cluster, parts in by_cluster.items() for part in parts}
    assert pairs == {(part.area_id, ward, part.is_part) for ward, parts in by_ward.items() for part in parts}
    assert by_ward["E05011414"][0].name == f"Cluster {by_ward['E05011414'][0].area_id}"
    for cluster in clusters(shared_data):
        shares = [
            next(ward for ward in wards(shared_data) if ward.area_id == part.ward_id).geometry
            for part in by_cluster[cluster.area_id]
        ]
        covered = [ward.intersection(cluster.geometry).area / ward.area for ward in shares]
        assert covered == sorted(covered, reverse=True)
        assert min(covered) >= 0.01


def test_a_ward_that_no_cluster_reaches_has_an_empty_list() -> None:
    far = Boundary("W", "Far", box(5000, 5000, 6000, 6000))
    near = Boundary("C", "Cluster", box(0, 0, 1000, 1000))
    assert clusters_by_ward([near], [far]) == {"W": []}
    assert parts_of([near], [far]) == {"C": []}
    assert clusters_by_ward([], [far]) == {"W": []}
    assert parts_of([near], []) == {"C": []}


# --- numbers


def at(area_id: str, east: float, north: float) -> Boundary:
    return Boundary(area_id, "", box(east, north, east + 10, north + 10))


def test_numbers_run_from_north_west_to_south_east_whatever_the_order_of_the_file() -> None:
    four = [at("south-east", 100, 0), at("south-west", 0, 0), at("north-east", 100, 101), at("north-west", 0, 101)]
    expected = ["north-west", "north-east", "south-west", "south-east"]
    for order in itertools.permutations(four):
        assert [boundary.area_id for boundary in numbered(order)] == expected
    assert [boundary.area_id for boundary in numbered([at("B", 100, 100), at("A", 0, 0)])] == ["A", "B"]
