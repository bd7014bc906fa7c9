"""What OpenVINO found on this machine, remembered: asking takes most of a second and a core of its own."""

from __future__ import annotations

import importlib.metadata
import platform
import re

from ovtui.engine.cores import cores
from ovtui.engine.streams import check_streams, most_streams
from ovtui.errors import InputError
from ovtui.records import Record
from ovtui.sanitize import plain
from ovtui.store import Store

_KEY = "devices"
_SWITCH = frozenset({"YES", "NO", "TRUE", "FALSE", "ON", "OFF", "1", "0"})
_FORMS = {
    "a whole number": re.compile(r"[+-]?\d+"),
    "a number": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE),
    "a precision": re.compile(r"[a-z]+\d[a-z0-9]*|dynamic|undefined", re.IGNORECASE),
}
_WORDS = {"NUM_STREAMS": frozenset({"AUTO", "NUMA"})}  # that a whole number may be, too


class Property(Record, frozen=True):
    """A property that can be set, with its value now."""

    key: str
    value: str
    kind: str  # what its values look like, in words

    def check(self, value: str) -> None:
        """InputError for a value that it cannot take; what its kind does not tell is left to the device."""
        form = _FORMS.get(self.kind.partition(":")[0])
        names = self.kind.split(", ")
        if form is not None:
            fits = form.fullmatch(value) is not None or value in _WORDS.get(self.key, ())
        elif names == ["YES", "NO"]:
            fits = value.upper() in _SWITCH
        else:
            # Where even its own value has another name than those that are known, they tell nothing.
            fits = value in names or self.value not in names
        if not fits:
            one_of = "one of " if form is None else ""
            raise InputError(f"{plain(self.key)} takes {one_of}{plain(self.kind)}, not '{plain(value, 60)}'.")


class Devices(Record, frozen=True):
    """Each device with its full name and what can be set on it."""

    openvino: str  # version of the package
    names: dict[str, str]
    properties: dict[str, tuple[Property, ...]]
    streams: dict[str, int] = {}  # the most of them, where a device says it
    machine: str = ""  # and the cores that can be used, on which streams depend

    def check_streams(self, device: str, told: int | None) -> None:
        """InputError for more streams than `device` takes."""
        check_streams(told, device, self.streams.get(device))

    def check_properties(self, device: str, told: dict[str, str]) -> None:
        """InputError for a value that its property cannot take. One that is not listed may be known to the device."""
        for known in self.properties.get(device, ()):
            if known.key in told:
                known.check(told[known.key])


def remembered(store: Store) -> Devices | None:
    """What an earlier look found, if it was at the same machine with the same OpenVINO."""
    found = store.settings.get(_KEY, Devices)
    return found if found is not None and (found.openvino, found.machine) == (_version(), machine()) else None


def look(store: Store) -> Devices:
    """Ask a device process, and remember. OvtuiError when OpenVINO cannot be used here."""
    from ovtui.engine.probe import probe  # what remembers need not load what asks

    probed = probe()
    found = Devices(
        openvino=_version(),
        machine=machine(),
        names={
            device: " ".join(values.get("FULL_DEVICE_NAME", "").split()) for device, values in probed.devices.items()
        },
        properties={
            device: tuple(
                Property(key=key, value=probed.devices[device].get(key, ""), kind=kind)
                for key, kind in sorted(kinds.items())
            )
            for device, kinds in probed.settable.items()
        },
        streams={
            device: most
            for device, values in probed.devices.items()
            if (most := most_streams(values.get("RANGE_FOR_STREAMS", ""))) is not None
        },
    )
    store.settings.set(_KEY, found)
    return found


def machine() -> str:
    """What streams depend on: which machine this is, and how many of its cores may be used."""
    return f"{platform.node()}, {cores()} cores"


def _version() -> str:
    return importlib.metadata.version("openvino")
