"""What a model file holds: inputs, outputs, operations, weights and FLOPs, as OpenVINO reads them.

Runs in the device process only: a file can crash, hang or fill the process that reads it.
"""

from __future__ import annotations

import math
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from ovtui.analysis import shapes
from ovtui.analysis.shape_search import fitted
from ovtui.engine.device.bodies import Values, walked
from ovtui.engine.device.extensions import core
from ovtui.engine.device.index_limits import index_limit, orders_state
from ovtui.engine.device.operations import COUNTABLE, fixed, graph, port_shape, port_type, running
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.rank_conversion import unknown_ranks, with_ranks
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.formats import onnx_file
from ovtui.engine.formats.files import quoted
from ovtui.engine.formats.ir_file import why_unread
from ovtui.engine.messages import At, Inspected, Say
from ovtui.engine.tasks import InspectTask
from ovtui.errors import InputError
from ovtui.records import File, Operation, OwnGraph, Phase, Port, StaticShape
from ovtui.sanitize import plain

_MOST_SIZES = 40  # of weights
_FILL = 1 << 36  # elements; a constant fill of more than this is no weight but a mistake
_ARGUMENTS = frozenset({"i32", "u32", "i64", "u64", "string", "boolean"})  # types of axes, shapes and the like


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


def inspect(task: InspectTask, say: Say) -> None:
    """Read the file and tell its facts."""
    say(At(phase=Phase(name="reading")))
    path, converted = Path(task.path), False
    if task.shapes and task.target:
        converted = with_ranks(path, task.shapes, Path(task.target), task.extensions)
    found, graph = inspected(
        Path(task.target) if converted else path, shapes=task.shapes, layouts=task.layouts, extensions=task.extensions
    )
    say(Inspected(facts=dict(found), graph=graph, converted=converted))


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
        model = with_extensions.read_model(path)
        symbols = onnx_file.symbols(path) if path.suffix == ".onnx" else {}
        return _inspected(model, dict(shapes or {}), dict(layouts or {}), symbols)
    except FAILURES as error:
        why = reason(error)
        if path.suffix.lower() == ".xml":
            why = why_unread(path, why, *_installed())
        hint = "" if shapes else _shape_hint(path)
        raise InputError(f"OpenVINO cannot read {quoted(path)}: {why}{hint}") from error


def _shape_hint(path: Path) -> str:
    """What helps where a file does not tell how many dimensions an input has."""
    unknown = [plain(name, 80) for name in unknown_ranks(path)]
    if not unknown:
        return ""
    shape = shlex.quote(f"{unknown[0]}[1,3,224,224]")
    return (
        f" The file does not say how many dimensions input '{unknown[0]}' has: import it with its shape, "
        f"as in ovtui import {shlex.quote(plain(path, 200))} --shape {shape}."
    )


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


def _inspected(
    model: Any, asked: dict[str, StaticShape], layouts: dict[str, str], symbols: dict[str, tuple[str | None, ...]]
) -> tuple[Facts, OwnGraph]:
    weights, types = Counter[str](), Counter[str]()
    for ordered, constant, new in _parts(model):
        weights += _weights(new)
        types.update(str(op.get_type_name()) for op in running(ordered, constant))
    inputs, outputs = _inputs(model, symbols), _outputs(model)
    model, resolved, notes = _at_shapes(model, inputs, asked, layouts)
    inputs = _stated(inputs, asked, layouts)
    if resolved is not None and resolved.searched:
        inputs = tuple(_fitting(port, resolved) for port in inputs)
    counted_at = {} if resolved is None else resolved.shapes
    own = OwnGraph(operations=graph(model), shapes=counted_at)
    count = None if resolved is None else _sum(own.operations, notes)
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


def _inputs(model: Any, symbols: Mapping[str, tuple[str | None, ...]]) -> tuple[Port, ...]:
    return tuple(
        Port(
            name=name,
            type=port_type(port),
            shape=port_shape(port.get_partial_shape()),
            layout=_layout(port.get_node().layout) or _one_each(port),
            index_limit=index_limit(port),
            orders_state=orders_state(port),
            symbols=_symbols(port, symbols),
        )
        for name, port in zip(_names(model.inputs), model.inputs, strict=True)
    )


def _one_each(port: Any) -> str | None:
    """Of a list that orders a state: it has a value for each sample."""
    partial = port.get_partial_shape()
    return "N" if partial.rank.is_static and len(partial) == 1 and orders_state(port) else None


def _symbols(port: Any, symbols: Mapping[str, tuple[str | None, ...]]) -> tuple[str | None, ...]:
    """What the file calls the dimensions that OpenVINO finds open."""
    partial = port.get_partial_shape()
    found = next((symbols[name] for name in sorted(port.get_names()) if name in symbols), ())
    if partial.rank.is_dynamic or len(found) != len(partial):
        return ()
    kept = tuple(name if dim.is_dynamic else None for name, dim in zip(found, partial, strict=True))
    return kept if any(kept) else ()


def _stated(inputs: tuple[Port, ...], asked: dict[str, StaticShape], layouts: dict[str, str]) -> tuple[Port, ...]:
    """The inputs with what was said of them; what is guessed of the others is not part of it."""
    fixed, told = shapes.by_name(inputs, asked, "--shape"), shapes.by_name(inputs, layouts, "--layout")
    return tuple(
        msgspec.structs.replace(port, layout=told.get(port.name, port.layout), stated=fixed.get(port.name))
        for port in inputs
    )


def _fitting(port: Port, found: shapes.Resolved) -> Port:
    """With what was found of its sizes by trying, so that nothing that the model refuses is tried again."""
    chosen = any(name == port.name for members in found.choices for name, _ in members)
    return msgspec.structs.replace(port, fitting=found.shapes[port.name]) if chosen else port


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
) -> tuple[Any, shapes.Resolved | None, list[str]]:
    """The model at static shapes, these shapes where it takes any, and what must be said about them."""
    try:
        resolved = shapes.resolve(inputs, shapes=asked, batch=None, layouts=layouts, data_shapes={})
    except InputError as error:
        if asked or layouts:
            raise
        return model, None, [str(error)]
    notes = list(resolved.notes)
    if not resolved.changed:
        return model, resolved, notes
    at = model.clone()
    try:
        reshape(at, resolved.shapes.values())
        return at, resolved, [*notes, *shapes.chosen_sizes(inputs, resolved)]
    except FAILURES as error:
        why = reason(error)
    fitting = fitted(inputs, resolved, lambda tried: _takes(at, tried), batch=None, of_model=_sizes_of_weights(model))
    if fitting is not None:
        return at, fitting, [*notes, *shapes.chosen_sizes(inputs, fitting)]
    shown = ", ".join(f"'{plain(name, 60)}' {list(shape)}" for name, shape in resolved.shapes.items())
    if asked:
        raise InputError(f"The model does not take {shown}: {why}")
    return model, None, [*notes, f"FLOPs are unknown. {shapes.no_sizes(inputs, resolved)} The first reason was: {why}"]


def reshape(model: Any, wanted: Iterable[StaticShape]) -> None:
    """Give the inputs, in order, these shapes, of which -1 stays open; raises what OpenVINO says."""
    model.reshape({i: openvino().PartialShape(list(shape)) for i, shape in enumerate(wanted)})


def _takes(model: Any, tried: Mapping[str, StaticShape]) -> bool:
    try:
        reshape(model, tried.values())
    except FAILURES:
        return False
    return True


def _sizes_of_weights(model: Any) -> list[int]:
    """The sizes that weights have, the most frequent first."""
    sizes = Counter(
        int(size)
        for op in model.get_ordered_ops()
        if op.get_type_name() == "Constant" and op.get_output_partial_shape(0).is_static
        for size in op.get_output_shape(0)
    )
    return [size for size, _ in sizes.most_common(_MOST_SIZES)]


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
