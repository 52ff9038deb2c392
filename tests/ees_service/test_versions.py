"""Which version is fetched, and what stops a data set or is told beside it."""

from dataclasses import replace

import pytest

from dagster_project.ees_service.client import EesClient, ServiceError
from dagster_project.ees_service.labels import level_text, period_of, read_meta
from dagster_project.ees_service.versions import changes_in, number_of
from dagster_project.sources.tidy_vocabulary import IDENTIFIERS, LEVELS
from tests.ees_service.conftest import Desk
from tests.ees_service.pairs import CLA, STABILITY


@pytest.mark.parametrize(
    ("pin", "version"),
    [("1.0", "1.0"), ("1", "1.0"), ("v1.1", "1.1"), ("1.*", "1.1"), ("1.0.*", "1.0"), ("*", "1.1"), ("v1.*", "1.1")],
)
def test_pin_means_the_very_version_or_the_newest_that_a_wildcard_allows(desk: Desk, pin: str, version: str) -> None:
    assert desk.pin(version=pin).fetch_one().version == version


@pytest.mark.parametrize("pin", ["7.0", "2.*", "1.7"])
def test_version_that_is_not_there_is_named_beside_those_that_are(desk: Desk, pin: str) -> None:
    message = desk.pin(version=pin).failure()
    assert f"there is no version {pin}; versions there are: 1.1 (Published), 1.0 (Published)" in message


def test_newer_version_that_only_adds_is_told_with_what_it_brings(desk: Desk) -> None:
    outcome = desk.pin(version="1.0").fetch_one()
    assert outcome.version == "1.0"
    (note,) = outcome.notes
    assert note.startswith("version 1.1 of 2025-02-15 is there, 1.0 is pinned; it brings: ")
    assert "option 'Children ceasing to be looked after each year' added" in note
    assert "indicator 'Population' (population_estimate) changed to 'Children aged 0 to 17'" in note
    assert "period '2025'" in note


def test_newer_version_without_a_change_is_told_too(desk: Desk) -> None:
    first, second = desk.service.data_set(CLA).versions
    second.meta = first.meta
    (note,) = desk.pin(version="1.0").fetch_one().notes
    assert "with no change in what it holds" in note


@pytest.mark.parametrize("pin", ["1.0", "1.1", "1.*"])
@pytest.mark.parametrize("method", ["csv", "query"])
def test_later_version_that_removes_something_stops_the_data_set_and_names_it(
    desk: Desk, pin: str, method: str
) -> None:
    message = desk.pin(STABILITY, pin, method=method).failure()
    assert "version 2.0 is not like" in message
    assert "option 'With 3 or more placements during the year' removed" in message
    assert 'set `version` to "2.0"' in message


def test_changes_of_every_version_after_the_pinned_one_are_read(desk: Desk) -> None:
    desk.pin(STABILITY, "1.0").failure()
    asked = [line for line in desk.service.asked if line.endswith("/changes")]
    assert [line.split("/")[-2] for line in asked] == ["1.1", "2.0"]


def test_newest_version_is_fetched_by_a_star_where_nothing_landed_before(desk: Desk) -> None:
    assert desk.pin(STABILITY, "*").fetch_one().version == "2.0"


def test_star_does_not_carry_in_a_version_that_removes_something_after_an_earlier_one_landed(desk: Desk) -> None:
    found = desk.service.data_set(STABILITY)
    latest = found.versions.pop()
    assert desk.pin(STABILITY, "*").fetch_one().version == "1.1"
    found.versions.append(latest)
    assert "version 2.0 is not like version 1.1" in desk.failure()


def test_release_that_is_there_still_hears_of_a_later_one_that_changes_something(desk: Desk) -> None:
    found = desk.service.data_set(STABILITY)
    latest = found.versions.pop()
    desk.pin(STABILITY, "1.1").fetch_one()
    found.versions.append(latest)
    assert "version 2.0 is not like version 1.1" in desk.failure()


def test_star_compares_with_the_newest_of_those_that_landed(desk: Desk) -> None:
    found = desk.service.data_set(STABILITY)
    found.versions.append(replace(found.versions[2], version="2.1"))
    # What 2.0 removes was seen when 2.0 was fetched.
    for version in ("1.1", "2.0"):
        folder = desk.raw / "published" / "ees" / STABILITY / f"2025-01-15_v{version}"
        folder.mkdir(parents=True)
        (folder / f"{STABILITY}.csv").touch()
    assert desk.pin(STABILITY, "*").fetch_one().version == "2.1"


def test_later_version_that_is_deprecated_by_now_stops_the_data_set_too(desk: Desk) -> None:
    desk.service.data_set(STABILITY).versions[2].status = "Deprecated"
    assert "version 2.0 is not like" in desk.pin(STABILITY, "1.0").failure()


@pytest.mark.parametrize(("status", "words"), [("Draft", "is draft"), ("", "is of no status")])
def test_version_that_is_not_published_is_not_fetched(desk: Desk, status: str, words: str) -> None:
    desk.service.data_set(CLA).versions[1].status = status
    assert f"version 1.1 {words}" in desk.pin(version="1.1").failure()


def test_withdrawn_data_set_is_a_failure(desk: Desk) -> None:
    desk.service.data_set(CLA).status = "Withdrawn"
    message = desk.pin().failure()
    assert f"the data set '{CLA}' is withdrawn; none takes its place" in message


def test_withdrawn_version_is_a_failure_and_no_wildcard_chooses_it(desk: Desk) -> None:
    desk.service.data_set(CLA).versions[1].status = "Withdrawn"
    assert "version 1.1 is withdrawn" in desk.pin(version="1.1").failure()
    assert desk.pin(version="1.*").fetch_one().version == "1.0"


def test_withdrawn_later_version_stops_nothing(desk: Desk) -> None:
    desk.service.data_set(STABILITY).versions[2].status = "Withdrawn"
    outcome = desk.pin(STABILITY, "1.1").fetch_one()
    assert (outcome.outcome, outcome.notes) == ("fetched", ())


def test_deprecated_data_set_is_fetched_with_a_warning_that_names_its_successor(desk: Desk) -> None:
    found = desk.service.data_set(CLA)
    found.status, found.superseded_by = "Deprecated", "the-next-one"
    outcome = desk.pin().fetch_one()
    assert outcome.outcome == "fetched"
    assert "warning: the data set is deprecated; data set the-next-one takes its place" in outcome.notes


def test_deprecated_version_is_fetched_when_pinned_exactly(desk: Desk) -> None:
    desk.service.data_set(CLA).versions[0].status = "Deprecated"
    outcome = desk.pin(version="1.0").fetch_one()
    assert outcome.version == "1.0"
    assert "warning: version 1.0 is deprecated" in outcome.notes


def test_versions_are_read_from_as_many_pages_as_there_are(desk: Desk) -> None:
    found = desk.service.data_set(CLA)
    first = found.versions[0]
    for number in range(2, 45):
        found.versions.append(type(first)(f"1.{number}", first.header, first.lines, found.versions[1].meta, first.rows,
                                          first.published))  # fmt: skip
    assert desk.pin(version="1.0").fetch_one().version == "1.0"
    assert sum(line.endswith("/versions") for line in desk.service.asked) == 3


@pytest.mark.parametrize(
    ("version", "published", "words"),
    [
        ("../../x", "2025-01-15T09:30:00Z", "is no number"),
        ("v1.5", "2025-01-15T09:30:00Z", "is no number"),
        ("1.5", "soon", "no day of publication"),
    ],
)
def test_version_that_could_not_name_a_folder_is_refused(desk: Desk, version: str, published: str, words: str) -> None:
    class Odd:
        def __init__(self) -> None:
            self.announce = None

        def data_set(self, data_set_id: str) -> dict:
            return {"status": "Published"}

        def versions(self, data_set_id: str) -> tuple[dict, ...]:
            return ({"version": version, "published": published, "status": "Published"},)

    assert words in desk.pin().failure(client=Odd())


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", (1, 0, 0)), ("v1.2", (1, 2, 0)), ("2.1.1", (2, 1, 1)), ("1.*", None), ("1.2.3.4", None), ("", None)],
)
def test_number_of_a_version(text: str, number: tuple[int, int, int] | None) -> None:
    assert number_of(text) == number


def test_changes_in_groups_name_the_filter_or_level_they_are_in() -> None:
    changes = {
        "filterOptions": [
            {
                "filter": {"id": "f", "label": "School type", "column": "school_type"},
                "options": [
                    {"previousState": {"id": "a", "label": "Total"}, "currentState": {"id": "b", "label": "Total"}}
                ],
            }
        ],
        "locationOptions": [
            {"level": {"code": "LA", "label": "Local authority"}, "options": [{"currentState": {"label": "Leeds"}}]}
        ],
        "locationGroups": [{"previousState": {"level": {"code": "REG", "label": "Regional"}}}],
        "surprise": [{}, "x"],
        "filters": {"previousState": {"label": "Sex"}},
        "indicators": None,
        "timePeriods": [],
    }
    assert changes_in(changes) == [
        "option 'Total' changed to 'Total' (id a to b) of 'School type' (school_type)",
        "place 'Leeds' added of 'Local authority' (LA)",
        "group of places 'Regional' (REG) removed",
        "surprise changed",
        "surprise changed",
        "filter 'Sex' removed",
    ]


@pytest.mark.parametrize("changes", [{}, {"majorChanges": None, "minorChanges": {}}])
def test_answer_that_does_not_say_what_changed_is_not_taken_for_no_change(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, changes: dict
) -> None:
    monkeypatch.setattr(EesClient, "changes", lambda *_: changes)
    assert (
        "the service does not say whether version 1.1 removes or changes anything" in desk.pin(version="1.0").failure()
    )


@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda found: found.code)
def test_every_kind_of_period_has_its_word_and_its_length(identifier) -> None:
    long, short = ("2022/2023", "202223") if identifier.digits == 6 else ("2022", "2022")
    assert period_of(long, identifier.code) == (short, identifier.text)
    assert period_of(short, identifier.text) == (short, identifier.text)
    with pytest.raises(ServiceError, match="is no period"):
        period_of("2022" if identifier.digits == 6 else "2022/2023", identifier.code)


@pytest.mark.parametrize("period", ["2022/2123", "2022/1923", "202224", "2022/24", "2022/2022"])
def test_years_that_do_not_follow_one_another_are_no_period(period: str) -> None:
    with pytest.raises(ServiceError, match="is no period"):
        period_of(period, "AY")


@pytest.mark.parametrize("level", LEVELS, ids=lambda found: found.code)
def test_every_level_has_its_word(level) -> None:
    assert level_text(level.text) == level.text
    if level.code not in ("LEP", "LSIP", "MCA"):
        assert level_text(level.code) == level.text


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"filters": [{"id": "a", "label": "A"}]}, "a filter has no `column`"),
        ({"indicators": [{"id": "a", "column": "a"}]}, "an indicator has no `label`"),
        ({"filters": {}, "indicators": "x"}, "`indicators` in the metadata is no list"),
        ({"indicators": [{"id": "a", "column": "a", "label": "A"}] * 2}, "id 'a' stands twice"),
        ({"geographicLevels": [{}]}, "a level has no `code`"),
        (
            {"filters": [{"id": "a", "column": "a", "label": "A", "options": [{"id": "o", "label": "O"}] * 2}]},
            "id 'o' stands twice",
        ),
        (
            {"locations": [{"level": {"code": "LA"}, "options": [{"id": "p", "label": "P"}] * 2}]},
            "id 'p' stands twice",
        ),
    ],
)
def test_metadata_without_what_is_needed_are_refused(meta: dict, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        read_meta(meta)
