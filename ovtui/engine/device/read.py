"""What a model file holds: inputs, outputs, operations, weights and FLOPs, as OpenVINO reads them.

Runs in the device process only: a file can crash, hang or fill the process that reads it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from ovtui.analysis import shapes
from ovtui.engine.device.extensions import core
from ovtui.engine.device.operations import COUNTABLE, fixed, graph, port_shape, port_type, running
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.formats.files import quoted
from ovtui.engine.formats.ir_file import why_unread
from ovtui.engine.messages import Inspected, Say, Task
from ovtui.errors import InputError
from ovtui.records import File, Operation, OwnGraph, Port, StaticShape
from ovtui.text import plain

_FILL = 1 << 36  # elements; a constant fill of more than this is no weight but a mistake
_WHOLE = frozenset({"u1", "u2", "u3", "i4", "u4", "u6", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"})
_ARGUMENTS = frozenset({"i32", "u32", "i64", "u64", "string"})  # types of axes, shapes and the like
_SAME_STATE = frozenset({"Convert", "FakeQuantize"})
_SAME_VALUES = frozenset({"Convert", "Reshape", "Squeeze", "Unsqueeze"})


class Facts(TypedDict):
    """The fields of `records.Model` that come from the model itself."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operations: int
    operation_types: dict[str, int]
    parameters: int
    weight_precisions: dict[str, int]
    flops: int | None
    flops_shapes: dict[str, StaticShape]
    notes: tuple[str, ...]
    states: int


def inspect(task: Task, say: Say) -> None:
    """Do the task "inspect": read the file and tell its facts."""
    found, graph = inspected(Path(task.path), shapes=task.shapes, layouts=task.layouts, extensions=task.extensions)
    say(Inspected(facts=dict(found), graph=graph))


def inspected(
    path: Path,
    *,
    shapes: Mapping[str, StaticShape] | None = None,
    layouts: Mapping[str, str] | None = None,
    extensions: tuple[File, ...] = (),
) -> tuple[Facts, OwnGraph]:
    """Facts and graph of a model that `formats.check` accepted; for `shapes` and `layouts` see `analysis.shapes`.

    `extensions`: libraries that are loaded first. InputError: OpenVINO cannot read it, with its reason; or the shapes
    do not fit.
    """
    with_extensions = _core(extensions)
    try:
        return _inspected(with_extensions.read_model(path), dict(shapes or {}), dict(layouts or {}))
    except FAILURES as error:
        why = reason(error)
        if path.suffix.lower() == ".xml":
            why = why_unread(path, why, *_installed())
        raise InputError(f"OpenVINO cannot read {quoted(path)}: {why}") from error


def _installed() -> tuple[str, int]:
    """OpenVINO's version, and its newest set of operations."""
    ov = openvino()
    sets = (re.fullmatch(r"opset(\d+)", name) for name in dir(ov))
    return str(ov.get_version()), max(int(found[1]) for found in sets if found)


def _core(extensions: tuple[File, ...]) -> Any:
    try:
        return core(extensions)
    except FAILURES as error:
        names = ", ".join(quoted(extension.path) for extension in extensions)
        raise InputError(f"OpenVINO cannot load the extension {names}: {reason(error)}") from error


def _inspected(model: Any, asked: dict[str, StaticShape], layouts: dict[str, str]) -> tuple[Facts, OwnGraph]:
    operations = model.get_ordered_ops()
    constant = fixed(operations)
    weights = _weights(operations, constant)
    types = Counter(str(op.get_type_name()) for op in running(operations, constant))
    inputs, outputs = _inputs(model), _outputs(model)
    model, counted_at, notes, ok = _at_shapes(model, inputs, asked, layouts)
    inputs = _stated(inputs, asked, layouts)
    own = OwnGraph(operations=graph(model), shapes=counted_at if ok else {})
    count = _sum(own.operations, notes) if ok else None
    facts = Facts(
        inputs=inputs,
        outputs=outputs,
        operations=types.total(),
        operation_types=dict(types.most_common()),
        parameters=sum(weights.values()),
        weight_precisions=dict(weights.most_common()),
        flops=count,
        flops_shapes=counted_at,
        notes=tuple(notes),
        states=types["ReadValue"],
    )
    return facts, own


# Ports


def _inputs(model: Any) -> tuple[Port, ...]:
    return tuple(_input(name, port) for name, port in zip(_names(model.inputs), model.inputs, strict=True))


def _input(name: str, port: Any) -> Port:
    whole, shape = port_type(port) in _WHOLE, port_shape(port.get_partial_shape())
    orders_state = whole and _orders_state(port)
    one_each = "N" if orders_state and shape is not None and len(shape) == 1 else None
    return Port(
        name=name,
        type=port_type(port),
        shape=shape,
        layout=_layout(port.get_node().layout) or one_each,
        index_limit=_index_limit(port) if whole else None,
        orders_state=orders_state,
    )


def _stated(inputs: tuple[Port, ...], asked: dict[str, StaticShape], layouts: dict[str, str]) -> tuple[Port, ...]:
    """The inputs with what was said of them; what is guessed of the others is not part of it."""
    fixed, told = shapes.by_name(inputs, asked, "--shape"), shapes.by_name(inputs, layouts, "--layout")
    return tuple(
        msgspec.structs.replace(port, layout=told.get(port.name, port.layout), stated=fixed.get(port.name))
        for port in inputs
    )


def _outputs(model: Any) -> tuple[Port, ...]:
    return tuple(
        Port(name=name, type=port_type(port), shape=port_shape(port.get_partial_shape()))
        for name, port in zip(_names(model.outputs), model.outputs, strict=True)
    )


def _names(ports: Iterable[Any]) -> list[str]:
    """A name for each port: the first of its tensor names in order, else its node's; made unique with `#2`."""
    names: list[str] = []
    for port in ports:
        node = port.get_node()
        if node.get_type_name() == "Result":
            node = node.input_value(0).get_node()
        name = min(port.get_names(), default=None) or str(node.get_friendly_name())
        unique, again = name, 2
        while unique in names:
            unique, again = f"{name}#{again}", again + 1
        names.append(unique)
    return names


def _layout(layout: Any) -> str | None:
    """`[N,C,H,W]` as NCHW; names longer than a letter as `?`; None where nothing is stated."""
    parts = str(layout).strip("[]").split(",")
    text = "".join(part if part == "..." or len(part) == 1 else "?" for part in parts)
    return text if re.search("[A-Z]", text) else None


def _index_limit(port: Any) -> int | None:
    """The length of the shortest table that this input's values index, through operations that keep the values."""
    return min((length for gather in _gathers(port) for length in _table_length(gather)), default=None)


def _orders_state(port: Any) -> bool:
    """Whether its values choose among the samples of a state: they index the batch of what a ReadValue gives."""
    return any(_is_state(gather.input_value(0).get_node()) and _along_batch(gather) for gather in _gathers(port))


def _along_batch(gather: Any) -> bool:
    """Whether it indexes the first dimension of a state, or one that is open: with the batch, that is its size."""
    axis, state = _axis(gather), gather.input_value(0).get_partial_shape()
    if axis is None or state.rank.is_dynamic or not -len(state) <= axis < len(state):
        return axis == 0
    return axis in (0, -len(state)) or bool(state[axis].is_dynamic)


def _is_state(node: Any) -> bool:
    while node.get_type_name() in _SAME_STATE:
        node = node.input_value(0).get_node()
    return bool(node.get_type_name() == "ReadValue")


def _gathers(port: Any) -> Iterator[Any]:
    """The Gathers that this input's values index, through operations that keep the values."""
    waiting, seen = [port], set()
    while waiting:
        for target in waiting.pop().get_target_inputs():
            node = target.get_node()
            kind = node.get_type_name()
            if kind == "Gather" and target.get_index() == 1:
                yield node
            elif kind in _SAME_VALUES and target.get_index() == 0 and node.get_name() not in seen:
                seen.add(node.get_name())
                waiting.append(node.output(0))


def _axis(gather: Any) -> int | None:
    """Along which dimension; None: the model decides, or says it in a way that is not read here."""
    axis = gather.input_value(2).get_node()
    if axis.get_type_name() != "Constant" or math.prod(axis.get_output_shape(0)) != 1:
        return None
    return int(axis.get_data().reshape(-1)[0])


def _table_length(gather: Any) -> list[int]:
    position = _axis(gather)
    table = gather.get_input_partial_shape(0)
    if position is None or table.rank.is_dynamic:
        return []
    if not -len(table) <= position < len(table) or table[position].is_dynamic:
        return []
    length = int(table[position].get_length())
    return [length] if length > 0 else []


# Operations and weights


def _weights(operations: Iterable[Any], constant: set[str]) -> Counter[str]:
    """Type → elements of all constants, without integer scalars and lists (axes, shapes).

    A weight can also be written as one value and a shape to fill with it (Broadcast): then the filled shape counts.
    """
    weights: Counter[str] = Counter()
    for op in operations:
        kind = op.get_type_name()
        if op.get_name() not in constant or kind not in {"Constant", "Broadcast"}:
            continue
        shape = op.get_output_partial_shape(0)
        if shape.is_dynamic:
            continue
        dims = [int(dim.get_length()) for dim in shape]
        type_ = port_type(op.output(0))
        if (len(dims) > 1 or type_ not in _ARGUMENTS) and (kind == "Constant" or math.prod(dims) <= _FILL):
            weights[type_] += math.prod(dims)
    return weights


# FLOPs


def _at_shapes(
    model: Any, inputs: tuple[Port, ...], asked: dict[str, StaticShape], layouts: dict[str, str]
) -> tuple[Any, dict[str, StaticShape], list[str], bool]:
    """The model at static shapes, these shapes, what must be said about them, and whether that could be done."""
    try:
        resolved = shapes.resolve(inputs, shapes=asked, batch=None, layouts=layouts, data_shapes={})
    except InputError as error:
        if asked or layouts:
            raise
        return model, {}, [str(error)], False
    notes = list(resolved.notes)
    if not resolved.changed:
        return model, resolved.shapes, notes, True
    reshaped = model.clone()
    try:
        reshaped.reshape({i: list(resolved.shapes[port.name]) for i, port in enumerate(inputs)})
    except FAILURES as error:
        shown = ", ".join(f"'{plain(name, 60)}' {list(shape)}" for name, shape in resolved.shapes.items())
        if asked:
            raise InputError(f"The model does not take {shown}: {reason(error)}") from error
        notes.append(f"FLOPs are unknown, since the model does not take {shown}: {reason(error)}")
        return model, resolved.shapes, notes, False
    return reshaped, resolved.shapes, notes, True


def _sum(operations: Iterable[Operation], notes: list[str]) -> int | None:
    """The FLOPs of all operations; what cannot be counted is noted."""
    total, left_out = 0, Counter[str]()
    for operation in operations:
        if operation.flops is None:
            left_out[operation.type] += 1
        else:
            total += operation.flops
    if left_out:
        kinds = ", ".join(f"{plain(kind, 40)} ({count})" for kind, count in left_out.most_common(5))
        more = " and others" if len(left_out) > 5 else ""
        notes.append(f"FLOPs leave out what cannot be counted from shapes: {kinds}{more}.")
    if total >= COUNTABLE:
        notes.append("FLOPs are unknown: the shapes are too large to count.")
        return None
    return total
