"""`ovtui cancel`: end a run and keep what was measured."""

from __future__ import annotations

import asyncio

import click

from ovtui.cli.kinds import output_of
from ovtui.cli.output import document, json_option
from ovtui.engine import client
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.kinds import kind_of
from ovtui.records import LIVE, Run
from ovtui.store import open_store


@click.command()
@click.argument("run")
@json_option
def command(run: str, as_json: bool) -> None:
    """End RUN or a study (queued or running); what was measured is kept as `cancelled`."""
    with open_store() as store:
        reconcile(store)
        record = store.find(run)
    noun = kind_of(type(record)).name.capitalize()
    if record.status not in LIVE:
        raise InputError(f"{noun} {record.id} is not going on: it is {record.status}.")
    asyncio.run(client.attach(record.id).cancel())
    with open_store() as store:
        reconcile(store)
        ended = store.find(record.id)
    if not as_json:
        output = output_of(type(ended))
        kept = f"; {output.KEPT} is kept" if output.is_kept(ended) else ""
        click.echo(f"{noun} {ended.id} is {ended.status}{kept}.")
    elif isinstance(ended, Run):
        from ovtui.report.documents import run_document

        document({"run": run_document(ended)})
    else:
        document({"id": ended.id, "status": ended.status})
