"""The second view of a graph: its boxes, coloured, with that of the cursor in the middle."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from ovtui.analysis.graph.boxes import Place
from ovtui.analysis.graph.folding import Drawing
from ovtui.tui.widgets.brush import Brush


class Boxes:
    """The boxes around a row, or all of a small graph."""

    def __init__(self, drawn: Drawing, row: int, brush: Brush) -> None:
        self._drawn, self._picture = drawn, drawn.boxes(row, lambda at: brush.told(drawn, at))
        self._widest = max(map(cell_len, self._picture.lines), default=0)

    def holds(self, row: int) -> bool:
        """Whether the row has a box here."""
        return row in self._picture.places

    def line(self, y: int, size: Size, cursor: int, brush: Brush, base: Style, *, focused: bool) -> Strip:
        """Line `y` of a view of this size."""
        (width, height), lines = size, self._picture.lines
        middle = self._picture.places.get(cursor)
        x0 = y0 = 0
        if middle is not None:
            x0 = max(0, min(middle.x + middle.width // 2 - width // 2, self._widest - width))
            y0 = max(0, min(middle.y + middle.height // 2 - height // 2, len(lines) - height))
        at = y0 + y
        if at >= len(lines):
            return Strip.blank(width, base)
        line = Strip([Segment(lines[at], base + brush.look("lane0"))])
        places = self._picture.places.items()
        parts, done = [], 0
        for x, row, place in sorted((place.x, row, place) for row, place in places if 0 <= at - place.y < place.height):
            style = base
            style += brush.cursor(focused=focused) if row == cursor else self._style(row, place, at, brush)
            parts += [line.crop(done, x), Strip([Segment(line.crop(x, x + place.width).text, style)])]
            done = x + place.width
        parts.append(line.crop(done, line.cell_length))
        left = max(0, (width - self._widest) // 2)
        whole = Strip([Segment(" " * left, base), *Strip.join(parts).crop(x0, x0 + width)])
        return whole.adjust_cell_length(width, base)

    def _style(self, row: int, place: Place, line: int, brush: Brush) -> Style:
        style = brush.colour(self._drawn, row)
        if line == place.y + place.height // 2:  # where its name stands
            style += brush.marks(self._drawn, row)
        return style
