"""`ovtui export`: runs as files."""

from __future__ import annotations

from pathlib import Path

import click

from ovtui.engine.reconcile import reconcile
from ovtui.report.files import Exported, write
from ovtui.store import open_store


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The file; .csv or .json by its ending."
)
def command(runs: tuple[str, ...], output: Path) -> None:
    """Write RUNS (ids, labels or `last`) to a file: everything as .json, the time series as .csv."""
    with open_store() as store:
        reconcile(store)
        found = [store.runs.find(text) for text in runs]
        whole = [
            Exported(run, store.runs.series(run.id), store.runs.histogram(run.id), store.runs.profile(run.id))
            for run in found
        ]
    write(output, whole)
    click.echo(f"Wrote {output}.", err=True)
