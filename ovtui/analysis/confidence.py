"""How sure a mean over time is, when neighbouring values resemble each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.t_quantile import t_quantile

FEWEST = 8
"""Below this many values nothing is said about doubt."""
BATCHES = 16
ROUNDING = 1e-7
"""Of the mean: a few nanoseconds in a bin of 100 ms."""


@dataclass(frozen=True)
class Interval:
    """A mean, half the width of its confidence interval (same unit), and the independent values behind it."""

    mean: float
    half_width: float
    n_eff: float

    @property
    def relative(self) -> float:
        """Half-width over the mean."""
        return self.half_width / abs(self.mean) if self.mean else math.inf

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper end."""
        return self.mean - self.half_width, self.mean + self.half_width


def autocorrelation_time(x: Floats) -> float:
    """τ: how many neighbouring values are worth one independent one; x of shape (n,). Between 1 and n.

    The sum of autocorrelations, in pairs of lags, up to the first pair that is not positive: the initial positive
    sequence of C. Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7 (1992). Never below 1: less would
    mean that the mean is known better than from independent values, and a noisy estimate is no ground for saying so.
    """
    n = len(x)
    centred = x - x.mean()
    if n < 4 or not centred.any():
        return 1.0
    spectrum = np.fft.rfft(centred, 1 << (2 * n - 1).bit_length())  # padded: no wrapping around
    covariance = np.fft.irfft(spectrum * spectrum.conj())[: n - n % 2]
    pairs = (covariance / covariance[0]).reshape(-1, 2).sum(axis=1)
    stop = np.flatnonzero(pairs <= 0)
    tau = 2 * float(pairs[: stop[0] if len(stop) else None].sum()) - 1
    return min(max(tau, 1.0), float(n))


def standard_error(x: Floats) -> float:
    """Standard error of the mean of x, shape (n,), n ≥ 2, for values that may be autocorrelated.

    The larger of two estimates: s·√(τ/n), and from 32 values on that of 16 batch means, corrected by their own lag-1
    autocorrelation (C. Alexopoulos & A. Seila, "Output data analysis", in: Handbook of Simulation, 1998). The first
    misses slow waves in short series; the second sees them.
    """
    n = len(x)
    by_time = float(x.std(ddof=1)) * math.sqrt(autocorrelation_time(x) / n)
    if n < 2 * BATCHES:
        return by_time
    means = x[n % BATCHES :].reshape(BATCHES, -1).mean(axis=1)
    deviation = means - means.mean()
    energy = float(deviation @ deviation)
    if not energy:
        return by_time
    # Anti-correlated batches do not make it surer; and a bound keeps the division away from zero.
    r1 = min(max(float(deviation[1:] @ deviation[:-1]) / energy, 0.0), 0.9)
    by_batches = math.sqrt(energy / (BATCHES - 1) / BATCHES * (1 + r1) / (1 - r1))
    return max(by_time, by_batches)


def interval(x: Floats, level: float = 0.95, values: float = math.inf) -> Interval | None:
    """Confidence interval of the mean of x, shape (n,), by Student's t with n/τ − 1 degrees of freedom.

    `values`: how many measured values are behind x; there are never more independent ones than those. None below 8 of
    either, and for a series that is constant but for rounding, which says nothing of what the next value would be.
    Slow noise that hides in white noise is not seen: `slow_noise.precision` is for what is to be believed of a run.
    """
    n = len(x)
    if min(n, values) < FEWEST or is_rounding(x):
        return None
    n_eff = min(n / autocorrelation_time(x), values)
    t = t_quantile((1 + level) / 2, max(n_eff - 1, 1.0))
    return Interval(float(x.mean()), t * standard_error(x), n_eff)


def is_rounding(x: Floats) -> bool:
    """Whether what varies in x is only what nanoseconds are rounded by: then there is no noise to judge by."""
    return float(np.ptp(x)) <= ROUNDING * abs(float(x.mean()))
