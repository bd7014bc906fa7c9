"""Jobs seen from outside, for a viewer that looks now and then: which go on, and what their events have told so far."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from ovtui.engine import events
from ovtui.engine.folder import EventReader, JobFolder
from ovtui.engine.reconcile import reconcile
from ovtui.engine.timeline import Timeline
from ovtui.records import (
    LIVE,
    STARTING,
    STEADY,
    Comparison,
    Effective,
    Histogram,
    Job,
    Phase,
    Result,
    Run,
    Status,
    Study,
)
from ovtui.store import Store

_KEPT = 4  # jobs that have ended, for whoever still shows them


@dataclass
class JobView:
    """One job: its events folded into what a screen shows."""

    id: str
    kind: str
    run: Run | None = None  # as it was when the job was first seen
    phase: Phase = STARTING
    phases: list[Phase] = field(default_factory=list)
    behind: str | None = None  # what it waits for, while it is queued
    notes: list[str] = field(default_factory=list)
    effective: Effective | None = None
    window: events.Window | None = None  # the last one
    doubts: list[float] = field(default_factory=list)  # half-width of the interval over the mean, each window
    histogram: Histogram | None = None
    result: Result | None = None  # the last that is known while it measures
    study: Study | None = None  # as it is known now
    part: Comparison | None = None  # the comparison that an optimization makes now
    ended: events.Ended | None = None
    timeline: Timeline = field(default_factory=Timeline)

    def __post_init__(self) -> None:
        self._reader = EventReader(JobFolder(self.id))

    @property
    def steady(self) -> bool:
        """It measures: news come twice a second, and this machine's cores are its own."""
        return self.ended is None and (self.behind is not None or self.phase.name in STEADY)

    def read(self) -> bool:
        """Take what is new; whether there was anything."""
        found = self._reader.read()
        for event in found:
            self.take(event)
        return bool(found)

    def take(self, event: events.AnyEvent) -> None:
        match event:
            case events.Queued():
                self.behind = event.behind
            case events.Started():
                self.behind = None
            case events.PhaseBegan():
                self.behind, self.phase = None, event.phase
                if event.phase not in self.phases:
                    self.phases.append(event.phase)
            case events.Note():
                self.notes.append(event.text)
            case events.Loaded():
                self.effective = event.effective
            case events.Window():
                self._take_window(event)
            case events.StudyChanged(study=Comparison() as part) if part.id != self.id:
                self.part = part
            case events.StudyChanged():
                self.study = event.study
            case events.Beat() if self.study is not None:
                self.study = msgspec.structs.replace(self.study, elapsed_s=event.elapsed_s)
            case events.Ended():
                self.ended = event

    def _take_window(self, window: events.Window) -> None:
        self.window = window
        self.timeline.add(window)
        self.result = window.result or self.result
        self.histogram = window.histogram or self.histogram
        estimate = window.estimate
        if estimate is not None and estimate.half_width is not None:
            self.doubts.append(estimate.half_width)


class JobMonitor:
    """All that goes on in the data folder, whoever started it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, JobView] = {}
        self._changes: int | None = None
        self.live: list[JobView] = []  # oldest first
        self.stale = True  # the store has changed since somebody set this to False

    def poll(self) -> bool:
        """Look at the store, if it has changed, and at the events of what goes on. Whether there is news."""
        changes = self._store.changes()
        if changes != self._changes or self.live:
            jobs = self._live_jobs()
            if changes != self._changes or [job.id for job in jobs] != [watched.id for watched in self.live]:
                self._changes, self.stale = changes, True
                self._list(jobs)
        read = [watched.read() for watched in self.live]
        return any(read) or self.stale

    def note_change(self) -> None:
        """This process has written itself, which the store's own count does not tell."""
        self._changes = None

    def of(self, job_id: str) -> JobView:
        """A job, also one that has ended: its events are read from the beginning."""
        if job_id not in self._seen:
            self._seen[job_id] = self._watched(job_id, self._kind(job_id))
        watched = self._seen[job_id]
        if watched.ended is None:
            watched.read()
            self._bury(watched)
        return watched

    def _live_jobs(self) -> list[Job]:
        jobs = self._store.jobs.live()
        if jobs:
            reconcile(self._store)
            jobs = self._store.jobs.live()
        return [job for job in jobs if not job.is_part]

    def _list(self, jobs: list[Job]) -> None:
        before = self.live
        for job in jobs:
            if job.id not in self._seen:
                self._seen[job.id] = self._watched(job.id, job.kind)
        self.live = [self._seen[job.id] for job in jobs]
        for gone in before:
            if gone not in self.live:
                self.of(gone.id)  # hears its last words
        ended = [job_id for job_id, watched in self._seen.items() if watched not in self.live]
        for job_id in ended[:-_KEPT]:
            del self._seen[job_id]

    def _watched(self, job_id: str, kind: str) -> JobView:
        return JobView(job_id, kind, self._store.runs.get(job_id) if kind == "run" else None)

    def _kind(self, job_id: str) -> str:
        job = self._store.jobs.get(job_id)
        return job.kind if job else "run"

    def _bury(self, watched: JobView) -> None:
        """A job that died says nothing; the store knows by now."""
        job = self._store.jobs.get(watched.id)
        if watched.ended is None and job is not None and job.status not in LIVE:
            status: Status = job.status
            watched.take(events.Ended(status=status, error=job.error, model=job.model))
