"""What OpenVINO finds on this machine: devices and their properties, for `ovtui doctor` and the choice of settings."""

from __future__ import annotations

import re
from typing import Any

from ovtui.engine.device import capi
from ovtui.engine.device.quiet import openvino
from ovtui.engine.messages import Probed, Say
from ovtui.engine.tasks import ProbeTask


def probe(task: ProbeTask, say: Say) -> None:
    """Tell of every device with every property that can be read, as text."""
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
    say(Probed(openvino=capi.version(), devices=devices, settable=_settable(list(devices))))


def _settable(devices: list[str]) -> dict[str, dict[str, str]]:
    """Only the Python package tells which properties can be set, and of what type they are."""
    core = openvino().Core()
    found: dict[str, dict[str, str]] = {}
    for device in devices:
        kinds: dict[str, str] = {}
        for key, access in core.get_property(device, "SUPPORTED_PROPERTIES").items():
            if access == "RO":
                continue
            try:
                kinds[key] = _kind(core.get_property(device, key))
            except RuntimeError:  # it can be written only
                kinds[key] = "text"
        found[device] = kinds
    return found


def _kind(value: Any) -> str:
    members = getattr(type(value), "__members__", None)
    if members:
        return ", ".join(members)
    if isinstance(value, bool):
        return "YES, NO"
    if type(value).__name__ == "Type":
        return "a precision: f32, f16, bf16, u8, …"
    return {int: "a whole number", float: "a number"}.get(type(value), "text")
