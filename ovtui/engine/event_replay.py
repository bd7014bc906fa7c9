"""What a job that died had told: its partial result and series, from its events."""

from __future__ import annotations

from dataclasses import dataclass

from ovtui.engine import events
from ovtui.engine.folder import EventReader, JobFolder
from ovtui.engine.timeline import Timeline
from ovtui.records import Result, Series


@dataclass(frozen=True)
class Remains:
    """The last that is known."""

    result: Result | None
    series: Series
    notes: tuple[str, ...]


def remains(job_id: str) -> Remains:
    """Replay the job's events."""
    timeline = Timeline()
    result: Result | None = None
    notes: list[str] = []
    for event in EventReader(JobFolder(job_id)).read():
        if isinstance(event, events.Window):
            timeline.add(event)
            result = event.result or result
        elif isinstance(event, events.Note):
            notes.append(event.text)
    return Remains(result=result, series=timeline.series(result), notes=tuple(notes))
