"""A row of the graph: its lanes, its name, what is told of it, what it costs; and the map of heat beside them."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ovtui import formatting
from ovtui.analysis.graph import drawing
from ovtui.analysis.graph.folding import Drawing, Kinds
from ovtui.tui.widgets.brush import Brush
from ovtui.tui.widgets.cells import fitted

_BAR = 8
_INDENT = 6
_MAP = " ░▒▓█"
# Where there is room for them, what is told of a node stands in columns: type, shape, precision, kernel.
_COLUMNS = (16, 18, 5, 24)
_LABEL, _WIDEST_LABEL = 40, 56  # cells that a name has then; what is left is the bar's


def row_strip(
    drawn: Drawing, row: int, width: int, brush: Brush, base: Style, *, at_cursor: bool, focused: bool
) -> Strip:
    """A row in `width` cells. `base`: the style of the view."""
    inverted = at_cursor and focused
    if at_cursor:
        base += brush.cursor(focused=focused)
    shown, cost = drawn.shown, drawn.cost(row)
    hot = base if inverted else base + brush.colour(drawn, row)
    segments = [*_lane(drawn.lane(row), brush, base, hot, inverted=inverted), Segment(" ", base)]
    share = cost / shown.total if shown.total else 0.0
    right = f" {shown.cost_text(cost):>8} {formatting.percent(share) if cost else '':>6} "
    room = width - drawn.width - 1
    bar = _BAR + 1 if room > 50 else 0  # with a blank before the map
    room = max(4, room - len(right) - bar)
    style = base
    if not inverted:
        style += brush.look("head") if drawn.block(row) is not None else Style.null()
        style += brush.marks(drawn, row)
    label = "  " * min(_INDENT, drawn.depth(row)) + drawn.label(row)
    kinds = drawn.kinds(row)
    columns = _COLUMNS[: 4 if shown.graph.kind == "runtime" else 3]
    rest = room - sum(columns) - 2 * len(columns)
    if rest >= _LABEL:
        bar += max(0, rest - _WIDEST_LABEL)
        segments += _worn(fitted(label, min(rest, _WIDEST_LABEL), right=False), style, base)
        told = "".join(f"  {fitted(t, w, right=False)}" for t, w in zip(kinds, columns, strict=False))
        segments.append(Segment(told, base if inverted else base + brush.look("dim")))
    elif brush.told_width:
        room -= brush.told_width + 1
        segments += _worn(fitted(label, max(4, room), right=False), style, base)
        segments.append(Segment(f" {brush.told(drawn, row):<{brush.told_width}}", hot))
    else:
        segments += _worn(_named(label, kinds, room), style, base)
    segments.append(Segment(right, hot))
    if bar:
        segments.append(Segment(f"{drawn.bar(row, bar - 1):<{bar}}", hot))
    return Strip(segments).adjust_cell_length(width, base)


def map_segments(drawn: Drawing, y: int, top: int, height: int, brush: Brush, base: Style) -> list[Segment]:
    """Line `y` of the whole graph in a column: how hot the rows are that it stands for, and where one is."""
    rows = len(drawn)
    if rows <= height:
        heat = drawn.row_heat[y] if y < rows else 0
        return [Segment("  ", base) if not heat else Segment(" " + _MAP[heat], base + brush.look(f"heat{heat}"))]
    begin, end = y * rows // height, max(y * rows // height + 1, (y + 1) * rows // height)
    heat = max(drawn.row_heat[begin:end], default=0)
    here = begin < top + height and end > top
    mark = Segment("▐" if here else " ", base + brush.look("dim"))
    return [mark, Segment(_MAP[heat], base + brush.look(f"heat{heat}"))]


def _lane(lane: drawing.Drawn, brush: Brush, base: Style, hot: Style, *, inverted: bool) -> list[Segment]:
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
            style = base + brush.look("label" if owner == drawing.LABEL else f"lane{owner % 3}")
        segments.append(Segment(lane.text[begin:at], style))
        begin = at
    return segments


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
