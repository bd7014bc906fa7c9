"""How large the values of an input may be that index a table, on whatever way they come to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_SAME_VALUES = frozenset({
    "Abs", "Broadcast", "Ceiling", "Clamp", "Convert", "ConvertLike", "Floor", "FloorMod", "Gather",
    "GatherElements", "GatherND", "Identity", "Mod", "Pad", "ReduceMax", "ReduceMin", "Relu", "Reshape", "Reverse",
    "ReverseSequence", "Roll", "Round", "Slice", "Split", "Squeeze", "StridedSlice", "Tile", "Transpose", "Unsqueeze",
    "VariadicSplit",
})  # fmt: skip
"""Operations that give out values of their first input, or smaller ones: these index what their outputs index."""
_OF_ANY = frozenset({"BitwiseAnd", "Concat", "Maximum", "Minimum"})
"""As these, of any of their inputs."""
_INDEXED = {
    "Gather": "2", "GatherElements": "attribute", "GatherND": "last",
    "EmbeddingBagOffsets": "first", "EmbeddingBagOffsetsSum": "first", "EmbeddingBagPacked": "first",
    "EmbeddingBagPackedSum": "first", "EmbeddingSegmentsSum": "first",
    "ScatterUpdate": "3", "ScatterElementsUpdate": "3", "ScatterNDUpdate": "last",
}  # fmt: skip
"""Operation → what tells which axis of its first input its second one indexes: an input, an attribute, the kind."""
_BAGS = frozenset({"EmbeddingBagOffsets", "EmbeddingBagOffsetsSum", "EmbeddingSegmentsSum"})
_SAME_STATE = frozenset({"Convert", "FakeQuantize"})
_BODIES = frozenset({"If", "Loop", "TensorIterator"})


def index_limit(port: Any) -> int | None:
    """How many values of an input stay inside the shortest table that they index; None: they index none.

    Where bags of indices begin must rise and stay below their number, which nothing but 0 does for any number.
    """
    if any(_begins_bags(target) for target in port.get_target_inputs()):
        return 1
    limits = [
        math.floor((length - 1 - traced.offset) / traced.scale) + 1
        for traced, node in _indexing(port)
        if (length := _table_length(node)) is not None
    ]
    return max(min(limits), 1) if limits else None


def _begins_bags(target: Any) -> bool:
    return target.get_index() == 2 and target.get_node().get_type_name() in _BAGS


def orders_state(port: Any) -> bool:
    """Whether its values choose among the samples of a state: they index the batch of what a ReadValue gives."""
    return any(
        node.get_type_name() == "Gather" and _is_state(node.input_value(0).get_node()) and _along_batch(node)
        for _, node in _indexing(port)
    )


def _along_batch(gather: Any) -> bool:
    """Whether it indexes the first dimension of a state, or one that is open: with the batch, that is its size."""
    axes, state = _axes(gather), gather.input_value(0).get_partial_shape()
    if len(axes) != 1 or state.rank.is_dynamic or not -len(state) <= axes[0] < len(state):
        return axes == [0]
    return axes[0] in (0, -len(state)) or bool(state[axes[0]].is_dynamic)


def _is_state(node: Any) -> bool:
    while node.get_type_name() in _SAME_STATE:
        node = node.input_value(0).get_node()
    return bool(node.get_type_name() == "ReadValue")


def _indexing(port: Any) -> Iterator[tuple[_Traced, Any]]:
    """The operations that values of an input index something with, and what has become of the values there."""
    waiting, seen = [_Traced(port, 1.0, 0.0)], set()
    while waiting:
        traced = waiting.pop()
        for target in traced.port.get_target_inputs():
            node, index = target.get_node(), int(target.get_index())
            if index == 1 and node.get_type_name() in _INDEXED:
                yield traced, node
            if (node.get_name(), index) not in seen:
                seen.add((node.get_name(), index))
                waiting += _onwards(traced, node, index)


class _Traced(NamedTuple):
    """Where values of an input have come to: `scale` times themselves and `offset`, or less."""

    port: Any
    scale: float
    offset: float


def _onwards(traced: _Traced, node: Any, index: int) -> list[_Traced]:
    """The outputs of `node` that give out what its input `index` brings."""
    kind = node.get_type_name()
    scale, offset = traced.scale, traced.offset
    if kind in _BODIES:
        return [traced._replace(port=parameter) for parameter in _in_bodies(node, index)]
    if kind in ("Add", "Subtract", "Multiply"):
        other = None if kind == "Subtract" and index else _constant(node.input_value(1 - index))
        if kind == "Add" and other is None:
            # The other part of the sum is not known: the values get half of the table, the other part the rest.
            scale, offset = 2 * scale, 2 * offset
        elif other is None or not other.size or (kind == "Multiply" and other.min() <= 0):
            return []
        elif kind == "Multiply":
            scale, offset = scale * float(other.max()), offset * float(other.max())
        else:
            offset += float(other.max() if kind == "Add" else -other.min())
    elif kind == "Divide":
        by = None if index else _constant(node.input_value(1))
        if by is None or not by.size or by.min() <= 0:
            return []
        scale, offset = scale / float(by.min()), offset / float(by.min())
    elif kind == "Select":
        if index == 0:
            return []
    elif not (kind in _OF_ANY or (kind in _SAME_VALUES and index == 0)):
        return []
    return [_Traced(port, scale, offset) for port in node.outputs()]


def _in_bodies(node: Any, index: int) -> list[Any]:
    """The parameters of a loop's or a condition's bodies that an input goes to."""
    if node.get_type_name() == "If":
        parts = [(node.get_function(i), node.get_input_descriptions(i)) for i in range(2)]
    else:
        parts = [(node.get_function(), node.get_input_descriptions())]
    return [
        body.get_parameters()[told.body_parameter_index].output(0)
        for body, descriptions in parts
        for told in descriptions
        if told.input_index == index
    ]


def _constant(value: Any) -> npt.NDArray[Any] | None:
    """What stands in a constant, if only its shape or type is changed on the way."""
    node = value.get_node()
    while node.get_type_name() in {"Broadcast", "Convert", "Reshape", "Squeeze", "Unsqueeze"}:
        node = node.input_value(0).get_node()
    return np.asarray(node.get_data()) if node.get_type_name() == "Constant" else None


def _table_length(node: Any) -> int | None:
    """How long the axis is that an operation indexes; None where that is not known."""
    table, axes = node.get_input_partial_shape(0), _axes(node)
    if table.rank.is_dynamic or not all(-len(table) <= axis < len(table) and table[axis].is_static for axis in axes):
        return None
    length = min((int(table[axis].get_length()) for axis in axes), default=0)
    return length if length > 0 else None


def _axes(node: Any) -> list[int]:
    """The dimensions of its first input that an operation indexes; none where the model decides that."""
    where = _INDEXED[node.get_type_name()]
    if where == "last":  # each row of the indices is a place in the first dimensions
        rows = node.get_input_partial_shape(1)
        if rows.rank.is_dynamic or not len(rows) or rows[len(rows) - 1].is_dynamic:
            return []
        return list(range(int(rows[len(rows) - 1].get_length())))
    if where == "attribute":
        return [int(node.get_attributes()["axis"])]
    if where == "first":
        return [0]
    told = _constant(node.input_value(int(where)))
    return [] if told is None or told.size != 1 else [int(told.reshape(-1)[0])]
