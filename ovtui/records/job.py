"""Work in a process of its own."""

from __future__ import annotations

from ovtui.records.base import Record, Status


class Job(Record, frozen=True):
    """Work in its own process. A run has the id of its job."""

    id: str
    kind: str  # a name in kinds.py, or one that a newer version has
    status: Status
    folder: str
    created: float
    started: float | None = None
    finished: float | None = None
    pid: int | None = None
    pid_started: float | None = None  # tells the process from a later one with the same number
    model: str | None = None  # id; an import knows it when it is done
    error: str | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is made by another job, in whose folder it tells what it does."""
        return bool(self.folder) and not self.folder.endswith(self.id)
