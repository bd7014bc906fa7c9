"""`ovtui cancel`: end a run and keep what was measured."""

from __future__ import annotations

import asyncio

import click

from ovtui.cli.output import document, json_option
from ovtui.engine import client
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import LIVE, Comparison, Exploration, Optimization, Run
from ovtui.store import open_store


@click.command()
@click.argument("run")
@json_option
def command(run: str, as_json: bool) -> None:
    """End RUN or a study (queued or running); what was measured is kept as `cancelled`."""
    with open_store() as store:
        reconcile(store)
        record = store.find(run)
    noun = type(record).__name__
    if record.status not in LIVE:
        raise InputError(f"{noun} {record.id} is not going on: it is {record.status}.")
    asyncio.run(client.attach(record.id).cancel())
    with open_store() as store:
        reconcile(store)
        ended = store.find(record.id)
    if not as_json:
        what = "the version" if isinstance(ended, Optimization) else "what it measured"
        kept = f"; {what} is kept" if _has_something(ended) else ""
        click.echo(f"{noun} {ended.id} is {ended.status}{kept}.")
    elif isinstance(ended, Run):
        from ovtui.report.documents import run_document

        document({"run": run_document(ended)})
    else:
        document({"id": ended.id, "status": ended.status})


def _has_something(ended: Run | Comparison | Exploration | Optimization) -> bool:
    """Whether anything was made or measured by the time that it ended."""
    match ended:
        case Run():
            return ended.result is not None
        case Comparison():
            return bool(ended.duels) or any(side.run for side in ended.sides)
        case Exploration():
            return any(each.state == "measured" for each in ended.cells) or any(each.run for each in ended.loads)
        case Optimization():
            return ended.version is not None
