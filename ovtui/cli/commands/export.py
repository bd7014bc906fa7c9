"""`ovtui export`: runs or a study as files, a model as a bundle to take along."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ovtui import formatting
from ovtui.cli.kinds import output_of
from ovtui.cli.show_optimization import versions_of
from ovtui.cli.show_run import exported
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Exploration, Model, Optimization, Run
from ovtui.report import bundle as bundles
from ovtui.report.files import ENDINGS, write
from ovtui.sanitize import plain
from ovtui.store import Store, open_store

_BUNDLE = bundles.ENDINGS[0]


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path),
    help=f"The file; {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} by its ending; {_BUNDLE} with --bundle.",
)  # fmt: skip
@click.option(
    "--bundle", is_flag=True, help="A model with its best settings and code that runs it so (RUNS: a model, too)."
)
@click.option(
    "--for", "aim", type=click.Choice(["throughput", "latency"]),
    help="With --bundle, of a model: its best run by what throughput surely is, or by median latency "
    "(default: throughput).",
)  # fmt: skip
def command(
    runs: tuple[str, ...], output: Path, bundle: bool, aim: Literal["throughput", "latency"] | None
) -> None:  # fmt: skip
    """Write RUNS (ids, labels or `last`), or one comparison, exploration or optimization, to a file.

    Everything as .json, tables as .csv (of runs the time series), a report to read as .md, or with its charts as one
    .html file that needs no network. With --bundle, a model (or that of a run) goes into a .tar.gz with its settings,
    programs in Python and C++ that run it so, and checksums.
    """
    if not bundle:
        if output.name.lower().endswith(bundles.ENDINGS):
            raise InputError(f"{plain(output)} is the name of a bundle: add --bundle.")
        if aim is not None:
            raise click.UsageError("--for is for --bundle.")
    with open_store() as store:
        reconcile(store)
        if bundle:
            size = _bundle(store, runs, output, aim)
            click.echo(f"Wrote {plain(output)}, {formatting.size(size)}.", err=True)
            return
        _report(store, runs, output)
    click.echo(f"Wrote {plain(output)}.", err=True)


def _report(store: Store, runs: tuple[str, ...], output: Path) -> None:
    found = [store.find(_no_model(store, text)) for text in runs]
    measured = [record for record in found if isinstance(record, Run)]
    if len(measured) == len(found):
        write(output, [exported(store, run) for run in measured])
    elif len(found) > 1:
        raise InputError("A study goes into a file of its own: name one at a time.")
    else:
        output_of(type(found[0])).export(store, found[0], output)


def _no_model(store: Store, text: str) -> str:
    if text != "last" and not store.named(text) and store.models.find(text):
        raise InputError(f"'{plain(text, 60)}' is a model: --bundle takes it along; `ovtui history` lists its runs.")
    return text


def _bundle(
    store: Store, texts: tuple[str, ...], output: Path, aim: Literal["throughput", "latency"] | None
) -> int:  # fmt: skip
    if len(texts) > 1:
        raise InputError("A bundle is of one model: name one.")
    model, run = _to_take(store, texts[0], aim)
    made = next((each for each in versions_of(store, model) if each.version and each.version.id == model.id), None)
    if run is None:
        click.echo(
            "note: it was not measured yet; the settings are those with which a device chooses itself.", err=True
        )
    elif run.effective is None:
        raise InputError(f"Run {run.id} ended before a device had taken its settings: name another one, or its model.")
    return bundles.pack(output, bundles.plan(model, run, made, aim or "throughput"))


def _to_take(
    store: Store, text: str, aim: Literal["throughput", "latency"] | None
) -> tuple[Model, Run | None]:  # fmt: skip
    """The model that `text` means, by itself or through a run, and the run whose settings it takes along."""
    models = store.models.find(text)
    if text != "last" and models and not store.named(text):
        return models[0], store.runs.best(models[0].id, aim or "throughput")
    if text != "last" and not store.named(text):
        raise InputError(
            f"There is no model and no run '{plain(text, 60)}'. `ovtui models` and `ovtui history` list them."
        )
    record = _last(store) if text == "last" else store.find(text)
    if isinstance(record, Run) and aim is None:
        return record.model, record
    if aim is not None and not isinstance(record, Optimization):
        raise InputError("--for chooses among the runs of a model, and this names something else.")
    if isinstance(record, Exploration):
        best = store.runs.get(record.best) if record.best is not None else None
        if best is None:
            raise InputError(f"Exploration {record.id} has found no best settings.")
        return record.model, best
    if isinstance(record, Optimization):
        if record.version is None:
            raise InputError(f"Optimization {record.id} has made no version.")
        return record.version, store.runs.best(record.version.id, aim or "throughput")
    raise InputError(f"{record.id} is a comparison of several: name one of its runs, or a model.")


def _last(store: Store) -> Run | Exploration | Optimization:
    """The newest that a bundle can be made of; InputError when there is none."""
    runs = (store.runs.get(each.id) for each in store.runs.page())
    found: list[Run | Exploration | Optimization] = [
        *(run for run in runs if run is not None and run.effective is not None),
        *(each for each in store.studies.of(Exploration).newest() if each.best is not None),
        *(each for each in store.studies.of(Optimization).newest() if each.version is not None),
    ]
    if not found:
        raise InputError("There is nothing to take along yet. `ovtui run MODEL` measures, or name a model.")
    return max(found, key=lambda record: record.created)
