"""`ovtui demo`: the main job on a built-in model."""

from __future__ import annotations

import asyncio
import sys

import click

from ovtui import paths, sentences, specs
from ovtui.cli import show_run
from ovtui.cli.follow import display, error_of, follow
from ovtui.cli.model_argument import import_path
from ovtui.cli.options import Number
from ovtui.cli.output import document, field, json_option, strong
from ovtui.engine import client
from ovtui.errors import OvtuiError
from ovtui.records import NotConverged, Run
from ovtui.sanitize import plain
from ovtui.store import open_store

NAME = "demo"


@click.command()
@click.option(
    "-t", "--seconds", type=Number(0.1, 3600),
    help="How long each mode takes (default: until the mean is known to ±3 %, at most 20 s for both).",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(seconds: float | None, quiet: bool, as_json: bool) -> None:
    """Build a small image classifier, import it, and measure its latency and its throughput."""
    sys.exit(asyncio.run(_demo(seconds, quiet, as_json)))


async def _demo(seconds: float | None, quiet: bool, as_json: bool) -> int:
    shown = display(quiet)
    runs: list[Run] = []
    try:
        folder = paths.home() / "demo"
        model = await import_path(folder / "demo.xml", shown, name=NAME, demo=True)
        for mode in specs.DEMO_MODES:
            spent = sum(run.result.warmup_s + run.result.measured_s for run in runs if run.result is not None)
            spec = specs.demo(model.id, mode, seconds=seconds, spent_s=spent)
            job = await client.start_run(model, spec, label=f"demo {mode}")
            if mode == specs.DEMO_MODES[-1]:
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
    show_run.model(model)
    click.echo()
    show_run.side_by_side(["latency mode", "throughput mode"], runs)
    click.echo()
    for run in runs:
        for warning in calm(run):
            field("!", f"{run.spec.mode} mode: {plain(warning)}", indent=0, width=2)
    click.echo()
    with open_store() as store:
        show_run.layers(runs[0], store.runs.profile(runs[0].id))
    click.echo()
    for command, why in (
        ("ovtui layers", "where its time goes, layer by layer"),
        ("ovtui graph", "the same as a graph"),
        (f"ovtui run {NAME}", "longer: until the mean is known to ±1 %"),
        (f"ovtui explore {NAME}", "the best batch and streams"),
        (f"ovtui run {NAME} --mode server --rate 50", "arrivals at random, as users come"),
        ("ovtui run MODEL", "a model file of yours"),
        ("ovtui history", "everything that was measured"),
    ):
        click.echo(f"  {strong(command)}{' ' * (42 - len(command))}{why}")
    return 0


def calm(run: Run) -> list[str]:
    """What to know of a first result: how rough it is, as a number; and what was seen to disturb it."""
    said = sentences.remarks(each for each in run.warnings if not isinstance(each, NotConverged))
    estimate = run.result.throughput_fps if run.result is not None else None
    if estimate is None or (estimate.half_width is not None and estimate.half_width <= specs.DEMO_CI):
        return said
    rough = "too short for an interval" if estimate.half_width is None else f"±{100 * estimate.half_width:.1f} %"
    return [f"Rough result: {rough} (target ±{100 * specs.DEMO_CI:.0f} %). `ovtui run {NAME}` measures longer.", *said]
