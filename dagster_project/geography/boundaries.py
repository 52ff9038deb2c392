"""Outlines of areas: faults of those supplied, small areas joined to clusters, simplified, and set beside wards.

Everything here works in British National Grid (EPSG:27700, metres), so that areas and distances mean what they say.
shapely and pyproj are imported by the functions that need them: a refresh that finds nothing new loads neither.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pyproj import Transformer
    from shapely.geometry.base import BaseGeometry

Crs = Literal["wgs84", "bng"]
FaultKind = Literal[
    "unreadable_geometry", "not_an_area", "open_ring", "invalid_geometry", "outside_box", "overlap", "repeated_area"
]

GRID_WIDTH, GRID_HEIGHT = 700_000, 1_300_000  # extent of British National Grid in metres
BEYOND = 1e9  # metres or degrees; a number that is no coordinate of any system
OVERLAP_ALLOWED = 0.001  # share of the whole area, spec: "area of overlaps under 0.1%"
NEARLY_ALL = 0.99  # a ward that lies to this share in one cluster is named without "part"
HAIRLINE = 10.0  # metres: a gap narrower than this between two outlines is drawing, not land
SNAP = 1.0  # metres: corners closer than this are meant as one
LISTED = 10  # ids or pairs named in one message

# Ordnance Survey's own seven-parameter change of datum (EPSG:1314), good to about 2 m in Leeds. It is written out so
# that every machine gets the same metres: left to itself pyproj takes the best grid file that happens to be installed.
TO_GRID = (
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
    "+step +proj=cart +ellps=WGS84 +step +inv +proj=helmert +x=446.448 +y=-125.157 +z=542.06 "
    "+rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 +convention=position_vector +step +inv +proj=cart +ellps=airy "
    "+step +proj=pop +v_3 +step +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy"
)


@dataclass(frozen=True)
class Boundary:
    """The outline of an area: a polygon or several, in EPSG:27700 metres."""

    area_id: str
    name: str
    geometry: BaseGeometry


@dataclass(frozen=True)
class Fault:
    """One kind of fault in supplied outlines: every area it was found in, and a sentence for the officer."""

    kind: FaultKind
    area_ids: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class WardPart:
    """A ward that a cluster covers some of; `is_part` unless 99% of the ward lies in the cluster."""

    ward_id: str
    name: str
    is_part: bool


@dataclass(frozen=True)
class ClusterPart:
    """A cluster that covers some of a ward; `is_part` unless 99% of the ward lies in the cluster."""

    area_id: str
    name: str
    is_part: bool


class GeometryRefused(ValueError):
    """A geometry text that is no usable area; `kind` says in which way."""

    def __init__(self, kind: FaultKind, words: str) -> None:
        super().__init__(words)
        self.kind: FaultKind = kind


class UnclearCoordinates(ValueError):
    """Coordinates that are neither all longitude and latitude nor all British National Grid."""


class UnusableBoundaries(ValueError):
    """Outlines that cannot stand side by side on a map: an area is wholly covered by others."""


def crs_of(texts: Iterable[str]) -> Crs:
    """Return the coordinate system of GeoJSON geometry texts, by the size of their coordinates.

    Longitude and latitude lie within 180 and 90 degrees; no place in England does so in metres of the National Grid.
    Texts that cannot be read are passed over.

    Raises:
        UnclearCoordinates: If both systems occur, or a coordinate belongs to neither, or there is no coordinate.
    """
    found = set()
    for text in texts:
        try:
            positions = list(_positions(_document(text).get("coordinates")))
        except GeometryRefused:
            continue
        found |= {_system(x, y) for x, y in positions}
    if found == {"wgs84"}:
        return "wgs84"
    if found == {"bng"}:
        return "bng"
    if not found:
        raise UnclearCoordinates("No outline holds a coordinate.")
    if found == {"wgs84", "bng"}:
        raise UnclearCoordinates(
            "Some outlines are in longitude and latitude, others in British National Grid: use one of them throughout."
        )
    raise UnclearCoordinates(
        "Coordinates are neither longitude and latitude (WGS84) nor eastings and northings of the British National "
        "Grid: export the file again in one of them."
    )


def _system(x: float, y: float) -> Literal["wgs84", "bng", "other"]:
    if abs(x) <= 180 and abs(y) <= 90:
        return "wgs84"
    if 0 <= x <= GRID_WIDTH and 0 <= y <= GRID_HEIGHT:
        return "bng"
    return "other"


def _document(text: str) -> dict[str, Any]:
    """Return a GeoJSON geometry as it was sent, or refuse it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise GeometryRefused("unreadable_geometry", "is not GeoJSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise GeometryRefused("unreadable_geometry", "is not a GeoJSON geometry")
    return found


def _positions(node: object, depth: int = 4) -> Iterator[tuple[float, float]]:
    """Yield every position of nested coordinates; a height beside the two numbers is left out."""
    if not isinstance(node, list) or depth == 0:
        raise GeometryRefused("unreadable_geometry", "has coordinates that are not numbers in lists")
    if node and not isinstance(node[0], list):
        numbers = [part for part in node[:2] if isinstance(part, int | float) and not isinstance(part, bool)]
        if len(numbers) != 2 or not all(abs(number) < math.inf for number in numbers):
            raise GeometryRefused("unreadable_geometry", "has a position that is not two numbers")
        if max(abs(number) for number in numbers) > BEYOND:
            raise GeometryRefused("unreadable_geometry", "has a position that is nowhere on Earth")
        yield float(numbers[0]), float(numbers[1])
        return
    for part in node:
        yield from _positions(part, depth - 1)


def _polygons(text: str) -> list[list[list[tuple[float, float]]]]:
    """Return the polygons of a geometry text, each as its rings, every ring closed as sent."""
    document = _document(text)
    kind, coordinates = document["type"], document.get("coordinates")
    if kind in ("Point", "MultiPoint", "LineString", "MultiLineString", "GeometryCollection"):
        raise GeometryRefused("not_an_area", f"is a {kind}, not a Polygon or MultiPolygon")
    if kind not in ("Polygon", "MultiPolygon"):
        raise GeometryRefused("unreadable_geometry", "is not a GeoJSON geometry")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not all(
        isinstance(polygon, list) and all(isinstance(ring, list) for ring in polygon) for polygon in polygons
    ):
        raise GeometryRefused("unreadable_geometry", "has coordinates that are not numbers in lists")
    found = [[list(_positions(ring, depth=2)) for ring in polygon] for polygon in polygons]
    if not any(ring for polygon in found for ring in polygon[:1]):
        raise GeometryRefused("not_an_area", "is empty")
    if any(not ring or ring[0] != ring[-1] for polygon in found for ring in polygon):
        raise GeometryRefused("open_ring", "has a ring that does not end where it began")
    return found


def to_geometry(text: str, crs: Crs) -> BaseGeometry:
    """Return a GeoJSON geometry text as a valid polygon or multipolygon in EPSG:27700 metres.

    Args:
        text: One GeoJSON geometry, as in the `geometry` member of a feature.
        crs: What its coordinates are in; see `crs_of`.

    Raises:
        GeometryRefused: If it cannot be read, is no area, has an open ring or crosses itself.
    """
    import shapely

    try:
        parts = [shapely.Polygon(rings[0], rings[1:]) for rings in _polygons(text) if rings]
    except GeometryRefused:
        raise
    except (ValueError, shapely.errors.ShapelyError):
        raise GeometryRefused("invalid_geometry", "has a ring of too few points") from None
    geometry = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    if crs == "wgs84":
        transform = _transformer().transform
        geometry = shapely.transform(geometry, lambda x, y: transform(x, y), interleaved=False)
    if not geometry.is_valid:
        # The place that shapely adds in brackets is left out: messages hold ids only.
        reason = shapely.is_valid_reason(geometry).partition("[")[0].strip()
        raise GeometryRefused("invalid_geometry", reason)
    return geometry


@lru_cache(maxsize=1)
def _transformer() -> Transformer:
    import pyproj

    return pyproj.Transformer.from_pipeline(TO_GRID)


FAULT_WORDS: dict[FaultKind, str] = {
    "unreadable_geometry": "The outline cannot be read",
    "not_an_area": "The outline is not an area (Polygon or MultiPolygon)",
    "open_ring": "A ring of the outline is not closed: its last point must be its first",
    "invalid_geometry": "The outline is not valid, such as one that crosses itself",
    "outside_box": "The area reaches beyond the authority and the margin around it",
    "repeated_area": "The same id stands at more than one outline",
}


def faults_of(
    features: Sequence[tuple[str, str, str]], *, box: tuple[float, float, float, float] | None
) -> list[Fault]:
    """Return what is wrong with supplied outlines, at most one fault of each kind, in a fixed order; never raises.

    The rules are those of `cluster_boundaries.geojson`: closed rings, valid areas inside the authority, one outline
    for each id, overlaps under 0.1% of the whole. Overlaps are looked for between outlines that can be read.

    Args:
        features: Area id, name and GeoJSON geometry text of each feature, as sent.
        box: Lowest easting, lowest northing, highest easting, highest northing in metres, margin included; None
            leaves this check out.

    Returns:
        Faults whose words name ids only. No coordinate is shown.
    """
    ids = [area_id.strip() or f"feature {number} (no id)" for number, (area_id, _, _) in enumerate(features, start=1)]
    details: dict[FaultKind, list[tuple[str, str]]] = defaultdict(list)
    readable: list[int] = []
    for number, (_, _, text) in enumerate(features):
        try:
            _polygons(text)
            readable.append(number)
        except GeometryRefused as refused:
            details[refused.kind].append((ids[number], str(refused)))
    shapes: list[tuple[str, BaseGeometry]] = []
    if readable:
        try:
            crs = crs_of(features[number][2] for number in readable)
        except UnclearCoordinates as unclear:
            details["unreadable_geometry"] += [(ids[number], str(unclear)) for number in readable]
        else:
            for number in readable:
                try:
                    shapes.append((ids[number], to_geometry(features[number][2], crs)))
                except GeometryRefused as refused:
                    details[refused.kind].append((ids[number], str(refused)))
    if box is not None:
        details["outside_box"] = [(area_id, "") for area_id, shape in shapes if not _inside(shape.bounds, box)]
    places: dict[str, list[str]] = defaultdict(list)
    for number, area_id in enumerate(ids, start=1):
        places[area_id].append(str(number))
    details["repeated_area"] = [
        (area_id, f"features {_listed(numbers)}") for area_id, numbers in places.items() if len(numbers) > 1
    ]
    faults = [_fault(kind, details[kind]) for kind in FAULT_WORDS if details[kind]]
    overlap = _overlap(shapes)
    return [*faults, overlap] if overlap else faults


def _fault(kind: FaultKind, found: list[tuple[str, str]]) -> Fault:
    reasons = {reason for _, reason in found if reason}
    if len(reasons) == 1 and kind != "repeated_area":  # said once, not beside every id
        words = f"{FAULT_WORDS[kind]}: {_listed([area_id for area_id, _ in found])} ({reasons.pop().rstrip('.')})."
    else:
        words = f"{FAULT_WORDS[kind]}: {_listed([f'{area_id} ({why})' if why else area_id for area_id, why in found])}."
    return Fault(kind, tuple(area_id for area_id, _ in found), words)


def _listed(words: Sequence[str]) -> str:
    """Return words with commas; after the tenth only how many there are."""
    if len(words) > LISTED:
        return f"{', '.join(words[:LISTED])} and {len(words) - LISTED} more"
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _inside(bounds: tuple[float, ...], box: tuple[float, float, float, float]) -> bool:
    return box[0] <= bounds[0] and box[1] <= bounds[1] and bounds[2] <= box[2] and bounds[3] <= box[3]


def _overlap(shapes: Sequence[tuple[str, BaseGeometry]]) -> Fault | None:
    """Return the fault of areas that lie on one another to 0.1% of the whole or more; an id twice is another fault."""
    import shapely

    if len(shapes) < 2:
        return None
    geometries = [shape for _, shape in shapes]
    pairs: list[tuple[float, str, str]] = []
    for one, other in shapely.STRtree(geometries).query(geometries, predicate="intersects").T.tolist():
        if one < other and shapes[one][0] != shapes[other][0]:
            common = geometries[one].intersection(geometries[other]).area
            if common > 0:
                first, second = sorted((shapes[one][0], shapes[other][0]))
                pairs.append((common, first, second))
    total = shapely.union_all(geometries).area if pairs else 0.0
    share = sum(common for common, _, _ in pairs) / total if total else 0.0
    if share < OVERLAP_ALLOWED:
        return None
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    ids = sorted({area_id for _, first, second in pairs for area_id in (first, second)})
    words = f"Areas overlap by {share * 100:.2g}% of the whole, largest first: "
    return Fault("overlap", tuple(ids), words + _listed([f"{first} with {second}" for _, first, second in pairs]) + ".")


def dissolved(areas: Mapping[str, BaseGeometry], cluster_of: Mapping[str, str]) -> dict[str, BaseGeometry]:
    """Return one outline for each cluster: the union of its small areas, by cluster id in order.

    Args:
        areas: Outline of each small area, EPSG:27700.
        cluster_of: Cluster id by id of the small area. An area without a cluster, and a cluster none of whose areas has
            an outline, are left out.
    """
    import shapely

    members: dict[str, list[BaseGeometry]] = defaultdict(list)
    for area_id in sorted(areas):
        if area_id in cluster_of:
            members[cluster_of[area_id]].append(areas[area_id])
    return {cluster: shapely.union_all(members[cluster]) for cluster in sorted(members)}


def simplified(boundaries: Sequence[Boundary], tolerance: float = 50.0) -> tuple[Boundary, ...]:
    """Return the outlines with fewer points, still edge to edge: no overlap, no new gap.

    All are simplified together as one coverage, since shape by shape each side of a shared edge would lose other
    points. Outlines that do not fit together as supplied are mended first: corners within 1 m become one; a gap under
    10 m wide that outlines enclose goes to the neighbour with the longest common edge, and so does land that two areas
    claim. Should simplifying spoil an outline all the same, the mended outlines come back unsimplified.

    Args:
        boundaries: Valid outlines, EPSG:27700; `faults_of` says which are not.
        tolerance: Metres: the square root of the area of a corner that may be cut off.

    Raises:
        UnusableBoundaries: If mending leaves nothing of an area because others cover it.
    """
    import shapely

    if not boundaries:
        return ()
    shapes = [boundary.geometry for boundary in boundaries]
    if not shapely.coverage_is_valid(shapes, gap_width=HAIRLINE):
        shapes = list(shapely.coverage_clean(shapes, gap_width=HAIRLINE, snapping_distance=SNAP))
        lost = [boundary.area_id for boundary, shape in zip(boundaries, shapes, strict=True) if shape.is_empty]
        if lost:
            raise UnusableBoundaries(f"Other areas cover the whole of {_listed(lost)}: correct the outlines.")
    fewer = list(shapely.coverage_simplify(shapes, tolerance))
    if all(shape.is_valid and not shape.is_empty for shape in fewer) and shapely.coverage_is_valid(fewer):
        shapes = fewer
    return tuple(replace(boundary, geometry=shape) for boundary, shape in zip(boundaries, shapes, strict=True))


def parts_of(
    boundaries: Sequence[Boundary], wards: Sequence[Boundary], *, least_share: float = 0.01
) -> dict[str, list[WardPart]]:
    """Return the wards in each cluster, the one it covers most of first: the words of the locator table.

    Args:
        boundaries: Clusters, EPSG:27700.
        wards: Wards, EPSG:27700.
        least_share: Share of the ward's area below which it is left out: two drawings of one edge never agree.
    """
    found: dict[str, list[WardPart]] = {boundary.area_id: [] for boundary in boundaries}
    names = {ward.area_id: ward.name for ward in wards}
    for cluster, ward, share in _shares(boundaries, wards, least_share):
        found[cluster].append(WardPart(ward, names[ward], share < NEARLY_ALL))
    return found


def clusters_by_ward(
    boundaries: Sequence[Boundary], wards: Sequence[Boundary], *, least_share: float = 0.01
) -> dict[str, list[ClusterPart]]:
    """Return the clusters in each ward, the one that covers most of it first: the words of "find your ward".

    The arguments are those of `parts_of`, and so are the pairs. A ward that no cluster reaches has an empty list.
    """
    found: dict[str, list[ClusterPart]] = {ward.area_id: [] for ward in wards}
    names = {boundary.area_id: boundary.name for boundary in boundaries}
    for cluster, ward, share in _shares(boundaries, wards, least_share):
        found[ward].append(ClusterPart(cluster, names[cluster], share < NEARLY_ALL))
    return found


def _shares(
    boundaries: Sequence[Boundary], wards: Sequence[Boundary], least_share: float
) -> list[tuple[str, str, float]]:
    """Return cluster, ward and the share of the ward's area in the cluster, largest share first."""
    import shapely

    if not boundaries or not wards:
        return []
    shapes = [ward.geometry for ward in wards]
    areas = [boundary.geometry for boundary in boundaries]
    found = []
    for number, other in shapely.STRtree(shapes).query(areas, predicate="intersects").T.tolist():
        share = areas[number].intersection(shapes[other]).area / shapes[other].area
        if share >= least_share:
            found.append((boundaries[number].area_id, wards[other].area_id, share))
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


def numbered(boundaries: Iterable[Boundary]) -> list[Boundary]:
    """Return the areas in the order of their numbers on the map, from north-west to south-east.

    The order is easting less northing of a point inside the area, then id, so that it only changes with the outlines.
    """

    def place(boundary: Boundary) -> tuple[float, str]:
        point = boundary.geometry.representative_point()
        return point.x - point.y, boundary.area_id

    return sorted(boundaries, key=place)
