"""`ovtui demo`: the main job on a built-in model."""

from __future__ import annotations

import asyncio
import sys

import click

from ovtui import paths
from ovtui.cli import show
from ovtui.cli.follow import display, error_of, follow
from ovtui.cli.importing import import_path
from ovtui.cli.options import Number
from ovtui.cli.output import document, field, json_option, strong
from ovtui.engine import client
from ovtui.errors import OvtuiError
from ovtui.records import Run, Spec, Stop
from ovtui.store import open_store
from ovtui.text import plain

NAME = "demo"


@click.command()
@click.option("-t", "--seconds", type=Number(0.1, 3600), default=4.0, show_default=True, help="Each way.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(seconds: float, quiet: bool, as_json: bool) -> None:
    """Build a small image classifier, import it, and measure its latency and its throughput."""
    sys.exit(asyncio.run(_demo(seconds, quiet, as_json)))


async def _demo(seconds: float, quiet: bool, as_json: bool) -> int:
    shown = display(quiet)
    runs: list[Run] = []
    try:
        folder = paths.home() / "demo"
        model = await import_path(folder / "demo.xml", shown, name=NAME, demo=True)
        for mode in ("latency", "throughput"):
            stop = Stop(kind="seconds", seconds=seconds)
            spec = Spec(model=model.id, mode=mode, stop=stop, profile=mode == "latency")
            job = await client.start_run(model, spec, label=f"demo {mode}")
            if mode == "throughput":  # the last one
                client.yield_to_measurement()
            followed = await follow(job, shown, own=True)
            ended = followed.ended
            with open_store() as store:
                record = store.runs.get(job.id)
            if record is None:
                raise OvtuiError(ended.error or "The run is not in the store.")
            if followed.interrupted:
                raise KeyboardInterrupt
            if ended.status != "done":
                raise error_of(ended)
            runs.append(record)
    finally:
        shown.close()
    if as_json:
        from ovtui.report.documents import model_document, run_document

        document({"model": model_document(model), "runs": [run_document(run) for run in runs]})
        return 0
    show.model(model)
    click.echo()
    show.side_by_side(["latency mode", "throughput mode"], runs)
    click.echo()
    for run in runs:
        for warning in run.warnings:
            field("!", f"{run.spec.mode}: {plain(warning)}", indent=0, width=2)
    click.echo()
    with open_store() as store:
        show.layers(runs[0], store.runs.profile(runs[0].id))
    click.echo()
    for command, why in (
        ("ovtui layers", "where its time goes, layer by layer"),
        ("ovtui graph", "the same as a graph"),
        (f"ovtui run {NAME}", "until the mean is known to ±1 %"),
        (f"ovtui explore {NAME}", "the best batch and streams"),
        (f"ovtui run {NAME} --mode server --rate 50", "arrivals at random, as users come"),
        ("ovtui run MODEL", "a model file of yours"),
        ("ovtui history", "everything that was measured"),
    ):
        click.echo(f"  {strong(command)}{' ' * (42 - len(command))}{why}")
    return 0
