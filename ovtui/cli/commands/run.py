"""`ovtui run`: measure a model."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click
import msgspec

from ovtui import specs
from ovtui.cli.finish import finish
from ovtui.cli.follow import Display, display, follow
from ovtui.cli.model_argument import model_for
from ovtui.cli.output import document, json_option
from ovtui.cli.spec_options import given_on_the_line, over, refuse_idle, spec_of, spec_options, usage
from ovtui.cli.study_options import told_alone
from ovtui.engine import client
from ovtui.records import Model, Run, Spec
from ovtui.store import open_store


@click.command()
@click.argument("model")
@spec_options()
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
    if preset is not None:
        with open_store() as store:
            spec = over(store.presets.find(preset), spec, given_on_the_line())
    refuse_idle(spec)
    usage(specs.check, spec)
    if save_preset is not None:
        with open_store() as store:
            store.presets.save(save_preset, spec)
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
    finish(Run, job.id, followed.ended, as_json=as_json)
    return followed.exit_code


async def _detached(model: Model, spec: Spec, label: str | None, *, as_json: bool) -> int:
    job = await client.start_run(model, msgspec.structs.replace(spec, model=model.id), label=label)
    if as_json:
        from ovtui.report.documents import run_document

        with open_store() as store:
            record = store.runs.get(job.id)
        document({"run": run_document(record) if record else {"id": job.id, "status": "queued"}})
    else:
        told_alone(job)
    return 0
