"""The critical path: the chain of nodes that would still take its time if everything else ran beside it.

A CPU runs the nodes of one inference one after another, so this is not why an inference takes as long as it does; it
says how much running branches side by side could win at most.
"""

from __future__ import annotations

from typing import NamedTuple

from ovtui.analysis.graph.model import Graph


class Critical(NamedTuple):
    """`slack_us`: how much longer a node, by number, could take before the longest chain gets longer."""

    path: tuple[int, ...]  # from top to bottom; empty without times
    length_us: float
    share: float | None  # of the sum of all nodes
    slack_us: tuple[float, ...]


def critical(graph: Graph) -> Critical:
    """The longest chain by time; a node without a time takes none."""
    times = [node.time_us or 0.0 for node in graph.nodes]
    until = [0.0] * len(times)  # the longest chain that ends with the node, itself included
    before = [-1] * len(times)  # the node before it in that chain
    for node in graph.order:
        longest = 0.0
        for source, _ in graph.inputs[node]:
            if until[source] > longest:
                longest, before[node] = until[source], source
        until[node] = longest + times[node]
    length = max(until, default=0.0)
    if not length:
        return Critical((), 0.0, None, tuple(until))
    after = [0.0] * len(times)  # the longest chain that begins below the node
    for node in reversed(graph.order):
        after[node] = max((after[use.node] + times[use.node] for use in graph.uses[node]), default=0.0)
    node = until.index(length)
    path = []
    while node >= 0:
        path.append(node)
        node = before[node]
    slack = tuple(max(0.0, length - above - below) for above, below in zip(until, after, strict=True))
    return Critical(tuple(reversed(path)), length, length / graph.total_us if graph.total_us else None, slack)
