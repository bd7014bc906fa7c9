"""The second view: boxes joined by lines, for the neighbourhood of a row and for graphs small enough to be seen whole.

Lines run downwards. They are crossed unbroken, as lanes are; where one parts or bends there is a corner or a tee.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from ovtui.analysis.graph.channels import DOWN, LEFT, RIGHT, UP, routed
from ovtui.analysis.graph.layered import Item, layered, ports
from ovtui.analysis.graph.rows import View
from ovtui.sanitize import plain

MOST = 60
"""Boxes of a picture."""
WIDEST = 28
_HEIGHT = 3

_BOX = {
    UP | DOWN: "│", LEFT | RIGHT: "─", UP | LEFT: "╯", UP | RIGHT: "╰", DOWN | LEFT: "╮", DOWN | RIGHT: "╭",
    UP | DOWN | LEFT: "┤", UP | DOWN | RIGHT: "├", UP | LEFT | RIGHT: "┴", DOWN | LEFT | RIGHT: "┬",
    UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
_ASCII = {arms: "|" if arms == UP | DOWN else "-" if arms == LEFT | RIGHT else "+" for arms in _BOX}


class Place(NamedTuple):
    """Where a box is, in cells, its frame included."""

    x: int
    y: int
    width: int
    height: int


class Picture(NamedTuple):
    """Lines of text, safe to show and equally wide, and where each row of the view is in them."""

    lines: tuple[str, ...]
    places: dict[int, Place]


def neighbourhood(view: View, row: int, most: int = 24) -> list[int]:
    """The rows around `row`, itself included, from top to bottom: the nearest along tensors, up to `most`.

    Around the head of an open block: what is in it, then what is around that.
    """
    around: dict[int, list[int]] = {}
    for net in view.nets:
        for consumer in net.consumers:
            around.setdefault(net.row, []).append(consumer)
            around.setdefault(consumer, []).append(net.row)
    most = min(most, MOST)
    queue = view.rows_in(row)[:most]
    found = set(queue)
    for at in queue:
        for other in around.get(at, ()):
            if other not in found and len(found) < most:
                found.add(other)
                queue.append(other)
    return sorted(found)


def whole(view: View) -> list[int] | None:
    """All rows but the heads of open blocks; None if they are more than one picture holds."""
    found = [row for row in range(len(view)) if not view.is_head(row)]
    return found if len(found) <= MOST else None


def name(view: View, row: int) -> str:
    """What a box says, if nothing else is said: a node's type, a block's label."""
    shown = view.row(row)
    if shown.block is not None:
        return view.blocks.blocks[shown.block].label
    return view.blocks.graph.nodes[view.items[row]].type


def picture(
    view: View, shown: Sequence[int], label: Callable[[View, int], str] = name, *, ascii_only: bool = False
) -> Picture:
    """The boxes of these rows, at most `MOST`, and the lines between them.

    `label` need not care whether what it says is safe to show, nor how wide it is.
    """
    shown = sorted(set(shown))[:MOST]
    number = {row: box for box, row in enumerate(shown)}
    consumers: list[set[int]] = [set() for _ in shown]
    for net in view.nets:
        if net.row in number:
            consumers[number[net.row]].update(number[row] for row in net.consumers if row in number)
    texts = [_fitted(label(view, row), "~" if ascii_only else "…") for row in shown]
    layers = layered([cell_len(text) + 4 for text in texts], [sorted(each) for each in consumers])
    canvas = _Canvas(_ASCII if ascii_only else _BOX)
    places = {}
    y = 0
    for layer, below in zip_longest(layers, layers[1:]):
        for item in layer:
            if item.box is None:
                canvas.upright(item.x, y, _HEIGHT)
            else:
                place = places[shown[item.box]] = Place(item.x - item.width // 2, y, item.width, _HEIGHT)
                canvas.box(place, texts[item.box], ports(item) if item.above else [], item.x if item.below else None)
        y += _HEIGHT
        if below:
            lines, rows = routed(_lines(layer, below))
            for line in lines:
                for row, column, arms in line.arms(rows):
                    canvas.line(column, y + row, arms)
            y += rows
    return Picture(canvas.lines(), places)


def _lines(upper: Sequence[Item], lower: Sequence[Item]) -> list[tuple[int, list[int]]]:
    """From the middle of each item above to where it comes into those below."""
    ends: dict[Item, list[int]] = {item: [] for item in upper}
    for item in lower:
        for above, column in zip(item.above, ports(item), strict=True):
            ends[above].append(column)
    return [(item.x, columns) for item, columns in ends.items()]


def _fitted(text: str, gap: str) -> str:
    """Safe, and no wider than a box may be; names differ at their ends."""
    text = plain(text, 4 * WIDEST)
    if cell_len(text) <= WIDEST:
        return text or " "
    end = text[-WIDEST // 2 :]
    while cell_len(end) > WIDEST // 2:
        end = end[1:]
    return set_cell_size(text, WIDEST // 2 - 1) + gap + end


class _Canvas:
    """Cells by (row, column); a text is in its first one, and the others that it fills are empty."""

    def __init__(self, glyphs: dict[int, str]) -> None:
        self._glyphs = glyphs
        self._cells: dict[tuple[int, int], str] = {}
        self._corners = "++++" if glyphs is _ASCII else "┌┐└┘"

    def upright(self, x: int, y: int, height: int) -> None:
        for row in range(y, y + height):
            self._cells[row, x] = self._glyphs[UP | DOWN]

    def line(self, x: int, y: int, arms: int) -> None:
        if arms != LEFT | RIGHT or (y, x) not in self._cells:  # what is crossed stays unbroken
            self._cells[y, x] = self._glyphs[arms]

    def box(self, place: Place, text: str, into: Sequence[int], out: int | None) -> None:
        x, y, width, height = place
        left, right, bottom = x, x + width - 1, y + height - 1
        for column in range(left + 1, right):
            self._cells[y, column] = self._cells[bottom, column] = self._glyphs[LEFT | RIGHT]
        for column in into:
            self._cells[y, column] = self._glyphs[UP | LEFT | RIGHT]
        if out is not None:
            self._cells[bottom, out] = self._glyphs[DOWN | LEFT | RIGHT]
        for corner, at in zip(self._corners, ((y, left), (y, right), (bottom, left), (bottom, right)), strict=True):
            self._cells[at] = corner
        self._cells[y + 1, left] = self._cells[y + 1, right] = self._glyphs[UP | DOWN]
        cells = cell_len(text)
        begin = left + (width - cells) // 2
        self._cells.update({(y + 1, column): "" for column in range(begin, begin + cells)})
        self._cells[y + 1, begin] = text

    def lines(self) -> tuple[str, ...]:
        height = max((row for row, _ in self._cells), default=-1) + 1
        width = max((column for _, column in self._cells), default=-1) + 1
        return tuple("".join(self._cells.get((row, column), " ") for column in range(width)) for row in range(height))
