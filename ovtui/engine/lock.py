"""One measurement at a time on a machine: a file lock, which the kernel frees when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ovtui import paths
from ovtui.engine import liveness
from ovtui.errors import StoreError

_LONGEST = 300  # bytes of what the holder writes
_LINE = re.compile(r"(?P<pid>\d{1,18}) (?P<started>\d+\.\d+) (?P<who>.+)", re.DOTALL)


def path() -> Path:
    """The machine's lock file: the same for every user and every data folder, so not in a TMPDIR of one's own."""
    return Path(os.environ.get("OVTUI_LOCK") or "/tmp/ovtui-measuring.lock")


def _open() -> int:
    """Open the lock file; where that cannot be, one in the data folder, which serves all who share that."""
    for file in (path(), paths.home() / "measuring.lock"):
        with contextlib.suppress(OSError):
            return _open_shared(file)
    raise StoreError(f"Cannot open the measuring lock {path()}: name another file with OVTUI_LOCK.")


def _open_shared(file: Path) -> int:
    """Without following links; only its owner may write, which locking does not need.

    Opened without O_CREAT first: with it, sticky folders refuse other users' files.
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO in its place must not hold anybody up
    try:
        return os.open(file, os.O_RDWR | flags)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            return os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | flags, 0o644)
    except PermissionError:
        pass
    return os.open(file, os.O_RDONLY | flags)


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
            os.pwrite(fd, _line(who).encode(), 0)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.truncate(fd, 0)
    finally:
        os.close(fd)


def holder() -> str | None:
    """What the holder wrote of itself; None when nobody measures or it could not write.

    Looking never locks, not even for a moment: whoever wanted the lock just then would have to queue. A holder that was
    killed leaves its line behind, so the line names its process, which must still be the one that wrote it.
    """
    try:
        fd = _open()
    except StoreError:
        return None
    try:
        found = _LINE.fullmatch(os.pread(fd, _LONGEST, 0).decode(errors="replace"))
    finally:
        os.close(fd)
    if found is None or not liveness.alive(int(found["pid"]), float(found["started"])):
        return None
    return found["who"]


def _line(who: str) -> str:
    pid = os.getpid()
    return f"{pid} {liveness.started(pid)} {who}"
