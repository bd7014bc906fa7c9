"""The files of versions that were made here: what they take, and how they go."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ovtui import paths
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Comparison, Job, Model
from ovtui.sanitize import plain
from ovtui.store import Store


def folder(version: Model) -> Path | None:
    """Its folder, which holds nothing else; None for a model from elsewhere, and for one whose files have gone."""
    found = Path(version.path).parent
    return found if found.parent.resolve() == paths.versions().resolve() and found.is_dir() else None


def remove_files(store: Store, gone: Sequence[Model]) -> int:
    """Take the files of versions from the disk; the bytes that this frees. What was measured of them stays.

    InputError, before anything is removed, while somebody needs them; OvtuiError when a folder cannot be removed. What
    is not in the folder of versions is left alone.
    """
    for version in gone:
        _refuse_needed(store, version, {each.id for each in gone})
    return sum(_removed(found) for version in gone if (found := folder(version)) is not None)


def _refuse_needed(store: Store, version: Model, going: set[str]) -> None:
    name = plain(version.name, 60)
    for job in store.jobs.live():
        if version.id in _models(store, job):
            raise InputError(
                f"The files of {name} are needed by {job.kind} {job.id}, which is {job.status}: "
                f"wait for it, or `ovtui cancel {job.id}`."
            )
    for other in store.models.family(version.family):
        if other.parent == version.id and other.id not in going and os.path.exists(other.path):  # noqa: PTH110
            raise InputError(f"{plain(other.name, 60)} was made of {name}, and is held against its files: they stay.")


def _models(store: Store, job: Job) -> set[str | None]:
    """The ids of those that a job reads."""
    study = store.studies.get(job.id)
    return {side.model.id for side in study.sides} if isinstance(study, Comparison) else {job.model}


def _removed(found: Path) -> int:
    size = 0
    with contextlib.suppress(OSError):  # somebody else may remove them right now
        size = sum(file.stat().st_size for file in found.iterdir())
    try:
        shutil.rmtree(found)
    except OSError as error:
        if found.exists():
            raise OvtuiError(f"Cannot remove {plain(found)}: {error.strerror or error}.") from error
    return size
