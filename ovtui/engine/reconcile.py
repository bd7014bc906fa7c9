"""Nothing is left `running` that is not: whoever opens the store next marks what died, keeping what it had told."""

from __future__ import annotations

import contextlib
import shutil
import time

import msgspec

from ovtui import paths
from ovtui.engine import liveness
from ovtui.errors import StoreError
from ovtui.records import LIVE, Job
from ovtui.store import Store

ERROR = "Its process died: killed, or the machine went down. What it had measured until then is kept."


def reconcile(store: Store) -> None:
    """Mark every queued or running job whose process is gone as interrupted."""
    for job in store.jobs.live():
        if liveness.alive(job.pid, job.pid_started):
            continue
        # It may have ended properly after the list was read; the dead change nothing any more.
        current = store.jobs.get(job.id)
        if current is not None and current.status in LIVE:
            # Where nothing can be written, looking must still be possible.
            with contextlib.suppress(StoreError):
                _bury(store, current)


def _bury(store: Store, job: Job) -> None:
    now = time.time()
    study = store.studies.get(job.id)
    if study is not None:
        if study.status in LIVE:
            study = msgspec.structs.replace(study, status="interrupted", error=ERROR, finished=now, eta_s=None)
        store.studies.save(study)
        shutil.rmtree(paths.unfinished(job.id), ignore_errors=True)
        return
    run = store.runs.get(job.id) if job.kind == "run" else None
    if run is None:
        store.jobs.set_status(job.id, "interrupted", error=ERROR, finished=now)
    elif run.status not in LIVE:
        store.jobs.set_status(job.id, run.status, error=run.error, finished=now)
    else:
        from ovtui.engine.event_replay import remains

        left = remains(job.id)
        store.runs.finish(
            job.id,
            "interrupted",
            result=left.result,
            series=left.series,
            warnings=left.notes,
            error=ERROR,
            finished=now,
        )
