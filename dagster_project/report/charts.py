"""Trend charts drawn offline: a trend becomes a Vega-Lite specification and that an SVG, once wide and once narrow.

Positions are worked out here in data units (a period is one unit wide), margins included, so that a drawing has
exactly the size that is asked for and end labels can be spaced apart. Colours, dashes and markers belong to a
comparator, not to a chart: the palette is the Government Analysis Function's.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

from dagster_project.report.blocks import Trend, TrendLine, TrendPoint
from dagster_project.report.words import printed_value

VEGA_LITE_VERSION = "6.4"
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
TEXT = "#0B0C0C"
REFERENCE = "#505A5F"
GRID = "#D9DBDC"
SHADE = "#EEEFEF"

LINE_STYLES = {
    "authority": {"colour": "#12436D", "dash": [1, 0], "shape": "circle"},
    "england": {"colour": "#F46A25", "dash": [7, 4], "shape": "square"},
    "region": {"colour": "#28A197", "dash": [2, 3], "shape": "triangle-up"},
    "sn_average": {"colour": "#801650", "dash": [9, 3, 2, 3], "shape": "diamond"},
    "core_cities": {"colour": "#A285D1", "dash": [14, 5], "shape": "cross"},
}

STATE_WORDS = {"gap": "No results published", "not_comparable": "Not comparable"}
LONGEST_END_NAME = 14
CHARACTER_WIDTH = 0.53  # of the font size; the mean of Arial's figures and lower-case letters


@dataclass(frozen=True)
class Size:
    """The measures of one panel in pixels; what is left of the width beside margin and end labels is the plot."""

    font: int
    width: int
    left: int
    right: int
    top: int
    bottom: int
    plot_height: int
    columns: int
    point: int

    @property
    def plot_width(self) -> int:
        """Width between the value axis and the end labels."""
        return self.width - self.left - self.right

    @property
    def label_height(self) -> float:
        """Room that one end label needs."""
        return self.font * 1.3


WIDE_SINGLE = Size(15, 936, 52, 0, 24, 30, 330, 1, 60)
WIDE_PANELS = Size(15, 461, 52, 0, 44, 30, 190, 2, 45)
NARROW_SINGLE = Size(12, 288, 40, 0, 20, 24, 280, 1, 26)
NARROW_PANELS = Size(12, 288, 40, 0, 38, 24, 150, 1, 26)
LEADER = 16  # pixels from the last point to the label, more where the last point is not in the last period


def value_axis(trend: Trend) -> tuple[float, float, float]:
    """Return lower end, upper end and tick distance of the value axis: the same for every panel of a trend."""
    values = [point.value for line in trend.lines for point in line.points if point is not None]
    lowest, highest = min(values), max(values)
    raw = max(highest - lowest, abs(highest) * 0.1, 10.0**-trend.decimals) / 4
    magnitude = 10.0 ** math.floor(math.log10(raw))
    tick = next(step * magnitude for step in (1, 2, 5, 10) if step * magnitude >= raw * 0.999)
    low = math.floor(lowest / tick + 1e-9) * tick
    if low > 0 and lowest - low < tick / 8:
        low -= tick  # no marker sits on the period labels
    high = math.ceil(highest / tick - 1e-9) * tick
    return low, max(high, low + tick), tick


def spaced(wanted: list[float], gap: float, lowest: float, highest: float) -> list[float]:
    """Return positions near those wanted, at least `gap` apart, in the same order, inside the bounds."""
    order = sorted(range(len(wanted)), key=lambda number: (wanted[number], number))
    placed = [0.0] * len(wanted)
    floor = lowest
    for number in order:
        placed[number] = max(wanted[number], floor)
        floor = placed[number] + gap
    ceiling = highest
    for number in reversed(order):
        placed[number] = min(placed[number], ceiling)
        ceiling = placed[number] - gap
    return placed


def last_drawn(line: TrendLine) -> tuple[int, TrendPoint]:
    """Return number and point of the last period that a line is drawn in."""
    return [(number, point) for number, point in enumerate(line.points) if point is not None][-1]


def ends_meet(trend: Trend, size: Size) -> bool:
    """Say whether two lines end within the height of one label of each other."""
    low, high, _ = value_axis(trend)
    per_pixel = (high - low) / size.plot_height
    ends = sorted(last_drawn(line)[1].value for line in trend.lines)
    return any(after - before < size.label_height * per_pixel for before, after in itertools.pairwise(ends))


def panels_of(trend: Trend) -> list[tuple[TrendLine, ...]]:
    """Return the lines of each panel: all in one, or one comparator each with the authority where ends would meet."""
    own = [line for line in trend.lines if line.key == "authority"]
    others = [line for line in trend.lines if line.key != "authority"]
    if len(others) > 1 and ends_meet(trend, WIDE_SINGLE):
        return [(*own, other) for other in others]
    return [tuple(trend.lines)]


def segments(trend: Trend, line: TrendLine) -> list[dict[str, Any]]:
    """Return the points of a line, each with the number of the stretch it is joined in.

    A new stretch begins after a period without a point and at a series break; nothing is interpolated.
    """
    rows = []
    stretch = 0
    for number, (period, point) in enumerate(zip(trend.periods, line.points, strict=True)):
        if point is None:
            stretch += 1
            continue
        if period.is_break:
            stretch += 1
        rows.append(
            {
                "x": number,
                "value": point.value,
                "line": line.key,
                "stretch": f"{line.key} {stretch}",
                "provisional": point.is_provisional,
            }
        )
    return rows


def shaded_stretches(trend: Trend) -> list[dict[str, Any]]:
    """Return the stretches of neighbouring periods in which nothing is drawn, with the words to print there."""
    found: list[dict[str, Any]] = []
    for number, period in enumerate(trend.periods):
        if period.state == "ok":
            continue
        words = STATE_WORDS[period.state]
        if found and found[-1]["words"] == words and found[-1]["x2"] == number - 0.5:
            found[-1]["x2"] = number + 0.5
        else:
            found.append({"x": number - 0.5, "x2": number + 0.5, "words": words})
    return [{**stretch, "middle": (stretch["x"] + stretch["x2"]) / 2} for stretch in found]


def end_labels(trend: Trend, lines: tuple[TrendLine, ...], size: Size, *, short: bool) -> list[dict[str, Any]]:
    """Return name and value for the end of each line, spaced apart, with the period where it is not the last one."""
    low, high, _ = value_axis(trend)
    gap = size.label_height * (high - low) / size.plot_height
    ends = [last_drawn(line) for line in lines]
    places = spaced([point.value for _, point in ends], gap, low, high)
    rows = []
    for line, (number, point), place in zip(lines, ends, places, strict=True):
        name = line.short_name if short else line.name
        if short and len(name) > LONGEST_END_NAME:
            name = "The council"
        words = f"{name} {point.printed}{' (p)' if point.is_provisional else ''}"
        if number != len(trend.periods) - 1:
            words += f", {trend.periods[number].axis_label}"
        rows.append({"x": number, "value": point.value, "place": place, "words": words, "line": line.key})
    return rows


def with_room(trend: Trend, size: Size, *, short: bool) -> Size:
    """Return the size with a right margin for the longest end label."""
    labels = end_labels(trend, trend.lines, size, short=short)
    # The authority's label is bold, and bold letters are wider.
    characters = max(len(row["words"]) * (1.1 if row["line"] == "authority" else 1) for row in labels)
    longest = characters * size.font * CHARACTER_WIDTH
    return replace(size, right=min(round(longest) + LEADER, size.width // 2))


def axis_labels(trend: Trend, size: Size) -> list[dict[str, Any]]:
    """Return the period labels that fit, counted back from the last period."""
    step = size.plot_width / len(trend.periods)
    longest = max(len(period.axis_label) for period in trend.periods)
    every = max(1, math.ceil((longest * size.font * CHARACTER_WIDTH + size.font) / step))
    last = len(trend.periods) - 1
    return [
        {"x": number, "words": period.axis_label}
        for number, period in enumerate(trend.periods)
        if (last - number) % every == 0
    ]


Spec = dict[str, Any]


class Panel:
    """One panel of a trend as Vega-Lite layers, exactly as large as its margins and its plot together."""

    def __init__(self, trend: Trend, lines: tuple[TrendLine, ...], size: Size) -> None:
        """Work out the scales: one unit of x is a period, margins are part of both domains."""
        self.trend, self.lines, self.size = trend, lines, size
        self.low, self.high, self.tick = value_axis(trend)
        self.count = len(trend.periods)
        self.step = size.plot_width / self.count
        per_pixel = (self.high - self.low) / size.plot_height
        self.left = -0.5 - size.left / self.step
        self.top = self.high + size.top * per_pixel
        right, bottom = self.count - 0.5 + size.right / self.step, self.low - size.bottom * per_pixel
        self.x_scale = {"domain": [self.left, right], "nice": False, "zero": False}
        self.y_scale = {"domain": [bottom, self.top], "nice": False, "zero": False}

    def x(self, field: str) -> Spec:
        """Return the position of a field along the periods."""
        return {"field": field, "type": "quantitative", "scale": self.x_scale, "axis": None}

    def y(self, field: str) -> Spec:
        """Return the position of a field along the values."""
        return {"field": field, "type": "quantitative", "scale": self.y_scale, "axis": None}

    def by_line(self, style: str) -> Spec:
        """Return the channel from comparator to colour, dash or shape; all five, since panels share it."""
        scale = {"domain": list(LINE_STYLES), "range": [found[style] for found in LINE_STYLES.values()]}
        return {"field": "line", "type": "nominal", "scale": scale, "legend": None}

    def layer(self, rows: list[dict[str, Any]], mark: Spec, **encoding: Spec) -> Spec:
        """Return one layer: a mark on these rows."""
        return {"data": {"values": rows}, "mark": mark, "encoding": encoding}

    def words(self, rows: list[dict[str, Any]], at: tuple[str, str], **marks: Any) -> Spec:
        """Return the `words` of rows as text at the two fields."""
        mark = {"type": "text", "font": FONT, "fontSize": self.size.font, "color": TEXT, **marks}
        return self.layer(rows, mark, x=self.x(at[0]), y=self.y(at[1]), text={"field": "words", "type": "nominal"})

    def frame(self) -> list[Spec]:
        """Return grid, value labels and period labels."""
        ticks = [
            {
                "x": -0.5,
                "x2": self.count - 0.5,
                "value": self.low + number * self.tick,
                "words": printed_value(
                    self.low + number * self.tick, unit=self.trend.unit, decimals=tick_decimals(self.tick)
                ),
            }
            for number in range(round((self.high - self.low) / self.tick) + 1)
        ]
        periods = [{**row, "value": self.low} for row in axis_labels(self.trend, self.size)]
        rule = {"type": "rule", "color": GRID, "strokeWidth": 1}
        return [
            self.layer(ticks, rule, x=self.x("x"), x2={"field": "x2"}, y=self.y("value")),
            self.words(ticks, ("x", "value"), align="right", baseline="middle", dx=-6),
            self.words(periods, ("x", "value"), align="center", baseline="top", dy=8),
        ]

    def shading(self) -> list[Spec]:
        """Return the shaded stretches without a drawn figure."""
        rows = [{**row, "low": self.low, "high": self.high} for row in shaded_stretches(self.trend)]
        mark = {"type": "rect", "color": SHADE}
        place = {"x": self.x("x"), "x2": {"field": "x2"}, "y": self.y("low"), "y2": {"field": "high"}}
        return [self.layer(rows, mark, **place)] if rows else []

    def shading_words(self) -> list[Spec]:
        """Return why nothing is drawn there, upright in the stretch."""
        rows = [{**row, "centre": (self.low + self.high) / 2} for row in shaded_stretches(self.trend)]
        return [self.words(rows, ("middle", "centre"), align="center", baseline="middle", angle=270)] if rows else []

    def breaks(self) -> list[Spec]:
        """Return a vertical rule before each period that may not be compared with earlier ones."""
        rows = [
            {"x": number - 0.5, "low": self.low, "high": self.high, "words": "Series break"}
            for number, period in enumerate(self.trend.periods)
            if period.is_break and number > 0
        ]
        if not rows:
            return []
        rule = {"type": "rule", "color": REFERENCE, "strokeWidth": 1.5, "strokeDash": [4, 3]}
        return [
            self.layer(rows, rule, x=self.x("x"), y=self.y("low"), y2={"field": "high"}),
            self.words(rows, ("x", "high"), align="left", baseline="bottom", dx=3, dy=-2),
        ]

    def series(self) -> list[Spec]:
        """Return lines and markers, the authority over its comparators; a provisional marker is hollow."""
        rows = [row for line in reversed(self.lines) for row in segments(self.trend, line)]
        colour = self.by_line("colour")
        position = {"x": self.x("x"), "y": self.y("value")}
        line = {"type": "line", "strokeWidth": 2.5}
        marker = {"type": "point", "filled": True, "size": self.size.point, "opacity": 1, "strokeWidth": 1.5}
        hollow = {"condition": {"test": "datum.provisional", "value": "#FFFFFF"}, **colour}
        return [
            self.layer(
                rows,
                line,
                **position,
                detail={"field": "stretch", "type": "nominal"},
                color=colour,
                strokeDash=self.by_line("dash"),
            ),
            self.layer(rows, marker, **position, shape=self.by_line("shape"), stroke=colour, fill=hollow),
        ]

    def ends(self, *, short: bool) -> list[Spec]:
        """Return the labels at the line ends, each joined to its last point by a thin line."""
        rows = [
            {
                **row,
                "label_x": self.count - 0.5 + (LEADER - 6) / self.step,
                "leader_x": row["x"] + 7 / self.step,
            }
            for row in end_labels(self.trend, self.lines, self.size, short=short)
        ]
        layers = [
            self.layer(
                rows,
                {"type": "rule", "strokeWidth": 1},
                x=self.x("leader_x"),
                x2={"field": "label_x"},
                y=self.y("value"),
                y2={"field": "place"},
                color=self.by_line("colour"),
            )
        ]
        for weight, some in (
            ("normal", [row for row in rows if row["line"] != "authority"]),
            ("bold", [row for row in rows if row["line"] == "authority"]),
        ):
            if some:
                place = ("label_x", "place")
                layers.append(self.words(some, place, align="left", baseline="middle", dx=4, fontWeight=weight))
        return layers

    def heading(self, title: str | None) -> list[Spec]:
        """Return the panel's title at its upper left corner."""
        rows = [{"x": self.left, "value": self.top, "words": title}]
        place = ("x", "value")
        return [self.words(rows, place, align="left", baseline="top", dy=2, fontWeight="bold")] if title else []

    def layers(self, *, title: str | None, short: bool) -> Spec:
        """Return all layers, the ones behind first."""
        found = [
            *self.shading(),
            *self.frame(),
            *self.shading_words(),
            *self.breaks(),
            *self.series(),
            *self.ends(short=short),
            *self.heading(title),
        ]
        height = self.size.top + self.size.plot_height + self.size.bottom
        return {"layer": found, "width": self.size.width, "height": height}


def tick_decimals(tick: float) -> int:
    """Return the decimals that tell one tick from the next."""
    return max(0, -math.floor(math.log10(tick) + 1e-9))


def specification(trend: Trend, *, narrow: bool) -> Spec:
    """Return the Vega-Lite specification of a trend; narrow is made to be shown 288 pixels wide."""
    groups = panels_of(trend)
    if len(groups) == 1:
        size = with_room(trend, NARROW_SINGLE if narrow else WIDE_SINGLE, short=narrow)
        drawing = Panel(trend, groups[0], size).layers(title=None, short=narrow)
    else:
        size = with_room(trend, NARROW_PANELS if narrow else WIDE_PANELS, short=True)
        panels = [
            Panel(trend, lines, size).layers(title=f"Compared with {lines[-1].name}", short=True) for lines in groups
        ]
        drawing = {"concat": panels, "columns": size.columns, "spacing": 14}
    config = {"background": "#FFFFFF", "padding": 0, "view": {"stroke": None}}
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": config, **drawing}


def draw(trend: Trend, *, narrow: bool) -> str:
    """Return the SVG of a trend; the same trend always gives the same text."""
    import vl_convert

    return vl_convert.vegalite_to_svg(specification(trend, narrow=narrow), vl_version=VEGA_LITE_VERSION)
