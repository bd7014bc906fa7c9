"""What OpenVINO finds here; a plugin that crashes or hangs ends its own process only."""

from __future__ import annotations

from ovtui.engine import messages, tasks
from ovtui.engine.device_request import ask
from ovtui.records import Phase

_LIMIT_S = 60


def probe() -> messages.Probed:
    """OvtuiError when OpenVINO cannot be used here."""
    return ask(tasks.ProbeTask(), messages.Probed, phase=Phase(name="probing"), limit_s=_LIMIT_S)
