"""The HTML of the edition page and its drawings."""

import itertools
import re
from html.parser import HTMLParser

import pytest
from report_fixture import TOWN, full

from dagster_project.report import page
from dagster_project.report.blocks import Trend, TrendLine, TrendPeriod, TrendPoint
from dagster_project.report.charts import (
    LINE_STYLES,
    WIDE_SINGLE,
    draw,
    end_labels,
    panels_of,
    spaced,
    specification,
    value_axis,
)

HOSTILE = "<script>alert(1)</script>"
FORMULA = "=cmd|'/c calc'!A1"


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the drawing of charts out of tests that are not about it."""
    monkeypatch.setattr(page, "drawing", lambda block, *, narrow: f"data:,{block.id}-{narrow}")


def html_of(**options: object) -> str:
    """Render the full fixture."""
    connection = full(**options).reader()
    return page.render_page(connection, edition_id="2025-01", title="Performance report", authority_area_code=TOWN)


@pytest.mark.usefixtures("undrawn")
def test_text_from_the_data_is_escaped() -> None:
    fixture = full(town_name=HOSTILE)
    fixture.indicator("hostile", indicator_name=FORMULA)
    fixture.published("hostile", "year_2025-08-31", "2024/25", 1.0, is_latest=True)
    fixture.check(check_id="x", outcome="fail", message='"><img src=x onerror=alert(1)>')
    html = page.render_page(fixture.reader(), edition_id="2025-01", title="Report", authority_area_code=TOWN)
    assert "<script" not in html
    assert "onerror=alert(1)>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "=cmd|&#39;/c calc&#39;!A1" in html


@pytest.mark.usefixtures("undrawn")
def test_page_says_that_it_is_restricted_and_names_edition_and_version() -> None:
    html = html_of()
    assert "Officer edition: restricted." in html
    assert "before disclosure control" in html
    assert "20260401-aaaa" in html
    assert "<title>Performance report: Testham, figures to 31 August 2025, edition 2025-01</title>" in html
    assert "Synthetic" not in html


@pytest.mark.usefixtures("undrawn")
def test_synthetic_data_are_marked_in_title_and_banner() -> None:
    html = html_of(is_synthetic=True)
    assert "<title>Synthetic data: " in html
    assert "every figure on this page is invented" in html


class Outline(HTMLParser):
    """Collects headings, ids and the cells of tables."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.bare_headers = 0
        self.requests: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the checks below look at."""
        found = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if found.get("id"):
            self.ids.append(found["id"])
        if tag == "th" and "scope" not in found:
            self.bare_headers += 1
        for name in ("src", "href", "srcset"):
            if found.get(name) and not found[name].startswith(("#", "data:")):
                self.requests.append(found[name])


@pytest.mark.usefixtures("undrawn")
def test_page_has_one_h1_no_skipped_level_unique_ids_and_no_outside_request() -> None:
    html = html_of()
    outline = Outline()
    outline.feed(html)
    assert html.startswith('<!DOCTYPE html>\n<html lang="en-GB">')
    assert outline.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
    assert len(set(outline.ids)) == len(outline.ids)
    assert outline.bare_headers == 0
    assert outline.requests == []
    assert "<script" not in html
    assert "url(" not in html


@pytest.mark.usefixtures("undrawn")
def test_every_printed_figure_of_the_page_is_an_edition_figure() -> None:
    from dagster_project.report.content import edition_figures

    html = html_of()
    for row in edition_figures(full().reader(), TOWN, edition_id="2025-01"):
        assert row["printed"] in html, row["figure_id"]


@pytest.mark.usefixtures("undrawn")
def test_two_builds_are_byte_identical() -> None:
    assert html_of() == html_of()


def trend(*ends: float) -> Trend:
    """Return a trend with a line for each end value, all starting at 50."""
    periods = tuple(TrendPeriod(f"year_{year}-12-31", str(year), str(year)) for year in (2023, 2024, 2025))
    lines = tuple(
        TrendLine(key, key, key, (TrendPoint(50.0, "50"), TrendPoint(55.0, "55"), TrendPoint(end, f"{end:g}")))
        for key, end in zip(LINE_STYLES, ends, strict=False)
    )
    return Trend("percent", 0, periods, lines)


def test_end_labels_are_spaced_apart_in_order_and_inside_the_plot() -> None:
    places = spaced([74.0, 74.1, 73.9, 90.0], 2.0, 60.0, 75.0)
    ordered = sorted(places)
    assert all(after - before >= 2.0 for before, after in itertools.pairwise(ordered))
    assert places[2] < places[0] < places[1] < places[3] <= 75.0


def test_lines_whose_ends_meet_get_a_panel_for_each_comparator() -> None:
    assert len(panels_of(trend(80.0, 60.0, 70.0))) == 1
    crowded = panels_of(trend(74.0, 74.0, 73.5, 90.0))
    assert [[line.key for line in lines] for lines in crowded] == [
        ["authority", "england"], ["authority", "region"], ["authority", "sn_average"],
    ]  # fmt: skip


def test_all_panels_share_one_value_axis_and_keep_the_colours_of_the_comparators() -> None:
    spec = specification(trend(74.0, 74.0, 73.5, 90.0), narrow=False)
    colours = re.findall(r"#[0-9A-F]{6}", str(spec))
    assert {"#12436D", "#F46A25", "#28A197", "#801650"} <= set(colours)
    assert len({str(found) for found in re.findall(r"'domain': \[(\d+\.\d+), \d+\.\d+\]", str(spec))}) <= 2


def test_drawings_follow_the_vega_lite_grammar() -> None:
    import altair

    for narrow in (False, True):
        for shown in (trend(74.0, 74.0, 73.5, 90.0), trend(80.0, 60.0, 70.0)):
            altair.Chart.from_dict(specification(shown, narrow=narrow), validate=True)


def test_value_axis_holds_every_value_and_ends_on_a_tick() -> None:
    low, high, tick = value_axis(trend(74.0, 61.0))
    assert low <= 50.0
    assert high >= 74.0
    assert low % tick == high % tick == 0


def test_label_of_a_line_that_ends_early_names_its_period() -> None:
    lines = trend(74.0).lines
    short = TrendLine("england", "England", "England", (TrendPoint(50.0, "50"), TrendPoint(52.0, "52"), None))
    made = Trend("percent", 0, trend(74.0).periods, (*lines, short))
    assert end_labels(made, made.lines, WIDE_SINGLE, short=False)[1]["words"] == "England 52, 2024"


def test_drawing_is_the_same_twice_and_treats_names_as_text() -> None:
    line = TrendLine("authority", HOSTILE, HOSTILE, (TrendPoint(1.0, "1"), None, TrendPoint(2.0, "2", True)))
    made = Trend("percent", 0, trend(1.0).periods, (line,))
    drawn = draw(made, narrow=False)
    assert drawn == draw(made, narrow=False)
    assert "<script" not in drawn
    assert "2 (p)" in drawn
    assert re.search(r'<svg[^>]* width="936"', drawn)
    assert re.search(r'<svg[^>]* width="288"', draw(made, narrow=True))
