"""A plot: plotext draws it as characters, this paints them in the theme's colours when data or size change."""

from __future__ import annotations

import itertools
import math
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.app import RenderResult
from textual.strip import Strip
from textual.widget import Widget

from ovtui import formatting
from ovtui.analysis.distribution import averaged
from ovtui.terminal import has_few_glyphs

_SGR = re.compile(r"\x1b\[([\d;]*)m")
_one_figure = threading.Lock()  # plotext has one for all; a thread that loads it draws as well
# plotext colours that only tell our curves apart: component classes by number.
LOOKS = ("first", "second", "faint")


@dataclass(frozen=True)
class Curve:
    """A line through points, by x; `look` is one of LOOKS. A value of None is a gap."""

    x: Sequence[float]
    y: Sequence[float | None]
    look: str = "first"
    filled: bool = False  # down to zero
    marker: str = ""  # a character for each point, in place of the line


@dataclass(frozen=True)
class Picture:
    """What a plot shows, and the same in words for whoever cannot see it."""

    curves: tuple[Curve, ...]
    text: str
    y_from_zero: bool = True
    x_limits: tuple[float, float] | None = None
    upright: tuple[float, ...] = ()  # x of lines from bottom to top
    level: tuple[float, ...] = ()  # y of lines from left to right
    log_x: bool = False  # all x are above 0


@cache
def _plotext() -> Any:
    """Loaded when the first plot is drawn: it takes a quarter of a second."""
    import plotext

    plotext.terminal.limit(False, False)  # the widget's size counts, not the terminal's
    return plotext


def load() -> None:
    """Load what draws, and draw once; from a thread, so that a screen is there before its plots."""
    characters(Picture((Curve((0.0, 1.0), (0.0, 1.0)),), text=""), 20, 5)


class Plot(Widget):
    """Shows a picture; where there is none, `empty`."""

    COMPONENT_CLASSES = {"first", "second", "faint"}
    DEFAULT_CSS = """
    Plot > .first { color: $primary; }
    Plot > .second { color: $accent; }
    Plot > .faint { color: $dim; }
    """

    def __init__(self, empty: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._empty = empty
        self._picture: Picture | None = None
        self._strips: list[Strip] | None = None
        self._key: object = None

    @property
    def text(self) -> str:
        """The picture in words."""
        return self._picture.text if self._picture else self._empty

    def show(self, picture: Picture | None, *, empty: str | None = None) -> None:
        """Draw `picture` from now on; where there is none, say why: `empty`, or what was said before."""
        empty = self._empty if empty is None else empty
        if (picture, empty) != (self._picture, self._empty):
            self._picture, self._empty, self._strips = picture, empty, None
            self.refresh()

    def render(self) -> RenderResult:
        return ""

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips = None

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if self._strips is None or self._key != (width, height):
            self._strips, self._key = self._drawn(width, height), (width, height)
        return self._strips[y] if y < len(self._strips) else Strip.blank(width, self.rich_style)

    def _drawn(self, width: int, height: int) -> list[Strip]:
        base = self.rich_style
        if self._picture is None or not _has_points(self._picture) or width < 16 or height < 3:
            lines = [Strip([Segment(self._empty[:width], base + self._look("faint"))], None)] if self._empty else []
            return [line.adjust_cell_length(width, base) for line in lines]
        looks = {str(number): base + self._look(look) for number, look in enumerate(LOOKS, start=1)}
        frame = base + self._look("faint")
        text = characters(self._picture, width, height)
        return [_strip(line, looks, frame).adjust_cell_length(width, base) for line in text.split("\n")[:height]]

    def _look(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)


def characters(picture: Picture, width: int, height: int) -> str:
    """The picture as plotext draws it in `width` × `height` cells: lines, with colours 1, 2, 3 for LOOKS."""
    with _one_figure:
        return _characters(picture, width, height)


def _characters(picture: Picture, width: int, height: int) -> str:
    plt = _plotext()
    figure = plt.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.theme("colorless")
    figure.canvas("default")
    figure.axes(False)
    low, high = _limits(picture)
    along = math.log10 if picture.log_x else float
    if picture.x_limits is not None:
        left, right = map(along, picture.x_limits)
    else:
        left = along(min(curve.x[0] for curve in picture.curves))
        right = along(max(curve.x[-1] for curve in picture.curves))
    if right <= left:
        right = left + 1
    ticks = _ticks(low, high, max(2, height // 3))
    figure.ruler(1, 0).lim(low, high)
    figure.ruler(1, 0).ticks(ticks, _labels(ticks))
    figure.ruler(0, 0).lim(left, right)
    if picture.log_x:
        ticks = _log_ticks(left, right, max(2, width // 10))
        figure.ruler(0, 0).ticks(ticks, [f"{10**tick:,.4g}" for tick in ticks])
    else:
        ticks = [tick for tick in _ticks(left, right, max(2, width // 14)) if left <= tick <= right]
        figure.ruler(0, 0).ticks(ticks, _labels(ticks))
    for place in picture.upright:
        _draw(plt, figure, [along(place)] * 2, [low, high], "faint", filled=False)
    for value in picture.level:
        if low <= value <= high:
            _draw(plt, figure, [left, right], [value, value], "faint", filled=False)
    for curve in picture.curves:
        if curve.marker:
            _mark(plt, figure, curve, [along(x) for x in curve.x])
            continue
        if picture.log_x:
            curve = replace(curve, x=[along(x) for x in curve.x])  # noqa: PLW2901
        x, y = (
            _skyline(curve, 2 * width) if curve.filled else (averaged(curve.x, 2 * width), averaged(curve.y, 2 * width))
        )
        for begin, end in _stretches(y):
            _draw(plt, figure, x[begin:end], y[begin:end], curve.look, filled=curve.filled)
    return str(figure.build().string())


def _draw(plt: Any, figure: Any, x: Sequence[Any], y: Sequence[Any], look: str, *, filled: bool) -> None:
    # Consoles without Braille in their font show boxes in its place.
    name = "•" if has_few_glyphs() else "braille"
    marker = plt.marker(name).fill(plt.pixel(foreground=LOOKS.index(look) + 1))
    signal = figure.signal(list(x), list(y), marker=marker)
    signal = signal.fillx() if filled else signal.lines() if len(x) > 1 else signal
    figure.draw(signal)


def _mark(plt: Any, figure: Any, curve: Curve, x: Sequence[float]) -> None:
    known = [(at, value) for at, value in zip(x, curve.y, strict=True) if value is not None]
    if known:
        marker = plt.marker(curve.marker).fill(plt.pixel(foreground=LOOKS.index(curve.look) + 1))
        figure.draw(figure.signal([at for at, _ in known], [value for _, value in known], marker=marker))


def _skyline(curve: Curve, points: int) -> tuple[list[float | None], list[float | None]]:
    """Steps in place of slopes, a point for each column of dots."""
    first, last = curve.x[0], curve.x[-1]
    grid: list[float | None] = [first + (last - first) * i / (points - 1) for i in range(points)]
    count = len(curve.x)
    return grid, [curve.y[min(count - 1, i * count // points)] for i in range(points)]


def _strip(line: str, looks: dict[str, Style], frame: Style) -> Strip:
    """A line with colours as segments; everything plotext writes is `ESC [ … m`."""
    segments, style, begin = [], frame, 0
    for found in _SGR.finditer(line):
        if found.start() > begin:
            segments.append(Segment(line[begin : found.start()], style))
        code = found[1]
        style = looks.get(code.rpartition(";")[2], frame) if code.startswith("38;5;") else frame
        begin = found.end()
    if begin < len(line):
        segments.append(Segment(line[begin:], style))
    return Strip(segments).simplify()


def _has_points(picture: Picture) -> bool:
    return any(value is not None for curve in picture.curves for value in curve.y)


def _limits(picture: Picture) -> tuple[float, float]:
    values = [value for curve in picture.curves for value in curve.y if value is not None]
    low, high = min(values), max(values)
    if picture.y_from_zero:
        low, high = min(0.0, 1.08 * low), max(0.0, 1.08 * high)
        return (low, high) if low < high else (0.0, 1.0)
    room = (high - low) * 0.1 or abs(high) * 0.05 or 1.0
    return max(0.0, low - room) if low >= 0 else low - room, high + room


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`: steps of 1, 2, 5 · 10ⁿ (P. Heckbert, Graphics Gems, 1990)."""
    rough = max((high - low) / max(1, most), sys.float_info.min)  # a part of the smallest number would be none
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(left: float, right: float, most: int) -> list[float]:
    """Logarithms of 1, 2, 5 · 10ⁿ within the limits; where these are too many, of 10ⁿ."""
    places = [n + math.log10(nice) for n in range(math.floor(left), math.floor(right) + 1) for nice in (1, 2, 5)]
    seen = [place for place in places if left - 1e-9 <= place <= right + 1e-9]
    return seen if len(seen) <= most else [place for place in seen if math.isclose(place, round(place), abs_tol=1e-9)]


def _labels(ticks: Sequence[float]) -> list[str]:
    """As many decimals as the step between them needs."""
    step = min((b - a for a, b in itertools.pairwise(ticks)), default=abs(ticks[0]) if ticks else 1.0) or 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{tick:,.{decimals}f}" for tick in ticks]


def _stretches(values: Sequence[float | None]) -> list[tuple[int, int]]:
    """The parts without gaps, as (begin, end)."""
    found, begin = [], None
    for index, value in enumerate([*values, None]):
        if value is not None and begin is None:
            begin = index
        elif value is None and begin is not None:
            found.append((begin, index))
            begin = None
    return found


def described(title: str, unit: str, values: Sequence[float | None]) -> str:
    """A curve in words: how many points, from where to where, and the last one."""
    known = [value for value in values if value is not None]
    if not known:
        return f"{title}: nothing yet."
    ordered = sorted(known)
    return (
        f"{title}: {len(known)} points; lowest {formatting.number(ordered[0])}, median "
        f"{formatting.number(ordered[len(ordered) // 2])}, highest {formatting.number(ordered[-1])}, "
        f"last {formatting.number(known[-1])} {unit}."
    )
