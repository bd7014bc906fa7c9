"""A model's own graph: what an inference computes, without what is computed once when it compiles."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from ovtui.analysis import flops
from ovtui.engine.device.bodies import OWNERS, Inner, Values, bodies, within
from ovtui.engine.device.reason import FAILURES
from ovtui.records import Body, Dim, Edge, Operation, Shape, StaticShape, Tensor

COUNTABLE = 1 << 62
"""FLOPs beyond it fit neither JSON readers nor the store, and mean nothing."""

_VARYING = OWNERS | {"ReadValue", "RandomUniform", "RandomPoisson", "Multinomial"}


def fixed(operations: Iterable[Any]) -> set[str]:
    """Names of the operations that no input can change: constants, and what is computed from constants alone.

    OpenVINO computes them once when it compiles (decompression of weights, reshaped biases, shapes of what is static),
    so that they are no part of an inference.
    """
    found: set[str] = set()
    for op in operations:
        kind = op.get_type_name()
        if kind == "Constant" or (kind == "ShapeOf" and op.get_input_partial_shape(0).is_static):
            found.add(op.get_name())
        elif kind not in _VARYING and op.get_input_size():
            sources = (op.input_value(i).get_node().get_name() for i in range(op.get_input_size()))
            if all(source in found for source in sources):
                found.add(op.get_name())
    return found


def running(operations: Iterable[Any], without: set[str]) -> list[Any]:
    """What an inference computes: no inputs, outputs, or what is fixed."""
    return [
        op for op in operations if op.get_name() not in without and op.get_type_name() not in {"Parameter", "Result"}
    ]


def cost(op: Any) -> int | None:
    """The FLOPs of one execution; None when its type or its shapes do not tell."""
    kind = str(op.get_type_name())
    if not flops.counted(kind):
        return None
    attributes = (op.get_attributes() if kind in flops.WITH_ATTRIBUTES else {}) | _values(op, kind)
    ins = static(op.get_input_partial_shape(i) for i in range(op.get_input_size()))
    outs = static(op.get_output_partial_shape(i) for i in range(op.get_output_size()))
    if ins is None or outs is None:
        return 0 if flops.free(kind, attributes) else None
    count = flops.flops(flops.Operation(kind, ins, outs, attributes))
    return None if count is None else min(COUNTABLE, count)


def _values(op: Any, kind: str) -> dict[str, list[int]]:
    """What decides on the arithmetic and is an input: the values of those that are constants."""
    found = {}
    for name, index in flops.VALUES.get(kind, {}).items():
        if index < op.get_input_size():
            node = op.input_value(index).get_node()
            if node.get_type_name() == "Constant":
                found[name] = [int(value) for value in node.get_data().reshape(-1)]
    return found


def graph(model: Any) -> tuple[Operation, ...]:
    """Every operation that is not fixed, in topological order, with the edges between them.

    The operations of a body come before the one that executes it. Their names begin with the body's; the body's
    parameters read what goes in, and their owner reads the body's results. What goes round a loop is no edge.
    """
    found: list[Operation] = []
    _add(found, model, None, 1, Values())
    return tuple(found)


class _Place(NamedTuple):
    """A body whose operations are told."""

    body: Body
    sources: dict[str, tuple[Edge, ...]]  # of its parameters, by their unique names


def _add(found: list[Operation], model: Any, around: _Place | None, runs: int, read: Values) -> list[Edge]:
    """Append the operations of a model, each executed `runs` times; where its results are.

    `read`: constants that were told of in a body, so that each is told of once.
    """
    ordered = model.get_ordered_ops()
    left_out = fixed(ordered)
    places: dict[str, int] = {}
    results = []
    for op in ordered:
        if op.get_name() in left_out:
            continue
        name, kind = str(op.get_friendly_name()), str(op.get_type_name())
        if around is not None:
            name = within(around.body.name, name)
        inside, entered_at, branches = _inside(found, op, name, places, runs, read)
        inputs = tuple(edge for at, edge in _numbered(op, places) if at not in entered_at)
        if around is not None and kind == "Parameter":
            inputs = around.sources.get(op.get_name(), ())
        count = cost(op) if runs else 0
        place = places[op.get_name()] = len(found)
        if kind == "Result":
            results.append(Edge(source=place))
        found.append(
            Operation(
                name=name,
                type=kind,
                inputs=(*inputs, *inside),
                outputs=tuple(
                    Tensor(type=port_type(port), shape=port_shape(port.get_partial_shape()))
                    for port in (op.outputs() if kind != "Result" else ())
                ),
                flops=None if count is None else min(COUNTABLE, runs * count),
                attributes="  ".join(filter(None, (branches, _attributes(op, places))))[:_LONGEST],
                within=None
                if around is None
                else msgspec.structs.replace(around.body, constants=_constants(op, left_out, read)),
            )
        )
    return results


def _inside(
    found: list[Operation], op: Any, name: str, places: dict[str, int], runs: int, read: Values
) -> tuple[list[Edge], set[int], str]:
    """Append what `op` executes; the results, which of its inputs went in, and how often in words."""
    inner = bodies(op)
    if not inner:
        return [], set(), ""
    edges_in: list[Edge] = []
    entered_at: set[int] = set()
    begins = [len(found)]
    for body in inner:
        parameters = body.model.get_parameters()
        outer = dict(_numbered(op, places))
        sources: dict[str, tuple[Edge, ...]] = {
            parameters[parameter].get_name(): (outer[at],) for parameter, at in body.sources.items() if at in outer
        }
        entered_at.update(body.sources.values())
        trips = 1 if body.trips is None else body.trips
        told = Body(owner=_LATER, name=f"{name}/{body.part}", trips=trips, assumed=body.trips is None)
        own = read if len(inner) == 1 else Values()  # of an If only one branch is executed, and reads what both use
        edges_in += _add(found, body.model, _Place(told, sources), runs * trips, own)
        begins.append(len(found))
    counted = _counted(found, inner, begins)
    for body, (begin, end) in zip(inner, itertools.pairwise(begins), strict=True):
        for place in range(begin, end):
            found[place] = _owned(found[place], begins[-1], counts=body.part in counted)
    if inner[0].part == "body":
        return edges_in, entered_at, f"trips {'not known' if inner[0].trips is None else inner[0].trips}"
    return edges_in, entered_at, f"{'counted' if inner[0].trips is None else 'always'} {counted[0]}"


_LATER = -1  # the place of an owner that has none yet


def _counted(found: Sequence[Operation], inner: list[Inner], begins: list[int]) -> list[str]:
    """The bodies that count. Of an If that may take either branch, it is the one with more arithmetic."""
    if inner[0].part == "body" or inner[0].trips is not None:
        return [body.part for body in inner if body.trips != 0]
    work = [sum(each.flops or 0 for each in found[begin:end]) for begin, end in itertools.pairwise(begins)]
    return [inner[work.index(max(work))].part]


def _owned(operation: Operation, owner: int, *, counts: bool) -> Operation:
    """An operation of a body, or of one within it, when it is known where its owner is and whether it counts."""
    body = operation.within
    assert body is not None
    if body.owner == _LATER:
        body = msgspec.structs.replace(body, owner=owner, trips=body.trips if counts else 0)
    return msgspec.structs.replace(operation, within=body, flops=operation.flops if counts else 0)


def _constants(op: Any, left_out: set[str], read: Values) -> tuple[Tensor, ...]:
    """What an operation of a body reads that is fixed, unless it was told of before."""
    values = [op.input_value(index) for index in range(op.get_input_size())]
    return tuple(
        Tensor(type=port_type(value), shape=port_shape(value.get_partial_shape()))
        for value in values
        if value.get_node().get_name() in left_out and read.new(value.get_node())
    )


_SAID_ELSEWHERE = frozenset({"shape", "element_type", "output_type", "destination_type", "friendly_name"})
_LONGEST = 300  # characters; a body of a loop may be an attribute


def _attributes(op: Any, places: dict[str, int]) -> str:
    try:
        told = op.get_attributes()
    except FAILURES:  # some operations have attributes that Python cannot have
        told = {}
    parts = [f"{name} {_value(value)}" for name, value in told.items() if name not in _SAID_ELSEWHERE and _value(value)]
    for index in range(op.get_input_size()):
        value = op.input_value(index)
        if value.get_node().get_name() not in places:
            dims = port_shape(value.get_partial_shape())
            parts.append(f"constant {port_type(value)}[{','.join(map(str, dims or ()))}]")
    return "  ".join(parts)[:_LONGEST]


def _value(value: Any) -> str:
    """Numbers, words, and lists of them."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value) if isinstance(value, (int, float, str)) else ""


def edges(op: Any, places: dict[str, int]) -> tuple[Edge, ...]:
    """The inputs of `op` that come from operations with a place."""
    return tuple(edge for _, edge in _numbered(op, places))


def _numbered(op: Any, places: dict[str, int]) -> list[tuple[int, Edge]]:
    """The same, with which input it is."""
    found = []
    for index in range(op.get_input_size()):
        value = op.input_value(index)
        place = places.get(value.get_node().get_name())
        if place is not None:
            found.append((index, Edge(source=place, port=int(value.get_index()))))
    return found


def port_type(port: Any) -> str:
    """f32, i64, …"""
    return str(port.get_element_type().get_type_name())


def port_shape(partial: Any) -> Shape:
    """As `records.Shape`."""
    return None if partial.rank.is_dynamic else tuple(_dim(dim) for dim in partial)


def _dim(dim: Any) -> Dim:
    if dim.is_static:
        return int(dim.get_length())
    low, high = int(dim.get_min_length()), int(dim.get_max_length())
    if high < 0:
        return f"{low}.." if low else "?"
    return f"{low}..{high}"


def static(partial: Iterable[Any]) -> tuple[StaticShape, ...] | None:
    """None when one of them is not."""
    found = tuple(partial)
    if any(each.is_dynamic for each in found):
        return None
    return tuple(tuple(int(dim.get_length()) for dim in each) for each in found)
