"""What is kept between starts, specs with a name, runs that are taken out and put back, and track records."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from ovtui.errors import InputError
from ovtui.records import Record, Result, Spec
from ovtui.store import Store, TrackRecord, open_store, schema

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


def with_median(ms: float, ci95: tuple[float, float | None], *, weak: bool) -> Result:
    latency = msgspec.structs.replace(
        a_result().latency_ms, p50=ms, ci95={"p50": ci95}, weak={"p50": True} if weak else {}
    )
    return msgspec.structs.replace(a_result(), latency_ms=latency)


def test_a_weak_median_is_marked_and_the_best_only_where_there_is_no_other(store: Store) -> None:
    store.models.save(a_model())

    def finish(name: str, number: int, result: Result) -> None:
        run = a_run(name, created=NOW + number)
        store.runs.create(run, its_job(run))
        store.runs.finish(name, "done", finished=NOW + number, result=result)

    finish("weak000000", 1, with_median(5.0, (3.0, 14.0), weak=True))
    record = store.runs.record_of("m0model000")
    assert (record.best_p50_ms, record.best_p50_weak, record.last_p50_weak) == (5.0, True, True)
    finish("openend000", 2, with_median(4.0, (3.0, None), weak=True))
    finish("known00000", 3, with_median(8.0, (7.9, 8.1), weak=False))
    record = store.runs.record_of("m0model000")
    assert (record.best_p50_ms, record.best_p50_weak, record.last_p50_weak) == (8.0, False, False)
    assert [line.p50_weak for line in store.runs.page()] == [False, True, True]
    best = store.runs.best("m0model000", "latency")
    assert best is not None and best.id == "known00000"


def test_medians_of_before_have_the_upper_end_of_their_interval(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", schema.STEPS[:5])
        open_store(path).close()
    with sqlite3.connect(path) as before:
        before.executescript("PRAGMA foreign_keys = OFF")
        for run, p50, result in (
            ("wide", 5.0, '{"latency_ms": {"ci95": {"p50": [3, 9]}}}'),
            ("narrow", 6.0, '{"latency_ms": {"ci95": {"p50": [5, 7]}}}'),
            ("none", 4.0, '{"latency_ms": {"ci95": {}}}'),
            ("damaged", 4.0, "{"),
        ):
            before.execute(
                "INSERT INTO runs (id, model, family, status, device, mode, created, p50_ms, warnings)"
                " VALUES (?, 'm', 'm', 'done', 'CPU', 'latency', 0, ?, 0)",
                (run, p50),
            )
            before.execute("INSERT INTO details (run, spec, result, warnings) VALUES (?, '', ?, '')", (run, result))
        before.execute("INSERT INTO families VALUES ('m', 'm', 0)")
        before.execute("INSERT INTO models VALUES ('m', 'm', NULL, 'm', '', '', 0, '')")
        before.executemany(
            "INSERT INTO jobs (id, kind, status, folder, created) VALUES (?, 'run', 'done', '', 0)",
            [("wide",), ("narrow",), ("none",), ("damaged",)],
        )
    before.close()
    with open_store(path) as store:
        found = {row["id"]: row["p50_high"] for row in store.database.rows("SELECT id, p50_high FROM runs")}
    assert found == {"wide": 9, "narrow": 7, "none": None, "damaged": None}


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
