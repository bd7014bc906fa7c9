"""Latencies of a run of any length, counted in 70 kB: a log-linear histogram with quantiles to 0.2 %.

The buckets are HdrHistogram's (G. Tene, hdrhistogram.org): every octave is cut into 256 equal parts, and below 256 ns
every nanosecond has its own. The index falls out of the bits of a float64, so that numpy does a whole window at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ovtui.analysis.arrays import Ints

SUB_BITS = 8
"""256 sub-buckets in an octave: half a bucket is 1/512 of its lower edge, below 0.2 %."""
LARGEST_NS = 2**42 - 1
"""73 minutes; what is longer counts as this."""
BUCKETS = (42 - SUB_BITS + 1) << SUB_BITS
_MANTISSA_BITS = 52
_BIAS = (1023 + SUB_BITS - 1) << SUB_BITS


def bucket_of(latencies_ns: Ints) -> Ints:
    """The bucket of each latency: int64 in 0 … BUCKETS − 1, of the input's shape; out of range goes to the ends."""
    clamped = np.clip(latencies_ns, 1, LARGEST_NS)
    # Exponent and the eight leading bits of the mantissa, read as one number, count the buckets in order.
    index: Ints = (clamped.astype(np.float64).view(np.int64) >> (_MANTISSA_BITS - SUB_BITS)) - _BIAS
    return np.where(clamped < 1 << SUB_BITS, clamped, index)


def edges_of(index: Ints) -> tuple[Ints, Ints]:
    """Lower (inclusive) and upper (exclusive) edges of buckets, ns."""
    shift = np.maximum((index >> SUB_BITS) - 1, 0)
    lower = (index - (shift << SUB_BITS)) << shift
    return lower, lower + (np.int64(1) << shift)


def rank_of(q: float, count: int) -> int:
    """The 1-based rank of quantile `q` among `count` sorted values: the smallest k with k ≥ q·count."""
    return min(max(math.ceil(q * count * (1 - 1e-14)), 1), count)  # 0.07 × 100 is 7.000000000000001


@dataclass(frozen=True)
class Stretch:
    """The latencies of a short stretch: the bucket of each in two bytes, and what buckets do not keep (ns)."""

    index: np.ndarray[tuple[int], np.dtype[np.uint16]]  # in the order in which they came
    min: int
    max: int
    sum: int

    @classmethod
    def of(cls, latencies_ns: Ints) -> Stretch | None:
        """From int64 ns, shape (n,); None for n = 0."""
        if not len(latencies_ns):
            return None
        kept = np.clip(latencies_ns, 1, LARGEST_NS)
        return cls(bucket_of(latencies_ns).astype(np.uint16), int(kept.min()), int(kept.max()), int(kept.sum()))


class LatencyHistogram:
    """Counts of latencies, with their exact count, mean, minimum and maximum. Constant memory."""

    def __init__(self) -> None:
        self._counts = np.zeros(BUCKETS, np.int64)
        self.count = 0
        self.sum_ns = 0
        self._min_ns = LARGEST_NS
        self._max_ns = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the counts."""
        return self._counts.nbytes

    @property
    def min_ns(self) -> int:
        """The exact smallest latency. Raises ValueError when empty."""
        self._require_any()
        return self._min_ns

    @property
    def max_ns(self) -> int:
        """The exact largest latency. Raises ValueError when empty."""
        self._require_any()
        return self._max_ns

    @property
    def mean_ns(self) -> float:
        """The exact mean. Raises ValueError when empty."""
        self._require_any()
        return self.sum_ns / self.count

    def add(self, latencies_ns: Ints) -> None:
        """Count latencies: int64 ns, shape (n,), n ≥ 0."""
        if not len(latencies_ns):
            return
        self._counts += np.bincount(bucket_of(latencies_ns), minlength=BUCKETS)
        kept = np.clip(latencies_ns, 1, LARGEST_NS)
        self._note(len(kept), int(kept.min()), int(kept.max()), int(kept.sum()))

    def add_stretch(self, stretch: Stretch) -> None:
        """Count a stretch that was kept apart."""
        self._counts += np.bincount(stretch.index, minlength=BUCKETS)
        self._note(len(stretch.index), stretch.min, stretch.max, stretch.sum)

    def merge(self, other: LatencyHistogram) -> None:
        """Count everything that `other` has counted."""
        self._counts += other._counts
        self._note(other.count, other._min_ns, other._max_ns, other.sum_ns)

    def quantile(self, q: float) -> float:
        """The latency at quantile `q` in 0 … 1, ns, within 0.2 % of the order statistic of rank ⌈q·count⌉.

        Raises ValueError when empty.
        """
        self._require_any()
        rank = rank_of(q, self.count)
        if rank == self.count:
            return float(self._max_ns)
        return sum(self.around_rank(rank)) / 2

    def around_rank(self, rank: int) -> tuple[float, float]:
        """Between what the latency of a 1-based rank lies, ns: the ends of its bucket, within the extremes.

        Raises ValueError when empty.
        """
        self._require_any()
        index = np.searchsorted(np.cumsum(self._counts), rank)
        lower, upper = edges_of(np.asarray([index], np.int64))
        # The largest whole number in the bucket is upper − 1.
        return max(float(lower[0]), float(self._min_ns)), min(float(upper[0] - 1), float(self._max_ns))

    def buckets(self) -> tuple[Ints, Ints, Ints]:
        """Of the buckets that are not empty: lower edge (inclusive, ns), upper edge (exclusive, ns), count."""
        index = np.flatnonzero(self._counts).astype(np.int64)
        lower, upper = edges_of(index)
        return lower, upper, self._counts[index]

    def _note(self, count: int, low: int, high: int, total: int) -> None:
        self.count += count
        self.sum_ns += total
        self._min_ns = min(self._min_ns, low)
        self._max_ns = max(self._max_ns, high)

    def _require_any(self) -> None:
        if not self.count:
            raise ValueError("no latencies were counted")
