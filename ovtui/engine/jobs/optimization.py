"""The job that makes a version of a model: quantize or compress, hold it against its parent, measure both in turn."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from ovtui import paths
from ovtui.engine import image_settings, liveness, messages
from ovtui.engine.device.properties import check_device
from ovtui.engine.device_process import DeviceProcess, run_memory_limit
from ovtui.engine.folder import JobSpec, new_id
from ovtui.engine.jobs import model_import
from ovtui.engine.jobs.comparison import ComparisonJob
from ovtui.engine.jobs.study import StudyJob
from ovtui.engine.probe import probe
from ovtui.errors import Cancelled, OvtuiError
from ovtui.records import Candidate, Comparison, Job, Model, Optimization, Port, StaticShape
from ovtui.sanitize import plain

T = TypeVar("T", messages.Optimized, messages.Judged)

_COMPARED_S = 20.0  # each way, unless something else was asked for
_TOLD_S = 1.0  # nobody waits longer for a sign of life
_ETA_AFTER_S = 2.0


class OptimizationJob(StudyJob[Optimization]):
    """One optimization. Its comparisons are studies of their own, which this job makes within its turn."""

    noun = "optimization"

    def __init__(self, order: JobSpec, *args: object, **places: object) -> None:
        assert order.optimization is not None
        super().__init__(order.optimization, *args, **places)  # type: ignore[arg-type]
        self._compares, self._seconds = order.compare, order.seconds
        self._shapes: dict[str, StaticShape] = {}  # of the samples

    @property
    def models(self) -> Sequence[Model]:
        return [self.study.parent]

    def work(self) -> None:
        """The version first; what follows can fail without costing it."""
        # What it is measured on is not looked for only after minutes of quantizing.
        self._show(phase="looking for the device")
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
        made = self._ask(
            messages.Task(kind="optimize", model=parent, recipe=recipe, path=str(file)), messages.Optimized
        )
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
            order = JobSpec(id=self.study.id, kind="import", path=str(final / file.name), name=name)
            model_id = model_import.run(order, self._folder, self._writer, self._store, self._cancel, parent)
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
        task = messages.Task(
            kind="judge", model=self.study.parent, version=version, recipe=recipe, spec=self.study.spec
        )
        self._change(accuracy=self._ask(task, messages.Judged).accuracy)

    def _compare_latency(self, version: Model) -> None:
        self._compare(version, "latency", profile=True)

    def _compare_throughput(self, version: Model) -> None:
        self._compare(version, "throughput", profile=False)

    def _compare(self, version: Model, mode: Literal["latency", "throughput"], *, profile: bool) -> None:
        """Measure parent and version in turn; what came of it stays also when it is broken off."""
        self._show(phase=f"measuring {mode} in turn")
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
        self._store.comparisons.create(study, job)
        self._change(**{mode: study.id})
        comparing = ComparisonJob(
            JobSpec(id=study.id, kind="comparison", comparison=study, seconds=self._seconds or _COMPARED_S),
            self._store.comparisons,
            folder=self._folder,
            writer=self._writer,
            store=self._store,
            cancel=self._cancel,
            behind="",
        )
        try:
            comparing.within()
        finally:
            # They have been told as they came up; here they stay with what they are about.
            self._notes += [text for text in comparing.study.warnings if text not in self._notes]

    def _show(self, *, phase: str, progress: float | None = None, eta_s: float | None = None) -> None:
        if phase != self.study.phase:
            self.say(phase)
        self._change(phase=phase, progress=progress, eta_s=eta_s)

    def _ask(self, task: messages.Task, answer: type[T]) -> T:
        """Let a device process do `task`, and tell how far it is; Cancelled or OvtuiError when there is no answer."""
        device = DeviceProcess(task, self._folder.log, memory_limit=run_memory_limit())
        phase = messages.Progress(phase="starting", done=0, total=None)
        began = told = time.monotonic()
        self._show(phase=phase.phase)
        try:
            while True:
                ended = device.ended
                for message in device.hear(0.1):
                    if isinstance(message, answer):
                        return message
                    if isinstance(message, messages.Said):
                        self.note(message.text)
                    now_at = _progress(message) or phase
                    if now_at.phase != phase.phase:
                        began = told = time.monotonic()
                        self._show(phase=now_at.phase)
                    phase = now_at
                if self._cancel.asked:
                    raise Cancelled("Cancelled.")
                if ended:
                    raise OvtuiError(f"The process left without a word; the log is {plain(self._folder.log)}.")
                now = time.monotonic()
                if now - told >= _TOLD_S:
                    told = now
                    self._show(phase=phase.phase, progress=_share(phase), eta_s=_left(phase, now - began))
        finally:
            device.end()


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
