"""Fetching by both methods: what lands, where, and what keeps a data set out."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.ees_service.client import EesClient
from dagster_project.landing.inventory import take_inventory
from dagster_project.project import STAGING_DIR
from dagster_project.sources.catalogue import load_catalogue
from dagster_project.sources.tidy_metadata import read_metadata
from tests.ees_service.conftest import Desk
from tests.ees_service.pairs import ABSENCE, CLA, STABILITY

RELEASE = f"published/ees/{CLA}/2025-02-15_v1.1"


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def original(pairs: Path, name: str = CLA, version: str = "1.1") -> list[list[str]]:
    return rows_of(next(pairs.glob(f"*/{name}/{version}/{name}.csv")).read_bytes())


@pytest.mark.parametrize("method", ["csv", "query"])
@pytest.mark.parametrize("guide", [False, True], ids=["live names", "names of the guide"])
def test_data_set_lands_as_the_publisher_made_it(desk: Desk, pairs: Path, method: str, guide: bool) -> None:
    desk.switch(guide_dialect=guide)
    outcome = desk.pin(method=method).fetch_one()
    assert (outcome.outcome, outcome.version, outcome.rows) == ("fetched", "1.1", 36)
    files = desk.files()
    assert files.keys() == {f"{RELEASE}/{CLA}.csv", f"{RELEASE}/{CLA}.meta.csv"}
    header, *rows = rows_of(files[f"{RELEASE}/{CLA}.csv"])
    expected, *lines = original(pairs)
    assert header == expected
    assert sorted(rows) == sorted(lines)


@pytest.mark.parametrize("method", ["csv", "query"])
def test_academic_years_and_their_word_come_back_across_the_century(desk: Desk, pairs: Path, method: str) -> None:
    desk.pin(ABSENCE, "1.0", method=method).fetch_one()
    (content,) = [found for name, found in desk.files().items() if name.endswith(f"/{ABSENCE}.csv")]
    header, *rows = rows_of(content)
    expected, *lines = original(pairs, ABSENCE, "1.0")
    assert [dict(zip(header, row, strict=True)) for row in sorted(rows)] == [
        dict(zip(expected, row, strict=True)) for row in sorted(lines)
    ]
    assert {row[0] for row in rows} == {"199900", "202223"}


def test_headers_that_are_names_of_columns_do_as_well_as_labels(desk: Desk, pairs: Path) -> None:
    desk.switch(column_names_in_csv=True)
    desk.pin().fetch_one()
    assert rows_of(desk.files()[f"{RELEASE}/{CLA}.csv"]) == original(pairs)


def test_metadata_file_lists_filters_and_indicators_with_their_units(desk: Desk) -> None:
    desk.pin(STABILITY, "2.0").fetch_one()
    (content,) = [found for name, found in desk.files().items() if name.endswith(".meta.csv")]
    metadata = read_metadata("x.meta.csv", content)
    assert metadata.is_usable
    assert [row["col_name"] for row in metadata.of_type("Filter")] == ["cla_group", "placement_stability"]
    assert [(row["label"], row["indicator_unit"], row["indicator_dp"]) for row in metadata.of_type("Indicator")] == [
        ("Number of children", "", "0"),
        ("Share of children", "%", "0"),
    ]


def test_inventory_takes_what_landed_for_the_declared_data_set(desk: Desk) -> None:
    desk.pin().fetch_one()
    inventory = take_inventory(desk.raw, load_catalogue(STAGING_DIR))
    (data,) = [file for file in inventory.files if file.kind == "data"]
    assert (data.source, data.tables, data.release, data.problem) == ("ees", (CLA,), "2025-02-15_v1.1", None)
    assert data.metadata_path is not None


def test_second_run_finds_the_release_there_and_asks_for_no_data(desk: Desk) -> None:
    desk.pin()
    desk.fetch_one()
    before = desk.files()
    desk.service.asked.clear()
    outcome = desk.fetch_one()
    assert outcome.outcome == "already there"
    assert desk.files() == before
    assert not [line for line in desk.service.asked if "/csv" in line or "/meta" in line or "/query" in line]


def test_folder_that_is_no_complete_release_is_left_as_it_is(desk: Desk) -> None:
    folder = desk.raw / RELEASE
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    message = desk.pin().failure()
    assert "is not a complete release" in message
    assert "move it away" in message


def test_file_in_the_place_of_a_release_is_left_as_it_is(desk: Desk) -> None:
    place = desk.raw / RELEASE
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    assert "is not a complete release" in desk.pin().failure()


def test_one_data_set_that_fails_does_not_hold_up_the_next(desk: Desk) -> None:
    desk.pin(CLA, "9.0").pin(ABSENCE, "1.0")
    first, second = desk.fetch()
    assert first.has_failed
    assert second.outcome == "fetched"


def test_names_given_choose_among_those_of_council_yml(desk: Desk) -> None:
    desk.pin(CLA).pin(ABSENCE, "1.0")
    assert [outcome.data_set for outcome in desk.fetch(ABSENCE)] == [ABSENCE]


# ---- the method csv


def test_label_of_two_columns_is_refused_by_name(desk: Desk) -> None:
    version = desk.service.data_set(CLA).versions[1]
    version.meta["indicators"][1]["label"] = version.meta["indicators"][0]["label"]
    message = desk.pin().failure()
    assert "the label 'Children aged 0 to 17' is that of more than one column: children_count" in message
    assert "method: query" in message


def test_label_that_metadata_do_not_know_is_refused_by_name(desk: Desk) -> None:
    desk.service.data_set(CLA).versions[1].header[-1] = "surprise"
    assert "the column 'surprise' is no column and no label" in desk.pin().failure()


def test_column_that_nobody_declared_is_refused_by_name(desk: Desk) -> None:
    version = desk.service.data_set(CLA).versions[1]
    version.meta["indicators"].append(version.meta["indicators"][0] | {"id": "zzzzz", "column": "new", "label": "New"})
    version.header.append("new")
    version.lines = [[*line, "1"] for line in version.lines]
    assert "not declared: 'new'" in desk.pin().failure()


def test_declared_column_that_is_missing_is_refused_by_name(desk: Desk) -> None:
    version = desk.service.data_set(CLA).versions[1]
    version.header.pop()
    version.lines = [line[:-1] for line in version.lines]
    assert "missing: 'rate_per_10000'" in desk.pin().failure()


def test_two_headers_of_one_column_are_refused(desk: Desk) -> None:
    desk.switch(column_names_in_csv=True)
    desk.service.data_set(CLA).versions[1].header[-1] = "children_count"
    assert "more than one column of the file is 'children_count'" in desk.pin().failure()


@pytest.mark.parametrize(
    ("place", "text", "words"),
    [
        (2, "Galaxy", "the geographic level 'Galaxy' is not known"),
        (1, "Fortnight", "the kind of period 'Fortnight' is not known"),
        (0, "202324", "'202324' is no period of the kind 'Reporting year'"),
        (10, "Others", "row 36: 'Others' is no option of 'population_type'"),
    ],
)
def test_cell_that_metadata_or_format_do_not_know_is_refused(desk: Desk, place: int, text: str, words: str) -> None:
    desk.service.data_set(CLA).versions[1].lines[-1][place] = text
    assert words in desk.pin().failure()


def test_codes_in_place_of_words_are_put_right(desk: Desk, pairs: Path) -> None:
    words = {"National": "NAT", "Regional": "REG", "Local authority": "LA", "Reporting year": "RY"}
    version = desk.service.data_set(CLA).versions[1]
    version.lines = [[words.get(cell, cell) for cell in line] for line in version.lines]
    desk.pin().fetch_one()
    assert rows_of(desk.files()[f"{RELEASE}/{CLA}.csv"]) == original(pairs)


def test_file_with_fewer_rows_than_the_version_is_refused(desk: Desk) -> None:
    desk.switch(csv_lines=desk.service.data_set(CLA).versions[1].lines[:-1])
    assert "the file holds 35 rows, version 1.1 has 36" in desk.pin().failure()


def test_file_with_more_rows_than_the_version_is_refused(desk: Desk) -> None:
    lines = desk.service.data_set(CLA).versions[1].lines
    desk.switch(csv_lines=[*lines, lines[-1]])
    assert "the file holds 37 rows, version 1.1 has 36" in desk.pin().failure()


def test_option_with_spaces_about_it_is_the_option(desk: Desk) -> None:
    lines = desk.service.data_set(CLA).versions[1].lines
    lines[-1][10] = f" {lines[-1][10]} "
    assert desk.pin().fetch_one().outcome == "fetched"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content.replace(b"National", b"Nation\xe9", 1), "is not UTF-8 text"),
        (lambda content: content + b'2025,"open', "is no CSV"),
        (lambda content: b"", "an empty file"),
    ],
)
def test_file_that_is_no_csv_in_utf_8_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[bytes], bytes], words: str
) -> None:
    change_file(monkeypatch, spoil)
    assert words in desk.pin().failure()


def test_byte_order_mark_of_the_file_is_no_part_of_its_first_header(
    desk: Desk, pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.switch(column_names_in_csv=True)
    # In quotes, which are quotes at the very beginning of a cell only. The service sends the mark.
    change_file(monkeypatch, lambda content: content.replace(b"\xef\xbb\xbftime_period", b'\xef\xbb\xbf"time_period"'))
    desk.pin().fetch_one()
    assert rows_of(desk.files()[f"{RELEASE}/{CLA}.csv"]) == original(pairs)


def change_file(monkeypatch: pytest.MonkeyPatch, change: Callable[[bytes], bytes]) -> None:
    """Let the whole file arrive otherwise than the service sent it."""
    download = EesClient.whole_csv

    def changed(client: EesClient, data_set_id: str, version: str, target: Path) -> None:
        download(client, data_set_id, version, target)
        target.write_bytes(change(target.read_bytes()))

    monkeypatch.setattr(EesClient, "whole_csv", changed)


@pytest.mark.parametrize("method", ["csv", "query"])
def test_unit_that_is_not_known_is_refused(desk: Desk, method: str) -> None:
    desk.service.data_set(CLA).versions[1].meta["indicators"][0]["unit"] = "kg"
    assert "'population_estimate' has the unit 'kg', which is not known" in desk.pin(method=method).failure()


def test_names_of_columns_are_taken_at_their_word_where_one_is_the_label_of_another(desk: Desk, pairs: Path) -> None:
    desk.switch(column_names_in_csv=True)
    desk.service.data_set(CLA).versions[1].meta["indicators"][0]["label"] = "children_count"
    desk.pin().fetch_one()
    assert rows_of(desk.files()[f"{RELEASE}/{CLA}.csv"]) == original(pairs)


def test_row_of_another_length_than_the_header_is_refused(desk: Desk) -> None:
    desk.service.data_set(CLA).versions[1].lines[3].append("x")
    assert "row 4 has 15 cells, the header 14" in desk.pin().failure()


def test_file_without_rows_is_refused(desk: Desk) -> None:
    desk.switch(csv_lines=[])
    assert "a header and no rows" in desk.pin().failure()


# ---- the method query


def test_pages_are_read_to_the_count_and_no_further(desk: Desk) -> None:
    desk.pin(method="query").fetch_one(page_size=9)
    assert [line.rpartition(" ")[2] for line in desk.service.asked if "/query" in line] == ["1", "2", "3", "4"]


def test_truncated_page_is_refused_and_not_kept(desk: Desk) -> None:
    desk.switch(truncate_page=2)
    assert "page 2 holds 4 results where 5 are due" in desk.pin(method="query").failure()
    assert not list(desk.kept.rglob("*.json"))
    desk.switch(truncate_page=None)
    assert desk.fetch_one().outcome == "fetched"


def test_page_that_is_empty_before_the_count_ends_the_reading_and_fails(desk: Desk) -> None:
    desk.switch(truncate_page=2)
    assert "where" in desk.pin(method="query").failure(page_size=35)
    assert sum("/query" in line for line in desk.service.asked) == 2


def test_page_whose_size_is_no_number_is_refused_and_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    change_pages(monkeypatch, lambda answer: answer["paging"].update(pageSize="5"))
    assert "page 1 says that its size is '5', which is no number" in desk.pin(method="query").failure()
    assert not list(desk.kept.rglob("*.json"))


def change_pages(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]) -> None:
    """Let each page of a query arrive otherwise than the service sent it."""
    ask = EesClient.query

    def changed(*asked: Any) -> dict[str, Any]:
        answer = dict(ask(*asked))
        change(answer)
        return answer

    monkeypatch.setattr(EesClient, "query", changed)


def test_page_of_another_number_than_the_one_asked_for_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    change_pages(monkeypatch, lambda answer: answer["paging"].update(page=7))
    assert "page 1 holds 5 results where 5 are due" in desk.pin(method="query").failure()


def test_query_without_rows_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    change_pages(
        monkeypatch, lambda answer: (answer["results"].clear(), answer["paging"].update(totalResults=0, totalPages=1))
    )
    assert "there are no rows" in desk.pin(method="query").failure()


def test_two_places_of_one_name_are_two_rows(desk: Desk) -> None:
    # Former and new authorities may share name and number, and differ in the code alone.
    (authorities,) = (
        group for group in desk.service.data_set(CLA).versions[1].meta["locations"] if group["level"]["code"] == "LA"
    )
    for place in authorities["options"]:
        place.update(label="Bournemouth", oldCode="837")
    assert desk.pin(method="query").fetch_one().rows == 36


def test_question_sorts_by_everything_that_makes_a_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    ask = EesClient.query
    monkeypatch.setattr(
        EesClient, "query", lambda self, name, version, body: (asked.append(body), ask(self, name, version, body))[1]
    )
    desk.pin(ABSENCE, "1.0", method="query").fetch_one()
    filters = [f"filter|{entry['id']}" for entry in desk.service.data_set(ABSENCE).versions[0].meta["filters"]]
    assert len(filters) == 3
    places = ["location|NAT", "location|REG", "location|LA"]
    assert [sort["field"] for sort in asked[0]["sorts"]] == ["timePeriod", "geographicLevel", *places, *filters]


def test_value_that_is_a_number_is_refused(desk: Desk) -> None:
    desk.switch(values_as_numbers=True)
    assert "the value of 'population_estimate' is 166660.0, not text" in desk.pin(method="query").failure()


def test_row_that_comes_twice_is_refused(desk: Desk) -> None:
    desk.switch(repeat_row_on=1)
    assert "the same row comes twice (2023, Reporting year" in desk.pin(method="query").failure()


def test_count_that_moves_between_pages_is_refused(desk: Desk) -> None:
    desk.switch(move_total_on=2)
    assert "page 2 speaks of 37 results, those before it of 36" in desk.pin(method="query").failure()


def test_label_that_changes_between_pages_is_refused(desk: Desk) -> None:
    desk.switch(change_label_after=3)
    assert "the metadata changed while the pages were read" in desk.pin(method="query").failure()
    assert not list(desk.kept.rglob("*.json"))


def test_warning_is_a_failure_that_says_how_to_accept_it(desk: Desk) -> None:
    desk.switch(warnings=[{"code": "LocationsNotFound", "message": "Lost.", "detail": {"items": ["owqlK"]}}])
    message = desk.pin(method="query").failure()
    assert "LocationsNotFound: Lost. (owqlK)" in message
    assert "accept_warnings: [LocationsNotFound]" in message


def test_warning_that_is_accepted_is_told_and_the_data_land(desk: Desk) -> None:
    desk.switch(warnings=[{"code": "LocationsNotFound", "message": "Lost."}])
    outcome = desk.pin(method="query", accept_warnings=["LocationsNotFound"]).fetch_one()
    assert outcome.outcome == "fetched"
    assert any("warning accepted: page 1: LocationsNotFound" in line for line in outcome.lines())


def test_debug_is_no_reason_to_stop(desk: Desk) -> None:
    desk.switch(warnings=[{"code": "DebugEnabled", "message": "Debug is on."}])
    assert desk.pin(method="query").fetch_one().outcome == "fetched"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda row: row["locations"].update(LA="nowhe"), "place 'nowhe' of level LA is not in the metadata"),
        (lambda row: row["locations"].update(SCH="nowhe"), "a place of level SCH, which no column is declared for"),
        (lambda row: row["locations"].clear(), "has no place of its level"),
        (lambda row: row["filters"].update(dict.fromkeys(row["filters"], "nowhe")), "'nowhe' is no option of"),
        (lambda row: row["locations"].update(LA=["owqlK"]), "place ['owqlK'] of level LA is not in the metadata"),
        (lambda row: row["filters"].update({name: ["x"] for name in row["filters"]}), "['x'] is no option of"),
        (lambda row: row["filters"].clear(), "None is no option of"),
        (lambda row: row["filters"].update(extra="x"), "extra is not in the metadata"),
        (lambda row: row["values"].pop(next(iter(row["values"]))), "the value of 'population_estimate' is missing"),
        (lambda row: row["values"].update(extra="1"), "extra is not in the metadata"),
        (lambda row: row.update(geographicLevel="SCH"), "is of level 'SCH', which was not asked for"),
        (lambda row: row["timePeriod"].update(code="QQ"), "the kind of period 'QQ' is not known"),
        (lambda row: row["timePeriod"].update(period="2022/2024"), "'2022/2024' is no period of the kind"),
        (lambda row: row.pop("values"), "has no `values`"),
    ],
)
def test_result_that_metadata_do_not_explain_is_refused(desk: Desk, spoil: object, words: str) -> None:
    desk.switch(spoil_row=spoil)
    assert words in desk.pin(method="query").failure()


def test_data_set_without_the_levels_of_the_product_is_refused(desk: Desk) -> None:
    desk.service.data_set(CLA).versions[1].meta["geographicLevels"] = [{"code": "SCH", "label": "School"}]
    assert "none of the levels NAT, REG, LA" in desk.pin(method="query").failure()


def test_column_of_the_query_that_nobody_declared_is_refused_by_name(desk: Desk) -> None:
    version = desk.service.data_set(CLA).versions[1]
    version.meta["indicators"].append(version.meta["indicators"][0] | {"id": "zzzzz", "column": "new", "label": "New"})
    assert "not declared: 'new'" in desk.pin(method="query").failure()
