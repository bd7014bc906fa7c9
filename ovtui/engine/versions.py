"""The files of versions that were made here: what they take, and how they go."""

from __future__ import annotations

import shutil
from pathlib import Path

from ovtui import paths
from ovtui.errors import OvtuiError
from ovtui.records import Model
from ovtui.text import plain


def folder(version: Model) -> Path | None:
    """Its folder, which holds nothing else; None for a model from elsewhere, and for one whose files have gone."""
    found = Path(version.path).parent
    return found if found.parent == paths.versions() and found.is_dir() else None


def remove_files(version: Model) -> int:
    """Take its files from the disk; the bytes that this frees. Its record and what was measured of it stay.

    OvtuiError when the folder cannot be removed. What is not in the folder of versions is left alone: 0 bytes.
    """
    found = folder(version)
    if found is None:
        return 0
    size = sum(file.stat().st_size for file in found.iterdir())
    try:
        shutil.rmtree(found)
    except OSError as error:
        raise OvtuiError(f"Cannot remove {plain(found)}: {error.strerror}.") from error
    return size
