"""What was not the same when two were measured: the machine and its software, the model, the spec; in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from ovtui import formatting
from ovtui.records import Data, Effective, Environment, Images, Model, Run, Spec, Stop
from ovtui.sanitize import plain

_UNKNOWN = "unknown"
_NOT_SET = "not set"
_LONGEST = 60
_MEMORY_ALIKE = 0.01
"""Kernels keep a little for themselves, and not always the same."""


def differences(a: Run, b: Run) -> list[str]:
    """Of the machine, its software and its driver; nothing of the specs. Safe to show."""
    if a.environment is None and b.environment is None:
        return []
    if a.environment is None or b.environment is None:
        return [f"Nothing is known of the machine on which {'A' if a.environment is None else 'B'} was measured."]
    left, right = a.environment, b.environment
    found = []
    for name, title in MACHINE:
        mine, other = getattr(left, name), getattr(right, name)
        if mine != other:
            found.append(_different(title, mine, other))
    if abs(left.memory_mb - right.memory_mb) > _MEMORY_ALIKE * max(left.memory_mb, right.memory_mb):
        found.append(_different("memory", f"{left.memory_mb:,.0f} MB", f"{right.memory_mb:,.0f} MB"))
    return found + _drivers(a, b, left, right)


Relation = Literal["same", "b-of-a", "a-of-b", "siblings", "different"]


def relation(a: Model, b: Model) -> Relation:
    """How two models are related: one file, one a version of the other, both versions of one, or different ones."""
    if a.sha256 == b.sha256:
        return "same"
    if b.parent == a.id:
        return "b-of-a"
    if a.parent == b.id:
        return "a-of-b"
    return "siblings" if a.family == b.family else "different"


def models(a: Model, b: Model) -> str | None:
    """The same as a sentence; None when they are the same file."""
    match relation(a, b):
        case "same":
            return None
        case "b-of-a":
            return "B is a version of A's model."
        case "a-of-b":
            return "A is a version of B's model."
        case "siblings":
            return "Both are versions of one model."
        case "different":
            return f"These are different models: {plain(a.name, _LONGEST)} and {plain(b.name, _LONGEST)}."


def spec_differences(a: Spec, b: Spec) -> list[str]:
    """What was asked for differently, the model left out: `Streams: 1 and 4.`; safe to show."""
    found = [_line(title, get(a), get(b)) for title, get in _SETTINGS if get(a) != get(b)]
    for title, mine, other in (
        ("Shape of", _shapes(a), _shapes(b)),
        ("Layout of", a.layouts, b.layouts),
        ("Property", a.properties, b.properties),
    ):
        for key in sorted({*mine, *other}):
            if mine.get(key) != other.get(key):
                found.append(_line(f"{title} {plain(key, _LONGEST)}", mine.get(key), other.get(key)))
    return found


MACHINE = (
    ("host", "machine"),
    ("cpu", "processor"),
    ("openvino", "OpenVINO"),
    ("governor", "governor"),
    ("kernel", "kernel"),
    ("usable_cores", "usable cores"),
    ("virtual", "hypervisor"),
    ("ovtui", "ovtui"),
)
"""Fields of an environment that make measurements differ, and what they are called."""


def _drivers(a: Run, b: Run, left: Environment, right: Environment) -> list[str]:
    """Of what the device said that it is; a processor's own name has been compared already."""
    if a.effective is None or b.effective is None or a.spec.device != b.spec.device:
        return []
    found = []
    names = a.effective.device_name, b.effective.device_name
    if names[0] != names[1] and left.cpu == right.cpu:
        found.append(_different("device", *names))
    if a.effective.execution_devices != b.effective.execution_devices:
        found.append(_different("execution devices", _devices(a.effective), _devices(b.effective)))
    return found


def _devices(effective: Effective) -> str:
    return ", ".join(effective.execution_devices)


def _different(title: str, a: object, b: object) -> str:
    return f"Different {title}: {_shown(a, _UNKNOWN)} and {_shown(b, _UNKNOWN)}."


def _line(title: str, a: object, b: object) -> str:
    return f"{title}: {_shown(a, _NOT_SET)} and {_shown(b, _NOT_SET)}."


def _shown(value: object, missing: str) -> str:
    return missing if value is None or value == "" else plain(value, _LONGEST)


def _shapes(spec: Spec) -> Mapping[str, str]:
    return {name: formatting.shape(shape) for name, shape in spec.shapes.items()}


def _stop(stop: Stop) -> str:
    if stop.kind == "iterations":
        return formatting.plural(stop.iterations, "inference")
    if stop.kind == "seconds":
        return formatting.duration(stop.seconds)
    return f"until ±{formatting.percent(stop.ci)}, {stop.min_seconds:g}–{stop.seconds:g} s"


def _data(data: tuple[Data, ...]) -> str:
    return ", ".join(each.path if each.input is None else f"{each.input}={each.path}" for each in data)


def _images(images: Images) -> str:
    parts = (("mean", images.mean), ("scale", images.scale), ("channels", images.channels))
    return ", ".join(f"{name} {_numbers(value)}" for name, value in parts if value is not None)


def _numbers(value: str | tuple[float, ...]) -> str:
    return value if isinstance(value, str) else " ".join(f"{number:g}" for number in value)


# Whether the layers are looked at afterwards changes nothing that is compared.
_SETTINGS: tuple[tuple[str, Callable[[Spec], object]], ...] = (
    ("Device", lambda spec: spec.device),
    ("Mode", lambda spec: spec.mode),
    ("Batch", lambda spec: spec.batch),
    ("Streams", lambda spec: spec.streams),
    ("Threads", lambda spec: spec.threads),
    ("Requests", lambda spec: spec.requests),
    ("Arrivals per second", lambda spec: spec.rate),
    ("Precision", lambda spec: spec.precision),
    ("Requests made by", lambda spec: spec.api),
    ("Arrivals that may wait", lambda spec: spec.queue if spec.mode == "server" else None),
    ("Stop", lambda spec: _stop(spec.stop)),
    ("Inputs", lambda spec: _data(spec.data)),
    ("Images", lambda spec: _images(spec.images)),
    ("Seed", lambda spec: spec.seed),
    ("State", lambda spec: "kept" if spec.keep_state else "reset"),
)
