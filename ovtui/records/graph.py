"""A model's own graph."""

from __future__ import annotations

from ovtui.records.base import Compact, Record, Shape, StaticShape


class Tensor(Compact, frozen=True):
    """What an operation gives out."""

    type: str  # OpenVINO's name: f32, u8, …
    shape: Shape
    layout: str | None = None  # as the device lays it out: abcd, acdb, aBcd8b, …; None in a model's own graph


class Edge(Compact, frozen=True):
    """Where an input comes from."""

    source: int  # place in the list of operations or layers
    port: int = 0  # which of its outputs


class Body(Compact, frozen=True):
    """Where an operation lies that a Loop, a TensorIterator or an If executes."""

    owner: int  # place of that operation in the list; it comes after all that it executes
    name: str  # `loop/body`, `choice/then`: the beginning of the operation's name
    trips: int  # executions for each of its owner's, as they are counted; 0: it is the other branch that is counted
    assumed: bool = False  # only values decide: one trip is counted, and of branches the one with more arithmetic
    constants: tuple[Tensor, ...] = ()  # that it reads, unless an operation before it does


class Operation(Compact, frozen=True):
    """A node of the model's own graph, at the shapes that were measured. Constants are left out."""

    name: str
    type: str  # of OpenVINO's opsets: Convolution, MatMul, Parameter, Result, …
    inputs: tuple[Edge, ...]
    outputs: tuple[Tensor, ...]
    flops: int | None = None  # of all its executions in one inference; None: cannot be counted
    attributes: str = ""  # as the model has them, and its constants: `strides 2,2  constant f32[64,3,7,7]`
    within: Body | None = None  # None: of the model itself


class OwnGraph(Record, frozen=True):
    """A model's own graph as it was read."""

    operations: tuple[Operation, ...]  # in topological order
    shapes: dict[str, StaticShape]  # of the inputs; empty: as they stand in the file
