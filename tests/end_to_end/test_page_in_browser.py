"""The edition page as a reader's browser shows it: reflow, no request, no console error, axe-core without findings.

Needs the system's Chromium (`CHROMIUM` or on the path) and the packages playwright and axe-playwright-python.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.report.page import render_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WIDTHS = (1100, 320)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALLEST_TEXT = 11


def chromium() -> str | None:
    """Return the path of the system's Chromium, None where there is none."""
    named = os.environ.get("CHROMIUM")
    return named or next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the unit tests' fixture, drawn for real, with every kind of block on it."""
    source = Path(__file__).resolve().parents[1] / "unit" / "report_fixture.py"
    loaded = importlib.util.spec_from_file_location("report_fixture", source)
    fixture = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(fixture)
    folder = tmp_path_factory.mktemp("page")
    connection = fixture.full(folder / "children.duckdb", is_synthetic=True).reader()
    html = render_page(connection, edition_id="2025-01", title="Performance report", authority_area_code=fixture.TOWN)
    assert html == render_page(
        connection, edition_id="2025-01", title="Performance report", authority_area_code=fixture.TOWN
    )
    connection.close()
    file = folder / "index.html"
    file.write_text(html, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser that reaches nothing but the file."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = chromium()
    if path is None and os.environ.get("CI"):
        pytest.fail("CI must have Chromium: .ci/run installs it")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(params=WIDTHS)
def opened(request: pytest.FixtureRequest, browser: Browser, page_file: Path) -> Iterator[tuple[Page, dict[str, Any]]]:
    """The page at one width with every `details` open, and what it asked for and complained of while loading."""
    page = browser.new_page(viewport={"width": request.param, "height": 800})
    seen: dict[str, Any] = {"width": request.param, "requests": [], "messages": []}
    page.on("request", lambda asked: seen["requests"].append(asked.url))
    page.on("console", lambda said: seen["messages"].append(said.text))
    page.on("pageerror", lambda failed: seen["messages"].append(str(failed)))
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    yield page, seen
    page.close()


def test_page_asks_for_nothing_but_itself_and_logs_nothing(
    opened: tuple[Page, dict[str, Any]], page_file: Path
) -> None:
    _, seen = opened
    assert [url for url in seen["requests"] if not url.startswith("data:")] == [page_file.as_uri()]
    assert seen["messages"] == []


def test_page_is_no_wider_than_the_screen(opened: tuple[Page, dict[str, Any]]) -> None:
    page, seen = opened
    assert page.evaluate("document.documentElement.scrollWidth") == seen["width"]


def test_axe_finds_nothing(opened: tuple[Page, dict[str, Any]]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page, seen = opened
    found = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    # In scroll boxes at 320 pixels axe cannot decide on contrast; nothing else may be left open.
    undecided = {rule["id"] for rule in found["incomplete"]}
    assert undecided <= ({"color-contrast"} if seen["width"] < max(WIDTHS) else set())


def test_text_in_charts_is_never_smaller_than_eleven_pixels(opened: tuple[Page, dict[str, Any]]) -> None:
    page, _ = opened
    smallest = page.evaluate(
        """() => Promise.all([...document.querySelectorAll('figure img')].map(async image => {
            const svg = new DOMParser().parseFromString(await (await fetch(image.currentSrc)).text(), 'image/svg+xml');
            const scale = image.clientWidth / image.naturalWidth;
            const sizes = [...svg.querySelectorAll('text')].map(text => parseFloat(text.getAttribute('font-size')));
            return Math.min(...sizes) * scale;
        }))"""
    )
    assert len(smallest) == 2
    assert min(smallest) >= SMALLEST_TEXT


def test_tab_order_is_skip_link_then_contents_then_each_box_once(opened: tuple[Page, dict[str, Any]]) -> None:
    page, _ = opened
    wanted = page.evaluate("document.querySelectorAll('.skip, nav a, main .scroll, main summary').length")
    visited = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        visited.append(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    assert 'class="skip"' in visited[0]
    assert len(set(visited)) == wanted
    assert page.evaluate("document.activeElement.closest('main') !== null")
