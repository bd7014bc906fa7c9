"""Runs: kept whole, listed newest first, found by what a person typed."""

from __future__ import annotations

import msgspec
import pytest

from ovtui.errors import InputError, StoreError
from ovtui.records import Estimate, RunFilter, Spec
from ovtui.store import Store

from .samples import (
    NOW,
    a_histogram,
    a_model,
    a_result,
    a_run,
    a_series,
    add_finished,
    an_effective,
    an_environment,
    its_job,
)


@pytest.fixture(autouse=True)
def model(store: Store) -> None:
    store.models.save(a_model())


def add(store: Store, run_id: str, n: int = 0, **other: object) -> None:
    run = a_run(run_id, created=NOW + n, **other)
    store.runs.create(run, its_job(run))


def test_a_finished_run_comes_back_as_it_was(store: Store) -> None:
    add_finished(store, a_run(label="first"))
    assert store.runs.get("r0run00000") == a_run(
        label="first",
        status="done",
        finished=NOW + 12,
        effective=an_effective(),
        environment=an_environment(),
        result=a_result(),
        warnings=("the machine was busy",),
    )
    assert store.runs.series("r0run00000") == a_series()
    assert store.runs.histogram("r0run00000") == a_histogram()


def test_a_whole_run_from_elsewhere_is_kept_whole(store: Store) -> None:
    run = a_run(
        status="done",
        started=NOW,
        finished=NOW + 1,
        effective=an_effective(),
        environment=an_environment(),
        result=a_result(),
        warnings=("w",),
    )
    store.runs.create(run, its_job(run))
    assert store.runs.get(run.id) == run


def test_history_shows_of_a_run(store: Store) -> None:
    add_finished(store, a_run(label="first"))
    (line,) = store.runs.page()
    assert msgspec.structs.asdict(line) == {
        "id": "r0run00000",
        "status": "done",
        "label": "first",
        "model": "m0model000",
        "model_name": "net-m0model000",
        "device": "CPU",
        "mode": "latency",
        "batch": 4,
        "streams": 2,
        "throughput_fps": Estimate(mean=100.0, ci95=(99.0, 101.0), converged=True),
        "p50_ms": 9.9,
        "created": NOW,
        "started": None,
        "finished": NOW + 12,
        "error": None,
        "warnings": 1,
        "p50_weak": False,
    }


def test_until_it_is_known_history_shows_what_was_asked_for(store: Store) -> None:
    add(store, "r0run00000", spec=Spec(model="m0model000", batch=8))
    (line,) = store.runs.page()
    assert (line.batch, line.streams, line.throughput_fps, line.p50_ms) == (8, None, None, None)


def test_a_mean_without_an_interval_comes_back_without(store: Store) -> None:
    add(store, "r0run00000")
    throughput = Estimate(mean=3.0, ci95=None, converged=False)
    result = msgspec.structs.replace(a_result(), throughput_fps=throughput)
    store.runs.finish("r0run00000", "done", finished=NOW, result=result)
    assert store.runs.page()[0].throughput_fps == throughput


def test_what_an_interrupted_run_found_out_is_kept(store: Store) -> None:
    add(store, "r0run00000")
    store.runs.finish(
        "r0run00000", "interrupted", finished=NOW, result=a_result(7.0), series=a_series(), error="Its process died."
    )
    run = store.runs.get("r0run00000")
    assert run and run.result
    assert (run.status, run.error, run.result.inferences_per_s) == ("interrupted", "Its process died.", 7.0)
    assert store.runs.series("r0run00000") == a_series()
    assert store.runs.histogram("r0run00000") is None


def test_a_run_that_was_missed_but_lived_replaces_what_was_said_of_it(store: Store) -> None:
    add(store, "r0run00000")
    store.runs.finish("r0run00000", "interrupted", finished=NOW, error="Its process died.")
    assert store.runs.finish("r0run00000", "done", finished=NOW + 1, result=a_result(), series=a_series())
    assert not store.runs.finish("r0run00000", "interrupted", finished=NOW + 2)
    run = store.runs.get("r0run00000")
    assert run and (run.status, run.error, run.finished, run.result) == ("done", None, NOW + 1, a_result())
    job = store.jobs.get("r0run00000")
    assert job and (job.status, job.error) == ("done", None)


def test_a_result_is_kept_with_its_series_or_not_at_all(store: Store) -> None:
    add(store, "r0run00000")
    store.database.connection.execute(
        "CREATE TEMP TRIGGER broken BEFORE INSERT ON histograms BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(StoreError):
        store.runs.finish(
            "r0run00000", "done", finished=NOW, result=a_result(), series=a_series(), histogram=a_histogram()
        )
    assert store.runs.get("r0run00000") == a_run()
    assert store.runs.series("r0run00000") is None
    assert [job.status for job in store.jobs.live()] == ["queued"]


def test_a_run_and_its_job_are_made_together_or_not_at_all(store: Store) -> None:
    run = a_run(model=a_model("m9unknown0"))
    with pytest.raises(StoreError):
        store.runs.create(run, its_job(run, model=None))
    assert store.jobs.get(run.id) is None


def test_a_transaction_of_several_writes_is_one(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.transaction():
        add(store, "r0run00000")
        add(store, "r1run00000")
        raise KeyboardInterrupt
    assert store.runs.count() == 0


def test_pages_follow_each_other_newest_first(store: Store) -> None:
    moments = [5, 3, 3, 3, 1, 9, 9]  # several in the same moment
    for n, moment in enumerate(moments):
        add(store, f"r{n}run", moment)
    pages, before = [], None
    while page := store.runs.page(limit=2, before=before):
        pages.append([run.id[:2] for run in page])
        before = page[-1].created, page[-1].id
    assert pages == [["r6", "r5"], ["r0", "r3"], ["r2", "r1"], ["r4"]]


def test_a_page_stays_where_it_is_when_new_runs_come(store: Store) -> None:
    for n in range(4):
        add(store, f"r{n}run", n)
    last = store.runs.page(limit=2)[-1]
    add(store, "r9new", 9)
    assert [run.id for run in store.runs.page(limit=2, before=(last.created, last.id))] == ["r1run", "r0run"]


def test_filters_hold_all_at_once(store: Store) -> None:
    other, version = a_model("m1other000"), a_model("m2version0", family="m0model000", parent="m0model000")
    store.models.save(other)
    store.models.save(version)
    add(store, "a", 1)
    add(store, "b", 2, spec=Spec(model="m0model000", device="GPU"))
    add(store, "c", 3, spec=Spec(model="m0model000", mode="throughput"), status="failed")
    add(store, "d", 4, model=other, spec=Spec(model=other.id))
    add(store, "e", 5, model=version, spec=Spec(model=version.id, device="GPU"))

    def found(**filters: object) -> str:
        chosen = RunFilter(**filters)
        ids = "".join(run.id for run in store.runs.page(chosen))
        assert store.runs.count(chosen) == len(ids)
        assert "".join(run.id for run in store.runs.whole(chosen)) == ids
        return ids

    assert found() == "edcba"
    assert found(model="m0model000") == "cba"
    assert found(family="m0model000") == "ecba"
    assert found(device="GPU") == "eb"
    assert found(mode="throughput") == "c"
    assert found(status="queued") == "edba"
    assert found(since=NOW + 3) == "edc"
    assert found(family="m0model000", device="GPU", since=NOW + 3) == "e"
    assert found(device="NPU") == ""


def test_whole_runs_come_in_the_order_of_history(store: Store) -> None:
    for n in (2, 1, 3):
        add_finished(store, a_run(f"r{n}run00000", created=NOW + n))
    runs = store.runs.whole(limit=2)
    assert [run.id for run in runs] == ["r3run00000", "r2run00000"]
    assert runs == [store.runs.get(run.id) for run in runs]


def test_a_run_is_found_by_its_id_its_beginning_or_its_label(store: Store) -> None:
    add(store, "abc1000000", 1, label="nightly")
    add(store, "abd2000000", 2)
    for text in ("abc1000000", "abc", "ABC1", "nightly"):
        assert store.runs.find(text).id == "abc1000000"
    assert store.runs.find("last").id == "abd2000000"


def test_an_id_counts_before_what_begins_with_it_or_is_labelled_with_it(store: Store) -> None:
    add(store, "abc", 1)
    add(store, "abcdef", 2, label="abc")
    assert store.runs.find("abc").id == "abc"


def test_what_may_mean_several_runs_names_them(store: Store) -> None:
    for n in range(7):
        add(store, f"abc{n}", n, label="nightly" if n < 2 else None)
    with pytest.raises(InputError) as caught:
        store.runs.find("abc")
    assert str(caught.value) == ("'abc' could be 7 runs: abc0, abc1, abc2, abc3, abc4 and 2 more. Give more of the id.")
    with pytest.raises(InputError, match="'nightly' could be 2 runs: abc0, abc1"):
        store.runs.find("nightly")


@pytest.mark.parametrize("text", ["xyz", "%", "ab", "", "a_c", "\x1b[31m", "\udcff", "last "])
def test_what_means_no_run_is_said(store: Store, text: str) -> None:
    add(store, "abc1000000")
    with pytest.raises(InputError) as caught:
        store.runs.find(text)
    assert "\x1b" not in str(caught.value)
    str(caught.value).encode()


def test_there_is_no_last_run_before_the_first(store: Store) -> None:
    with pytest.raises(InputError, match="Nothing was measured yet"):
        store.runs.find("last")


def test_a_label_can_be_changed_and_taken_away(store: Store) -> None:
    add(store, "r0run00000", label="old")
    store.runs.set_label("r0run00000", "new")
    assert store.runs.find("new").label == "new"
    store.runs.set_label("r0run00000", None)
    assert store.runs.page()[0].label is None


def test_a_deleted_run_leaves_nothing_behind(store: Store) -> None:
    add_finished(store, a_run())
    add_finished(store, a_run("r1run00000"))
    store.runs.delete("r0run00000")
    assert [run.id for run in store.runs.page()] == ["r1run00000"]
    for table in ("jobs", "runs", "details", "series", "histograms"):
        assert store.database.row(f"SELECT count(*) FROM {table}")[0] == 1, table
    store.runs.delete("r0run00000")


def test_a_run_that_is_going_on_cannot_be_deleted(store: Store) -> None:
    add(store, "r0run00000", status="running")
    with pytest.raises(InputError, match="going on"):
        store.runs.delete("r0run00000")
    assert store.runs.count() == 1


def test_a_record_that_cannot_be_read_is_said(store: Store) -> None:
    add(store, "r0run00000")
    store.database.connection.execute("UPDATE details SET spec = '{}'")
    with pytest.raises(StoreError, match=r"holds a damaged or unknown spec: .*model"):
        store.runs.get("r0run00000")
