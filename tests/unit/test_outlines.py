"""Arriving outlines: a good file keeps every check, one with a fault is refused by it; where areas may lie."""

import json
from pathlib import Path

import pytest
from landing_desk import Desk

from dagster_project.geography.boundaries import FAULT_WORDS
from dagster_project.quality.outlines import CHECKS, check_outlines
from dagster_project.quality.results import CheckResult
from dagster_project.quality.run import rejections

CLUSTERS, AREAS = "cluster_boundaries", "area_boundaries"
PLACE = "outlines_outside_box"
POSTCODES = "pcd,oseast1m,osnrth1m,laua\nZZ1 1AA,430000,430000,E08000035\nZZ9 9AA,530000,180000,E09000001\n"


def square(west: int, *, side: int = 1000, closed: bool = True) -> dict[str, object]:
    ring = [[west, 430000], [west + side, 430000], [west + side, 430000 + side], [west, 430000 + side]]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]] if closed else ring]}


def crossed() -> dict[str, object]:
    corners = [[430000, 430000], [430900, 430900], [430900, 430000], [430000, 430900], [430000, 430000]]
    return {"type": "Polygon", "coordinates": [corners]}


GOOD = {"A": square(430000), "B": square(431000)}
FAULTS = {
    "outlines_unreadable_geometry": {"A": None},
    "outlines_not_an_area": {"A": {"type": "Point", "coordinates": [430000, 430000]}},
    "outlines_open_ring": {"A": square(430000, closed=False)},
    "outlines_invalid_geometry": {"A": crossed()},
    "outlines_outside_box": {"A": square(530000)},
    "outlines_overlap": {"A": square(430500)},
}


def found_in(
    folder: Path, features: list[tuple[str, object]], *, table: str = CLUSTERS, postcodes: str | None = POSTCODES
) -> list[CheckResult]:
    """Land outlines and return what is said of them."""
    names = {CLUSTERS: ("cluster_id", "cluster_name"), AREAS: ("LSOA21CD", "LSOA21NM")}[table]
    collection = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": dict.fromkeys(names, area), "geometry": geometry}
            for area, geometry in features
        ],
    }
    desk = Desk(folder)
    desk.put(f"geography/{table}.geojson", json.dumps(collection))
    if postcodes:
        desk.put("geography/postcodes.csv", postcodes)
    desk.land(settle=False)
    database = folder / "warehouse.duckdb"
    desk.connection.execute(f"ATTACH '{database}' AS saved; COPY FROM DATABASE memory TO saved; DETACH saved")
    held = desk.connection.execute("SELECT table_name, file_id FROM landing.source_file").fetchall()
    return check_outlines(database, {f"raw_geography.{name}": [file_id] for name, file_id in held}, authority=383)


def test_every_fault_of_an_outline_has_a_check() -> None:
    assert set(CHECKS) == {f"outlines_{kind}" for kind in (*FAULT_WORDS, "overlap")}


def test_good_outlines_keep_every_check(tmp_path: Path) -> None:
    results = found_in(tmp_path, list(GOOD.items()))
    assert [(result.check_id, result.outcome) for result in results] == [(check, "pass") for check in CHECKS]
    assert {(result.checked_count, result.failed_count) for result in results} == {(2, 0)}
    assert rejections(results) == {}


@pytest.mark.parametrize("check", FAULTS)
def test_fault_refuses_the_file_and_names_the_area(tmp_path: Path, check: str) -> None:
    results = found_in(tmp_path, list((GOOD | FAULTS[check]).items()))
    [failed] = [result for result in results if result.outcome == "fail" and result.check_id == check]
    assert "A" in str(failed.message).split(".")[0]
    assert "430" not in str(failed.message)
    assert list(rejections(results)) == [failed.file_id]


def test_area_with_two_outlines_is_refused(tmp_path: Path) -> None:
    results = found_in(tmp_path, [*GOOD.items(), ("A", square(432000))])
    assert [result.check_id for result in results if result.outcome == "fail"] == ["outlines_repeated_area"]


def test_without_a_directory_of_postcodes_places_are_not_looked_at(tmp_path: Path) -> None:
    results = found_in(tmp_path, [("A", square(530000))], postcodes=None)
    assert {result.check_id: result.outcome for result in results if result.outcome != "pass"} == {PLACE: "not_run"}
    assert rejections(results) == {}


def test_small_areas_may_come_for_the_whole_country(tmp_path: Path) -> None:
    results = found_in(tmp_path, [("E01000001", square(530000))], table=AREAS)
    assert {result.outcome for result in results} == {"pass"}
    assert PLACE not in {result.check_id for result in results}


def test_nothing_is_read_without_arriving_outlines(tmp_path: Path) -> None:
    assert check_outlines(tmp_path / "no such file", {"raw_geography.postcodes": ["a"]}, authority=383) == []
