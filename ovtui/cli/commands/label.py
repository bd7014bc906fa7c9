"""`ovtui label`: give a run a name."""

from __future__ import annotations

import click

from ovtui.cli.output import document, json_option
from ovtui.kinds import kind_of
from ovtui.records import Run
from ovtui.sanitize import plain
from ovtui.store import open_store


@click.command()
@click.argument("run")
@click.argument("text", required=False)
@json_option
def command(run: str, text: str | None, as_json: bool) -> None:
    """Name RUN or a study TEXT, by which it is found; without TEXT, take its label away.

    Studies are comparisons, explorations and optimizations.
    """
    with open_store() as store:
        found = store.find(run)
        store.kept_in(type(found)).set_label(found.id, text or None)
        found = store.find(found.id)
    if not as_json:
        noun = kind_of(type(found)).name.capitalize()
        click.echo(f"{noun} {found.id} is called '{plain(text)}'." if text else f"{noun} {found.id} has no label.")
    elif isinstance(found, Run):
        from ovtui.report.documents import run_document

        document({"run": run_document(found)})
    else:
        document({"id": found.id, "label": found.label})
