"""From what the user typed to a model: a path, or the name, id or hash of one that is registered."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from ovtui.cli.follow import Display, error_of, follow
from ovtui.cli.output import notices
from ovtui.engine import client
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Model, StaticShape
from ovtui.sanitize import plain
from ovtui.specs import expanded
from ovtui.store import open_store


async def import_path(
    path: Path,
    show: Display,
    *,
    name: str | None = None,
    shapes: dict[str, StaticShape] | None = None,
    layouts: dict[str, str] | None = None,
    extensions: Sequence[str] = (),
    limit_s: float | None = None,
    demo: bool = False,
) -> Model:
    """Import in a job of its own; raises what the job's end stands for."""
    job = await client.start_import(
        path, name=name, shapes=shapes, layouts=layouts, extensions=extensions, limit_s=limit_s, demo=demo
    )
    ended, interrupted = await follow(job, show, own=True)
    if interrupted:
        raise KeyboardInterrupt
    if ended.status != "done" or ended.model is None:
        raise error_of(ended)
    # All it told is in the store; only failures leave a folder, for its log.
    shutil.rmtree(job.folder.path, ignore_errors=True)
    with open_store() as store:
        notices(store)
        model = store.models.get(ended.model)
    if model is None:
        raise OvtuiError(f"The model read from {plain(path)} is not in the store: somebody deleted it.")
    return model


async def model_for(text: str, show: Display) -> Model:
    """The model that `text` means; a file that has changed since it was registered is read again, and that is said."""
    path = expanded(text)
    there = _exists(path)
    if there and not path.is_dir():
        return await import_path(path, show)
    with open_store(readonly=True) as store:
        found = store.models.find(text)
    if there and not found:  # a folder that happens to have the name of a model is not meant
        return await import_path(path, show)
    if not found:
        raise InputError(f"There is no file and no registered model '{plain(text, 200)}'; `ovtui models` lists them.")
    known = found[0]
    if not _exists(Path(known.path)):
        raise InputError(
            f"The file of {plain(known.name, 60)} is gone from {plain(known.path)}: import it where it is."
        )
    model = await import_path(Path(known.path), show)
    if model.sha256 != known.sha256:
        click.echo(f"note: {plain(known.path)} has changed since it was registered; this is its new content.", err=True)
    return model


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):  # a name too long, a zero byte
        return False
    return True
