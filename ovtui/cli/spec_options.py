"""The options that say what to measure: those of `ovtui run`, and of whatever else makes a spec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import msgspec

from ovtui import specs
from ovtui.cli.options import Number, layouts_option, shapes_option
from ovtui.errors import InputError
from ovtui.records import Images, Spec, StaticShape

_STOPS, _IMAGES = ("seconds", "iterations", "until_ci"), ("mean", "scale", "channels")


class _Auto(click.IntRange):
    """A number, or `auto` for the device's choice (None)."""

    name = "integer|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return None if value in (None, specs.AUTO) else super().convert(value, param, ctx)


def parsed(parse: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that parses as the app does."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            return None if value is None else parse(value)
        except InputError as error:
            raise click.BadParameter(str(error), param=param) from error

    return callback


_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "device": click.option(
        "-d", "--device", default="CPU", show_default=True, help="CPU, GPU, NPU, AUTO, HETERO:GPU,CPU, …"
    ),
    "mode": click.option(
        "--mode",
        type=click.Choice(["latency", "throughput", "manual", "server"]),
        default="latency",
        show_default=True,
        help="One request at a time; as many as the device wants; your own streams and requests; arrivals at --rate.",
    ),
    "batch": click.option(
        "-b", "--batch", type=click.IntRange(1, 65536), help="Inputs per inference (default: the model's own, or 1)."
    ),
    "streams": click.option(
        "--streams", type=_Auto(1, 1024), help="Inferences that the device runs side by side, or auto."
    ),
    "threads": click.option("--threads", type=_Auto(1, 4096), help="CPU threads for inference, or auto."),
    "requests": click.option("--requests", type=_Auto(1, 1024), help="Requests in flight, or auto."),
    "rate": click.option("--rate", type=Number(0.001, 1e6), help="Server mode: arrivals per second (Poisson)."),
    "queue": click.option(
        "--queue",
        type=click.IntRange(1, 1_000_000),
        default=1000,
        show_default=True,
        help="Server mode: arrivals that may wait.",
    ),
    "api": click.option(
        "--api",
        type=click.Choice(["threads", "async", "python"]),
        default="threads",
        show_default=True,
        help="How requests are made: a blocking call per thread; start and wait; Python's AsyncInferQueue.",
    ),
    "seconds": click.option("-t", "--seconds", type=Number(0.1, 86400), help="Measure that long (after warm-up)."),
    "iterations": click.option(
        "-n", "--iterations", type=click.IntRange(1, 10**9), help="Measure that many inferences."
    ),
    "until_ci": click.option(
        "--until-ci",
        metavar="PERCENT",
        callback=parsed(specs.percent),
        help="Measure until the mean is known that well (default: 1%, 5–60 s).",
    ),
    "shapes": shapes_option,
    "layouts": layouts_option,
    "data": click.option(
        "--data",
        multiple=True,
        callback=parsed(specs.data),
        metavar="[INPUT=]PATH",
        help=".npy, .npz or a folder of images (default: random).",
    ),
    "mean": click.option(
        "--mean",
        callback=parsed(specs.numbers),
        metavar="R,G,B",
        help="Images: subtracted, on 0–255, in channel order.",
    ),
    "scale": click.option(
        "--scale", callback=parsed(specs.numbers), metavar="R,G,B", help="Images: divided by, after the mean."
    ),
    "channels": click.option("--channels", type=click.Choice(["rgb", "bgr"]), help="Images: channel order."),
    "seed": click.option(
        "--seed", type=click.IntRange(0, 2**32), default=0, show_default=True, help="Of random inputs and arrivals."
    ),
    "precision": click.option(
        "--precision", type=click.Choice(["f32", "bf16", "f16"]), help="What the device may compute in."
    ),
    "properties": click.option(
        "--property",
        "properties",
        multiple=True,
        callback=parsed(specs.properties),
        metavar="KEY=VALUE",
        help="Any OpenVINO property.",
    ),
    "keep_state": click.option(
        "--keep-state",
        is_flag=True,
        help="Of a model that has some: keep it between inferences (default: reset before each).",
    ),
    "profile": click.option(
        "--profile/--no-profile", default=True, show_default=True, help="Look at the layers afterwards (a few seconds)."
    ),
}


def spec_options(*without: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """All of them but those named; `spec_of` makes a spec of what they are given as."""

    def decorate(command: click.decorators.FC) -> click.decorators.FC:
        for name, option in reversed(_OPTIONS.items()):
            if name not in without:
                command = option(command)
        return command

    return decorate


def spec_of(
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    until_ci: float | None = None,
    shapes: dict[str, StaticShape],
    layouts: dict[str, str],
    mean: tuple[float, ...] | None,
    scale: tuple[float, ...] | None,
    channels: Any,
    **settings: Any,
) -> Spec:
    """What the options ask for; click.UsageError for two stop rules."""
    return Spec(
        model="",
        stop=usage(specs.stop, seconds, iterations, until_ci),
        shapes=shapes,
        layouts=layouts,
        images=Images(mean=mean, scale=scale, channels=channels),
        **settings,
    )


def over(base: Spec, told: Spec, said: set[str]) -> Spec:
    """`base`, with those settings of `told` in their place that were `said`."""
    fields: dict[str, Any] = {name: getattr(told, name) for name in told.__struct_fields__ if name in said}
    if said.intersection(_STOPS):
        fields["stop"] = told.stop
    given = {name: getattr(told.images, name) for name in _IMAGES if name in said}
    fields["images"] = msgspec.structs.replace(base.images, **given)
    if told.mode != "server" and "mode" in said:
        fields["rate"] = None
    return msgspec.structs.replace(base, **fields)


def refuse_idle(spec: Spec, *, server: str = "--mode server") -> None:
    """click.UsageError for what was said and would do nothing in `spec`, which is all that is measured with."""
    said = given_on_the_line()
    if "queue" in said and spec.mode != "server":
        raise click.UsageError(f"--queue is for {server}: the arrivals that may wait.")
    images = said.intersection(_IMAGES)
    if images and not spec.data:
        raise click.UsageError(f"--{min(images)} is for a folder of images: give --data, too.")


def usage(rule: Callable[..., Any], *values: Any) -> Any:
    """What `rule` says of options together is a matter of usage."""
    try:
        return rule(*values)
    except InputError as error:
        raise click.UsageError(str(error)) from error


def given_on_the_line() -> set[str]:
    """The parameters of this command that somebody typed."""
    context = click.get_current_context()
    line = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) is line}


def option(name: str) -> str:
    """What was typed for a parameter of this command: `--shape` for the shapes, `--no-profile` for no profile."""
    context = click.get_current_context()
    found = next(each for each in context.command.params if each.name == name)
    return (found.opts if context.params[name] or not found.secondary_opts else found.secondary_opts)[-1]
