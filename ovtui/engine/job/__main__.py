"""`python -m ovtui.engine.job ID`: do the job of that folder, whoever watches or does not."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback

from ovtui.engine import events, liveness
from ovtui.engine.folder import EventWriter, JobFolder, Order, prune
from ovtui.engine.job.cancel import Cancel
from ovtui.errors import InputError, OvtuiError, sentence
from ovtui.records import Job, Run, Status
from ovtui.store import Store, open_store
from ovtui.text import plain


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


def _register(order: Order, folder: JobFolder, store: Store) -> None:
    """The job's row, with the process that stands for it; a run's as well."""
    now, pid = time.time(), os.getpid()
    job = Job(
        id=order.id,
        kind=order.kind,
        status="queued" if order.kind == "run" else "running",
        pid=pid,
        pid_started=liveness.started(pid),
        folder=str(folder.path),
        created=now,
    )
    if order.model is None or order.spec is None:
        store.jobs.create(job)
        return
    run = Run(id=order.id, status="queued", label=order.label, model=order.model, spec=order.spec, created=now)
    store.runs.create(run, job)


def _do(
    order: Order, folder: JobFolder, writer: EventWriter, store: Store, cancel: Cancel
) -> tuple[Status, str | None]:
    if order.kind == "import":
        from ovtui.engine.job import importing

        writer.write(events.Started(pid=os.getpid()))
        return "done", importing.run(order, folder, writer, store, cancel)
    from ovtui.engine.job.measuring import Measuring

    measuring = Measuring(order, folder, writer, store, cancel, _ahead(order, store))
    measuring.run()
    return measuring.status, order.model.id if order.model else None


def _ahead(order: Order, store: Store) -> str:
    """Behind what a run waits, in words."""
    others = [job for job in store.jobs.live() if job.kind == "run" and job.id != order.id]
    return ", then ".join(f"run {job.id}" for job in others) or "another measurement on this machine"


if __name__ == "__main__":
    sys.exit(main())
