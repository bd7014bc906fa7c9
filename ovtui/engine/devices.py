"""What OpenVINO found on this machine, remembered: asking takes most of a second and a core of its own."""

from __future__ import annotations

import importlib.metadata

from ovtui.records import Record
from ovtui.store import Store

_KEY = "devices"


class Property(Record, frozen=True):
    """A property that can be set, with its value now."""

    key: str
    value: str
    kind: str  # what its values look like, in words


class Devices(Record, frozen=True):
    """Each device with its full name and what can be set on it."""

    openvino: str  # version of the package
    names: dict[str, str]
    properties: dict[str, tuple[Property, ...]]


def remembered(store: Store) -> Devices | None:
    """What an earlier look found, if OpenVINO is still the same."""
    found = store.settings.get(_KEY, Devices)
    return found if found is not None and found.openvino == _version() else None


def look(store: Store) -> Devices:
    """Ask a device process, and remember. OvtuiError when OpenVINO cannot be used here."""
    from ovtui.engine.probe import probe  # what remembers need not load what asks

    probed = probe()
    found = Devices(
        openvino=_version(),
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
    )
    store.settings.set(_KEY, found)
    return found


def _version() -> str:
    return importlib.metadata.version("openvino")
