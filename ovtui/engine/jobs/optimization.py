"""The job that makes a version of a model: quantize or compress, hold it against its parent, measure both in turn."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from ovtui import paths
from ovtui.engine import image_settings, liveness, messages, tasks
from ovtui.engine.device.properties import check_device
from ovtui.engine.device_process import Answer, DeviceProcess, run_memory_limit
from ovtui.engine.job_specs import ComparisonJobSpec, ImportJobSpec, OptimizationJobSpec, new_id
from ovtui.engine.jobs.comparison import ComparisonJob
from ovtui.engine.jobs.context import JobContext
from ovtui.engine.jobs.model_import import import_model
from ovtui.engine.jobs.study import StudyJob
from ovtui.engine.probe import probe
from ovtui.errors import Cancelled, OvtuiError
from ovtui.records import STARTING, Candidate, Comparison, Job, Model, Optimization, Phase, Port, StaticShape
from ovtui.sanitize import plain

_COMPARED_S = 20.0  # each way, unless something else was asked for
_TOLD_S = 1.0  # nobody waits longer for a sign of life
_ETA_AFTER_S = 2.0


class OptimizationJob(StudyJob[Optimization]):
    """One optimization. Its comparisons are studies of their own, which this job makes within its turn."""

    def __init__(self, spec: OptimizationJobSpec, context: JobContext) -> None:
        super().__init__(spec.study, context)
        self._compares, self._seconds = spec.compare, spec.seconds
        self._shapes: dict[str, StaticShape] = {}  # of the samples

    @property
    def models(self) -> Sequence[Model]:
        return [self.study.parent]

    def work(self) -> None:
        """The version first; what follows can fail without costing it."""
        # What it is measured on is not looked for only after minutes of quantizing.
        self._show(Phase(name="device-search"))
        found = probe()
        check_device(self.study.spec.device, sorted(found.devices))
        if self.study.environment is not None:
            self._change(environment=msgspec.structs.replace(self.study.environment, openvino=found.openvino))
        partial = paths.unfinished(self.study.id)
        try:
            version = self._version(partial)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self._then(self._judge, version)
        if self._compares:
            self._then(self._compare_latency, version)
            self._then(self._compare_throughput, version)
        self._change(phase="", progress=None, eta_s=None)

    def _then(self, step: Callable[[Model], None], version: Model) -> None:
        try:
            step(version)
        except Cancelled:
            raise
        except OvtuiError as error:
            self.note(str(error))

    def _version(self, partial: Path) -> Model:
        parent, recipe = self.study.parent, self.study.recipe
        try:
            partial.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise OvtuiError(f"Cannot write to {plain(partial.parent)}: {error.strerror}.") from error
        name = self._name()
        file = partial / f"{name}.xml"
        made = self._ask(tasks.OptimizeTask(model=parent, recipe=recipe, path=str(file)), messages.Optimized)
        self._shapes = made.shapes
        self._change(samples=made.samples, skipped=made.skipped, preprocessing=made.preprocessing, nncf=made.nncf)
        if made.preprocessing is not None:
            image_settings.remember(self._store, parent, recipe.images)  # it is known to fit the model
        final = paths.versions() / new_id()
        try:
            partial.rename(final)
        except OSError as error:
            raise OvtuiError(f"Cannot write {plain(final)}: {error.strerror}.") from error
        try:
            spec = ImportJobSpec(id=self.study.id, path=str(final / file.name), name=name)
            model_id = import_model(spec, self._context, parent)
        except BaseException:
            shutil.rmtree(final, ignore_errors=True)  # nothing refers to it
            raise
        version = self._store.models.get(model_id)
        if version is None:
            raise OvtuiError(f"The version {plain(name)} is not in the store: somebody deleted it.")
        self._change(version=version)
        return version

    def _name(self) -> str:
        """The parent's name with the method, told apart from what the family has already; fit for a file."""
        parent = self.study.parent
        taken = {model.name for model in self._store.models.family(parent.family)}
        stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in parent.name)[:80].lstrip(".") or "model"
        name, again = f"{stem}-{self.study.recipe.method}", 2
        while name in taken:
            name, again = f"{stem}-{self.study.recipe.method}-{again}", again + 1
        return name

    def _judge(self, version: Model) -> None:
        recipe = self.study.recipe
        if not recipe.data and not recipe.random:
            self.note("Accuracy was not looked at, since there is no data: --data gives some.")
            return
        task = tasks.AccuracyTask(parent_model=self.study.parent, version=version, recipe=recipe, spec=self.study.spec)
        self._change(accuracy=self._ask(task, messages.Judged).accuracy)

    def _compare_latency(self, version: Model) -> None:
        self._compare(version, "latency", profile=True)

    def _compare_throughput(self, version: Model) -> None:
        self._compare(version, "throughput", profile=False)

    def _compare(self, version: Model, mode: Literal["latency", "throughput"], *, profile: bool) -> None:
        """Measure parent and version in turn; what came of it stays also when it is broken off."""
        self._show(Phase(name="comparing", mode=mode))
        spec = msgspec.structs.replace(self.study.spec, mode=mode, profile=profile)
        # Both are measured at what the samples have, so that speed and accuracy are of the same thing. A version keeps
        # the shapes that it was made with; a layout is of the parent's inputs.
        own = msgspec.structs.replace(spec, model=version.id, shapes=_open(version, self._shapes), layouts={})
        others = {p.name: self._shapes[p.name] for p in self.study.parent.inputs if _differs(p, self._shapes)}
        spec = msgspec.structs.replace(spec, shapes=others | spec.shapes)
        now = time.time()
        pid = os.getpid()
        parent = self.study.parent
        study = Comparison(
            id=new_id(), status="queued", label=None, criterion=mode, created=now,
            sides=(Candidate(model=parent, spec=spec), Candidate(model=version, spec=own)),
        )  # fmt: skip
        job = Job(
            id=study.id, kind="comparison", status="running", folder=str(self._folder.path), created=now,
            started=now, pid=pid, pid_started=liveness.started(pid), model=parent.id,
        )  # fmt: skip
        self._store.studies.create(study, job)
        self._change(**{mode: study.id})
        comparing = ComparisonJob(
            ComparisonJobSpec(id=study.id, study=study, seconds=self._seconds or _COMPARED_S), self._context
        )
        try:
            comparing.within()
        finally:
            # They have been told as they came up; here they stay with what they are about.
            self._notes += [each for each in comparing.study.warnings if each not in self._notes]

    def _show(self, phase: Phase, progress: float | None = None, eta_s: float | None = None) -> None:
        if phase.name != self.study.phase or phase.mode is not None:
            self.tell_phase(phase)
        self._change(phase=phase.name, progress=progress, eta_s=eta_s)

    def _ask(self, task: tasks.Task, answer: type[Answer]) -> Answer:
        """Let a device process do `task`, and tell how far it is; Cancelled or OvtuiError when there is no answer."""
        phase = messages.Progress(phase=STARTING, done=0, total=None)
        began = told = time.monotonic()

        def hear(message: messages.AnyMessage) -> None:
            nonlocal phase, began, told
            if isinstance(message, messages.Said):
                self.note(message.text)
            now_at = _progress(message) or phase
            if now_at.phase != phase.phase:
                began = told = time.monotonic()
                self._show(now_at.phase)
            phase = now_at

        def tell() -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= _TOLD_S:
                told = now
                self._show(phase.phase, _share(phase), _left(phase, now - began))

        self._show(phase.phase)
        with DeviceProcess(task, self._folder.log, memory_limit=run_memory_limit()) as device:
            return device.answer(answer, cancelled=self._cancel.is_asked, each=hear, look=tell)


def _differs(port: Port, shapes: dict[str, StaticShape]) -> bool:
    return port.name in shapes and shapes[port.name] != port.shape


def _open(model: Model, shapes: dict[str, StaticShape]) -> dict[str, StaticShape]:
    """Those of inputs whose shape is not fixed."""
    return {
        port.name: shapes[port.name]
        for port in model.inputs
        if port.name in shapes and (port.shape is None or not all(isinstance(dim, int) for dim in port.shape))
    }


def _progress(message: messages.AnyMessage) -> messages.Progress | None:
    """What a message tells of how far it is."""
    if isinstance(message, messages.At):
        return messages.Progress(phase=message.phase, done=0, total=None)
    return message if isinstance(message, messages.Progress) else None


def _share(phase: messages.Progress) -> float | None:
    return min(1.0, phase.done / phase.total) if phase.total else None


def _left(phase: messages.Progress, seconds: float) -> float | None:
    """Of the phase, as it went until now."""
    share = _share(phase)
    return seconds * (1 - share) / share if share and seconds >= _ETA_AFTER_S else None
