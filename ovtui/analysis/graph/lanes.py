"""The lanes beside the rows of a view: columns for nodes and tensors, and for each row all that its drawing needs.

One tensor is one lane, however many consumers it has. The main chain gets the first column; then short tracks before
long ones, each the first column that is free over its rows. What finds none among the first ten becomes labels: at the
producer `↓`, at the consumers `↑`. So the width is bounded, whatever the graph.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ovtui.analysis.graph.reach import REACH, near
from ovtui.analysis.graph.rows import Net, View
from ovtui.analysis.graph.tracks import Segment, Track, tracks

MOST = 10
"""Columns of lanes. Nodes that find no free one among them sit in one more."""


class Cell(NamedTuple):
    """A lane where it passes a row, in another column than the row's node.

    Not `up`: it begins here, with a tensor of the row's node. Not `down`: it ends here, read by the node. A lane that
    goes on may be read (`takes`), joined by a tensor of the node (`gives`), or both.
    """

    column: int
    lane: int  # place in `Lanes.nets`
    up: bool
    down: bool
    takes: bool
    gives: bool
    double: bool  # below, or to its end here, it carries more than one tensor


class Record(NamedTuple):
    """All that is drawn left of a row. `sources` and `targets` are the rows that labels stand for."""

    seat: int  # column of the node; −1 for the head of an open block
    fed: bool  # whether a lane comes into the node from straight above
    cells: tuple[Cell, ...]
    sources: tuple[int, ...]
    targets: tuple[int, ...]


class Lanes:
    """The layout of a view. It depends on nothing but the view's rows and tensors."""

    def __init__(self, view: View, reach: int = REACH, most: int = MOST) -> None:
        self.nets: list[Net] = view.nets
        self.rows = len(view)
        self._most = most
        self._labels: set[tuple[int, int]] = set()  # producer, consumer
        drawn = near(view.nets, self.rows, reach)
        for net, consumers in zip(view.nets, drawn, strict=True):
            self._labels.update((net.row, consumer) for consumer in net.consumers[len(consumers) :])
        heads = [row for row in range(self.rows) if view.is_head(row)]
        self._seat = [-1] * self.rows
        self._fed = bytearray(self.rows)
        self._used = [_Used() for _ in range(most)]
        self._place(tracks(self.rows, view.nets, drawn, heads))
        self._sources: dict[int, tuple[int, ...]] = {}
        self._targets: dict[int, tuple[int, ...]] = {}
        for found, pairs in ((self._targets, self._labels), (self._sources, {(b, a) for a, b in self._labels})):
            for row, ends in groupby(sorted(pairs), key=itemgetter(0)):
                found[row] = tuple(end for _, end in ends)
        self.columns = max(self._seat, default=-1) + 1
        """Columns that are used, of nodes and lanes."""
        for column, used in enumerate(self._used):
            if used.segments:
                self.columns = max(self.columns, column + 1)
                used.segments.sort(key=lambda segment: segment.top)
                used.tops = [segment.top for segment in used.segments]

    @property
    def labelled(self) -> bool:
        """Whether any row has a label."""
        return bool(self._labels)

    def row(self, row: int) -> Record:
        """What is drawn beside a row."""
        seat = self._seat[row]
        cells = []
        for column, used in enumerate(self._used):
            at = bisect_right(used.tops, row) - 1
            if at < 0 or column == seat:
                continue
            segment = used.segments[at]
            if segment.bottom >= row:
                up, down = segment.top < row, segment.bottom > row
                takes = up and (not down or row in segment.taps)
                gives = not up or row in segment.givers
                cells.append(Cell(column, segment.net, up, down, takes, gives, segment.double_from <= row))
        return Record(seat, bool(self._fed[row]), tuple(cells), self._sources.get(row, ()), self._targets.get(row, ()))

    def _place(self, found: list[Track]) -> None:
        for track in found:
            if track.main:
                self._take(track, 0)
        others = [track for track in found if not track.main]
        others.sort(key=lambda track: track.bottom - track.top)  # stable: equals from top to bottom
        for track in others:
            self._fit(track)

    def _fit(self, track: Track) -> None:
        """The first free column; a track that finds none is parted in the middle, at a tensor that becomes a label."""
        pending = [track]
        while pending:
            track = pending.pop()
            top, bottom = track.top, track.bottom
            column = next((column for column, used in enumerate(self._used) if used.free(top, bottom)), None)
            if column is not None:
                self._take(track, column)
            elif not track.segments:
                self._seat[track.head] = self._most
            else:
                middle = len(track.segments) // 2
                segment = track.segments[middle]
                self._drop(segment)
                before, after = track.segments[:middle], track.segments[middle + 1 :]
                if segment.heir:
                    pending.append(Track(segment.bottom, track.bottom, segment.bottom, after))
                if before or track.head >= 0:
                    pending.append(Track(track.top, before[-1].bottom if before else track.top, track.head, before))

    def _take(self, track: Track, column: int) -> None:
        used = self._used[column]
        used.take(track.top, track.bottom)
        used.segments += track.segments
        if track.head >= 0:
            self._seat[track.head] = column
        for segment in track.segments:
            if segment.heir:
                self._seat[segment.bottom] = column
                self._fed[segment.bottom] = 1

    def _drop(self, segment: Segment) -> None:
        """What it would have led becomes labels."""
        for consumer in (*segment.taps, segment.bottom):
            self._labels.add((segment.top, consumer))
            self._labels.update((giver, consumer) for giver in segment.givers if giver < consumer)


class _Used:
    """What a column holds: ranges of rows, which do not overlap, and the segments in them."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        self.segments: list[Segment] = []
        self.tops: Sequence[int] = ()

    def free(self, top: int, bottom: int) -> bool:
        at = bisect_right(self._begins, bottom)
        return not at or self._ends[at - 1] < top

    def take(self, top: int, bottom: int) -> None:
        at = bisect_right(self._begins, top)
        self._begins.insert(at, top)
        self._ends.insert(at, bottom)
