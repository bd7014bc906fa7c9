"""In which order the nodes of a graph stand below each other: every edge goes down, even where the data are wrong.

Both orders end for any input. In a cycle no order lets all edges go down: the first node of it is taken as it is, and
whoever keeps the edges leaves out those that would go up.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

Producers = Sequence[Sequence[int]]
"""For each node the nodes it reads from, each once, none of them itself or outside of the graph."""


def as_executed(numbers: Sequence[int], producers: Producers) -> list[int]:
    """The nodes by their numbers; one that would stand above a producer of its own waits for it."""
    wanted = sorted(range(len(numbers)), key=numbers.__getitem__)
    rank = [0] * len(wanted)
    for place, node in enumerate(wanted):
        rank[node] = place
    if all(rank[source] < place for place, node in enumerate(wanted) for source in producers[node]):
        return wanted
    waiting, consumers = _dependencies(producers)
    ready = [rank[node] for node in wanted if not waiting[node]]
    heapify(ready)
    order: list[int] = []
    placed = bytearray(len(wanted))
    first = 0  # everything of `wanted` before it is placed
    while len(order) < len(wanted):
        if not ready:  # what is left hangs on a cycle
            while placed[wanted[first]]:
                first += 1
            ready.append(first)
        node = wanted[heappop(ready)]
        if placed[node]:
            continue
        placed[node] = 1
        order.append(node)
        for consumer in consumers[node]:
            waiting[consumer] -= 1
            if not waiting[consumer] and not placed[consumer]:
                heappush(ready, rank[consumer])
    return order


def along_branches(producers: Producers) -> list[int]:
    """What became possible last comes next, so that a branch is followed to its end before another one begins."""
    waiting, consumers = _dependencies(producers)
    count = len(waiting)
    ready = [node for node in range(count - 1, -1, -1) if not waiting[node]]
    order: list[int] = []
    placed = bytearray(count)
    first = 0
    while len(order) < count:
        if not ready:
            while placed[first]:
                first += 1
            ready.append(first)
        node = ready.pop()
        if placed[node]:
            continue
        placed[node] = 1
        order.append(node)
        for consumer in reversed(consumers[node]):
            waiting[consumer] -= 1
            if not waiting[consumer] and not placed[consumer]:
                ready.append(consumer)
    return order


def _dependencies(producers: Producers) -> tuple[list[int], list[list[int]]]:
    """For each node how many it waits for, and who waits for it."""
    waiting = [len(sources) for sources in producers]
    consumers: list[list[int]] = [[] for _ in waiting]
    for node, sources in enumerate(producers):
        for source in sources:
            consumers[source].append(node)
    return waiting, consumers
