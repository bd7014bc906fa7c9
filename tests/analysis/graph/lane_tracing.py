"""Reads a drawing of lanes as a person does: characters only, from top to bottom, and back into edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ovtui.analysis.graph.drawing import ASCII, BOX, Glyphs, draw, width
from ovtui.analysis.graph.lanes import Lanes
from ovtui.analysis.graph.rows import View

Edges = set[tuple[int, int]]
"""Pairs of rows: producer, consumer."""


class Arms(NamedTuple):
    """Where the lines of a character go to."""

    up: bool = False
    down: bool = False
    left: bool = False
    right: bool = False


_ARMS = {
    **dict.fromkeys("│║|#", Arms(up=True, down=True)),
    **dict.fromkeys("─-", Arms(left=True, right=True)),
    **dict.fromkeys("┤╢", Arms(up=True, down=True, left=True)),
    **dict.fromkeys("├╟", Arms(up=True, down=True, right=True)),
    **dict.fromkeys("┼╫", Arms(up=True, down=True, left=True, right=True)),
    **dict.fromkeys("╮╖", Arms(down=True, left=True)),
    **dict.fromkeys("╭╓", Arms(down=True, right=True)),
    **dict.fromkeys("┬╥", Arms(down=True, left=True, right=True)),
    **dict.fromkeys("╯╜", Arms(up=True, left=True)),
    **dict.fromkeys("╰╙", Arms(up=True, right=True)),
    **dict.fromkeys("┴╨", Arms(up=True, left=True, right=True)),
}


def drawn(lanes: Lanes, glyphs: Glyphs = BOX) -> list[str]:
    return [draw(lanes.row(row), width(lanes), glyphs).text for row in range(lanes.rows)]


def traced(lines: Sequence[str], columns: int, glyphs: Glyphs = BOX) -> Edges:
    """The edges that the lines show; an AssertionError where a line leads to nowhere."""
    found: Edges = set()
    carried: list[set[int]] = [set() for _ in range(columns)]  # by each column's lane, below the row above
    below_node = -1  # the column of the node above: its lane may go on or not
    for row, line in enumerate(lines):
        cells, gaps = line[: 2 * columns - 1 : 2], line[1 : 2 * columns - 1 : 2]
        seats = [column for column, cell in enumerate(cells) if cell in (glyphs.node, glyphs.begin)]
        assert len(seats) <= 1
        seat = seats[0] if seats else -1
        read: set[int] = set()
        given = []
        for column, cell in enumerate(cells):
            if column == seat:
                if cell == glyphs.node:
                    assert carried[column]
                    read |= carried[column]
                else:
                    assert not carried[column] or column == below_node
                carried[column] = {row}
                continue
            across = cell == glyphs.across
            up, down, takes = _lane(cell, column, seat, glyphs)
            reached = _reached(cells, gaps, column, seat, glyphs)
            assert reached or not takes or across
            gap = gaps[column - 1 if column > seat else column] if seat >= 0 else " "
            joins = reached and gap == glyphs.join[column > seat] and up
            if up:
                assert carried[column]
            else:
                assert not carried[column] or column == below_node
                carried[column] = set()
            if takes and up:
                read |= carried[column]
            if not down:
                carried[column] = set()
            elif joins or not up:
                given.append(column)
        ends = [column for column, cell in enumerate(cells) if _ends_arm(cells, gaps, column, seat, glyphs)]
        for at, gap in enumerate(gaps):
            between = min([seat, *ends]) <= at < max([seat, *ends])
            assert (gap != " ") == between
        found |= {(producer, row) for producer in read}
        for column in given:
            carried[column] = carried[column] | {row}
        below_node = seat
    assert not any(lane for column, lane in enumerate(carried) if column != below_node)
    return found


def labelled(lanes: Lanes) -> Edges:
    """The edges that labels stand for; both of their ends tell of them."""
    ends = {(source, row) for row in range(lanes.rows) for source in lanes.row(row).sources}
    assert ends == {(row, target) for row in range(lanes.rows) for target in lanes.row(row).targets}
    return ends


def edges(view: View) -> Edges:
    """What a drawing of the view has to show."""
    graph = view.blocks.graph
    rows = [view.row_of(node) for node in range(len(graph))]
    pairs = {(rows[source.node], rows[node]) for node in range(len(graph)) for source in graph.inputs[node]}
    return {(producer, consumer) for producer, consumer in pairs if producer != consumer}


def check(view: View, lanes: Lanes | None = None) -> None:
    """The drawing shows the view's edges, no others, and marks the rows that have labels; in both sets of glyphs."""
    lanes = lanes or Lanes(view)
    labels = labelled(lanes)
    wanted = edges(view)
    pairs = Counter((net.row, consumer) for net in view.nets for consumer in net.consumers)
    several = {pair for pair, count in pairs.items() if count > 1}  # one tensor may be drawn, the other labelled
    for glyphs in (BOX, ASCII):
        lines = drawn(lanes, glyphs)
        shown = traced(lines, lanes.columns, glyphs)
        assert shown | labels == wanted
        assert shown & labels <= several
        if labels:
            assert {row for row, line in enumerate(lines) if line[-2] != " "} == {consumer for _, consumer in labels}
            assert {row for row, line in enumerate(lines) if line[-1] != " "} == {producer for producer, _ in labels}


def _lane(cell: str, column: int, seat: int, glyphs: Glyphs) -> tuple[bool, bool, bool]:
    """Whether a lane comes from above, goes on below, and has an arm towards the node."""
    if glyphs is ASCII:
        return cell in "|#+'", cell in "|#+.", cell in "+'."
    arms = _ARMS.get(cell, Arms())
    return arms.up, arms.down, arms.left if column > seat else arms.right


def _reached(cells: str, gaps: str, column: int, seat: int, glyphs: Glyphs) -> bool:
    """Whether a line leads from the node to the lane without a break; lanes between are crossed, or reached too."""
    if seat < 0:
        return False
    low, high = sorted((seat, column))
    passed = all(gap in (glyphs.across, *glyphs.join) for gap in gaps[low:high])
    return passed and all(cells[between] != " " for between in range(low + 1, high))


def _ends_arm(cells: str, gaps: str, column: int, seat: int, glyphs: Glyphs) -> bool:
    """Whether a line of the node has something to do with the lane: else it only crosses it."""
    if seat < 0 or column == seat or cells[column] in (" ", glyphs.across):
        return False
    gap = gaps[column - 1 if column > seat else column]
    return _lane(cells[column], column, seat, glyphs)[2] or gap == glyphs.join[column > seat]
