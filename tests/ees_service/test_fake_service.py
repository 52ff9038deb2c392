"""The fake keeps to what is known of the service, or the tests beside this one would show nothing."""

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.ees_service.conftest import Asking
from tests.ees_service.fake_data import period_text, read_folder, short_id, uuid_of
from tests.ees_service.fake_service import FakeService
from tests.ees_service.pairs import ABSENCE, CEASED, CLA, HELD, SCHOOLS, STABILITY, STARTED

# ---- endpoints


def test_publications_are_paged_and_searched(asking: Asking) -> None:
    status, found = asking.get("/publications")
    assert status == 200
    assert found["paging"] == {"page": 1, "pageSize": 20, "totalResults": 3, "totalPages": 1}
    assert [entry["slug"] for entry in found["results"]] == ["children-looked-after", "pupil-absence", "schools"]
    assert found["results"][0].keys() == {"id", "title", "slug", "summary", "lastPublished"}
    _, second = asking.get("/publications", page=2, pageSize=2)
    assert [entry["slug"] for entry in second["results"]] == ["schools"]
    assert second["paging"]["totalPages"] == 2
    _, hit = asking.get("/publications", search="absence")
    assert [entry["slug"] for entry in hit["results"]] == ["pupil-absence"]


def test_nothing_found_is_one_page_all_the_same(asking: Asking) -> None:
    _, found = asking.get("/publications", search="nothing like it")
    assert found == {"paging": {"page": 1, "pageSize": 20, "totalResults": 0, "totalPages": 1}, "results": []}


def test_publication_and_its_data_sets_are_found_newest_first(asking: Asking) -> None:
    publication = uuid_of("children-looked-after")
    assert asking.get(f"/publications/{publication}")[1]["slug"] == "children-looked-after"
    _, found = asking.get(f"/publications/{publication}/data-sets")
    assert [entry["title"] for entry in found["results"]] == [STABILITY, CLA]
    assert found["paging"]["pageSize"] == 10


def test_data_set_tells_of_its_latest_version(asking: Asking) -> None:
    status, found = asking.get(asking.at(CLA))
    assert status == 200
    assert (found["title"], found["status"]) == (CLA, "Published")
    assert "supersedingDataSetId" not in found
    assert found["latestVersion"].keys() == {
        "version", "published", "totalResults", "file", "timePeriods", "geographicLevels", "filters", "indicators",
    }  # fmt: skip
    assert (found["latestVersion"]["version"], found["latestVersion"]["totalResults"]) == ("1.1", 36)


def test_versions_are_newest_first_and_know_major_from_minor(asking: Asking) -> None:
    _, found = asking.get(asking.at(STABILITY, "versions"), pageSize=2)
    assert [(entry["version"], entry["type"]) for entry in found["results"]] == [("2.0", "Major"), ("1.1", "Minor")]
    assert found["paging"] == {"page": 1, "pageSize": 2, "totalResults": 3, "totalPages": 2}
    _, one = asking.get(asking.at(STABILITY, "versions", "1.0"))
    assert (one["version"], one["status"], one["release"]["slug"]) == ("1.0", "Published", "1.0")


def test_changes_tell_what_went_from_what_came(asking: Asking) -> None:
    _, minor = asking.get(asking.at(CLA, "versions", "1.1", "changes"))
    assert minor["majorChanges"] == {}
    assert [entry["currentState"]["label"] for entry in minor["minorChanges"]["filterOptions"]] == [CEASED]
    (relabelled,) = minor["minorChanges"]["indicators"]
    assert relabelled["previousState"]["id"] == relabelled["currentState"]["id"]
    assert [entry["currentState"]["period"] for entry in minor["minorChanges"]["timePeriods"]] == ["2025"]
    _, major = asking.get(asking.at(STABILITY, "versions", "2.0", "changes"), includePatchHistory="true")
    (gone,) = major["majorChanges"]["filterOptions"]
    assert "currentState" not in gone
    assert major["patchHistory"] == []
    assert asking.get(asking.at(CLA, "versions", "1.0", "changes"))[1]["minorChanges"] == {}


def test_metadata_come_whole_or_by_type(asking: Asking) -> None:
    _, meta = asking.get(asking.at(CLA, "meta"))
    assert meta.keys() == {"filters", "indicators", "geographicLevels", "locations", "timePeriods"}
    assert meta["geographicLevels"][0] == {"code": "NAT", "label": "National"}
    leeds = next(o for g in meta["locations"] if g["level"]["code"] == "LA" for o in g["options"])
    assert leeds == {"id": leeds["id"], "label": "Leeds", "code": "E08000035", "oldCode": "383"}
    assert meta["timePeriods"][0] == {"code": "RY", "period": "2023", "label": "2023"}
    assert asking.get(asking.at(CLA, "meta"), types="Filters,TimePeriods")[1].keys() == {"filters", "timePeriods"}
    assert asking.get(asking.at(ABSENCE, "meta"))[1]["timePeriods"][0]["period"] == "1999/2000"


def test_places_of_other_levels_have_their_own_codes(asking: Asking) -> None:
    _, meta = asking.get(asking.at(SCHOOLS, "meta"))
    by_level = {group["level"]["code"]: group["options"][0].keys() for group in meta["locations"]}
    assert by_level["SCH"] == {"id", "label", "urn", "laEstab"}
    assert by_level["PROV"] == {"id", "label", "ukprn"}
    assert by_level["RSC"] == {"id", "label"}


def test_csv_is_packed_and_has_labels(service: FakeService, asking: Asking) -> None:
    answer = requests.get(f"{service.url}/v1{asking.at(CLA, 'csv')}", stream=True, timeout=5)
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Content-Encoding"] == "gzip"
    rows = list(csv.reader(io.StringIO(gzip.decompress(answer.raw.read()).decode("utf-8-sig"))))
    assert rows[0][-4:] == ["Population type", "Children aged 0 to 17", "Number of children", "Rate per 10,000"]
    assert len(rows) == 37
    service.switches.column_names_in_csv = True
    assert requests.get(f"{service.url}/v1{asking.at(CLA, 'csv')}", timeout=5).text.endswith("\r\n")


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/publications/x", "/data-sets/x", "/data-sets/x/meta", "/data-sets/x/csv", "/data-sets/x/versions"],
)
def test_what_is_not_there_is_404_with_a_problem(asking: Asking, path: str) -> None:
    status, found = asking.get(path)
    assert status == 404
    assert found == {"type": "about:blank", "title": "Not found", "status": 404}


def test_address_outside_the_service_is_not_found(service: FakeService) -> None:
    assert requests.get(service.url.removesuffix("/statistics") + "/other", timeout=5).status_code == 404


def test_ids_are_the_same_whenever_the_folder_is_read(pairs: Path) -> None:
    first, second = read_folder(pairs), read_folder(pairs)
    assert first.data_sets.keys() == second.data_sets.keys()
    assert first.named(CLA).versions[1].meta == second.named(CLA).versions[1].meta
    assert len(short_id("x")) == 5
    assert period_text("199900") == "1999/2000"


# ---- versions


@pytest.mark.parametrize(
    ("text", "rows"),
    [(None, 36), ("*", 36), ("1.*", 36), ("1.1.*", 36), ("1.1", 36), ("v1.0", 16), ("1", 16), ("1.0.0", 16)],
)
def test_version_is_exact_or_the_newest_of_a_wildcard(asking: Asking, text: str | None, rows: int) -> None:
    given = {"dataSetVersion": text} if text else {}
    assert asking.post(asking.at(CLA, "query"), **given)[1]["paging"]["totalResults"] == rows


@pytest.mark.parametrize("text", ["1.*.1", "*.1", "nonsense", "3.0", "2.*", "1.0.0.0", "-1", "1..0", "v"])
def test_version_that_is_nonsense_or_not_there_is_404(asking: Asking, text: str) -> None:
    assert asking.get(asking.at(CLA, "meta"), dataSetVersion=text)[0] == 404


def test_wildcard_passes_over_what_an_exact_number_may_ask_for(asking: Asking) -> None:
    newest = asking.service.data_set(CLA).versions[1]
    newest.status = "Deprecated"
    assert asking.post(asking.at(CLA, "query"), dataSetVersion="1.*")[1]["paging"]["totalResults"] == 16
    assert asking.post(asking.at(CLA, "query"), dataSetVersion="1.1")[1]["paging"]["totalResults"] == 36
    newest.status = "Withdrawn"
    assert asking.post(asking.at(CLA, "query"), dataSetVersion="1.1")[0] == 403


def test_successor_of_a_deprecated_data_set_is_named(asking: Asking) -> None:
    found = asking.service.data_set(CLA)
    found.status, found.superseded_by = "Deprecated", "next"
    answer = asking.get(asking.at(CLA))[1]
    assert (answer["status"], answer["supersedingDataSetId"]) == ("Deprecated", "next")


# ---- queries


def option(asking: Asking, label: str) -> str:
    meta = asking.service.data_set(CLA).versions[1].meta
    return next(o["id"] for f in meta["filters"] for o in f["options"] if o["label"] == label)


def place(asking: Asking, label: str) -> str:
    meta = asking.service.data_set(CLA).versions[1].meta
    return next(o["id"] for g in meta["locations"] for o in g["options"] if o["label"] == label)


def indicator(asking: Asking, column: str) -> str:
    meta = asking.service.data_set(CLA).versions[1].meta
    return next(entry["id"] for entry in meta["indicators"] if entry["column"] == column)


def count(asking: Asking, criteria: Any) -> int:
    status, found = asking.post(asking.at(CLA, "query"), {"criteria": criteria})
    assert (status, found["warnings"]) == (200, [])
    return found["paging"]["totalResults"]


def test_query_without_a_body_gives_everything_page_by_page_newest_first(asking: Asking) -> None:
    _, found = asking.post(asking.at(CLA, "query"))
    assert found["paging"] == {"page": 1, "pageSize": 1000, "totalResults": 36, "totalPages": 1}
    assert [row["timePeriod"]["period"] for row in found["results"]][::12] == ["2025", "2024", "2023"]
    first = found["results"][0]
    assert first.keys() == {"timePeriod", "geographicLevel", "locations", "filters", "values"}
    assert all(isinstance(value, str) for row in found["results"] for value in row["values"].values())
    assert {"c", "z", "x"} <= {value for row in found["results"] for value in row["values"].values()}
    _, third = asking.post(asking.at(CLA, "query"), {"page": 3, "pageSize": 16})
    assert (len(third["results"]), third["paging"]["totalPages"]) == (4, 3)
    assert asking.post(asking.at(CLA, "query"), {"page": 9, "pageSize": 16})[1]["results"] == []


def test_each_comparator_chooses_its_rows(asking: Asking) -> None:
    held, started = option(asking, HELD), option(asking, STARTED)
    year = {"period": "2024", "code": "RY"}
    for criteria, rows in [
        ({"filters": {"eq": held}}, 12),
        ({"filters": {"notEq": held}}, 24),
        ({"filters": {"in": [held, started]}}, 24),
        ({"filters": {"notIn": [held, started]}}, 12),
        ({"geographicLevels": {"eq": "NAT"}}, 9),
        ({"geographicLevels": {"notEq": "NAT"}}, 27),
        ({"geographicLevels": {"in": ["NAT", "LA"]}}, 27),
        ({"geographicLevels": {"notIn": ["NAT", "LA"]}}, 9),
        ({"locations": {"eq": {"level": "LA", "oldCode": "383"}}}, 9),
        ({"locations": {"eq": {"level": "LA", "code": "E08000039"}}}, 9),
        ({"locations": {"eq": {"level": "LA", "id": place(asking, "Leeds")}}}, 9),
        ({"locations": {"notEq": {"level": "LA", "oldCode": "383"}}}, 27),
        ({"locations": {"in": [{"level": "REG", "code": "E12000003"}]}}, 27),
        ({"locations": {"notIn": [{"level": "REG", "code": "E12000003"}]}}, 9),
        ({"timePeriods": {"eq": year}}, 12),
        ({"timePeriods": {"notEq": year}}, 24),
        ({"timePeriods": {"in": [year]}}, 12),
        ({"timePeriods": {"notIn": [year]}}, 24),
        ({"timePeriods": {"gt": year}}, 12),
        ({"timePeriods": {"gte": year}}, 24),
        ({"timePeriods": {"lt": year}}, 12),
        ({"timePeriods": {"lte": year}}, 24),
        ({"timePeriods": {"gte": year, "lt": {"period": "2025", "code": "RY"}}, "geographicLevels": {"eq": "LA"}}, 6),
    ]:
        assert count(asking, criteria) == rows, criteria


def test_and_or_and_not_may_be_nested(asking: Asking) -> None:
    national, held = {"geographicLevels": {"eq": "NAT"}}, {"filters": {"eq": option(asking, HELD)}}
    assert count(asking, {"and": [national, held]}) == 3
    assert count(asking, {"or": [national, held]}) == 18
    assert count(asking, {"not": national}) == 27
    assert count(asking, {"and": [{"not": national}, {"or": [held, {"not": {"and": [national, held]}}]}]}) == 27


def test_year_alone_means_the_school_year_that_begins_in_it(asking: Asking) -> None:
    path = asking.at(ABSENCE, "query")
    for period in ("2022", "2022/2023"):
        body = {"criteria": {"timePeriods": {"eq": {"period": period, "code": "AY"}}}}
        assert asking.post(path, body)[1]["paging"]["totalResults"] == 4


def test_places_are_found_by_the_codes_of_their_level(asking: Asking) -> None:
    for where in (
        {"level": "SCH", "urn": "107000"},
        {"level": "SCH", "laEstab": "3832000"},
        {"level": "PROV", "ukprn": "10000001"},
    ):
        _, found = asking.post(asking.at(SCHOOLS, "query"), {"criteria": {"locations": {"eq": where}}})
        assert found["paging"]["totalResults"] == 1, where


def test_indicators_and_sorts_are_those_asked_for(asking: Asking) -> None:
    wanted = indicator(asking, "children_count")
    for name in ("timePeriod", "geographicLevel", "location|LA", f"filter|{_filter(asking)}", f"indicator|{wanted}"):
        rows = {}
        for direction in ("Asc", "Desc"):
            body = {"indicators": [wanted], "sorts": [{"field": name, "direction": direction}]}
            _, found = asking.post(asking.at(CLA, "query"), body)
            assert {tuple(row["values"]) for row in found["results"]} == {(wanted,)}
            rows[direction] = found["results"]
        assert rows["Asc"][0] != rows["Desc"][0], name


def _filter(asking: Asking) -> str:
    return asking.service.data_set(CLA).versions[1].meta["filters"][0]["id"]


def test_query_string_asks_like_a_body(asking: Asking) -> None:
    path = asking.at(CLA, "query")
    held, started = option(asking, HELD), option(asking, STARTED)
    wanted = indicator(asking, "children_count")
    for given, rows in [
        ({"filters.in": f"{held},{started}"}, 24),
        ({"filters.notEq": held}, 24),
        ({"geographicLevels.eq": "LA"}, 18),
        ({"locations.in": "LA|oldCode|383,REG|code|E12000003"}, 27),
        ({"locations.eq": "LA|oldCode|383"}, 9),
        ({"timePeriods.gte": "2024|RY"}, 24),
        ({"timePeriods.in": "2024|RY,2023|RY"}, 24),
        ({"indicators": wanted, "sorts": "timePeriod|Asc,location|LA|Desc", "page": 2, "pageSize": 5}, 36),
        ({"debug": "false", "dataSetVersion": "1.0"}, 16),
    ]:
        status, found = asking.get(path, **given)
        assert (status, found["paging"]["totalResults"], found["warnings"]) == (200, rows, []), given


# ---- errors and warnings

LA = "criteria.locations.eq"
PERIOD = "criteria.timePeriods.eq"


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (["x"], "", "NotEmptyBody"),
        ({"criteria": {"filters": {"in": []}}}, "criteria.filters.in", "NotEmpty"),
        ({"criteria": {"filters": {"eq": " "}}}, "criteria.filters.eq", "NotEmpty"),
        ({"criteria": {"and": []}}, "criteria.and", "NotEmpty"),
        ({"indicators": []}, "indicators", "NotEmpty"),
        ({"criteria": {"filters": {"in": ["x" * 11]}}}, "criteria.filters.in[0]", "MaximumLength"),
        ({"indicators": ["x" * 41]}, "indicators[0]", "MaximumLength"),
        ({"page": 0}, "page", "GreaterThanOrEqual"),
        ({"pageSize": 10001}, "pageSize", "InclusiveBetween"),
        ({"pageSize": 0}, "pageSize", "InclusiveBetween"),
        ({"criteria": {"geographicLevels": {"in": ["LA", "XX"]}}}, "criteria.geographicLevels.in[1]", "AllowedValue"),
        ({"page": "one"}, "page", "InvalidValue"),
        ({"debug": "yes"}, "debug", "InvalidValue"),
        ({"criteria": []}, "criteria", "InvalidValue"),
        ({"criteria": {"filters": []}}, "criteria.filters", "InvalidValue"),
        ({"criteria": {"filters": {"eq": 1}}}, "criteria.filters.eq", "InvalidValue"),
        ({"criteria": {"filters": {"in": "x"}}}, "criteria.filters.in", "InvalidValue"),
        ({"criteria": {"locations": {"eq": "x"}}}, LA, "InvalidValue"),
        ({"criteria": {"timePeriods": {"eq": "x"}}}, PERIOD, "InvalidValue"),
        ({"sorts": ["x"]}, "sorts[0]", "InvalidValue"),
        ({"criteria": {"locations": {"eq": {"code": "x"}}}}, f"{LA}.level", "RequiredValue"),
        ({"criteria": {"locations": {"eq": {"level": "LA"}}}}, LA, "RequiredValue"),
        ({"criteria": {"timePeriods": {"eq": {"code": "AY"}}}}, f"{PERIOD}.period", "RequiredValue"),
        ({"sorts": [{"field": "timePeriod"}]}, "sorts[0].direction", "RequiredValue"),
        ({"surprise": 1}, "surprise", "UnknownField"),
        ({"criteria": {"surprise": {}}}, "criteria.surprise", "UnknownField"),
        ({"criteria": {"filters": {"gt": "x"}}}, "criteria.filters.gt", "UnknownField"),
        ({"criteria": {"and": [{"filters": {"eq": "x"}}], "or": []}}, "criteria.or", "UnknownField"),
        (
            {"criteria": {"timePeriods": {"eq": {"code": "AY", "period": "2020", "x": 1}}}},
            f"{PERIOD}.x",
            "UnknownField",
        ),
        ({"sorts": [{"field": "timePeriod", "direction": "Asc", "x": 1}]}, "sorts[0].x", "UnknownField"),
        ({"criteria": {"locations": {"eq": {"level": "XX", "code": "x"}}}}, f"{LA}.level", "LocationAllowedLevel"),
        ({"criteria": {"locations": {"eq": {"level": "REG", "oldCode": "x"}}}}, LA, "LocationAllowedProperty"),
        ({"criteria": {"locations": {"eq": {"level": "LA", "code": " "}}}}, f"{LA}.code", "LocationValueNotEmpty"),
        ({"criteria": {"locations": {"eq": {"level": "LA", "id": "x" * 11}}}}, f"{LA}.id", "LocationValueMaxLength"),
        (
            {"criteria": {"locations": {"eq": {"level": "LA", "code": "x" * 31}}}},
            f"{LA}.code",
            "LocationValueMaxLength",
        ),
        (
            {"criteria": {"and": [{"locations": {"in": [{"level": "LA", "oldCode": "x" * 21}]}}]}},
            "criteria.and[0].locations.in[0].oldCode",
            "LocationValueMaxLength",
        ),
        (
            {"criteria": {"timePeriods": {"eq": {"period": "2020", "code": "XX"}}}},
            f"{PERIOD}.code",
            "TimePeriodAllowedCode",
        ),
        (
            {"criteria": {"timePeriods": {"eq": {"period": "20", "code": "AY"}}}},
            f"{PERIOD}.period",
            "TimePeriodInvalidYear",
        ),
        (
            {"criteria": {"not": {"timePeriods": {"eq": {"period": "2020/2022", "code": "AY"}}}}},
            "criteria.not.timePeriods.eq.period",
            "TimePeriodInvalidYearRange",
        ),
        (
            {"criteria": {"timePeriods": {"eq": {"period": "2020/2021", "code": "CY"}}}},
            f"{PERIOD}.period",
            "TimePeriodInvalidYearRange",
        ),
        ({"sorts": [{"field": "timePeriod", "direction": "Up"}]}, "sorts[0].direction", "SortDirection"),
        ({"sorts": [{"field": "", "direction": "Asc"}]}, "sorts[0].field", "SortFieldNotEmpty"),
        ({"sorts": [{"field": "x" * 41, "direction": "Asc"}]}, "sorts[0].field", "SortFieldMaxLength"),
        ({"indicators": ["nobod"]}, "indicators", "IndicatorsNotFound"),
        ({"sorts": [{"field": "filter|nobod", "direction": "Asc"}]}, "sorts", "SortFieldsNotFound"),
    ],
)
def test_body_that_breaks_a_rule_is_400_with_path_and_code(asking: Asking, body: Any, path: str, code: str) -> None:
    status, found = asking.post(asking.at(CLA, "query"), body)
    assert (status, found["status"]) == (400, 400)
    assert (path, code) in {(error["path"], error["code"]) for error in found["errors"]}
    assert all(error["message"] for error in found["errors"])


def test_body_that_is_null_or_no_json_is_400(asking: Asking) -> None:
    address = f"{asking.service.url}/v1{asking.at(CLA, 'query')}"
    for content, code in (("null", "NotEmptyBody"), ("{", "InvalidValue")):
        answer = requests.post(address, data=content, headers={"Content-Type": "application/json"}, timeout=5)
        assert [error["code"] for error in answer.json()["errors"]] == [code]


@pytest.mark.parametrize(
    ("path", "given", "where", "code"),
    [
        ("query", {"surprise": "1"}, "surprise", "UnknownField"),
        ("query", {"filters.gt": "x"}, "filters.gt", "UnknownField"),
        ("query", {"filters.in": ""}, "filters.in", "NotEmpty"),
        ("query", {"indicators": ""}, "indicators", "NotEmpty"),
        ("query", {"locations.in": "LA|oldCode|383,LA|383"}, "locations.in[1]", "LocationFormat"),
        ("query", {"timePeriods.eq": "2020-AY"}, "timePeriods.eq", "TimePeriodFormat"),
        ("query", {"sorts": "timePeriod"}, "sorts[0]", "SortFormat"),
        ("query", {"sorts": "|Asc"}, "sorts[0].field", "SortFieldNotEmpty"),
        ("query", {"page": "x"}, "page", "InvalidValue"),
        ("query", {"debug": "x"}, "debug", "InvalidValue"),
        ("query", {"pageSize": "0"}, "pageSize", "InclusiveBetween"),
        ("meta", {"types": "Filters,Surprises"}, "types[1]", "AllowedValue"),
        ("meta", {"surprise": "1"}, "surprise", "UnknownField"),
        ("csv", {"surprise": "1"}, "surprise", "UnknownField"),
        ("versions", {"page": "0"}, "page", "GreaterThanOrEqual"),
        ("versions", {"pageSize": "21"}, "pageSize", "InclusiveBetween"),
        ("versions", {"page": "x"}, "page", "InvalidValue"),
        ("versions/1.0", {"surprise": "1"}, "surprise", "UnknownField"),
        ("versions/1.0/changes", {"surprise": "1"}, "surprise", "UnknownField"),
    ],
)
def test_parameter_that_breaks_a_rule_is_400_with_path_and_code(
    asking: Asking, path: str, given: dict[str, str], where: str, code: str
) -> None:
    status, found = asking.get(asking.at(CLA, path), **given)
    assert status == 400
    assert (where, code) in {(error["path"], error["code"]) for error in found["errors"]}


def test_search_that_is_too_short_and_pages_that_are_too_long_are_400(asking: Asking) -> None:
    for given, code in (({"search": "ab"}, "MinimumLength"), ({"pageSize": 41}, "InclusiveBetween")):
        status, found = asking.get("/publications", **given)
        assert (status, found["errors"][0]["code"]) == (400, code)
    path = f"/publications/{uuid_of('schools')}/data-sets"
    assert asking.get(path, pageSize=21)[1]["errors"][0]["code"] == "InclusiveBetween"
    assert asking.post(asking.at(CLA, "query"), {}, page=1)[1]["errors"][0]["code"] == "UnknownField"


@pytest.mark.parametrize(
    ("criteria", "code", "items"),
    [
        ({"filters": {"in": ["nobod"]}}, "FiltersNotFound", ["nobod"]),
        ({"geographicLevels": {"in": ["SCH"]}}, "GeographicLevelsNotFound", ["SCH"]),
        ({"locations": {"eq": {"level": "LA", "code": "E1"}}}, "LocationsNotFound", [{"level": "LA", "code": "E1"}]),
        (
            {"timePeriods": {"eq": {"period": "1990", "code": "RY"}}},
            "TimePeriodsNotFound",
            [{"period": "1990", "code": "RY"}],
        ),
    ],
)
def test_unknown_id_is_a_warning_and_the_rest_of_the_query_runs(
    asking: Asking, criteria: Any, code: str, items: list[Any]
) -> None:
    status, alone = asking.post(asking.at(CLA, "query"), {"criteria": criteria})
    assert status == 200
    assert [warning["code"] for warning in alone["warnings"]] == [code, "QueryNoResults"]
    assert alone["warnings"][0]["detail"]["items"] == items
    _, beside = asking.post(
        asking.at(CLA, "query"), {"criteria": {"or": [criteria, {"geographicLevels": {"eq": "NAT"}}]}}
    )
    assert [warning["code"] for warning in beside["warnings"]] == [code]
    assert beside["paging"]["totalResults"] == 9


def test_debug_is_a_warning(asking: Asking) -> None:
    assert asking.post(asking.at(CLA, "query"), {"debug": True})[1]["warnings"][0]["code"] == "DebugEnabled"
    assert asking.get(asking.at(CLA, "query"), debug="true")[1]["warnings"][0]["code"] == "DebugEnabled"


# ---- switches


@pytest.mark.parametrize("status", [429, 504])
@pytest.mark.parametrize("after", [None, "3"])
def test_switch_fails_so_many_times_and_then_no_more(asking: Asking, status: int, after: str | None) -> None:
    switches = asking.service.switches
    switches.fail_times, switches.fail_status, switches.retry_after = 2, status, after
    address = f"{asking.service.url}/v1{asking.at(CLA)}"
    answers = [requests.get(address, timeout=5) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == [after, after, None]


def test_switch_keeps_to_its_path(asking: Asking) -> None:
    asking.service.switches.fail_times, asking.service.switches.fail_only = 1, "/meta"
    assert asking.get(asking.at(CLA))[0] == 200
    assert asking.get(asking.at(CLA, "meta"))[0] == 429


def test_switch_drops_the_connection_within_the_answer(asking: Asking) -> None:
    asking.service.switches.drop_times = 1
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        asking.get(asking.at(CLA))
    assert asking.get(asking.at(CLA))[0] == 200


def test_switches_spoil_pages_values_and_counts(asking: Asking) -> None:
    path, switches = asking.at(CLA, "query"), asking.service.switches
    _, whole = asking.post(path, {"page": 2, "pageSize": 5})
    switches.truncate_page = 2
    assert asking.post(path, {"page": 2, "pageSize": 5})[1]["results"] == whole["results"][:4]
    assert len(asking.post(path, {"page": 1, "pageSize": 5})[1]["results"]) == 5
    switches.truncate_page, switches.repeat_row_on = None, 2
    repeated = asking.post(path, {"page": 2, "pageSize": 5})[1]["results"]
    assert repeated[-1] == repeated[0]
    switches.repeat_row_on, switches.move_total_on = None, 2
    assert asking.post(path, {"page": 2, "pageSize": 5})[1]["paging"]["totalResults"] == 37
    switches.values_as_numbers = True
    values = [value for row in asking.post(path)[1]["results"] for value in row["values"].values()]
    assert {type(value) for value in values} == {float, str}
    switches.warnings = [{"code": "FiltersNotFound"}]
    assert asking.post(path)[1]["warnings"] == [{"code": "FiltersNotFound"}]


def test_switch_changes_a_label_after_a_page(asking: Asking) -> None:
    asking.service.switches.change_label_after = 2
    before = asking.get(asking.at(CLA, "meta"))[1]
    asking.post(asking.at(CLA, "query"), {"page": 1, "pageSize": 5})
    assert asking.get(asking.at(CLA, "meta"))[1] == before
    asking.post(asking.at(CLA, "query"), {"page": 2, "pageSize": 5})
    after = asking.get(asking.at(CLA, "meta"))[1]
    assert after["filters"][0]["options"][0]["label"] == before["filters"][0]["options"][0]["label"] + " (revised)"


def test_switch_stalls_until_it_is_released(asking: Asking) -> None:
    asking.service.switches.stall_on = "/meta"
    address = f"{asking.service.url}/v1{asking.at(CLA, 'meta')}"
    with pytest.raises(requests.Timeout):
        requests.get(address, timeout=0.1)
    assert asking.service.stalled.is_set()
    assert asking.get(asking.at(CLA))[0] == 200
    asking.service.release.set()
    assert asking.get(asking.at(CLA, "meta"))[0] == 200


def test_switch_speaks_the_dialect_of_the_guide(asking: Asking) -> None:
    asking.service.switches.guide_dialect = True
    meta = asking.get(asking.at(CLA, "meta"))[1]
    assert meta["filters"][0].keys() >= {"id", "column", "name", "options"}
    assert meta["filters"][0]["options"][0].keys() == {"id", "name", "isAggregate"}
    assert "label" not in meta["indicators"][0]
