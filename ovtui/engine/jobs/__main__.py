"""`python -m ovtui.engine.jobs ID`: do the job of that folder, whoever watches or does not."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
import traceback

from ovtui.engine import events, job_specs, liveness
from ovtui.engine.folder import EventWriter, JobFolder, prune
from ovtui.engine.jobs.cancel import Cancel
from ovtui.engine.jobs.context import JobContext, Work
from ovtui.errors import InputError, OvtuiError, sentence
from ovtui.records import Job, Status
from ovtui.sanitize import plain
from ovtui.store import Store, open_store

# Imported when they are needed: an import needs none of what measures.
_DONE_BY: dict[type[job_specs.JobSpec], str] = {
    job_specs.ImportJobSpec: "model_import:ImportJob",
    job_specs.RunJobSpec: "run:RunJob",
    job_specs.ComparisonJobSpec: "comparison:ComparisonJob",
    job_specs.ExplorationJobSpec: "exploration:exploration_job",
    job_specs.OptimizationJobSpec: "optimization:OptimizationJob",
}


def main() -> int:
    """Run the job; its story is in the events, its result in the store."""
    cancel = Cancel()
    folder = JobFolder(sys.argv[1])
    spec = folder.spec()
    writer = EventWriter(folder)
    model: str | None = None
    status: Status = "done"
    error: str | None = None
    bad_input = False
    try:
        with open_store() as store:
            work = _work(spec, JobContext(folder, writer, store, cancel, _ahead(spec, store)))
            pid = os.getpid()
            work.register(
                Job(
                    id=spec.id,
                    kind=spec.kind,
                    status="queued",
                    pid=pid,
                    pid_started=liveness.started(pid),
                    folder=str(folder.path),
                    created=time.time(),
                    model=work.model,
                )
            )
            try:
                work.run()
                status, model = work.status, work.model
            except OvtuiError as raised:
                traceback.print_exc()
                error, bad_input, status = str(raised), isinstance(raised, InputError), raised.status
            except Exception as raised:  # noqa: BLE001 - the outermost door: the log has the traceback
                traceback.print_exc()
                error, status = f"Unexpected: {plain(sentence(raised), 300)} The log is {plain(folder.log)}.", "failed"
            # A run that saved itself has this status already.
            store.jobs.set_status(spec.id, status, finished=time.time(), error=error, model=model)
            with contextlib.suppress(OSError):
                prune({job.id for job in store.jobs.live()} | {spec.id})
    except OvtuiError as raised:
        # The store itself cannot be used: the events still tell it.
        traceback.print_exc()
        error, status = str(raised), "failed"
    writer.write(events.Ended(status=status, error=error, bad_input=bad_input, model=model))
    writer.close()
    return 0 if status == "done" else 1


def _work(spec: job_specs.AnyJobSpec, context: JobContext) -> Work:
    module, name = _DONE_BY[type(spec)].split(":")
    work: Work = getattr(importlib.import_module(f"ovtui.engine.jobs.{module}"), name)(spec, context)
    return work


def _ahead(spec: job_specs.JobSpec, store: Store) -> str:
    """Behind what a job waits, in words."""
    others = [job for job in store.jobs.live() if job.kind != "import" and job.id != spec.id and not job.is_part]
    return ", then ".join(f"{job.kind} {job.id}" for job in others) or "another measurement on this machine"


if __name__ == "__main__":
    sys.exit(main())
