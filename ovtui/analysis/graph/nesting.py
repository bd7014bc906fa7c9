"""Blocks from the scopes that names tell of, so that every block is one run of rows.

A folded block stands for its nodes, and the folded graph must still lead down only. So each level is sorted with its
blocks as single things; where that is not possible, because a path leaves a block and comes back (one ReLU object used
in three places has one name), the blocks in that cycle are split into pieces for which it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby
from typing import NamedTuple

from ovtui.analysis.graph.drafts import SMALLEST, Draft, Item
from ovtui.analysis.graph.model import Graph
from ovtui.analysis.graph.scopes import Path, label, meaningless

_NEARLY_ALL = 0.9
"""A block with this share of its level's nodes is no division of it: what it holds takes its place."""


class _Group(NamedTuple):
    """The nodes of a level that lie in the same block, in the graph's order."""

    name: str
    depth: int  # of its name in their paths
    nodes: list[int]
    part: tuple[int, int] | None = None


def nested(graph: Graph, paths: Sequence[Path]) -> list[Item]:
    """The outermost level, from top to bottom."""
    return _Nesting(graph, paths).level(list(graph.order), 0)


class _Nesting:
    def __init__(self, graph: Graph, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._producers = [{source.node for source in sources} for sources in graph.inputs]
        self._place = {node: place for place, node in enumerate(graph.order)}

    def level(self, nodes: list[int], depth: int) -> list[Item]:
        """`nodes` as blocks of the paths' parts at `depth`, and single nodes, in an order that leads down."""
        groups = self._divided(nodes, depth)
        if not groups:
            return list(nodes)
        held = {node: ~number for number, group in enumerate(groups) for node in group.nodes}
        runs = [item for item, _ in groupby(held.get(node, node) for node in nodes)]
        if sum(item < 0 for item in runs) > len(groups):  # something stands between a block's nodes
            runs, left = self._sorted(nodes, held)
            if left:
                groups, held = self._split(nodes, groups, held, left)
                runs, _ = self._sorted(nodes, held)
        return [item if item >= 0 else self._draft(groups[~item]) for item in runs]

    def _draft(self, group: _Group) -> Draft:
        items = self.level(group.nodes, group.depth + 1)
        return Draft(group.name, label(group.name), items, len(group.nodes), group.part)

    def _divided(self, nodes: list[int], depth: int) -> list[_Group]:
        """The blocks of a level, without those that are too small or say nothing."""
        found = []
        pending = [(nodes, depth)]
        while pending:
            members, level = pending.pop()
            inside: dict[str, list[int]] = {}
            for node in members:
                path = self._paths[node]
                if len(path) > level:
                    inside.setdefault(path[level], []).append(node)
            for name, group in inside.items():
                if len(group) < SMALLEST:
                    continue
                whole = len(group) == len(nodes)
                most = len(group) >= _NEARLY_ALL * len(nodes) and self._divides(group, level + 1)
                if whole or most or meaningless(name):
                    pending.append((group, level + 1))
                else:
                    found.append(_Group(name, level, group))
        return found

    def _divides(self, nodes: list[int], depth: int) -> bool:
        """Whether the paths of `nodes` part, from `depth` on, into two blocks or more."""
        while True:
            sizes = Counter(path[depth] for node in nodes if len(path := self._paths[node]) > depth)
            large = sum(size >= SMALLEST for size in sizes.values())
            if large != 1:
                return large > 1
            depth += 1

    def _sorted(self, nodes: Sequence[int], held: Mapping[int, int]) -> tuple[list[int], dict[int, set[int]]]:
        """Nodes, and ~numbers of groups, so that edges lead down; and what hangs on cycles, with its consumers."""
        consumers: dict[int, set[int]] = {}
        for node in nodes:
            consumers.setdefault(held.get(node, node), set())
        rank = {item: number for number, item in enumerate(consumers)}  # by the first node
        waiting = dict.fromkeys(consumers, 0)
        for node in nodes:
            item = held.get(node, node)
            for source in self._producers[node]:
                other = held.get(source, source)
                if other != item and other in consumers and item not in consumers[other]:
                    consumers[other].add(item)
                    waiting[item] += 1
        by_rank = list(consumers)
        ready = [rank[item] for item, count in waiting.items() if not count]
        heapify(ready)
        order = []
        while ready:
            item = by_rank[heappop(ready)]
            order.append(item)
            for other in consumers[item]:
                waiting[other] -= 1
                if not waiting[other]:
                    heappush(ready, rank[other])
        left = set(by_rank) - set(order)
        return order, {item: consumers[item] & left for item in by_rank if item in left}

    def _split(
        self, nodes: list[int], groups: list[_Group], held: Mapping[int, int], left: Mapping[int, set[int]]
    ) -> tuple[list[_Group], dict[int, int]]:
        """The groups, those in cycles in pieces: runs of an order that stays in a block as long as it can."""
        caught = {item: number for number, cycle in enumerate(_cycles(left)) for item in cycle}
        of_cycle: dict[int, list[int]] = {}
        for node in nodes:
            cycle = caught.get(held.get(node, node))
            if cycle is not None:
                of_cycle.setdefault(cycle, []).append(node)
        pieces: dict[int, list[list[int]]] = {}  # of each group
        for members in of_cycle.values():
            for item, run in groupby(self._lingering(members, held), key=lambda node: held.get(node, node)):
                if item < 0:
                    pieces.setdefault(~item, []).append(sorted(run, key=self._place.__getitem__))
        kept = [group for number, group in enumerate(groups) if number not in pieces]
        for number, found in pieces.items():
            large = [piece for piece in found if len(piece) >= SMALLEST]
            kept += [
                groups[number]._replace(nodes=piece, part=(count, len(large)) if len(large) > 1 else None)
                for count, piece in enumerate(large, 1)
            ]
        return kept, {node: ~number for number, group in enumerate(kept) for node in group.nodes}

    def _lingering(self, nodes: Sequence[int], held: Mapping[int, int]) -> list[int]:
        """`nodes` so that edges lead down, leaving a group only when nothing more of it is possible."""
        inside = set(nodes)
        waiting = {node: len(self._producers[node] & inside) for node in nodes}
        consumers: dict[int, list[int]] = {}
        for node in nodes:
            for source in self._producers[node] & inside:
                consumers.setdefault(source, []).append(node)
        ready: dict[int, list[tuple[int, int]]] = {}
        for node in nodes:
            if not waiting[node]:
                heappush(ready.setdefault(held.get(node, node), []), (self._place[node], node))
        order: list[int] = []
        item: int | None = None
        while ready:
            if item not in ready:
                item = min(ready, key=lambda each: ready[each][0])
            _, node = heappop(ready[item])
            if not ready[item]:
                del ready[item]
            order.append(node)
            for other in consumers.get(node, ()):
                waiting[other] -= 1
                if not waiting[other]:
                    heappush(ready.setdefault(held.get(other, other), []), (self._place[other], other))
        return order


def _cycles(consumers: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """The sets of more than one item that all lead to each other (Tarjan, without recursion)."""
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    found = []
    for start in consumers:
        if start in number:
            continue
        work = [(start, iter(consumers[start]))]
        number[start] = lowest[start] = len(number)
        path.append(start)
        on_path.add(start)
        while work:
            item, rest = work[-1]
            for other in rest:
                if other not in number:
                    number[other] = lowest[other] = len(number)
                    path.append(other)
                    on_path.add(other)
                    work.append((other, iter(consumers[other])))
                    break
                if other in on_path:
                    lowest[item] = min(lowest[item], number[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[item])
                if lowest[item] == number[item]:
                    cycle = [path.pop()]
                    while cycle[-1] != item:
                        cycle.append(path.pop())
                    on_path.difference_update(cycle)
                    if len(cycle) > 1:
                        found.append(cycle)
    return found
