"""How the tensors of a view run down beside its rows, before they have columns.

Every row's node sits in a column; a tensor goes straight down from it to an *heir*, the one consumer that sits in the
same column, and through a lane of its own to consumers below that one. What belongs into one column, node to heir to
heir, is a track. The main chain (the longest one) is a track first of all; the others follow.

A tensor whose consumers are exactly those that an earlier lane still has before it needs no lane: it joins that one,
which from there on is a bus. So the dense blocks of a DenseNet have one lane, not forty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovtui.analysis.graph.rows import Net

NEVER = 1 << 60


@dataclass(eq=False)
class Segment:
    """A straight piece of lane. `own`: it begins at its first row's node, not beside it; `heir`: so does it end."""

    net: int
    top: int
    bottom: int
    own: bool
    heir: bool
    taps: tuple[int, ...]  # rows between, whose nodes read from it
    givers: list[int] = field(default_factory=list)  # rows whose nodes' tensors join it
    double_from: int = NEVER  # the row from which on it carries more than one tensor
    column: int = -1


@dataclass(eq=False)
class Track:
    """Segments, each from where the one before it ends. `head`: the row of the node that it begins with, or −1."""

    top: int
    bottom: int
    head: int
    segments: list[Segment]
    main: bool = False


def tracks(rows: int, nets: Sequence[Net], near: Sequence[tuple[int, ...]], heads: Sequence[int]) -> list[Track]:
    """All rows but `heads` (of open blocks) have their node in one track; every near consumer is on one segment."""
    of_row: list[list[int]] = [[] for _ in range(rows)]
    for number, net in enumerate(nets):
        if near[number]:
            of_row[net.row].append(number)
    follows, main = _main_chain(rows, of_row, near, heads)
    taken = bytearray(main)  # rows that have a column already
    down: list[Segment | None] = [None] * rows  # what begins at a row's node
    into: list[Segment | None] = [None] * rows  # what ends in it
    beside: list[list[Segment]] = [[] for _ in range(rows)]
    buses = _Buses()
    for row, numbers in enumerate(of_row):
        if len(numbers) > 1:
            numbers.sort(key=lambda number: follows[row] not in near[number])
        for number in numbers:
            consumers = near[number]
            joined = buses.joined(row, consumers) if len(consumers) > 1 else None
            if joined is not None:
                joined.givers.append(row)
                joined.double_from = min(joined.double_from, row)
                continue
            rest = consumers
            segment: Segment | None = None
            heir = follows[row]
            if down[row] is None and (not main[row] or heir in consumers):
                if not main[row] and (heir not in consumers or taken[heir]):
                    heir = next((each for each in consumers if not taken[each]), -1)
                if heir >= 0:
                    end = consumers.index(heir)
                    segment = Segment(number, row, heir, True, True, consumers[:end])
                    into[heir], taken[heir] = segment, 1
                    rest = consumers[end + 1 :]
                else:
                    segment = Segment(number, row, consumers[-1], True, False, consumers[:-1])
                    rest = ()
                down[row] = segment
            if rest:
                other = Segment(number, row, rest[-1], False, False, rest[:-1])
                beside[row].append(other)
                if nets[number].tensors > 1:
                    other.double_from = row
                if len(rest) > 1:
                    buses.add(other, rest, row if rest is consumers else consumers[-len(rest) - 1])
            elif segment is not None and len(consumers) > 1:
                buses.add(segment, consumers, row)
            if segment is not None and nets[number].tensors > 1:
                segment.double_from = row
    for segments in beside:
        for segment in segments:
            if not taken[segment.bottom]:
                segment.heir, into[segment.bottom], taken[segment.bottom] = True, segment, 1
    return _joined(rows, down, into, beside, main, heads)


def _main_chain(
    rows: int, of_row: Sequence[Sequence[int]], near: Sequence[tuple[int, ...]], heads: Sequence[int]
) -> tuple[list[int], bytearray]:
    """For each row the consumer that the longest chain goes on with (−1: none), and the rows of the main chain.

    Where the longest chain ends, the longest of those that begin below it is the main chain.
    """
    length = [1] * rows
    follows = [-1] * rows
    for head in heads:
        length[head] = 0
    for row in range(rows - 1, -1, -1):
        longest, after = 0, -1
        for number in of_row[row]:
            for consumer in near[number]:
                if length[consumer] > longest or (length[consumer] == longest and consumer < after):
                    longest, after = length[consumer], consumer
        if after >= 0:
            length[row], follows[row] = longest + 1, after
    best = [rows] * (rows + 1)  # the row at or below that begins the longest chain
    for row in range(rows - 1, -1, -1):
        below = best[row + 1]
        best[row] = row if length[row] and (below == rows or length[row] >= length[below]) else below
    main = bytearray(rows)
    row = best[0]
    while row < rows:
        main[row] = 1
        row = follows[row] if follows[row] >= 0 else best[row + 1]
    return follows, main


class _Buses:
    """Lanes by the consumers that they still have before them: equal ends of lists have equal numbers."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], int] = {}
        self._lanes: dict[int, list[tuple[int, Segment]]] = {}  # with the row after which only those are left

    def add(self, segment: Segment, consumers: tuple[int, ...], after: int) -> None:
        number = 0
        for at in range(len(consumers) - 1, -1, -1):
            number = self._number(consumers[at], number)
            if at < len(consumers) - 1:
                self._lanes.setdefault(number, []).append((consumers[at - 1] if at else after, segment))

    def joined(self, row: int, consumers: tuple[int, ...]) -> Segment | None:
        """A lane that, below `row`, is read by exactly these."""
        number = 0
        for consumer in reversed(consumers):
            found = self._numbers.get((consumer, number))
            if found is None:
                return None
            number = found
        for after, segment in self._lanes.get(number, ()):
            if after <= row and segment.top < row:
                return segment
        return None

    def _number(self, consumer: int, rest: int) -> int:
        return self._numbers.setdefault((consumer, rest), len(self._numbers) + 1)


def _joined(
    rows: int,
    down: Sequence[Segment | None],
    into: Sequence[Segment | None],
    beside: Sequence[Sequence[Segment]],
    main: bytearray,
    heads: Sequence[int],
) -> list[Track]:
    found: list[Track] = []
    track_of: dict[Segment, Track] = {}
    empty = set(heads)
    for row in range(rows):
        if row in empty:
            continue
        above = into[row]
        if above is None:
            track = Track(row, row, row, [], bool(main[row]))
            found.append(track)
        else:
            track = track_of[above]
        below = down[row]
        if below is not None:
            track.segments.append(below)
            track.bottom = below.bottom
            track_of[below] = track
        for segment in beside[row]:
            track = track_of[segment] = Track(row, segment.bottom, -1, [segment])
            found.append(track)
    return found
