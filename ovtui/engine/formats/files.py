"""Opening files that may be anything: never a FIFO or a device, and noticing when one changes under the reader."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from ovtui.errors import InputError
from ovtui.records import File
from ovtui.sanitize import plain

_CHUNK = 1 << 20  # bytes read at a time


def quoted(path: Path | str) -> str:
    """A path for a sentence: one safe line in quotes."""
    return f"'{plain(path, 200)}'"


def status(path: Path) -> os.stat_result:
    """What the path points to (links followed). InputError: nothing there, or it may not be looked at."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError(f"The path {quoted(path)} is not valid UTF-8; rename the file.") from None
    try:
        return path.stat()
    except FileNotFoundError:
        raise InputError(f"There is no file or folder {quoted(path)}; check the path.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{quoted(path)} cannot be read: {_why(error)}.") from error


def regular(path: Path) -> os.stat_result:
    """As `status`, for a path that must be a plain file."""
    found = status(path)
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{quoted(path)} is {_kind(found.st_mode)}, not a file that can hold a model.")
    return found


def opened(path: Path) -> BinaryIO:
    """The regular file at `path`, open for reading. Checked before and after opening, and never waited for."""
    regular(path)
    try:
        # A FIFO that took the file's place would block an ordinary open until someone writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be read: {_why(error)}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{quoted(path)} changed while it was being read; try again when nothing writes to it.")
    return os.fdopen(descriptor, "rb")


def head(path: Path, count: int) -> bytes:
    """The first bytes of a file."""
    try:
        with opened(path) as file:
            return file.read(count)
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be read: {_why(error)}.") from error


def digest(files: Sequence[Path]) -> tuple[str, tuple[File, ...]]:
    """The SHA-256 of a model and of each of its files.

    A model of one file has that file's digest; one of several has the digest of the sorted lines
    "<hexdigest>  <name relative to the files' common folder>\\n", which `sha256sum | sort | sha256sum` gives too.
    """
    records = tuple(_digest(path) for path in files)
    if len(records) == 1:
        return records[0].sha256, records
    base = os.path.commonpath([path.parent for path in files])
    lines = sorted(
        f"{record.sha256}  {Path(os.path.relpath(path, base)).as_posix()}\n"
        for path, record in zip(files, records, strict=True)
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest(), records


def _digest(path: Path) -> File:
    total = 0
    sha = hashlib.sha256()
    try:
        with opened(path) as file:
            before = os.fstat(file.fileno())
            while total <= before.st_size and (chunk := file.read(_CHUNK)):
                sha.update(chunk)
                total += len(chunk)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be read: {_why(error)}.") from error
    if total != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{quoted(path)} changed while it was being read; try again when nothing writes to it.")
    return File(path=str(path), bytes=total, sha256=sha.hexdigest())


def _why(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return plain(reason, 100).lower()


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
