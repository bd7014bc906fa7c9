"""The end of a command that measured or watched: print the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from ovtui.cli.kinds import output_of
from ovtui.cli.output import document, notices
from ovtui.engine.events import Ended
from ovtui.errors import OvtuiError
from ovtui.kinds import kind_of
from ovtui.records import LIVE, Comparison, Exploration, Optimization, Run
from ovtui.sanitize import plain
from ovtui.store import Store, open_store

Ending = TypeVar("Ending", Run, Comparison, Exploration, Optimization)


def finish(
    kind: type[Ending],
    record_id: str,
    ended: Ended | None,
    *,
    as_json: bool,
    show: Callable[[Store, Any], None] | None = None,
) -> Ending:
    """Print a record and its error; OvtuiError with what `ended` told when the store never saw it.

    `show` prints it in another way than its kind does.
    """
    output = output_of(kind)
    with open_store() as store:
        notices(store)
        found = store.kept_in(kind).get(record_id)
        if not isinstance(found, kind):
            noun = kind_of(kind).name.capitalize()
            raise OvtuiError((ended and ended.error) or f"{noun} {record_id} is not in the store.")
        record = _as_it_ended(found, ended)
        if as_json:
            document(output.as_document(store, record))
        else:
            (show or output.show)(store, record)
    if record.error is not None:
        click.echo(f"ovtui: {plain(record.error)}", err=True)
    return record


def _as_it_ended(record: Ending, ended: Ended | None) -> Ending:
    """With the end that the job told where the store could not take it down: its disk is full, say."""
    if ended is None or record.status not in LIVE:
        return record
    return msgspec.structs.replace(record, status=ended.status, error=ended.error)
