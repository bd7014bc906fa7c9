"""Where a job works, and what every kind of job offers to the process that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ovtui.engine.folder import EventWriter, JobFolder
from ovtui.engine.jobs.cancel import Cancel
from ovtui.records import Job, Status
from ovtui.store import Store


@dataclass(frozen=True)
class JobContext:
    """The job's folder and events, the store, whether it was asked to end, and what it waits behind."""

    folder: JobFolder
    writer: EventWriter
    store: Store
    cancel: Cancel
    behind: str = ""  # should the holder of the measuring lock not have said who it is


class Work(Protocol):
    """A job of any kind."""

    status: Status  # once it has run

    @property
    def model(self) -> str | None:
        """The id of the model that it is about; of an import, once it is known."""

    def register(self, job: Job) -> None:
        """Put the job, and the record that it fills, into the store."""

    def run(self) -> None:
        """Do it, and keep what came of it. Raises OvtuiError; what was found until then is kept with it."""
