"""What a model file holds: inputs, outputs, operations, weights and FLOPs, as OpenVINO reads them.

Runs in the device process only: a file can crash, hang or fill the process that reads it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from ovtui.analysis import shapes
from ovtui.engine.device.bodies import OWNERS, Values, entered, walked
from ovtui.engine.device.operations import COUNTABLE, fixed, graph, port_shape, port_type, running
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.formats.files import quoted
from ovtui.engine.messages import Inspected, Say, Task
from ovtui.errors import InputError
from ovtui.records import Operation, OwnGraph, Port, StaticShape
from ovtui.text import plain

_FILL = 1 << 36  # elements; a constant fill of more than this is no weight but a mistake
_WHOLE = frozenset({"i4", "u4", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"})
_ARGUMENTS = frozenset({"i32", "u32", "i64", "u64", "string", "boolean"})  # types of axes, shapes and the like
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


def inspect(task: Task, say: Say) -> None:
    """Do the task "inspect": read the file and tell its facts."""
    found, graph = inspected(Path(task.path), shapes=task.shapes, layouts=task.layouts)
    say(Inspected(facts=dict(found), graph=graph))


def inspected(
    path: Path, *, shapes: Mapping[str, StaticShape] | None = None, layouts: Mapping[str, str] | None = None
) -> tuple[Facts, OwnGraph]:
    """Facts and graph of a model that `formats.check` accepted; for `shapes` and `layouts` see `analysis.shapes`.

    InputError: OpenVINO cannot read it, with its reason; or the shapes do not fit.
    """
    try:
        model = openvino().Core().read_model(path)
        return _inspected(model, dict(shapes or {}), dict(layouts or {}))
    except FAILURES as error:
        raise InputError(f"OpenVINO cannot read {quoted(path)}: {reason(error)}") from error


def _inspected(model: Any, asked: dict[str, StaticShape], layouts: dict[str, str]) -> tuple[Facts, OwnGraph]:
    weights, types = Counter[str](), Counter[str]()
    for ordered, constant, new in _parts(model):
        weights += _weights(new)
        types.update(str(op.get_type_name()) for op in running(ordered, constant))
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
    )
    return facts, own


# Ports


def _inputs(model: Any) -> tuple[Port, ...]:
    return tuple(
        Port(
            name=name,
            type=port_type(port),
            shape=port_shape(port.get_partial_shape()),
            layout=_layout(port.get_node().layout),
            index_limit=_index_limit(port) if port_type(port) in _WHOLE else None,
        )
        for name, port in zip(_names(model.inputs), model.inputs, strict=True)
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
    limits: list[int] = []
    waiting, seen = [port], set()
    while waiting:
        for target in waiting.pop().get_target_inputs():
            node = target.get_node()
            kind = node.get_type_name()
            if kind == "Gather" and target.get_index() == 1:
                limits += _table_length(node)
            elif kind in OWNERS:
                waiting += entered(node, target.get_index())
            elif kind in _SAME_VALUES and target.get_index() == 0 and node.get_name() not in seen:
                seen.add(node.get_name())
                waiting.append(node.output(0))
    return min(limits, default=None)


def _table_length(gather: Any) -> list[int]:
    axis = gather.input_value(2).get_node()
    table = gather.get_input_partial_shape(0)
    if axis.get_type_name() != "Constant" or table.rank.is_dynamic or math.prod(axis.get_output_shape(0)) != 1:
        return []
    position = int(axis.get_data().reshape(-1)[0])
    if not -len(table) <= position < len(table) or table[position].is_dynamic:
        return []
    length = int(table[position].get_length())
    return [length] if length > 0 else []


# Operations and weights


def _parts(model: Any) -> Iterator[tuple[list[Any], set[str], list[Any]]]:
    """Of the model and of each body in it: the operations, which are fixed, and those whose values no part before has.

    Within a part, constants are what they are: a file may keep equal ones once.
    """
    parts = list(walked(model))
    values, known = Values(), set[object]()
    for part in parts:
        ordered = part.get_ordered_ops()
        constant = fixed(ordered)
        kept = [op for op in ordered if op.get_name() in constant]
        places = [(op, values.place(op) if len(parts) > 1 else None) for op in kept]
        yield ordered, constant, [op for op, place in places if place not in known]
        known.update(place for _, place in places)


def _weights(constants: Iterable[Any]) -> Counter[str]:
    """Type → elements of all constants, without integer scalars and lists (axes, shapes).

    A weight can also be written as one value and a shape to fill with it (Broadcast): then the filled shape counts.
    """
    weights: Counter[str] = Counter()
    for op in constants:
        kind = op.get_type_name()
        if kind not in {"Constant", "Broadcast"}:
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


def _sum(operations: Sequence[Operation], notes: list[str]) -> int | None:
    """The FLOPs of all operations; what cannot be counted, and what was assumed, is noted."""
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
    notes += _assumed(operations)
    if total >= COUNTABLE:
        notes.append("FLOPs are unknown: the shapes are too large to count.")
        return None
    return total


def _assumed(operations: Sequence[Operation]) -> list[str]:
    """What FLOPs assume of loops whose trips only values decide, and of branches that only values choose."""
    bodies = {each.within.name: each.within for each in operations if each.within is not None and each.within.assumed}
    loops = [operations[body.owner].name for body in bodies.values() if operations[body.owner].type != "If"]
    branches = [name for name, body in bodies.items() if operations[body.owner].type == "If" and body.trips]
    found = []
    if loops:
        found.append(f"FLOPs count one trip of each loop whose number of trips is not known: {_listed(loops)}.")
    if branches:
        found.append(f"FLOPs count the branch with more arithmetic of each If: {_listed(branches)}.")
    return found


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name, 60) for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"
