"""A spec as the `ovtui run` line that measures it, an exploration as its `ovtui explore` line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

import msgspec

from ovtui.analysis.exploration.grid import AUTO, default_batches
from ovtui.records import Grid, Limits, Setting, Spec, StaticShape

_DEFAULT = Spec(model="")


def run_command(model: str, spec: Spec, label: str | None = None) -> str:
    """The line; only what differs from the defaults is in it. `model`: a name, an id or a path."""
    return shlex.join(run_arguments(model, spec, label))


def run_arguments(model: str, spec: Spec, label: str | None = None) -> list[str]:
    """The same as a list: parsed by the command line, it gives back `spec`, less what would do nothing."""
    spec = used(spec)
    words = ["ovtui", "run", model]
    words += options(
        ("-d", spec.device, _DEFAULT.device),
        ("--mode", spec.mode, _DEFAULT.mode),
        ("-b", spec.batch, None),
        ("--streams", spec.streams, None),
        ("--threads", spec.threads, None),
        ("--requests", spec.requests, None),
        ("--rate", _number(spec.rate), None),
        ("--queue", spec.queue, _DEFAULT.queue),
        ("--api", spec.api, _DEFAULT.api),
    )
    words += [*_stop(spec), *inputs(spec)]
    if not spec.profile:
        words.append("--no-profile")
    return [*words, *options(("--label", label or None, None))]


def explore_command(
    model: str,
    spec: Spec,
    grid: Grid,
    limits: Limits,
    *,
    seconds: float | None = None,
    fresh: bool = False,
    label: str | None = None,
) -> str:
    """The line that explores the same. `seconds`: of each setting, or of the whole search for a rate."""
    return shlex.join(explore_arguments(model, spec, grid, limits, seconds=seconds, fresh=fresh, label=label))


def explore_arguments(
    model: str,
    spec: Spec,
    grid: Grid,
    limits: Limits,
    *,
    seconds: float | None = None,
    fresh: bool = False,
    label: str | None = None,
) -> list[str]:
    """The same as a list: parsed by the command line, it gives back grid, limits and the spec as `used`.

    Streams are always spelled out, since their default is that of the machine. Mode server has no grid, no limit of
    memory, and nothing known from earlier.
    """
    spec = used(spec)
    server = spec.mode == "server"
    words = ["ovtui", "explore", model]
    if not server:
        words += _grid(grid)
    usual = "p99" if server else "p50"
    words += options(
        ("--latency-limit", _number(limits.latency_ms), None),
        ("--percentile", limits.percentile[1:], usual[1:] if limits.latency_ms is not None else limits.percentile[1:]),
        ("--memory-limit", None if server else _number(limits.memory_mb), None),
    )
    words += ["--server"] if server else []
    words += options(
        ("-t", _number(seconds), None),
        ("-d", spec.device, _DEFAULT.device),
        ("--queue", spec.queue, _DEFAULT.queue),
        ("--api", spec.api, _DEFAULT.api),
    )
    words += inputs(spec)
    words += ["--fresh"] if fresh and not server else []
    return [*words, *options(("--label", label or None, None))]


def used(spec: Spec) -> Spec:
    """Without what its mode or its data leaves unused: the command line refuses that."""
    return msgspec.structs.replace(
        spec,
        queue=spec.queue if spec.mode == "server" else _DEFAULT.queue,
        images=spec.images if spec.data else _DEFAULT.images,
    )


def axis(values: Sequence[int | None]) -> str:
    """Numbers as they are typed: `1..32` for powers of two and the ends, `1-8` for all between, else `1,2,6`.

    `auto` for None. Parsed by `analysis.exploration.grid`, it gives back the same.
    """
    numbers = sorted({value for value in values if value is not None})
    words = [AUTO] if None in values else []
    if len(numbers) > 2:
        first, last = numbers[0], numbers[-1]
        powers = {1 << n for n in range(last.bit_length()) if first <= 1 << n}
        if set(numbers) == {first, last} | powers:
            return ",".join([*words, f"{first}..{last}"])
        if numbers == list(range(first, last + 1)):
            return ",".join([*words, f"{first}-{last}"])
    return ",".join([*words, *map(str, numbers)])


def cells(settings: Iterable[Setting]) -> str:
    """Chosen settings as they are typed: `1x1,8x2,8x2x4`."""
    return ",".join(
        f"{each.batch}x{each.streams}" + ("" if each.threads is None else f"x{each.threads}") for each in settings
    )


def _grid(grid: Grid) -> list[str]:
    if grid.chosen:
        return ["--cells", cells(grid.chosen)]
    words = options(
        ("--batches", axis(grid.batches), axis(default_batches())),
        ("--streams", axis(grid.streams), None),
        ("--threads", axis(grid.threads), AUTO),
        ("--requests", axis(grid.requests), AUTO),
    )
    return words if grid.search else [*words, "--all"]


def options(*options: tuple[str, object, object]) -> list[str]:
    """Those whose value differs from the default: name, value, default."""
    return [word for name, value, default in options if value != default for word in (name, str(value))]


def inputs(spec: Spec) -> list[str]:
    """Shapes, data, precision and properties."""
    words = [word for name, shape in spec.shapes.items() for word in ("--shape", f"{name}{_shape(shape)}")]
    words += [word for name, layout in spec.layouts.items() for word in ("--layout", f"{name}[{layout}]")]
    for source in spec.data:
        words += ["--data", source.path if source.input is None else f"{source.input}={source.path}"]
    images = spec.images
    for option, numbers in (("--mean", images.mean), ("--scale", images.scale)):
        if numbers is not None:
            # With an equals sign, so that a negative one is no option.
            words.append(f"{option}={','.join(repr(number).removesuffix('.0') for number in numbers)}")
    if images.channels is not None:
        words += ["--channels", images.channels]
    words += options(("--seed", spec.seed or None, None), ("--precision", spec.precision, None))
    words += ["--keep-state"] if spec.keep_state else []
    return words + [word for key, content in spec.properties.items() for word in ("--property", f"{key}={content}")]


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
