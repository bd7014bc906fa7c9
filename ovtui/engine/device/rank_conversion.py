"""Files that OpenVINO can only read when it knows how many dimensions the inputs have: read with these, kept as IR."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ovtui.engine.device.extensions import core
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.formats.files import quoted
from ovtui.errors import InputError
from ovtui.records import File, StaticShape


def with_ranks(path: Path, asked: Mapping[str, StaticShape], target: Path, extensions: tuple[File, ...]) -> bool:
    """Write an IR of a file that OpenVINO cannot read unless it knows the number of dimensions; False: it can.

    Only the numbers of dimensions are taken from `asked`, if these suffice, so that sizes stay open.
    """
    try:
        core(extensions).read_model(path)
    except FAILURES as error:
        unknown = unknown_ranks(path)
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
        openvino().save_model(model, target, compress_to_fp16=False)
        return True
    return False


def unknown_ranks(path: Path) -> list[str]:
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
