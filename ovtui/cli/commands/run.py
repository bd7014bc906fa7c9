"""`ovtui run`: measure a model."""

from __future__ import annotations

import asyncio
import math
import re
import sys
from typing import Any

import click
import msgspec

from ovtui.cli.finish import finish
from ovtui.cli.follow import Display, display, follow
from ovtui.cli.importing import expanded, model_for
from ovtui.cli.options import Number, layouts_option, shapes_option
from ovtui.cli.output import document, json_option
from ovtui.engine import client
from ovtui.records import Data, Images, Model, Spec, StaticShape, Stop
from ovtui.store import open_store


class _Auto(click.IntRange):
    """A number, or `auto` for the device's choice (None)."""

    name = "integer|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return None if value in (None, "auto") else super().convert(value, param, ctx)


class _Percent(click.ParamType[float]):
    """`1%` or `0.01`."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(%?)\s*", str(value))
        share = float(found[1]) / (100 if found[2] else 1) if found else 0.0
        if not 0 < share < 1:
            self.fail(f"{value!r} is not between 0 and 100 %: write 1% or 0.01.", param, ctx)
        return share


def _properties(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for value in values:
        key, equals, content = value.partition("=")
        if not equals or not key.strip():
            raise click.BadParameter(f"{value!r} is not KEY=VALUE.", param=param)
        found[key.strip()] = content.strip()
    return found


def _data(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Data, ...]:
    sources = []
    for value in values:
        # A path may hold '='; what is there as it was written is a path.
        name, equals, rest = value.partition("=")
        named = bool(equals) and not expanded(value).exists()
        path = expanded(rest if named else value)
        if not path.exists():
            raise click.BadParameter(f"{str(path)!r} does not exist.", param=param)
        if not (path.is_file() or path.is_dir()):
            raise click.BadParameter(f"{str(path)!r} is neither a file nor a folder.", param=param)
        sources.append(Data(path=str(path.absolute()), input=name if named else None))
    return tuple(sources)


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        numbers = tuple(float(part) for part in value.strip("[]").split(","))
        if not all(map(math.isfinite, numbers)):
            raise ValueError
        return numbers
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a number or a list like 123.7,116.3,103.5.", param=param) from error


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
@click.option("--until-ci", type=_Percent(), help="Measure until the mean is known that well (default: 1%, 5–60 s).")
@shapes_option
@layouts_option
@click.option(
    "--data",
    multiple=True,
    callback=_data,
    metavar="[INPUT=]PATH",
    help=".npy, .npz or a folder of images (default: random).",
)
@click.option("--mean", callback=_numbers, metavar="R,G,B", help="Images: subtracted, on 0–255, in channel order.")
@click.option("--scale", callback=_numbers, metavar="R,G,B", help="Images: divided by, after the mean.")
@click.option("--channels", type=click.Choice(["rgb", "bgr"]), help="Images: channel order.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32), default=0, show_default=True, help="Of random inputs and arrivals."
)
@click.option("--precision", type=click.Choice(["f32", "bf16", "f16"]), help="What the device may compute in.")
@click.option(
    "--property", "properties", multiple=True, callback=_properties, metavar="KEY=VALUE", help="Any OpenVINO property."
)
@click.option("--profile/--no-profile", default=False, hidden=True)  # layers are not in this version
@click.option("--label", help="A name for the run.")
@click.option("--detach", is_flag=True, help="Print the run's id and leave; it goes on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(
    model: str,
    seconds: float | None,
    iterations: int | None,
    until_ci: float | None,
    shapes: dict[str, StaticShape],
    layouts: dict[str, str],
    mean: tuple[float, ...] | None,
    scale: tuple[float, ...] | None,
    channels: Any,
    profile: bool,
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
    if sum(value is not None for value in (seconds, iterations, until_ci)) > 1:
        raise click.UsageError("Give only one of --seconds, --iterations and --until-ci.")
    if profile:
        raise click.UsageError("This version does not profile layers: leave --profile out.")
    if (settings["mode"] == "server") != (settings["rate"] is not None):
        raise click.UsageError("Server mode needs --rate, the arrivals per second, and --rate needs --mode server.")
    stop = Stop()
    if seconds is not None:
        stop = Stop(kind="seconds", seconds=seconds)
    elif iterations is not None:
        stop = Stop(kind="iterations", iterations=iterations)
    elif until_ci is not None:
        stop = Stop(ci=until_ci)
    rate = settings["rate"]
    if rate is not None and stop.kind != "iterations" and rate * stop.seconds < 5:
        raise click.UsageError(
            f"At {rate:g} arrivals per second, {stop.seconds:g} s would see too few to measure: "
            f"raise --rate, or give -t {math.ceil(5 / rate)} or more."
        )
    spec = Spec(
        model="",
        stop=stop,
        shapes=shapes,
        layouts=layouts,
        images=Images(mean=mean, scale=scale, channels=channels),
        **settings,
    )
    shown = display(quiet or detach)
    try:
        sys.exit(asyncio.run(_run(model, spec, label, shown, detach=detach, as_json=as_json)))
    finally:
        shown.close()


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
