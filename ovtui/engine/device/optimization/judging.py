"""Hold a version against its parent: what both say of the same samples, and where inside they part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ovtui.analysis.accuracy.drift import Taps
from ovtui.analysis.accuracy.judging import Tally, classes_of
from ovtui.engine.device.calibration.checks import holds_nan
from ovtui.engine.device.calibration.samples import Samples, open_samples
from ovtui.engine.device.element_types import Array
from ovtui.engine.device.optimization.originals import fix, fixed, inferring, places, read
from ovtui.engine.device.optimization.progress import Steps
from ovtui.engine.device.preprocessing import prepared
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import At, Judged, Said, Say
from ovtui.engine.tasks import AccuracyTask
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Drift, Model, Phase, Recipe, Spec
from ovtui.sanitize import plain

_MOST_LABELLED, _MOST, _MOST_TAPPED = 5_000, 300, 8
_TAPPED_BYTES = 100e6  # of a sample's outputs, in each of the two models at a time
_NOT_TAPPED = frozenset({"Constant", "Parameter", "Result", "FakeQuantize", "Convert", "ReadValue", "Assign"})


class Sides(NamedTuple):
    """Parent and version, and the order in which the inputs of each come."""

    parent: Any
    version: Any
    orders: tuple[list[str], list[str]]


def judge(task: AccuracyTask, say: Say) -> None:
    """Compare what the version says with what its parent says."""
    parent, version, recipe, spec = task.parent_model, task.version, task.recipe, task.spec
    say(At(phase=Phase(name="reading")))
    samples = open_samples(parent, recipe, limit=_MOST_LABELLED if _may_have_labels(recipe) else _MOST, say=say)
    if recipe.random and recipe.method != "int8":
        for note in samples.notes:
            say(Said(text=note))
    if recipe.max_drop is not None:
        say(Said(text="The limit of the drop was kept on samples that are among these: others may lose more."))
    sides = _sides(parent, version, recipe, samples)
    labelled = [index for index, label in enumerate(samples.labels) if label is not None]
    chosen = labelled or list(range(min(len(samples), _MOST)))
    try:
        tally, used = _outputs(parent, sides, samples, chosen, spec, say)
    except FAILURES as error:
        raise OvtuiError(f"Parent and version could not be held against each other: {reason(error)}") from error
    looked_at = used[:_MOST_TAPPED]
    drift: tuple[Drift, ...] = ()
    try:
        for model in sides.parent, sides.version:
            _as_sampled(model, parent, samples)
        drift = _drift(sides, samples, looked_at, say)
    except (*FAILURES, InputError) as error:  # accuracy without its layers is better than none
        looked_at = []
        say(Said(text=f"Where the two part inside could not be looked at: {reason(error)}"))
    say(Judged(accuracy=tally.accuracy(drift, len(looked_at), recipe.random)))


def _may_have_labels(recipe: Recipe) -> bool:
    """A file says so, or folders within a folder do."""
    if recipe.labels is not None:
        return True
    paths = [Path(each.path) for each in recipe.data]
    return any(entry.is_dir() for path in paths if path.is_dir() for entry in path.iterdir())


def _sides(parent: Model, version: Model, recipe: Recipe, samples: Samples) -> Sides:
    ours = read(parent)
    order = places(ours, parent.inputs)
    fix(ours, parent, fixed(recipe, samples))
    ours = prepared(ours, samples.preprocessing)
    theirs = read(version)
    # Both have the inputs of the parent, whatever was built in.
    return Sides(ours, theirs, (order, places(theirs, parent.inputs)))


def _outputs(
    parent: Model, sides: Sides, samples: Samples, chosen: list[int], spec: Spec, say: Say
) -> tuple[Tally, list[int]]:
    """All samples through both, as the device computes them; and which they were, without those that are no numbers."""
    config = dict(spec.properties)
    if spec.precision is not None:
        config["INFERENCE_PRECISION_HINT"] = spec.precision
    core = openvino().Core()
    compiled = [inferring(core.compile_model(model, spec.device, config)) for model in (sides.parent, sides.version)]
    tally = Tally([port.name for port in parent.outputs], classes_of([port.shape for port in parent.outputs]))
    steps = Steps(say, "judging", len(chosen))
    used: list[int] = []
    unusable: list[str] = []
    for index in chosen:
        values = samples[index]
        if holds_nan(values):
            unusable.append(samples.names[index])
            steps.step()
            continue
        used.append(index)
        ours, theirs = (
            _values(one(tuple(values[name] for name in order)), len(parent.outputs))
            for one, order in zip(compiled, sides.orders, strict=True)
        )
        tally.add(samples.names[index], samples.labels[index], ours, theirs)
        steps.step()
    if unusable:
        told = f"{len(unusable):,} of the {len(chosen):,} samples of {plain(samples.source)} hold NaN"
        if not used:
            raise InputError(f"{told}: none is left to judge by.")
        say(Said(text=f"{told} and are left out of the accuracy, {plain(unusable[0], 80)} first."))
    return tally, used


def _values(found: Any, count: int) -> list[Array]:
    return [np.asarray(found[place]) for place in range(count)]


def _as_sampled(model: Any, record: Model, samples: Samples) -> None:
    """With the shapes that the samples have: where shapes are open, OpenVINO gives zeros for some of many outputs."""
    if any(port.get_partial_shape().is_dynamic for port in model.inputs):
        fix(model, record, samples.shapes)


def _drift(sides: Sides, samples: Samples, chosen: list[int], say: Say) -> tuple[Drift, ...]:
    """The outputs of the same operations in both, in float32, so that nothing but the version's own loss shows."""
    ours, theirs = _tappable(sides.parent), _tappable(sides.version)
    shared = [name for name in ours if name in theirs]
    groups = list(_groups(ours, shared))
    if not groups:
        say(Said(text="No operation has the same name in parent and version, so where they part is not known."))
        return ()
    taps = Taps()
    steps = Steps(say, "looking-at-layers", len(groups))
    for group in groups:
        inferring = [_tapped(model, found, group) for model, found in ((sides.parent, ours), (sides.version, theirs))]
        for index in chosen:
            values = samples[index]
            before, after = (
                _values(one(tuple(values[name] for name in order)), len(group))
                for one, order in zip(inferring, sides.orders, strict=True)
            )
            for name, a, b in zip(group, before, after, strict=True):
                if a.shape == b.shape:
                    taps.add(name, a, b)
        steps.step()
    known = set(shared)
    return taps.drifts([(name, ours[name].get_type_name(), tuple(_producers(ours[name], known))) for name in shared])


def _tappable(model: Any) -> dict[str, Any]:
    """Operations with one floating output of more than a number, by name, in the order of execution.

    What only unpacks weights, since everything it reads is constant, is none of them.
    """
    found: dict[str, Any] = {}
    constant: set[str] = set()
    for op in model.get_ordered_ops():
        sources = [value.get_node().get_name() for value in op.input_values()]
        if op.get_type_name() == "Constant" or (sources and constant.issuperset(sources)):
            constant.add(op.get_name())
            continue
        if op.get_type_name() in _NOT_TAPPED or op.get_output_size() != 1:
            continue
        if not op.get_output_element_type(0).is_real():
            continue
        shape = op.get_output_partial_shape(0)
        if shape.is_static and int(np.prod(list(shape.to_shape()), dtype=np.int64)) <= 1:
            continue
        found[str(op.get_friendly_name())] = op
    return found


def _groups(found: dict[str, Any], names: list[str]) -> Iterator[list[str]]:
    """Names whose outputs fit into memory together."""
    group: list[str] = []
    size = 0.0
    for name in names:
        shape = found[name].get_output_partial_shape(0)
        own = float(np.prod(list(shape.to_shape()), dtype=np.float64)) * 4 if shape.is_static else _TAPPED_BYTES / 8
        if group and size + own > _TAPPED_BYTES:
            yield group
            group, size = [], 0.0
        group.append(name)
        size += own
    if group:
        yield group


def _tapped(model: Any, found: dict[str, Any], names: list[str]) -> Any:
    """The model compiled to give out these operations."""
    ov = openvino()
    taps = [ov.opset13.result(found[name].output(0)) for name in names]
    part = ov.Model(taps, model.get_sinks(), model.get_parameters(), "tapped")
    return inferring(ov.Core().compile_model(part, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}))


def _producers(op: Any, known: set[str]) -> Iterator[str]:
    """The nearest operations upstream that are tapped, through those that are not."""
    waiting = [value.get_node() for value in op.input_values()]
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        name = str(node.get_friendly_name())
        if name in seen:
            continue
        seen.add(name)
        if name in known:
            yield name
        else:
            waiting += [value.get_node() for value in node.input_values()]
