"""Ask a device process one thing outside of any job; what crashes or hangs it ends that process only."""

from __future__ import annotations

from collections.abc import Callable

from ovtui.engine import tasks
from ovtui.engine.device_process import Answer, DeviceProcess, run_memory_limit
from ovtui.records import Phase


def ask(
    task: tasks.Task, answer: type[Answer], *, phase: Phase, limit_s: float, stopped: Callable[[], bool] = lambda: False
) -> Answer:
    """Its answer, waited for as long as `limit_s` and until `stopped`; OvtuiError when there is none.

    `phase` says what it does, for the sentence of an error.
    """
    with DeviceProcess(task, None, memory_limit=run_memory_limit()) as device:
        device.phase = phase
        return device.answer(answer, cancelled=stopped, limit_s=limit_s)
