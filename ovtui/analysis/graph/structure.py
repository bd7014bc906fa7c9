"""Blocks where names tell of none: long levels are folded by what their nodes do.

First, what lies between two places that a single tensor passes is one thing (a residual block, an Inception module).
Then what is repeated becomes a block for each time (the layers of a transformer). What remains long and without a
pattern is cut into even stretches, where few tensors pass. Every block is a run of rows, so that the folded graph still
leads down only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from math import ceil, sqrt
from operator import eq, itemgetter
from typing import NamedTuple

from ovtui.analysis.graph.drafts import SMALLEST, Draft, Item, size
from ovtui.analysis.graph.model import Graph
from ovtui.analysis.graph.stretches import Column

_LONG = 40
"""Items of a level that is more than one looks over."""
_ENOUGH = 20
"""Items of a level that need no further folding."""
_TOO_LONG = 100
"""Items of a level that nobody looks over."""
_NEARLY_ALL = 0.8
"""A block with this share of its level's items is no division of it."""
_WORTH_FOLDING = 0.3
"""The share of a level's nodes that repetitions make up; less of them may be chance."""
_TOGETHER = 6
"""Equal blocks one after another that become one with a number of copies."""
_MOST_COPIES = 200
"""More than so many repetitions are parted in two levels."""
_PERIODS = 24
"""How many lengths of a repetition are tried, the most frequent distances between equals first."""


class _Repetition(NamedTuple):
    """`items[start : start + period * copies]` is the same thing several times."""

    start: int
    period: int
    copies: int


def structured(graph: Graph, items: list[Item], column: Column) -> list[Item]:
    """A graph's outermost level, with blocks put into every level that is long."""
    return _Structure(graph, column).all(items, 0)


class _Structure:
    def __init__(self, graph: Graph, column: Column) -> None:
        self._graph, self._column = graph, column

    def all(self, items: list[Item], start: int) -> list[Item]:
        """A level that begins at place `start`, and all those in it."""
        at = start
        for item in items:
            if isinstance(item, Draft):
                item.items = self.all(item.items, at)
                at += item.size
            else:
                at += 1
        return self._level(items, start)

    def _level(self, items: list[Item], start: int) -> list[Item]:
        column = self._column
        if sum(not isinstance(item, Draft) for item in items) > _LONG:
            items = self._segments(items, start)
            before = len(items) + 1
            while _ENOUGH < len(items) < before:
                before = len(items)
                items = self._repeated(items, start)
        items = self._runs(items, start, column.signature)
        if len(items) > _LONG:
            items = self._runs(items, start, column.types)
        return self._stretches(items, start)

    def _segments(self, items: list[Item], start: int) -> list[Item]:
        """What lies between two places that at most one tensor passes, unless nearly everything does."""
        passing = self._column.passing(start, start + size(items))
        segments: list[list[Item]] = []
        at = start
        for item in items:
            if not segments or passing[at - start] <= 1:
                segments.append([])
            segments[-1].append(item)
            at += size([item])
        if max(map(len, segments)) > _NEARLY_ALL * len(items):
            return items
        return self._blocks(self._closed(segments), start, len(items))

    def _closed(self, segments: list[list[Item]]) -> list[list[Item]]:
        """With the single node that follows most segments put to them, such as the activation after a residual sum."""
        followers = [
            (number, self._type(after[0]))
            for number, (each, after) in enumerate(pairwise(segments), 1)
            if len(each) > len(after) == 1
        ]
        usual, count = Counter(type_ for _, type_ in followers).most_common(1)[0] if followers else ("", 0)
        if 2 * count <= sum(len(each) > 1 for each in segments):
            return segments
        closing = {number for number, type_ in followers if type_ == usual}
        found: list[list[Item]] = []
        for number, each in enumerate(segments):
            if number in closing:
                found[-1] = [*found[-1], *each]
            else:
                found.append(each)
        return found

    def _type(self, item: Item) -> str:
        return "" if isinstance(item, Draft) else self._graph.nodes[item].type

    def _blocks(self, parts: Iterable[list[Item]], start: int, level: int) -> list[Item]:
        """Each part of a level as a block, if it can be one."""
        found: list[Item] = []
        for part in parts:
            found += self._as_block(part, start, level)
            start += size(part)
        return found

    def _as_block(self, items: list[Item], start: int, level: int) -> list[Item]:
        """`items` as a block; as they are, if they are too few for one, or the whole level already."""
        if len(items) < 2 or len(items) == level or size(items) < SMALLEST:
            return items
        return [self._draft(self._level(items, start), start)]

    def _draft(self, items: list[Item], start: int) -> Draft:
        count = size(items)
        first = self._end(items[0], start)
        last = self._end(items[-1], start + count - 1)
        return Draft(None, first if first == last else f"{first} … {last}", items, count)

    def _end(self, item: Item, place: int) -> str:
        """What a label says of a block's first or last item."""
        if isinstance(item, Draft) and item.name is not None:
            return item.label
        return self._graph.nodes[self._column.order[place]].type

    def _repeated(self, items: list[Item], start: int) -> list[Item]:
        """The most common repetition, each time of it as a block."""
        starts = [*accumulate((size([item]) for item in items), initial=start)]
        found: list[Item] = []
        done = 0
        for begin, period, copies in self._repetitions(items, starts):
            times = [items[at : at + period] for at in range(begin, begin + copies * period, period)]
            found += items[done:begin] + self._blocks(times, starts[begin], len(items))
            done = begin + copies * period
        return found + items[done:]

    def _repetitions(self, items: list[Item], starts: list[int]) -> list[_Repetition]:
        numbers: dict[object, int] = {}
        keys = []
        for number, item in enumerate(items):
            stretch = self._column.types(starts[number], starts[number + 1])
            keys.append(numbers.setdefault((isinstance(item, Draft), stretch), len(numbers)))
        found = {}
        for period in _periods(keys):
            runs = list(_runs(keys, period))
            covered = sum(starts[begin + length] - starts[begin] for begin, length in runs)
            if covered:
                found[period] = covered, runs
        enough = 0.8 * max((covered for covered, _ in found.values()), default=0)
        if enough < _WORTH_FOLDING * (starts[-1] - starts[0]):
            return []
        common = sorted(period for period, (covered, _) in found.items() if covered >= enough)
        for period in common:
            runs = found[period][1]
            begin = runs[0][0]
            if period == 1 and isinstance(items[begin], Draft):
                return []  # equal blocks already
            if period > 1 and starts[begin + period] - starts[begin] >= SMALLEST:
                return [
                    self._placed(begin, length, period, starts)
                    if length <= period * _MOST_COPIES
                    else _even(begin, length, period)
                    for begin, length in runs
                ]
        # A pattern of one or two nodes: many of them make a block.
        return [_even(begin, length, common[0]) for begin, length in found[common[0]][1]]

    def _placed(self, begin: int, length: int, period: int, starts: list[int]) -> _Repetition:
        """Where in a run of repetitions each begins: where the fewest tensors pass."""
        passing = self._column.passing(starts[begin], starts[begin + length])

        def between(shift: int) -> tuple[float, int, int]:
            copies = (length - shift) // period
            edges = [
                passing[starts[begin + shift + copy * period] - starts[begin]]
                for copy in range(copies + 1)
                if begin + shift + copy * period < begin + length
            ]
            return sum(edges) / len(edges), -copies, shift

        shift = min(range(min(period, length - 2 * period + 1)), key=between)
        return _Repetition(begin + shift, period, (length - shift) // period)

    def _runs(self, items: list[Item], start: int, key: Callable[[int, int], object]) -> list[Item]:
        """Blocks with the same key one after another as one block, unless there is nothing else in the level."""
        keys: list[object] = []
        at = start
        for number, item in enumerate(items):
            keys.append(key(at, at + item.size) if isinstance(item, Draft) else -number)
            at += size([item])
        found: list[Item] = []
        for _, run in groupby(zip(keys, items, strict=True), key=itemgetter(0)):
            same = [item for _, item in run]
            first, last = same[0], same[-1]
            if _TOGETHER <= len(same) < len(items) and isinstance(first, Draft) and isinstance(last, Draft):
                label = first.label if first.label == last.label else f"{first.label} … {last.label}"
                copies = len(same) if key == self._column.signature else 0
                found.append(Draft(None, label, same, size(same), copies=copies))
            else:
                found += same
        return found

    def _stretches(self, items: list[Item], start: int) -> list[Item]:
        """Long runs of single nodes in even pieces; if the level is longer than bearable, all of it."""
        found: list[Item] = []
        at = start
        for _, group in groupby(items, key=lambda item: isinstance(item, Draft) and len(items) <= _TOO_LONG):
            run = list(group)
            divided = len(run) > _LONG and (len(items) > _TOO_LONG or not isinstance(run[0], Draft))
            found += self._pieces(run, at, len(items)) if divided else run
            at += size(run)
        return found

    def _pieces(self, run: list[Item], start: int, level: int) -> list[Item]:
        """About as many pieces as items in each, cut where few tensors pass."""
        length = ceil(sqrt(len(run))) if len(run) <= _LONG**2 else ceil(len(run) / _LONG)
        places = [*accumulate((size([item]) for item in run), initial=0)]
        passing = self._column.passing(start, start + places[-1])
        parts: list[list[Item]] = []
        begin = 0
        while len(run) - begin > length * 1.5:
            wanted = begin + length
            near = range(wanted - length // 4, wanted + length // 4 + 1)
            cut = min(near, key=lambda at: (passing[places[at]], abs(at - wanted)))
            parts.append(run[begin:cut])
            begin = cut
        return self._blocks([*parts, run[begin:]], start, level)


def _periods(keys: Sequence[int]) -> list[int]:
    """Lengths that a repetition may have: the distances at which equals most often follow each other."""
    last: dict[int, int] = {}
    distances: Counter[int] = Counter()
    for at, key in enumerate(keys):
        if key in last:
            distances[at - last[key]] += 1
        last[key] = at
    return [distance for distance, _ in distances.most_common(_PERIODS) if 2 * distance <= len(keys)]


def _runs(keys: Sequence[int], period: int) -> Iterator[tuple[int, int]]:
    """(begin, length) of what repeats with that period at least once, none of it twice."""
    same = bytes(map(eq, keys, keys[period:]))
    free = 0
    for run in re.finditer(b"\x01{%d,}" % period, same):
        begin, end = max(run.start(), free), run.end() + period
        if end - begin >= 2 * period:
            yield begin, end - begin
            free = end


def _even(begin: int, length: int, period: int) -> _Repetition:
    """About as many blocks as periods in each, with the fewest items left over."""
    middle = sqrt(length / period)
    sizes = [times * period for times in range(max(1, round(middle * 0.7)), round(middle * 1.4) + 1)]
    best = min(sizes, key=lambda size: (size < SMALLEST, length % size))
    return _Repetition(begin, best, length // best)
