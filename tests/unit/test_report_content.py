"""The content of the edition page: cells, comparators, change, trends, data status, from a published file by hand."""

import dataclasses
import re
from datetime import date

import pytest
from report_fixture import CITIES, TOWN, PublishedFixture, full

from dagster_project.report.blocks import (
    BulletList,
    Cell,
    FigureBlock,
    IncompleteBlock,
    Note,
    Table,
    Trend,
    TrendLine,
    TrendPeriod,
    TrendPoint,
)
from dagster_project.report.content import Content, build_content, edition_figures
from dagster_project.report.headline import is_enough
from dagster_project.report.page import render_page
from dagster_project.report.rows import AreaNotPublished
from dagster_project.report.status import check_statement

COLUMNS = ["indicator", "period", "own", "england", "region", "neighbours", "core_cities", "change", "rank"]


def content_of(fixture: PublishedFixture, **options: str) -> Content:
    """Build the content of a fixture's town."""
    settings = {"edition_id": "2025-01", "title": "Report", "authority_area_code": TOWN, "core_cities_shown": "all"}
    return build_content(fixture.reader(), **{**settings, **options})


def table(content: Content, table_id: str) -> Table:
    """Return the table with this id, also one that belongs to a chart."""
    for block in content.blocks:
        found = block.table if isinstance(block, FigureBlock) else block
        if isinstance(found, Table) and found.id == table_id:
            return found
    raise AssertionError(table_id)


def headline(content: Content, name: str) -> dict[str, Cell]:
    """Return the headline row of an indicator by column."""
    for block in content.blocks:
        if isinstance(block, Table) and block.layout == "headline":
            for row in block.rows:
                if row[0].text == name:
                    return dict(zip(COLUMNS, row, strict=True))
    raise AssertionError(name)


def figure(content: Content, figure_id: str) -> FigureBlock:
    """Return the chart with this id."""
    return next(block for block in content.blocks if isinstance(block, FigureBlock) and block.id == figure_id)


def all_text(content: Content) -> str:
    """Return all the text of the content, for what must or must not be said anywhere."""
    return repr(content)


def one(**values: object) -> PublishedFixture:
    """Return a file with one indicator `m` and its one published figure."""
    fixture = PublishedFixture()
    fixture.indicator("m", indicator_name="Measure")
    number = values.pop("value", 50.0)
    fixture.published("m", "year_2025-08-31", "2024/25", number, **{"is_latest": True, "sn_count": 10, **values})
    return fixture


@pytest.fixture(scope="module")
def page() -> Content:
    """The content of the full fixture."""
    return content_of(full())


def test_row_holds_value_and_all_comparators_of_the_same_period(page: Content) -> None:
    row = headline(page, "Key stage 2 reading: expected standard")
    assert [row[name].text for name in ("own", "england", "region", "neighbours", "core_cities")] == [
        "74%", "76%", "74%", "74%", "72%",
    ]  # fmt: skip
    assert row["neighbours"].notes == ("10 of 10",)
    assert row["period"].text == "2024/25"
    assert row["period"].notes == ("published",)


def test_change_names_the_period_it_is_measured_from(page: Content) -> None:
    change = headline(page, "Key stage 2 reading: expected standard")["change"]
    assert change.text == "up 1 percentage point (improving)"
    assert change.notes == ("since 2023/24",)
    assert change.arrow == "up"


def test_judgements_stand_in_words_beside_what_they_compare_with(page: Content) -> None:
    row = headline(page, "Key stage 2 reading: expected standard")
    marks = {name: [(mark.shape, mark.text) for mark in cell.marks] for name, cell in row.items() if cell.marks}
    assert marks == {
        "own": [("other", "amber against the target of 76%")],
        "england": [("worse", "worse; 95% interval 73.1% to 74.9%")],
        "region": [("place", "9th of 15")],
        "neighbours": [("place", "4th of 11")],
        "core_cities": [("place", "3rd of 8")],
        "rank": [("similar", "within the expected range; 12 of 151 unusual, about 8 by chance")],
    }


def test_neutral_measure_is_higher_not_worse_and_what_is_not_tested_says_why_once(page: Content) -> None:
    rate = headline(page, "Children looked after per 10,000 children at 31 March")
    assert [mark.text for mark in rate["england"].marks] == ["higher; 95% interval 80.7 to 89.4"]
    absence = headline(page, "Overall absence")
    assert [mark.text for mark in absence["england"].marks] == ["not tested: no counts loaded"]
    assert absence["rank"].marks == ()


@pytest.mark.parametrize(
    ("judgement", "text", "notes", "arrow"),
    [
        (None, "up 2.0 percentage points (improving)", ("since 2023/24", "not tested"), "up"),
        (
            {"word": "no clear change"},
            "no clear change",
            ("up 2.0 percentage points since 2023/24",),
            None,
        ),
        (
            {"word": "up", "meaning": "improving", "reason": "no_interval"},
            "up 2.0 percentage points (improving)",
            ("since 2023/24", "not tested"),
            "up",
        ),
        (
            {"word": "too few to judge", "reason": "below_minimum_base"},
            "too few to judge",
            ("up 2.0 percentage points since 2023/24",),
            None,
        ),
        (
            {"word": "not comparable", "reason": "provisional"},
            "up 2.0 percentage points",
            ("since 2023/24", "provisional: may change, not judged"),
            "up",
        ),
    ],
)
def test_direction_of_travel_is_the_word_of_the_mart(
    judgement: dict[str, str] | None, text: str, notes: tuple[str, ...], arrow: str | None
) -> None:
    fixture = one(change_since_last_comparable=2.0, last_comparable_period_id="year_2024-08-31")
    fixture.period("year_2024-08-31", "2023/24")
    if judgement:
        fixture.judged("m", "year_2025-08-31", "direction", "previous", **judgement)
    cell = headline(content_of(fixture), "Measure")["change"]
    assert (cell.text, cell.notes, cell.arrow) == (text, notes, arrow)


def test_tested_rise_that_the_printed_figures_do_not_show_says_so() -> None:
    fixture = one(change_since_last_comparable=0.04, last_comparable_period_id="year_2024-08-31")
    fixture.period("year_2024-08-31", "2023/24")
    fixture.judged("m", "year_2025-08-31", "direction", "previous", "up", meaning="improving")
    cell = headline(content_of(fixture), "Measure")["change"]
    assert (cell.text, cell.notes) == ("up (improving)", ("no change since 2023/24", "at this rounding"))


def test_rules_of_the_judgements_used_are_printed(page: Content) -> None:
    rules = next(block for block in page.blocks if block.id == "judgement-rules-list")
    assert rules.items == ("By the 95% interval.", "By an exact test of two rates.")


def test_lists_of_the_summary_print_rule_rank_before_gap_change_and_interval(page: Content) -> None:
    assert next(block for block in page.blocks if block.id == "attention-rule").text == "The rule of attention."
    (row,) = table(page, "improving-table").rows
    assert [cell.text for cell in row] == [
        "Key stage 2 reading: expected standard", "2024/25", "74%", "103 of 151", "2 percentage points below",
        "up 1 percentage point (improving)",
    ]  # fmt: skip
    assert row[2].notes == ("95% interval 73.1% to 74.9%",)
    assert row[4].marks[0].text == "worse"
    assert row[3].notes[0] == "103 of 151 in 2021/22"
    assert row[4].notes == ("England 76%",)


def test_page_without_lists_says_that_nothing_qualifies() -> None:
    content = content_of(one())
    assert next(block for block in content.blocks if block.id == "attention-none").text.startswith("No measure")


def test_neutral_measure_is_neither_better_nor_ranked(page: Content) -> None:
    row = headline(page, "Children looked after per 10,000 children at 31 March")
    assert row["change"].text == "down 4"
    assert row["rank"].notes == ("no rank: neutral measure",)


def test_provisional_figure_is_marked_and_not_judged(page: Content) -> None:
    row = headline(page, "Overall absence")
    assert row["period"].notes[0] == "provisional (p)"
    assert "improving" not in row["change"].text
    assert "provisional: may change, not judged" in row["change"].notes


def test_live_rank_is_printed_and_a_differing_national_rank_is_a_note(page: Content) -> None:
    rank = headline(page, "Key stage 2 reading: expected standard")["rank"]
    assert (rank.text, rank.notes) == ("103 of 151", ("DfE: 104 of 152",))
    assert headline(page, "Overall absence")["rank"].notes == ()


def test_count_has_no_totals_or_means_beside_it(page: Content) -> None:
    row = headline(page, "Children looked after at 31 March")
    assert row["own"].text == "1,498"
    for name in ("england", "region"):
        assert (row[name].text, row[name].notes) == ("–", ("count: totals are not comparable",))
    assert row["neighbours"].text == row["core_cities"].text == "–"
    assert "80,000" not in all_text(page)


def test_missing_latest_figure_prints_its_reason_and_the_last_one_held(page: Content) -> None:
    row = headline(page, "Progress 8")
    assert row["own"].text == "reason not given"
    assert row["own"].notes == ("last figure: 0.10 (2023/24)",)
    assert row["change"].notes == ("no figure to compare",)
    assert row["rank"].notes == ("not ranked",)


@pytest.mark.parametrize("status", ["suppressed", "not_available", "not_applicable", "low_reliability"])
def test_reason_of_a_missing_value_reaches_the_row(status: str) -> None:
    row = headline(content_of_with_local(one(value=None, value_status=status)), "Measure")
    assert re.match(r"\[[cxzu]\] ", row["own"].text)


def content_of_with_local(fixture: PublishedFixture) -> Content:
    """Build the content of a fixture whose published figure is missing; another measure keeps it from being empty."""
    fixture.indicator("other")
    fixture.published("other", "year_2025-08-31", "2024/25", 1.0, is_latest=True)
    return content_of(fixture)


def test_later_period_that_was_not_collected_is_named_beside_an_older_figure() -> None:
    fixture = one()
    fixture.indicator("p8", indicator_name="Progress")
    fixture.published("p8", "year_2024-08-31", "2023/24", 0.1, is_latest=True)
    fixture.add(
        "series_break", indicator_id="p8", first_period_id="year_2025-08-31", kind="no_baseline",
        words="Not published.", comparability="not_collected",
    )  # fmt: skip
    assert "2024/25: Not published." in headline(content_of(fixture), "Progress")["period"].notes


@pytest.mark.parametrize(
    ("used", "total", "enough"),
    [(7, 10, True), (6, 10, False), (6, 9, True), (5, 8, False), (6, 8, True), (0, 0, False)],
)
def test_mean_needs_two_thirds_of_the_members(used: int, total: int, enough: bool) -> None:
    assert is_enough(used, total) is enough


def test_mean_below_two_thirds_is_not_printed_only_how_many_have_a_figure() -> None:
    content = content_of(one(sn_average=41.37, sn_count=6))
    cell = headline(content, "Measure")["neighbours"]
    assert cell.text == "6 of 10"
    assert "41.4" not in all_text(content).replace("value=41.37", "")
    assert all(found["value"] is None for found in figures_of(one(sn_average=41.37, sn_count=6), "sn_average"))


def figures_of(fixture: PublishedFixture, which: str) -> list[dict[str, object]]:
    """Return the edition figures of one kind."""
    return [row for row in edition_figures(fixture.reader(), TOWN, edition_id="e") if row["figure"] == which]


def test_core_cities_shown_follows_the_setting_and_the_label_says_which() -> None:
    values = {"core_city_average_all": 10.0, "core_city_count_all": 8, "core_city_average_others": 20.0,
              "core_city_count_others": 7}  # fmt: skip
    for setting, number, label in (
        ("all", "10.0%", "Core cities, mean of all 8, including Testham"),
        ("others", "20.0%", "Core cities, mean of the 7 others"),
    ):
        content = content_of(one(**values), core_cities_shown=setting)
        assert headline(content, "Measure")["core_cities"].text == number
        assert label in table(content, "section-5-4-table").columns


def test_comparator_of_another_period_says_so() -> None:
    fixture = one(england_value=60.0)
    fixture.period("year_2024-08-31", "2023/24")
    fixture.add(
        "comparator_value", indicator_id="m", area_code=TOWN, period_id="year_2025-08-31", breakdown_type="total",
        breakdown_value="total", group_id="england", group_version="1", statistic="published", value=60.0,
        comparator_period_id="year_2024-08-31",
    )  # fmt: skip
    assert headline(content_of(fixture), "Measure")["england"].notes == ("for 2023/24",)


@pytest.mark.parametrize(
    ("latest", "earlier"), [("break_before", "ok"), ("not_comparable", "ok"), ("ok", "not_comparable")]
)
def test_no_change_is_printed_across_a_break_even_if_the_file_holds_one(latest: str, earlier: str) -> None:
    fixture = PublishedFixture()
    fixture.indicator("m", indicator_name="Measure")
    fixture.published("m", "year_2024-08-31", "2023/24", 40.0, comparability=earlier)
    fixture.published(
        "m", "year_2025-08-31", "2024/25", 50.0, comparability=latest, is_latest=True,
        change_since_last_comparable=10.0, last_comparable_period_id="year_2024-08-31",
    )  # fmt: skip
    cell = headline(content_of(fixture), "Measure")["change"]
    assert cell.text == "–"
    assert cell.figures == ()


def test_local_figure_has_a_row_of_its_own_with_its_status(page: Content) -> None:
    row = headline(page, "Children looked after at 31 March: local figure")
    assert (row["own"].text, row["period"].notes) == ("1,502", ("local, provisional",))
    assert all(row[name].text == "–" for name in COLUMNS[3:])
    assert row["own"].figures[0].figure_id == f"cla_31_march/{TOWN}/snapshot_2025-03-31/local"


def test_indicator_without_figures_is_listed_plainly(page: Content) -> None:
    notes = [block.text for block in page.blocks if isinstance(block, Note)]
    assert "No figures loaded for: Waits for speech therapy." in notes


def test_closed_series_is_not_shown_as_latest() -> None:
    fixture = one()
    fixture.indicator("old", indicator_name="Old test")
    fixture.closed.add("old")
    fixture.published("old", "year_2023-08-31", "2022/23", 60.0, is_latest=True)
    content = content_of(fixture)
    assert any("Old test (last period 2022/23)" in block.text for block in content.blocks if isinstance(block, Note))
    with pytest.raises(AssertionError):
        headline(content, "Old test")


def test_summary_sentence_has_number_rate_change_and_england(page: Content) -> None:
    points = next(block for block in page.blocks if block.id == "main-points-list")
    assert points.items[0] == (
        "On 31 March 2025 Testham looked after 1,498 children, 85 for every 10,000 under 18. "
        "That is 48 fewer than on 31 March 2024. The England rate was 67. Against England: higher."
    )


def test_trend_title_states_the_reading(page: Content) -> None:
    assert figure(page, "trend-cla-31-march-rate").title == (
        "Children looked after per 10,000 children at 31 March: Testham 85 on 31 March 2025, "
        "down 4 since 31 March 2024, above England (67)"
    )


def test_years_without_results_are_a_gap_that_no_line_crosses(page: Content) -> None:
    from dagster_project.report.charts import segments, shaded_stretches

    trend = figure(page, "trend-ks2-reading-exp").trend
    assert [period.state for period in trend.periods] == ["ok", "ok", "gap", "gap", "ok", "ok", "ok", "ok"]
    stretches = {row["stretch"]: [] for row in segments(trend, trend.lines[0])}
    for row in segments(trend, trend.lines[0]):
        stretches[row["stretch"]].append(row["x"])
    assert list(stretches.values()) == [[0, 1], [4, 5, 6, 7]]
    assert shaded_stretches(trend) == [{"x": 1.5, "x2": 3.5, "words": "No results published", "middle": 2.5}]


def test_year_that_the_file_skips_is_a_gap_too() -> None:
    fixture = one()
    fixture.indicator("phonics_y1")
    for year in (2019, 2022, 2023):
        fixture.published("phonics_y1", f"year_{year}-08-31", f"{year - 1}/{year % 100}", 80.0, is_latest=year == 2023)
    trend = figure(content_of(fixture), "trend-phonics-y1").trend
    assert [(period.label, period.state) for period in trend.periods] == [
        ("2018/19", "ok"), ("2019/20", "gap"), ("2020/21", "gap"), ("2021/22", "ok"), ("2022/23", "ok"),
    ]  # fmt: skip


def test_line_is_not_joined_across_a_series_break() -> None:
    from dagster_project.report.charts import segments

    fixture = one()
    fixture.indicator("eyfsp_gld")
    for year, flag in ((2021, "ok"), (2022, "break_before"), (2023, "not_comparable"), (2024, "ok"), (2025, "ok")):
        fixture.published(
            "eyfsp_gld", f"year_{year}-08-31", f"{year - 1}/{year % 100}", 60.0 + year % 10, comparability=flag,
            is_latest=year == 2025,
        )  # fmt: skip
    block = figure(content_of(fixture), "trend-eyfsp-gld")
    assert [period.is_break for period in block.trend.periods] == [False, True, False, False, False]
    assert [(row["x"], row["stretch"][-1]) for row in segments(block.trend, block.trend.lines[0])] == [
        (0, "0"), (1, "1"), (3, "2"), (4, "2"),
    ]  # fmt: skip
    assert any("Not comparable with earlier periods" in note for note in block.notes)
    # A figure that is not drawn is still in the table.
    assert block.table.rows[2][1].text == "63.0%"


def test_provisional_point_is_hollow_marked_and_not_compared() -> None:
    fixture = one()
    fixture.indicator("phonics_y1", indicator_name="Phonics")
    fixture.published("phonics_y1", "year_2024-08-31", "2023/24", 79.0, england_value=80.0)
    fixture.published(
        "phonics_y1", "year_2025-08-31", "2024/25", 81.0, england_value=80.0, is_latest=True,
        release_status="provisional", change_since_last_comparable=2.0, last_comparable_period_id="year_2024-08-31",
    )  # fmt: skip
    block = figure(content_of(fixture), "trend-phonics-y1")
    assert block.trend.lines[0].points[-1].is_provisional
    assert block.title == "Phonics: Testham 81.0% in 2024/25 (provisional); England 80.0%"
    assert block.table.rows[-1][1].notes == ("provisional (p)",)


def test_failed_and_waived_checks_stand_with_owner_message_and_waiver(page: Content) -> None:
    rows = {row[0].text: [cell.text for cell in row] for row in table(page, "checks-noted").rows}
    assert rows["agrees with published"][-2:] == ["data manager", "accepted by A. Person until 2026-12-31"]
    assert rows["change on last year"][2] == "three figures moved by more than a third"


def test_rows_of_a_return_are_told_as_counts_by_return_and_not_among_the_checks() -> None:
    fixture = full()
    without = table(content_of(full()), "check-counts").rows
    for release, as_at, table_name, file_id in (
        ("2025", None, "header", "one"), ("2025", None, "episodes", "two"),
        ("2026", date(2025, 9, 30), "header", "three"),
    ):  # fmt: skip
        fixture.source_file(
            source_id="ssda903", table_name=table_name, file_name=f"{file_id}.csv", release=release, as_at=as_at,
            file_id=file_id,
        )  # fmt: skip
        for rule, found in (("ssda903_h01", 3), ("ssda903_h02", 0)):
            fixture.check(
                suite="return", table_name=f"raw_ssda903.{table_name}", check_id=rule, severity="warning",
                outcome="fail" if found else "pass", checked_count=40, failed_count=found, source_id="ssda903",
                file_id=file_id, message="words of the rule",
            )  # fmt: skip
    page = content_of(fixture)
    assert table(page, "check-counts").rows == without
    assert [[cell.text for cell in row] for row in table(page, "return-checks").rows] == [
        ["2026, cut of 30 September 2025", "1", "2", "1", "3"],
        ["2025", "2", "4", "2", "6"],
    ]
    noted = [cell.text for row in table(page, "checks-noted").rows for cell in row]
    assert "words of the rule" not in noted


def test_remarks_on_published_files_are_told_by_rule_and_not_with_their_examples() -> None:
    fixture = full()
    for file_id, table_name in (("one", "raw_ees.ks4_la"), ("two", "raw_ees.ks4_la"), ("three", "raw_ees.ks2_la")):
        fixture.check(
            suite=f"raw_ees_{file_id}", table_name=table_name, check_id="i09_changes", severity="warning",
            outcome="fail", source_id="ees", file_id=file_id, why="a change is within reason",
            message="Largest: 383 in 2024",
        )  # fmt: skip
    fixture.check(
        suite="landing", table_name="ees.ks4_la", check_id="tidy_f04_names", severity="critical", outcome="waived",
        source_id="ees", file_id="one", why="names are names", message="kept out", waiver="accepted by A. Person",
    )  # fmt: skip
    for check_id, outcome, waiver in (
        ("tidy_f05_file_name", "fail", None), ("tidy_d06_lengths", "waived", "long names are agreed by A. Person"),
    ):  # fmt: skip
        fixture.check(
            suite="landing", table_name="ees.ks4_la", check_id=check_id, severity="warning", outcome=outcome,
            source_id="ees", file_id="one", why="File names are letters.", message="odd letters", waiver=waiver,
        )  # fmt: skip
    for suite, severity in (("raw_ees_ks4_la", "critical"), ("raw_ees_ks4_la", "warning")):
        fixture.check(
            suite=suite, table_name="raw_ees.ks4_la", check_id=f"i03_{severity}", severity=severity, outcome="fail",
            source_id="ees", file_id="one", why="a change is within reason", message=f"told as {severity}",
        )  # fmt: skip
    page = content_of(fixture)
    rows = [[cell.text for cell in row] for row in table(page, "published-remarks").rows]
    assert rows == [["A change is within reason", "3", "ks2_la, ks4_la"], ["File names are letters", "1", "ks4_la"]]
    noted = [cell.text for row in table(page, "checks-noted").rows for cell in row]
    assert "Largest: 383 in 2024" not in noted
    assert "kept out" in noted
    assert "told as critical" in noted
    assert "told as warning" not in noted
    assert "long names are agreed by A. Person" in noted


def test_the_statement_of_checks_counts_each_outcome_and_only_failed_ones_as_critical() -> None:
    outcomes = [("critical", "pass"), ("critical", "fail"), ("warning", "fail"), ("warning", "fail"),
                ("critical", "waived"), ("critical", "not_run")]  # fmt: skip
    checks = [{"severity": severity, "outcome": outcome} for severity, outcome in outcomes]
    assert check_statement(checks) == (
        "Of 6 checks on the data, 1 passed, 3 failed (1 critical, 2 warnings), 1 was waived and 1 was not run."
    )


def test_a_source_whose_only_file_is_stale_is_still_available() -> None:
    fixture = full()
    fixture.source_file(source_id="population", file_name="p.csv", file_use="stale", file_id="p")
    absent = next(block for block in content_of(fixture).blocks if block.id == "sources-absent")
    assert isinstance(absent, BulletList)
    assert not any("mid-year population" in item for item in absent.items)
    assert any("SSDA903" in item for item in absent.items)


def test_stale_file_is_marked_in_words(page: Content) -> None:
    row = next(row for row in table(page, "source-files").rows if row[0].text == "older.csv")
    assert "STALE" in row[-1].text
    assert row[-1].notes == ("the newest issue lacks a column",)


def test_local_and_published_are_set_side_by_side_with_difference_and_tolerance() -> None:
    fixture = full()
    fixture.check(
        check_id="cla_31_march_agrees_with_published.snapshot_2025-03-31", severity="warning", observed=1502.0,
        expected=1498.0, difference=4.0, tolerance=29.96,
    )  # fmt: skip
    row = table(content_of(fixture), "reconciliation-table").rows[0]
    assert [cell.text for cell in row[1:]] == ["31 March 2025", "1,502", "1,498", "4", "30 either way: passed"]


def test_every_figure_of_the_content_is_an_edition_figure_with_one_printed_text() -> None:
    rows = edition_figures(full().reader(), TOWN, edition_id="2025-01")
    by_id = {row["figure_id"]: row for row in rows}
    assert len(by_id) == len(rows)
    rate = by_id[f"cla_31_march_rate/{TOWN}/snapshot_2025-03-31/value"]
    assert (rate["value"], rate["printed"], rate["source_kind"]) == (85.0, "85", "published")
    assert by_id[f"ks2_reading_exp/{TOWN}/year_2025-08-31/core_cities"]["value"] == 72.125
    assert by_id[f"cla_31_march_rate/{TOWN}/snapshot_2025-03-31/change"]["printed"] == "down 4"


def test_two_reads_give_the_same_figures_in_the_same_order() -> None:
    first, second = (edition_figures(full().reader(), TOWN, edition_id="e") for _ in range(2))
    assert first == second


def test_authority_that_is_not_published_is_refused_by_name() -> None:
    with pytest.raises(AreaNotPublished, match="E06000001"):
        edition_figures(full().reader(), "E06000001", edition_id="e")


def test_file_without_a_figure_of_the_authority_gives_a_page_that_says_so() -> None:
    assert edition_figures(full().reader(), CITIES[1], edition_id="e") == []
    page = render_page(full().reader(), edition_id="e", title="Outcomes", authority_area_code=CITIES[1])
    assert "for this report has arrived yet" in page


def sample_trend() -> Trend:
    """Return a trend of two periods and one line."""
    points = (TrendPoint(1.0, "1"), TrendPoint(2.0, "2"))
    periods = (TrendPeriod("year_2024-12-31", "2024", "2024"), TrendPeriod("year_2025-12-31", "2025", "2025"))
    return Trend("count", 0, periods, (TrendLine("authority", "Testham", "Testham", points),))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("alt", "too short"),
        ("alt", "x" * 401),
        ("alt", ""),
        ("alt", "A title that is long enough"),
        ("source", " "),
        ("period", ""),
        ("table", None),
    ],
)
def test_figure_block_without_what_a_reader_needs_raises(field: str, value: object) -> None:
    data = Table("t", "Data", ("Period", "Value"), ((Cell("2024"), Cell("1")),))
    title = "A title that is long enough"
    good = FigureBlock("f", title, "A line chart of something over two years.", "DfE", "2024", data, sample_trend())
    with pytest.raises(IncompleteBlock, match="figure f"):
        dataclasses.replace(good, **{field: value})


@pytest.mark.parametrize(
    "broken",
    [
        {"caption": " "},
        {"columns": ("Period", "")},
        {"columns": ("Period", "Period")},
        {"rows": ()},
        {"rows": ((Cell("2024"),),)},
        {"rows": ((Cell("2024"), Cell("")),)},
    ],
)
def test_table_with_an_empty_header_or_cell_raises(broken: dict[str, object]) -> None:
    good = Table("t", "Data", ("Period", "Value"), ((Cell("2024"), Cell("1")),))
    with pytest.raises(IncompleteBlock, match="table t"):
        dataclasses.replace(good, **broken)


def test_alt_text_sets_no_two_values_beside_each_other_across_a_break() -> None:
    fixture = one()
    fixture.indicator("eyfsp_gld", indicator_name="Good level of development")
    for year, flag in ((2019, "ok"), (2022, "break_before"), (2023, "ok")):
        fixture.published(
            "eyfsp_gld", f"year_{year}-08-31", f"{year - 1}/{year % 100}", 60.0 + year % 10, comparability=flag,
            is_latest=year == 2023,
        )  # fmt: skip
    alt = figure(content_of(fixture), "trend-eyfsp-gld").alt
    assert "Testham 62.0% (2021/22) and 63.0% (2022/23)" in alt
    assert "69.0%" not in alt


def in_year(fixture: PublishedFixture, day: str, value: float | None, **values: str) -> None:
    """Add a figure of a cut taken within the year."""
    fixture.local(
        "cla_31_march", f"snapshot_{day}", day, value, release_status="local_in_year", vintage_id=f"ssda903/cut/{day}",
        **values,
    )  # fmt: skip


def in_year_rows(content: Content) -> list[tuple[str, ...]]:
    """Own figure and change of every row that an in-year cut has in the tables of latest figures."""
    return [
        (row[2].text, row[7].text, *row[7].notes)
        for block in content.blocks
        if isinstance(block, Table) and block.layout == "headline"
        for row in block.rows
        if "local, in-year snapshot" in row[1].notes
    ]


def test_cut_within_the_year_is_compared_with_the_same_cut_a_year_earlier_and_with_nothing_else() -> None:
    fixture = full()
    for day, value in (("2025-12-31", 1510.0), ("2024-12-31", 1480.0), ("2024-09-30", 1300.0), ("2023-12-31", 900.0)):
        in_year(fixture, day, value)
    content = content_of(fixture)
    assert in_year_rows(content) == [("1,510", "up 30", "since the same cut, 31 December 2024")]
    assert not [text for text in all_text(content).split("\n") if "figures to 31 December 2025" in text]


def test_cut_without_the_same_day_a_year_earlier_is_not_compared() -> None:
    fixture = full()
    in_year(fixture, "2025-12-31", 1510.0)
    in_year(fixture, "2024-12-30", 1480.0)
    assert in_year_rows(content_of(fixture)) == [("1,510", "–", "local figure: not compared")]


def test_figure_that_a_cut_does_not_tell_is_not_listed() -> None:
    fixture = full()
    in_year(fixture, "2025-12-31", None, value_status="source_missing")
    assert in_year_rows(content_of(fixture)) == []
