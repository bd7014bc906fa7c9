"""The graph in a terminal: a row for each node or folded block, tensors as lanes beside it, heat at the edge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ovtui.analysis.graph.finding import consumers, next_bottleneck, producers
from ovtui.analysis.graph.folding import Drawing, Shown
from ovtui.analysis.graph.rows import folded, revealed, turned, unfolded
from ovtui.terminal import has_few_glyphs
from ovtui.tui.widgets.brush import Brush, Colours
from ovtui.tui.widgets.graphboxes import Boxes
from ovtui.tui.widgets.graphrows import map_segments, row_strip

_WHEEL = 3


class GraphView(Widget, can_focus=True):
    """Shows a graph; a frame costs the height of the screen, whatever the graph's size."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lane0", "lane1", "lane2", "label", "node", "head", "cursor", "resting", "dim", "path", "found", "linked",
        "heat0", "heat1", "heat2", "heat3", "heat4",
    }  # fmt: skip
    DEFAULT_CSS = """
    GraphView { background: $background; padding: 0 1; }
    GraphView > .lane0 { color: $primary; }
    GraphView > .lane1 { color: $secondary; }
    GraphView > .lane2 { color: $primary 60%; }
    GraphView > .label { color: $dim; }
    GraphView > .node { color: $foreground; text-style: bold; }
    GraphView > .head { color: $secondary; text-style: bold; }
    GraphView > .cursor { background: $primary; color: $background; text-style: bold; }
    GraphView > .resting { background: $panel; }
    GraphView > .dim { color: $dim; }
    GraphView > .path { text-style: underline; }
    GraphView > .found { text-style: reverse; }
    GraphView > .linked { color: $accent; text-style: bold; }
    GraphView > .heat0 { color: $dim; }
    GraphView > .heat1 { color: $foreground; }
    GraphView > .heat2 { color: $warning; }
    GraphView > .heat3 { color: $warning; text-style: bold; }
    GraphView > .heat4 { color: $error; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Fold"),
        Binding("n", "bottleneck(1)", "Bottleneck"),
        Binding("v", "boxes", "Boxes"),
        Binding("e", "unfold", "Unfold"),
        Binding("w", "fold", "Fold all", show=False),
        Binding("x", "colours", "Colours", show=False),
        Binding("c", "along(1)", "To a consumer", show=False),
        Binding("p", "along(-1)", "To a producer", show=False),
        Binding("C", "path", "Critical path", show=False),
        Binding("N", "bottleneck(-1)", "Bottleneck before", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "jump(0)", "First", show=False),
        Binding("end,G", "jump(-1)", "Last", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """Enter on a node."""

        def __init__(self, node: int) -> None:
            super().__init__()
            self.node = node

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._drawing: Drawing | None = None
        self._cursor = self._top = 0
        self._brush = Brush(self._look)
        self._boxes: Boxes | None = None  # the second view
        self._found: list[int] | None = None  # None: nothing is searched for

    # -- what it shows

    @property
    def drawn(self) -> Drawing | None:
        return self._drawing

    @property
    def node(self) -> int | None:
        """The node of the cursor; the hottest one of a block."""
        drawn = self._drawing
        if drawn is None or not len(drawn):
            return None
        node, block = drawn.node(self._cursor), drawn.block(self._cursor)
        if node is not None or block is None:
            return node
        inside = drawn.shown.blocks.order[block.start : block.stop]
        return max(inside, key=lambda each: drawn.shown.costs[each], default=None)

    @property
    def row(self) -> int:
        return self._cursor

    @property
    def colours(self) -> Colours:
        return self._brush.colours

    @property
    def path(self) -> bool:
        """Whether the critical path is marked."""
        return self._brush.with_path

    @property
    def found(self) -> Sequence[int] | None:
        """What a search found; None while there is none."""
        return self._found

    def show(self, shown: Shown, node: int | None = None, *, linked: Collection[int] = ()) -> None:
        """Show a graph, with the cursor on `node`, whatever block it is in.

        `linked`: all that stands for what was selected in another graph; it stands out until something else is shown.
        """
        if node is not None:
            shown.folding = revealed(shown.blocks, shown.folding, node)
        self._drawing = Drawing(shown, ascii_only=has_few_glyphs())
        self._found, self._brush.found, self._brush.linked = None, frozenset(), frozenset(linked)
        self._cursor = self._drawing.view.row_of(node) if node is not None else 0
        self._top = 0
        self._changed()

    def select(self, node: int) -> None:
        """Bring the cursor to a node; blocks around it are opened."""
        drawn = self._drawing
        if drawn is None:
            return
        shown = drawn.shown
        folding = revealed(shown.blocks, shown.folding, node)
        if folding != shown.folding:
            self._fold_as(folding, node)
        else:
            self._go(drawn.view.row_of(node))

    def mark(self, nodes: list[int] | None) -> None:
        """What a search found: marked, and what n and N go through; None ends that."""
        self._found, self._brush.found = nodes, frozenset(nodes or ())
        self.refresh()

    def _fold_as(self, folding: frozenset[int], node: int | None = None, block: int | None = None) -> None:
        """Fold another way; the cursor stays on its node or block, at its place on the screen."""
        drawn = self._drawing
        if drawn is None:
            return
        shown, offset = drawn.shown, self._cursor - self._top
        if node is None and block is None:
            node = self.node
        shown.folding = folding
        drawn = self._drawing = Drawing(shown, ascii_only=has_few_glyphs())
        row = drawn.view.row_of_block(block) if block is not None else None
        if row is None:
            row = drawn.view.row_of(node) if node is not None else 0
        self._cursor, self._top = row, row - offset
        self._changed()

    def _changed(self) -> None:
        if self._boxes is not None and self._drawing is not None:
            self._boxes = Boxes(self._drawing, self._cursor, self._brush)
        self._reveal()
        self.refresh()
        self.post_message(self.Moved())

    # -- keys

    def action_open(self) -> None:
        drawn = self._drawing
        if drawn is None or not len(drawn):
            return
        block, node = drawn.block(self._cursor), drawn.node(self._cursor)
        if block is not None:
            self._fold_as(turned(drawn.shown.folding, block.number), block=block.number)
        elif node is not None:
            self.post_message(self.Opened(node))

    def action_unfold(self) -> None:
        if self._drawing is not None:
            self._fold_as(unfolded(self._drawing.shown.blocks))

    def action_fold(self) -> None:
        self._fold_as(folded())

    def action_bottleneck(self, step: int) -> None:
        """To the next of what costs most; after a search, of what was found."""
        drawn, node = self._drawing, self.node
        if drawn is None or node is None:
            return
        if self._found is not None:
            if not self._found:
                return
            place = self._found.index(node) + step if node in self._brush.found else (0 if step > 0 else -1)
            self.select(self._found[place % len(self._found)])
            return
        wanted = next_bottleneck(drawn.shown.costs, node, step)
        if wanted is not None:
            self.select(wanted)

    def action_along(self, step: int) -> None:
        """Along a tensor: to the consumer or producer that costs most."""
        drawn, node = self._drawing, self.node
        if drawn is None or node is None:
            return
        found = consumers(drawn.shown.graph, node) if step > 0 else producers(drawn.shown.graph, node)
        if found:
            self.select(max(found, key=lambda each: drawn.shown.costs[each]))

    def action_colours(self) -> None:
        self._brush.turn()
        if self._drawing is not None and self._boxes is not None:
            self._boxes = Boxes(self._drawing, self._cursor, self._brush)
        self.refresh()
        self.post_message(self.Moved())

    def action_path(self) -> None:
        self._brush.with_path = not self._brush.with_path
        self.refresh()
        self.post_message(self.Moved())

    def action_boxes(self) -> None:
        drawn = self._drawing
        if drawn is None or not len(drawn):
            return
        self._boxes = Boxes(drawn, self._cursor, self._brush) if self._boxes is None else None
        self.refresh()

    def action_move(self, by: int) -> None:
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self._cursor + by * max(1, self.size.height - 1))

    def action_jump(self, to: int) -> None:
        self._go(to if to >= 0 else len(self._drawing or ()) - 1)

    def _go(self, row: int) -> None:
        drawn = self._drawing
        row = max(0, min(row, len(drawn or ()) - 1))
        if drawn is None or row == self._cursor:
            return
        before, self._cursor = self._cursor, row
        if self._boxes is not None:
            if not self._boxes.holds(row):
                self._boxes = Boxes(drawn, row, self._brush)
            self.refresh()
        elif not self._reveal():
            for line in {before, row}:
                self.refresh(Region(0, line - self._top, self.size.width, 1))
        self.post_message(self.Moved())

    def _reveal(self) -> bool:
        """Scroll so that the cursor can be seen, by jumps; whether that moved anything."""
        height, top = self.size.height, self._top
        if not height:  # it was not seen yet
            return False
        if not top <= self._cursor < top + height:
            top = self._cursor - height // 2
        return self._scroll(top)

    def _scroll(self, top: int) -> bool:
        top = max(0, min(top, len(self._drawing or ()) - self.size.height))
        if top == self._top:
            return False
        self._top = top
        self.refresh()
        return True

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None or self._boxes is not None:
            return
        if self._top + place.y == self._cursor or event.chain > 1:
            self.action_open()
        else:
            self._go(self._top + place.y)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(self._top + _WHEEL)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(self._top - _WHEEL)
        event.stop()

    def on_resize(self) -> None:
        self._reveal()
        self.refresh()

    def on_focus(self) -> None:
        self._refresh_cursor()

    def on_blur(self) -> None:
        self._refresh_cursor()

    def _refresh_cursor(self) -> None:
        if self._boxes is None:
            self.refresh(Region(0, self._cursor - self._top, self.size.width, 1))
        else:
            self.refresh()

    # -- drawing

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        drawn, width, base = self._drawing, self.size.width, self.rich_style
        if drawn is None or not len(drawn):
            text = "" if drawn is None or y else "There is nothing in this graph."
            return Strip([Segment(text, self._look("dim"))]).adjust_cell_length(width, base)
        focused = self.has_focus
        if self._boxes is not None:
            return self._boxes.line(y, self.size, self._cursor, self._brush, base, focused=focused)
        row = self._top + y
        if row >= len(drawn):
            return Strip.blank(width, base)
        left = row_strip(
            drawn, row, width - 2, self._brush, base, at_cursor=row == self._cursor, focused=focused
        )  # fmt: skip
        return Strip([*left, *map_segments(drawn, y, self._top, self.size.height, self._brush, base)])

    def _look(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)
