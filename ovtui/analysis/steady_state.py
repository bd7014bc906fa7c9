"""Where warming up ends: the first bin from which a series of rates is steady."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.confidence import standard_error

BATCH = 5
FEWEST_BATCHES = 4


@dataclass(frozen=True)
class Steady:
    """The bin to start from, and whether what follows it is steady."""

    index: int
    steady: bool


def steady_from(rates: Floats) -> Steady:
    """Find the end of the warm-up in rates of equal time bins, shape (n,), by MSER-5.

    Bins are averaged in batches of 5; of the first half of the batches, those are cut off without which the standard
    error of the mean, √(s²(d..k)/(k−d)), is smallest (K. P. White, M. J. Cobb & S. C. Spratt, "A comparison of five
    steady-state truncation heuristics for simulation", Winter Simulation Conference 2000). Not steady: fewer than 4
    batches; the best cut is at the very half, so that a later one might be better; or the two halves of what remains
    differ by more than 3 standard errors and 1 %.
    """
    k = len(rates) // BATCH
    if k < FEWEST_BATCHES:
        return Steady(0, False)
    batches = rates[: k * BATCH].reshape(k, BATCH).mean(axis=1)
    cuts = k // 2 + 1
    cut = int(np.argmin([batches[d:].var(ddof=1) / (k - d) for d in range(cuts)]))
    index = cut * BATCH
    return Steady(index, cut < k // 2 and _halves_agree(rates[index:]))


def _halves_agree(rates: Floats) -> bool:
    early, late = np.array_split(rates, 2)
    difference = abs(float(late.mean() - early.mean()))
    # A step within one half is not its noise: the calmer half says how much there is.
    doubt = math.sqrt(2) * min(standard_error(early), standard_error(late))
    return difference <= max(3 * doubt, 0.01 * abs(float(rates.mean())))
