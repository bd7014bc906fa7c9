"""`ovtui explore`: find the best settings, or the highest arrival rate under a limit."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click
import msgspec

from ovtui import specs
from ovtui.analysis.exploration import grid as axes
from ovtui.cli import show_exploration
from ovtui.cli.finish import finish
from ovtui.cli.follow import Display, display
from ovtui.cli.model_argument import model_for
from ovtui.cli.options import Number
from ovtui.cli.output import document, json_option, table
from ovtui.cli.spec_options import given_on_the_line, option, parsed, refuse_idle, spec_of, spec_options, usage
from ovtui.cli.study_options import followed, left_alone, shows_earlier
from ovtui.engine import client
from ovtui.engine.cores import cores
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Exploration, Grid, Limits, Setting, Spec, Stop
from ovtui.store import open_store

_LISTED = 20
_OF_RESUMED = frozenset({"resume", "seconds", "fresh", "label", "detach", "quiet", "as_json"})


@click.command()
@click.argument("model", required=False)
@click.option(
    "--batches", callback=parsed(lambda text: axes.numbers(text, "batch")), metavar="1,2,4|1-4|1..64",
    help="Batches: these, all between, or powers of two between (default: 1..32).",
)  # fmt: skip
@click.option(
    "--streams", callback=parsed(lambda text: axes.numbers(text, "streams")), metavar="1,2|1-4|1..8",
    help="Streams (default: powers of two up to the number of cores).",
)  # fmt: skip
@click.option(
    "--threads", callback=parsed(lambda text: axes.choices(text, "threads")), metavar="auto,1,2",
    help="Threads for inference, too (default: auto).",
)  # fmt: skip
@click.option(
    "--requests", callback=parsed(lambda text: axes.choices(text, "requests")), metavar="auto,2,4",
    help="Requests in flight, too (default: auto).",
)  # fmt: skip
@click.option(
    "--cells", callback=parsed(axes.parse_cells), metavar="1x1,8x2", help="Only these: batch x streams[x threads]."
)
@click.option("--all", "exhaustive", is_flag=True, help="Measure each setting instead of searching.")
@click.option("--latency-limit", type=Number(0.001, 1e6), metavar="MS", help="The best is to keep this latency.")
@click.option(
    "--percentile", type=click.Choice(["50", "90", "95", "99"]),
    help="Of the latency that is limited (default: 50; with --server 99).",
)  # fmt: skip
@click.option("--memory-limit", type=Number(1, 1e7), metavar="MB", help="The best is to keep this peak memory.")
@click.option("--server", is_flag=True, help="Find the highest rate of random arrivals that keeps --latency-limit.")
@click.option(
    "-t",
    "--seconds",
    type=Number(0.1, 3600),
    help="Of each setting (default: 1.2; with --all 5); with --server, of the whole search (default: 120).",
)
@click.option("--fresh", is_flag=True, help="Measure again what was measured earlier and still holds.")
@click.option("--resume", metavar="EXPLORATION", help="Go on with one that was cancelled (an id, a label or `last`).")
@spec_options("mode", "batch", "streams", "threads", "requests", "rate", "seconds", "iterations", "until_ci", "profile")
@click.option("--label", help="A name for the exploration.")
@click.option("--detach", is_flag=True, help="Print its id and leave; it goes on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(
    model: str | None,
    resume: str | None,
    label: str | None,
    detach: bool,
    quiet: bool,
    as_json: bool,
    seconds: float | None,
    fresh: bool,
    **given: Any,
) -> None:
    """Find the batch and streams that make MODEL fastest, within limits if there are any.

    It probes settings, follows what gets better, and lets the best race in turn; what was measured earlier on this
    machine and still holds is not measured again. Ctrl-C keeps what was found; the same command, or --resume, goes on.
    Without MODEL: the explorations that there are; the id of one shows it again.
    """
    said = given_on_the_line()
    if model is None and resume is None:
        if said - {"as_json", "quiet"}:
            raise click.UsageError("Say which MODEL to explore.")
        _list(as_json=as_json)
        return
    if model is not None and resume is not None:
        raise click.UsageError("--resume knows its model: leave MODEL out.")
    if resume is not None and said - _OF_RESUMED:
        raise click.UsageError(f"--resume knows what was asked for: leave {option(min(said - _OF_RESUMED))} out.")
    if model is not None and shows_earlier(model, Exploration, as_json=as_json):
        return
    shown = display(quiet or detach)
    try:
        if resume is not None:
            with open_store() as store:
                reconcile(store)
                before = store.studies.of(Exploration).find(resume)
            if before.status == "done":
                raise InputError(f"Exploration {before.id} is done: there is nothing to go on with.")
            resumes, seconds = before.id, seconds or before.seconds
            asked = before.model.path, before.spec, before.grid, before.limits
        else:
            resumes = None
            asked = (model or "", *_asked(**given))
        went = _explore(*asked, shown, label, seconds, resumes=resumes, detach=detach, fresh=fresh, as_json=as_json)
        sys.exit(asyncio.run(went))
    finally:
        shown.close()


def _asked(
    *,
    batches: tuple[int, ...] | None,
    streams: tuple[int, ...] | None,
    threads: tuple[int | None, ...] | None,
    requests: tuple[int | None, ...] | None,
    cells: tuple[Setting, ...] | None,
    exhaustive: bool,
    latency_limit: float | None,
    percentile: str | None,
    memory_limit: float | None,
    server: bool,
    **settings: Any,
) -> tuple[Spec, Grid, Limits]:
    """Spec, grid and limits; click.UsageError for what cannot go together."""
    mode = "server" if server else "latency"  # which a grid's settings leave behind
    spec = spec_of(profile=False, mode=mode, **settings)
    refuse_idle(spec, server="--server")
    on_axes = any(axis is not None for axis in (batches, streams, threads, requests))
    if cells is not None and on_axes:
        raise click.UsageError("--cells names the settings: leave the axes out.")
    if percentile is not None and latency_limit is None:
        raise click.UsageError("--percentile says of which latency --latency-limit is: give a limit, too.")
    if server:
        if latency_limit is None:
            raise click.UsageError("--server looks for the highest rate that keeps a limit: give --latency-limit MS.")
        if on_axes or cells is not None or exhaustive:
            raise click.UsageError("--server takes the device's own streams and requests: leave the grid out.")
        idle = given_on_the_line() & {"memory_limit", "fresh"}
        if idle:
            raise click.UsageError(f"{option(min(idle))} does nothing with --server: leave it out.")
    limits = Limits(
        latency_ms=latency_limit,
        percentile=f"p{percentile or (99 if server else 50)}",  # type: ignore[arg-type]  # click checked it
        memory_mb=memory_limit,
    )
    grid = Grid(
        batches=batches or axes.default_batches(),
        streams=streams or axes.default_streams(cores()),
        threads=threads or (None,),
        requests=requests or (None,),
        chosen=cells or (),
        search=not exhaustive and cells is None,
    )
    usage(axes.settings, grid)
    if not server:
        usage(specs.check, msgspec.structs.replace(spec, mode="throughput"))
    return msgspec.structs.replace(spec, stop=Stop()), grid, limits


async def _explore(
    text: str, spec: Spec, grid: Grid, limits: Limits, shown: Display, label: str | None, seconds: float | None, *,
    resumes: str | None, detach: bool, fresh: bool, as_json: bool,
) -> int:  # fmt: skip
    model = await model_for(text, shown)
    spec = msgspec.structs.replace(spec, model=model.id)
    job = await client.start_exploration(
        model, spec, grid, limits, seconds=seconds, fresh=fresh, resumes=resumes, label=label
    )
    if detach:
        return left_alone(job, as_json=as_json)
    return await followed(job, shown, lambda ended: finish(Exploration, job.id, ended, as_json=as_json))


def _list(*, as_json: bool) -> None:
    with open_store() as store:
        reconcile(store)
        found = store.studies.of(Exploration).newest(limit=_LISTED)
        if as_json:
            document({"explorations": [show_exploration.as_document(store, each) for each in found]})
            return
    if not found:
        click.echo("There is no exploration yet. `ovtui explore MODEL` makes one.", err=True)
        return
    table(
        ("EXPLORATION", "WHEN", "MODEL", "DEVICE", "SETTINGS", "BEST", "STATUS", "LABEL"),
        [show_exploration.row(each) for each in found],
        right=frozenset({"SETTINGS"}),
        spare=("LABEL", "DEVICE"),
    )
