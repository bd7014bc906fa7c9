"""The pass with counters that follows a measurement, while the job still holds the machine."""

from __future__ import annotations

import time
from typing import NamedTuple

import msgspec

from ovtui.analysis.ceilings import merged, raised, usable, worth_measuring
from ovtui.engine import events, messages, tasks
from ovtui.engine.device_process import Answer, DeviceProcess, run_memory_limit
from ovtui.engine.folder import EventWriter, JobFolder
from ovtui.engine.jobs.cancel import Cancel
from ovtui.errors import Cancelled, OvtuiError
from ovtui.records import Ceilings, Environment, Model, Profile, Result, Spec
from ovtui.store import Store

_LIMIT_S = 90.0


class Profiled(NamedTuple):
    """A profile, or why there is none."""

    profile: Profile | None
    reason: str | None = None


class Pass:
    """The device processes that come after a measurement, of the job that holds the machine."""

    def __init__(
        self, model: Model, spec: Spec, *, folder: JobFolder, writer: EventWriter, store: Store, cancel: Cancel
    ) -> None:
        self._model, self._spec = model, spec
        self._folder, self._writer, self._store, self._cancel = folder, writer, store, cancel

    def run(self, result: Result, environment: Environment) -> Profiled:
        """Look at the layers. Whatever becomes of it, the measurement stands: nothing is raised that one expects."""
        # Reading and compiling take as long as before; the pass itself knows when to end.
        loading = (result.read_ms or 0) + (result.compile_ms or 0) + (result.first_inference_ms or 0)
        task = tasks.ProfileTask(model=self._model, spec=self._spec)
        try:
            told = self._ask(task, messages.Profiled, _LIMIT_S + 4 * loading / 1e3)
        except Cancelled:
            return Profiled(None, "The layers were not looked at, since the run was cancelled during that.")
        except OvtuiError as error:
            return Profiled(None, f"The layers are unknown. {error}")
        return Profiled(self._with_ceilings(told.profile, told.device or self._spec.device, machine_of(environment)))

    def _with_ceilings(self, profile: Profile, device: str, machine: str) -> Profile:
        """With what the device can do at most, over all that was measured here and what these layers reached."""
        key = f"ceilings:{device}"
        known = usable(self._store.settings.get(key, Ceilings), machine)
        if worth_measuring(known, profile, time.time()):
            task = tasks.CeilingsTask(device=device, machine=machine)
            try:
                known = merged(known, self._ask(task, messages.Measured, _LIMIT_S).ceilings)
            except OvtuiError:  # layers without a roofline, or with an older one, are better than none
                if known is None:
                    return profile
        assert known is not None
        known = raised(known, profile)
        self._store.settings.set(key, known)
        return msgspec.structs.replace(profile, ceilings=known)

    def _ask(self, task: tasks.Task, answer: type[Answer], limit_s: float) -> Answer:
        """Let a device process do `task`; Cancelled or OvtuiError when there is no answer."""
        with DeviceProcess(task, self._folder.log, memory_limit=run_memory_limit()) as device:
            return device.answer(answer, cancelled=self._cancel.is_asked, limit_s=limit_s, each=self._tell)

    def _tell(self, message: messages.AnyMessage) -> None:
        if isinstance(message, messages.At) and message.phase.name in ("profiling", "ceilings"):
            self._writer.write(events.PhaseBegan(phase=message.phase))


def machine_of(environment: Environment) -> str:
    """What ceilings hold for: another processor, other cores or another OpenVINO have others."""
    quota = "" if environment.cpu_quota is None else f", quota {environment.cpu_quota:g}"
    return f"{environment.cpu}, {environment.cores} cores{quota}, OpenVINO {environment.openvino}"
