"""A database that SQLite cannot read is kept, aside; one that it can read is never moved."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ovtui.errors import StoreError
from ovtui.sanitize import plain
from ovtui.store import faults

_PARTS = ("", "-wal", "-shm")  # the database, its log, and the log's index


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock for opening, making and moving the database at `path`.

    Opening is included: a connection that opened the old file just before it was moved, and its log just after,
    would write the one's pages into the other. Where no lock can be had, nothing can be moved either.
    """
    fd = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + faults.BUSY_S
        while not _locked(fd):
            if time.monotonic() > end:
                raise faults.busy(path)
            time.sleep(0.01)
        yield
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_damaged(path: Path) -> bool:
    """Read all of the database at `path`. Slow; for when a query has failed."""
    connection = sqlite3.connect(path.as_uri() + "?mode=rw", uri=True, timeout=faults.BUSY_S, isolation_level=None)
    try:
        return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok")
    except faults.REPORTED as error:
        if faults.is_damage(error):
            return True
        raise
    finally:
        connection.close()


def set_aside(path: Path) -> str:
    """Rename the database and what belongs to it, overwriting nothing; return the sentence that says so."""
    stem = f"{path.name}.corrupt-{datetime.now():%Y%m%d-%H%M%S}"
    kept, again = path.with_name(stem), 2
    while any(os.path.lexists(f"{kept}{part}") for part in _PARTS):
        kept, again = path.with_name(f"{stem}-{again}"), again + 1
    try:
        # The database first: if this ends halfway, SQLite throws a log without its database away.
        for part in _PARTS:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{path}{part}").rename(f"{kept}{part}")
    except OSError as error:
        raise StoreError(
            f"The database {plain(path)} is damaged and cannot be moved aside: {error.strerror}. "
            "Move it away, or set OVTUI_HOME to another folder."
        ) from error
    return f"The database {plain(path)} was damaged. It is kept as {plain(kept)}, and a new one was started."
