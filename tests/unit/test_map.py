"""The map of clusters as a drawing: classes, hatching, numbers, key and scale, readable at both widths."""

import itertools
import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import shapely
from shapely.geometry import Point, box

from dagster_project.geography.boundaries import numbered, simplified
from dagster_project.report.blocks import IncompleteBlock
from dagster_project.report.map import (
    CLASS_COLOURS,
    MapArea,
    MapPoint,
    MultiplePanel,
    class_words,
    draw_map,
    draw_points,
    small_multiples,
)
from tests.unit.test_boundaries import clusters

SVG = "{http://www.w3.org/2000/svg}"
SHOWN = {False: 729 / 936, True: 1.0}  # how far each drawing shrinks at most on a page
WORDS: dict[str, Any] = {
    "title": "Children looked after: highest in the inner city",
    "description": "Map of clusters. The table that follows holds the same figures.",
    "breaks": (40.0, 80.0, 120.0),
    "printed_breaks": ("40", "80", "120"),
    "unit_words": "Children looked after per 10,000, 31 March 2025, by home area",
    "attribution": "Source: Office for National Statistics licensed under the Open Government Licence v3.0.",
}
POINT_WORDS = {key: WORDS[key] for key in ("title", "description", "unit_words", "attribution")}


def area(number: int, east: float, north: float, side: float = 5000.0, **other: Any) -> MapArea:
    given = {"name": f"Cluster {number}", "value": 10.0, "printed": "10", "state": "shown"} | other
    return MapArea(number, boundary=box(east, north, east + side, north + side), **given)


def drawn(areas: list[MapArea], *, narrow: bool = False, **other: Any) -> ElementTree.Element:
    return ElementTree.fromstring(draw_map(areas, narrow=narrow, **(WORDS | other)))


@lru_cache
def leeds(folder: Path) -> tuple[MapArea, ...]:
    """The 22 invented clusters of Leeds, the fifth suppressed and the ninth without a figure."""
    states = {5: "suppressed", 9: "missing"}
    return tuple(
        MapArea(
            number,
            boundary.name,
            boundary.geometry,
            None if number in states else number * 7.0,
            "suppressed" if number == 5 else "not held" if number == 9 else f"{number * 7}",
            states.get(number, "shown"),  # type: ignore[arg-type]
        )
        for number, boundary in enumerate(numbered(simplified(clusters(folder))), start=1)
    )


@lru_cache
def leeds_svg(folder: Path, narrow: bool) -> str:
    return draw_map(leeds(folder), narrow=narrow, **WORDS)


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [node for node in root.iter() if name in node.get("class", "").split()]


def texts(root: ElementTree.Element) -> list[ElementTree.Element]:
    return list(root.iter(f"{SVG}text"))


def words_of(root: ElementTree.Element) -> str:
    return " ".join(node.text or "" for node in texts(root))


def key_words(root: ElementTree.Element) -> str:
    return " ".join(words_of(node) for node in of_class(root, "key"))


def fills(root: ElementTree.Element) -> dict[int, str]:
    """Fill of each area by its number, read from its own words."""
    return {
        int(group.find(f"{SVG}title").text.split()[0]): group.get("fill")  # type: ignore[union-attr,misc]
        for group in of_class(root, "area")
    }


def badges(root: ElementTree.Element) -> list[tuple[int, float, float]]:
    """Number and centre of each badge of the map; the one that the key of points explains is left out."""
    in_key = {id(badge) for key in of_class(root, "key") for badge in of_class(key, "badge")}
    return [
        (
            int(group.find(f"{SVG}text").text),  # type: ignore[union-attr,arg-type]
            float(group.find(f"{SVG}circle").get("cx")),  # type: ignore[union-attr,arg-type]
            float(group.find(f"{SVG}circle").get("cy")),  # type: ignore[union-attr,arg-type]
        )
        for group in of_class(root, "badge")
        if id(group) not in in_key
    ]


def shape_of(data: str) -> Any:
    """Read path data back into a shape, by the odd-even rule of the drawing."""
    found = shapely.Polygon()
    for ring in re.findall(r"M([^l]*)l([^z]*)z", data):
        start = [float(part) for part in re.findall(r"-?[\d.]+", ring[0])]
        steps = [float(part) for part in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", ring[1])]
        corners = [tuple(start)]
        for across, down in zip(steps[::2], steps[1::2], strict=True):
            corners.append((corners[-1][0] + across, corners[-1][1] + down))
        found = found.symmetric_difference(shapely.Polygon(corners))
    return found


def shapes(root: ElementTree.Element) -> dict[int, Any]:
    """The outline of each area in pixels, by number."""
    found = {node.get("id", ""): node for node in root.iter(f"{SVG}path") if node.get("id")}
    return {int(name.rpartition("-")[2]): shape_of(node.get("d", "")) for name, node in found.items()}


# --- the whole drawing


@pytest.mark.parametrize("narrow", [False, True])
def test_map_of_leeds_is_small_and_needs_no_other_file(shared_data: Path, narrow: bool) -> None:
    svg = leeds_svg(shared_data, narrow)
    root = ElementTree.fromstring(svg)
    assert len(svg.encode()) < 40_000
    assert root.get("width") == ("288" if narrow else "936")
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= {
        "svg", "title", "desc", "defs", "pattern", "path", "use", "rect", "circle", "g", "text",
    }  # fmt: skip
    links = [value for node in root.iter() for key, value in node.items() if key.endswith("href")]
    ids = {node.get("id") for node in root.iter()}
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= ids
    assert svg.count("http") == 1  # the name space
    assert "@" not in svg


def test_outlines_are_drawn_to_scale_north_up_and_edge_to_edge(shared_data: Path) -> None:
    found = shapes(ElementTree.fromstring(leeds_svg(shared_data, False)))
    areas = {each.number: each.boundary for each in leeds(shared_data)}
    assert set(found) == set(areas) == set(range(1, 23))
    west, _, east, north = shapely.total_bounds(list(areas.values()))
    left, top, right, _ = shapely.total_bounds(list(found.values()))
    per_metre = (right - left) / (east - west)
    for number, shape in found.items():
        expected = shapely.transform(
            areas[number], lambda x: [[left + (p[0] - west) * per_metre, top + (north - p[1]) * per_metre] for p in x]
        )
        assert shape.symmetric_difference(expected).area < 0.01 * expected.area
    overlap = sum(one.intersection(other).area for one, other in itertools.combinations(found.values(), 2))
    assert overlap < 0.0001 * sum(shape.area for shape in found.values())


def test_a_hole_stays_open() -> None:
    ring = MapArea(1, "Ring", box(0, 0, 9000, 9000).difference(box(3000, 3000, 6000, 6000)), 1.0, "1", "shown")
    found = shapes(drawn([ring]))[1]
    assert found.area == pytest.approx(found.envelope.area * 8 / 9, rel=0.01)


@pytest.mark.parametrize("narrow", [False, True])
def test_the_same_areas_give_the_same_text_in_any_order(shared_data: Path, narrow: bool) -> None:
    assert draw_map(leeds(shared_data)[::-1], narrow=narrow, **WORDS) == leeds_svg(shared_data, narrow)


def test_drawing_has_a_title_and_a_description_under_ids_of_its_own() -> None:
    seen: list[str] = []
    for narrow, name in ((False, "map"), (True, "map"), (False, "other")):
        root = drawn([area(1, 0, 0)], narrow=narrow, drawing_id=name)
        assert root.get("role") == "img"
        title, description = (
            next(node for node in root.iter() if node.get("id") == part)
            for part in root.get("aria-labelledby", "").split()
        )
        assert (title.tag, title.text) == (f"{SVG}title", WORDS["title"])
        assert (description.tag, description.text) == (f"{SVG}desc", WORDS["description"])
        # Title and description speak for the drawing; its pieces are hidden from screen readers, all of them.
        hidden = [node for node in root if node.get("aria-hidden") == "true"]
        assert title in list(root)
        assert description in list(root)
        assert {id(node) for part in hidden for node in texts(part)} == {id(node) for node in texts(root)}
        seen += [node.get("id", "") for node in root.iter() if node.get("id")]
    assert len(seen) == len(set(seen)) == 3 * 5


def test_words_are_escaped_everywhere() -> None:
    nasty = "<b>&\"'"
    given = dict.fromkeys(("title", "description", "unit_words", "attribution", "drawing_id"), nasty)
    root = drawn(
        [area(1, 0, 0, name=nasty, printed=nasty), area(2, 9000, 0, state="suppressed")],
        **given,
        printed_breaks=(nasty,) * 3,
        state_words={"suppressed": nasty},
    )
    assert words_of(root).count(nasty) == 1 + 1 + 6 + 1 + 1  # name, heading, four classes, suppressed, source
    assert of_class(root, "area")[0].find(f"{SVG}title").text == f"1 {nasty}: {nasty}"  # type: ignore[union-attr]
    assert not list(root.iter(f"{SVG}b"))


# --- text


@pytest.mark.parametrize("narrow", [False, True])
def test_no_text_is_smaller_than_11_pixels_as_shown(shared_data: Path, narrow: bool) -> None:
    points = [MapPoint(each.number, each.name, *each.boundary.centroid.coords[0]) for each in leeds(shared_data)]
    for svg in (
        leeds_svg(shared_data, narrow),
        draw_points(points, narrow=narrow, **POINT_WORDS),
        multiples(narrow=narrow),
    ):
        root = ElementTree.fromstring(svg)
        sizes = [float(node.get("font-size", "0")) for node in texts(root)]
        assert len(sizes) > 20
        assert min(sizes) * SHOWN[narrow] >= 11


@pytest.mark.parametrize("narrow", [False, True])
def test_long_words_are_wrapped_inside_the_drawing_and_none_is_lost(narrow: bool) -> None:
    long = "Children and young people " * 8 + "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
    root = drawn([area(1, 0, 0, name="A")], narrow=narrow, unit_words=long, attribution=long)
    letters = words_of(root).replace(" ", "")
    assert letters.count(long.replace(" ", "")) == 2
    width, height = (float(part) for part in root.get("viewBox", "").split()[2:])
    for node in texts(root):
        x, y, size = float(node.get("x", "")), float(node.get("y", "")), float(node.get("font-size", ""))
        # Letters of Arial are about half as wide as high; readers may add 0.12 to each.
        across = len(node.text or "") * size * (0.5 + 0.12)
        left = x - across / 2 if node.get("text-anchor") == "middle" else x
        assert left >= 0
        assert left + across <= width
        assert size <= y + 0.5 <= height
    lines = sorted(float(node.get("y", "")) for node in of_class(root, "source")[0].iter(f"{SVG}text"))
    assert all(after - before >= 12 for before, after in itertools.pairwise(lines))


@pytest.mark.parametrize("narrow", [False, True])
def test_forced_colours_leave_dark_text_on_the_white_ground(shared_data: Path, narrow: bool) -> None:
    root = ElementTree.fromstring(leeds_svg(shared_data, narrow))
    ground = root.find(f"{SVG}g/{SVG}rect")
    assert ground is not None
    assert (ground.get("width"), ground.get("height"), ground.get("fill")) == ("100%", "100%", "#FFFFFF")
    assert root.get("fill") == "#0B0C0C"
    assert all("forced-color-adjust:none" in node.get("style", "") for node in [root, *texts(root)])


# --- classes, states and key


@pytest.mark.parametrize(
    ("value", "colour"),
    [(0.0, 0), (39.99, 0), (40.0, 1), (79.99, 1), (80.0, 2), (119.99, 2), (120.0, 3), (9999.0, 3)],
)
def test_a_value_at_a_cut_point_belongs_to_the_class_above(value: float, colour: int) -> None:
    assert fills(drawn([area(1, 0, 0, value=value)])) == {1: CLASS_COLOURS[colour]}


def test_key_shows_the_four_colours_beside_their_printed_cut_points() -> None:
    root = drawn([area(1, 0, 0)])
    (key,) = of_class(root, "key")
    assert [node.get("fill") for node in key.iter(f"{SVG}rect")] == ["#DCEBF8", "#6BACE6", "#2073BC", "#12436D"]
    assert "Under 40 40 to under 80 80 to under 120 120 or more" in words_of(key)
    assert class_words(("1.5", "2", "3")) == ["Under 1.5", "1.5 to under 2", "2 to under 3", "3 or more"]


@pytest.mark.parametrize(
    ("state", "word", "pattern", "mark"),
    [("suppressed", "Suppressed", "hatch", "rect"), ("missing", "No figure", "dots", "circle")],
)
def test_area_without_a_shown_value_has_a_pattern_and_its_word_in_the_key(
    state: str, word: str, pattern: str, mark: str
) -> None:
    root = drawn([area(1, 0, 0), area(2, 9000, 0, state=state, value=130.0, printed=word)])
    fill = fills(root)[2]
    assert fill == f"url(#map-wide-{pattern})"  # whatever value came with it
    (found,) = [node for node in root.iter(f"{SVG}pattern") if node.get("id") == f"map-wide-{pattern}"]
    assert len(list(found.iter(f"{SVG}{mark}"))) == (2 if mark == "rect" else 1)
    if state == "suppressed":
        assert "rotate(45)" in found.get("patternTransform", "")
    (key,) = of_class(root, "key")
    assert word in words_of(key)
    assert [node.get("fill") for node in key.iter(f"{SVG}rect")][-1] == fill
    assert word not in key_words(drawn([area(1, 0, 0)]))


def test_every_area_has_a_dark_border_over_a_white_one(shared_data: Path) -> None:
    root = ElementTree.fromstring(leeds_svg(shared_data, False))
    (borders,) = of_class(root, "borders")
    assert borders.get("stroke") == "#0B0C0C"
    hrefs = [node.get("href") for node in borders.iter(f"{SVG}use")]
    assert sorted(hrefs) == sorted(f"#map-wide-{number}" for number in range(1, 23))  # type: ignore[type-var]
    order = list(root.find(f"{SVG}g[@aria-hidden='true']") or [])
    behind = next(node for node in order if of_class(node, "area"))
    assert behind.get("stroke") == "#FFFFFF"
    assert order.index(behind) < order.index(borders)


def test_words_of_the_key_can_be_those_of_the_edition() -> None:
    root = drawn([area(1, 0, 0, state="suppressed")], state_words={"suppressed": "Small numbers"})
    assert "Small numbers" in key_words(root)
    assert "Suppressed" not in key_words(root)


# --- numbers


@pytest.mark.parametrize("narrow", [False, True])
def test_each_number_stands_in_its_area_or_is_joined_to_it_and_none_covers_another(
    shared_data: Path, narrow: bool
) -> None:
    root = ElementTree.fromstring(leeds_svg(shared_data, narrow))
    found = badges(root)
    assert {number for number, _, _ in found} == set(range(1, 23))
    width, height = (float(part) for part in root.get("viewBox", "").split()[2:])
    for (_, x, y), (_, other_x, other_y) in itertools.combinations(found, 2):
        assert math.dist((x, y), (other_x, other_y)) >= 22
    outlines = shapes(root)
    points = {each.number: each.boundary.representative_point() for each in leeds(shared_data)}
    leaders = [
        [float(part) for part in re.findall(r"-?[\d.]+", group.find(f"{SVG}path").get("d"))]  # type: ignore[union-attr,arg-type]
        for group in of_class(root, "leader")
    ]
    windows = [node for node in root.iter(f"{SVG}svg") if node is not root]
    west, _, _, north = shapely.total_bounds([each.boundary for each in leeds(shared_data)])
    left, top, _, _ = shapely.total_bounds(list(outlines.values()))
    per_metre = math.sqrt(outlines[12].area / leeds(shared_data)[11].boundary.area)
    for number, x, y in found:
        assert 11 <= x <= width - 11
        assert 11 <= y <= height - 11
        home = (left + (points[number].x - west) * per_metre, top + (north - points[number].y) * per_metre)
        for window in windows:
            if y > float(window.get("y", "")):
                corner = [float(part) for part in window.get("viewBox", "").split()]
                factor = float(window.get("width", "")) / corner[2]
                home = (
                    (home[0] - corner[0]) * factor,
                    float(window.get("y", "")) + (home[1] - corner[1]) * factor,
                )
        joined = any(math.dist(line[:2], (x, y)) < 0.2 and math.dist(line[2:], home) < 1.5 for line in leaders)
        assert math.dist(home, (x, y)) <= 11 or joined


def test_badge_is_a_white_disc_of_11_pixels_with_a_dark_edge(shared_data: Path) -> None:
    for narrow in (False, True):
        discs = [
            group.find(f"{SVG}circle")
            for group in of_class(ElementTree.fromstring(leeds_svg(shared_data, narrow)), "badge")
        ]
        assert {(disc.get("r"), disc.get("fill"), disc.get("stroke")) for disc in discs if disc is not None} == {
            ("11", "#FFFFFF", "#0B0C0C")
        }


def test_badges_that_would_overlap_part_and_lead_back_to_their_areas() -> None:
    tiny = [area(number, 20_000 + 100 * number, 20_000, 90.0) for number in range(1, 7)]
    root = drawn([area(9, 0, 0, 20_000), *tiny])
    found = {number: (x, y) for number, x, y in badges(root)}
    assert set(found) == {1, 2, 3, 4, 5, 6, 9}
    assert min(math.dist(one, other) for one, other in itertools.combinations(found.values(), 2)) >= 22
    assert len(of_class(root, "leader")) >= 4


def test_areas_too_small_for_their_badge_are_drawn_again_larger_on_a_phone(shared_data: Path) -> None:
    root = ElementTree.fromstring(leeds_svg(shared_data, True))
    (window,) = [node for node in root.iter(f"{SVG}svg") if node is not root]
    left, top, across, down = (float(part) for part in window.get("viewBox", "").split())
    factor = float(window.get("width", "")) / across
    assert float(window.get("width", "")) == pytest.approx(288, abs=0.5)
    assert f"Framed part, {factor:.1f} times as large" in words_of(root)
    (frame,) = of_class(root, "frame")
    assert [float(frame.get(key, "")) for key in ("x", "y", "width", "height")] == [left, top, across, down]
    outlines = shapes(root)
    for number, x, y in badges(root):
        below = y > float(window.get("y", ""))
        size = outlines[number].area * (factor**2 if below else 1)
        assert size > 2 * math.pi * 11**2  # more of its colour shows than the badge hides
        if below:
            place = Point(left + x / factor, top + (y - float(window.get("y", ""))) / factor)
            assert outlines[number].distance(place) * factor <= 11
    assert len(of_class(window, "area")) == 22
    assert {group.get("fill") for group in of_class(window, "suppressed")} == {"url(#map-narrow-hatch-inset)"}
    assert len(list(ElementTree.fromstring(leeds_svg(shared_data, False)).iter(f"{SVG}svg"))) == 1


def test_name_stands_inside_a_large_area_and_is_left_to_the_table_for_a_small_one() -> None:
    root = drawn([area(1, 0, 0, 30_000, name="Wetherby and Boston Spa"), area(2, 30_000, 0, 2_000, name="Inner East")])
    (name,) = of_class(root, "name")
    assert words_of(name) == "Wetherby and Boston Spa"
    plate = name.find(f"{SVG}rect")
    assert plate is not None
    x, y, width, height = (float(plate.get(key, "")) for key in ("x", "y", "width", "height"))
    outline = box(x, y, x + width, y + height)
    assert shapes(root)[1].contains(outline)
    assert not any(Point(east, south).buffer(11).intersects(outline) for _, east, south in badges(root))


# --- scale, north, attribution


@pytest.mark.parametrize("narrow", [False, True])
def test_scale_bars_are_as_long_as_they_say_in_kilometres_and_miles(narrow: bool) -> None:
    root = drawn([area(1, 0, 0, 30_000)], narrow=narrow)
    west, _, east, _ = shapes(root)[1].bounds
    (scale,) = of_class(root, "scale")
    lengths = [float(re.search(r"h([\d.]+)", node.get("d", "")).group(1)) for node in list(scale)[:4:2]]  # type: ignore[union-attr]
    said = [node.text or "" for node in texts(scale)]
    assert [words.split()[1] for words in said[:2]] == ["km", "miles"]
    for length, words, metres in zip(lengths, said, (1000, 1609.344), strict=False):
        assert length * 30_000 / (east - west) == pytest.approx(float(words.split()[0]) * metres, rel=0.01)
    assert [words_of(node) for node in of_class(root, "north")] == ["N"]


def test_attribution_is_printed_on_every_kind_of_map() -> None:
    points = draw_points([MapPoint(1, "A", 0, 0)], narrow=True, **POINT_WORDS)
    for root in (drawn([area(1, 0, 0)]), ElementTree.fromstring(points)):
        assert words_of(of_class(root, "source")[0]) == WORDS["attribution"]


# --- refusals


@pytest.mark.parametrize(
    ("areas", "other", "says"),
    [
        ([], {}, "no area to draw"),
        ([MapArea(1, "A", shapely.Polygon(), 1.0, "1", "shown")], {}, "without an outline"),
        ([area(1, 0, 0), area(1, 9000, 0)], {}, "one number"),
        ([area(1, 0, 0)], {"breaks": (40.0, 80.0)}, "three cut points"),
        ([area(1, 0, 0)], {"breaks": (40.0, 80.0, 80.0)}, "three cut points"),
        ([area(1, 0, 0)], {"breaks": (80.0, 40.0, 120.0)}, "three cut points"),
        ([area(1, 0, 0)], {"printed_breaks": ("40", "80")}, "three cut points"),
        ([area(1, 0, 0, value=None)], {}, "has no value"),
        ([area(1, 0, 0, value=math.nan)], {}, "has no value"),
        ([area(1, 0, 0)], {"attribution": " "}, "are all needed"),
        ([area(1, 0, 0)], {"description": ""}, "are all needed"),
    ],
)
def test_map_that_lacks_something_is_refused_in_words(areas: list[MapArea], other: dict[str, Any], says: str) -> None:
    with pytest.raises(IncompleteBlock, match=says):
        drawn(areas, **other)


# --- points


def schools() -> list[MapPoint]:
    return [
        MapPoint(cluster, f"Cluster {cluster}", 12_000 * cluster + east, 9_000 * (cluster % 3) + north)
        for cluster in range(1, 6)
        for east, north in ((0, 0), (3000, 500), (1000, 2500))
    ]


def starts_and_ends(data: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    numbers = [float(part) for part in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", data)]
    return [((a, b), (c, d)) for a, b, c, d in zip(*[iter(numbers)] * 4, strict=True)]


@pytest.mark.parametrize("narrow", [False, True])
def test_each_school_is_joined_to_the_number_of_its_cluster_and_no_colour_tells_them_apart(narrow: bool) -> None:
    root = ElementTree.fromstring(
        draw_points(schools(), narrow=narrow, outline=box(5_000, -3_000, 70_000, 25_000), **POINT_WORDS)
    )
    found = badges(root)
    dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in of_class(root, "school")]
    rays = [starts_and_ends(node.get("d", "")) for node in of_class(root, "rays")]
    assert {number for number, _, _ in found} == {1, 2, 3, 4, 5}
    assert len(dots) >= 15
    assert len(rays) == len(found)
    for (_, x, y), lines in zip(found, rays, strict=True):
        assert len(lines) == 3
        assert all(start == (x, y) and end in dots for start, end in lines)
    assert {dot.get("fill") for dot in of_class(root, "school")} == {None}
    assert len({node.get("stroke") for node in of_class(root, "rays")}) == 1
    assert len(of_class(root, "outline")) >= 1
    assert "A school" in words_of(root)


def test_schools_too_close_for_their_numbers_are_drawn_again_larger_on_a_phone() -> None:
    near = [
        MapPoint(cluster, f"C{cluster}", 30_000 + 1500 * cluster + dx, 20_000 + dx)
        for cluster in (1, 2, 3)
        for dx in (0, 900)
    ]
    far = [MapPoint(9, "C9", 0, 0), MapPoint(9, "C9", 9_000, 40_000)]
    root = ElementTree.fromstring(draw_points([*near, *far], narrow=True, **POINT_WORDS))
    (window,) = [node for node in root.iter(f"{SVG}svg") if node is not root]
    assert {number for number, _, _ in badges(window)} == {1, 2, 3}
    assert sorted(number for number, _, _ in badges(root)) == [1, 2, 3, 9]
    assert "Framed part" in words_of(root)


def test_map_of_points_is_refused_without_schools_or_with_two_names_for_a_number() -> None:
    with pytest.raises(IncompleteBlock, match="no school to draw"):
        draw_points([], narrow=False, **POINT_WORDS)
    with pytest.raises(IncompleteBlock, match="number 1 stands for two clusters"):
        draw_points([MapPoint(1, "A", 0, 0), MapPoint(1, "B", 1, 1)], narrow=False, **POINT_WORDS)


# --- small panels

PANEL_WORDS: dict[str, Any] = {
    "title": "Rates by cluster",
    "description": "One panel for each cluster.",
    "periods": ("2021", "2022", "2023", "2024"),
    "authority": (80.0, 82.0, 81.0, 85.0),
    "authority_name": "Leeds",
    "unit": "rate_per_10k",
    "decimals": 0,
}


def multiples(*, narrow: bool = False, **other: Any) -> str:
    panels = [
        MultiplePanel(1, "North", (40.0, 50.0, 45.0, 44.0), "44"),
        MultiplePanel(2, "East", (90.0, None, 95.0, 100.0), "100"),
        MultiplePanel(3, "A long name of a partnership of many schools", (None, None, None, None), "suppressed"),
        MultiplePanel(4, "West", (80.0, 82.0, 81.0, 85.0), "85"),
        MultiplePanel(5, "Last", (None, 60.0, None, 61.0), "61"),
    ]
    return small_multiples(**({"panels": panels} | PANEL_WORDS | {"narrow": narrow} | other))


def line(panel: ElementTree.Element, name: str) -> str:
    (found,) = of_class(panel, name)
    return found.get("d", "")


@pytest.mark.parametrize(("narrow", "across"), [(False, 4), (True, 2)])
def test_panels_stand_in_order_so_many_across_on_one_scale(narrow: bool, across: int) -> None:
    root = ElementTree.fromstring(multiples(narrow=narrow))
    panels = of_class(root, "panel")
    heads = [(float(texts(panel)[0].get("x", "")), float(texts(panel)[0].get("y", ""))) for panel in panels]
    assert [(texts(panel)[0].text or "").split()[0] for panel in panels] == ["1", "2", "3", "4", "5"]
    assert len({y for _, y in heads[:across]}) == 1
    assert heads[across][1] > heads[0][1]
    assert heads[across][0] == heads[0][0]
    heights = []
    for panel in panels:
        points = [float(part) for part in re.findall(r"[ML][\d.]+ ([\d.]+)", line(panel, "authority"))]
        top = min(float(re.search(r"M[\d.]+ ([\d.]+)", node.get("d", "")).group(1)) for node in panel.iter(f"{SVG}path")
                  if node.get("stroke") == "#D9DBDC")  # fmt: skip  # type: ignore[union-attr]
        heights.append([round(point - top, 0) for point in points])
    assert all(found == heights[0] for found in heights)
    assert heights[0][3] < heights[0][0]  # 85 lies above 80


def test_a_line_breaks_where_there_is_no_figure_and_the_city_is_dashed_in_every_panel() -> None:
    panels = of_class(ElementTree.fromstring(multiples()), "panel")
    assert [line(panel, "cluster").count("M") for panel in panels] == [1, 2, 0, 1, 2]
    assert [line(panel, "cluster").count("L") for panel in panels] == [3, 1, 0, 3, 0]
    assert [len(list(panel.iter(f"{SVG}circle"))) for panel in panels] == [4, 3, 0, 4, 2]
    for panel in panels:
        (city,) = of_class(panel, "authority")
        assert (city.get("stroke"), bool(city.get("stroke-dasharray"))) == ("#505A5F", True)
        assert city.get("d", "").count("L") == 3
    assert line(panels[3], "cluster") == line(panels[3], "authority")
    assert "2024: suppressed" in words_of(panels[2])
    assert "A long name of a partnership of many schools" in words_of(panels[2])
    assert "Leeds" in key_words(ElementTree.fromstring(multiples()))


def test_ends_of_the_scale_are_printed_round_and_hold_every_value() -> None:
    panel = of_class(ElementTree.fromstring(multiples()), "panel")[0]
    assert [node.text for node in texts(panel)][2:] == ["0", "100", "2021", "2024"]
    percent = small_multiples(
        [MultiplePanel(1, "A", (93.2, 94.1), "94.1%")],
        **(
            PANEL_WORDS
            | {"periods": ("2023/24", "2024/25"), "authority": (93.5, 93.6), "unit": "percent", "decimals": 1}
        ),
        narrow=True,
    )
    assert [node.text for node in texts(of_class(ElementTree.fromstring(percent), "panel")[0])][2:4] == [
        "93.0%",
        "94.5%",
    ]


def test_long_period_labels_stand_under_each_other() -> None:
    periods = ("31 March 2021", "31 March 2022", "31 March 2023", "31 March 2024")
    panel = of_class(ElementTree.fromstring(multiples(narrow=True, periods=periods)), "panel")[0]
    first, last = (next(node for node in texts(panel) if node.text == periods[place]) for place in (0, -1))
    assert float(last.get("y", "")) - float(first.get("y", "")) >= 12


def test_panels_that_do_not_fit_the_periods_are_refused() -> None:
    with pytest.raises(IncompleteBlock, match="does not fit the periods"):
        multiples(periods=("2021",))
    with pytest.raises(IncompleteBlock, match="no value to draw"):
        multiples(panels=[MultiplePanel(1, "A", (None,) * 4, "suppressed")], authority=(None,) * 4)
