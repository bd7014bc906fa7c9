"""The ways into the database: made, brought forward, replaced when damaged, read where it cannot be written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from ovtui.errors import StoreError
from ovtui.sanitize import plain
from ovtui.store import damage, faults, schema


class Opened(NamedTuple):
    """A connection, and what it leads to."""

    connection: sqlite3.Connection
    file: tuple[int, int] | None  # device and inode; None when there is no file
    refusal: StoreError | None  # why nothing can be written


def opened(path: Path, *, readonly: bool, notices: list[str]) -> Opened:
    """Open the database at `path`, or an empty one in memory where there is none and none can be made.

    With `readonly`, none is made; one that is there is brought forward and replaced when damaged all the same.
    What people should know of is added to `notices`. StoreError when it can neither be written nor read.
    """
    with contextlib.suppress(PermissionError):
        if path.is_dir():
            raise faults.in_the_way(path)
        if any(parent.exists() and not parent.is_dir() for parent in path.parents):
            raise faults.no_folder(path)
    if readonly and file_at(path) is None:
        return Opened(_empty(), None, StoreError(f"There is no database {plain(path)}."))
    try:
        with faults.told(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with damage.one_at_a_time(path):
                connection = _writable(path, notices)
                return Opened(connection, file_at(path), None)
    except faults.Unwritable as refusal:
        return Opened(_readable(path, notices), file_at(path), refusal)


def file_at(path: Path) -> tuple[int, int] | None:
    """Which file that is, to notice that another one took its place; None if there is none to be seen."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _writable(path: Path, notices: list[str]) -> sqlite3.Connection:
    """The caller holds the lock."""
    connection = _made(path)
    try:
        try:
            _prepare(connection, path)
        except faults.REPORTED as error:
            if not faults.is_damage(error):
                raise
            # Aside first: when the file is where it was, closing lets SQLite tidy up the log that may hold the rest.
            notices.append(damage.set_aside(path))
            connection.close()
            connection = _made(path)
            _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _made(path: Path) -> sqlite3.Connection:
    # SQLite would make it readable for everybody. A file that exists is not opened here: closing it again
    # would free the locks that this process has on it.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    return _connected(path, "mode=rw")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    _check(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # devices lose power
    connection.execute("PRAGMA foreign_keys = OFF")
    schema.migrate(connection, schema.STEPS)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # reads the schema: damage shows now


def _readable(path: Path, notices: list[str]) -> sqlite3.Connection:
    """For a folder or a disk that cannot be written."""
    if file_at(path) is None or path.stat().st_size == 0:
        return _empty()
    try:
        try:
            return _old(path, "mode=ro")
        except faults.REPORTED as error:
            if not isinstance(faults.explained(error, path), faults.Unwritable):
                raise
            # The log needs an index beside it, which cannot be made. Without the log, it needs none.
            connection = _old(path, "mode=ro&immutable=1")
    except faults.REPORTED as error:
        raise faults.unreadable(error, path) from error
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        notices.append(f"What was written last cannot be read, since {plain(path.parent)} cannot be written.")
    return connection


def _old(path: Path, how: str) -> sqlite3.Connection:
    connection = _connected(path, how)
    try:
        _check(connection, path)
        found = schema.version(connection)
        if found < len(schema.STEPS):
            raise faults.older(path, found, len(schema.STEPS))
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=faults.BUSY_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found, known = schema.version(connection), len(schema.STEPS)
    if found > known:
        raise faults.newer(path, found, known)
    if schema.is_foreign(connection):
        raise faults.foreign(path)


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    schema.migrate(connection, schema.STEPS)
    return connection
