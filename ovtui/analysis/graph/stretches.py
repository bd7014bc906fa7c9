"""A graph laid out in one column: which stretches of it are alike, and how many tensors pass between two rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ovtui.analysis.graph.model import Graph

_MANY = 8
"""Consumers of a tensor that, spread over half of a stretch, feeds nearly everything in it: a mask, an embedding."""
_SHARED = 3
"""Tensors that are read for the last time at one place when it gathers them, as the end of a dense block does."""


class Column:
    """The nodes in a given order; all numbers below are places in it."""

    def __init__(self, graph: Graph, order: Sequence[int]) -> None:
        self.order = tuple(order)
        self.place = [0] * len(order)
        for place, node in enumerate(order):
            self.place[node] = place
        place_of = self.place
        self.tensors: list[list[tuple[int, ...]]] = []
        """At each place, for each tensor that is made there, where it is read; each place once, from top to bottom."""
        for node in order:
            uses = graph.uses[node]
            if len(uses) == 1:
                self.tensors.append([(place_of[uses[0].node],)])
                continue
            ports: dict[int, set[int]] = {}
            for port, consumer in uses:
                ports.setdefault(port, set()).add(place_of[consumer])
            self.tensors.append([tuple(sorted(ports[port])) for port in sorted(ports)])
        self._numbers: dict[Hashable, int] = {}
        self._signatures: dict[tuple[int, int], int] = {}
        nodes = [graph.nodes[node] for node in order]
        self._offsets = [
            tuple([place - place_of[source] for source, _ in graph.inputs[node]]) for place, node in enumerate(order)
        ]
        self._farthest = [max(offsets, default=0) for offsets in self._offsets]
        self._types = [self._number(node.type) for node in nodes]
        self._shapes = [self._number((node.type, *[tensor.shape for tensor in node.outputs])) for node in nodes]
        self._whole = [self._number(pair) for pair in zip(self._shapes, self._offsets, strict=True)]

    def signature(self, start: int, stop: int) -> int:
        """Equal for stretches of the same types, shapes and edges, whatever they read from above."""
        found = self._signatures.get((start, stop))
        if found is None:
            whole, farthest = self._whole, self._farthest
            nodes = [
                whole[place] if farthest[place] <= place - start else self._clipped(place, place - start)
                for place in range(start, stop)
            ]
            found = self._signatures[start, stop] = self._number(tuple(nodes))
        return found

    def types(self, start: int, stop: int) -> tuple[int, ...]:
        """Equal for stretches of the same types."""
        return tuple(self._types[start:stop])

    def passing(self, start: int, stop: int) -> list[int]:
        """How many tensors pass the upper edge of each place of a stretch, of those that are made and read in it.

        A tensor that feeds nearly everything in it does not count, unless it ends where many do.
        """
        change = [0] * (stop - start + 1)
        ends = [0] * (stop - start)
        wide = []
        for place in range(start, stop):
            for readers in self.tensors[place]:
                inside = readers if readers[-1] < stop else [reader for reader in readers if reader < stop]
                if inside:
                    last = inside[-1]
                    change[place + 1 - start] += 1
                    change[last + 1 - start] -= 1
                    ends[last - start] += 1
                    if len(inside) >= _MANY and 2 * (last - place) >= stop - start:
                        wide.append((place, last))
        for place, last in wide:
            if ends[last - start] < _SHARED:
                change[place + 1 - start] -= 1
                change[last + 1 - start] += 1
        found, count = [], 0
        for each in change[:-1]:
            count += each
            found.append(count)
        return found

    def _clipped(self, place: int, reach: int) -> int:
        offsets = tuple([offset if offset <= reach else 0 for offset in self._offsets[place]])
        return self._number((self._shapes[place], offsets))

    def _number(self, thing: Hashable) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))
