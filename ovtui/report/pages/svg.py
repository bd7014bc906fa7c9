"""Charts as SVG: each a picture of one width that scales with the page. Colours are classes of the page's style.

Texts become harmless in `_text`, and nowhere else does a name get into the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from ovtui.report.pages.charts import Axis, Bars, Chart, Heat, Intervals, Lines, Point, Scatter, Tile
from ovtui.report.pages.scales import Scale, scale
from ovtui.sanitize import plain

WIDTH = 760
LEVELS = 6
"""Shades of a heat map."""
STROKES = 4
"""Colours of lines; the fifth line has the first one's again, dashed."""
_CHARACTER = 6.3  # width of one, about
_ROW = 26
_LEGEND = 22


class _Frame(NamedTuple):
    """Where the data are: the rest is for titles and ticks."""

    left: float
    top: float
    right: float
    bottom: float


def render(chart: Chart) -> str:
    """An `<svg>` element that is well-formed by itself and in HTML."""
    if isinstance(chart, Lines):
        return _lines(chart)
    if isinstance(chart, Bars):
        return _bars(chart)
    if isinstance(chart, Intervals):
        return _intervals(chart)
    if isinstance(chart, Scatter):
        return _scatter(chart)
    return _heat(chart)


def _safe(text: str, limit: int) -> str:
    return escape(plain(text, limit), quote=True)


def _text(x: float, y: float, text: str, *classes: str, limit: int = 60, turned: bool = False) -> str:
    names = f' class="{" ".join(classes)}"' if classes else ""
    turn = f' transform="rotate(-90 {_n(x)} {_n(y)})"' if turned else ""
    return f'<text x="{_n(x)}" y="{_n(y)}"{names}{turn}>{_safe(text, limit)}</text>'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _line(x1: float, y1: float, x2: float, y2: float, *classes: str) -> str:
    return f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" class="{" ".join(classes)}"/>'


def _rect(x: float, y: float, width: float, height: float, *classes: str, title: str = "") -> str:
    tag = (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0))}" height="{_n(max(height, 0))}"'
        f' class="{" ".join(classes)}"'
    )
    return f"{tag}><title>{_safe(title, 300)}</title></rect>" if title else f"{tag}/>"


def _dot(x: float, y: float, radius: float, *classes: str, title: str = "") -> str:
    tag = f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" class="{" ".join(classes)}"'
    return f"{tag}><title>{_safe(title, 300)}</title></circle>" if title else f"{tag}/>"


def _path(points: Iterable[tuple[float, float]], *classes: str, closed: bool = False) -> str:
    steps = " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return f'<path d="M{steps}{" Z" if closed else ""}" class="{" ".join(classes)}"/>'


def _picture(title: str, height: float, parts: Iterable[str]) -> str:
    name = _safe(title, 120)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" role="img" aria-label="{name}">'
        f"<title>{name}</title>{''.join(parts)}</svg>"
    )


def _axes(frame: _Frame, x: Axis, y: Axis, across: Scale, up: Scale) -> list[str]:
    parts = []
    for tick in up.ticks:
        parts.append(_line(frame.left, up.at(tick), frame.right, up.at(tick), "grid"))
        parts.append(_text(frame.left - 6, up.at(tick) + 4, up.label(tick), "end"))
    for tick in across.ticks:
        parts.append(_line(across.at(tick), frame.bottom, across.at(tick), frame.bottom + 4, "axis"))
        parts.append(_text(across.at(tick), frame.bottom + 17, across.label(tick), "middle"))
    parts.append(_line(frame.left, frame.bottom, frame.right, frame.bottom, "axis"))
    parts.append(_text((frame.left + frame.right) / 2, frame.bottom + 34, x.text, "middle", "name"))
    parts.append(_text(13, (frame.top + frame.bottom) / 2, y.text, "middle", "name", turned=True))
    return parts


def _legend(entries: Sequence[tuple[str, str]], y: float) -> list[str]:
    """Names with their mark, from left to right: `entries` are (class, name)."""
    parts, x = [], 62.0
    for kind, name in entries:
        shown = plain(name, 40)
        if kind.startswith("stroke") or kind == "rule":
            parts.append(_line(x, y - 4, x + 18, y - 4, *kind.split()))
        elif kind.startswith("point") or kind == "plain":
            parts.append(_dot(x + 9, y - 4, 4.5, kind))
        else:
            parts.append(_rect(x, y - 10, 18, 12, *kind.split()))
        parts.append(_text(x + 23, y, shown))
        x += 23 + _CHARACTER * len(shown) + 20
    return parts


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _frame(height: float, legend: bool) -> _Frame:
    return _Frame(62, 10 + (_LEGEND if legend else 0), WIDTH - 14, height - 44)


def _lines(chart: Lines) -> str:
    height = 270.0
    named = len(chart.lines) > 1 or bool(chart.rules or chart.spans)
    frame = _frame(height, named)
    across = scale(chart.at, frame.left, frame.right, zero=chart.x.zero, log=chart.x.log, about=8)
    values = [value for line in chart.lines for value in _known((*line.values, *line.low, *line.high))]
    values += [value for rule in chart.rules for value in (rule.value, *(rule.ci or ()))]
    up = scale(values, frame.bottom, frame.top, zero=chart.y.zero, log=chart.y.log)
    parts, legend = [], []
    shades = {name: f"shade{place % 2}" for place, name in enumerate(dict.fromkeys(span.name for span in chart.spans))}
    for span in chart.spans:
        begin, end = across.at(span.begin), across.at(span.end)
        parts.append(_rect(begin, frame.top, max(end - begin, 1), frame.bottom - frame.top, shades[span.name]))
    parts += _axes(frame, chart.x, chart.y, across, up)
    for rule in chart.rules:
        if rule.ci is not None:
            low, high = up.at(rule.ci[0]), up.at(rule.ci[1])
            parts.append(_rect(frame.left, high, frame.right - frame.left, max(low - high, 1), "doubt"))
        parts.append(_line(frame.left, up.at(rule.value), frame.right, up.at(rule.value), "rule"))
        legend.append(("rule", rule.name))
    for place, line in enumerate(chart.lines):
        stroke = _stroke(place)
        if line.low and line.high:
            band = [
                (across.at(x), up.at(low), up.at(high))
                for x, low, high in zip(chart.at, line.low, line.high, strict=True)
                if low is not None and high is not None
            ]
            if len(band) > 1:
                around = [(x, low) for x, low, _ in band] + [(x, high) for x, _, high in reversed(band)]
                parts.append(_path(around, f"band{place % STROKES}", closed=True))
        pieces = _pieces(chart.at, line.values)
        parts += [_path([(across.at(x), up.at(y)) for x, y in piece], *stroke.split()) for piece in pieces]
        if len(chart.at) <= 24 or any(len(piece) == 1 for piece in pieces):
            parts += [
                _dot(across.at(x), up.at(y), 3, f"point{place % STROKES}")
                for piece in pieces if len(piece) == 1 or len(chart.at) <= 24
                for x, y in piece
            ]  # fmt: skip
        legend.append((stroke, line.name))
    legend += [(shade, name) for name, shade in shades.items()]
    return _picture(chart.title, height, [*(_legend(legend, 16) if named else ()), *parts])


def _stroke(place: int) -> str:
    return f"stroke{place % STROKES}{' dashed' if place >= STROKES else ''}"


def _pieces(at: Sequence[float], values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """The stretches in which every value is known."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(at, values, strict=True):
        if y is not None:
            pieces[-1].append((x, y))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _bars(chart: Bars) -> str:
    height = 250.0
    frame = _frame(height, bool(chart.marks))
    across = scale(chart.edges, frame.left, frame.right, about=8)
    up = scale(chart.counts, frame.bottom, frame.top, zero=True)
    parts = _axes(frame, chart.x, chart.y, across, up)
    for (begin, end), count in zip(pairwise(chart.edges), chart.counts, strict=True):
        if count > 0:
            left, right, top = across.at(begin), across.at(end), min(up.at(count), frame.bottom - 1)
            parts.append(_rect(left, top, max(right - left - 0.6, 0.6), frame.bottom - top, "fill"))
    edge = -1e9
    for name, value in chart.marks:
        if across.low <= value <= across.high:
            x = across.at(value)
            parts.append(_line(x, frame.top - 4, x, frame.bottom, "rule"))
            # Names that would lie on each other take turns in two rows.
            y = frame.top - (8 if x - edge > _CHARACTER * len(name) + 6 else 20)
            edge = x
            parts.append(_text(x, y, name, "middle"))
    return _picture(chart.title, height, parts)


def _intervals(chart: Intervals) -> str:
    left = min(260.0, max([60.0, *(_CHARACTER * len(plain(row.name, 40)) + 16 for row in chart.rows)]))
    height = 20 + _ROW * len(chart.rows) + 44.0
    frame = _Frame(left, 10, WIDTH - 90, height - 44)
    values = [value for row in chart.rows for value in (row.value, *(row.ci or ()))]
    values += [*(chart.margin or ()), *(() if chart.reference is None else (chart.reference,))]
    across = scale(values, frame.left, frame.right, log=chart.x.log, zero=chart.x.zero, about=7)
    parts = []
    if chart.margin is not None:
        begin, end = map(across.at, chart.margin)
        parts.append(_rect(begin, frame.top, end - begin, frame.bottom - frame.top, "shade0"))
    for tick in across.ticks:
        parts.append(_line(across.at(tick), frame.top, across.at(tick), frame.bottom, "grid"))
        parts.append(_text(across.at(tick), frame.bottom + 16, across.label(tick), "middle"))
    if chart.reference is not None:
        parts.append(_line(across.at(chart.reference), frame.top, across.at(chart.reference), frame.bottom, "rule"))
    for place, row in enumerate(chart.rows):
        y = frame.top + 5 + _ROW * (place + 0.5)
        kind = "0" if row.strong else "1"
        if row.ci is not None:
            low, high = map(across.at, row.ci)
            parts.append(_line(low, y, high, y, f"stroke{kind}"))
            parts += [_line(end, y - 5, end, y + 5, f"stroke{kind}") for end in (low, high)]
        parts.append(_dot(across.at(row.value), y, 5 if row.strong else 3.5, f"point{kind}"))
        parts.append(_text(left - 10, y + 4, row.name, "end", *(("strong",) if row.strong else ()), limit=40))
        parts.append(_text(frame.right + 10, y + 4, f"{row.value:.3f}"))
    parts.append(_text((frame.left + frame.right) / 2, height - 8, chart.x.text, "middle", "name"))
    return _picture(chart.title, height, parts)


_POINTS = {"plain": ("plain", 3.5), "front": ("point0", 4.5), "best": ("point2", 6.5)}


def _scatter(chart: Scatter) -> str:
    height = 330.0
    frame = _frame(height, True)
    xs = [value for point in chart.points for value in (point.x, *(point.x_ci or ()))]
    xs += [] if chart.limit is None else [chart.limit.value]
    ys = [value for point in chart.points for value in (point.y, *(point.y_ci or ()))]
    across = scale(xs, frame.left, frame.right, zero=chart.x.zero, log=chart.x.log, about=8)
    up = scale(ys, frame.bottom, frame.top, zero=chart.y.zero, log=chart.y.log)
    parts = _axes(frame, chart.x, chart.y, across, up)
    front = sorted((point for point in chart.points if point.mark != "plain"), key=lambda point: (point.x, point.y))
    if len(front) > 1:
        parts.append(_path([(across.at(point.x), up.at(point.y)) for point in front], "stroke0", "thin"))
    if chart.limit is not None:
        x = across.at(chart.limit.value)
        parts.append(_line(x, frame.top, x, frame.bottom, "rule"))
    for point in sorted(chart.points, key=lambda point: ("plain", "front", "best").index(point.mark)):
        x, y = across.at(point.x), up.at(point.y)
        if point.x_ci is not None:
            parts.append(_line(across.at(point.x_ci[0]), y, across.at(point.x_ci[1]), y, "whisker"))
        if point.y_ci is not None:
            parts.append(_line(x, up.at(point.y_ci[0]), x, up.at(point.y_ci[1]), "whisker"))
        kind, radius = _POINTS[point.mark]
        parts.append(_dot(x, y, radius, kind, title=point.name))
    parts += _named(front, across, up, frame)
    marks = {point.mark for point in chart.points}
    legend = [("point0", "Pareto front")] if marks & {"front", "best"} else []
    legend += [("point2", "best")] if "best" in marks else []
    legend += [("plain", "other settings")] if "plain" in marks else []
    legend += [("rule", chart.limit.name)] if chart.limit is not None else []
    return _picture(chart.title, height, [*_legend(legend, 16), *parts])


def _named(points: Sequence[Point], across: Scale, up: Scale, frame: _Frame) -> list[str]:
    """Names of points beside them, those left out that would lie on another one."""
    parts: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for point in sorted(points, key=lambda point: point.mark != "best"):
        name = plain(point.name, 28)
        x, y, width = across.at(point.x), up.at(point.y), _CHARACTER * len(name)
        left = x + 9 if x + 9 + width <= frame.right else x - 9 - width
        if all(abs(y - other_y) > 14 or left > right or left + width < begin for begin, right, other_y in taken):
            taken.append((left, left + width, y))
            parts.append(_text(left, y + 16, name, limit=28))  # a front rises: beneath it is room
    return parts


def _heat(chart: Heat) -> str:
    left = min(200.0, max([70.0, *(_CHARACTER * len(plain(name, 30)) + 30 for name in chart.rows)]))
    wide = min(110.0, (WIDTH - left - 14) / max(1, len(chart.columns)))
    tall, top = 34.0, 42.0
    height = top + tall * len(chart.rows) + (26 if chart.legend else 8)
    room = max(3, int(wide / _CHARACTER) - 1)
    parts = [
        _text(left + wide * len(chart.columns) / 2, 14, chart.column_title, "middle", "name"),
        _text(13, top + tall * len(chart.rows) / 2, chart.row_title, "middle", "name", turned=True),
    ]
    for place, name in enumerate(chart.columns):
        parts.append(_text(left + wide * (place + 0.5), 34, name, "middle", limit=room))
    for row, name in enumerate(chart.rows):
        y = top + tall * row
        parts.append(_text(left - 8, y + tall / 2 + 4, name, "end", limit=30))
        for column, tile in enumerate(chart.tiles[row]):
            if tile is not None:
                parts += _tile(tile, left + wide * column, y, wide, tall, room)
    if chart.legend:
        parts.append(_text(left, height - 6, chart.legend, "name", limit=110))
    return _picture(chart.title, height, parts)


def _tile(tile: Tile, x: float, y: float, wide: float, tall: float, room: int) -> list[str]:
    if tile.intensity is None:
        parts = [_rect(x + 1, y + 1, wide - 2, tall - 2, "failed", title=tile.reason)]
        return [*parts, _text(x + wide / 2, y + tall / 2 + 4, tile.text, "middle", "name", limit=room)]
    level = max(0, min(LEVELS - 1, int(tile.intensity * LEVELS)))
    parts = [_rect(x + 1, y + 1, wide - 2, tall - 2, f"heat{level}", *(("best",) if tile.best else ()))]
    bold = ("strong",) if tile.best else ()
    return [*parts, _text(x + wide / 2, y + tall / 2 + 4, tile.text, "middle", f"on{level}", *bold, limit=room)]
