"""The parent as it is read for a version, and what speaks against making one of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ovtui.engine.device.bodies import operations, own_names
from ovtui.engine.device.calibration.samples import Samples
from ovtui.engine.device.element_types import Array
from ovtui.engine.device.extensions import core, trusted
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.errors import InputError, sentence
from ovtui.records import Model, Port, Recipe, StaticShape
from ovtui.sanitize import plain

_INTEGERS = frozenset({"i8", "u8", "i4", "u4", "nf4"})


def read(model: Model) -> Any:
    """The OpenVINO model. Formats other than IR are converted, which folds what reading alone would leave as it is.

    With such leftovers, NNCF does not find the biases that it corrects.
    """
    extensions = trusted(model.extensions)
    try:
        if model.format == "ir" or model.converted:
            return core(model.extensions).read_model(model.readable)
        return openvino().convert_model(model.path, extension=list(extensions) or None)
    except FAILURES as error:
        raise InputError(f"OpenVINO cannot read {plain(model.path)}: {reason(error)}") from error


def places(model: Any, ports: Iterable[Port]) -> list[str]:
    """The name in ovtui's record of each input of an OpenVINO model, in its order."""
    left = {port.name: port for port in ports}
    found: list[str | None] = []
    for own in model.inputs:
        names = {*own.get_names(), own.get_node().get_friendly_name()}
        name = next((each for each in left if each in names), None)
        found.append(name)
        if name is not None:
            del left[name]
    rest = iter(left)
    return [name if name is not None else next(rest) for name in found]


def fix(model: Any, record: Model, shapes: Mapping[str, StaticShape]) -> None:
    """Give inputs these shapes for good. InputError when the model does not take them."""
    wanted = {place: list(shapes[name]) for place, name in enumerate(places(model, record.inputs)) if name in shapes}
    if not wanted:
        return
    try:
        model.reshape(wanted)
    except FAILURES as error:
        told = ", ".join(str(shape) for shape in wanted.values())
        raise InputError(f"{plain(record.name, 60)} does not take the shape {told}: {reason(error)}") from error


def inferring(compiled: Any) -> Callable[[tuple[Array, ...]], Any]:
    """What infers one sample after the other, each from the initial state where the model keeps one."""
    request = compiled.create_infer_request()
    stateful = bool(request.query_state())

    def infer(values: tuple[Array, ...]) -> Any:
        if stateful:
            request.reset_state()
        return request.infer(values)

    return infer


def fixed(recipe: Recipe, samples: Samples | None) -> dict[str, StaticShape]:
    """Shapes that a version has for good: those that were stated, and all where the preprocessing is built in.

    What else is open stays so, whatever the samples have: parent and version are then measured at the same shapes.
    """
    if samples is not None and samples.preprocessing is not None and samples.preprocessing.baked:
        return samples.shapes
    return recipe.shapes


def check(model: Any, record: Model, recipe: Recipe) -> None:
    """InputError for a model that is quantized already, and for operations to ignore that it does not have."""
    name = plain(record.name, 60)
    types = {op.get_type_name() for op in operations(model)}
    quantized = model.has_rt_info(["nncf", "quantization"]) or "FakeQuantize" in types
    if quantized and recipe.method != "fp16":
        raise InputError(f"{name} is quantized already: begin with the model it was made of.")
    compressed = model.has_rt_info(["nncf", "weight_compression"]) or (
        _mostly_integers(record) and "Convert" in types and not quantized
    )
    if compressed and recipe.method != "fp16":
        raise InputError(f"The weights of {name} are compressed already: begin with the model it was made of.")
    called = own_names(model)
    names = [*called, *dict.fromkeys(called.values())]  # of what lies in a body both: with the body's name, and alone
    for wanted in recipe.ignored:
        if wanted not in names:
            near = difflib.get_close_matches(wanted, names, n=3)
            hint = f"; near it are {', '.join(repr(plain(each, 60)) for each in near)}" if near else ""
            raise InputError(f"{name} has no operation '{plain(wanted, 80)}' to ignore{hint}.")
    for pattern in recipe.ignored_patterns:
        try:
            expression = re.compile(pattern)
        except re.error as error:
            raise InputError(f"'{plain(pattern, 80)}' is no regular expression: {sentence(error)}") from error
        if not any(expression.match(each) for each in called.values()):
            raise InputError(f"{name} has no operation whose name begins as '{plain(pattern, 80)}' says.")


def _mostly_integers(record: Model) -> bool:
    """Tables and the like are of integers in many models."""
    integers = sum(count for kind, count in record.weight_precisions.items() if kind in _INTEGERS)
    return 2 * integers > record.parameters
