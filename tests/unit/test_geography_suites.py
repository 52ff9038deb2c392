"""Every check on the council's lists of clusters: good lists keep it, one with that fault breaks it."""

from pathlib import Path

import pytest
from landing_desk import Desk

from dagster_project.quality.results import CheckResult
from dagster_project.quality.run import rejections, validate
from expectations import raw_geography
from expectations.list import list_checks
from expectations.suite import SuiteContext

CONTEXT = SuiteContext(authority=383)
SUITES = raw_geography.suites()
CHECKS = {check.check_id: check for check in list_checks(CONTEXT) if check.suite in {suite.name for suite in SUITES}}
GOOD = {
    "clusters.csv": (
        "cluster_id,cluster_name,kind,valid_from,valid_to,successor_id",
        "A,North,area,2010-09-01,,",
        "B,South,area,01/09/2010,31/08/2023,A",
        "W,Specialist,city-wide,,,",
    ),
    "cluster_schools.csv": (
        "cluster_id,urn,valid_from,valid_to",
        "A,100001,2010-09-01,",
        "B,100002,,2023-08-31",
        "A,100002.0,2023-09-01,",
        "W,100003,,",
    ),
    "cluster_areas.csv": (
        "cluster_id,area_type,area_code,valid_from,valid_to",
        "A,lsoa21,E01000001,,",
        "B,LSOA21,E01000002,,2023-08-31",
        "A,lsoa21,e01000002,2023-09-01,",
    ),
    "postcodes.csv": (
        "pcd,oseast1m,osnrth1m,laua,lsoa11,lsoa21",
        "ZZ1 1AA,430000,430000,E08000035,E01000001,E01000001",
        "ZZ1 1AB,430000,430000,,,",
    ),
    "ward_scores.csv": (
        "ward_code,measure,period,value",
        "E05012841,Basic needs,2019,71.5",
        "E05011384,Basic needs,2018,60",
    ),
    "cluster_boundaries.geojson": (
        '{"type": "FeatureCollection", "features": [',
        '{"type": "Feature", "properties": {"cluster_id": "A", "cluster_name": "North"}, "geometry": null},',
        '{"type": "Feature", "properties": {"cluster_id": "B", "cluster_name": "South"}, "geometry": null}]}',
    ),
}
#: File, the text that stands there and the one in its place (or a row to add), by the check that it breaks.
FAULTS = {
    "clusters_dates": ("clusters.csv", "A,North,area,2010-09-01,,", "A,North,area,2010-13-01,,"),
    "clusters_kind": ("clusters.csv", "A,North,area", "A,North,ward"),
    "clusters_name": ("clusters.csv", "A,North,area", "A,,area"),
    "clusters_end_has_successor": ("clusters.csv", "31/08/2023,A", "31/08/2023,"),
    "clusters_once": ("clusters.csv", None, "A,North and West,area,2020-09-01,,"),
    "clusters_successor": ("clusters.csv", "31/08/2023,A", "31/08/2023,X"),
    "cluster_schools_dates": ("cluster_schools.csv", "A,100001,2010-09-01,", "A,100001,2010-09-01,2009-08-31"),
    "cluster_schools_urn": ("cluster_schools.csv", "A,100001", "A,3832001"),
    "cluster_schools_once": ("cluster_schools.csv", None, "W,100001,2015-09-01,"),
    "cluster_schools_clusters": ("cluster_schools.csv", "A,100001", "X,100001"),
    "cluster_areas_dates": ("cluster_areas.csv", "E01000001,,", "E01000001,soon,"),
    "cluster_areas_type": ("cluster_areas.csv", "A,lsoa21,E01000001", "A,ward,E01000001"),
    "cluster_areas_code": ("cluster_areas.csv", "E01000001", "E05000001"),
    "cluster_areas_once": ("cluster_areas.csv", None, "B,lsoa21,E01000001,,2012-01-01"),
    "cluster_areas_clusters": ("cluster_areas.csv", "A,lsoa21,E01000001", "X,lsoa21,E01000001"),
    "cluster_areas_one_type": ("cluster_areas.csv", "A,lsoa21,E01000001", "A,lsoa11,E01000001"),
    "cluster_areas_of_areas": ("cluster_areas.csv", None, "W,lsoa21,E01000009,,"),
    "cluster_boundaries_clusters": ("cluster_boundaries.geojson", '"cluster_id": "B"', '"cluster_id": "X"'),
    "postcodes_authority": ("postcodes.csv", "E08000035", "Leeds"),
    "postcodes_small_area": ("postcodes.csv", "E08000035,E01000001", "E08000035,430000"),
    "postcodes_once": ("postcodes.csv", None, "ZZ11AA,430000,430000,E08000035,E01000001,E01000001"),
    "postcodes_known_authority": ("postcodes.csv", "E08000035", "E08000999"),
    "ward_scores_numbers": ("ward_scores.csv", "71.5", "high"),
    # A ward whose boundaries moved in 2019 had another code the year before.
    "ward_scores_codes": ("ward_scores.csv", "E05012841,Basic needs,2019", "E05012841,Basic needs,2018"),
}


ONE_FILE = {f"{name}_one_file": f"{name}.csv" for name in ("clusters", "cluster_schools", "cluster_areas")}


def found_in(folder: Path, files: dict[str, tuple[str, ...]]) -> list[CheckResult]:
    """Land the files and return what the checks say of them."""
    desk = Desk(folder)
    for name, lines in files.items():
        desk.put(f"geography/{name}", "\n".join(lines) + "\n")
    desk.land(settle=False)
    database = folder / "warehouse.duckdb"
    desk.connection.execute(f"ATTACH '{database}' AS saved; COPY FROM DATABASE memory TO saved; DETACH saved")
    held = desk.connection.execute("SELECT table_name, file_id FROM landing.source_file").fetchall()
    candidates: dict[str, list[str]] = {}
    for table, file_id in held:
        candidates.setdefault(f"raw_geography.{table}", []).append(file_id)
    return validate(database, SUITES, context=CONTEXT, candidates=candidates)


def test_good_lists_keep_every_check(tmp_path: Path) -> None:
    results = found_in(tmp_path, GOOD)
    assert {result.check_id for result in results} == set(CHECKS)
    assert [result for result in results if result.outcome != "pass"] == []


def test_every_check_has_a_file_that_breaks_it() -> None:
    assert set(FAULTS) | set(ONE_FILE) == set(CHECKS)


@pytest.mark.parametrize("check", FAULTS)
def test_fault_is_found_by_its_check(tmp_path: Path, check: str) -> None:
    name, before, after = FAULTS[check]
    lines = GOOD[name]
    if before is None:
        changed = (*lines, after)
    else:
        assert sum(before in line for line in lines) == 1
        changed = tuple(line.replace(before, after) for line in lines)
    results = found_in(tmp_path, GOOD | {name: changed})
    failed = {result.check_id for result in results if result.outcome == "fail"}
    assert check in failed
    # What breaks two rules breaks those that say the same of it.
    assert failed - {check} <= {"cluster_areas_one_type", "clusters_once"} or check.endswith("_type")
    refused = rejections(results)
    assert bool(refused) == (CHECKS[check].severity == "critical")


@pytest.mark.parametrize("check", ONE_FILE)
def test_a_list_in_two_files_is_refused_and_both_are_named(tmp_path: Path, check: str) -> None:
    name = ONE_FILE[check]
    results = found_in(tmp_path, GOOD | {f"old_{name}": GOOD[name][:2]})
    failed = [result for result in results if result.outcome == "fail"]
    assert [result.check_id for result in failed] == [check, check]
    assert {str(result.message).count("geography/") for result in failed} == {1}
    assert len(rejections(results)) == 2


def test_ward_scores_of_another_authority_are_not_held_against_wards_of_leeds(tmp_path: Path) -> None:
    assert "ward_scores_codes" not in {
        check.check_id for check in list_checks(SuiteContext(authority=373)) if check.suite in {s.name for s in SUITES}
    }
