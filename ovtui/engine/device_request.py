"""Ask a device process one thing outside of any job; what crashes or hangs it ends that process only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ovtui.engine import messages
from ovtui.engine.device_process import DeviceProcess, run_memory_limit
from ovtui.errors import Cancelled, OvtuiError

T = TypeVar("T", messages.Probed, messages.Previewed)


def ask(
    task: messages.Task, answer: type[T], *, phase: str, limit_s: float, stopped: Callable[[], bool] = lambda: False
) -> T:
    """Its answer, waited for as long as `limit_s` and until `stopped`; OvtuiError when there is none.

    `phase` says what it does, for the sentence of an error.
    """
    device = DeviceProcess(task, None, memory_limit=run_memory_limit())
    device.phase = phase
    deadline = time.monotonic() + limit_s
    try:
        while time.monotonic() < deadline:
            ended = device.ended
            for message in device.hear(0.1):
                if isinstance(message, answer):
                    return message
            if stopped():
                raise Cancelled("Cancelled.")
            if ended:
                break
    finally:
        device.end()
    raise OvtuiError(f"There was no answer within {limit_s:.0f} s while {phase}.")
