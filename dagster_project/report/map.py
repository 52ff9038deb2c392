"""The map of clusters as one inline SVG, once wide and once narrow; school points where no outline is supplied.

A drawing needs no script, no font and no other file, and brings its own white ground, so that it reads the same in
forced colours. It can stand in the page itself or in an `img`, as charts do. Sizes are in pixels of a drawing shown at
its own width: 936, or 288 on a phone. The wide one may shrink to 729 pixels (a window of 761, where charts change to
narrow) before its smallest text falls under 11.
"""

from __future__ import annotations

import html
import itertools
import math
import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dagster_project.report.blocks import IncompleteBlock
from dagster_project.report.charts import FONT, GRID, LINE_STYLES, REFERENCE, TEXT
from dagster_project.report.words import printed_value

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

AreaState = Literal["shown", "suppressed", "missing"]
Place = tuple[float, float]

CLASS_COLOURS = ("#DCEBF8", "#6BACE6", "#2073BC", "#12436D")
RADIUS = 11.0  # of a badge
GAP = 2 * RADIUS + 3  # between the centres of two badges
MARGIN = RADIUS + 2  # no badge is cut off at the edge of the drawing
LETTER = 0.68  # width of a letter by font size, with the letter and word spacing that readers may set (WCAG 1.4.12)
NAME_LETTER, NAME_CAPITAL = 0.54, 0.72  # a name may outgrow its plate when letters are spaced: nothing is cut off
LINE = 1.35  # height of a line of text by font size
KM_PER_MILE = 1.609344
BAR_LENGTHS = (0.5, 1, 2, 5, 10, 20, 50)
HIDDEN = 2.2  # an area smaller than so many badges shows too little of its colour under one
LARGEST_INSET = 3.0  # times the map's own scale
INSET_HEIGHT = 320.0
TALLEST = 1.25  # height of the map by its width; a longer authority is drawn smaller
AREA_WORDS = {"suppressed": "Suppressed", "missing": "No figure"}


@dataclass(frozen=True)
class MapArea:
    """One area of the map.

    `number` is that of the locator table, `value` what the area is classed by (rounded as printed, where reader and
    class must agree) and `printed` its text. `boundary` is a polygon or several in EPSG:27700 metres.
    """

    number: int
    name: str
    boundary: BaseGeometry
    value: float | None
    printed: str
    state: AreaState


@dataclass(frozen=True)
class MapPoint:
    """One school on the map of points: number and name of its cluster, and where it is in EPSG:27700 metres."""

    number: int
    name: str
    easting: float
    northing: float


@dataclass(frozen=True)
class MultiplePanel:
    """One small panel: a cluster's values by period (None where nothing is printed) and its last figure as printed."""

    number: int
    name: str
    values: tuple[float | None, ...]
    printed: str


@dataclass(frozen=True)
class Layout:
    """Measures of a drawing: key beside the map where `map_width` leaves room, else under it."""

    name: str
    width: float
    map_width: float
    font: float
    names: bool
    inset: bool
    across: int
    plot_height: float
    badge_font: float

    @property
    def beside(self) -> bool:
        """Say whether the key stands to the right of the map."""
        return self.map_width < self.width

    @property
    def line(self) -> float:
        """Height of a line of text."""
        return self.font * LINE


WIDE = Layout("wide", 936, 690, 15, names=True, inset=False, across=4, plot_height=96, badge_font=14.2)
NARROW = Layout("narrow", 288, 288, 12, names=False, inset=True, across=2, plot_height=76, badge_font=12.5)


@dataclass(frozen=True)
class Projection:
    """From metres to pixels: north up, one scale both ways."""

    west: float
    north: float
    per_metre: float
    left: float
    top: float
    width: float
    height: float

    def place(self, easting: float, northing: float) -> Place:
        """Return the pixel of a point."""
        return self.left + (easting - self.west) * self.per_metre, self.top + (self.north - northing) * self.per_metre


@dataclass
class Column:
    """Parts of a drawing that stand under one another, and how far down they reach."""

    left: float
    top: float
    width: float
    font: float
    parts: list[str] = field(default_factory=list)

    def words(self, words: str, *, indent: float = 0.0, bold: bool = False) -> None:
        """Add wrapped text."""
        for line in wrapped(words, self.width - indent, self.font):
            self.parts.append(
                text(self.left + indent, self.top + self.font, line, self.font, weight="bold" if bold else None)
            )
            self.top += self.font * LINE

    def entry(self, swatch: str, words: str) -> None:
        """Add a swatch, drawn in a box of 30 by 20 pixels, with its words beside it."""
        start = self.top
        self.parts.append(f'<g transform="translate({number(self.left)} {number(start)})">{swatch}</g>')
        self.top += max(0.0, (20 - self.font * LINE) / 2)
        self.words(words, indent=40)
        self.top = max(self.top, start + 20) + 6


def draw_map(
    areas: Sequence[MapArea],
    *,
    title: str,
    description: str,
    breaks: tuple[float, ...],
    printed_breaks: tuple[str, ...],
    unit_words: str,
    attribution: str,
    narrow: bool,
    drawing_id: str = "map",
    state_words: dict[str, str] | None = None,
) -> str:
    """Return the map of clusters as one SVG; the same areas always give the same text.

    Args:
        areas: What is drawn; the city-wide cluster has no outline and is left to the table.
        title: Accessible name, the reading in words.
        description: What the map shows, and where the same data stand as text.
        breaks: The three fixed cut points between four classes; a value equal to one belongs to the class above.
        printed_breaks: The cut points as printed in the key.
        unit_words: Heading of the key: what is shown, in which unit, for whom and when.
        attribution: Whose boundaries these are and under which licence.
        narrow: Draw it to be shown 288 pixels wide rather than 936.
        drawing_id: Begins every id of the drawing, its own on the page; wide and narrow differ by themselves.
        state_words: Words of the key for `suppressed` and `missing`, if other than "Suppressed" and "No figure".

    Raises:
        IncompleteBlock: If there is nothing to draw, a text is blank, a number occurs twice, the classes are not four
            in order, or a shown area has no value.
    """
    _complete(title, description, unit_words, attribution)
    if not areas or any(area.boundary.is_empty for area in areas):
        raise IncompleteBlock(f"map '{title}': no area to draw, or one without an outline")
    if len({area.number for area in areas}) != len(areas):
        raise IncompleteBlock(f"map '{title}': two areas have one number")
    if not len(breaks) == len(printed_breaks) == len(CLASS_COLOURS) - 1 or list(breaks) != sorted(set(breaks)):
        raise IncompleteBlock(f"map '{title}': four classes need three cut points in order, each with its words")
    if any(area.state == "shown" and (area.value is None or not math.isfinite(area.value)) for area in areas):
        raise IncompleteBlock(f"map '{title}': an area is shown that has no value")
    layout = NARROW if narrow else WIDE
    prefix = f"{drawing_id}-{layout.name}"
    projection = _projection([area.boundary.bounds for area in areas], layout)
    ordered = sorted(areas, key=lambda area: area.number)
    paths, shapes, borders = [], [], []
    for area in ordered:
        paths.append(f'<path id="{_safe(prefix)}-{area.number}" d="{path_of(area.boundary, projection)}"/>')
        use = f'<use href="#{_safe(prefix)}-{area.number}"'
        said = f"{area.number} {area.name}: {area.printed}"
        shapes.append(
            f'<g class="area {area.state}" fill="{fill_of(area, breaks, prefix)}">'
            f"<title>{html.escape(said)}</title>{use}/></g>"
        )
        borders.append(f"{use}/>")
    drawn = _drawn(shapes, borders, 1.0)
    inset = _inset([(area.number, area.boundary.area, area.boundary.bounds) for area in ordered], projection, layout)
    key = _key_column(projection, layout)
    if inset is None:
        body = [drawn, *_marks(ordered, projection, layout)]
    else:
        large = [area for area in ordered if area.number not in inset.numbers]
        body = [drawn, inset.frame(), *_marks(large, projection, layout)]
        key.words(f"Framed part, {inset.factor:.1f} times as large")
        key.top += 6
        inside = inset.projection(key.top)
        near = [area for area in ordered if area.number in inset.numbers or inset.holds(_home(area, projection))]
        again = _drawn(shapes, borders, inset.factor).replace("-hatch)", "-hatch-inset)")
        again = again.replace("-dots)", "-dots-inset)")
        body += [inset.window(key.top, again), *_marks(near, inside, layout)]
        key.top += inset.height + 12
    words = AREA_WORDS | (state_words or {})
    key.words(unit_words, bold=True)
    key.top += 6
    for colour, label in zip(CLASS_COLOURS, class_words(printed_breaks), strict=True):
        key.entry(swatch(colour), label)
    for state, pattern in (("suppressed", "hatch"), ("missing", "dots")):
        if any(area.state == state for area in areas):
            key.entry(swatch(f"url(#{_safe(prefix)}-{pattern})"), words[state])
    definitions = _patterns(prefix) + (_patterns(prefix, "-inset", inset.factor) if inset else "") + "".join(paths)
    return _svg(layout, projection, prefix, title, description, attribution, definitions, body, key)


def draw_points(
    points: Sequence[MapPoint],
    *,
    title: str,
    description: str,
    unit_words: str,
    attribution: str,
    narrow: bool,
    outline: BaseGeometry | None = None,
    drawing_id: str = "points",
) -> str:
    """Return the map of schools, for a council that says which school is in which cluster but supplies no outlines.

    Each school is a dot, joined by a line to the number of its cluster: no colour has a meaning.

    Args:
        points: Schools; the number is the cluster's.
        title: Accessible name, the reading in words.
        description: What the map shows, and where the same data stand as text.
        unit_words: Heading of the key.
        attribution: Whose data these are and under which licence.
        narrow: Draw it to be shown 288 pixels wide rather than 936.
        outline: Edge of the authority, EPSG:27700, where it is known.
        drawing_id: Begins every id of the drawing and must be its own on the page.

    Raises:
        IncompleteBlock: If there is nothing to draw, a text is blank or one number has two names.
    """
    _complete(title, description, unit_words, attribution)
    names: dict[int, str] = {}
    schools: dict[int, list[Place]] = {}
    if not points:
        raise IncompleteBlock(f"map '{title}': no school to draw")
    layout = NARROW if narrow else WIDE
    prefix = f"{drawing_id}-{layout.name}"
    bounds = [(point.easting, point.northing, point.easting, point.northing) for point in points]
    projection = _projection([*bounds, outline.bounds] if outline is not None else bounds, layout)
    for point in sorted(points, key=lambda point: (point.number, point.easting, point.northing)):
        if names.setdefault(point.number, point.name) != point.name:
            raise IncompleteBlock(f"map '{title}': number {point.number} stands for two clusters")
        schools.setdefault(point.number, []).append((point.easting, point.northing))
    inset = _inset([_spread(cluster, places) for cluster, places in schools.items()], projection, layout)
    key = _key_column(projection, layout)
    if inset is None:
        body = _stars(schools, names, set(names), outline, layout, projection)
    else:
        body = [inset.frame(), *_stars(schools, names, set(names) - inset.numbers, outline, layout, projection)]
        key.words(f"Framed part, {inset.factor:.1f} times as large")
        key.top += 6
        middles = {cluster: projection.place(*_middle(places)) for cluster, places in schools.items()}
        near = inset.numbers | {cluster for cluster, place in middles.items() if inset.holds(place)}
        body.append(inset.cut_out(key.top, _stars(schools, names, near, outline, layout, inset.projection(key.top))))
        key.top += inset.height + 12
    key.words(unit_words, bold=True)
    key.top += 6
    key.entry(f'<circle cx="15" cy="10" r="2.5" fill="{TEXT}"/>', "A school")
    key.entry(badge(1, 15, 10, layout), "Number of a cluster in the table; lines lead to its schools")
    return _svg(layout, projection, prefix, title, description, attribution, "", body, key)


def class_of(value: float, breaks: tuple[float, ...]) -> int:
    """Return the number of a value's class from 0; a value equal to a cut point belongs to the class above it."""
    return sum(value >= cut for cut in breaks)


def class_words(printed_breaks: Sequence[str]) -> list[str]:
    """Return the words of the classes, lowest first."""
    between = [f"{low} to under {high}" for low, high in itertools.pairwise(printed_breaks)]
    return [f"Under {printed_breaks[0]}", *between, f"{printed_breaks[-1]} or more"]


def fill_of(area: MapArea, breaks: tuple[float, ...], prefix: str) -> str:
    """Return the colour of an area's class, or the pattern of its state."""
    if area.state == "shown" and area.value is not None:
        return CLASS_COLOURS[class_of(area.value, breaks)]
    return f"url(#{_safe(prefix)}-{'hatch' if area.state == 'suppressed' else 'dots'})"


def apart(homes: Sequence[Place], projection: Projection) -> list[Place]:
    """Return places for badges near those wanted, none over another and none over the edge of the map.

    Badges that would touch push each other away step by step and are drawn back towards home, then only pushed. Where
    there is no room for all (over a hundred on a phone) some still touch.
    """
    places = list(homes)
    for step in range(600):
        moved = [
            (x + (home_x - x) * 0.04, y + (home_y - y) * 0.04) if step < 300 else (x, y)
            for (x, y), (home_x, home_y) in zip(places, homes, strict=True)
        ]
        touching = False
        for one in range(len(moved)):
            for other in range(one + 1, len(moved)):
                across, down = moved[other][0] - moved[one][0], moved[other][1] - moved[one][1]
                distance = math.hypot(across, down)
                if distance >= GAP - 0.01:
                    continue
                touching = True
                if distance < 0.01:  # two at one point part in a direction of their own
                    across, down, distance = math.cos(one * 2.4), math.sin(one * 2.4), 1.0
                    push = GAP / 2
                else:
                    push = (GAP - distance) / 2
                shift_x, shift_y = across / distance * push, down / distance * push
                moved[one] = (moved[one][0] - shift_x, moved[one][1] - shift_y)
                moved[other] = (moved[other][0] + shift_x, moved[other][1] + shift_y)
        places = [
            (
                min(
                    max(x, projection.left - MARGIN + RADIUS + 1),
                    projection.left + projection.width + MARGIN - RADIUS - 1,
                ),
                min(
                    max(y, projection.top - MARGIN + RADIUS + 1),
                    projection.top + projection.height + MARGIN - RADIUS - 1,
                ),
            )
            for x, y in moved
        ]
        if not touching and step >= 300:
            break
    return places


def badge(area_number: int, x: float, y: float, layout: Layout) -> str:
    """Return a white disc with a dark edge and the number in it."""
    size = layout.badge_font if area_number < 100 else 11
    return (
        f'<g class="badge"><circle cx="{number(x)}" cy="{number(y)}" r="{number(RADIUS)}" fill="#FFFFFF" '
        f'stroke="{TEXT}" stroke-width="1.5"/>{text(x, y + size * 0.36, str(area_number), size, anchor="middle")}</g>'
    )


def leader(home: Place, place: Place) -> str:
    """Return the line from a badge to a dot in its area; nothing where the badge still covers that point."""
    distance = math.dist(home, place)
    if distance <= RADIUS - 2:
        return ""
    line = f'd="M{number(place[0])} {number(place[1])}L{number(home[0])} {number(home[1])}"'
    dot = f'cx="{number(home[0])}" cy="{number(home[1])}"'
    return (
        f'<g class="leader"><path {line} stroke="#FFFFFF" stroke-width="3.5"/><circle {dot} r="3.5" fill="#FFFFFF"/>'
        f'<path {line} stroke="{TEXT}" stroke-width="1.5"/><circle {dot} r="2.2" fill="{TEXT}"/></g>'
    )


def wrapped(words: str, width: float, font: float) -> list[str]:
    """Return the lines of a text that fit into a width in pixels; a longer word is broken, nothing is lost."""
    return textwrap.wrap(words, max(4, int(width / (font * LETTER))), break_on_hyphens=False) or [""]


def text(x: float, y: float, words: str, font: float, *, anchor: str | None = None, weight: str | None = None) -> str:
    """Return one line of text on its baseline, in a colour that forced colours leave alone."""
    more = (f' text-anchor="{anchor}"' if anchor else "") + (f' font-weight="{weight}"' if weight else "")
    return f'<text x="{number(x)}" y="{number(y)}" font-size="{number(font)}"{more}>{html.escape(words)}</text>'


def swatch(fill: str) -> str:
    """Return a rectangle of the key."""
    return f'<rect x=".75" y=".75" width="28.5" height="18.5" fill="{fill}" stroke="{TEXT}" stroke-width="1.2"/>'


def number(value: float) -> str:
    """Return a coordinate to a tenth of a pixel, in as few characters as it takes."""
    return _tenths(round(value * 10))


def _tenths(value: int) -> str:
    whole, part = divmod(abs(value), 10)
    digits = f"{whole if whole or not part else ''}{f'.{part}' if part else ''}"
    return f"-{digits}" if value < 0 else digits


def path_of(shape: BaseGeometry, projection: Projection) -> str:
    """Return a polygon or several as path data to a tenth of a pixel; equal edges of neighbours stay equal."""
    commands = []
    for polygon in getattr(shape, "geoms", [shape]):
        for ring in (polygon.exterior, *polygon.interiors):
            corners = [projection.place(x, y) for x, y in ring.coords[:-1]]
            tenths = [(round(x * 10), round(y * 10)) for x, y in corners]
            kept = [corner for before, corner in zip([tenths[-1], *tenths], tenths, strict=False) if corner != before]
            if len(kept) < 3:
                continue  # smaller than a tenth of a pixel
            start, steps = kept[0], []
            for before, corner in itertools.pairwise(kept):
                steps += [corner[0] - before[0], corner[1] - before[1]]
            commands.append(f"M{_joined(start)}l{_joined(steps)}z")
    return "".join(commands)


def _joined(values: Iterable[int]) -> str:
    return " ".join(_tenths(value) for value in values).replace(" -", "-")


def _safe(prefix: str) -> str:
    return html.escape(prefix, quote=True)


def _complete(title: str, *texts: str) -> None:
    if not all(words.strip() for words in (title, *texts)):
        raise IncompleteBlock(f"map '{title}': title, description, key heading and attribution are all needed")


def _spread(cluster: int, places: Sequence[Place]) -> tuple[int, float, tuple[float, ...]]:
    """Return number, square metres and bounds of the rectangle around a cluster's schools."""
    east, north = [place[0] for place in places], [place[1] for place in places]
    bounds = (min(east), min(north), max(east), max(north))
    return cluster, (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]), bounds


def _stars(
    schools: dict[int, list[Place]],
    names: dict[int, str],
    with_badge: Collection[int],
    outline: BaseGeometry | None,
    layout: Layout,
    projection: Projection,
) -> list[str]:
    """Return the schools as dots, and for the clusters asked for the badge and its lines to each."""
    parts = []
    if outline is not None:
        parts.append(
            f'<path class="outline" d="{path_of(outline, projection)}" fill="none" stroke="{TEXT}" stroke-width="1.2"/>'
        )
    dots = {cluster: [projection.place(*place) for place in places] for cluster, places in schools.items()}
    shown = [cluster for cluster in dots if cluster in with_badge]
    places = apart([_middle(dots[cluster]) for cluster in shown], projection)
    for cluster, (x, y) in zip(shown, places, strict=True):
        rays = "".join(f"M{number(x)} {number(y)}L{number(east)} {number(south)}" for east, south in dots[cluster])
        parts.append(f'<path class="rays" d="{rays}" fill="none" stroke="{REFERENCE}" stroke-width="1"/>')
    for some in dots.values():
        parts += [f'<circle class="school" cx="{number(x)}" cy="{number(y)}" r="2.5"/>' for x, y in some]
    for cluster, place in zip(shown, places, strict=True):
        parts.append(
            f"<g><title>{html.escape(f'{cluster} {names[cluster]}')}</title>{badge(cluster, *place, layout)}</g>"
        )
    return parts


def _middle(places: Sequence[Place]) -> Place:
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _projection(bounds: Sequence[tuple[float, ...]], layout: Layout) -> Projection:
    west, south = min(bound[0] for bound in bounds), min(bound[1] for bound in bounds)
    east, north = max(bound[2] for bound in bounds), max(bound[3] for bound in bounds)
    across, down = max(east - west, 1.0), max(north - south, 1.0)
    room = layout.map_width - 2 * MARGIN
    per_metre = min(room / across, room * TALLEST / down)
    width, height = across * per_metre, down * per_metre
    return Projection(west, north, per_metre, MARGIN + (room - width) / 2, MARGIN, width, height)


def _key_column(projection: Projection, layout: Layout) -> Column:
    if layout.beside:
        left = layout.map_width + 16
        return Column(left, MARGIN, layout.width - left, layout.font)
    return Column(0, projection.height + 2 * MARGIN + 6, layout.width, layout.font)


@dataclass(frozen=True)
class Inset:
    """The part of a narrow map where areas are too small for a badge, drawn again and larger under the map."""

    numbers: frozenset[int]
    main: Projection
    left: float
    top: float
    across: float
    down: float
    factor: float

    @property
    def height(self) -> float:
        """Height of the larger drawing."""
        return self.down * self.factor

    def frame(self) -> str:
        """Return the frame on the map."""
        place = f'x="{number(self.left)}" y="{number(self.top)}" width="{number(self.across)}" '
        place += f'height="{number(self.down)}" fill="none"'
        return (
            f'<rect {place} stroke="#FFFFFF" stroke-width="4"/>'
            f'<rect class="frame" {place} stroke="{TEXT}" stroke-width="2"/>'
        )

    def window(self, top: float, again: str) -> str:
        """Return the map, drawn again, as seen through the frame."""
        box = f"{number(self.left)} {number(self.top)} {number(self.across)} {number(self.down)}"
        size = f'width="{number(self.across * self.factor)}" height="{number(self.height)}"'
        return (
            f'<svg y="{number(top)}" {size} viewBox="{box}" overflow="hidden">{again}</svg>'
            f'<rect x="1" y="{number(top)}" width="{number(self.across * self.factor - 2)}" '
            f'height="{number(self.height)}" fill="none" stroke="{TEXT}" stroke-width="2"/>'
        )

    def cut_out(self, top: float, parts: Sequence[str]) -> str:
        """Return parts that are drawn at the larger scale, as far as they lie inside the frame."""
        across = number(self.across * self.factor)
        box = f'width="{across}" height="{number(self.height)}"'
        return (
            f'<svg y="{number(top)}" {box} viewBox="0 {number(top)} {across} {number(self.height)}" overflow="hidden">'
            f'{"".join(parts)}</svg><rect x="1" y="{number(top)}" width="{number(self.across * self.factor - 2)}" '
            f'height="{number(self.height)}" fill="none" stroke="{TEXT}" stroke-width="2"/>'
        )

    def projection(self, top: float) -> Projection:
        """Return where a point lies in the larger drawing that begins so far down."""
        per_metre = self.main.per_metre * self.factor
        west = self.main.west + (self.left - self.main.left) / self.main.per_metre + MARGIN / per_metre
        north = self.main.north - (self.top - self.main.top) / self.main.per_metre - MARGIN / per_metre
        width, height = self.across * self.factor - 2 * MARGIN, self.height - 2 * MARGIN
        return Projection(west, north, per_metre, MARGIN, top + MARGIN, width, height)

    def holds(self, place: Place) -> bool:
        """Say whether a badge at this pixel of the map lies well inside the frame."""
        x, y = place
        edge = RADIUS / self.factor
        return (
            self.left + edge <= x <= self.left + self.across - edge
            and self.top + edge <= y <= self.top + self.down - edge
        )


def _inset(
    sizes: Sequence[tuple[int, float, tuple[float, ...]]], projection: Projection, layout: Layout
) -> Inset | None:
    """Return the part of the map to draw again; None where all is larger than its badge needs.

    Args:
        sizes: Number, square metres and bounds of each area.
        projection: That of the map.
        layout: A layout without inset has none.
    """
    least = HIDDEN * math.pi * RADIUS**2 / projection.per_metre**2
    small = [(area_number, bounds) for area_number, size, bounds in sizes if size < least]
    if not layout.inset or not small:
        return None
    left, top = projection.place(min(bound[0] for _, bound in small), max(bound[3] for _, bound in small))
    right, bottom = projection.place(max(bound[2] for _, bound in small), min(bound[1] for _, bound in small))
    left, top, right, bottom = left - 5, top - 5, right + 5, bottom + 5
    factor = min(layout.width / (right - left), INSET_HEIGHT / (bottom - top), LARGEST_INSET)
    if factor < 1.2:
        return None
    across = layout.width / factor
    left = (left + right - across) / 2
    numbers = frozenset(area_number for area_number, _ in small)
    return Inset(numbers, projection, left, top, across, bottom - top, factor)


def _home(area: MapArea, projection: Projection) -> Place:
    point = area.boundary.representative_point()
    return projection.place(point.x, point.y)


def _marks(areas: Sequence[MapArea], projection: Projection, layout: Layout) -> list[str]:
    """Return names, leader lines and badges of areas, the badges on top."""
    homes = [_home(area, projection) for area in areas]
    places = apart(homes, projection)
    return [
        *(_names(areas, homes, places, projection, layout) if layout.names else []),
        *(leader(home, place) for home, place in zip(homes, places, strict=True)),
        *(badge(area.number, *place, layout) for area, place in zip(areas, places, strict=True)),
    ]


def _drawn(shapes: Sequence[str], borders: Sequence[str], factor: float) -> str:
    """Return areas and borders for a drawing that is shown so many times as large, lines as thin as in the map.

    Each border is dark on a white one, since #0B0C0C alone hardly shows between two areas of the darkest class.
    """
    return (
        f'<g stroke="#FFFFFF" stroke-width="{3.5 / factor:.2g}" stroke-linejoin="round" fill-rule="evenodd">'
        f'{"".join(shapes)}</g><g class="borders" fill="none" stroke="{TEXT}" stroke-width="{1.2 / factor:.2g}" '
        f'stroke-linejoin="round">{"".join(borders)}</g>'
    )


def _patterns(prefix: str, suffix: str = "", factor: float = 1.0) -> str:
    """Return hatching and dots, as fine as in the map where the drawing is shown so many times as large."""
    scale = f" scale({1 / factor:.3g})" if factor != 1.0 else ""
    return (
        f'<pattern id="{_safe(prefix)}-hatch{suffix}" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45){scale}"><rect width="7" height="7" fill="#FFFFFF"/>'
        f'<rect width="1.6" height="7" fill="{TEXT}"/></pattern>'
        f'<pattern id="{_safe(prefix)}-dots{suffix}" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(0){scale}"><rect width="7" height="7" fill="#FFFFFF"/>'
        f'<circle cx="3.5" cy="3.5" r=".9" fill="{REFERENCE}"/></pattern>'
    )


def _names(
    areas: Sequence[MapArea], homes: Sequence[Place], places: Sequence[Place], projection: Projection, layout: Layout
) -> list[str]:
    """Return the names that fit inside their areas beside the badge, each on a white plate; the others are left out."""
    import shapely
    from shapely.geometry import LineString, Point, box

    taken = [Point(place).buffer(RADIUS + 2) for place in places]
    taken += [LineString([home, place]).buffer(3) for home, place in zip(homes, places, strict=True) if home != place]
    parts = []
    for area, (x, y) in zip(areas, places, strict=True):
        shape = shapely.transform(area.boundary, lambda e, n: projection.place(e, n), interleaved=False).buffer(-3)
        for letters in (40, 18, 12):
            lines = textwrap.wrap(area.name, letters, break_long_words=False, break_on_hyphens=False)
            width = max((_letters(line) for line in lines), default=0.0) * layout.font + 8
            height = len(lines) * layout.font * 1.2 + 4
            shifts = [share * width - width / 2 for share in (0, 0.25, -0.25, 0.5, -0.5)]
            spots = [(x + shift, y + RADIUS + 3) for shift in shifts]
            spots += [(x + shift, y - RADIUS - 3 - height) for shift in shifts]
            spots += [(x + RADIUS + 3, y - height / 2), (x - RADIUS - 3 - width, y - height / 2)]
            fitting = [
                (left, top)
                for left, top in spots
                if lines
                and shape.contains(box(left, top, left + width, top + height))
                and not any(box(left, top, left + width, top + height).intersects(other) for other in taken)
            ]
            if fitting:
                left, top = fitting[0]
                taken.append(box(left, top, left + width, top + height))
                parts.append(_plate(lines, left, top, width, height, layout.font))
                break
    return parts


def _letters(words: str) -> float:
    """Return the width of a name by font size."""
    return sum(NAME_CAPITAL if letter.isupper() else NAME_LETTER for letter in words)


def _plate(lines: Sequence[str], left: float, top: float, width: float, height: float, font: float) -> str:
    rows = [
        text(left + width / 2, top + 2 + font * (0.93 + 1.2 * row), line, font, anchor="middle")
        for row, line in enumerate(lines)
    ]
    ground = (
        f'<rect x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}" rx="2" '
        'fill="#FFFFFF"/>'
    )
    return f'<g class="name">{ground}{"".join(rows)}</g>'


def _svg(
    layout: Layout,
    projection: Projection,
    prefix: str,
    title: str,
    description: str,
    attribution: str,
    definitions: str,
    body: Sequence[str],
    key: Column,
) -> str:
    """Return the whole drawing: map, key, scale bar, north arrow and attribution."""
    key.top += 8
    key.parts.append(_scale_bar(key, projection))
    source = Column(0, max(key.top, projection.height + 2 * MARGIN) + 8, layout.width, layout.font)
    source.words(attribution)
    height = math.ceil(source.top + 4)
    return _frame(
        layout.width,
        height,
        prefix,
        title,
        description,
        definitions,
        [*body, f'<g class="key">{"".join(key.parts)}</g>', f'<g class="source">{"".join(source.parts)}</g>'],
    )


def _frame(
    width: float, height: float, prefix: str, title: str, description: str, definitions: str, body: Sequence[str]
) -> str:
    # In forced colours browsers repaint the text of an SVG but not its shapes; white text on a white disc would
    # follow. The drawing therefore opts out as a whole, on its own white ground, as a chart in an `img` does.
    plain = "forced-color-adjust:none"
    # What is inside an image is no text of the page: some screen readers read it out piece by piece unless hidden.
    parts = "".join(body).replace("<text ", f'<text style="{plain}" ')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'width="{number(width)}" height="{number(height)}" role="img" '
        f'aria-labelledby="{_safe(prefix)}-title {_safe(prefix)}-desc" '
        f'style="max-width:100%;height:auto;{plain}" font-family="{html.escape(FONT)}" fill="{TEXT}">'
        f'<title id="{_safe(prefix)}-title">{html.escape(title)}</title>'
        f'<desc id="{_safe(prefix)}-desc">{html.escape(description)}</desc>'
        f"{f'<defs>{definitions}</defs>' if definitions else ''}"
        f'<g aria-hidden="true"><rect width="100%" height="100%" fill="#FFFFFF"/>{parts}</g></svg>'
    )


def _scale_bar(key: Column, projection: Projection) -> str:
    """Return bars of whole kilometres and miles, each with its length beside it, and the north arrow after them."""
    room = min(key.width * 0.45, projection.width * 0.4)
    parts = []
    longest = 0.0
    start = key.top
    for unit, metres in (("km", 1000.0), ("miles", 1000 * KM_PER_MILE)):
        fitting = [length for length in BAR_LENGTHS if length * metres * projection.per_metre <= room]
        length = max(fitting, default=BAR_LENGTHS[0])
        pixels = length * metres * projection.per_metre
        words = f"{length:g} {'mile' if unit == 'miles' and length == 1 else unit}"
        y = key.top + key.font * LINE / 2
        parts.append(
            f'<path d="M{number(key.left + 1)} {number(y - 5)}v10m0-5h{number(pixels)}m0-5v10" fill="none" '
            f'stroke="{TEXT}" stroke-width="1.5"/>'
        )
        parts.append(text(key.left + pixels + 9, y + key.font * 0.36, words, key.font))
        longest = max(longest, pixels + 9 + len(words) * key.font * LETTER)
        key.top += key.font * LINE + 2
    x, y = key.left + min(longest + 24, key.width - 14), (start + key.top) / 2
    parts.append(
        f'<g class="north"><path d="M{number(x)} {number(y - 20)}l5 12-5-3-5 3z" fill="{TEXT}"/>'
        f"{text(x, y + key.font * 0.75, 'N', key.font, anchor='middle', weight='bold')}</g>"
    )
    return f'<g class="scale">{"".join(parts)}</g>'


def small_multiples(
    panels: Sequence[MultiplePanel],
    *,
    title: str,
    description: str,
    periods: tuple[str, ...],
    authority: tuple[float | None, ...],
    authority_name: str,
    unit: str,
    decimals: int,
    narrow: bool,
    drawing_id: str = "panels",
) -> str:
    """Return one small line panel for each cluster as one SVG: all on one scale, the authority dashed in each.

    Nothing is joined over a period without a value. The scale need not begin at nought; say so under the figure.

    Args:
        panels: Clusters in the order of the locator table.
        title: Accessible name, the reading in words.
        description: What is shown, and where the same data stand as text.
        periods: Labels of the periods, oldest first; each panel prints the first and the last.
        authority: The authority's values by period.
        authority_name: Name of the authority in the key.
        unit: Unit of the indicator, see `words.UNIT_WORDS`.
        decimals: Decimals of the value labels.
        narrow: Draw two panels across, to be shown 288 pixels wide, rather than four across 936.
        drawing_id: Begins every id of the drawing, its own on the page; wide and narrow differ by themselves.

    Raises:
        IncompleteBlock: If there is no value at all, a text is blank or a line has not one entry for each period.
    """
    _complete(title, description, authority_name)
    lines = [authority, *(panel.values for panel in panels)]
    values = [value for line in lines for value in line if value is not None]
    if not panels or not values or any(len(line) != len(periods) for line in lines):
        raise IncompleteBlock(f"panels '{title}': no value to draw, or a line that does not fit the periods")
    layout = NARROW if narrow else WIDE
    low, high = _ends(values, decimals)
    labels = [printed_value(end, unit=unit, decimals=decimals) for end in (low, high)]
    key = Column(0, 4, layout.width, layout.font)
    own, line = LINE_STYLES["authority"]["colour"], f'stroke="{REFERENCE}" stroke-width="2" stroke-dasharray="6 4"'
    key.entry(
        f'<path d="M0 10h30" stroke="{own}" stroke-width="2.5"/><circle cx="15" cy="10" r="3.5" fill="{own}"/>',
        "Cluster",
    )
    key.entry(f'<path d="M0 10h30" {line}/>', authority_name)
    parts, top, gap = [f'<g class="key">{"".join(key.parts)}</g>'], key.top + 8, 16.0
    width = (layout.width - gap * (layout.across - 1)) / layout.across
    left_margin = max(len(label) for label in labels) * layout.font * 0.62 + 8
    # Two labels that do not fit beside each other stand one under the other.
    room = width - left_margin - 6
    fits = (len(periods[0]) + len(periods[-1]) + 1) * layout.font * LETTER <= room
    period_labels = [(periods[0], False, "start", layout.font * 1.4)]
    if len(periods) > 1:
        period_labels.append((periods[-1], True, "end", layout.font * (1.4 if fits else 1.4 + LINE)))
    for start in range(0, len(panels), layout.across):
        row = panels[start : start + layout.across]
        heads = [Column(column * (width + gap), top, width, layout.font) for column in range(len(row))]
        for head, panel in zip(heads, row, strict=True):
            head.words(f"{panel.number} {panel.name}", bold=True)
            head.words(f"{periods[-1]}: {panel.printed}")
        plot = max(head.top for head in heads) + layout.font * 0.7
        for head, panel in zip(heads, row, strict=True):
            x0, x1 = head.left + left_margin, head.left + width - 6
            drawn = [
                _trace(series, (x0, x1, plot, plot + layout.plot_height), (low, high))
                for series in (authority, panel.values)
            ]
            bottom = plot + layout.plot_height
            frame = "".join(
                f'<path d="M{number(x0)} {number(y)}H{number(x1)}" stroke="{GRID}"/>'
                + text(x0 - 5, y + layout.font * 0.36, label, layout.font, anchor="end")
                for y, label in zip((bottom, plot), labels, strict=True)
            )
            for label, x, anchor, y in period_labels:
                frame += text(x1 if x else x0, bottom + y, label, layout.font, anchor=anchor)
            dots = "".join(
                f'<circle cx="{number(x)}" cy="{number(y)}" r="{2.5 if narrow else 3.5}"/>' for x, y in drawn[1][1]
            )
            parts.append(
                f'<g class="panel">{"".join(head.parts)}{frame}'
                f'<path class="authority" d="{drawn[0][0]}" fill="none" {line}/>'
                f'<path class="cluster" d="{drawn[1][0]}" fill="none" stroke="{own}" stroke-width="2.5"/>'
                f'<g fill="{own}">{dots}</g></g>'
            )
        top = plot + layout.plot_height + period_labels[-1][3] + 18
    return _frame(layout.width, math.ceil(top), f"{drawing_id}-{layout.name}", title, description, "", parts)


def _ends(values: Sequence[float], decimals: int) -> tuple[float, float]:
    """Return the ends of a value scale: multiples of 1, 2 or 5 around all values, printed without rounding."""
    span = max(max(values) - min(values), 10.0**-decimals)
    magnitude = 10.0 ** math.floor(math.log10(span / 2))
    step = next(step * magnitude for step in (1, 2, 5, 10) if step * magnitude >= span / 2 * 0.999)
    step = max(step, 10.0**-decimals)
    low = math.floor(min(values) / step + 1e-9) * step
    return low, max(math.ceil(max(values) / step - 1e-9) * step, low + step)


def _trace(
    values: Sequence[float | None], area: tuple[float, float, float, float], ends: tuple[float, float]
) -> tuple[str, list[Place]]:
    """Return path data and points of a line inside left, right, top and bottom; it breaks where a value is None."""
    left, right, top, bottom = area
    commands, places, pen = [], [], "M"
    for period, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x = left + 4 + (right - left - 8) * (period / (len(values) - 1) if len(values) > 1 else 0.5)
        y = bottom - (value - ends[0]) / (ends[1] - ends[0]) * (bottom - top)
        commands.append(f"{pen}{number(x)} {number(y)}")
        places.append((x, y))
        pen = "L"
    return "".join(commands), places
