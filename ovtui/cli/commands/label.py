"""`ovtui label`: give a run a name."""

from __future__ import annotations

import click

from ovtui.cli.output import document, json_option
from ovtui.store import open_store
from ovtui.text import plain


@click.command()
@click.argument("run")
@click.argument("text", required=False)
@json_option
def command(run: str, text: str | None, as_json: bool) -> None:
    """Name RUN TEXT, by which other commands find it; without TEXT, take its label away."""
    with open_store() as store:
        run_id = store.runs.find(run).id
        store.runs.set_label(run_id, text or None)
        record = store.runs.get(run_id)
    if as_json:
        from ovtui.report.documents import run_document

        document({"run": run_document(record) if record else {"id": run_id}})
    else:
        click.echo(f"Run {run_id} is called {plain(text)!r}." if text else f"Run {run_id} has no label.")
