"""From a spec to OpenVINO's properties, and why a device would not take them."""

from __future__ import annotations

import difflib
import re

from ovtui.errors import InputError
from ovtui.records import Spec
from ovtui.text import plain

_VIRTUAL = frozenset({"AUTO", "HETERO", "MULTI", "BATCH"})


def properties(spec: Spec) -> dict[str, str]:
    """What to compile with. `manual` gives no hint; the hints of the other modes leave to the device what is open."""
    chosen: dict[str, str] = {}
    if spec.mode == "manual":
        chosen["NUM_STREAMS"] = "AUTO"
    else:
        chosen["PERFORMANCE_HINT"] = "LATENCY" if spec.mode == "latency" else "THROUGHPUT"
        if spec.requests is not None:
            chosen["PERFORMANCE_HINT_NUM_REQUESTS"] = str(spec.requests)
    if spec.streams is not None:
        chosen["NUM_STREAMS"] = str(spec.streams)
    if spec.threads is not None:
        chosen["INFERENCE_NUM_THREADS"] = str(spec.threads)
    if spec.precision is not None:
        chosen["INFERENCE_PRECISION_HINT"] = spec.precision
    return chosen | spec.properties


def check_device(device: str, available: list[str]) -> None:
    """InputError when `device` (`CPU`, `GPU.1`, `AUTO:GPU,CPU`) names something that is not there."""
    family, _, rest = device.partition(":")
    there = ", ".join(plain(name) for name in available) or "none"
    names = [name.strip("-() ") for name in rest.split(",")] if rest else []
    if family not in _VIRTUAL:
        names.append(device)
    for name in names:
        base = re.sub(r"\(\d+\)$", "", name)
        if base not in available and not any(found.partition(".")[0] == base for found in available):
            raise InputError(
                f"There is no device '{plain(name, 60)}' here: OpenVINO finds {there}. "
                "`ovtui doctor` says more; AUTO, HETERO:…, MULTI:… and BATCH:… combine what there is."
            )


def unknown_property(spec: Spec, supported: str) -> InputError | None:
    """The error that explains a property the device does not have, if the spec holds one."""
    known = re.findall(r"[A-Z][A-Z0-9_]+", supported)
    for key in spec.properties:
        if known and key not in known:
            close = difflib.get_close_matches(key.upper(), known, 3, 0.6)
            hint = f"Did you mean {', '.join(close)}?" if close else "`ovtui doctor` lists what there is."
            return InputError(f"{plain(spec.device)} has no property '{plain(key, 60)}'. {hint}")
    return None
