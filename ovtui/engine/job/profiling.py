"""The pass with counters that follows a measurement, while the job still holds the machine."""

from __future__ import annotations

import time
from typing import NamedTuple

import msgspec

from ovtui.engine import events, messages
from ovtui.engine.device_process import DeviceProcess, run_memory_limit
from ovtui.engine.folder import EventWriter, JobFolder
from ovtui.engine.job.cancel import Cancel
from ovtui.errors import OvtuiError
from ovtui.records import Ceilings, Environment, Model, Profile, Result, Spec
from ovtui.store import Store

_LIMIT_S = 90.0


class Profiled(NamedTuple):
    """A profile, or why there is none."""

    profile: Profile | None
    reason: str | None = None


def profiled(
    model: Model,
    spec: Spec,
    result: Result,
    environment: Environment,
    *,
    folder: JobFolder,
    writer: EventWriter,
    store: Store,
    cancel: Cancel,
) -> Profiled:
    """Make the pass. Whatever becomes of it, the measurement stands: nothing is raised but what nobody expects."""
    machine = machine_of(environment)
    key = f"ceilings:{spec.device}"
    ceilings = store.settings.get(key, Ceilings)
    if ceilings is not None and ceilings.machine != machine:
        ceilings = None
    task = messages.Task(
        kind="profile", model=model, spec=spec, machine=machine, with_ceilings=ceilings is None
    )  # fmt: skip
    # Reading and compiling take as long as before; the pass itself knows when to end.
    limit = _LIMIT_S + 4 * ((result.read_ms or 0) + (result.compile_ms or 0) + (result.first_inference_ms or 0)) / 1e3
    deadline = time.monotonic() + limit
    device = DeviceProcess(task, folder.log, memory_limit=run_memory_limit())
    try:
        while True:
            ended = device.ended
            for message in device.hear(0.1):
                if isinstance(message, messages.At) and message.phase.startswith(("profiling", "measuring")):
                    writer.write(events.Phase(name=message.phase))
                elif isinstance(message, messages.Profiled):
                    if message.ceilings is not None:
                        ceilings = message.ceilings
                        store.settings.set(key, ceilings)
                    return Profiled(
                        msgspec.structs.replace(
                            message.profile, ceilings=ceilings, overhead=_overhead(message.profile, spec, result)
                        )
                    )
            if cancel.asked:
                return Profiled(None, "The layers were not looked at, since the run was cancelled during that.")
            if ended:
                return Profiled(None, "The layers are unknown: the process that looked at them left without a word.")
            if time.monotonic() > deadline:
                return Profiled(None, f"The layers are unknown: looking at them was stopped after {limit:.0f} s.")
    except OvtuiError as error:
        return Profiled(None, f"The layers are unknown. {error}")
    finally:
        device.end()


def machine_of(environment: Environment) -> str:
    """What ceilings hold for: another processor, other cores or another OpenVINO have others."""
    return f"{environment.cpu}, {environment.cores} cores, OpenVINO {environment.openvino}"


def _overhead(profile: Profile, spec: Spec, result: Result) -> float | None:
    """What the counters cost: comparable where a request never waits for another one, in a closed loop."""
    median = result.latency_ms.p50
    if spec.mode == "server" or profile.requests > profile.streams or not median or not profile.median_us:
        return None
    return round(profile.median_us / (median * 1000) - 1, 4)
