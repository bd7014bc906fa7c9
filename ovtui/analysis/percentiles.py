"""Which percentiles a sample of latencies supports, and how sure they are."""

from __future__ import annotations

import math

import numpy as np

from ovtui.analysis.arrays import Ints
from ovtui.analysis.histogram import BUCKETS, LatencyHistogram, Sparse, bucket_of
from ovtui.analysis.student import normal_quantile
from ovtui.records import Latency

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
BEYOND = 20
"""Independent latencies that must lie beyond a percentile before it is shown."""
BATCHES = 64
FEWEST_BATCHES = 8
_COARSER_BITS = 2  # 64 sub-buckets an octave: 64 batches of them take 573 kB
_COARSE = BUCKETS >> _COARSER_BITS


class PercentileSupport:
    """How much slow latencies come in clusters, at any threshold, in constant memory.

    Latencies arrive in ticks of equal duration. A batch is a number of ticks and has a coarse histogram; when 64
    batches are full, neighbours are merged, so that a long run has 32 to 64.
    """

    def __init__(self) -> None:
        self._counts = np.zeros((BATCHES, _COARSE), np.uint32)
        self._ticks = 0
        self._ticks_per_batch = 1

    @property
    def nbytes(self) -> int:
        """Bytes of the counts."""
        return self._counts.nbytes

    @property
    def batches(self) -> int:
        """Batches begun."""
        return -(-self._ticks // self._ticks_per_batch)

    def add(self, latencies_ns: Ints) -> None:
        """Count the latencies of the next tick: int64 ns, shape (n,); n = 0 is time without an inference."""
        row = self._next_row()
        if len(latencies_ns):
            found = np.bincount(bucket_of(latencies_ns) >> _COARSER_BITS)
            row[: len(found)] += found.astype(np.uint32)

    def add_sparse(self, sparse: Sparse | None) -> None:
        """Count the latencies of the next tick, kept apart before; None is time without an inference."""
        row = self._next_row()
        if sparse:
            np.add.at(row, sparse.index >> _COARSER_BITS, sparse.count.astype(np.uint32))

    def deff(self, threshold_ns: float) -> float:
        """Design effect of "slower than the threshold": how many latencies are worth one independent one, ≥ 1.

        n·Var(batch means)/Var(indicator) for batches of n (L. Kish, Survey Sampling, 1965, §5.4). Batches differ in
        size, so the squares are weighted by it, which is Pearson's dispersion Σ n_b(p_b − p)²/(p(1 − p))/(k − 1): 1 for
        independent latencies whatever the sizes. Of the two coarse edges that enclose the threshold the worse one
        counts. With fewer than 8 batches there is nothing to see, and it is 1.
        """
        sizes = self._counts.sum(axis=1, dtype=np.int64)
        used = sizes > 0
        k = int(used.sum())
        if k < FEWEST_BATCHES:
            return 1.0
        sizes = sizes[used]
        edge = int(bucket_of(np.asarray([round(threshold_ns)], np.int64))[0]) >> _COARSER_BITS
        worst = 1.0
        for first in (edge, edge + 1):
            slower = self._counts[used, first:].sum(axis=1, dtype=np.int64)
            p = float(slower.sum() / sizes.sum())
            if 0 < p < 1:
                dispersion = float((sizes * (slower / sizes - p) ** 2).sum()) / (p * (1 - p)) / (k - 1)
                worst = max(worst, dispersion)
        return worst

    def _next_row(self) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        if self._ticks == BATCHES * self._ticks_per_batch:
            half = BATCHES // 2
            self._counts[:half] = self._counts[0::2] + self._counts[1::2]
            self._counts[half:] = 0
            self._ticks_per_batch *= 2
        row: np.ndarray[tuple[int], np.dtype[np.uint32]] = self._counts[self._ticks // self._ticks_per_batch]
        self._ticks += 1
        return row


def needs(p: float, count: int, deff: float) -> int:
    """Latencies still missing until `count` of them support quantile `p`; 0: they do, as count·(1 − p)/deff ≥ 20."""
    return max(math.ceil(round(BEYOND * deff / (1 - p), 6)) - count, 0)


def quantile_interval(histogram: LatencyHistogram, p: float, deff: float, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of quantile `p`, ns: the order statistics at p ± z·√(p(1 − p)·deff/count).

    The normal form of the binomial interval (H. A. David & H. N. Nagaraja, Order Statistics, 2003, §7.1), good enough
    where `needs` is 0.
    """
    margin = normal_quantile((1 + level) / 2) * math.sqrt(p * (1 - p) * deff / histogram.count)
    return histogram.quantile(max(p - margin, 0.0)), histogram.quantile(min(p + margin, 1.0))


def latency_summary(histogram: LatencyHistogram, support: PercentileSupport) -> Latency:
    """Mean, extremes and percentiles in ms; a percentile that the sample does not support is None and says its need.

    Raises ValueError when nothing was counted.
    """
    values: dict[str, float | None] = {}
    intervals: dict[str, tuple[float, float]] = {}
    missing: dict[str, int] = {}
    for name, p in PERCENTILES.items():
        value = histogram.quantile(p)
        deff = support.deff(value)
        lacking = needs(p, histogram.count, deff)
        values[name] = None if lacking else value / 1e6
        if lacking:
            missing[name] = lacking
        else:
            low, high = quantile_interval(histogram, p, deff)
            intervals[name] = (low / 1e6, high / 1e6)
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
    )
