"""One measurement at a time on a machine: a file lock, which the kernel frees when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def path() -> Path:
    """The machine's lock file: the same for every user and every data folder."""
    return Path(os.environ.get("OVTUI_LOCK") or Path(tempfile.gettempdir()) / "ovtui-measuring.lock")


def _open() -> int:
    """Open the file without following links; only its owner may write, which locking does not need.

    Opened without O_CREAT first: with it, sticky folders refuse other users' files.
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path(), os.O_RDWR | flags)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            return os.open(path(), os.O_RDWR | os.O_CREAT | os.O_EXCL | flags, 0o644)
        return os.open(path(), os.O_RDONLY | flags)
    except PermissionError:
        return os.open(path(), os.O_RDONLY | flags)


@contextlib.contextmanager
def measuring(who: str, waiting: contextlib.AbstractContextManager[object]) -> Iterator[None]:
    """Hold the machine's lock; while somebody else has it, wait inside the context `waiting`.

    Who holds it is written into the file where that is permitted, for `holder`.
    """
    fd = _open()
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with waiting:
                fcntl.flock(fd, fcntl.LOCK_EX)
        with contextlib.suppress(OSError):
            os.truncate(fd, 0)
            os.pwrite(fd, who.encode(), 0)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.truncate(fd, 0)
    finally:
        os.close(fd)


def holder() -> str | None:
    """What the holder wrote of itself; None when nobody measures or it could not write."""
    try:
        fd = os.open(path(), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return os.pread(fd, 200, 0).decode(errors="replace") or None
    finally:
        os.close(fd)
