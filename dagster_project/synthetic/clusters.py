"""The invented small areas of the subject authority and its local clusters: their list, and which place is in which.

Small areas are the places nearest to one of a scattered net of points, clusters what is nearest to one of fewer points.
Schools belong to clusters by draw, as partnerships of schools do: not by where their pupils live.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dagster_project.synthetic.draws import Floats, Ints, draws

if TYPE_CHECKING:
    from shapely import Polygon
    from shapely.geometry.base import BaseGeometry

CLUSTER_COLUMNS = ("cluster_id", "cluster_name", "kind", "valid_from", "valid_to", "successor_id")
SCHOOL_COLUMNS = ("cluster_id", "urn", "valid_from", "valid_to")
AREA_COLUMNS = ("cluster_id", "area_type", "area_code", "valid_from", "valid_to")
#: The square in which the invented postcodes of the authority lie, in metres of the national grid.
WEST, SOUTH, SIDE = 421_000, 425_000, 18_000
#: Small areas and clusters on the ground, in a whole and in a small demonstration.
AREAS, COMPACT_AREAS = 196, 49
CLUSTERS, COMPACT_CLUSTERS = 21, 6
#: The cluster that was merged into another, on the first day of the school year 2023/24.
MERGED_ON = dt.date(2023, 9, 1)
#: One small area in so many is in no list, one school in so many neither.
AREA_LEFT_OUT_EVERY, SCHOOL_LEFT_OUT_EVERY = 97, 139

_NAMES = (
    "Alderbrook", "Birchwell", "Cragside", "Dene Valley", "Elmfield", "Fairholme", "Greystones", "Hawkridge",
    "Ingleby", "Jubilee", "Kestrel", "Larchmount", "Millbeck", "Northgate", "Oakwell", "Priory", "Quarry Bank",
    "Riverside", "Stonebridge", "Thornhill", "Upland", "Vale", "Westfield",
)  # fmt: skip
_CITY_WIDE = "Specialist schools"


@dataclass(frozen=True)
class Places:
    """The small areas as points in metres of the national grid, and the place of the cluster of each."""

    east: Floats
    north: Floats
    cluster: Ints
    clusters: int

    @property
    def codes(self) -> list[str]:
        """The codes of the small areas; none of these is in use."""
        return [f"E01{990_001 + place}" for place in range(len(self.east))]

    def nearest(self, east: Sequence[float], north: Sequence[float]) -> Ints:
        """Return the place of the small area that each point lies in."""
        return _nearest(np.asarray(east, dtype=np.float64), np.asarray(north, dtype=np.float64), self.east, self.north)


def invent_places(seed: int, *, is_compact: bool) -> Places:
    """Scatter small areas and clusters over the authority."""
    count, clusters = (COMPACT_AREAS, COMPACT_CLUSTERS) if is_compact else (AREAS, CLUSTERS)
    draw = draws(seed, "small areas")
    side = round(count**0.5)
    step = SIDE / side
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    east = WEST + (column.ravel() + 0.5 + 0.7 * (draw.random(count) - 0.5)) * step
    north = SOUTH + (row.ravel() + 0.5 + 0.7 * (draw.random(count) - 0.5)) * step
    # Of all small areas those farthest from the ones chosen before: clusters of about one size.
    chosen = [int(draw.random() * count)]
    while len(chosen) < clusters:
        apart = np.min([np.hypot(east - east[place], north - north[place]) for place in chosen], axis=0)
        chosen.append(int(np.argmax(apart * (0.6 + 0.4 * draw.random(count)))))
    return Places(east, north, _nearest(east, north, east[chosen], north[chosen]), clusters)


def cluster_rows(places: Places) -> list[list[str]]:
    """Return the list of clusters: those on the ground, one that was merged into the first, one of the whole city."""
    rows = [[_id(place), _NAMES[place], "area", "2010-09-01", "", ""] for place in range(places.clusters)]
    last_day = (MERGED_ON - dt.timedelta(days=1)).isoformat()
    merged = places.clusters
    rows.append([_id(merged), _NAMES[merged], "area", "2010-09-01", last_day, _id(0)])
    rows.append([_id(merged + 1), _CITY_WIDE, "city-wide", "2010-09-01", "", ""])
    return rows


def area_rows(places: Places) -> list[list[str]]:
    """Return which small area is in which cluster; half of the first cluster was another one before the merger."""
    rows = []
    of_first = [place for place, cluster in enumerate(places.cluster) if cluster == 0]
    was_merged = set(of_first[: len(of_first) // 2])
    for place, code in enumerate(places.codes):
        if place % AREA_LEFT_OUT_EVERY == AREA_LEFT_OUT_EVERY - 1:
            continue
        rows += _memberships(int(places.cluster[place]), "lsoa21", code, places, is_merged=place in was_merged)
    return rows


def school_rows(seed: int, places: Places, urns: Sequence[str], *, city_wide: Sequence[str]) -> list[list[str]]:
    """Return which school is in which cluster; those of the whole city are special schools and referral units."""
    draw = draws(seed, "clusters of schools")
    found = np.floor(draw.random(len(urns)) * places.clusters).astype(np.int64).tolist()
    rows = []
    merged = 0
    for number, (urn, cluster) in enumerate(zip(urns, found, strict=True)):
        if number % SCHOOL_LEFT_OUT_EVERY == SCHOOL_LEFT_OUT_EVERY - 1:
            continue
        if urn in city_wide:
            rows.append([_id(places.clusters + 1), urn, "2010-09-01", ""])
            continue
        merged += cluster == 0
        rows += [
            [cells[0], cells[2], *cells[3:]]
            for cells in _memberships(cluster, "", urn, places, is_merged=cluster == 0 and merged % 2 == 1)
        ]
    return rows


def _memberships(cluster: int, area_type: str, code: str, places: Places, *, is_merged: bool) -> list[list[str]]:
    if not is_merged:
        return [[_id(cluster), area_type, code, "2010-09-01", ""]]
    last_day = (MERGED_ON - dt.timedelta(days=1)).isoformat()
    return [
        [_id(places.clusters), area_type, code, "2010-09-01", last_day],
        [_id(cluster), area_type, code, MERGED_ON.isoformat(), ""],
    ]


def _id(place: int) -> str:
    return f"C{place + 1:02d}"


def _nearest(east: Floats, north: Floats, to_east: Floats, to_north: Floats) -> Ints:
    return np.asarray(
        np.argmin((east[:, None] - to_east[None, :]) ** 2 + (north[:, None] - to_north[None, :]) ** 2, axis=1),
        dtype=np.int64,
    )


#: The invented wards, groups of small areas that do not follow the clusters; none of these codes is in use.
WARD_NAMES = (
    "Abbey", "Beckside", "Castle", "Dale", "East Moor", "Forest", "Grange", "Hill Top", "Inglewood", "Kirk", "Lowfield",
    "Manor",
)  # fmt: skip
COMPACT_WARDS = 5


def outlines(seed: int, places: Places, *, is_compact: bool) -> dict[str, dict[str, Any]]:
    """Return feature collections in metres of the national grid, by layer: the small areas and the wards.

    A small area is what lies nearer to its point than to any other; the edge of the authority is uneven.
    """
    import shapely

    points = shapely.MultiPoint(list(zip(places.east.tolist(), places.north.tolist(), strict=True)))
    cells = shapely.voronoi_polygons(points, extend_to=_edge(seed))
    order = shapely.STRtree(list(cells.geoms))
    edge = _edge(seed)
    shapes = []
    for point in points.geoms:
        [found] = order.query(point, predicate="within").tolist()
        shapes.append(shapely.set_precision(cells.geoms[found].intersection(edge), 1))
    draw = draws(seed, "wards")
    count = COMPACT_WARDS if is_compact else len(WARD_NAMES)
    centres = np.floor(draw.random(count) * len(shapes)).astype(np.int64)
    ward = _nearest(places.east, places.north, places.east[centres], places.north[centres])
    joined = {
        place: shapely.union_all([shape for shape, at in zip(shapes, ward.tolist(), strict=True) if at == place])
        for place in sorted(set(ward.tolist()))
    }
    return {
        "lsoa21": _collection(
            ("LSOA21CD", "LSOA21NM"),
            [
                (code, f"Small area {number}", shape)
                for number, (code, shape) in enumerate(zip(places.codes, shapes, strict=True), 1)
            ],
        ),
        "ward": _collection(
            ("WD25CD", "WD25NM"),
            [(f"E05{990_001 + place}", WARD_NAMES[place], shape) for place, shape in joined.items()],
        ),
    }


def _edge(seed: int) -> "Polygon":
    """The edge of the authority: the square of its postcodes with rounded corners and an uneven line."""
    import shapely

    draw = draws(seed, "edge")
    reach = SIDE / 2 * (1.04 + 0.05 * draw.random(72))
    angle = np.arange(72) * 2 * np.pi / 72
    # Between a circle and a square: most of the square lies inside.
    bulge = np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle))) ** -0.75
    middle_east, middle_north = WEST + SIDE / 2, SOUTH + SIDE / 2
    corners = zip(
        (middle_east + reach * bulge * np.cos(angle)).tolist(),
        (middle_north + reach * bulge * np.sin(angle)).tolist(),
        strict=True,
    )
    return shapely.Polygon(list(corners))


def _collection(names: tuple[str, str], areas: "list[tuple[str, str, BaseGeometry]]") -> dict[str, Any]:
    import shapely

    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": dict(zip(names, (code, name), strict=True)),
                "geometry": json.loads(shapely.to_geojson(shapely.transform(shape, np.rint))),
            }
            for code, name, shape in areas
        ],
    }
