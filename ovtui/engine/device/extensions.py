"""Libraries with operations of a model's own: loaded only where somebody gave them, and only as they were given."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ovtui.engine.device.quiet import openvino
from ovtui.engine.formats.files import digest
from ovtui.errors import InputError
from ovtui.records import File
from ovtui.sanitize import plain


def core(extensions: tuple[File, ...]) -> Any:
    """OpenVINO's core of the Python package, with them. Loading one runs its code. See `trusted`."""
    found = openvino().Core()
    for path in trusted(extensions):
        found.add_extension(path)
    return found


def trusted(extensions: tuple[File, ...]) -> tuple[str, ...]:
    """Their paths; InputError for one that is gone, or no longer what was registered."""
    for extension in extensions:
        _, (now,) = digest((Path(extension.path),))
        if now.sha256 != extension.sha256:
            path = shlex.quote(plain(extension.path))
            raise InputError(
                f"The extension {plain(extension.path)} has changed since the model was registered with it and is not "
                f"loaded: if you trust it, import the model again with --extension {path}."
            )
    return tuple(extension.path for extension in extensions)
