"""What an edition's scope does to its page: limits, closed series, neighbour lists, sentences of the summary."""

import pytest
from report_fixture import TOWN, PublishedFixture, full

from dagster_project.report.blocks import Note, Table
from dagster_project.report.content import Content, build_content, edition_figures
from dagster_project.report.rows import period_of_check
from dagster_project.report.summary import split_words


def content_of(fixture: PublishedFixture) -> Content:
    """Build the content of a fixture's town."""
    return build_content(
        fixture.reader(), edition_id="2023-01", title="Report", authority_area_code=TOWN, core_cities_shown="all"
    )


def block_of(content: Content, block_id: str) -> object:
    """Return the block with this id."""
    return next(block for block in content.blocks if block.id == block_id)


def points(content: Content) -> tuple[str, ...]:
    """Return the sentences of the summary."""
    return block_of(content, "main-points-list").items


def row_of(content: Content, name: str) -> tuple[object, ...]:
    """Return the headline row of an indicator."""
    return next(
        row
        for block in content.blocks
        if isinstance(block, Table) and block.layout == "headline"
        for row in block.rows
        if row[0].text == name
    )


def cut() -> PublishedFixture:
    """Return the full file cut at 2022/23 and 31 March 2023."""
    fixture = full()
    fixture.limit("academic", "2023-08-31")
    fixture.limit("snapshot", "2023-03-31")
    return fixture


def test_edition_prints_nothing_after_its_limits() -> None:
    content = content_of(cut())
    text = repr(content)
    for later in ("31 March 2024", "31 March 2025", "2023/24", "2024/25", "1,502", "1,498"):
        assert later not in text
    assert row_of(content, "Key stage 2 reading: expected standard")[1].text == "2022/23"
    assert row_of(content, "Children looked after at 31 March")[2].text == "1,452"
    assert content.period == "figures to 31 August 2023"
    last = {"ks2_reading_exp": "year_2023-08-31", "cla_31_march": "snapshot_2023-03-31"}
    for figure in edition_figures(cut().reader(), TOWN, edition_id="2023-01"):
        assert figure["period_id"] <= last.get(figure["indicator_id"], figure["period_id"])


def test_edition_names_its_limits_its_list_and_that_values_are_of_the_vintages_held() -> None:
    words = block_of(content_of(cut()), "edition-scope").text
    assert "Statistical neighbours (May 2025), version 2025-05" in words
    assert "as published in the vintages held" in words
    assert "academic years to 31 August 2023 and figures of one day to 31 March 2023" in words


def test_edition_without_limits_names_only_its_list() -> None:
    words = block_of(content_of(full()), "edition-scope").text
    assert words == "Neighbour list: Statistical neighbours (May 2025), version 2025-05."


def test_break_after_the_limit_is_not_told() -> None:
    fixture = cut()
    for year in (2023, 2024):
        fixture.add("series_break", indicator_id="ks2_reading_exp", first_period_id=f"year_{year}-08-31", kind="reform",
                    comparability="break_before", words=f"Reform of {year}.")  # fmt: skip
    text = repr(content_of(fixture))
    assert "Reform of 2023." in text
    assert "Reform of 2024." not in text


def test_check_on_a_later_period_is_left_out() -> None:
    fixture = cut()
    for year in (2023, 2024):
        fixture.check(check_id=f"agrees.snapshot_{year}-03-31", outcome="fail", message=f"differs in {year}")
    text = repr(content_of(fixture))
    assert "differs in 2023" in text
    assert "differs in 2024" not in text
    assert period_of_check("value_not_negative") is None


@pytest.mark.parametrize(
    ("comparability", "note", "sentence"),
    [
        ("break_before", "new series: New goals", "a new series, not comparable with earlier periods"),
        ("not_comparable", "not comparable with other periods: New goals", "not comparable with other periods"),
        ("ok", "first since 2018/19", "the first figure since 2018/19"),
    ],
)
def test_period_says_how_it_may_be_compared(comparability: str, note: str, sentence: str) -> None:
    fixture = PublishedFixture()
    fixture.indicator("ks4_p8", indicator_name="Progress 8", unit="score", decimals=2)
    fixture.published("ks4_p8", "year_2019-08-31", "2018/19", 0.03)
    for year in (2020, 2021):
        fixture.published(
            "ks4_p8", f"year_{year}-08-31", f"{year - 1}/{year % 100}", None, comparability="not_collected"
        )
    fixture.published("ks4_p8", "year_2022-08-31", "2021/22", 0.12, comparability=comparability, is_latest=True,
                      england_value=-0.03, region_value=0.12)  # fmt: skip
    if comparability != "ok":
        fixture.add("series_break", indicator_id="ks4_p8", first_period_id="year_2022-08-31", kind="reform",
                    comparability=comparability, words="New goals.")  # fmt: skip
    content = content_of(fixture)
    assert row_of(content, "Progress 8")[1].notes == ("published", note)
    (text,) = points(content)
    assert f"Testham 0.12 in 2021/22, {sentence}; " in text
    assert "above England (-0.03); level with Yorkshire and The Humber (0.12)" in text


@pytest.mark.parametrize(
    ("total", "part", "words"),
    [
        (171, 26, "a rise of 26, so 26 of the rise of 171"),
        (20, 30, "a rise of 30, more than the rise of 20: other children looked after fell by 10"),
        (78, -3, "a fall of 3, while other children looked after rose by 81"),
        (78, 0, "no change, so none of the rise of 78"),
        (-48, -10, "a fall of 10, so 10 of the fall of 48"),
        (-48, 3, "a rise of 3, while other children looked after fell by 51"),
        (-48, -50, "a fall of 50, more than the fall of 48: other children looked after rose by 2"),
        (-1048, 0, "no change, so none of the fall of 1,048"),
        (0, 5, "a rise of 5, while other children looked after fell by 5"),
        (0, 0, "no change"),
        (7, 7, "a rise of 7, so 7 of the rise of 7"),
    ],
)
def test_split_of_a_change_is_worded_whichever_way_the_parts_move(total: int, part: int, words: str) -> None:
    assert split_words(total, part) == words


def with_asylum(numbers: dict[int, float | None], **status: str) -> PublishedFixture:
    """Return the full file with numbers of unaccompanied children by year."""
    fixture = full()
    fixture.indicator("uasc_31_march", unit="count", polarity="neutral", decimals=0, year_type="snapshot_31_march",
                      report_section="5.2 Children's social care")  # fmt: skip
    for year, value in numbers.items():
        fixture.published("uasc_31_march", f"snapshot_{year}-03-31", f"31 March {year}", value, is_latest=year == 2025,
                          **status)  # fmt: skip
    return fixture


def test_change_in_children_looked_after_is_split_over_two_years_and_the_last() -> None:
    fixture = with_asylum({2021: 50.0, 2022: 79.0, 2023: 76.0, 2024: 99.0})
    fixture.limit("snapshot", "2023-03-31")
    content = content_of(fixture)
    assert points(content)[1] == (
        "Children looked after numbered 1,281 on 31 March 2021, 1,374 on 31 March 2022 and 1,452 on 31 March 2023: a "
        "rise of 171. Unaccompanied asylum-seeking children among them numbered 50, 79 and 76: a rise of 26, so 26 of "
        "the rise of 171. In the last year children looked after rose by 78, while unaccompanied asylum-seeking "
        "children fell by 3."
    )


def test_every_number_of_the_split_is_a_figure_of_the_edition() -> None:
    fixture = with_asylum({2023: 76.0, 2024: 99.0, 2025: 102.0})
    figures = {row["figure_id"]: row for row in edition_figures(fixture.reader(), TOWN, edition_id="e")}
    assert figures[f"cla_31_march/{TOWN}/snapshot_2025-03-31/change_since_2023-03-31"]["value"] == 46.0
    assert figures[f"uasc_31_march/{TOWN}/snapshot_2025-03-31/change_since_2024-03-31"]["printed"] == "3"
    assert figures[f"uasc_31_march/{TOWN}/snapshot_2023-03-31/value"]["value"] == 76.0


def test_span_stops_where_a_year_is_missing() -> None:
    text = points(content_of(with_asylum({2023: None, 2024: 99.0, 2025: 102.0})))[1]
    assert text.startswith(
        "Children looked after numbered 1,546 on 31 March 2024 and 1,498 on 31 March 2025: a fall of 48."
    )
    assert "a rise of 3, while other children looked after fell by 51" in text
    assert "In the last year" not in text


@pytest.mark.parametrize(
    "fixture",
    [
        with_asylum({2025: 102.0}),
        with_asylum({2024: 99.0, 2025: None}),
        with_asylum({2024: 99.0, 2025: 102.0}, release_status="provisional"),
        full(),
    ],
)
def test_no_split_without_two_final_figures(fixture: PublishedFixture) -> None:
    assert not any("Unaccompanied" in text for text in points(content_of(fixture)))


def with_both_lists(former: str | None) -> Content:
    """Build a page whose edition before used another list, with the mean of it for the reading measure."""
    fixture = full(former_neighbours=former)
    fixture.add("comparator_group", group_id="statistical_neighbours", group_version="2021-04",
                group_name="Statistical neighbours (April 2021)", source="an older list")  # fmt: skip
    for version, value in (("2021-04", 71.25), ("2025-05", 73.5)):
        fixture.connection.execute(
            "delete from marts.comparator_value where indicator_id = 'ks2_reading_exp' and group_version = ? "
            "and period_id = 'year_2025-08-31'",
            [version],
        )
        fixture.add(
            "comparator_value", indicator_id="ks2_reading_exp", area_code=TOWN, period_id="year_2025-08-31",
            breakdown_type="total", breakdown_value="total", group_id="statistical_neighbours", group_version=version,
            statistic="mean", value=value, members_used=9, members_total=10,
        )  # fmt: skip
    return content_of(fixture)


def test_first_edition_after_a_change_of_list_prints_both_means() -> None:
    table = block_of(with_both_lists("2021-04"), "neighbour-change-table")
    assert table.columns[-2:] == (
        "Mean: Statistical neighbours (April 2021), version 2021-04",
        "Mean: Statistical neighbours (May 2025), version 2025-05",
    )
    row = next(row for row in table.rows if row[0].text == "Key stage 2 reading: expected standard")
    assert [(cell.text, cell.notes) for cell in row[2:]] == [
        ("74%", ()), ("71%", ("9 of 10",)), ("74%", ("9 of 10",)),
    ]  # fmt: skip
    assert row[3].figures[0].figure == "sn_average_2021-04"
    absence = next(row for row in table.rows if row[0].text == "Overall absence")
    assert absence[3].notes == ("not in this list",)
    assert not any(row[0].text == "Children looked after at 31 March" for row in table.rows)


def test_edition_with_the_same_list_as_the_one_before_prints_one_mean() -> None:
    assert not any(block.id.startswith("neighbour-change") for block in with_both_lists(None).blocks)


def test_closed_series_is_named_in_one_line() -> None:
    fixture = full()
    fixture.closed.add("ks2_reading_exp")
    notes = [block.text for block in content_of(fixture).blocks if isinstance(block, Note)]
    wanted = (
        "Series that have ended, not shown as latest: Key stage 2 reading: expected standard (last period 2024/25)."
    )
    assert wanted in notes
