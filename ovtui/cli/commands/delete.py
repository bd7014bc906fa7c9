"""`ovtui delete`: remove runs and what they measured."""

from __future__ import annotations

import sys

import click

from ovtui.cli.output import document, json_option
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Comparison, Exploration, Run
from ovtui.store import open_store


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def command(runs: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Remove RUNS, comparisons, explorations or optimizations (ids, labels or `last`) for good. Models stay.

    A comparison or an exploration goes with the runs that are part of it; the version that an optimization made stays.
    """
    with open_store() as store:
        reconcile(store)
        found = list({record.id: record for record in map(store.find, runs)}.values())
        if not yes:
            if as_json or not sys.stdin.isatty():
                raise InputError("Deleting asks first, and there is nobody to ask: say --yes.")
            named = ", ".join(f"{type(record).__name__.lower()} {record.id}" for record in found[:5])
            click.confirm(f"Delete {named}{' and more' if len(found) > 5 else ''}?", abort=True, err=True)
        with store.transaction():
            for record in found:
                if isinstance(record, Run):
                    store.runs.delete(record.id)
                elif isinstance(record, Comparison):
                    store.comparisons.delete(record.id)
                elif isinstance(record, Exploration):
                    store.explorations.delete(record.id)
                else:
                    store.optimizations.delete(record.id)
    if as_json:
        document({"deleted": [record.id for record in found]})
    else:
        click.echo(f"Deleted {', '.join(record.id for record in found)}.")
