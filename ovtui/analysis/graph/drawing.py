"""A row's lanes as characters: box drawing where the terminal can, ASCII where it cannot.

A line is read like this: `●` is the row's node, fed from straight above, `○` one that begins its column. Lanes run
down (`│`, a bus `║`) and are crossed unbroken; an arm (`┤ ├ ┼`) reads from a lane, a corner begins (`╮ ╭`) or ends
(`╯ ╰`) one, and an arrow before a lane (`▸║`) adds a tensor to it. All arms of a row belong to its node.
"""

from __future__ import annotations

from typing import NamedTuple

from ovtui.analysis.graph.lanes import Cell, Lanes, Record

BLANK, NODE, LABEL = -1, -2, -3
"""What a character is, if no lane."""


class Glyphs(NamedTuple):
    """The strings of lanes are for an arm to the left, to the right, and both; single and double lanes."""

    node: str
    begin: str  # a node that nothing comes into from above
    across: str
    down: tuple[str, str]
    tap: tuple[str, str]
    start: tuple[str, str]
    end: tuple[str, str]
    join: tuple[str, str]  # to the left, to the right
    sources: str
    targets: str


BOX = Glyphs("●", "○", "─", ("│", "║"), ("┤├┼", "╢╟╫"), ("╮╭┬", "╖╓╥"), ("╯╰┴", "╜╙╨"), ("◂", "▸"), "↑", "↓")
ASCII = Glyphs("*", "o", "-", ("|", "#"), ("+++", "+++"), ("...", "..."), ("'''", "'''"), ("<", ">"), "^", "v")


class Drawn(NamedTuple):
    """A line, and for each of its characters the lane it belongs to, or `BLANK`, `NODE`, `LABEL`."""

    text: str
    lanes: tuple[int, ...]


def width(lanes: Lanes) -> int:
    """Characters of every line of a layout."""
    return max(0, 2 * lanes.columns - 1) + 3 * lanes.labelled


def draw(record: Record, cells: int, glyphs: Glyphs = BOX) -> Drawn:
    """The line of a row, as wide as `width` says. Two marks at its end tell of labels, where there are any."""
    text, owners = [" "] * cells, [BLANK] * cells
    seat = 2 * record.seat
    for cell in record.cells:
        at = 2 * cell.column
        text[at], owners[at] = glyphs.down[cell.double], cell.lane
    if record.seat >= 0:
        text[seat], owners[seat] = glyphs.node if record.fed else glyphs.begin, NODE
        reached = [cell for cell in record.cells if cell.takes or cell.gives]
        _arms([cell for cell in reached if cell.column > record.seat], seat, 1, text, owners, glyphs)
        _arms([cell for cell in reversed(reached) if cell.column < record.seat], seat, -1, text, owners, glyphs)
    if record.sources:
        text[-2], owners[-2] = glyphs.sources, LABEL
    if record.targets:
        text[-1], owners[-1] = glyphs.targets, LABEL
    return Drawn("".join(text), tuple(owners))


def _arms(cells: list[Cell], seat: int, step: int, text: list[str], owners: list[int], glyphs: Glyphs) -> None:
    """From the node to the lanes on one side of it, the nearest first."""
    at = seat
    for number, cell in enumerate(cells):
        end = 2 * cell.column
        for between in range(at + step, end, step):
            if text[between] == " ":
                text[between], owners[between] = glyphs.across, cell.lane
        joins = cell.gives and cell.up
        if joins:
            text[end - step] = glyphs.join[step > 0]
        if cell.takes or not joins:
            kind = glyphs.start if not cell.up else glyphs.tap if cell.down else glyphs.end
            arm = 2 if number < len(cells) - 1 else int(step < 0)
            text[end] = kind[cell.double][arm]
        at = end
