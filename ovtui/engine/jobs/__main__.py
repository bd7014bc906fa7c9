"""`python -m ovtui.engine.jobs ID`: do the job of that folder, whoever watches or does not."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback

import msgspec

from ovtui.engine import events, liveness
from ovtui.engine.folder import EventWriter, JobFolder, JobSpec, prune
from ovtui.engine.jobs.cancel import Cancel
from ovtui.errors import InputError, OvtuiError, sentence
from ovtui.records import Job, Run, Status
from ovtui.sanitize import plain
from ovtui.store import Store, open_store


def main() -> int:
    """Run the job; its story is in the events, its result in the store."""
    cancel = Cancel()
    folder = JobFolder(sys.argv[1])
    order = folder.order()
    writer = EventWriter(folder)
    model: str | None = None
    status: Status = "done"
    error: str | None = None
    bad_input = False
    try:
        with open_store() as store:
            _register(order, folder, store)
            try:
                status, model = _do(order, folder, writer, store, cancel)
            except OvtuiError as raised:
                traceback.print_exc()
                error, bad_input, status = str(raised), isinstance(raised, InputError), raised.status
            except Exception as raised:  # noqa: BLE001 - the outermost door: the log has the traceback
                traceback.print_exc()
                error, status = f"Unexpected: {plain(sentence(raised), 300)} The log is {plain(folder.log)}.", "failed"
            # A run that saved itself has this status already.
            store.jobs.set_status(order.id, status, finished=time.time(), error=error, model=model)
            with contextlib.suppress(OSError):
                prune({job.id for job in store.jobs.live()} | {order.id})
    except OvtuiError as raised:
        # The store itself cannot be used: the events still tell it.
        traceback.print_exc()
        error, status = str(raised), "failed"
    writer.write(events.Ended(status=status, error=error, bad_input=bad_input, model=model))
    writer.close()
    return 0 if status == "done" else 1


def _register(order: JobSpec, folder: JobFolder, store: Store) -> None:
    """The job's row, with the process that stands for it; a run's as well."""
    now, pid = time.time(), os.getpid()
    job = Job(
        id=order.id,
        kind=order.kind,
        status="running" if order.kind == "import" else "queued",
        pid=pid,
        pid_started=liveness.started(pid),
        folder=str(folder.path),
        created=now,
    )
    if order.comparison is not None:
        job = msgspec.structs.replace(job, model=order.comparison.sides[0].model.id)
        store.comparisons.create(msgspec.structs.replace(order.comparison, created=now), job)
        return
    if order.exploration is not None:
        job = msgspec.structs.replace(job, model=order.exploration.model.id)
        store.explorations.create(msgspec.structs.replace(order.exploration, created=now), job)
        return
    if order.optimization is not None:
        job = msgspec.structs.replace(job, model=order.optimization.parent.id)
        store.optimizations.create(msgspec.structs.replace(order.optimization, created=now), job)
        return
    if order.model is None or order.spec is None:
        store.jobs.create(job)
        return
    run = Run(id=order.id, status="queued", label=order.label, model=order.model, spec=order.spec, created=now)
    store.runs.create(run, job)


def _do(
    order: JobSpec, folder: JobFolder, writer: EventWriter, store: Store, cancel: Cancel
) -> tuple[Status, str | None]:
    if order.kind == "import":
        from ovtui.engine.jobs import model_import

        writer.write(events.Started(pid=os.getpid()))
        return "done", model_import.run(order, folder, writer, store, cancel)
    ahead = _ahead(order, store)
    if order.comparison is not None:
        from ovtui.engine.jobs.comparison import ComparisonJob

        comparing = ComparisonJob(
            order, store.comparisons, folder=folder, writer=writer, store=store, cancel=cancel, behind=ahead
        )
        comparing.run()
        return comparing.status, order.comparison.sides[0].model.id
    if order.exploration is not None:
        from ovtui.engine.jobs.exploration import ExplorationJob
        from ovtui.engine.jobs.rate_search import RateSearchJob

        job_type = RateSearchJob if order.exploration.spec.mode == "server" else ExplorationJob
        exploring = job_type(
            order, store.explorations, folder=folder, writer=writer, store=store, cancel=cancel, behind=ahead
        )
        exploring.run()
        return exploring.status, order.exploration.model.id
    if order.optimization is not None:
        from ovtui.engine.jobs.optimization import OptimizationJob

        optimizing = OptimizationJob(
            order, store.optimizations, folder=folder, writer=writer, store=store, cancel=cancel, behind=ahead
        )
        optimizing.run()
        return optimizing.status, order.optimization.parent.id
    from ovtui.engine.jobs.run import RunJob

    measuring = RunJob(order, folder, writer, store, cancel, ahead)
    measuring.run()
    return measuring.status, order.model.id if order.model else None


def _ahead(order: JobSpec, store: Store) -> str:
    """Behind what a run waits, in words."""
    others = [job for job in store.jobs.live() if job.kind != "import" and job.id != order.id and not job.is_part]
    return ", then ".join(f"{job.kind} {job.id}" for job in others) or "another measurement on this machine"


if __name__ == "__main__":
    sys.exit(main())
