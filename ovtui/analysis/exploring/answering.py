"""The answer of a search for the highest arrival rate, from what was found at each rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ovtui.records import Load


def highest_kept(loads: Sequence[Load]) -> Load | None:
    """The load of the highest rate that kept the limit, below each that missed it: the answer.

    What keeps a limit that a lower rate missed was lucky with its moment.
    """
    below = _lowest_missed(loads)
    return max((load for load in loads if load.kept and load.rate < below), key=lambda load: load.rate, default=None)


def lucky(loads: Sequence[Load]) -> list[Load]:
    """Those that kept a limit which a lower rate missed, lowest first."""
    above = _lowest_missed(loads)
    return sorted((load for load in loads if load.kept and load.rate > above), key=lambda load: load.rate)


def none_keeps(loads: Sequence[Load], limit: str) -> str:
    """That there is no answer, in words, without a full stop; the same wherever it is said."""
    return f"No rate that was tried keeps {limit}{' without a lower one that misses it' if lucky(loads) else ''}"


def _lowest_missed(loads: Sequence[Load]) -> float:
    return min((load.rate for load in loads if load.kept is False), default=math.inf)
