"""`ovtui export`: runs or a study as files."""

from __future__ import annotations

from pathlib import Path

import click

from ovtui.cli.show_comparison import exported, sides
from ovtui.cli.show_exploration import runs as explored
from ovtui.cli.show_optimization import found as optimized
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Comparison, Exploration, Run
from ovtui.report.files import ENDINGS, write, write_comparison, write_exploration, write_optimization
from ovtui.store import open_store
from ovtui.text import plain


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path),
    help=f"The file; {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} by its ending.",
)  # fmt: skip
def command(runs: tuple[str, ...], output: Path) -> None:
    """Write RUNS (ids, labels or `last`), or one comparison, exploration or optimization, to a file.

    Everything as .json, tables as .csv (of runs the time series), a report to read as .md, or with its charts as one
    .html file that needs no network.
    """
    with open_store() as store:
        reconcile(store)
        found = [store.find(text) for text in runs]
        measured = [record for record in found if isinstance(record, Run)]
        if len(measured) == len(found):
            write(output, [exported(store, run) for run in measured])
        elif len(found) > 1:
            raise InputError("A study goes into a file of its own: name one at a time.")
        elif isinstance(found[0], Comparison):
            write_comparison(output, found[0], sides(store, found[0]))
        elif isinstance(found[0], Exploration):
            write_exploration(output, found[0], [exported(store, run) for run in explored(store, found[0])])
        elif not isinstance(found[0], Run):
            write_optimization(output, *optimized(store, found[0]))
    click.echo(f"Wrote {plain(output)}.", err=True)
