"""Make a version: read the parent, build its preprocessing in, quantize or compress, write it."""

from __future__ import annotations

import contextlib
import math
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ovtui.analysis.accuracy.judging import classes_of
from ovtui.analysis.optimization.quantizable import PRODUCTS
from ovtui.engine.device.bodies import OWNERS, bodies, operations, own_names
from ovtui.engine.device.calibration.checks import Checker
from ovtui.engine.device.calibration.samples import Samples, open_samples
from ovtui.engine.device.element_types import Array
from ovtui.engine.device.extensions import core
from ovtui.engine.device.optimization.originals import check, fix, fixed, inferring, places, read
from ovtui.engine.device.optimization.progress import Steps, errors_of, nncf
from ovtui.engine.device.preprocessing import prepared
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import At, Optimized, Said, Say
from ovtui.engine.tasks import OptimizeTask
from ovtui.errors import InputError, OvtuiError
from ovtui.records import File, Model, Phase, Recipe
from ovtui.sanitize import plain

_DIVIDES_NONE = 2**31 - 1  # a prime: as a group's size it makes NNCF name all channels, not only those that 128 splits
_GROUP, _LEAST_GROUP = 128, 16  # weights that share a scale: what NNCF takes unasked, and below which it costs too much
_MOST_JUDGED = 2_000  # samples, while it looks at the accuracy again and again


def optimize(task: OptimizeTask, say: Say) -> None:
    """Write the version to `task.path`, an .xml, with its .bin."""
    record, recipe = task.model, task.recipe
    package = nncf(say) if recipe.method != "fp16" else None
    say(At(phase=Phase(name="reading")))
    model = read(record)
    check(model, record, recipe)
    samples = _samples(record, recipe, say)
    if samples is not None and (recipe.method == "int8" or not recipe.random):  # weights need no samples
        for note in samples.notes:
            say(Said(text=note))
    say(At(phase=Phase(name="preparing")))
    model = _prepared(model, record, recipe, samples)
    used = 0
    if package is not None:
        expected: tuple[type[BaseException], ...] = (*FAILURES, OSError, *errors_of(package))
        try:
            model, used = _made(package, model, record, recipe, samples, say)
        except OvtuiError:
            raise
        except expected as error:
            raise OvtuiError(f"NNCF cannot make a version of {plain(record.name, 60)}: {reason(error)}") from error
    say(At(phase=Phase(name="saving")))
    write(model, Path(task.path), half=recipe.method == "fp16", extensions=record.extensions)
    say(
        Optimized(
            samples=used,
            skipped=samples.skipped if samples is not None else (),
            preprocessing=samples.preprocessing if samples is not None else None,
            shapes=samples.shapes if samples is not None and not recipe.random else {},
            nncf=str(package.__version__) if package is not None else None,
        )
    )


def write(model: Any, path: Path, *, half: bool, extensions: tuple[File, ...] = ()) -> None:
    """The model as IR, read again to be sure; both files or none. OvtuiError when there is no room."""
    ov = openvino()
    try:
        ov.save_model(model, path, compress_to_fp16=half)
        core(extensions).read_model(path)
    except (*FAILURES, OSError) as error:
        why = _no_room(path)
        for file in (path, path.with_suffix(".bin")):
            with contextlib.suppress(OSError):
                file.unlink()
        # What OpenVINO says of a disk that filled up just now is "iostream error"; the figure tells.
        free = f" ({shutil.disk_usage(path.parent).free / 1e6:.1f} MB are free there)" if path.parent.exists() else ""
        raise OvtuiError(f"Cannot write {plain(path.name, 60)}: {why or reason(error) + free}") from error


def _no_room(path: Path) -> str | None:
    """Whether the disk is full: OpenVINO does not say why it could not write."""
    try:
        with path.with_suffix(".probe").open("wb") as file:
            file.write(b"\0" * 65536)
            file.flush()
    except OSError as error:
        return f"{error.strerror}."
    finally:
        with contextlib.suppress(OSError):
            path.with_suffix(".probe").unlink()
    return None


def _samples(record: Model, recipe: Recipe, say: Say) -> Samples | None:
    """What calibrates; without data, nothing. What only tells the preprocessing needs no more than one."""
    if not recipe.data and not recipe.random:
        return None
    limit = recipe.subset if recipe.method == "int8" else 1
    if recipe.max_drop is not None:
        limit = max(limit, _MOST_JUDGED)
    return open_samples(record, recipe, limit=limit, say=say)


def _prepared(model: Any, record: Model, recipe: Recipe, samples: Samples | None) -> Any:
    fix(model, record, fixed(recipe, samples))
    try:
        return prepared(model, samples.preprocessing if samples is not None else None)
    except FAILURES as error:
        raise OvtuiError(f"The preprocessing cannot be built into {plain(record.name, 60)}: {reason(error)}") from error


def _made(
    package: Any, model: Any, record: Model, recipe: Recipe, samples: Samples | None, say: Say
) -> tuple[Any, int]:
    """The version, and how many samples calibrated it."""
    called = own_names(model)
    scope = package.IgnoredScope(
        names=list(dict.fromkeys(called.get(name, name) for name in recipe.ignored)),
        patterns=list(recipe.ignored_patterns),
    )
    if recipe.method != "int8":
        return _compressed(package, model, record, recipe, scope, say), 0
    if samples is None:
        raise InputError("int8 calibrates on samples, and there are none.")
    checker = Checker(samples.source)
    used = min(recipe.subset, len(samples))
    order = places(model, record.inputs)

    def calibrating(index: int) -> tuple[Array, ...]:
        values = samples[index]
        checker.look(samples.names[index], values)
        return tuple(values[name] for name in order)

    settings: dict[str, Any] = {
        "preset": package.QuantizationPreset(recipe.preset),
        "subset_size": used,
        "ignored_scope": scope,
        "model_type": package.ModelType.TRANSFORMER if recipe.model_type == "transformer" else None,
    }
    dataset = package.Dataset(range(used), calibrating)
    if recipe.max_drop is None:
        found = package.quantize(model, dataset, **settings)
    else:
        validation, validate = _validation(model, record, samples, order, say)
        found = package.quantize_with_accuracy_control(
            model, dataset, package.Dataset(validation), validate, max_drop=recipe.max_drop, **settings
        )
    for note in checker.end():
        say(Said(text=note))
    if not any(op.get_type_name() == "FakeQuantize" for op in operations(found)):
        if recipe.max_drop is not None:
            raise InputError(
                f"Nothing in {plain(record.name, 60)} stays quantized: to keep the drop within "
                f"{recipe.max_drop * 100:g} points, each operation had to be left as it was."
            )
        loops = (
            "NNCF leaves the bodies of loops as they are, and there is no other"
            if _multiplies_in_loops(model)
            else ("there is no")
        )
        raise InputError(
            f"Nothing in {plain(record.name, 60)} could be quantized: {loops} convolution or matrix product with "
            "constant weights that is not ignored."
        )
    return found, used


def _multiplies_in_loops(model: Any) -> bool:
    """Whether a loop executes a convolution or a product of matrices."""
    return any(
        inner.get_type_name() in PRODUCTS
        for op in operations(model)
        if op.get_type_name() in OWNERS - {"If"}
        for body in bodies(op)
        for inner in operations(body.model)
    )


def _compressed(package: Any, model: Any, record: Model, recipe: Recipe, scope: Any, say: Say) -> Any:
    modes = package.CompressWeightsMode
    if recipe.method == "int8-weights":
        mode = modes.INT8_SYM if recipe.symmetric else modes.INT8_ASYM
        found = package.compress_weights(model, mode=mode, ignored_scope=scope)
    else:
        found = _in_groups(package, model, record, recipe, scope, say)
    integers = {"i8", "u8", "i4", "u4"}
    if not any(
        op.get_type_name() == "Constant" and op.get_element_type().get_type_name() in integers and op.get_shape()
        for op in operations(found)
    ):
        raise InputError(
            f"Nothing in {plain(record.name, 60)} could be compressed: there is no matrix product or convolution with "
            "constant weights that is not ignored."
        )
    if recipe.method == "int4-weights" and not any(
        op.get_type_name() == "Constant" and op.get_element_type().get_type_name() in ("i4", "u4")
        for op in operations(found)
    ):
        raise InputError(
            f"Nothing in {plain(record.name, 60)} could become 4 bits: only weights of matrix products do, but for the "
            "first and the last of them. int8-weights makes all of them 8 bits."
        )
    return found


def _in_groups(package: Any, model: Any, record: Model, recipe: Recipe, scope: Any, say: Say) -> Any:
    """4 bits, with a scale for each group of a channel's weights: of the size asked for, else of one that fits."""
    modes = package.CompressWeightsMode

    def compressed(group_size: int | None) -> Any:
        return package.compress_weights(
            model.clone(),
            mode=modes.INT4_SYM if recipe.symmetric else modes.INT4_ASYM,
            group_size=group_size,
            ratio=recipe.ratio,
            ignored_scope=scope,
        )

    try:
        return compressed(recipe.group_size)
    except package.InvalidGroupSizeError as error:
        channels = _channels(error)
        try:
            compressed(_DIVIDES_NONE)
        except package.InvalidGroupSizeError as of_all:
            fitting = _group_of(_channels(of_all))
        else:
            fitting = -1
        sizes = ", ".join(f"{size:,}" for size in channels[:4])
        told = f"channels of {sizes}{' and more' if len(channels) > 4 else ''} weights"
        if recipe.group_size is not None:
            raise InputError(
                f"--group-size {recipe.group_size} does not divide what is in {plain(record.name, 60)}, {told}: "
                f"take {fitting}{'' if fitting > 0 else ', a whole channel'}."
            ) from error
        groups = f"groups of {fitting:,}" if fitting > 0 else "all weights of a channel"
        say(Said(text=f"Groups of {_GROUP} weights do not divide {told}: {groups} share a scale."))
        return compressed(fitting)


def _channels(error: Exception) -> list[int]:
    """The numbers of weights that NNCF says a group does not divide."""
    return sorted({int(size) for size in re.findall(r"channel size: (\d+)", str(error))})


def _group_of(channels: Sequence[int]) -> int:
    """The largest group up to the usual one that divides all channels; −1, a whole channel, if that is a small one."""
    common = math.gcd(*channels) if channels else 0
    return next((size for size in range(_GROUP, _LEAST_GROUP - 1, -1) if common and common % size == 0), -1)


def _validation(
    model: Any, record: Model, samples: Samples, order: list[str], say: Say
) -> tuple[list[int], Callable[[Any, Any], tuple[float, None]]]:
    """The samples that accuracy-aware quantization looks at, and top-1 over them; without labels, agreement."""
    place = classes_of([port.shape for port in record.outputs])
    if place is None:
        raise InputError("--max-drop looks at top-1, but the model gives out no classes.")
    labelled = [index for index, label in enumerate(samples.labels) if label is not None]
    indices = (labelled or list(range(len(samples))))[:_MOST_JUDGED]
    truth = {index: samples.labels[index] for index in indices}
    if not labelled:
        say(Said(text="Without labels, the drop is in agreement with what the model said before."))
        asked = inferring(openvino().Core().compile_model(model, "CPU"))
        steps = Steps(say, "asking the model itself", len(indices))
        for index in indices:
            truth[index] = _said(asked, samples[index], order, place)
            steps.step()

    def validate(compiled: Any, items: Any) -> tuple[float, None]:
        asked = inferring(compiled)
        right = [_said(asked, samples[index], order, place) == truth[index] for index in items]
        return float(np.mean(right)) if right else 0.0, None

    return indices, validate


def _said(infer: Callable[[tuple[Array, ...]], Any], values: dict[str, Array], order: list[str], place: int) -> int:
    return int(np.argmax(infer(tuple(values[name] for name in order))[place]))
