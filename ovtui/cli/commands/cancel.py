"""`ovtui cancel`: end a run and keep what was measured."""

from __future__ import annotations

import asyncio

import click

from ovtui.cli.output import document, json_option
from ovtui.engine import client
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import LIVE, Run
from ovtui.store import open_store


@click.command()
@click.argument("run")
@json_option
def command(run: str, as_json: bool) -> None:
    """End RUN (queued or running); what it has measured is kept as `cancelled`."""
    with open_store() as store:
        reconcile(store)
        record = store.runs.find(run)
    if record.status not in LIVE:
        raise InputError(f"Run {record.id} is not going on: it is {record.status}.")
    asyncio.run(client.attach(record.id).cancel())
    ended = _ended(record)
    if as_json:
        from ovtui.report.documents import run_document

        document({"run": run_document(ended)})
    else:
        kept = "; what it measured is kept" if ended.result else ""
        click.echo(f"Run {ended.id} is {ended.status}{kept}.")


def _ended(record: Run) -> Run:
    with open_store() as store:
        reconcile(store)
        return store.runs.get(record.id) or record
