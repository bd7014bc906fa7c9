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
    """A straight piece of lane. `heir`: it ends at the node of its last row, not beside it."""

    net: int
    top: int
    bottom: int
    heir: bool
    taps: tuple[int, ...]  # rows between, whose nodes read from it
    givers: list[int] = field(default_factory=list)  # rows whose nodes' tensors join it
    double_from: int = NEVER  # the row from which on it carries more than one tensor


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
    found = _Segments(rows, follows, main)
    for row, numbers in enumerate(of_row):
        if len(numbers) > 1:
            numbers.sort(key=lambda number: follows[row] not in near[number])
        for number in numbers:
            found.lead(row, number, near[number], double=nets[number].tensors > 1)
    found.settle()
    return found.tracks(heads)


class _Segments:
    """The tensors' ways, led from top to bottom."""

    def __init__(self, rows: int, follows: Sequence[int], main: bytearray) -> None:
        self._follows, self._main = follows, main
        self._taken = bytearray(main)  # rows that have their column already
        self._down: list[Segment | None] = [None] * rows  # what begins at a row's node
        self._into: list[Segment | None] = [None] * rows  # what ends in it
        self._beside: list[list[Segment]] = [[] for _ in range(rows)]  # what begins beside it
        self._buses = _Buses()

    def lead(self, row: int, number: int, consumers: tuple[int, ...], *, double: bool) -> None:
        """A net from its row to the near consumers: into a bus, or straight down, beside, or both."""
        joined = self._buses.joined(row, consumers) if len(consumers) > 1 else None
        if joined is not None:
            joined.givers.append(row)
            joined.double_from = min(joined.double_from, row)
            return
        rest, after = consumers, row
        straight = self._straight(row, number, consumers)
        if straight is not None:
            self._down[row] = straight
            rest = consumers[len(straight.taps) + 1 :]
            after = straight.bottom
            if not rest and len(consumers) > 1:
                self._buses.add(straight, consumers, row)
        if rest:
            beside = Segment(number, row, rest[-1], False, rest[:-1])
            self._beside[row].append(beside)
            if len(rest) > 1:
                self._buses.add(beside, rest, after)
            if double:
                beside.double_from = row
        if double and straight is not None:
            straight.double_from = row

    def settle(self) -> None:
        """The last consumer of a lane sits in it, if it sits nowhere yet."""
        for segments in self._beside:
            for segment in segments:
                if not self._taken[segment.bottom]:
                    self._sit(segment)

    def tracks(self, heads: Sequence[int]) -> list[Track]:
        """All segments and rows in what belongs into one column."""
        found: list[Track] = []
        track_of: dict[Segment, Track] = {}
        empty = set(heads)
        for row, (into, down) in enumerate(zip(self._into, self._down, strict=True)):
            if row in empty:
                continue
            if into is None:
                track = Track(row, row, row, [], bool(self._main[row]))
                found.append(track)
            else:
                track = track_of[into]
            if down is not None:
                track.segments.append(down)
                track.bottom = down.bottom
                track_of[down] = track
            for segment in self._beside[row]:
                track_of[segment] = Track(row, segment.bottom, -1, [segment])
                found.append(track_of[segment])
        return found

    def _straight(self, row: int, number: int, consumers: tuple[int, ...]) -> Segment | None:
        """Down from the node to an heir, else to the last consumer; None if something else goes down from there."""
        heir = self._follows[row]
        if self._down[row] is not None or (self._main[row] and heir not in consumers):
            return None
        if not self._main[row] and (heir not in consumers or self._taken[heir]):
            heir = next((each for each in consumers if not self._taken[each]), -1)
        if heir < 0:
            return Segment(number, row, consumers[-1], False, consumers[:-1])
        segment = Segment(number, row, heir, True, consumers[: consumers.index(heir)])
        self._sit(segment)
        return segment

    def _sit(self, segment: Segment) -> None:
        segment.heir = True
        self._into[segment.bottom] = segment
        self._taken[segment.bottom] = 1


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
