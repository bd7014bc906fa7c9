"""Write a file, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ovtui.errors import InputError
from ovtui.text import plain


def put(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; InputError for a place that refuses."""
    try:
        fd, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
            umask = os.umask(0)
            os.umask(umask)
            Path(partial).chmod(0o666 & ~umask)
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"Cannot write {plain(path)}: {error.strerror}.") from error
