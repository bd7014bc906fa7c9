"""What is kept between starts, specs with a name, runs that are taken out and put back, and track records."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ovtui.errors import InputError
from ovtui.records import Record, Spec
from ovtui.store import Store, TrackRecord, open_store

from .samples import NOW, a_model, a_result, a_run, add_finished, its_job


class Looks(Record, frozen=True):
    theme: str = "dark"
    wide: bool = False


def test_a_setting_comes_back_as_it_was(store: Store) -> None:
    assert store.settings.get("looks", Looks) is None
    store.settings.set("looks", Looks(theme="light"))
    store.settings.set("looks", Looks(theme="light", wide=True))
    assert store.settings.get("looks", Looks) == Looks(theme="light", wide=True)


def test_a_setting_of_another_kind_counts_as_none(store: Store) -> None:
    store.settings.set("looks", [1, 2])
    assert store.settings.get("looks", Looks) is None


def test_presets_are_saved_by_name_and_replaced(store: Store) -> None:
    store.presets.save(" fast ", Spec(model="m1", batch=4))
    store.presets.save("fast", Spec(model="m2", batch=8))
    store.presets.save("ünïcode", Spec(model="m2"))
    assert store.presets.names() == ["fast", "ünïcode"]
    assert store.presets.find("fast") == Spec(model="", batch=8)
    store.presets.delete("fast")
    assert store.presets.names() == ["ünïcode"]


def test_a_preset_that_is_not_there_is_said(store: Store) -> None:
    store.presets.save("fast", Spec(model=""))
    with pytest.raises(InputError, match="no preset 'slow'; there is fast"):
        store.presets.find("slow")
    with pytest.raises(InputError, match="needs a name"):
        store.presets.save("  ", Spec(model=""))


def test_runs_are_taken_out_whole_and_put_back_whole(store: Store) -> None:
    store.models.save(a_model())
    for n in range(3):
        add_finished(store, a_run(f"run{n}000000", created=NOW + n))
    before = store.runs.whole(), store.runs.page(), store.jobs.get("run1000000")
    series, histogram = store.runs.series("run1000000"), store.runs.histogram("run1000000")
    removed = store.runs.take_out(["run1000000", "run2000000", "not there"])
    assert [run.id for run in removed] == ["run1000000", "run2000000"]
    assert store.runs.count() == 1
    assert store.runs.series("run1000000") is None
    store.runs.put_back(removed)
    store.runs.put_back(removed)  # twice is once
    assert (store.runs.whole(), store.runs.page(), store.jobs.get("run1000000")) == before
    assert (store.runs.series("run1000000"), store.runs.histogram("run1000000")) == (series, histogram)


def test_one_that_goes_on_keeps_all_of_them(store: Store) -> None:
    store.models.save(a_model())
    add_finished(store, a_run("run0000000"))
    going = a_run("run1000000", status="running")
    store.runs.create(going, its_job(going))
    with pytest.raises(InputError, match="is going on"):
        store.runs.take_out(["run0000000", "run1000000"])
    assert store.runs.count() == 2


def test_a_models_record_is_of_runs_alike_and_its_best_of_all(store: Store) -> None:
    store.models.save(a_model())
    assert store.runs.record_of("m0model000") == TrackRecord((), (), None, None)
    for n, (mode, rate) in enumerate([("latency", 50.0), ("throughput", 90.0), ("latency", 60.0), ("latency", 55.0)]):
        run = a_run(f"run{n}000000", created=NOW + n, spec=Spec(model="m0model000", mode=mode))  # type: ignore[arg-type]
        store.runs.create(run, its_job(run))
        store.runs.finish(run.id, "done", finished=NOW + n, result=a_result(rate))
    record = store.runs.record_of("m0model000", last=2)
    assert record.throughput_fps == (60.0, 55.0)
    assert record.best_throughput_fps == 90.0
    assert record.best_p50_ms == a_result().latency_ms.p50


def test_another_connections_writing_is_noticed(path: Path, store: Store) -> None:
    before = store.changes()
    assert store.changes() == before
    with open_store(path) as other:
        other.models.save(a_model())
    assert store.changes() != before


def test_a_line_of_history_can_be_read_alone(store: Store) -> None:
    store.models.save(a_model())
    add_finished(store, a_run())
    assert store.runs.summary("r0run00000") == store.runs.page()[0]
    assert store.runs.summary("nobody") is None
    assert msgspec.structs.asdict(store.runs.page()[0])["warnings"] == 1
