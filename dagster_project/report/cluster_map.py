"""The map of local clusters: outlines as supplied, else put together from small areas, else the schools as points.

After it stands the locator: which number is which cluster, in which wards it lies and its figure; and which clusters a
ward belongs to, so that councillors find their own.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dagster_project.geography.boundaries import (
    Boundary,
    clusters_by_ward,
    crs_of,
    dissolved,
    numbered,
    parts_of,
    simplified,
    to_geometry,
)
from dagster_project.report.blocks import AreaMap, Block, Cell, ClusterPanels, FigureBlock, Note, PointMap, Table
from dagster_project.report.headline import shown
from dagster_project.report.map import MapArea, MapPoint, MultiplePanel
from dagster_project.report.rows import Marts, Row
from dagster_project.report.words import printed_value

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

#: Cut points between the four classes of each indicator that can be drawn; the same over the years.
BREAKS: dict[str, tuple[float, float, float]] = {"eyfsp_gld": (60.0, 67.5, 75.0)}
NATIONAL = (
    "Source: Office for National Statistics licensed under the Open Government Licence v3.0. "
    "Contains OS data (c) Crown copyright and database right."
)
COUNCIL = "Outlines of clusters: the council. Contains OS data (c) Crown copyright and database right."
POINTS = "Places of schools by their postcodes. Contains OS data (c) Crown copyright and database right."
NO_MAP = (
    "No map: neither outlines of clusters (cluster_boundaries.geojson), nor those of the small areas in "
    "cluster_areas.csv (area_boundaries.geojson), nor postcodes of schools (cluster_schools.csv) are supplied."
)
NO_WARDS = "wards not supplied"
INVENTED = "Outlines invented for demonstration."
#: Fewer years are no line.
FEWEST_YEARS = 2


def map_blocks(marts: Marts, rows: Mapping[str, Row]) -> tuple[Block, ...]:
    """Return the map of one figure with its locator and the list by ward, or why there is none.

    Args:
        marts: What the report reads.
        rows: The figure's rows of one period by area code, those of no cluster included.
    """
    clusters = {code: row for code, row in rows.items() if code in marts.cluster_names}
    if not clusters:
        return ()
    any_row = next(iter(clusters.values()))
    day = any_row["period_end"]
    try:
        outlines, attribution = _outlines(marts, clusters, day)
        wards = _wards(marts)
    except ValueError as fault:
        # Checked when they arrived; a waiver may have let them in all the same, and the page is not lost for a map.
        return (Note("clusters-no-map", f"No map: {fault}"),)
    if outlines:
        return _drawn(marts, clusters, outlines, wards, attribution)
    number = _numbers_of_schools(marts, clusters, day)
    if number:
        return (_figure(marts, clusters, number, points=_points(marts, number, day), attribution=POINTS),)
    return (Note("clusters-no-map", NO_MAP),)


def _outlines(marts: Marts, clusters: Mapping[str, Row], day: dt.date) -> tuple[tuple[Boundary, ...], str]:
    """Return an outline for each cluster on a day, simplified together, and whose they are."""
    supplied = [row for row in marts.outlines.get("cluster", ()) if row["area_code"] in clusters]
    if supplied:
        found = [Boundary(row["area_code"], marts.cluster_names[row["area_code"]], _shape(row)) for row in supplied]
        return simplified(found), COUNCIL
    cluster_of = {
        member["member_code"]: member["area_code"]
        for member in marts.cluster_members
        if member["area_code"] in clusters and _holds(member, day)
    }
    for layer in ("lsoa21", "lsoa11"):
        small = [row for row in marts.outlines.get(layer, ()) if row["area_code"] in cluster_of]
        if small:
            joined = dissolved({row["area_code"]: _shape(row) for row in small}, cluster_of)
            return simplified([Boundary(code, marts.cluster_names[code], joined[code]) for code in joined]), NATIONAL
    return (), ""


def _wards(marts: Marts) -> list[Boundary]:
    """Return the wards, by name."""
    rows = marts.outlines.get("ward", ())
    found = [Boundary(row["area_code"], row["area_name"] or row["area_code"], _shape(row)) for row in rows]
    return sorted(found, key=lambda ward: (ward.name, ward.area_id))


def _shape(row: Row) -> BaseGeometry:
    # Files in the two coordinate systems may lie side by side.
    return to_geometry(row["geometry"], crs_of([row["geometry"]]))


def _holds(member: Row, day: dt.date) -> bool:
    return (member["valid_from"] or dt.date.min) <= day <= (member["valid_to"] or dt.date.max)


def _placed_schools(marts: Marts, clusters: Container[str], day: dt.date) -> list[Row]:
    return [
        member
        for member in marts.cluster_members
        if member["area_code"] in clusters and member["easting"] is not None and _holds(member, day)
    ]


def _numbers_of_schools(marts: Marts, clusters: Container[str], day: dt.date) -> dict[str, int]:
    """Return a number for each cluster with a school of a known place, in order of name."""
    held = {member["area_code"] for member in _placed_schools(marts, clusters, day)}
    ordered = sorted(held, key=lambda code: (marts.cluster_names[code], code))
    return {code: place for place, code in enumerate(ordered, start=1)}


def _points(marts: Marts, number: Mapping[str, int], day: dt.date) -> tuple[MapPoint, ...]:
    return tuple(
        MapPoint(
            number[member["area_code"]],
            marts.cluster_names[member["area_code"]],
            float(member["easting"]),
            float(member["northing"]),
        )
        for member in _placed_schools(marts, number, day)
    )


def _drawn(
    marts: Marts,
    clusters: Mapping[str, Row],
    outlines: Sequence[Boundary],
    wards: Sequence[Boundary],
    attribution: str,
) -> tuple[Block, ...]:
    ordered = numbered(outlines)
    number = {outline.area_id: place for place, outline in enumerate(ordered, start=1)}
    areas = tuple(
        MapArea(
            number=number[outline.area_id],
            name=outline.name,
            boundary=outline.geometry,
            value=_rounded(clusters[outline.area_id]),
            printed=_printed(clusters[outline.area_id]),
            state="shown" if clusters[outline.area_id]["value"] is not None else "missing",
        )
        for outline in ordered
    )
    parts = {
        code: ", ".join(f"{part.name} (part)" if part.is_part else part.name for part in found)
        for code, found in parts_of(ordered, wards).items()
    }
    figure = _figure(marts, clusters, number, areas=areas, attribution=attribution, parts=parts if wards else None)
    years = _years(marts, clusters, number)
    if not wards:
        return (figure, *years)
    of_ward = clusters_by_ward(ordered, wards)
    listed = [
        (Cell(ward.name), Cell("; ".join(f"{number[part.area_id]} {part.name}" for part in of_ward[ward.area_id])))
        for ward in wards
        if of_ward[ward.area_id]
    ]
    if not listed:
        return (figure, *years)
    by_ward = Table(
        "clusters-by-ward", "Clusters of each ward", ("Ward", "Clusters, the largest part first"), tuple(listed)
    )
    return (figure, by_ward, *years)


def _figure(
    marts: Marts,
    clusters: Mapping[str, Row],
    number: Mapping[str, int],
    *,
    areas: tuple[MapArea, ...] = (),
    points: tuple[MapPoint, ...] = (),
    attribution: str,
    parts: Mapping[str, str] | None = None,
) -> FigureBlock:
    """Return the map with the locator, which holds the same in words."""
    row = next(iter(clusters.values()))
    name, label = row["indicator_name"], row["period_label"]
    # What is not drawn, the city-wide cluster above all, stands last.
    listed = sorted(clusters, key=lambda code: (number.get(code, len(clusters) + 1), marts.cluster_names[code]))
    schools = dict.fromkeys(clusters, 0)
    for member in marts.cluster_members:
        if member["member_type"] == "school" and member["area_code"] in schools and _holds(member, row["period_end"]):
            schools[member["area_code"]] += 1
    rows = tuple(
        (
            Cell(" ".join(map(str, filter(None, (number.get(code), marts.cluster_names[code]))))),
            Cell((parts or {}).get(code) or (NO_WARDS if parts is None else "not drawn")),
            Cell(f"{schools[code]:,}", is_number=True),
            Cell(_printed(clusters[code]), is_number=True),
        )
        for code in listed
    )
    locator = Table(
        "clusters-locator", "Where each cluster lies", ("Cluster", "Wards", "Schools", f"{name}, {label}"), rows
    )
    values = [clusters[code] for code in listed if clusters[code]["value"] is not None and code in number]
    lowest, highest = (choose(values, key=lambda one: one["value"], default=None) for choose in (min, max))
    reading = (
        f"from {_printed(lowest)} in {marts.cluster_names[lowest['area_code']]} to {_printed(highest)} in "
        f"{marts.cluster_names[highest['area_code']]}"
        if lowest is not None and highest is not None
        else "no cluster has a figure"
    )
    breaks = BREAKS[row["indicator_id"]]
    if marts.publication["is_synthetic"]:
        attribution = INVENTED
    return FigureBlock(
        id="clusters-map",
        title=f"{name} by cluster of the home, {label}: {reading}",
        alt=(
            f"Map of {len(areas)} clusters of {marts.name}, numbered from "
            "north-west to south-east; the table below names each number with its wards, schools and figure."
            if areas
            else f"Map of the schools of {marts.name}, each joined to the number of its cluster; the table below names "
            "each number with its schools and figure."
        ),
        source="the council's pupil-level files and lists of clusters",
        period=label,
        table=locator,
        trend=PointMap(points=points, unit_words="Schools of each cluster", attribution=attribution)
        if points
        else AreaMap(
            areas=areas,
            breaks=breaks,
            printed_breaks=tuple(
                printed_value(one, unit=row["unit"], decimals=1).replace(".0%", "%") for one in breaks
            ),
            unit_words=f"{name}, children living in the cluster, {label}",
            attribution=attribution,
        ),
    )


def _rounded(row: Row) -> float | None:
    # The class of an area agrees with the figure that is printed.
    return None if row["value"] is None else round(row["value"], row["decimals"])


def _printed(row: Row) -> str:
    return shown(row["value"], row, row["value_status"])


def _years(marts: Marts, clusters: Mapping[str, Row], number: Mapping[str, int]) -> tuple[Block, ...]:
    """Return the single years of the figure in one small panel per cluster, in the order of their numbers."""
    any_row = next(iter(clusters.values()))
    one = [
        row
        for row in marts.clusters
        if row["indicator_id"] == any_row["indicator_id"]
        and row["membership_basis"] == any_row["membership_basis"]
        and not row["period_id"].startswith("rolling3")
    ]
    periods = sorted({(row["period_end"], row["period_label"]) for row in one})
    if len(periods) < FEWEST_YEARS:
        return ()
    value = {(row["area_code"], row["period_end"]): _rounded(row) for row in one}
    whole = {row["period_end"]: row["city_value"] for row in one}
    printed = {(row["area_code"], row["period_end"]): _printed(row) for row in one}
    last, label = periods[-1]
    ordered = sorted(number, key=lambda code: number[code])
    name, unit, decimals = any_row["indicator_name"], any_row["unit"], any_row["decimals"]
    rows = tuple(
        (
            Cell(f"{number[code]} {marts.cluster_names[code]}"),
            *(Cell(printed.get((code, end), "none"), is_number=True) for end, _ in periods),
        )
        for code in ordered
    )
    area = tuple(Cell(printed_value(whole[end], unit=unit, decimals=decimals), is_number=True) for end, _ in periods)
    return (
        FigureBlock(
            id="clusters-years",
            title=f"{name} by cluster of the home, single years to {label}",
            alt=(
                f"One small chart for each of {len(ordered)} clusters, in the order of their numbers, with the line of "
                f"{marts.name} dashed in each; the table below has every value."
            ),
            source="the council's pupil-level files and lists of clusters",
            period=f"{periods[0][1]} to {label}",
            table=Table(
                "clusters-years-table",
                f"{name} by cluster, single years",
                ("Cluster", *(words for _, words in periods)),
                (*rows, (Cell(f"Whole area: {marts.name}"), *area)),
            ),
            trend=ClusterPanels(
                panels=tuple(
                    MultiplePanel(
                        number[code],
                        marts.cluster_names[code],
                        tuple(value.get((code, end)) for end, _ in periods),
                        printed.get((code, last), "none"),
                    )
                    for code in ordered
                ),
                periods=tuple(words for _, words in periods),
                authority=tuple(whole[end] for end, _ in periods),
                authority_name=marts.name,
                unit=unit,
                decimals=decimals,
            ),
            notes=("Counts of one year are small: a line moves by chance. The scale need not begin at nought.",),
        ),
    )
