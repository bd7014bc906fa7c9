"""Ask a device process what OpenVINO finds here; a plugin that crashes or hangs ends that process only."""

from __future__ import annotations

import time

from ovtui.engine import messages
from ovtui.engine.device_process import DeviceProcess
from ovtui.errors import OvtuiError

_LIMIT_S = 60


def probe() -> messages.Probed:
    """OvtuiError when OpenVINO cannot be used here."""
    device = DeviceProcess(messages.Task(kind="probe"), None)
    device.phase = "looking for devices"
    deadline = time.monotonic() + _LIMIT_S
    try:
        while time.monotonic() < deadline:
            ended = device.ended
            for message in device.hear(0.1):
                if isinstance(message, messages.Probed):
                    return message
            if ended:
                break
    finally:
        device.end()
    raise OvtuiError(f"OpenVINO did not answer within {_LIMIT_S} s.")
