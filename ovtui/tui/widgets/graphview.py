"""The graph in a terminal: a row for each node or folded block, tensors as lanes beside it, heat at the edge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ovtui import words
from ovtui.analysis import precisions
from ovtui.analysis.graph import drawing
from ovtui.analysis.graph.boxes import Picture, Place
from ovtui.analysis.graph.finding import consumers, next_bottleneck, producers
from ovtui.analysis.graph.folding import Drawing, Kinds, Shown
from ovtui.analysis.graph.rows import folded, revealed, turned, unfolded
from ovtui.terminal import has_few_glyphs
from ovtui.tui.widgets.cells import fitted

Colours = Literal["heat", "precision", "type"]

_WAYS: tuple[Colours, ...] = ("heat", "precision", "type")
_BAR = 8
_INDENT = 6
_MAP = " ░▒▓█"
_WHEEL = 3
# Where there is room for them, what is told of a node stands in columns: type, shape, precision, kernel.
_COLUMNS = (16, 18, 5, 24)
_LABEL, _WIDEST_LABEL = 40, 56  # cells that a name has then; what is left is the bar's


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
        self._colours: Colours = "heat"
        self._with_path = False
        self._picture: Picture | None = None  # the second view
        self._widest = 0  # cells of its longest line
        self._found: list[int] | None = None  # None: nothing is searched for
        self._found_set: frozenset[int] = frozenset()
        self._linked: frozenset[int] = frozenset()
        self._layers: dict[str, int] = {}

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
        return self._colours

    @property
    def path(self) -> bool:
        """Whether the critical path is marked."""
        return self._with_path

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
        self._found, self._found_set, self._linked = None, frozenset(), frozenset(linked)
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
        self._found, self._found_set = nodes, frozenset(nodes or ())
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
        if self._picture is not None and self._drawing is not None:
            self._draw_boxes(self._drawing)
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
            place = self._found.index(node) + step if node in self._found_set else (0 if step > 0 else -1)
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
        self._colours = _WAYS[(_WAYS.index(self._colours) + 1) % len(_WAYS)]
        self.refresh()
        self.post_message(self.Moved())

    def action_path(self) -> None:
        self._with_path = not self._with_path
        self.refresh()
        self.post_message(self.Moved())

    def action_boxes(self) -> None:
        drawn = self._drawing
        if drawn is None or not len(drawn):
            return
        if self._picture is None:
            self._draw_boxes(drawn)
        else:
            self._picture = None
        self.refresh()

    def _draw_boxes(self, drawn: Drawing) -> None:
        self._picture = drawn.boxes(self._cursor)
        self._widest = max(map(cell_len, self._picture.lines), default=0)

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
        if self._picture is not None:
            if row not in self._picture.places:
                self._draw_boxes(drawn)
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
        if place is None or self._picture is not None:
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
        if self._picture is None:
            self.refresh(Region(0, self._cursor - self._top, self.size.width, 1))
        else:
            self.refresh()

    # -- drawing

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        drawn, width = self._drawing, self.size.width
        if drawn is None or not len(drawn):
            text = "" if drawn is None or y else "There is nothing in this graph."
            return Strip([Segment(text, self._look("dim"))]).adjust_cell_length(width, self.rich_style)
        if self._picture is not None:
            return self._box_line(drawn, self._picture, y)
        row = self._top + y
        if row >= len(drawn):
            return Strip.blank(width, self.rich_style)
        return Strip([*self._row(drawn, row, width - 2), *self._map(drawn, y)])

    def _row(self, drawn: Drawing, row: int, width: int) -> Strip:
        base, shown = self.rich_style, drawn.shown
        at_cursor = row == self._cursor
        if at_cursor:
            base += self.get_component_rich_style("cursor" if self.has_focus else "resting", partial=True)
        inverted = at_cursor and self.has_focus
        cost, heat = drawn.cost(row), drawn.heat(row)
        node, block = drawn.node(row), drawn.block(row)
        hot = base if inverted else base + self._colour(drawn, row, heat)
        segments = [*self._lane(drawn.lane(row), base, hot, inverted=inverted), Segment(" ", base)]
        share = cost / shown.total if shown.total else 0.0
        right = f" {shown.cost_text(cost):>8} {words.percent(share) if cost else '':>6} "
        room = width - drawn.width - 1
        bar = _BAR + 1 if room > 50 else 0  # with a blank before the map
        room = max(4, room - len(right) - bar)
        style = base
        if not inverted:
            style += self._look("head") if block is not None else Style.null()
            style += self._marks(shown, node)
        label = "  " * min(_INDENT, drawn.depth(row)) + drawn.label(row)
        kinds = drawn.kinds(row)
        columns = _COLUMNS[: 4 if shown.graph.kind == "runtime" else 3]
        rest = room - sum(columns) - 2 * len(columns)
        if rest >= _LABEL:
            bar += max(0, rest - _WIDEST_LABEL)
            segments += _worn(fitted(label, min(rest, _WIDEST_LABEL), right=False), style, base)
            told = "".join(f"  {fitted(t, w, right=False)}" for t, w in zip(kinds, columns, strict=False))
            segments.append(Segment(told, base if inverted else base + self._look("dim")))
        else:
            segments += _worn(_named(label, kinds, room), style, base)
        segments.append(Segment(right, hot))
        if bar:
            segments.append(Segment(f"{drawn.bar(row, bar - 1):<{bar}}", hot))
        return Strip(segments).adjust_cell_length(width, base)

    def _marks(self, shown: Shown, node: int | None) -> Style:
        """What makes a node's name stand out."""
        style = Style.null()
        if node is not None and node in self._linked:
            style += self._look("linked")
        if node is not None and self._with_path and node in shown.on_path:
            style += self._look("path")
        if node is not None and node in self._found_set:
            style += self._look("found")
        return style

    def _lane(self, lane: drawing.Drawn, base: Style, hot: Style, *, inverted: bool) -> list[Segment]:
        segments: list[Segment] = []
        begin = 0
        for at in range(1, len(lane.text) + 1):
            if at < len(lane.text) and lane.lanes[at] == lane.lanes[begin]:
                continue
            owner = lane.lanes[begin]
            if inverted or owner == drawing.BLANK:
                style = base
            elif owner == drawing.NODE:
                style = hot
            else:
                style = base + self._look("label" if owner == drawing.LABEL else f"lane{owner % 3}")
            segments.append(Segment(lane.text[begin:at], style))
            begin = at
        return segments

    def _colour(self, drawn: Drawing, row: int, heat: int) -> Style:
        node = drawn.node(row)
        if self._colours == "heat" or node is None:
            return self._look(f"heat{heat}")
        seen = drawn.shown.graph.nodes[node]
        if self._colours == "precision":
            name = precisions.normal(seen.precision)
            look = "lane1" if name in precisions.NARROW else "heat2" if name == "f32" else "lane0"
            return self._look(look if name else "dim")
        number = self._layers.setdefault(seen.type, len(self._layers))
        return self._look(("lane0", "heat2", "lane1", "heat3", "heat1", "lane2")[number % 6])

    def _map(self, drawn: Drawing, y: int) -> list[Segment]:
        """The whole graph in a column: how hot the rows are that this line stands for, and where one is."""
        rows, height = len(drawn), self.size.height
        base = self.rich_style
        if rows <= height:
            heat = drawn.row_heat[y] if y < rows else 0
            return [Segment("  ", base) if not heat else Segment(" " + _MAP[heat], base + self._look(f"heat{heat}"))]
        begin, end = y * rows // height, max(y * rows // height + 1, (y + 1) * rows // height)
        heat = max(drawn.row_heat[begin:end], default=0)
        here = begin < self._top + height and end > self._top
        mark = Segment("▐" if here else " ", base + self._look("dim"))
        return [mark, Segment(_MAP[heat], base + self._look(f"heat{heat}"))]

    def _box_line(self, drawn: Drawing, picture: Picture, y: int) -> Strip:
        """A line of the boxes, with the box of the cursor in the middle."""
        width, height = self.size
        place = picture.places.get(self._cursor)
        x0 = y0 = 0
        if place is not None:
            x0 = max(0, min(place.x + place.width // 2 - width // 2, self._widest - width))
            y0 = max(0, min(place.y + place.height // 2 - height // 2, len(picture.lines) - height))
        base, at = self.rich_style, y0 + y
        if at >= len(picture.lines):
            return Strip.blank(width, base)
        line = Strip([Segment(picture.lines[at], base + self._look("lane0"))])
        crossed = [(place.x, row, place) for row, place in picture.places.items() if 0 <= at - place.y < place.height]
        parts, done = [], 0
        for x, row, place in sorted(crossed):
            style = base + self._box_look(drawn, row, place, at)
            text = line.crop(x, x + place.width).text
            parts += [line.crop(done, x), Strip([Segment(text, style)])]
            done = x + place.width
        parts.append(line.crop(done, line.cell_length))
        left = max(0, (width - self._widest) // 2)
        drawn_line = Strip([Segment(" " * left, base), *Strip.join(parts).crop(x0, x0 + width)])
        return drawn_line.adjust_cell_length(width, base)

    def _box_look(self, drawn: Drawing, row: int, place: Place, line: int) -> Style:
        if row == self._cursor:
            return self.get_component_rich_style("cursor" if self.has_focus else "resting", partial=True)
        style = self._colour(drawn, row, drawn.heat(row))
        if line == place.y + place.height // 2:  # where its name stands
            style += self._marks(drawn.shown, drawn.node(row))
        return style

    def _look(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)


def _worn(text: str, style: Style, base: Style) -> list[Segment]:
    """The text in its style, the blanks around it without."""
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if end <= begin:
        return [Segment(text, base)]
    parts = ((text[:begin], base), (text[begin:end], style), (text[end:], base))
    return [Segment(part, look) for part, look in parts if part]


def _named(label: str, kinds: Kinds, room: int) -> str:
    """With the type and the shape, as far as there is room for them."""
    for text in (f"{label}  {kinds.type}  {kinds.shape}", f"{label}  {kinds.type}"):
        if cell_len(text) <= room:
            return fitted(text, room, right=False)
    return fitted(label, room, right=False)
