"""The door to the engine for the command line and the app: start jobs, follow them, cancel them. Never OpenVINO.

job = await start_run(model, spec)
async for event in job.events(): ...
ended = await job.result()
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from ovtui import paths
from ovtui.engine import image_settings, liveness, messages, tasks
from ovtui.engine.events import AnyEvent, Ended
from ovtui.engine.folder import EventReader, JobFolder, tail
from ovtui.engine.job_specs import (
    ComparisonJobSpec,
    ExplorationJobSpec,
    ImportJobSpec,
    JobSpec,
    OptimizationJobSpec,
    RunJobSpec,
    new_id,
)
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError, OvtuiError
from ovtui.records import (
    Candidate,
    Comparison,
    Criterion,
    Data,
    Exploration,
    Grid,
    Images,
    Limits,
    Model,
    Optimization,
    Phase,
    Preview,
    Recipe,
    Spec,
    StaticShape,
)
from ovtui.records import Job as JobRow
from ovtui.sanitize import plain
from ovtui.store import open_store

_POLL_S = 0.1
_started: list[subprocess.Popen[bytes]] = []
_yielded: list[bool] = []
_GRACE_S = 15.0
_PREVIEW_S = 120.0


class Job:
    """A job as seen from outside: its folder, and its process if it is known."""

    def __init__(self, job_id: str, process: subprocess.Popen[bytes] | None = None) -> None:
        self.id = job_id
        self.folder = JobFolder(job_id)
        self._process = process
        self._known: tuple[int | None, float | None] | None = None  # process number and start

    async def events(self, poll_s: float = _POLL_S) -> AsyncIterator[AnyEvent]:
        """Its events from the beginning; ends after `Ended`, also when its process died without one."""
        reader = EventReader(self.folder)
        while True:
            dead = not self._alive()  # asked before reading, so that nothing written in between is missed
            for event in reader.read():
                yield event
                if isinstance(event, Ended):
                    self._reap()
                    return
            if dead:
                yield self._post_mortem()
                return
            await asyncio.sleep(poll_s)

    async def result(self, each: Callable[[AnyEvent], object] = lambda event: None) -> Ended:
        """Wait for the end, calling `each` with every event."""
        async for event in self.events():
            each(event)
            if isinstance(event, Ended):
                return event
        raise OvtuiError(f"The events of job {self.id} broke off.")

    async def cancel(self) -> None:
        """Ask it to end and keep what it has; after 15 seconds insist."""
        pid, since = self._identity()
        if pid is None or not liveness.alive(pid, since):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not await self._gone(pid, since, _GRACE_S):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            await self._gone(pid, since, 5)

    async def _gone(self, pid: int, since: float | None, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while liveness.alive(pid, since):
            if time.monotonic() > deadline:
                return False
            self._reap()
            await asyncio.sleep(_POLL_S)
        return True

    def _identity(self) -> tuple[int | None, float | None]:
        """Number and start of its process: what makes sure that it is this one."""
        if self._known is None:
            if self._process is not None:
                self._known = self._process.pid, liveness.started(self._process.pid)
            else:
                with open_store() as store:
                    row = store.jobs.get(self.id)
                self._known = (row.pid, row.pid_started) if row else (None, None)
        return self._known

    def _alive(self) -> bool:
        return self._process.poll() is None if self._process is not None else liveness.alive(*self._identity())

    def _reap(self) -> None:
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.01)

    def _post_mortem(self) -> Ended:
        """The end of a job that could not tell it."""
        with open_store() as store:
            reconcile(store)
            row = store.jobs.get(self.id)
        if row is not None and row.status not in ("queued", "running"):
            return Ended(status=row.status, error=row.error, model=row.model)
        lines = [line for line in tail(self.folder.log).splitlines() if line.strip()]
        why = f" {plain(lines[-1], 200)}" if lines else ""
        return Ended(status="failed", error=f"The job could not start.{why} The log is {self.folder.log}.")


def _start(spec: JobSpec) -> Job:
    """Start a process for `spec` that outlives this one: own session, no terminal, its own files."""
    if _yielded:
        raise RuntimeError("A process that has yielded its share of the machine would pass that on to the job.")
    folder = JobFolder.create(spec)
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ovtui.engine.jobs", spec.id],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # Python looks for modules in the working folder: not where somebody's model lies.
            cwd=folder.path,
            env=paths.for_jobs(),
        )
    # Kept until they end, so that they leave no zombies while this process lives.
    _started[:] = [started for started in _started if started.poll() is None] + [process]
    return Job(spec.id, process)


async def start_import(
    path: Path,
    *,
    name: str | None = None,
    shapes: dict[str, StaticShape] | None = None,
    layouts: dict[str, str] | None = None,
    extensions: Sequence[str] = (),
    limit_s: float | None = None,
    demo: bool = False,
) -> Job:
    """Begin to import the file at `path` (a folder for a SavedModel); with `demo`, make the built-in model there first.

    `extensions`: libraries with operations of its own, whose code then runs wherever the model is read.

    Its `Ended` names the model's id. Raises InputError for a name that is no text, StoreError when the data folder
    cannot be written.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"The name {plain(path)} is not valid UTF-8: rename the file.") from error
    return _start(
        ImportJobSpec(
            path=str(path.absolute()),
            name=name,
            demo=demo,
            shapes=shapes or {},
            layouts=layouts or {},
            extensions=tuple(extensions),
            limit_s=limit_s,
        )
    )


async def start_run(model: Model, spec: Spec, *, label: str | None = None) -> Job:
    """Begin to measure; the job's id is the run's. It queues while the machine measures something else."""
    return await _registered(_start(RunJobSpec(model=model, spec=spec, label=label)))


async def _registered(job: Job) -> Job:
    """The job once it is in the store, where others find it."""
    # Its first event comes after that.
    first = EventReader(job.folder)
    try:
        while not first.read() and job._alive():
            await asyncio.sleep(0.02)
    except BaseException:
        # Ctrl-C in this moment means the run, which nobody else knows of yet.
        await job.cancel()
        raise
    if not job._alive() and not EventReader(job.folder).read():
        raise OvtuiError(job._post_mortem().error or "The job could not start.")
    return job


async def start_comparison(
    sides: Sequence[Candidate], criterion: Criterion, *, seconds: float | None = None, label: str | None = None
) -> Job:
    """Begin to measure these in turn, A first, for so many seconds at most (a minute). Queues as a run does."""
    job_id = new_id()
    study = Comparison(
        id=job_id, status="queued", label=label, criterion=criterion, sides=tuple(sides), created=time.time()
    )
    return await _registered(_start(ComparisonJobSpec(id=job_id, study=study, seconds=seconds)))


async def start_exploration(
    model: Model,
    spec: Spec,
    grid: Grid,
    limits: Limits,
    *,
    seconds: float | None = None,
    fresh: bool = False,
    resumes: str | None = None,
    label: str | None = None,
) -> Job:
    """Begin to look for the best settings; with a spec of mode server, for the highest rate that keeps the limits.

    `seconds`: of each setting's turn. Unless `fresh`, what was measured earlier and still holds is not measured again;
    `resumes` is the id of an exploration all of whose settings count as known.
    """
    job_id = new_id()
    study = Exploration(
        id=job_id, status="queued", label=label, model=model, spec=spec, grid=grid, limits=limits, created=time.time(),
        seconds=seconds,
    )  # fmt: skip
    return await _registered(
        _start(ExplorationJobSpec(id=job_id, study=study, seconds=seconds, fresh=fresh, resumes=resumes))
    )


async def start_optimization(
    model: Model,
    recipe: Recipe,
    spec: Spec,
    *,
    compare: bool = True,
    seconds: float | None = None,
    label: str | None = None,
) -> Job:
    """Begin to make a version of a model; unless `compare` is False, both are then measured in turn as `spec` says.

    `seconds`: the longest that each of the two comparisons takes. How images become inputs is remembered for the
    family once a version was made so. InputError when the recipe needs what is not installed.
    """
    missing = quantize_missing()
    if missing is not None and recipe.method != "fp16":
        raise InputError(missing)
    job_id = new_id()
    study = Optimization(
        id=job_id, status="queued", label=label, parent=model, recipe=recipe, spec=spec, created=time.time()
    )
    job_spec = OptimizationJobSpec(id=job_id, study=study, seconds=seconds, compare=compare)
    return await _registered(_start(job_spec))


def stated_images(model: Model, data: Sequence[Data] | None = None) -> Images:
    """How images become this family's inputs, as somebody stated it last; empty if nobody did, or `data` has none."""
    from ovtui.engine.pixels import are_images  # with zipfile, which nobody needs to see the app

    if data is not None and not are_images(model, data):
        return Images()
    with open_store(readonly=True) as store:
        return image_settings.recall(store, model)


def quantize_missing() -> str | None:
    """What is to be installed before a model can be quantized; None when it is there."""
    if importlib.util.find_spec("nncf") is not None:
        return None
    return "Making INT8 versions needs NNCF: pip install 'ovtui[quantize]'"


def preview(model: Model, recipe: Recipe, stopped: Callable[[], bool] = lambda: False) -> Preview:
    """What the data of a recipe looks like. A process of its own reads it; OvtuiError or InputError when it cannot.

    `stopped` is asked ten times a second; once it says so, Cancelled is raised.
    """
    from ovtui.engine.device_request import ask  # with psutil, which nobody needs to see the app

    task = tasks.PreviewTask(model=model, recipe=recipe)
    told = ask(task, messages.Previewed, phase=Phase(name="previewing"), limit_s=_PREVIEW_S, stopped=stopped)
    return told.preview


def attach(job_id: str) -> Job:
    """A job somebody else started, from any terminal."""
    return Job(job_id)


def jobs() -> list[JobRow]:
    """What is queued or running now, oldest first."""
    with open_store() as store:
        reconcile(store)
        return store.jobs.live()


def yield_to_measurement() -> None:
    """Make this process use only what nobody else wants: for whatever draws while a measurement runs.

    There is no way back without privileges, and what this process starts would inherit it: so it starts no jobs any
    more.
    """
    _yielded.append(True)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        with contextlib.suppress(OSError):
            os.nice(19)
