"""From the device's graph to the model's own and back, so that a selection survives the change of view."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ovtui.analysis.fusion import origins
from ovtui.analysis.graph.model import Graph
from ovtui.records import Profile

Links = Sequence[Sequence[int]]
"""For each node of one graph its counterparts in the other one, the most telling first."""


class Linkage(NamedTuple):
    """Many to many: several operations become one layer, and one becomes several."""

    layers: Links  # place in `profile.layers` → places in `profile.operations`
    operations: Links  # and back


def link(profile: Profile) -> Linkage:
    """By the names that the device tells, and the layer's own."""
    found = origins(profile)
    return Linkage(tuple(found.layers), tuple(origin.layers for origin in found.operations))


def counterpart(graph: Graph, links: Links, node: int) -> int | None:
    """Where to go in the other graph from `node`; from one without a counterpart (a Reorder), where its nearest
    neighbour leads. None if nothing around it does.
    """
    seen, queue = {node}, deque([node])
    while queue:
        at = queue.popleft()
        if links[at]:
            return links[at][0]
        around = [use.node for use in graph.uses[at]] + [source.node for source in graph.inputs[at]]
        for other in around:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return None
