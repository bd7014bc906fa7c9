"""What a model file holds: inputs, outputs, operations, weights and FLOPs, as OpenVINO reads them.

Runs in the device process only: a file can crash, hang or fill the process that reads it.
"""

from __future__ import annotations

import importlib
import math
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import msgspec
import numpy as np
import numpy.typing as npt

from ovtui.analysis import shapes
from ovtui.analysis.shape_search import fitted
from ovtui.engine.device.operations import COUNTABLE, fixed, graph, port_shape, port_type, running
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.formats import onnx_file
from ovtui.engine.formats.files import quoted
from ovtui.engine.messages import Inspected, Say, Task
from ovtui.errors import InputError
from ovtui.records import Operation, OwnGraph, Port, StaticShape
from ovtui.text import plain

_MOST_SIZES = 40  # of weights
_FILL = 1 << 36  # elements; a constant fill of more than this is no weight but a mistake
_ARGUMENTS = frozenset({"i32", "u32", "i64", "u64", "string"})  # types of axes, shapes and the like
_SAME_VALUES = frozenset({
    "Broadcast", "Clamp", "Concat", "Convert", "ConvertLike", "Gather", "GatherElements", "GatherND", "Minimum", "Pad",
    "ReduceMax", "ReduceMin", "Relu", "Reshape", "Reverse", "Slice", "Split", "Squeeze", "StridedSlice", "Tile",
    "Transpose", "Unsqueeze", "VariadicSplit",
})  # fmt: skip
"""Operations that give out values of their first input (Concat: of all): these index what their outputs index."""
_INDEXED = {
    "Gather": "2", "GatherElements": "attribute", "GatherND": "last",
    "EmbeddingBagOffsets": "first", "EmbeddingBagOffsetsSum": "first", "EmbeddingBagPacked": "first",
    "EmbeddingBagPackedSum": "first", "EmbeddingSegmentsSum": "first",
    "ScatterUpdate": "3", "ScatterElementsUpdate": "3", "ScatterNDUpdate": "last",
}  # fmt: skip
"""Operation → what tells which axis of its first input its second one indexes: an input, an attribute, the kind."""
_BODIES = frozenset({"If", "Loop", "TensorIterator"})


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
    path, converted = Path(task.path), False
    if task.shapes and task.target:
        converted = with_ranks(path, task.shapes, Path(task.target))
    found, graph = inspected(Path(task.target) if converted else path, shapes=task.shapes, layouts=task.layouts)
    say(Inspected(facts=dict(found), graph=graph, converted=converted))


def inspected(
    path: Path, *, shapes: Mapping[str, StaticShape] | None = None, layouts: Mapping[str, str] | None = None
) -> tuple[Facts, OwnGraph]:
    """Facts and graph of a model that `formats.check` accepted; for `shapes` and `layouts` see `analysis.shapes`.

    InputError: OpenVINO cannot read it, with its reason; or the shapes do not fit.
    """
    try:
        model = openvino().Core().read_model(path)
        symbols = onnx_file.symbols(path) if path.suffix == ".onnx" else {}
        return _inspected(model, dict(shapes or {}), dict(layouts or {}), symbols)
    except FAILURES as error:
        unknown = [] if shapes else _of_unknown_rank(path)
        hint = ""
        if unknown:
            example = shlex.quote(f"{plain(unknown[0], 80)}[1,3,224,224]")
            hint = f" The file does not say how many dimensions '{plain(unknown[0], 80)}' has: give --shape {example}."
        raise InputError(f"OpenVINO cannot read {quoted(path)}: {reason(error)}{hint}") from error


def with_ranks(path: Path, asked: Mapping[str, StaticShape], target: Path) -> bool:
    """Write an IR of a file that OpenVINO cannot read unless it knows the number of dimensions; False: it can.

    Only the numbers of dimensions are taken from `asked`, if these suffice, so that sizes stay open.
    """
    ov = openvino()
    try:
        ov.Core().read_model(path)
    except FAILURES as error:
        unknown = _of_unknown_rank(path)
        if not unknown:
            return False
        sizes = {
            unknown[0] if name in {"", "*"} and len(unknown) == 1 else name: shape for name, shape in asked.items()
        }
        model = _converted(path, {name: [-1] * len(shape) for name, shape in sizes.items()})
        model = model or _converted(path, {name: list(shape) for name, shape in sizes.items()})
        if model is None:
            raise InputError(f"OpenVINO cannot read {quoted(path)} with these shapes: {reason(error)}") from error
        target.parent.mkdir(parents=True, exist_ok=True)
        ov.save_model(model, target, compress_to_fp16=False)
        return True
    return False


def _of_unknown_rank(path: Path) -> list[str]:
    """The inputs of which the file does not tell the number of dimensions; none where OpenVINO cannot list inputs."""
    try:
        places = _loaded(path)
        return [name for name, (_, shape) in places.ports.items() if shape.rank.is_dynamic]
    except FAILURES:
        return []


class _Loaded(NamedTuple):
    """A file as its frontend holds it before it is converted: input → its place and shape."""

    frontend: Any
    model: Any
    ports: dict[str, tuple[Any, Any]]


def _loaded(path: Path) -> _Loaded:
    frontend = importlib.import_module("openvino.frontend").FrontEndManager().load_by_model(str(path))
    if frontend is None:
        raise RuntimeError("no frontend reads it")
    model = frontend.load(str(path))
    ports = {place.get_names()[0]: (place, model.get_partial_shape(place)) for place in model.get_inputs()}
    return _Loaded(frontend, model, ports)


def _converted(path: Path, wanted: Mapping[str, list[int]]) -> Any | None:
    """The file converted with these shapes of inputs; None when it cannot be."""
    try:
        loaded = _loaded(path)
        for name, shape in wanted.items():
            if name in loaded.ports and loaded.ports[name][1].rank.is_dynamic:
                loaded.model.set_partial_shape(loaded.ports[name][0], openvino().PartialShape(shape))
        return loaded.frontend.convert(loaded.model)
    except FAILURES:
        return None


def _inspected(
    model: Any, asked: dict[str, StaticShape], layouts: dict[str, str], symbols: dict[str, tuple[str | None, ...]]
) -> tuple[Facts, OwnGraph]:
    operations = model.get_ordered_ops()
    constant = fixed(operations)
    weights = _weights(operations, constant)
    types = Counter(str(op.get_type_name()) for op in running(operations, constant))
    inputs, outputs = _inputs(model, symbols), _outputs(model)
    model, resolved, notes = _at_shapes(model, inputs, asked, layouts)
    inputs = _stated(inputs, asked, layouts)
    counted_at: dict[str, StaticShape] = {}
    count = None
    if resolved is not None:
        counted_at = resolved.shapes
        if resolved.searched:
            inputs = tuple(_fitting(port, resolved) for port in inputs)
    own = OwnGraph(operations=graph(model), shapes=counted_at)
    if resolved is not None:
        count = _sum(own.operations, notes)
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


def _inputs(model: Any, symbols: Mapping[str, tuple[str | None, ...]]) -> tuple[Port, ...]:
    return tuple(
        Port(
            name=name,
            type=port_type(port),
            shape=port_shape(port.get_partial_shape()),
            layout=_layout(port.get_node().layout),
            index_limit=_index_limit(port),
            symbols=_symbols(port, symbols),
        )
        for name, port in zip(_names(model.inputs), model.inputs, strict=True)
    )


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


def _index_limit(port: Any) -> int | None:
    """How many values of this input stay inside the shortest table that they index, on whatever way they come to it."""
    limits: list[int] = []
    waiting, seen = [_Traced(port, 1.0, 0.0)], set()
    while waiting:
        traced = waiting.pop()
        for target in traced.port.get_target_inputs():
            node, index = target.get_node(), int(target.get_index())
            length = _table_length(node, index)
            if length is not None:
                limits.append(math.floor((length - 1 - traced.offset) / traced.scale) + 1)
            if (node.get_name(), index) not in seen:
                seen.add((node.get_name(), index))
                waiting += _onwards(traced, node, index)
    return max(min(limits), 1) if limits else None


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
    elif kind == "Select":
        if index == 0:
            return []
    elif not (kind in _SAME_VALUES and (index == 0 or kind == "Concat")):
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


def _table_length(node: Any, index: int) -> int | None:
    """How long the axis is that input `index` of an operation indexes; None where it indexes nothing known."""
    kind = node.get_type_name()
    if index != 1 or kind not in _INDEXED:
        return None
    table = node.get_input_partial_shape(0)
    if table.rank.is_dynamic:
        return None
    where = _INDEXED[kind]
    if where == "last":  # each row of the indices is a place in the first dimensions
        depth = node.get_input_partial_shape(1)
        if depth.rank.is_dynamic or not len(depth) or depth[len(depth) - 1].is_dynamic:
            return None
        axes = list(range(min(int(depth[len(depth) - 1].get_length()), len(table))))
    elif where == "attribute":
        axes = [int(node.get_attributes()["axis"])]
    elif where == "first":
        axes = [0]
    else:
        told = _constant(node.input_value(int(where)))
        if told is None or told.size != 1:
            return None
        axes = [int(told.reshape(-1)[0])]
    if not all(-len(table) <= axis < len(table) and table[axis].is_static for axis in axes):
        return None
    length = min((int(table[axis].get_length()) for axis in axes), default=0)
    return length if length > 0 else None


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
    fitting = fitted(resolved, lambda tried: _takes(at, tried), batch=None, of_model=_sizes_of_weights(model))
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
