"""`ovtui delete`: remove runs and what they measured."""

from __future__ import annotations

import sys

import click

from ovtui import words
from ovtui.cli.output import document, json_option
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.store import open_store


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def command(runs: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Remove RUNS (ids, labels or `last`) for good. Models stay."""
    with open_store() as store:
        reconcile(store)
        found = list(dict.fromkeys(store.runs.find(text).id for text in runs))
        if not yes:
            if as_json or not sys.stdin.isatty():
                raise InputError("Deleting asks first, and there is nobody to ask: say --yes.")
            click.confirm(f"Delete {words.plural(len(found), 'run')} ({', '.join(found[:5])})?", abort=True, err=True)
        removed = store.runs.take_out(found)
    if as_json:
        document({"deleted": [run.id for run in removed]})
    else:
        click.echo(f"Deleted {words.plural(len(removed), 'run')}.")
