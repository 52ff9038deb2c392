"""The HTML of an edition page: content blocks through one template, charts drawn and embedded, no outside request."""

from __future__ import annotations

import base64
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.report.blocks import AreaMap, Block, FigureBlock, PointMap, Trend
from dagster_project.report.content import Content, build_content

if TYPE_CHECKING:
    import duckdb

    from dagster_project.report.headline import CoreCitiesShown

TEMPLATES = Path(__file__).parent / "templates"


def render_page(
    connection: duckdb.DuckDBPyConnection,
    *,
    edition_id: str,
    title: str,
    authority_area_code: str,
    core_cities_shown: CoreCitiesShown = "all",
) -> str:
    """Return the officer page of an edition as one self-contained HTML text.

    Two calls on the same published file return the same text: no clock, no random id.

    Raises:
        AreaNotPublished: If the authority is not in `dim_area`.
        IncompleteBlock: If a table or chart lacks what a reader needs.
    """
    content = build_content(
        connection,
        edition_id=edition_id,
        title=title,
        authority_area_code=authority_area_code,
        core_cities_shown=core_cities_shown,
    )
    return render(content)


def render(content: Content) -> str:
    """Return the HTML of a content model; every text of it is escaped."""
    import jinja2

    from dagster_project.report import content as words

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("edition.html.jinja").render(
        content=content, restricted=words.RESTRICTED, synthetic=words.SYNTHETIC, kind=kind, drawing=drawing
    )


def kind(block: Block) -> str:
    """Return the name of a block's type, by which the template picks its mark-up."""
    return type(block).__name__


def drawing(block: FigureBlock, *, narrow: bool) -> str:
    """Return a chart or a map as a data URI, drawn without network."""
    svg = _svg(block, narrow=narrow)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def _svg(block: FigureBlock, *, narrow: bool) -> str:
    shown = block.trend
    if isinstance(shown, Trend):
        from dagster_project.report.charts import draw

        return draw(shown, narrow=narrow)
    from dagster_project.report.map import draw_map, draw_points, small_multiples

    # What a block shows is named as the drawing takes it.
    parts: dict[str, Any] = {field.name: getattr(shown, field.name) for field in fields(shown)}
    parts |= {"title": block.title, "description": block.alt, "narrow": narrow, "drawing_id": block.id}
    if isinstance(shown, AreaMap):
        return draw_map(**parts)
    return draw_points(**parts) if isinstance(shown, PointMap) else small_multiples(**parts)
