"""What one way costs against another, from short blocks of both that took turns: the cost, and how well it is known.

Blocks of a pair lie next to each other, in random order, so that only what differs between the two ways, and not the
machine's slow changes, is in their ratio. The mean of the ratios' logarithms without the lowest and the highest fifth,
with its interval by K. K. Yuen, "The two-sample trimmed t for unequal population variances", Biometrika 61, 1974 (the
one-sample form): a block that something disturbed moves neither far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from ovtui.analysis.t_quantile import t_quantile

FEWEST = 8
"""Pairs from which on an interval is told."""
_TRIMMED = 0.2


class Cost(NamedTuple):
    """How much longer the second way takes than the first: 0.1 is a tenth."""

    mean: float
    ci95: tuple[float, float]


def cost(pairs: Sequence[tuple[float, float]]) -> Cost | None:
    """From the times (first way, second way) of pairs of blocks; None from too few, or where a time is not above 0."""
    if len(pairs) < FEWEST or not all(0 < time < math.inf for pair in pairs for time in pair):
        return None
    logs = sorted(math.log(b) - math.log(a) for a, b in pairs)
    count = len(logs)
    cut = int(_TRIMMED * count)
    kept = count - 2 * cut
    mean = fmean(logs[cut : count - cut])
    winsorized = [min(max(value, logs[cut]), logs[count - cut - 1]) for value in logs]
    middle = fmean(winsorized)
    squares = sum((value - middle) ** 2 for value in winsorized)
    half = t_quantile(0.975, kept - 1) * math.sqrt(squares / (kept * (kept - 1)))
    return Cost(math.expm1(mean), (math.expm1(mean - half), math.expm1(mean + half)))
