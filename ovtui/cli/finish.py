"""The end of a command that measured or watched: print the record."""

from __future__ import annotations

from typing import TypeVar

import click
import msgspec

from ovtui.cli import show
from ovtui.cli.output import document, notices
from ovtui.engine.events import Ended
from ovtui.errors import OvtuiError
from ovtui.records import LIVE, Comparison, Exploration, Optimization, Run, RunFilter
from ovtui.sanitize import plain
from ovtui.store import open_store

_HISTORY = 200  # runs of the model that advice looks at


Ending = TypeVar("Ending", Run, Comparison, Exploration, Optimization)


def as_it_ended(record: Ending, ended: Ended | None) -> Ending:
    """With the end that the job told where the store could not take it down: its disk is full, say."""
    if ended is None or record.status not in LIVE:
        return record
    return msgspec.structs.replace(record, status=ended.status, error=ended.error)


def finish(run_id: str, ended: Ended | None, *, as_json: bool) -> Run:
    """Print run `run_id` and its error; OvtuiError with what `ended` told when the store never saw it."""
    with open_store() as store:
        notices(store)
        record = store.runs.get(run_id)
        profile = store.runs.profile(run_id)
        history = store.runs.page(RunFilter(model=record.model.id), limit=_HISTORY) if record else []
        called = store.models.called(record.model) if record else ""
    if record is None:
        raise OvtuiError((ended and ended.error) or f"Run {run_id} is not in the store.")
    record = as_it_ended(record, ended)
    if as_json:
        from ovtui.report.documents import run_document

        document({"run": run_document(record)})
    elif record.result is not None or record.error is None:
        show.run(record, profile, history, called)
    if record.error is not None:
        click.echo(f"ovtui: {plain(record.error)}", err=True)
    return record
