"""Signs of life: only while nothing else is told, and never after the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ovtui.engine import events
from ovtui.engine.folder import EventReader, EventWriter, JobFolder
from ovtui.engine.job_monitor import JobView
from ovtui.engine.job_specs import ImportJobSpec
from ovtui.engine.jobs.heartbeat import Heartbeat
from tests.tui.explorations import exploration


@pytest.fixture
def writer(home: Path) -> Iterator[EventWriter]:
    writer = EventWriter(JobFolder.create(ImportJobSpec(id="job0000001", path="/x")))
    yield writer
    writer.close()


def beats() -> list[events.AnyEvent]:
    return [event for event in EventReader(JobFolder("job0000001")).read() if isinstance(event, events.Beat)]


def test_silence_is_broken_and_ends_with_the_job(writer: EventWriter) -> None:
    with Heartbeat(writer, lambda: 12.5):
        deadline = time.monotonic() + 30
        while len(beats()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    told = beats()
    assert {beat.elapsed_s for beat in told if isinstance(beat, events.Beat)} == {12.5}
    time.sleep(1.5)
    assert len(beats()) == len(told)


def test_whoever_watches_sees_the_time_go_on(home: Path) -> None:
    watched = JobView("job0000001", "exploration")
    watched.take(events.Beat(elapsed_s=1.0))  # before anything is known of it
    watched.take(events.StudyChanged(study=exploration(elapsed_s=3.0)))
    watched.take(events.Beat(elapsed_s=4.0))
    assert watched.study is not None
    assert watched.study.elapsed_s == 4.0
