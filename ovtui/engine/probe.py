"""What OpenVINO finds here; a plugin that crashes or hangs ends its own process only."""

from __future__ import annotations

from ovtui.engine import messages
from ovtui.engine.device_request import ask

_LIMIT_S = 60


def probe() -> messages.Probed:
    """OvtuiError when OpenVINO cannot be used here."""
    return ask(messages.Task(kind="probe"), messages.Probed, phase="looking for devices", limit_s=_LIMIT_S)
