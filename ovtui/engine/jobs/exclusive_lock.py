"""Having the machine to oneself: wait for its lock, say behind what, and check that nothing changed meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ovtui.engine import events, formats, lock
from ovtui.engine.jobs.context import JobContext
from ovtui.errors import InputError
from ovtui.records import Model
from ovtui.sanitize import plain


@contextlib.contextmanager
def alone(who: str, models: Sequence[Model], context: JobContext, *, noun: str) -> Iterator[None]:
    """Hold the machine's measuring lock; `who` tells others what holds it."""
    with lock.measuring(who, _queue(models, context, noun)):
        yield


@contextlib.contextmanager
def _queue(models: Sequence[Model], context: JobContext, noun: str) -> Iterator[None]:
    context.writer.write(events.Queued(behind=lock.holder() or context.behind))
    with context.cancel.breaks_wait():
        yield
        # While this waited, a file may have been exported anew; its record is of what it was.
        digests = [formats.digest(formats.check(Path(model.path)).files)[0] for model in models]
    for model, digest in zip(models, digests, strict=True):
        if digest != model.sha256:
            raise InputError(f"{plain(model.path)} has changed while the {noun} was queued: start it again.")
