"""`ovtui run`: measure a model."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import click
import msgspec

from ovtui import specs
from ovtui.cli.finish import finish
from ovtui.cli.follow import Display, display, follow
from ovtui.cli.importing import model_for
from ovtui.cli.options import Number, layouts_option, shapes_option
from ovtui.cli.output import document, json_option
from ovtui.engine import client
from ovtui.errors import InputError
from ovtui.records import Images, Model, Spec, StaticShape
from ovtui.store import open_store


class _Auto(click.IntRange):
    """A number, or `auto` for the device's choice (None)."""

    name = "integer|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return None if value in (None, specs.AUTO) else super().convert(value, param, ctx)


def _parsed(parse: Callable[[Any], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that parses as the app does."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            return None if value is None else parse(value)
        except InputError as error:
            raise click.BadParameter(str(error), param=param) from error

    return callback


@click.command()
@click.argument("model")
@click.option("-d", "--device", default="CPU", show_default=True, help="CPU, GPU, NPU, AUTO, HETERO:GPU,CPU, …")
@click.option(
    "--mode",
    type=click.Choice(["latency", "throughput", "manual", "server"]),
    default="latency",
    show_default=True,
    help="One request at a time; as many as the device wants; your own streams and requests; arrivals at --rate.",
)
@click.option(
    "-b", "--batch", type=click.IntRange(1, 65536), help="Inputs per inference (default: the model's own, or 1)."
)
@click.option("--streams", type=_Auto(1, 1024), help="Inferences that the device runs side by side, or auto.")
@click.option("--threads", type=_Auto(1, 4096), help="CPU threads for inference, or auto.")
@click.option("--requests", type=_Auto(1, 1024), help="Requests in flight, or auto.")
@click.option("--rate", type=Number(0.001, 1e6), help="Server mode: arrivals per second (Poisson).")
@click.option(
    "--queue",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="Server mode: arrivals that may wait.",
)
@click.option(
    "--api",
    type=click.Choice(["threads", "async", "python"]),
    default="threads",
    show_default=True,
    help="How requests are made: a blocking call per thread; start and wait; Python's AsyncInferQueue.",
)
@click.option("-t", "--seconds", type=Number(0.1, 86400), help="Measure that long (after warm-up).")
@click.option("-n", "--iterations", type=click.IntRange(1, 10**9), help="Measure that many inferences.")
@click.option(
    "--until-ci",
    metavar="PERCENT",
    callback=_parsed(specs.percent),
    help="Measure until the mean is known that well (default: 1%, 5–60 s).",
)
@shapes_option
@layouts_option
@click.option(
    "--data",
    multiple=True,
    callback=_parsed(specs.data),
    metavar="[INPUT=]PATH",
    help=".npy, .npz or a folder of images (default: random).",
)
@click.option(
    "--mean", callback=_parsed(specs.numbers), metavar="R,G,B", help="Images: subtracted, on 0–255, in channel order."
)
@click.option("--scale", callback=_parsed(specs.numbers), metavar="R,G,B", help="Images: divided by, after the mean.")
@click.option("--channels", type=click.Choice(["rgb", "bgr"]), help="Images: channel order.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32), default=0, show_default=True, help="Of random inputs and arrivals."
)
@click.option("--precision", type=click.Choice(["f32", "bf16", "f16"]), help="What the device may compute in.")
@click.option(
    "--property",
    "properties",
    multiple=True,
    callback=_parsed(specs.properties),
    metavar="KEY=VALUE",
    help="Any OpenVINO property.",
)
@click.option(
    "--profile/--no-profile", default=True, show_default=True, help="Look at the layers afterwards (a few seconds)."
)
@click.option("--preset", help="Begin with settings that were saved in the app, or with --save-preset.")
@click.option("--save-preset", metavar="NAME", help="Keep these settings for other runs.")
@click.option("--label", help="A name for the run.")
@click.option("--detach", is_flag=True, help="Print the run's id and leave; it goes on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(
    model: str,
    preset: str | None,
    save_preset: str | None,
    label: str | None,
    detach: bool,
    quiet: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Measure MODEL: a file, or the name or id of a registered model.

    It runs in a process of its own: closing the terminal does not end it (`ovtui attach` comes back to it); Ctrl-C
    does, and keeps what was measured.
    """
    spec = spec_of(**settings)
    if preset is not None or save_preset is not None:
        with open_store() as store:
            if preset is not None:
                spec = _over(store.presets.find(preset), spec)
            _usage(specs.check, spec)
            if save_preset is not None:
                store.presets.save(save_preset, spec)
    _usage(specs.check, spec)
    shown = display(quiet or detach)
    try:
        sys.exit(asyncio.run(_run(model, spec, label, shown, detach=detach, as_json=as_json)))
    finally:
        shown.close()


def spec_of(
    *,
    seconds: float | None,
    iterations: int | None,
    until_ci: float | None,
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
        stop=_usage(specs.stop, seconds, iterations, until_ci),
        shapes=shapes,
        layouts=layouts,
        images=Images(mean=mean, scale=scale, channels=channels),
        **settings,
    )


_STOPS, _IMAGES = ("seconds", "iterations", "until_ci"), ("mean", "scale", "channels")


def _over(preset: Spec, told: Spec) -> Spec:
    """The preset, with what was said on the command line in its place."""
    context = click.get_current_context()
    said = {
        name for name in context.params if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    fields: dict[str, Any] = {name: getattr(told, name) for name in told.__struct_fields__ if name in said}
    if said.intersection(_STOPS):
        fields["stop"] = told.stop
    given = {name: getattr(told.images, name) for name in _IMAGES if name in said}
    fields["images"] = msgspec.structs.replace(preset.images, **given)
    if told.mode != "server" and "mode" in said:
        fields["rate"] = None
    return msgspec.structs.replace(preset, **fields)


def _usage(rule: Callable[..., Any], *values: Any) -> Any:
    """What `rule` says of options together is a matter of usage."""
    try:
        return rule(*values)
    except InputError as error:
        raise click.UsageError(str(error)) from error


async def _run(text: str, spec: Spec, label: str | None, shown: Display, *, detach: bool, as_json: bool) -> int:
    model = await model_for(text, shown)
    if detach:
        return await _detached(model, spec, label, as_json=as_json)
    return await measured(model, spec, shown, label=label, as_json=as_json)


async def measured(model: Model, spec: Spec, shown: Display, *, label: str | None, as_json: bool) -> int:
    """Measure, follow, print; the exit status."""
    job = await client.start_run(model, msgspec.structs.replace(spec, model=model.id), label=label)
    client.yield_to_measurement()
    try:
        followed = await follow(job, shown, own=True)
    finally:
        shown.close()
    finish(job.id, followed.ended, as_json=as_json)
    return followed.exit_code


async def _detached(model: Model, spec: Spec, label: str | None, *, as_json: bool) -> int:
    job = await client.start_run(model, msgspec.structs.replace(spec, model=model.id), label=label)
    if as_json:
        from ovtui.report.documents import run_document

        with open_store() as store:
            record = store.runs.get(job.id)
        document({"run": run_document(record) if record else {"id": job.id, "status": "queued"}})
    else:
        click.echo(job.id)
        click.echo(
            f"It goes on without you: `ovtui attach {job.id}` watches it, `ovtui cancel {job.id}` ends it.", err=True
        )
    return 0
