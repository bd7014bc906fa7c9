"""The ratio of each instance as a dot on one scale, the interval of their mean above them: text, without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.app import RenderResult
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from ovtui import formatting
from ovtui.records import PairedResult

_LABEL = 16  # cells: what stands before the scale
_TICK = 9  # cells from one number below the scale to the next, at least
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Ratios(Widget):
    """As high as what it shows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"dot", "between", "faint"}
    DEFAULT_CSS = """
    Ratios { height: auto; max-width: 110; }
    Ratios > .dot { color: $primary; text-style: bold; }
    Ratios > .between { color: $accent; }
    Ratios > .faint { color: $dim; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._duel: PairedResult | None = None

    def show(self, duel: PairedResult) -> None:
        """Show these instances from now on."""
        if duel != self._duel:
            grown = self._duel is None or len(duel.ratios) != len(self._duel.ratios)
            self._duel = duel
            self.refresh(layout=grown)

    @property
    def text(self) -> str:
        """The same as a list."""
        lines = _told(self._duel)
        return "\n".join(f"{title}\t{text}" for title, text, _ in lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(_told(self._duel)) + 2

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        base, faint = self.rich_style, self.get_component_rich_style("faint", partial=True)
        told, room = _told(self._duel), self.size.width - _LABEL
        if not told or room < 20:
            return Strip.blank(self.size.width, base)
        scale = _Scale([value for _, _, values in told for value in values], room)
        if y == 0:
            text = " " * _LABEL + scale.sides()
            return Strip([Segment(text, base + faint)]).adjust_cell_length(self.size.width, base)
        if y > len(told):
            text = " " * _LABEL + scale.numbers()
            return Strip([Segment(text, base + faint)]).adjust_cell_length(self.size.width, base)
        title, text, values = told[y - 1]
        segments = [Segment(f"{title:>4}  ", base + faint), Segment(f"{text:<{_LABEL - 6}}", base)]
        lane = scale.lane(values)
        look = self.get_component_rich_style("between" if len(values) > 1 else "dot", partial=True)
        for part, drawn in lane:
            segments.append(Segment(part, base + (look if drawn else faint)))
        return Strip(segments).adjust_cell_length(self.size.width, base)


class _Scale:
    """From a ratio to a cell. 1 is always on it."""

    def __init__(self, values: Sequence[float], width: int) -> None:
        low, high = min(1.0, *values), max(1.0, *values)
        room = max((high - low) * 0.06, 0.002)
        self._low, self._high, self._width = low - room, high + room, width

    def place(self, value: float) -> int:
        share = (value - self._low) / (self._high - self._low)
        return max(0, min(self._width - 1, round(share * (self._width - 1))))

    def lane(self, values: Sequence[float]) -> list[tuple[str, bool]]:
        """A dot, or the ends of an interval with a dot between them; whether each part is that or the line of 1."""
        cells = [" "] * self._width
        drawn = [False] * self._width
        cells[self.place(1.0)] = "│"
        places = sorted(map(self.place, values))
        for place in range(places[0], places[-1] + 1):
            cells[place], drawn[place] = "─" if cells[place] == " " else "┼", True
        if len(places) > 1:
            cells[places[0]], cells[places[-1]] = "├", "┤"
        middle = places[len(places) // 2]
        cells[middle], drawn[middle] = "●", True
        parts: list[tuple[str, bool]] = []
        for cell, is_drawn in zip(cells, drawn, strict=True):
            if parts and parts[-1][1] == is_drawn:
                parts[-1] = parts[-1][0] + cell, is_drawn
            else:
                parts.append((cell, is_drawn))
        return parts

    def sides(self) -> str:
        """Which side means what."""
        line = self.place(1.0)
        left, right = "B slower ", " B faster"
        text = left.rjust(line) if line >= len(left) else " " * line
        return text + "│" + (right if self._width - line > len(right) else "")

    def numbers(self) -> str:
        """Round ratios below their places."""
        span = self._high - self._low
        most = max(2, self._width // _TICK)
        step = next((step for step in _STEPS if span / step <= most), span / most)
        decimals = 3 if step < 0.01 else 2 if step < 0.1 else 1
        cells = [" "] * self._width
        first = round(self._low / step) - 1
        end = -1
        for n in range(first, first + most + 4):
            value = n * step
            if not self._low <= value <= self._high or value <= 0:
                continue
            text = f"{value:.{decimals}f}"
            begin = max(0, self.place(value) - len(text) // 2)
            if begin > end and begin + len(text) <= self._width:
                cells[begin : begin + len(text)] = text
                end = begin + len(text)
        return "".join(cells).rstrip()


def _told(duel: PairedResult | None) -> list[tuple[str, str, tuple[float, ...]]]:
    """A title, a text, and what is drawn, for each line: the interval, then the instances."""
    if duel is None or duel.ratio is None:
        return []
    found: list[tuple[str, str, tuple[float, ...]]] = []
    for title, interval in (("95 %", duel.ci95), ("90 %", duel.ci90)):
        if interval is not None:
            text = f"±{formatting.percent((interval[1] - interval[0]) / 2 / duel.ratio)}"
            found.append((title, text, (interval[0], duel.ratio, interval[1])))
    return found + [(str(n), f"{ratio:.3f}", (ratio,)) for n, ratio in enumerate(duel.ratios, 1)]
