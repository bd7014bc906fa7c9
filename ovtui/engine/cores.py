"""How much of the machine is for us: apart from the rest of the environment, which takes long to load."""

from __future__ import annotations

import math
import os

from ovtui.engine.cgroups import Cgroups


def affinity() -> frozenset[int]:
    """The numbers of the cores that this process may run on: fewer than the machine has under taskset or a cpuset."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def cpu_quota() -> float | None:
    """How many cores' worth of time a container's quota leaves of these; None where it leaves all."""
    quota = Cgroups().cpu_quota()
    return quota if quota is not None and quota < len(affinity()) else None


def cores() -> int:
    """How many cores can be kept busy: those of the affinity, or as many as the quota pays for, the last one in part.

    The least is 1.
    """
    quota = cpu_quota()
    return len(affinity()) if quota is None else max(1, math.ceil(quota))
