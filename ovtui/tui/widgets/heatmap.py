"""The matrix of an exploration: batches down, streams across; each tile a number, a mark and a colour."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ovtui import formatting
from ovtui.analysis.exploration.matrix import BEST, FAILED, MEASURING, REUSED, Matrix, Square
from ovtui.terminal import has_few_glyphs

_WIDEST, _TALLEST = 16, 3  # of a tile
_AROUND = 4  # cells of a tile beside its number: a blank or the cursor on each side, a blank and a mark
_CONSOLE = {BEST: "*", REUSED: ".", FAILED: "x", MEASURING: "~"}
_COLDEST, _HOTTEST = 0.06, 0.62  # of the theme's colour over the background: numbers stay readable on both


def mark(of: str) -> str:
    """A mark of the matrix as this terminal can show it."""
    return _CONSOLE.get(of, of) if has_few_glyphs() else of


class Place(NamedTuple):
    """A tile: its row and column."""

    row: int
    column: int


class HeatMap(Widget, can_focus=True):
    """Shows a matrix; the cursor goes from tile to tile, and `·` between tiles says what is cut off."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"hot", "heading", "cursor", "resting", "failed", "measuring"}
    DEFAULT_CSS = """
    HeatMap { height: auto; }
    HeatMap > .hot { color: $primary; }
    HeatMap > .heading { color: $dim; }
    HeatMap > .cursor { background: $foreground; color: $background; text-style: bold; }
    HeatMap:ansi > .cursor { background: ansi_blue; color: ansi_bright_white; }
    HeatMap > .resting { text-style: bold; }
    HeatMap > .failed { color: $error; }
    HeatMap > .measuring { color: $accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Its run"),
        Binding("up,k", "move(-1, 0)", "Up", show=False),
        Binding("down,j", "move(1, 0)", "Down", show=False),
        Binding("left,h", "move(0, -1)", "Left", show=False),
        Binding("right,l", "move(0, 1)", "Right", show=False),
        Binding("home,g", "corner(False)", "First", show=False),
        Binding("end,G", "corner(True)", "Last", show=False),
    ]

    class Moved(Message):
        """Somebody brought the cursor to another tile."""

    class Opened(Message):
        """Enter or a click on the tile of the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._matrix = Matrix((), (), ())
        self._at = Place(0, 0)
        self._first = Place(0, 0)  # the tile in the corner

    # -- what it shows

    @property
    def matrix(self) -> Matrix:
        return self._matrix

    def show(self, matrix: Matrix) -> None:
        """Show `matrix` from now on."""
        if matrix == self._matrix:
            return
        grown = (matrix.batches, matrix.streams) != (self._matrix.batches, self._matrix.streams)
        self._matrix = matrix
        self._go(self._at)
        self.refresh(layout=grown)

    @property
    def place(self) -> tuple[int, int] | None:
        """Batch and streams of the tile under the cursor; None in an empty matrix."""
        found = self._matrix
        return (found.batches[self._at.row], found.streams[self._at.column]) if found.batches else None

    @property
    def square(self) -> Square | None:
        """The one under the cursor; None where the grid has no such setting."""
        return self._square(self._at) if self._matrix.batches else None

    def go_to(self, batch: int, streams: int) -> None:
        """Bring the cursor to a tile, if it is there."""
        found = self._matrix
        if batch in found.batches and streams in found.streams:
            self._go(Place(found.batches.index(batch), found.streams.index(streams)))

    def _square(self, place: Place) -> Square | None:
        return self._matrix.rows[place.row][place.column]

    # -- keys

    def action_open(self) -> None:
        if self._matrix.batches:
            self.post_message(self.Opened())

    def action_move(self, down: int, right: int) -> None:
        self._wander(Place(self._at.row + down, self._at.column + right))

    def action_corner(self, last: bool) -> None:
        self._wander(Place(len(self._matrix.batches), len(self._matrix.streams)) if last else Place(0, 0))

    def _wander(self, place: Place) -> None:
        if self._go(place):
            self.post_message(self.Moved())

    def _go(self, place: Place) -> bool:
        """Bring the cursor there, or as near as can be; whether it moved."""
        row = max(0, min(place.row, len(self._matrix.batches) - 1))
        column = max(0, min(place.column, len(self._matrix.streams) - 1))
        before, self._at = self._at, Place(row, column)
        self._reveal()
        if before == self._at:
            return False
        self.refresh()
        return True

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1 or offset.x < self._label:
            return
        width, height = self._tile
        place = Place(
            self._first.row + (offset.y - 1) // height, self._first.column + (offset.x - self._label) // width
        )
        if place.row >= len(self._matrix.batches) or place.column >= len(self._matrix.streams):
            return
        if place == self._at:
            self.action_open()
        else:
            self._wander(place)

    def on_resize(self) -> None:
        self._reveal()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    # -- places

    @property
    def _label(self) -> int:
        """Width of what stands before the tiles."""
        return max(len("batch"), *(len(str(batch)) for batch in self._matrix.batches), 0) + 2

    @property
    def _narrowest(self) -> int:
        texts = (len(square.text) for row in self._matrix.rows for square in row if square is not None)
        return max(max(texts, default=1) + _AROUND, 7)

    @property
    def _tile(self) -> tuple[int, int]:
        """Width and height of a tile: as large as the room allows, within reason."""
        columns, rows = max(1, len(self._matrix.streams)), max(1, len(self._matrix.batches))
        width = (self.size.width - self._label) // columns
        height = (self.size.height - 1) // rows
        return max(self._narrowest, min(_WIDEST, width)), max(1, min(_TALLEST, height))

    @property
    def _shown(self) -> tuple[int, int]:
        """How many rows and columns there is room for."""
        width, height = self._tile
        return max(1, (self.size.height - 1) // height), max(1, (self.size.width - self._label) // width)

    def _reveal(self) -> None:
        rows, columns = self._shown
        found = []
        for at, first, room, count in (
            (self._at.row, self._first.row, rows, len(self._matrix.batches)),
            (self._at.column, self._first.column, columns, len(self._matrix.streams)),
        ):
            first = min(max(first, at - room + 1), at)  # noqa: PLW2901
            found.append(max(0, min(first, count - room)))
        if tuple(found) != self._first:
            self._first = Place(*found)
            self.refresh()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._label + max(1, len(self._matrix.streams)) * max(self._narrowest, 14)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + max(1, len(self._matrix.batches))

    # -- drawing

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        rows, columns = self._shown
        seen = range(self._first.column, min(self._first.column + columns, len(self._matrix.streams)))
        if y == 0:
            return self._headings(seen).adjust_cell_length(width, base)
        line, part = divmod(y - 1, self._tile[1])
        row = self._first.row + line
        if row >= len(self._matrix.batches) or line >= rows:
            return Strip.blank(width, base)
        middle = part == (self._tile[1] - 1) // 2
        label = self._row_label(row, rows) if middle else ""
        segments = [Segment(f"{label:>{self._label - 1}} ", base + self._look("heading"))]
        segments += [self._drawn(Place(row, column), with_text=middle) for column in seen]
        return Strip(segments).adjust_cell_length(width, base)

    def _headings(self, seen: range) -> Strip:
        width = self._tile[0]
        style = self.rich_style + self._look("heading")
        segments = [Segment(f"{'batch':>{self._label - 1}} ", style)]
        for column in seen:
            streams = self._matrix.streams[column]
            text = formatting.plural(streams, "stream")
            text = text if len(text) <= width - 4 else f"{streams:,}"
            if column == seen.start and column > 0:
                text = f"‹ {text}"
            if column == seen.stop - 1 and column < len(self._matrix.streams) - 1:
                text = f"{text} ›"
            segments.append(Segment(f"{text:>{width - 3}}   "[:width], style))
        return Strip(segments)

    def _row_label(self, row: int, rows: int) -> str:
        """The batch, and an arrow where there are more than can be seen."""
        more = "↑" if row == self._first.row and row > 0 else ""
        if row == self._first.row + rows - 1 and row < len(self._matrix.batches) - 1:
            more = "↓"
        return f"{more} {self._matrix.batches[row]}" if more else str(self._matrix.batches[row])

    def _drawn(self, place: Place, *, with_text: bool) -> Segment:
        square, width = self._square(place), self._tile[0]
        at_cursor = place == self._at
        style = self._style(square)
        if at_cursor:
            style += self._look("cursor" if self.has_focus else "resting")
        if not with_text:
            return Segment(" " * width, style)
        text = "" if square is None else f"{square.text} {mark(square.mark) or ' '}"
        text = f"{text:>{width - 2}}"
        # The marks tell it where there is no colour.
        left, right = ((">", "<") if has_few_glyphs() else ("▸", "◂")) if at_cursor else (" ", " ")
        return Segment(f"{left}{text}{right}", style)

    def _style(self, square: Square | None) -> Style:
        base = self.rich_style
        if square is None:
            return base
        if square.intensity is None:
            looks = {FAILED: "failed", MEASURING: "measuring"}
            return base + self._look(looks.get(square.mark, "heading"))
        ground, hot = self.background_colors[1], self.get_component_styles("hot").color
        if ground.ansi is not None or hot.ansi is not None:
            # The terminal's own sixteen colours know no blends.
            style = base + Style(bold=square.intensity > 0.9, dim=square.intensity < 0.5)
        else:
            heat = ground.blend(hot, _COLDEST + (_HOTTEST - _COLDEST) * square.intensity**2)
            style = base + Style(bgcolor=heat.rich_color, color=heat.get_contrast_text().blend(heat, 0).rich_color)
        if square.mark == MEASURING:
            return style + self._look("measuring")
        return style + Style(bold=True) if square.mark == BEST else style

    def _look(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)
