"""What SQLite and the system report, as sentences that say what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ovtui.errors import StoreError, sentence
from ovtui.sanitize import plain

BUSY_S = 10.0
"""How long to wait for another process that is writing."""

REPORTED = (sqlite3.Error, UnicodeDecodeError)
"""What `sqlite3` raises: the second when a message quotes damaged text."""

# Python 3.10 does not tell SQLite's error codes, so they are known by their texts, which SQLite keeps stable.
_DAMAGE = ("database disk image is malformed", "file is not a database", "malformed database schema")
_BUSY = ("database is locked", "database table is locked", "locking protocol")
_FORBIDDEN = ("attempt to write a readonly database", "unable to open database file")


_LITTLE = 1 << 20
_QUOTED = 200  # characters: a message may quote a whole column


class Unwritable(StoreError):
    """The database cannot be written; perhaps it can be read."""


def is_damage(error: Exception) -> bool:
    """Whether SQLite could not make sense of the file."""
    return isinstance(error, UnicodeDecodeError) or str(error).startswith(_DAMAGE)


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """What goes wrong inside becomes a StoreError."""
    try:
        yield
    except REPORTED as error:
        raise explained(error, path) from error
    except OSError as error:
        raise explained_os(error, path) from error


def explained(error: Exception, path: Path) -> StoreError:
    """The error for people."""
    text = str(error)
    io = text.startswith("disk I/O error")
    # The log's index has no room: SQLite calls that an I/O error, too.
    if text == "database or disk is full" or (io and _free_bytes(path) < _LITTLE):
        return full(path)
    if text.startswith(_BUSY):
        return busy(path)
    if text.startswith(_FORBIDDEN):
        return unwritable(path, text)
    if io:
        return Unwritable(
            f"The disk that holds {plain(path)} did not do what it was asked (disk I/O error): "
            "look for a quota, a limit or a failing disk, or set OVTUI_HOME to another folder."
        )
    if is_damage(error):
        return StoreError(
            f"The database {plain(path)} is damaged ({plain(text, _QUOTED)}): move it away to start a new one."
        )
    return StoreError(f"The database {plain(path)} cannot be used: {plain(sentence(error), _QUOTED)}")


def _free_bytes(path: Path) -> int:
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize


def explained_os(error: OSError, path: Path) -> StoreError:
    """Why the folder or a file in it cannot be made, for people."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full(path)
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return unwritable(path, "it is not a folder")
    return unwritable(path, error.strerror or str(error))


def full(path: Path) -> Unwritable:
    return Unwritable(
        f"The disk that holds {plain(path.parent)} is full: make room, or set OVTUI_HOME to another folder."
    )


def unwritable(path: Path, reason: str) -> Unwritable:
    return Unwritable(
        f"Cannot write to the data folder {plain(path.parent)}: {plain(reason)}. "
        "Give it write permission, or set OVTUI_HOME to another folder."
    )


def busy(path: Path) -> StoreError:
    return StoreError(f"Another ovtui has kept {plain(path)} busy for {BUSY_S:.0f} s. Try again.")


def newer(path: Path, found: int, known: int) -> StoreError:
    return StoreError(
        f"{plain(path)} was written by a newer ovtui (schema {found}; this one knows {known}). "
        "Upgrade ovtui, or set OVTUI_HOME to another folder."
    )


def foreign(path: Path) -> StoreError:
    return StoreError(
        f"{plain(path)} is another program's database. Move it away, or set OVTUI_HOME to another folder."
    )


def older(path: Path, found: int, known: int) -> StoreError:
    return StoreError(
        f"{plain(path)} was written by an older ovtui (schema {found}; this one needs {known}) and cannot be brought "
        f"forward where it is. Give {plain(path.parent)} write permission, or set OVTUI_HOME to a copy of it."
    )


def unreadable(error: Exception, path: Path) -> StoreError:
    if is_damage(error):
        return explained(error, path)
    return StoreError(
        f"Cannot read the database {plain(path)}: {plain(sentence(error), _QUOTED)} "
        "Give it read permission, or set OVTUI_HOME to another folder."
    )


def no_folder(path: Path) -> StoreError:
    return StoreError(f"{plain(path.parent)} is not a folder, and cannot become one: set OVTUI_HOME to another one.")


def in_the_way(path: Path) -> StoreError:
    return StoreError(
        f"{plain(path)} is a folder, but the database belongs there. Move it away, or set OVTUI_HOME to another folder."
    )
