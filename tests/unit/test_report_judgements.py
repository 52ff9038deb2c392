"""Marks of judgements and the cells that compare, from rows written by hand: no file is read, no page rendered."""

import datetime as dt
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from dagster_project.report.blocks import Mark
from dagster_project.report.headline import (
    change_cell,
    comparability_of,
    core_city_words,
    first_since,
    latest_row,
    mean_cell,
    mean_of,
    published_cell,
    region_state,
    series_words,
)
from dagster_project.report.judgements import (
    england_mark,
    interval_words,
    mark_of,
    place_mark,
    reason_words,
    target_mark,
    unusual_mark,
)

PERCENT = {"indicator_id": "share", "unit": "percent", "decimals": 0, "polarity": "high"}
ROW = {"indicator_id": "share", "area_code": "town", "period_id": "year_2025-08-31", "value": 50.0}
LONDON, INNER, ENGLAND = "E12000007", "E13000001", "E92000001"


def judgement(word: str, *, meaning: str | None = None, reason: str | None = None, **inputs: Any) -> dict[str, Any]:
    return {"word": word, "meaning": meaning, "reason": reason, "inputs": inputs or None}


def judging(**judged: dict[str, Any]) -> SimpleNamespace:
    """Marts that hold the judgements of one figure, by what it is judged against."""
    return SimpleNamespace(judgement=lambda row, kind, against: judged.get(against))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("no_interval", "no counts loaded"),
        ("base_differs", "the counts loaded do not give this figure"),
        ("no_england_value", "no England figure"),
        ("below_minimum_base", "too few children"),
        ("too_few_authorities", "too few authorities have counts"),
        ("outside_the_set", "no authority of today"),
        ("provisional", "provisional: may change, not judged"),
        ("another_one", "another one"),
        (None, None),
        ("", None),
    ],
)
def test_reason_is_printed_in_words(reason, words):
    assert reason_words(reason) == words


@pytest.mark.parametrize(
    ("judged", "mark"),
    [
        (judgement("better", meaning="better"), Mark("better", "better; detail")),
        (judgement("worse", meaning="worse"), Mark("worse", "worse; detail")),
        (judgement("similar"), Mark("similar", "similar; detail")),
        (judgement("higher"), Mark("other", "higher; detail")),
        (judgement("lower"), Mark("other", "lower; detail")),
        (judgement("unusually high", meaning="worse"), Mark("worse", "unusually high; detail")),
        (judgement("unusually low"), Mark("other", "unusually low; detail")),
        (judgement("within the expected range"), Mark("similar", "within the expected range; detail")),
        (judgement("not tested", reason="no_interval"), Mark("open", "not tested: no counts loaded")),
        (judgement("not tested"), Mark("open", "not tested")),
        (judgement("too few to judge", reason="below_minimum_base"), Mark("open", "too few to judge")),
    ],
)
def test_shape_repeats_what_the_word_says(judged, mark):
    assert mark_of(judged, "detail") == mark


def test_interval_has_a_decimal_more_than_a_whole_number():
    tested = judgement("similar", lower=44.14, upper=48.96)
    assert interval_words(tested, PERCENT) == "95% interval 44.1% to 49.0%"
    assert interval_words(tested, PERCENT | {"decimals": 2}) == "95% interval 44.14% to 48.96%"


@pytest.mark.parametrize(
    "judged",
    [
        None,
        judgement("not tested"),
        judgement("similar", lower=None, upper=2.0),
        judgement("similar", lower=1.0, upper=None),
    ],
)
def test_no_limits_no_interval(judged):
    assert interval_words(judged, PERCENT) is None


def test_england_mark_holds_the_interval_unless_it_stands_elsewhere():
    marts = judging(england=judgement("better", meaning="better", lower=44.14, upper=48.96))
    assert england_mark(marts, ROW, PERCENT) == (Mark("better", "better; 95% interval 44.1% to 49.0%"),)
    assert england_mark(marts, ROW, PERCENT, with_interval=False) == (Mark("better", "better"),)
    assert england_mark(judging(), ROW, PERCENT) == ()


def test_unusual_mark_says_how_many_chance_alone_would_flag():
    judged = judgement("unusually low", meaning="worse", flagged=11, authorities=151, expected_false_alarms=7.55)
    mark = Mark("worse", "unusually low; 11 of 151 unusual, about 8 by chance")
    assert unusual_mark(judging(authorities=judged), ROW) == (mark,)
    assert unusual_mark(judging(), ROW) == ()
    for missing in ("flagged", "expected_false_alarms"):
        judged = judgement("unusually low", **{"flagged": 1, "expected_false_alarms": 1.0, missing: None})
        assert unusual_mark(judging(authorities=judged), ROW) == (Mark("other", "unusually low"),)


def test_one_reason_is_printed_once():
    """Beside England it says why nothing is tested; the rank says it only for a reason of its own."""
    untested = judgement("not tested", reason="no_interval")
    apart = judgement("not tested", reason="outside_the_set")
    assert unusual_mark(judging(authorities=untested, england=untested), ROW) == ()
    assert unusual_mark(judging(authorities=apart, england=untested), ROW) != ()
    assert unusual_mark(judging(authorities=untested), ROW) != ()
    tested = judgement("within the expected range")
    assert unusual_mark(judging(authorities=tested, england=judgement("similar")), ROW) != ()


def test_target_and_place_are_told_as_they_are():
    target = judgement("amber", reference_value=61.5)
    assert target_mark(judging(target=target), ROW, PERCENT) == (Mark("other", "amber against the target of 62%"),)
    assert target_mark(judging(target=judgement("amber")), ROW, PERCENT) == ()
    assert target_mark(judging(), ROW, PERCENT) == ()
    assert place_mark(judging(region=judgement("4th of 11")), ROW, "region") == (Mark("place", "4th of 11"),)
    assert place_mark(judging(), ROW, "region") == ()


# --- the cells that compare


def state(value: float | None, *, status: str = "ok", comparability: str = "ok") -> dict[str, Any]:
    return {"value": value, "value_status": status, "vintage_id": "v", "comparability": comparability}


def marts(**held: Any) -> SimpleNamespace:
    """Marts of a town in Inner London; `held` are the tables that a test is about."""
    tables: dict[str, Any] = {
        "authority": "town",
        "name": "Town",
        "region_code": INNER,
        "region_name": "Inner London",
        "wider_region_code": LONDON,
        "area_names": {LONDON: "London"},
        "published_state": {},
        "comparator_values": {},
        "comparison": {},
        "breaks": {},
        "label": lambda period_id: period_id.removeprefix("year_")[:4],
        "members": lambda group_id, version: ["a", "b", "c"],
        "newest_version": lambda group_id: "1",
        "judgement": lambda row, kind, against: None,
    }
    return SimpleNamespace(**(tables | held))


def states(**by_area: Mapping[str, Any]) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    codes = {"inner": INNER, "london": LONDON, "england": ENGLAND, "town": "town"}
    return {("share", codes[area], ROW["period_id"]): found for area, found in by_area.items()}


@pytest.mark.parametrize(
    ("published", "region_value", "value", "name"),
    [
        (states(inner=state(50), london=state(60)), 50.0, 50, "Inner London"),
        (states(inner=state(None), london=state(60)), 60.0, 60, "London"),
        (states(london=state(60)), 60.0, 60, "London"),
        (states(inner=state(None), london=state(60)), None, None, "Inner London"),
        (states(inner=state(None), london=state(None)), 60.0, None, "Inner London"),
        (states(inner=state(None)), 60.0, None, "Inner London"),
    ],
)
def test_london_stands_where_its_part_has_no_figure(published, region_value, value, name):
    found, shown_for = region_state(marts(published_state=published), "share", ROW | {"region_value": region_value})
    assert (found["value"], shown_for) == (value, name)


def test_region_without_a_wider_one_stays_itself():
    only = marts(published_state=states(inner=state(None), london=state(60)), wider_region_code=None)
    assert region_state(only, "share", ROW | {"region_value": 60.0})[1] == "Inner London"


def test_comparator_says_which_area_and_period_it_is_for():
    row = ROW | {"region_value": 60.0, "england_value": 70.0}
    held = marts(
        published_state=states(london=state(60), england=state(70)),
        comparator_values={
            ("share", ROW["period_id"], "england/1"): {
                "comparator_period_id": "year_2024-08-31", "not_shown_reason": None,
            },
            ("share", ROW["period_id"], "region/1"): {
                "comparator_period_id": ROW["period_id"], "not_shown_reason": None,
            },
        },
    )  # fmt: skip
    region, england = (published_cell(held, row, PERCENT, which=which) for which in ("region", "england"))
    assert (region.text, region.notes, region.figures[0].vintage_id) == ("60%", ("for London",), "v")
    assert (england.text, england.notes) == ("70%", ("for 2024",))
    assert published_cell(held, row, PERCENT | {"unit": "count"}, which="england").figures == ()


@pytest.mark.parametrize(
    ("england", "text", "notes"),
    [
        (state(None, status="suppressed"), "[c] suppressed", ()),
        (state(None), "–", ("no member has a value",)),
        (None, "–", ("no member has a value",)),
    ],
)
def test_missing_comparator_says_why(england, text, notes):
    held = marts(
        published_state=states(england=england) if england else {},
        comparator_values={
            ("share", ROW["period_id"], "england/1"): {
                "comparator_period_id": None, "not_shown_reason": "no_member_has_a_value",
            }
        },
    )  # fmt: skip
    cell = published_cell(held, ROW | {"england_value": None}, PERCENT, which="england")
    assert (cell.text, cell.notes) == (text, notes)


def neighbours(mean: float | None, used: int | None, total: int | None = None, reason: str | None = None) -> tuple:
    row = ROW | {"sn_group_version": "2025-05", "sn_average": mean, "sn_count": used}
    key = ("share", ROW["period_id"], "statistical_neighbours/2025-05")
    held = {} if total is None else {key: {"members_total": total, "not_shown_reason": reason}}
    return marts(comparator_values=held), row


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (neighbours(44.0, 8, 10), (44.0, 8, 10, None)),
        (neighbours(44.0, 2), (44.0, 2, 3, None)),
        (neighbours(44.0, 4), (44.0, 4, 4, None)),
        (neighbours(None, None, 0, "no_neighbours_published"), (None, 0, 0, "no_neighbours_published")),
    ],
)
def test_mean_comes_with_n_of_all_members(given, expected):
    assert mean_of(*given, core_cities_shown=None) == expected


@pytest.mark.parametrize(
    ("given", "text", "notes"),
    [
        (neighbours(44.0, 7, 10), "44%", ("7 of 10",)),
        (neighbours(44.0, 6, 10), "6 of 10", ("too few members with a figure",)),
        (neighbours(None, 0, 10), "0 of 10", ("no member has a figure",)),
        (neighbours(None, None, 0, "no_neighbours_published"), "–", ("no neighbours published",)),
        (neighbours(None, None, 0), "–", ("no group for this authority",)),
    ],
)
def test_mean_is_printed_for_two_thirds_of_the_members(given, text, notes):
    cell = mean_cell(*given, PERCENT, core_cities_shown=None)
    assert (cell.text, cell.notes) == (text, notes)
    assert {figure.figure for figure in cell.figures} <= {"sn_average"}


def test_core_cities_come_from_the_group_of_the_setting():
    row = ROW | {"core_city_average_others": 40.0, "core_city_count_others": 3}
    cell = mean_cell(marts(), row, PERCENT, core_cities_shown="others")
    assert (cell.text, cell.notes, cell.figures[0].figure) == ("40%", ("3 of 3",), "core_cities")
    assert core_city_words(marts(), "others") == "mean of the 3 others"
    assert core_city_words(marts(), "all") == "mean of all 3"


def test_latest_row_is_the_last_of_those_marked():
    rows = [{"is_latest": True, "n": 1}, {"is_latest": True, "n": 2}, {"is_latest": False, "n": 3}]
    assert latest_row(marts(comparison={"share": rows}), "share")["n"] == 2
    assert latest_row(marts(), "share") is None


@pytest.mark.parametrize(
    ("value", "comparability", "words"),
    [
        (None, "ok", "no figure to compare"),
        (50.0, "break_before", "not comparable with earlier periods"),
        (50.0, "not_comparable", "not comparable with earlier periods"),
        (50.0, "ok", "no earlier comparable period"),
        (50.0, None, "no earlier comparable period"),
    ],
)
def test_cell_without_a_change_says_why(value, comparability, words):
    held = marts(published_state=states(town=state(50, comparability=comparability)) if comparability else {})
    row = ROW | {"value": value, "last_comparable_period_id": None, "change_since_last_comparable": None}
    cell = change_cell(held, row, PERCENT)
    assert (cell.text, cell.notes, cell.is_number) == ("–", (words,), False)
    assert comparability_of(held, row) == (comparability or "ok")


def year(number: int, value: float | None, kind: str = "year") -> dict[str, Any]:
    return {
        "indicator_id": "share", "period_id": f"{kind}_{number}-08-31", "period_end": dt.date(number, 8, 31),
        "period_label": str(number), "value": value,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("earlier", "row", "since"),
    [
        ([year(2022, 1.0), year(2024, None)], year(2025, 2.0), "2022"),
        ([year(2022, 1.0), year(2024, 1.0)], year(2025, 2.0), None),
        ([year(2022, 1.0)], year(2025, None), None),
        ([year(2024, None)], year(2025, 2.0), None),
        ([year(2022, 1.0)], year(2025, 2.0, "rolling3"), None),
        ([year(2022, 1.0), year(2026, 1.0)], year(2025, 2.0), "2022"),
    ],
)
def test_first_figure_after_years_without_one_is_told(earlier, row, since):
    held = marts(comparison={"share": earlier})
    assert first_since(held, row) == since
    assert series_words(held, row) == (f"first since {since}" if since else None)


@pytest.mark.parametrize(
    ("comparability", "words", "printed"),
    [
        ("break_before", ["New profile.", "Other."], "new series: New profile; Other"),
        ("break_before", [], "new series, not comparable with earlier periods"),
        ("not_comparable", ["Teachers' grades."], "not comparable with other periods: Teachers' grades"),
        ("not_comparable", ["Grades, not comparable."], "Grades, not comparable"),
        ("not_comparable", [], "not comparable with other periods"),
    ],
)
def test_words_of_a_break_are_those_of_its_own_period_and_kind(comparability, words, printed):
    breaks = [
        {"first_period_id": ROW["period_id"], "comparability": comparability, "words": text} for text in words
    ] + [
        {"first_period_id": "year_2024-08-31", "comparability": comparability, "words": "Another period."},
        {"first_period_id": ROW["period_id"], "comparability": "ok", "words": "A note."},
    ]
    held = marts(published_state=states(town=state(50, comparability=comparability)), breaks={"share": breaks})
    assert series_words(held, year(2025, 50.0) | ROW) == printed
