"""Jobs: what became of them, and who may say so."""

from __future__ import annotations

import pytest

from ovtui.errors import InputError, StoreError
from ovtui.records import Job, Status
from ovtui.store import Store

from .samples import NOW, a_model, a_run, its_job


def an_import(job_id: str = "j0import00", created: float = NOW, status: Status = "queued") -> Job:
    return Job(id=job_id, kind="import", status=status, folder=f"/jobs/{job_id}", created=created)


def test_a_job_goes_its_way(store: Store) -> None:
    store.models.save(a_model())
    store.jobs.create(an_import())
    store.jobs.set_process("j0import00", 4711, 123.0)
    assert store.jobs.set_status("j0import00", "running", started=NOW + 1)
    assert store.jobs.set_status("j0import00", "done", finished=NOW + 2, model="m0model000")
    assert store.jobs.get("j0import00") == Job(
        id="j0import00",
        kind="import",
        status="done",
        folder="/jobs/j0import00",
        created=NOW,
        started=NOW + 1,
        finished=NOW + 2,
        pid=4711,
        pid_started=123.0,
        model="m0model000",
    )


def test_those_that_are_going_on_come_oldest_first(store: Store) -> None:
    for n, status in enumerate(["running", "done", "queued", "failed", "cancelled", "interrupted", "queued"]):
        store.jobs.create(an_import(f"j{n}job", NOW - n, status))
    assert [job.id for job in store.jobs.live()] == ["j6job", "j2job", "j0job"]


def test_a_run_is_doing_as_its_job_is(store: Store) -> None:
    store.models.save(a_model())
    store.runs.create(run := a_run(), its_job(run))
    store.jobs.set_status(run.id, "running", started=NOW + 1)
    running = store.runs.get(run.id)
    assert running and (running.status, running.started) == ("running", NOW + 1)
    store.jobs.set_status(run.id, "failed", finished=NOW + 2, error="It broke.")
    failed = store.runs.get(run.id)
    assert failed and (failed.status, failed.finished, failed.error) == ("failed", NOW + 2, "It broke.")


@pytest.mark.parametrize(
    ("now", "then", "written"),
    [
        ("queued", "running", True),
        ("running", "done", True),
        ("running", "interrupted", True),
        ("done", "interrupted", False),  # it ended just before somebody missed its process
        ("interrupted", "done", True),  # it was missed, but lived
        ("interrupted", "running", False),
        ("cancelled", "running", False),  # it was cancelled before it began
        ("done", "cancelled", False),
        ("cancelled", "cancelled", True),
    ],
)
def test_what_a_job_says_of_itself_stands(store: Store, now: Status, then: Status, written: bool) -> None:
    store.jobs.create(an_import(status=now))
    assert store.jobs.set_status("j0import00", then) is written
    job = store.jobs.get("j0import00")
    assert job and job.status == (then if written else now)


def test_a_job_that_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(StoreError, match="has no job j0import00"):
        store.jobs.set_status("j0import00", "done")


def test_a_job_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    store.jobs.create(an_import("abc1000000"))
    store.jobs.create(an_import("abc2000000"))
    assert store.jobs.find("abc1").id == "abc1000000"
    assert store.jobs.find("abc2000000").id == "abc2000000"
    with pytest.raises(InputError, match="'abc' could be 2 jobs: abc1000000, abc2000000"):
        store.jobs.find("abc")
    with pytest.raises(InputError, match="There is no job 'xyz'"):
        store.jobs.find("xyz")
