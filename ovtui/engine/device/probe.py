"""What OpenVINO finds on this machine: devices and their properties, for `ovtui doctor` and the choice of settings."""

from __future__ import annotations

import re

from ovtui.engine.device import capi
from ovtui.engine.messages import Probed


def probe() -> Probed:
    """Every device with every property that can be read, as text."""
    core = capi.Core()
    devices: dict[str, dict[str, str]] = {}
    for device in core.devices():
        values: dict[str, str] = {}
        for key in re.findall(r"[A-Z][A-Z0-9_]+", core.property(device, "SUPPORTED_PROPERTIES")):
            try:
                values[key] = core.property(device, key).strip()
            except capi.DeviceError:
                continue
        devices[device] = values
    return Probed(openvino=capi.version(), devices=devices)
