"""How much memory is left for us: the machine's, or less under a container's limit."""

from __future__ import annotations

import psutil

from ovtui.engine.cgroups import Cgroups


def available() -> int:
    """Bytes that may still be taken without swapping and without reaching a limit."""
    free = int(psutil.virtual_memory().available)
    left = Cgroups().memory_left()
    return free if left is None else min(free, left)


def limit() -> int | None:
    """A container's limit in bytes, where it is below what the machine has."""
    found = Cgroups().memory_limit()
    return found if found is not None and found < psutil.virtual_memory().total else None
