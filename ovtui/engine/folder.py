"""A job's folder, which is the protocol: what to do (job.json), what happened (events.jsonl), the log."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from pathlib import Path

from ovtui import paths
from ovtui.engine import events, job_specs
from ovtui.errors import StoreError


class JobFolder:
    """The files of one job."""

    def __init__(self, job_id: str) -> None:
        self.path = paths.jobs() / job_id
        self.events = self.path / "events.jsonl"
        self.log = self.path / "stderr.log"
        self._spec = self.path / "job.json"

    @classmethod
    def create(cls, spec: job_specs.JobSpec) -> JobFolder:
        """Make the folder and write what to do; StoreError when the data folder cannot be written."""
        folder = cls(spec.id)
        try:
            folder.path.mkdir(parents=True, mode=0o700)
            folder._spec.write_bytes(job_specs.encode(spec))
        except OSError as error:
            raise StoreError(
                f"Cannot write to the data folder {paths.home()}: {error.strerror}. "
                "Make room or give it write permission, or set OVTUI_HOME to another folder."
            ) from error
        return folder

    def spec(self) -> job_specs.AnyJobSpec:
        """What to do."""
        spec: job_specs.AnyJobSpec = job_specs.decode(self._spec.read_bytes())
        return spec


def prune(live: set[str], keep: int = 200) -> None:
    """Remove the oldest folders of jobs that have ended, beyond `keep`: what they told is in the store."""
    ended = [folder for folder in paths.jobs().iterdir() if folder.name not in live]
    if len(ended) > keep:
        for folder in sorted(ended, key=_modified)[: len(ended) - keep]:
            shutil.rmtree(folder, ignore_errors=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


class EventWriter:
    """Appends events; a disk that is full silences it but does not end the measurement."""

    def __init__(self, folder: JobFolder) -> None:
        self._fd = os.open(folder.events, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._torn = False
        self._whole = threading.RLock()  # the pulse writes beside the job
        self.told_s = time.monotonic()  # of the last event

    def write(self, event: events.AnyEvent) -> None:
        self.told_s = time.monotonic()
        with self._whole, contextlib.suppress(OSError):
            # After a write that was cut short, a newline keeps the next event whole.
            data = (b"\n" if self._torn else b"") + events.encode(event)
            self._torn = os.write(self._fd, data) < len(data)

    def close(self) -> None:
        os.close(self._fd)


class EventReader:
    """Reads events as they come, from the beginning, remembering where it was."""

    def __init__(self, folder: JobFolder) -> None:
        self._path = folder.events
        self._offset = 0

    def read(self) -> list[events.AnyEvent]:
        """The events since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        found = (events.decode(line) for line in whole.split(b"\n") if line)
        return [event for event in found if event is not None]


def tail(path: Path, size: int = 4000) -> str:
    """The end of a log, for an error that quotes it."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
