"""A spec as the `ovtui run` line that measures it: what the app shows and copies."""

from __future__ import annotations

import shlex

from ovtui.records import Spec, StaticShape

_DEFAULT = Spec(model="")


def run_command(model: str, spec: Spec, label: str | None = None) -> str:
    """The line; only what differs from the defaults is in it. `model`: a name, an id or a path."""
    return shlex.join(run_arguments(model, spec, label))


def run_arguments(model: str, spec: Spec, label: str | None = None) -> list[str]:
    """The same as a list: parsed by the command line, it gives back `spec`."""
    words = ["ovtui", "run", model]
    for option, value, default in (
        ("-d", spec.device, _DEFAULT.device),
        ("--mode", spec.mode, _DEFAULT.mode),
        ("-b", spec.batch, None),
        ("--streams", spec.streams, None),
        ("--threads", spec.threads, None),
        ("--requests", spec.requests, None),
        ("--rate", _number(spec.rate), None),
        ("--queue", spec.queue, _DEFAULT.queue),
        ("--api", spec.api, _DEFAULT.api),
    ):
        if value != default:
            words += [option, str(value)]
    words += _stop(spec)
    words += [word for name, shape in spec.shapes.items() for word in ("--shape", f"{name}{_shape(shape)}")]
    words += [word for name, layout in spec.layouts.items() for word in ("--layout", f"{name}[{layout}]")]
    for source in spec.data:
        words += ["--data", source.path if source.input is None else f"{source.input}={source.path}"]
    images = spec.images
    for option, numbers in (("--mean", images.mean), ("--scale", images.scale)):
        if numbers is not None:
            # In brackets, so that a negative one is no option.
            words += [option, f"[{','.join(map(repr, numbers))}]"]
    if images.channels is not None:
        words += ["--channels", images.channels]
    if spec.seed:
        words += ["--seed", str(spec.seed)]
    if spec.precision is not None:
        words += ["--precision", spec.precision]
    for key, content in spec.properties.items():
        words += ["--property", f"{key}={content}"]
    if not spec.profile:
        words.append("--no-profile")
    return [*words, "--label", label] if label else words


def _stop(spec: Spec) -> list[str]:
    stop = spec.stop
    if stop.kind == "seconds":
        return ["-t", _number(stop.seconds) or ""]
    if stop.kind == "iterations":
        return ["-n", str(stop.iterations)]
    return [] if stop.ci == _DEFAULT.stop.ci else ["--until-ci", repr(stop.ci)]


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.10g}"


def _shape(shape: StaticShape) -> str:
    return "[" + ",".join(map(str, shape)) + "]"
