"""Which edition a refresh builds, and the editions on disk."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.editions.choice import (
    UnknownEdition,
    edition_for,
    former_neighbour_list,
    neighbour_list,
)
from dagster_project.editions.listing import NoSuchEdition, difference, written
from dagster_project.project import DataFolders
from dagster_project.settings import Edition, LatestPeriodEnd, Settings


def settings(*editions: Edition) -> Settings:
    return Settings(authority=383, editions=editions)


OUT = Edition(id="2023-01", published_date=date(2024, 1, 15))
NEXT = Edition(id="2024-01")
LAST = Edition(id="2025-01")


def test_without_entries_the_id_is_the_year_of_the_newest_31_march() -> None:
    assert edition_for(settings(), asked=None, newest_31_march=2025).id == "2025-01"


def test_last_edition_not_yet_published_is_built() -> None:
    assert edition_for(settings(OUT, NEXT, LAST), asked=None, newest_31_march=2025) == LAST
    assert edition_for(settings(OUT, NEXT), asked=None, newest_31_march=2030) == NEXT


def test_published_editions_stay_as_they_are_and_the_next_free_number_is_built() -> None:
    assert edition_for(settings(OUT), asked=None, newest_31_march=2025) == Edition(id="2025-01")
    assert edition_for(settings(OUT), asked=None, newest_31_march=2023) == Edition(id="2023-02")


def test_edition_asked_for_is_built_whatever_waits() -> None:
    assert edition_for(settings(OUT, NEXT), asked="2023-01", newest_31_march=2025) == OUT
    assert edition_for(settings(), asked="2019-01b", newest_31_march=2025).id == "2019-01b"


def test_text_that_is_no_edition_id_is_refused() -> None:
    with pytest.raises(UnknownEdition, match="such as 2025-01"):
        edition_for(settings(), asked="../x", newest_31_march=2025)


def test_unknown_edition_is_refused_with_those_that_are_listed() -> None:
    with pytest.raises(UnknownEdition, match=r"2022-01 is not in council\.yml; it lists 2023-01, 2024-01"):
        edition_for(settings(OUT, NEXT), asked="2022-01", newest_31_march=2025)


LISTS = {"2021-04": date(2021, 4, 1), "2025-05": date(2025, 5, 1)}


@pytest.mark.parametrize(
    ("council", "own", "version"),
    [
        ("newest", None, "2025-05"),
        ("2021-04", None, "2021-04"),
        ("2021-04", "newest", "2025-05"),
        ("newest", "2021-04", "2021-04"),
    ],
)
def test_list_of_the_edition_wins_over_that_of_the_council(council: str, own: str | None, version: str) -> None:
    made = Settings(authority=383, neighbours=council)
    assert neighbour_list(made, Edition(id="2023-01", neighbours=own), LISTS) == version


def test_without_a_loaded_list_there_is_no_newest_one() -> None:
    assert neighbour_list(settings(), Edition(id="2023-01"), {}) is None


@pytest.mark.parametrize(
    ("before", "own", "former"),
    [
        (Edition(id="2023-01", neighbours="2021-04"), "2025-05", "2021-04"),
        (Edition(id="2023-01", neighbours="2021-04"), "2021-04", None),
        (Edition(id="2023-01", published_date=date(2024, 1, 15)), "newest", "2021-04"),
        (Edition(id="2023-01", data_cut_off=date(2025, 4, 30)), "newest", "2021-04"),
        (Edition(id="2023-01", published_date=date(2025, 5, 1)), "newest", None),
        (Edition(id="2023-01"), "newest", None),
        (Edition(id="2023-01", neighbours="2018-01"), "newest", None),
    ],
)
def test_list_of_the_edition_before_is_told_only_where_it_was_another(
    before: Edition, own: str, former: str | None
) -> None:
    made = settings(before, Edition(id="2025-01", neighbours=own), Edition(id="2026-01", neighbours="2021-04"))
    assert former_neighbour_list(made, made.editions[1], LISTS) == former


def test_first_edition_has_none_before_it_and_one_not_listed_follows_the_last() -> None:
    made = settings(Edition(id="2023-01", neighbours="2021-04"))
    assert former_neighbour_list(made, made.editions[0], LISTS) is None
    assert former_neighbour_list(made, Edition(id="2024-01"), LISTS) == "2021-04"


def test_scope_and_list_of_the_edition_are_written_and_a_change_rebuilds_only_what_stands_on_them() -> None:
    from dagster_project.warehouse import settings_fingerprints, write_settings

    limits = LatestPeriodEnd(academic=date(2022, 8, 31), snapshot_31_march=date(2023, 3, 31))
    edition = Edition(id="2023-01", latest_period_end=limits, data_cut_off=date(2023, 6, 30), neighbours="2021-04")
    connection = duckdb.connect()
    write_settings(connection, settings(edition), (), edition=edition)
    assert connection.execute("FROM settings.edition_scope").fetchall() == [
        (date(2022, 8, 31), None, None, date(2023, 3, 31), date(2023, 6, 30))
    ]
    assert connection.execute("SELECT neighbours FROM settings.council").fetchall() == [("2021-04",)]

    first = settings_fingerprints(settings(edition), (), edition=edition)
    renamed = edition.model_copy(update={"id": "2023-02", "title": "Another"})
    assert settings_fingerprints(settings(renamed), (), edition=renamed) == first
    for update, table in (({"data_cut_off": None}, "edition_scope"), ({"neighbours": None}, "council")):
        changed = edition.model_copy(update=update)
        second = settings_fingerprints(settings(changed), (), edition=changed)
        assert {name for name in first if first[name] != second[name]} == {f"settings.{table}"}


def test_without_an_edition_nothing_is_limited() -> None:
    from dagster_project.warehouse import write_settings

    connection = duckdb.connect()
    write_settings(connection, settings(), ())
    assert connection.execute("FROM settings.edition_scope").fetchall() == [(None,) * 5]


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    made = DataFolders(tmp_path / "data")
    made.create()
    return made


def write(folders: DataFolders, edition_id: str, figures: list[tuple[str, str, float]]) -> None:
    """An edition on disk with the figures it prints, in a version of its own."""
    page = folders.edition(edition_id)
    page.mkdir(parents=True)
    (page / "manifest.json").write_text(json.dumps({"edition_id": edition_id, "version_id": f"v{edition_id}"}))
    version = folders.versions / f"v{edition_id}"
    version.mkdir()
    with duckdb.connect(str(version / "children.duckdb")) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute("CREATE TABLE marts.edition_figure (figure_id VARCHAR, printed VARCHAR, value DOUBLE)")
        for figure in figures:
            connection.execute("INSERT INTO marts.edition_figure VALUES (?, ?, ?)", list(figure))


def test_editions_with_a_page_are_listed_by_id(folders: DataFolders) -> None:
    assert written(folders) == []
    write(folders, "2025-01", [])
    write(folders, "2024-01", [])
    assert [(edition.edition_id, edition.version_id) for edition in written(folders)] == [
        ("2024-01", "v2024-01"),
        ("2025-01", "v2025-01"),
    ]


def test_difference_names_what_is_new_changed_and_gone_by_the_printed_text(folders: DataFolders) -> None:
    write(
        folders,
        "2024-01",
        [("same", "85", 85.0), ("rounds alike", "12", 12.1), ("moved", "10", 10.0), ("left", "1", 1)],
    )
    write(
        folders,
        "2025-01",
        [("same", "85", 85.0), ("rounds alike", "12", 12.2), ("moved", "12", 12.0), ("came", "2", 2)],
    )
    rows: dict[str, Any] = {row["figure_id"]: row for row in difference(folders, "2024-01", "2025-01")}
    assert {name: row["kind"] for name, row in rows.items()} == {"moved": "changed", "left": "gone", "came": "new"}
    assert (rows["moved"]["then"], rows["moved"]["now"], rows["moved"]["difference"]) == ("10", "12", 2.0)


def test_edition_without_outputs_is_refused_with_those_that_have_some(folders: DataFolders) -> None:
    write(folders, "2024-01", [])
    with pytest.raises(NoSuchEdition, match="no edition 2023-01; editions written so far: 2024-01"):
        difference(folders, "2023-01", "2024-01")
