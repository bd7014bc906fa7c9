"""A job's folder: events come out as they went in, whatever cut them off; old folders go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ovtui.engine import events
from ovtui.engine.folder import EventReader, EventWriter, JobFolder, prune
from ovtui.engine.job_specs import ImportJobSpec
from ovtui.engine.timeline import Timeline
from ovtui.errors import StoreError
from ovtui.records import Phase


@pytest.fixture
def folder(home: Path) -> JobFolder:
    return JobFolder.create(ImportJobSpec(path="/x"))


def window(t_s: float, **more: object) -> events.Window:
    known = {"warming": False, "throughput_fps": 1.0, "inferences": 1, "p50_ms": 1.0, "p99_ms": None}
    return events.Window(t_s=t_s, estimate=None, median_ms=None, eta_s=None, progress=None, **known | more)  # type: ignore[arg-type]


def test_a_spec_comes_out_as_it_went_in(home: Path) -> None:
    spec = ImportJobSpec(path="/x", shapes={"image": (1, 3, 8, 8)}, limit_s=2.5)
    assert JobFolder.create(spec).spec() == spec
    assert JobFolder(spec.id).spec() == spec


def test_events_are_read_as_they_come(folder: JobFolder) -> None:
    writer, reader = EventWriter(folder), EventReader(folder)
    assert reader.read() == []
    writer.write(events.PhaseBegan(phase=Phase(name="reading")))
    writer.write(events.Note(text="a\nb\x1b"))
    _, second = reader.read()
    assert isinstance(second, events.Note)
    assert second.text == "a\nb\x1b"
    assert reader.read() == []
    writer.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.integers(min_value=0, max_value=400))
def test_a_file_cut_anywhere_gives_its_whole_events(folder: JobFolder, length: int) -> None:
    told = [events.PhaseBegan(phase=Phase(name=str(i)), t=1.0, time=2.0) for i in range(6)]
    data = b"".join(map(events.encode, told))[:length]
    folder.events.write_bytes(data)
    whole = data.count(b"\n")
    assert EventReader(folder).read() == told[:whole]


def test_a_line_that_is_no_event_is_passed_over(folder: JobFolder) -> None:
    good = events.encode(events.PhaseBegan(phase=Phase(name="x")))
    folder.events.write_bytes(good + b"{\xff}\n\n" + b'{"event":"unheard"}\n' + good)
    assert len(EventReader(folder).read()) == 2


def test_a_full_disk_silences_the_writer_but_does_not_stop_it(
    folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = EventWriter(folder)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        writer.write(events.PhaseBegan(phase=Phase(name="lost")))
    writer.write(events.PhaseBegan(phase=Phase(name="kept")))
    assert [event.phase.name for event in EventReader(folder).read() if isinstance(event, events.PhaseBegan)] == [
        "kept"
    ]
    writer.close()


def test_a_data_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OVTUI_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match="OVTUI_HOME"):
        JobFolder.create(ImportJobSpec(id="x", path="/x"))


def test_only_the_newest_folders_of_ended_jobs_are_kept(home: Path) -> None:
    for i in range(6):
        job = JobFolder.create(ImportJobSpec(id=f"job{i}", path="/x"))
        os.utime(job.path, (i, i))
    prune({"job0"}, keep=2)
    assert sorted(path.name for path in (home / "jobs").iterdir()) == ["job0", "job4", "job5"]


def test_a_long_run_keeps_a_bounded_timeline() -> None:
    timeline = Timeline()
    for i in range(20_000):
        timeline.add(window(float(i), disturbed="somebody" if i == 19_999 else None))
    series = timeline.series(None)
    assert len(series.t_s) < 4096
    assert series.t_s == sorted(series.t_s)
    assert series.t_s[0] == 0
