"""Whether a measured latency keeps a limit: the one rule for searches, races, reports and screens."""

from __future__ import annotations

import math
from typing import Literal

from ovtui.records import Latency, Percentile

Standing = Literal["kept", "doubtful", "broken"]


def limited_ms(latency: Latency, percentile: Percentile) -> float:
    """What a limit is compared with: the percentile, or the slowest of a sample in which nothing lies beyond it.

    The slowest is never below the percentile of the sample, so a limit that it keeps is kept.
    """
    value: float | None = getattr(latency, percentile)
    return latency.max if value is None else value


def standing(latency: Latency, percentile: Percentile, limit_ms: float) -> Standing:
    """How a sample stands to a limit on a percentile.

    A percentile that is not weak decides by its value, and so does the slowest where there is no percentile. A weak one
    decides by its 95 % interval: kept, if all of it is within the limit; broken, if none of it is, or not even the
    fastest inference; else doubtful. What is doubtful is not ruled out.
    """
    if percentile not in latency.weak:
        return "kept" if limited_ms(latency, percentile) <= limit_ms else "broken"
    low, high = latency.ci95.get(percentile, (0.0, None))
    if max(low, latency.min) > limit_ms:
        return "broken"
    return "kept" if high is not None and high <= limit_ms else "doubtful"


def spread(latency: Latency, percentile: Percentile) -> float | None:
    """Standard error of the percentile's logarithm, from its interval; None where that has no two ends."""
    interval = latency.interval(percentile)
    return math.log(interval[1] / interval[0]) / 3.92 if interval is not None and interval[0] > 0 else None
