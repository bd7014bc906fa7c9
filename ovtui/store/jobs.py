"""Jobs: which there are and what became of them. Whether a process is alive is for others to find out."""

from __future__ import annotations

import sqlite3

import msgspec

from ovtui.errors import StoreError
from ovtui.records import LIVE, Job, Status
from ovtui.store.database import Database
from ovtui.store.finding import SHORTEST, after_prefix, searchable, the_one

_COLUMNS = "id, kind, status, folder, created, started, finished, pid, pid_started, model, error"


class Jobs:
    """The jobs, each with its process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, job: Job) -> None:
        with self._database.transaction():
            self._database.write(
                f"""
                INSERT INTO jobs ({_COLUMNS}) VALUES
                (:id, :kind, :status, :folder, :created, :started, :finished, :pid, :pid_started, :model, :error)
                """,
                msgspec.structs.asdict(job),
            )

    def set_process(self, job_id: str, pid: int, pid_started: float | None) -> None:
        """Which process does it; `pid_started` tells the process from a later one with the same number."""
        with self._database.transaction():
            self._database.write(
                "UPDATE jobs SET pid = :pid, pid_started = :pid_started WHERE id = :id",
                {"id": job_id, "pid": pid, "pid_started": pid_started},
            )

    def set_status(
        self,
        job_id: str,
        status: Status,
        *,
        started: float | None = None,
        finished: float | None = None,
        model: str | None = None,
        error: str | None = None,
    ) -> bool:
        """Note how a job, and its run if it has one, is doing. StoreError if there is none.

        What has ended stays as it ended, but "interrupted", which others say of a job, gives way to what it says
        of itself. Times and model stay where None is given; the error is this status's. Returns whether it was written.
        """
        with self._database.transaction():
            if not _may_become(self._status(job_id), status):
                return False
            values = {"id": job_id, "status": status, "started": started, "finished": finished, "error": error}
            self._database.write(
                """
                UPDATE jobs SET
                    status = :status,
                    started = coalesce(:started, started),
                    finished = coalesce(:finished, finished),
                    model = coalesce(:model, model),
                    error = :error
                WHERE id = :id
                """,
                {**values, "model": model},
            )
            self._database.write(
                """
                UPDATE runs SET
                    status = :status,
                    started = coalesce(:started, started),
                    finished = coalesce(:finished, finished),
                    error = :error
                WHERE id = :id
                """,
                values,
            )
        return True

    def get(self, job_id: str) -> Job | None:
        row = self._database.row(f"SELECT {_COLUMNS} FROM jobs WHERE id = :id", {"id": searchable(job_id)})
        return _job(row) if row else None

    def find(self, text: str) -> Job:
        """The job with this id, or with the only id that begins so; else InputError."""
        text = searchable(text)
        prefix = text.lower()
        exact = self.get(text)
        if exact:
            return exact
        rows = self._database.rows(
            f"""
            SELECT {_COLUMNS} FROM jobs
            WHERE id >= :prefix AND id < :after AND length(:prefix) >= {SHORTEST}
            ORDER BY id
            """,
            {"prefix": prefix, "after": after_prefix(prefix)},
        )
        jobs = {row["id"]: _job(row) for row in rows}
        return jobs[the_one(text, list(jobs), "job", "ovtui history")]

    def live(self) -> list[Job]:
        """Those that are queued or running, as far as is known; oldest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM jobs WHERE status IN ('queued', 'running') ORDER BY created"
        )
        return [_job(row) for row in rows]

    def _status(self, job_id: str) -> Status:
        row = self._database.row("SELECT status FROM jobs WHERE id = :id", {"id": job_id})
        if row is None:
            raise StoreError(f"The database {self._database.path} has no job {job_id}: it was deleted or replaced.")
        status: Status = row["status"]
        return status


def _may_become(now: Status, then: Status) -> bool:
    return now in LIVE or (now in ("interrupted", then) and then not in LIVE)


def _job(row: sqlite3.Row) -> Job:
    return Job(**dict(row))
