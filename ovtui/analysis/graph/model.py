"""A profile's two graphs, the one that the device runs and the model's own, as one kind of thing.

What comes from a file may be wrong: names twice, edges to nowhere, cycles, times that are none. A `Graph` is always
sound: its edges lead to nodes that exist, and down in its order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ovtui.analysis.graph.ordering import along_branches, as_executed
from ovtui.records import Edge, Layer, LayerStatus, Operation, Profile, Shape, Tensor

Kind = Literal["runtime", "original"]


class Node(NamedTuple):
    """A layer or an operation; None for what is not known of it. Names are as the file has them."""

    number: int  # its place in `profile.layers` or `profile.operations`
    name: str
    type: str
    kernel: str | None
    precision: str | None  # that it computes in; an operation's is the type of its output
    shape: Shape  # of the first output
    layout: str | None
    time_us: float | None
    flops: int | None
    bytes: int | None
    status: LayerStatus | None
    original: tuple[str, ...]  # the operations that a layer was made of
    outputs: tuple[Tensor, ...]
    body: str | None = None  # of a Loop, a TensorIterator or an If, that it lies in: the beginning of its name


class Source(NamedTuple):
    """A tensor by who makes it."""

    node: int
    port: int


class Use(NamedTuple):
    """A tensor by who reads it: the producer's port, and the consumer."""

    port: int
    node: int


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes by number. `inputs` and `uses` are the same edges from both sides; what is read twice is there twice."""

    kind: Kind
    nodes: tuple[Node, ...]
    order: tuple[int, ...]  # the nodes from top to bottom; every edge leads down
    inputs: tuple[tuple[Source, ...], ...]
    uses: tuple[tuple[Use, ...], ...]
    left_out: int  # edges that led to nowhere, or up
    total_us: float | None  # sum of the nodes; None when no time is known

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def edges(self) -> int:
        """How many there are."""
        return sum(map(len, self.inputs))


def runtime(profile: Profile) -> Graph:
    """The graph that the device runs, in the order of execution."""
    nodes = [_layer(number, layer) for number, layer in enumerate(profile.layers)]
    inputs = [layer.inputs for layer in profile.layers]
    producers = _producers(inputs)
    return _graph("runtime", nodes, as_executed([layer.order for layer in profile.layers], producers), inputs)


def original(profile: Profile) -> Graph:
    """The model's own graph, ordered so that branches stay together."""
    return own(profile.operations)


def own(operations: Sequence[Operation]) -> Graph:
    """The same of operations alone."""
    nodes = [_operation(number, operation) for number, operation in enumerate(operations)]
    inputs = [operation.inputs for operation in operations]
    return _graph("original", nodes, along_branches(_producers(inputs)), inputs)


def _layer(number: int, layer: Layer) -> Node:
    first = layer.outputs[0] if layer.outputs else None
    time_us = layer.time_us
    if time_us is not None and not 0 <= time_us < float("inf"):
        time_us = None
    return Node(
        number,
        layer.name,
        layer.type,
        layer.kernel,
        layer.precision,
        first.shape if first else None,
        first.layout if first else None,
        time_us,
        layer.flops,
        layer.bytes,
        layer.status,
        layer.original,
        layer.outputs,
    )


def _operation(number: int, operation: Operation) -> Node:
    outputs = operation.outputs
    type_, shape = (outputs[0].type, outputs[0].shape) if outputs else (None, None)
    body = operation.within.name if operation.within else None
    return Node(
        number, operation.name, operation.type, None, type_, shape, None, None, operation.flops, None, None, (),
        outputs, body,
    )  # fmt: skip


def _producers(inputs: Sequence[Sequence[Edge]]) -> list[list[int]]:
    count = len(inputs)
    return [
        [source for source in dict.fromkeys(edge.source for edge in edges) if 0 <= source < count and source != node]
        for node, edges in enumerate(inputs)
    ]


def _graph(kind: Kind, nodes: list[Node], order: list[int], inputs: list[tuple[Edge, ...]]) -> Graph:
    place = [0] * len(order)
    for at, node in enumerate(order):
        place[node] = at
    count, left_out = len(nodes), 0
    kept: list[tuple[Source, ...]] = []
    uses: list[list[Use]] = [[] for _ in nodes]
    for node, edges in enumerate(inputs):
        sound = tuple(
            Source(edge.source, edge.port)
            for edge in edges
            if 0 <= edge.source < count and place[edge.source] < place[node]
        )
        left_out += len(edges) - len(sound)
        kept.append(sound)
    for consumer in order:
        for source, port in kept[consumer]:
            uses[source].append(Use(port, consumer))
    times = [node.time_us for node in nodes if node.time_us is not None]
    return Graph(
        kind, tuple(nodes), tuple(order), tuple(kept), tuple(map(tuple, uses)), left_out, sum(times) if times else None
    )
