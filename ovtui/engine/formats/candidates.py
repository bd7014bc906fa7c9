"""A folder as somebody who looks for a model sees it: its folders, its model files, nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple

from ovtui.engine.formats.checks import SUFFIXES

_MOST = 2_000  # entries that are looked at: a folder of a million files must not hold anybody up


class Entry(NamedTuple):
    """A name in a folder. A SavedModel is a folder that can be imported."""

    name: str
    kind: Literal["folder", "model"]
    bytes: int | None
    about: str


def entries(folder: Path) -> list[Entry]:
    """Folders first, then models, by name; hidden ones left out. Raises OSError when it cannot be read."""
    found: list[Entry] = []
    with os.scandir(folder) as listing:
        for number, entry in enumerate(listing):
            if number >= _MOST:
                break
            if not entry.name.startswith(".") and entry.name == entry.name.encode(errors="replace").decode():
                found += _entry(entry)
    return sorted(found, key=lambda entry: (entry.kind != "folder", entry.name.lower()))


def _entry(entry: os.DirEntry[str]) -> list[Entry]:
    try:
        if entry.is_dir():
            saved = os.path.exists(os.path.join(entry.path, "saved_model.pb"))  # noqa: PTH110, PTH118 (many of them)
            return [Entry(entry.name, "model" if saved else "folder", None, "SavedModel" if saved else "")]
        kind = SUFFIXES.get(os.path.splitext(entry.name)[1].lower())  # noqa: PTH122
        if kind is not None and entry.is_file():
            return [Entry(entry.name, "model", entry.stat().st_size, kind)]
    except OSError:
        pass  # it vanished, or may not be seen
    return []
