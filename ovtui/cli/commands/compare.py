"""`ovtui compare`: whether B is really faster than A, and why."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Any

import click
import msgspec

from ovtui import specs
from ovtui.cli import show_comparison
from ovtui.cli.finish import finish
from ovtui.cli.follow import Display, display
from ovtui.cli.model_argument import model_for
from ovtui.cli.options import Number
from ovtui.cli.output import document, json_option, table
from ovtui.cli.spec_options import given_on_the_line, option, over, refuse_idle, spec_of, spec_options, usage
from ovtui.cli.study_options import followed, left_alone
from ovtui.engine import client
from ovtui.engine.events import Ended
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Candidate, Comparison, Criterion, Run, Spec
from ovtui.sanitize import plain
from ovtui.store import Store, open_store

_LISTED = 20
_OF_RECORDED = frozenset({"sides", "interleave", "criterion", "by", "threshold", "top", "quiet", "as_json"})


@click.command()
@click.argument("sides", nargs=-1)
@click.option(
    "--interleave", is_flag=True,
    help="Measure them in turn: the way to know. Sides are models, or runs, whose settings they bring.",
)  # fmt: skip
@click.option(
    "-t",
    "--seconds",
    type=Number(1, 86400),
    help="Measure for so long at most, once each side had its four starts (default: 60).",
)
@click.option(
    "--criterion", type=click.Choice(["throughput", "latency"]),
    help="What decides (default: the latency when all are in latency mode).",
)  # fmt: skip
@click.option(
    "--by", type=click.Choice(["layer", "type", "precision", "kernel"]), default="layer", show_default=True,
    help="Where the difference is: layer by layer, or put together.",
)  # fmt: skip
@click.option(
    "--threshold", type=Number(0, 1e9), default=0.0, metavar="µS", help="Leave out layers that differ by less."
)
@click.option("--top", type=click.IntRange(0), default=12, show_default=True, help="So many layers; 0 for all.")
@spec_options("seconds", "iterations", "until_ci", "rate", "queue")
@click.option("--label", help="A name for the comparison.")
@click.option("--detach", is_flag=True, help="With --interleave: print the comparison's id and leave; it goes on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(
    sides: tuple[str, ...],
    interleave: bool,
    seconds: float | None,
    criterion: Criterion | None,
    label: str | None,
    detach: bool,
    quiet: bool,
    by: str,
    threshold: float,
    top: int,
    as_json: bool,
    **settings: Any,
) -> None:
    """Compare SIDES: A, then B, and more if you like.

    Two recorded runs (ids, labels, `last`) are held against each other with the doubt that comes from having been
    measured at different times; with --interleave, models or runs are measured anew, in turn, until it is decided.
    The id of an earlier comparison shows it again; without SIDES, the earlier ones are listed.
    """
    view = show_comparison.View(by=by, threshold_us=threshold, top=top)
    if not sides:
        if given_on_the_line() - {"as_json", "quiet"}:
            raise click.UsageError("Say which SIDES to compare.")
        _list(as_json=as_json)
    elif interleave:
        spec = spec_of(**settings)
        usage(specs.check, spec)
        shown = display(quiet or detach)
        try:
            sys.exit(
                asyncio.run(
                    _interleaved(sides, spec, criterion, seconds, label, shown, view, detach=detach, as_json=as_json)
                )
            )
        finally:
            shown.close()
    else:
        foreign = sorted(given_on_the_line() - _OF_RECORDED)
        if foreign:
            raise click.UsageError(f"{option(foreign[0])} is for measuring: add --interleave.")
        _recorded(sides, view, criterion, as_json=as_json)


async def _interleaved(
    texts: tuple[str, ...], spec: Spec, criterion: Criterion | None, seconds: float | None, label: str | None,
    shown: Display, view: show_comparison.View, *, detach: bool, as_json: bool,
) -> int:  # fmt: skip
    if len(texts) < 2:
        raise InputError("A comparison takes two sides: `ovtui compare --interleave A B`.")
    sides = [await _side(text, spec, shown) for text in texts]
    if len(sides) == 2 and sides[0] == sides[1]:
        click.echo("note: A and B are the same: this shows what the machine makes of no difference.", err=True)
    if criterion is None:
        criterion = "latency" if all(side.spec.mode == "latency" for side in sides) else "throughput"
    job = await client.start_comparison(sides, criterion, seconds=seconds, label=label)
    if detach:
        return left_alone(job, as_json=as_json)
    return await followed(job, shown, lambda ended: _finish(job.id, ended, view, as_json=as_json))


async def _side(text: str, spec: Spec, shown: Display) -> Candidate:
    """A model with the settings of the line; or a run's model with the run's own, and what was said on the line."""
    with open_store(readonly=True) as store:
        ids = store.runs.named(text)
        run = store.runs.find(text) if text == "last" or (ids and not store.models.find(text)) else None
    if run is None:
        model = await model_for(text, shown)
        refuse_idle(spec)
        return Candidate(model=model, spec=msgspec.structs.replace(spec, model=model.id))
    if run.spec.mode == "server":
        raise InputError(f"Run {run.id} is of random arrivals, which do not take turns: compare it as it was recorded.")
    model = await model_for(run.model.id, shown)
    own = over(run.spec, spec, given_on_the_line() - {"seconds"})  # which are the comparison's
    own = msgspec.structs.replace(own, profile=spec.profile)  # whether the run was profiled says nothing of this
    refuse_idle(own)
    return Candidate(model=model, spec=msgspec.structs.replace(own, model=model.id))


def _recorded(
    texts: tuple[str, ...], view: show_comparison.View, criterion: Criterion | None, *, as_json: bool
) -> None:
    with open_store() as store:
        reconcile(store)
        if len(texts) == 1:
            if criterion is not None:
                raise InputError("An earlier comparison was made by a criterion of its own: leave out --criterion.")
            _finish(_comparison(store, texts[0]).id, None, view, as_json=as_json)
            return
        runs = [_run(store, text) for text in texts]
        if len({run.id for run in runs}) < len(runs):
            raise InputError("A run is compared with itself: name two different ones.")
        if len(runs) == 2:
            show_comparison.recorded(store, runs[0], runs[1], as_json=as_json, view=view, criterion=criterion)
        else:
            show_comparison.ranked(store, runs, as_json=as_json, criterion=criterion)


def _comparison(store: Store, text: str) -> Comparison:
    if text != "last" and not store.studies.of(Comparison).named(text) and store.runs.named(text):
        raise InputError(f"'{plain(text, 60)}' is one run; a comparison takes two.")
    return store.studies.of(Comparison).find(text)


def _run(store: Store, text: str) -> Run:
    if text != "last" and not store.runs.named(text) and store.models.find(text):
        raise InputError(
            f"'{plain(text, 60)}' is a model. Add --interleave to measure models in turn, or name runs of them; "
            "`ovtui history` lists those."
        )
    return store.runs.find(text)


def _list(*, as_json: bool) -> None:
    with open_store() as store:
        reconcile(store)
        found = store.studies.of(Comparison).newest(limit=_LISTED)
        if as_json:
            document({"comparisons": [show_comparison.as_document(store, each) for each in found]})
            return
    if not found:
        click.echo("There is no comparison yet. `ovtui compare --interleave A B` makes one.", err=True)
        return
    table(
        ("COMPARISON", "WHEN", "SIDES", "VERDICT", "STATUS", "LABEL"),
        [show_comparison.row(each) for each in found],
        spare=("LABEL",),
    )


def _finish(study_id: str, ended: Ended | None, view: show_comparison.View, *, as_json: bool) -> None:
    finish(Comparison, study_id, ended, as_json=as_json, show=partial(show_comparison.show, view=view))
