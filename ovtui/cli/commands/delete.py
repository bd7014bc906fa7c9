"""`ovtui delete`: remove runs and what they measured."""

from __future__ import annotations

import sys

import click

from ovtui import formatting
from ovtui.cli.output import document, json_option
from ovtui.engine import versions
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.kinds import kind_of
from ovtui.records import Optimization
from ovtui.store import open_store


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--version-files", is_flag=True, help="With an optimization, the files of its version go from the disk.")
@json_option
def command(runs: tuple[str, ...], yes: bool, version_files: bool, as_json: bool) -> None:
    """Remove RUNS, comparisons, explorations or optimizations (ids, labels or `last`) for good. Models stay.

    A comparison or an exploration goes with the runs that are part of it. The version that an optimization made stays
    unless --version-files; what was measured of it stays in any case.
    """
    with open_store() as store:
        reconcile(store)
        found = list({record.id: record for record in map(store.find, runs)}.values())
        made = [each.version for each in found if isinstance(each, Optimization) and each.version is not None]
        if version_files and not made:
            raise InputError("--version-files goes with an optimization that made a version, and none of these did.")
        if not yes:
            if as_json or not sys.stdin.isatty():
                raise InputError("Deleting asks first, and there is nobody to ask: say --yes.")
            named = ", ".join(f"{kind_of(type(record)).name} {record.id}" for record in found[:5])
            files = " and the files of its version" if version_files else ""
            click.confirm(f"Delete {named}{' and more' if len(found) > 5 else ''}{files}?", abort=True, err=True)
        with store.transaction():  # files that have to stay keep the records, too
            for record in found:
                store.kept_in(type(record)).delete(record.id)
            freed = versions.remove_files(store, made) if version_files else 0
    if as_json:
        document({"deleted": [record.id for record in found], "freed_bytes": freed})
    else:
        none = "; there were no files of a version to remove" if version_files else ""
        size = f"; {formatting.size(freed)} on the disk are free" if freed else none
        click.echo(f"Deleted {', '.join(record.id for record in found)}{size}.")
