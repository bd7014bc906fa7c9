"""`ovtui models`: what is registered."""

from __future__ import annotations

import click

from ovtui import formatting
from ovtui.cli.output import document, json_option, notices, table
from ovtui.store import open_store


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the registered models, newest first."""
    with open_store(readonly=True) as store:
        notices(store)
        models = store.models.all()
    if as_json:
        from ovtui.report.documents import model_document

        document({"models": [model_document(model) for model in models]})
        return
    if not models:
        click.echo("No models yet. `ovtui import MODEL` registers one, `ovtui demo` brings its own.", err=True)
        return
    table(
        ("ID", "NAME", "FORMAT", "SIZE", "PARAMETERS", "FLOPS", "REGISTERED", "PATH"),
        [
            (
                model.id,
                model.name,
                model.format,
                formatting.size(model.bytes),
                formatting.count(model.parameters).rstrip(),
                formatting.NOTHING if model.flops is None else formatting.count(model.flops).rstrip(),
                formatting.when(model.created),
                model.path,
            )
            for model in models
        ],
        right=frozenset({"SIZE", "PARAMETERS", "FLOPS"}),
        spare=("REGISTERED", "FORMAT", "PARAMETERS"),
    )
