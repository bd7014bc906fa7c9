"""How well a mean over time is known when part of the noise may be slow: neighbours, clocks, temperatures.

White noise hides a slow part. Of 5 s with 2 % of white noise nobody can tell whether the level of these 5 s is the
level of the next hour, and an estimate of the autocorrelation says that all is well. So the question is turned round:
which of many kinds of noise fit what was seen, and what would each of them mean for the mean?
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.confidence import FEWEST, Interval, is_rounding
from ovtui.analysis.t_quantile import normal_quantile, t_quantile

_SHORT_S = (0.15, 0.3)
_LONG_S = {1.0: 1, 1.4: 1, 2.0: 1, 3.0: 2, 5.0: 4, 8.0: 6}
_SHORT_SHARES = (0.15, 0.4, 0.7, 0.9, 1.0)
_LONG_SHARES = (0.2, 0.4, 0.6, 0.75, 0.88, 0.96, 1.0)
_PRIOR = (0.3, 0.1, 0.6)  # white noise alone; with a short memory; with a long one
_LEVEL = 0.92
"""Of what the prior, which fears long memories, calls probable: covers the truth in 95 % of simulations and more."""
TARGET = 0.01
"""The half-width over the mean that is asked for, unless another one is."""
_SETTLED, _HARMLESS, _HARM = -1.8, 2.4, 8.0
_LOPSIDED = 2.5
_MOST_BINS = 600  # longer series are looked at in coarser bins: a memory of a second is still seen


class _Kinds(NamedTuple):
    """Kinds of noise, (k,): white with a share `share` of AR(1), whose correlation fades within `memory_s`."""

    memory_s: Floats
    share: Floats
    prior: Floats  # sums to 1
    long: np.ndarray


@lru_cache(maxsize=1)
def _kinds() -> _Kinds:
    white, short, long = _PRIOR
    points = [(_SHORT_S[0], 0.0, white, False)]
    each = short / len(_SHORT_S) / len(_SHORT_SHARES)
    points += [(memory, share, each, False) for memory in _SHORT_S for share in _SHORT_SHARES]
    each = long / sum(_LONG_S.values()) / len(_LONG_SHARES)
    points += [(memory, share, weight * each, True) for memory, weight in _LONG_S.items() for share in _LONG_SHARES]
    memory_s, shares, prior, is_long = zip(*points, strict=True)
    return _Kinds(np.array(memory_s), np.array(shares), np.array(prior), np.array(is_long))


@dataclass(frozen=True)
class Precision(Interval):
    """What is known of a mean, and of the noise around it."""

    slow: float
    """ln of the odds for a memory of a second or more, by the data alone: below 0 they speak against it."""
    scatter: float
    """Standard deviation of bins of 100 ms over the mean: what a slow part hides in."""
    lopsided: float
    """How far the bins lean to one side, in standard errors of Gaussian noise: a level that was left now and then."""

    def excludes_slow_noise(self, seconds: float, target: float = TARGET) -> bool:
        """Whether the data exclude a long memory well enough for a mean to ±`target`, after `seconds` of measuring.

        More than half of the runs with nothing but 2 % of white noise pass at 5 s, after 5 s of steady warm-up; of
        those with a slow part of half its size, one in five. Later the bar is higher, since more could have been seen;
        and it is higher under more noise, where a slow part that is not seen does more harm. Bins that lean to one side
        were mostly at one of two levels, which no kind of noise here knows.
        """
        if self.lopsided > _LOPSIDED:
            return False
        harm = max(0.0, math.log(self.scatter / (_HARMLESS * target))) if self.scatter else 0.0
        return self.slow <= _SETTLED - 0.5 * math.log((seconds + 5.0) / 10.0) - _HARM * harm


def precision(x: Floats, bin_s: float, *, counted: int | None = None, values: float = math.inf) -> Precision | None:
    """The 95 % interval of the long-run mean; x of shape (n,): amounts in equal bins of `bin_s` seconds.

    The mean is that of the last `counted` of them (default: all); those before it, of the same steady stretch, only
    speak about the noise. `values`: the inferences behind these, which bound how much is known whatever their bins say.
    None below 8 bins or 8 inferences, and for a series that is constant but for rounding: bins within one inference
    are, and tell nothing of the next.

    White noise + AR(1) of unknown shares and memory, by P. Whittle's likelihood (1953) of the cosine transform, which
    unlike Fourier's does not take a drift for a jump between the ends. The variance is integrated out, the shares and
    memories are a grid with prior weights, and the interval is that of the mixture of all kinds (Bayesian averaging:
    J. Hoeting et al., Statistical Science 14, 1999). A kind's variance of the mean is exact for its n.

    If the data speak clearly enough against a long memory, the kinds with one are left out and the interval is
    widened instead, by half at 5 s and less later: what 5 s can exclude is not everything.
    """
    n = len(x) if counted is None else counted
    if n < FEWEST or values < FEWEST:
        return None
    mean = float(x[len(x) - n :].mean())
    coarser = -(-len(x) // _MOST_BINS)
    if coarser > 1:
        x = x[len(x) % coarser :].reshape(-1, coarser).mean(axis=1)
        bin_s, n = bin_s * coarser, n // coarser
    if is_rounding(x):
        return None
    kinds = _kinds()
    weights, variances = _posterior(x, n, bin_s, kinds)
    far = float(weights[kinds.long].sum())
    prior_far = float(kinds.prior[kinds.long].sum())
    slow = math.log(max(far, 1e-300) / max(1 - far, 1e-300)) - math.log(prior_far / (1 - prior_far))
    seconds = n * bin_s
    widened = 1.0
    scatter = float(x.std(ddof=1)) / abs(mean) * math.sqrt(bin_s / 0.1) if mean else 0.0
    known = Precision(mean, math.inf, 1.0, slow, scatter, _lopsided(x))
    if known.excludes_slow_noise(seconds):
        weights, widened = np.where(kinds.long, 0.0, weights) / (1 - far), 1 + 2.5 / seconds
    level = 0.95 if widened > 1 else _LEVEL
    deviations = np.sqrt(variances)
    independent = float(x[len(x) - n :].var()) / float(weights @ variances)
    n_eff = min(max(independent, 1.0), float(n), values)
    # Few bins or inferences say little of the variance itself.
    tails = t_quantile((1 + level) / 2, max(min(len(x), values) - 1, 1.0)) / normal_quantile((1 + level) / 2)
    half = widened * tails * _half_width(weights, deviations, level)
    return Precision(mean, half, n_eff, slow, scatter, known.lopsided)


def _posterior(x: Floats, n: int, bin_s: float, kinds: _Kinds) -> tuple[Floats, Floats]:
    """Of each kind, (k,): its probability after the data, and the variance of the mean of n bins."""
    m = len(x) - 1
    fade = np.exp(-bin_s / kinds.memory_s)
    memories, which = np.unique(fade, return_inverse=True)
    cosines = np.cos(np.pi * np.arange(1, m + 1) / (m + 1))
    coloured = (1 - memories**2)[:, None] / (1 + memories[:, None] ** 2 - 2 * memories[:, None] * cosines)
    share = kinds.share[:, None]
    spectrum = (1 - share) + share * coloured[which]
    scale = (1 / spectrum) @ _periodogram(x) / m
    log_weights = np.log(kinds.prior) - 0.5 * np.log(spectrum).sum(axis=1) - m / 2 * np.log(scale)
    weights = np.exp(log_weights - log_weights.max())
    of_mean = (1 + fade) / (1 - fade) / n - 2 * fade * (1 - fade**n) / ((1 - fade) * n) ** 2
    return weights / weights.sum(), scale * ((1 - kinds.share) / n + kinds.share * of_mean)


def _periodogram(x: Floats) -> Floats:
    """Squares of the orthonormal cosine transform (DCT-II) but the first, (n − 1,): of white noise, its variance."""
    n = len(x)
    k = np.arange(1, n)
    mirrored = np.fft.rfft(np.concatenate((x, x[::-1])))[1:n]
    cosine = (mirrored * np.exp(-0.5j * np.pi * k / n)).real / 2
    found: Floats = cosine * cosine * (2 / n)
    return found


def _lopsided(x: Floats) -> float:
    """The skewness of running medians of three over its standard error for white noise; a single stall is no level.

    √(6/n) is that of n independent values; neighbouring medians share values, which makes 2.2 of them worth one.
    """
    medians = np.median(np.lib.stride_tricks.sliding_window_view(x, 3), axis=1)
    deviations = medians - medians.mean()
    variance = float((deviations**2).mean())
    if not variance:
        return 0.0
    skewness = float((deviations**3).mean()) / math.pow(variance, 1.5)
    return abs(skewness) / math.sqrt(6 * 2.2 / len(medians))


def _half_width(weights: Floats, deviations: Floats, level: float) -> float:
    """The distance from 0 within which a mixture of centred normal distributions has `level` of its weight."""
    some = weights > 1e-6
    parts = [
        (w, 1 / (math.sqrt(2) * s)) for w, s in zip(weights[some].tolist(), deviations[some].tolist(), strict=True)
    ]
    low, high = 0.0, 6 * float(deviations[some].max())
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        beyond = sum(w * math.erfc(middle * inverse) for w, inverse in parts)
        low, high = (middle, high) if beyond > 1 - level else (low, middle)
    return high
