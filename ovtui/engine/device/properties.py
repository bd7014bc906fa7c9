"""From a spec to OpenVINO's properties, and why a device would not take them."""

from __future__ import annotations

import difflib
import re

from ovtui.errors import InputError
from ovtui.records import Spec
from ovtui.sanitize import plain

_VIRTUAL = frozenset({"AUTO", "HETERO", "MULTI", "BATCH"})
_ENTRY = re.compile(r"(?P<name>[^()]*?)\s*(?:\((?P<number>[^()]*)\))?")


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
    """InputError when `device` (`CPU`, `GPU.1`, `AUTO:GPU,CPU`, `BATCH:CPU(4)`) names something that is not there."""
    family, colon, rest = device.partition(":")
    if family not in _VIRTUAL or not colon:
        if device not in _VIRTUAL:
            _check_one(device, available)
        return
    for entry in rest.split(",") if rest.strip() else []:
        if entry.strip().startswith("-"):
            continue  # AUTO leaves it out, whether it is there or not
        found = _ENTRY.fullmatch(entry.strip())
        name, number = (found["name"], found["number"]) if found else (entry, None)
        if number is not None and not re.fullmatch(r"0*[1-9][0-9]{0,5}", number):
            what = "batch" if family == "BATCH" else "number of requests"
            raise InputError(f"{plain(entry, 60)}: the {what} in parentheses is a whole number from 1.")
        check_device(name, available)  # which may be virtual itself, as in BATCH:AUTO


def _check_one(name: str, available: list[str]) -> None:
    numbered = {found.partition(".")[0] for found in available}  # `GPU` is the first of `GPU.0`, `GPU.1`
    only = name != "CPU.0" and name.removesuffix(".0") in available  # and `GPU.0` is the only GPU
    if name in available or name in numbered or only:
        return
    there = ", ".join(plain(found) for found in available) or "none"
    raise InputError(
        f"There is no device '{plain(name, 60)}' here: OpenVINO finds {there}. "
        "`ovtui doctor` says more; AUTO, HETERO:…, MULTI:… and BATCH:… combine what there is."
    )


def bare(device: str, available: list[str]) -> InputError | None:
    """The error that explains a virtual device without those that it needs, if it is one."""
    if device not in _VIRTUAL - {"AUTO"}:
        return None
    return InputError(f"{device} needs the devices that it combines, as in {device}:{','.join(available) or 'CPU'}.")


def gathered_requests(device: str) -> int | None:
    """How many requests `BATCH:CPU(4)` puts together into one inference; None where that is not stated."""
    found = re.fullmatch(r"BATCH:.*\(0*([1-9][0-9]{0,5})\)\s*", device)
    return int(found[1]) if found else None


def within(device_properties: str, key: str) -> str | None:
    """A property of the only device behind a virtual one, in what OpenVINO writes as DEVICE_PROPERTIES.

    None for several devices. `{CPU:{NUM_STREAMS:2,…}}` in C, `{'CPU': {'NUM_STREAMS': 2, …}}` in Python.
    """
    found = re.findall(rf"\b{key}'?: ?(<[^>]*>|[^,}}]*)", device_properties)
    return found[0].strip() if len(found) == 1 else None


def unknown_property(spec: Spec, supported: str) -> InputError | None:
    """The error that explains a property the device does not have, if the spec holds one."""
    known = re.findall(r"[A-Z][A-Z0-9_]+", supported)
    for key in spec.properties:
        if known and key not in known:
            close = difflib.get_close_matches(key.upper(), known, 3, 0.6)
            hint = f"Did you mean {', '.join(close)}?" if close else "`ovtui doctor` lists what there is."
            return InputError(f"{plain(spec.device)} has no property '{plain(key, 60)}'. {hint}")
    return None
