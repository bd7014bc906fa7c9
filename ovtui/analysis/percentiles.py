"""Percentiles of a sample of latencies, and how sure they are where slow ones come in clusters.

An interval is that of order statistics, as exact as the binomial distribution, at the number of *independent* latencies
that the sample is worth: n/deff (R. Woodruff, JASA 47, 1952; E. Korn & B. Graubard, Survey Methodology 24, 1998).

Simulated (tests/benchmarks/percentile_coverage.py): independent, AR(.9), AR(.99) and AR(.999) latencies .95–1.00 from
p50 to p99, 1,000 to 50,000 of them; bursts .92–1.00 where a sample holds ten of them and more, .71–.94 where it holds
about two, .32–.73 where it is shorter than the time between two: what is not in a sample cannot be told from it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ovtui.analysis.arrays import Floats, Ints
from ovtui.analysis.histogram import BUCKETS, SUB_BITS, LatencyHistogram, Stretch, bucket_of
from ovtui.analysis.t_quantile import normal_quantile, t_quantile
from ovtui.records import Latency

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
BEYOND = 20
"""Independent latencies beyond a percentile below which it is weak."""
LEVEL = 0.95
BATCHES = 64
_OCTAVE = 1 << SUB_BITS

_FEWEST_BATCHES = 3
_CORRELATION = tuple(2.0**exponent for exponent in range(-2, 6))
"""Correlation times that are thought possible, in batches: what is shorter is seen within a batch, and what is longer
than half the sample cannot be told from half of it."""
_SLOW_SHARE = (0.1, 0.25, 0.5, 0.75, 1.0)  # of the variance of batches, that may have such a memory
_INDEPENDENT = 0.8
"""Belief, before anything is seen, that batches are independent: what costs those that are a tenth of width."""
_LARGE = 50_000  # independent latencies from which on the normal form of the binomial distribution is as good


class DesignEffect(NamedTuple):
    """How many latencies are worth one independent one (L. Kish, Survey Sampling, 1965, §8.2); both ≥ 1.

    `likely` is the estimate. `cautious` is what an interval has to be made with to cover as often as it says: the doubt
    of the estimate is in it, and it exceeds the number of latencies where the sample does not tell.
    """

    likely: float
    cautious: float


class PercentileSupport:
    """How much slow latencies come in clusters, at any threshold, in memory that does not grow with their number.

    A batch is a number of latencies in the order in which they ended, and has the histogram's own buckets, in as many
    octaves as were seen (66 kB each, 2.3 MB at most). When 64 batches are full, neighbours are merged: a batch is then
    twice as long, and a sample of 64 latencies and more has 32 to 64.
    """

    def __init__(self) -> None:
        self._counts = np.zeros((BATCHES, 0), np.uint32)
        self._first = 0  # the bucket of the first column
        self._count = 0
        self._per_batch = 1

    @property
    def nbytes(self) -> int:
        """Bytes of the counts."""
        return self._counts.nbytes

    @property
    def batches(self) -> int:
        """Full batches."""
        return self._count // self._per_batch

    def add(self, latencies_ns: Ints) -> None:
        """Count latencies: int64 ns, shape (n,), n ≥ 0, in the order in which they ended."""
        self._add(bucket_of(latencies_ns))

    def add_stretch(self, stretch: Stretch) -> None:
        """Count a stretch that was kept apart."""
        self._add(stretch.index.astype(np.int64))

    def design_effect(self, p: float) -> DesignEffect:
        """Of "slower than quantile `p`", at the edge between buckets that is nearest to it.

        1 where no latency differs, and below 3 batches: nothing of it can be seen.
        """
        k = self.batches
        not_below = np.cumsum(self._counts.sum(axis=0, dtype=np.int64)[::-1])[::-1]
        edges = np.flatnonzero((not_below > 0) & (not_below < self._count))
        if k < _FEWEST_BATCHES or not len(edges):
            return DesignEffect(1.0, 1.0)
        edge = edges[np.abs(not_below[edges] / self._count - (1 - p)).argmin()]
        share = float(not_below[edge]) / self._count
        slower = self._counts[:k, edge:].sum(axis=1, dtype=np.int64)
        error, half_width = _doubt_of_mean(slower / self._per_batch)
        independent = share * (1 - share) / (self._count - 1)  # the variance of the share, were they independent
        margin = half_width / normal_quantile((1 + LEVEL) / 2)
        return DesignEffect(max(error**2 / independent, 1.0), max(margin**2 / independent, 1.0))

    def _add(self, index: Ints) -> None:
        if len(index):
            self._reach(int(index.min()), int(index.max()))
        while len(index):
            room = BATCHES * self._per_batch - self._count
            if not room:
                self._merge()
                continue
            part, index = index[:room], index[room:]
            rows = np.arange(self._count, self._count + len(part)) // self._per_batch
            np.add.at(self._counts, (rows, part - self._first), 1)
            self._count += len(part)

    def _merge(self) -> None:
        half = BATCHES // 2
        self._counts[:half] = self._counts[0::2] + self._counts[1::2]
        self._counts[half:] = 0
        self._per_batch *= 2

    def _reach(self, lowest: int, highest: int) -> None:
        """Columns for these buckets too, in whole octaves."""
        seen = self._counts.shape[1]
        first = lowest // _OCTAVE * _OCTAVE
        end = min((highest // _OCTAVE + 1) * _OCTAVE, BUCKETS)
        if seen:
            first, end = min(first, self._first), max(end, self._first + seen)
        if end - first > seen:
            grown = np.zeros((BATCHES, end - first), np.uint32)
            grown[:, self._first - first : self._first - first + seen] = self._counts if seen else 0
            self._counts, self._first = grown, first


class _Models(NamedTuple):
    """Ways in which k batch means may depend on each other, and what each implies; a row each, (m,) and (m, k − 1).

    Batch means are white noise plus averages of a process with exponential memory (an AR(1) process in continuous
    time). `spectrum`: variance of each cosine coefficient, `mean`: of the mean of all, for batch means of variance 1.
    """

    cosines: Floats
    spectrum: Floats
    mean: Floats
    log_prior: Floats


@lru_cache(maxsize=128)
def _models(k: int) -> _Models:
    i = np.arange(k)
    cosines = math.sqrt(2 / k) * np.cos(np.pi * np.outer(np.arange(1, k), i + 0.5) / k)  # orthonormal
    lag = np.abs(i[:, None] - i)
    spectra, means, priors = [np.ones(k - 1)], [1 / k], [_INDEPENDENT]
    for time in _CORRELATION:
        keeps = math.exp(-1 / time)
        variance = 2 * time**2 * (1 / time - 1 + keeps)
        covariance = np.where(lag == 0, 1.0, (time * (1 - keeps)) ** 2 * keeps ** (np.maximum(lag, 1) - 1.0) / variance)
        spectrum = (cosines @ covariance * cosines).sum(axis=1)
        for share in _SLOW_SHARE:
            spectra.append(1 - share + share * spectrum)
            means.append((1 - share) / k + share * float(covariance.mean()))
            priors.append((1 - _INDEPENDENT) / len(_CORRELATION) / len(_SLOW_SHARE))
    return _Models(cosines, np.array(spectra), np.array(means), np.log(priors))


def _doubt_of_mean(batch_means: Floats) -> tuple[float, float]:
    """Likely standard error, and half of the 95 % interval, of the mean of batch means (k,), k ≥ 3.

    Dividing by the square root of k would take batches for independent, and they are not where slow stretches last
    longer than one. Each model's likelihood (Gaussian, its variance integrated out, of the cosine coefficients, which
    the mean does not touch) says how far to believe it. The interval is that of their mixture, so that what the batches
    leave open widens it; the error is their median. U. Müller, "HAC corrections for strongly autocorrelated time
    series", Journal of Business & Economic Statistics 32 (2014), says why no single estimate of the long-run variance
    gives such an interval.
    """
    models = _models(len(batch_means))
    freedom = len(batch_means) - 1
    energy = np.square(models.cosines @ batch_means)
    variance = np.maximum((1 / models.spectrum) @ energy / freedom, 1e-300)
    log = models.log_prior - np.log(models.spectrum).sum(axis=1) / 2 - freedom / 2 * np.log(variance)
    belief = np.exp(log - log.max())
    belief /= belief.sum()
    errors = np.sqrt(variance * models.mean)
    order = np.argsort(errors)
    median = order[np.searchsorted(np.cumsum(belief[order]), 0.5)]
    tail = (1 - LEVEL) / 2
    # A Student's t as a normal distribution that has the same quantile here: all have the same degrees of freedom.
    widened = t_quantile(1 - tail, _freedom_of_variance(batch_means)) / normal_quantile(1 - tail)
    likely = belief > tail * 1e-3
    weights: list[float] = belief[likely].tolist()
    deviations: list[float] = (widened * errors[likely] * math.sqrt(2)).tolist()
    low, high = 0.0, 4.0 * max(deviations)
    for _ in range(30):
        middle = (low + high) / 2
        beyond = math.fsum(w * math.erfc(middle / d) for w, d in zip(weights, deviations, strict=True)) / 2
        low, high = (middle, high) if beyond > tail else (low, middle)
    return float(errors[median]), high


def _freedom_of_variance(values: Floats) -> float:
    """Degrees of freedom of the variance of values (k,), k − 1 at most.

    Those of the χ² that varies as much as it: 2k/(κ − 1) with the kurtosis κ (G. Box, "Non-normality and tests on
    variances", Biometrika 40, 1953). Where one or two batches hold all slow latencies it says that not much is known.
    """
    deviations = values - values.mean()
    variance = float((deviations**2).mean())
    if not variance:
        return len(values) - 1.0
    kurtosis = float((deviations**4).mean()) / variance**2
    return min(2 * len(values) / max(kurtosis - 1, 1e-9), len(values) - 1.0)


def needs(p: float, count: int, deff: float) -> int:
    """Latencies still missing until `count` of them support quantile `p`; 0: they do, as count·(1 − p)/deff ≥ 20."""
    return max(math.ceil(round(BEYOND * deff / (1 - p), 6)) - count, 0)


def is_measured(p: float, count: int) -> bool:
    """Whether at least one latency is expected beyond quantile `p`: what lies beyond every sample has no value."""
    return round(count * (1 - p), 9) >= 1


def quantile_interval(
    histogram: LatencyHistogram, p: float, deff: float, level: float = LEVEL
) -> tuple[float, float | None]:
    """Confidence interval of quantile `p`, ns; 0 or None for an end of which the sample knows nothing.

    With n independent latencies it is the narrowest pair of order statistics of which each end errs with at most half
    of 1 − level, by the binomial distribution (H. A. David & H. N. Nagaraja, Order Statistics, 2003, §7.1): the median
    of fewer than six, and the upper end of p99 below 368, have none. Otherwise the same at the whole number of
    independent ones below count/deff, its ranks spread over the sample.
    """
    independent = math.floor(histogram.count / deff + 1e-9)
    low, high = order_statistics(p, independent, (1 - level) / 2)
    times = histogram.count / max(independent, 1)
    return (
        0.0 if low is None else histogram.around_rank(math.floor((low - 1) * times + 1e-9) + 1)[0],
        None if high is None else histogram.around_rank(math.ceil(high * times - 1e-9))[1],
    )


@lru_cache(maxsize=1024)
def order_statistics(p: float, n: int, tail: float) -> tuple[int | None, int | None]:
    """The highest rank l with P(B < l) ≤ tail and the lowest u with P(B ≥ u) ≤ tail, for binomial B(n, p), 1 … n."""
    if n < 1:
        return None, None
    if n > _LARGE:
        margin = normal_quantile(1 - tail) * math.sqrt(n * p * (1 - p))
        low, high = math.floor(n * p - margin), math.ceil(n * p + margin) + 1
    else:
        j = np.arange(1, n + 1)
        steps = np.log((n - j + 1) / j) + math.log(p) - math.log1p(-p)
        below = np.cumsum(np.exp(n * math.log1p(-p) + np.concatenate(((0.0,), np.cumsum(steps)))))
        low = int(np.searchsorted(below, tail, side="right"))  # below[l − 1] = P(B < l)
        high = int(np.searchsorted(below, 1 - tail - 1e-12)) + 1  # below[u − 1] = 1 − P(B ≥ u)
    return low if low >= 1 else None, high if high <= n else None


def latency_summary(histogram: LatencyHistogram, support: PercentileSupport) -> Latency:
    """Mean, extremes and percentiles in ms, each with its interval.

    A percentile with fewer than 20 independent latencies beyond it is weak, and says how many more would do; one with
    not even one latency beyond it is None. Raises ValueError when nothing was counted.
    """
    values: dict[str, float | None] = {}
    intervals: dict[str, tuple[float, float | None]] = {}
    missing: dict[str, int] = {}
    for name, p in PERCENTILES.items():
        deff = support.design_effect(p)
        lacking = needs(p, histogram.count, deff.likely)
        if lacking:
            missing[name] = lacking
        values[name] = None
        if is_measured(p, histogram.count):
            values[name] = histogram.quantile(p) / 1e6
            low, high = quantile_interval(histogram, p, deff.cautious)
            intervals[name] = (low / 1e6, None if high is None else high / 1e6)
    return Latency(
        mean=histogram.mean_ns / 1e6,
        min=histogram.min_ns / 1e6,
        p50=values["p50"],
        p90=values["p90"],
        p95=values["p95"],
        p99=values["p99"],
        p99_9=values["p99_9"],
        max=histogram.max_ns / 1e6,
        ci95=intervals,
        needs=missing,
        weak={name: True for name in missing if values[name] is not None},
    )
