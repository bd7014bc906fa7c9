"""What to expect at settings that were not measured, from those that were, and how far off that may be.

A Gaussian process on the log₂ grid (C. Rasmussen & C. Williams, Gaussian Processes for Machine Learning, 2006, ch. 2):
doubling a batch changes a throughput gradually, in much the same way at each number of streams.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ovtui.analysis.arrays import Floats

_LEAST_SPREAD = 0.25  # of logarithms: what settings may change even if the first few are alike
_SHARED = 0.6  # of the variance: effects of one axis alone; the rest is particular to the combination


class Expected(NamedTuple):
    """Means and standard deviations, each of shape (m,)."""

    mean: Floats
    deviation: Floats


def expected(places: Floats, values: Floats, doubts: Floats, asked: Floats) -> Expected:
    """What to expect at `asked`, shape (m, axes), after `values` with standard errors `doubts`, both (n,), n ≥ 1.

    `places`, shape (n, axes), and `asked` in units over which values resemble each other; values are
    logarithms. The doubt returned is that of the value itself, without the noise of measuring it.
    """
    level = float(values.mean())
    variance = max(float(values.var()), _LEAST_SPREAD**2)
    inner = variance * _likeness(places, places) + np.diag(doubts**2 + 1e-9)
    across = variance * _likeness(asked, places)
    weights = np.linalg.solve(inner, across.T)  # (n, m)
    mean = level + weights.T @ (values - level)
    left = variance - np.einsum("mn,nm->m", across, weights)
    return Expected(mean, np.sqrt(np.maximum(left, 0.0)))


def _likeness(a: Floats, b: Floats) -> Floats:
    """Correlation of values at places a (n, axes) with those at b (m, axes): (n, m), 1 for the same place."""
    gaps = math.sqrt(3) * np.abs(a[:, None, :] - b[None, :, :])
    each = (1 + gaps) * np.exp(-gaps)  # Matérn 3/2: continuous, with kinks (where cores or a cache are used up)
    return np.asarray(_SHARED * each.mean(axis=2) + (1 - _SHARED) * each.prod(axis=2))


def expected_gain(known: Expected, best: float, least: Floats) -> Floats:
    """By how much each is expected to exceed `best`, counting as nothing what falls short of it or of `least`: (m,).

    The "expected improvement" of D. Jones, M. Schonlau & W. Welch, Journal of Global Optimization 13 (1998), with a
    lower end for each, shape (m,), −∞ for none.
    """
    deviation = np.maximum(known.deviation, 1e-12)
    z = (known.mean - np.maximum(least, best)) / deviation
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray((known.mean - best) * below(z) + deviation * density)


def below(z: Floats) -> Floats:
    """The share of a standard normal distribution below each z, shape (m,)."""
    return np.array([math.erfc(-value / math.sqrt(2)) / 2 for value in z.tolist()])
