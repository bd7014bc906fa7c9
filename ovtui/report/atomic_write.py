"""Write a file, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ovtui.errors import InputError
from ovtui.sanitize import plain


def put(path: Path, content: bytes) -> None:
    """Write `content` to a file; InputError for a place that refuses."""
    with opened(path) as file:
        file.write(content)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which is there once the block has ended well; InputError for a place that refuses."""
    try:
        fd, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")
        try:
            with os.fdopen(fd, "wb") as file:
                yield file
            umask = os.umask(0)
            os.umask(umask)
            Path(partial).chmod(0o666 & ~umask)
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"Cannot write {plain(path)}: {error.strerror}.") from error
