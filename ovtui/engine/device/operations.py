"""A model's own graph: what an inference computes, without what is computed once when it compiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ovtui.analysis import flops
from ovtui.engine.device.reason import FAILURES
from ovtui.records import Dim, Edge, Operation, Shape, StaticShape, Tensor

COUNTABLE = 1 << 62
"""FLOPs beyond it fit neither JSON readers nor the store, and mean nothing."""

_VARYING = frozenset({"ReadValue", "RandomUniform", "RandomPoisson", "Multinomial", "If", "Loop", "TensorIterator"})


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
    ins = static(op.get_input_partial_shape(i) for i in range(op.get_input_size()))
    outs = static(op.get_output_partial_shape(i) for i in range(op.get_output_size()))
    if ins is None or outs is None:
        return 0 if flops.free(kind) else None
    attributes = op.get_attributes() if kind in flops.WITH_ATTRIBUTES else {}
    return min(COUNTABLE, flops.flops(flops.Operation(kind, ins, outs, attributes)))


def graph(model: Any) -> tuple[Operation, ...]:
    """Every operation that is not fixed, in topological order, with the edges between them."""
    ordered = model.get_ordered_ops()
    left_out = fixed(ordered)
    kept = [op for op in ordered if op.get_name() not in left_out]
    places = {op.get_name(): place for place, op in enumerate(kept)}
    return tuple(
        Operation(
            name=str(op.get_friendly_name()),
            type=str(op.get_type_name()),
            inputs=edges(op, places),
            outputs=tuple(
                Tensor(type=port_type(port), shape=port_shape(port.get_partial_shape()))
                for port in (op.outputs() if op.get_type_name() != "Result" else ())
            ),
            flops=cost(op),
            attributes=_attributes(op, places),
        )
        for op in kept
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
    found = []
    for index in range(op.get_input_size()):
        value = op.input_value(index)
        place = places.get(value.get_node().get_name())
        if place is not None:
            found.append(Edge(source=place, port=int(value.get_index())))
    return tuple(found)


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
