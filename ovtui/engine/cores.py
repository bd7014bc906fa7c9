"""How many cores there are for us: apart from the rest of the environment, which takes long to load."""

from __future__ import annotations

import os


def cores() -> int:
    """How many cores this process may use: less than the machine has under taskset or in a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
