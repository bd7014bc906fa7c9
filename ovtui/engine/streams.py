"""How many streams a device takes: told while somebody types, and again before it is measured."""

from __future__ import annotations

import re

from ovtui.errors import InputError
from ovtui.sanitize import plain


def most_streams(limits: str) -> int | None:
    """Of a device, by its RANGE_FOR_STREAMS; None where it says nothing."""
    return max(map(int, re.findall(r"\d+", limits)), default=None)


def check_streams(streams: int | None, device: str, most: int | None) -> None:
    """InputError for more streams than the device takes (it would quietly make fewer)."""
    if streams is not None and most is not None and streams > most:
        raise InputError(f"{plain(device)} takes 1 to {most} streams here, not {streams}.")
