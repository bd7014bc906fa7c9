"""Work over time: how many inferences' worth of work fell into each time bin."""

from __future__ import annotations

import numpy as np

from ovtui.analysis.arrays import Floats, Ints


class WorkSeries:
    """Amounts per bin of time since the first inference, in bounded memory.

    An inference is spread over the bins in proportion to the time it spent in each. Counting it where it ends would
    add the noise of whole numbers: one more or less in a bin of twenty is 5 %, and a model of 3 s would be a comb.

    When `limit` bins are full, neighbours are merged and a bin lasts twice as long.
    """

    def __init__(self, bin_ns: int = 100_000_000, limit: int = 8192) -> None:
        if bin_ns < 1 or limit < 2 or limit % 2:
            raise ValueError("a bin needs a length, and the limit must be even")
        self.bin_ns = bin_ns
        self._limit = limit
        self._work: Floats = np.zeros(min(64, limit))

    @property
    def nbytes(self) -> int:
        """Bytes of the bins."""
        return self._work.nbytes

    @property
    def total(self) -> float:
        """Everything that was added."""
        return float(self._work.sum())

    def add(self, starts_ns: Ints, ends_ns: Ints) -> None:
        """Add inferences, 1 each: int64 ns since the first start, both of shape (n,), 0 ≤ start ≤ end.

        A bin holds what happened after its beginning up to and including its end.
        """
        if not len(ends_ns):
            return
        self._reach(int(ends_ns.max()))
        first = starts_ns // self.bin_ns
        last = np.maximum((ends_ns - 1) // self.bin_ns, first)
        within = first == last
        self._pour(first[within], None)
        if within.all():
            return
        start, end, first, last = (part[~within] for part in (starts_ns, ends_ns, first, last))
        spans = last - first + 1
        # Every spanning inference once for each of its bins: 0, 1, 2 … from its first bin on.
        step = np.arange(int(spans.sum())) - np.repeat(np.cumsum(spans) - spans, spans)
        bins = np.repeat(first, spans) + step
        start, end = np.repeat(start, spans), np.repeat(end, spans)
        overlap = np.minimum(end, (bins + 1) * self.bin_ns) - np.maximum(start, bins * self.bin_ns)
        self._pour(bins, overlap / (end - start))

    def add_at(self, times_ns: Ints, amounts: Floats | None = None) -> None:
        """Add amounts (1 each when None) at moments: int64 ns and float64, both of shape (n,)."""
        if not len(times_ns):
            return
        self._reach(int(times_ns.max()))
        self._pour(np.maximum(times_ns - 1, 0) // self.bin_ns, amounts)

    def rates(self, first_bin: int, horizon_ns: int) -> Floats:
        """Amount per second of the bins from `first_bin` on that lie wholly before the horizon."""
        end = max(horizon_ns // self.bin_ns, first_bin)
        rates = np.zeros(end - first_bin)
        known = self._work[first_bin:end]
        rates[: len(known)] = known / (self.bin_ns / 1e9)
        return rates

    def rates_between(self, start_ns: int, end_ns: int) -> Floats:
        """Amount per second of the bins that lie wholly within a stretch of time."""
        return self.rates(-(-start_ns // self.bin_ns), end_ns)

    def _reach(self, last_ns: int) -> None:
        """Make room for a moment."""
        while last_ns // self.bin_ns >= self._limit:
            if len(self._work) % 2:
                self._work = np.append(self._work, 0.0)
            self._work = self._work[0::2] + self._work[1::2]
            self.bin_ns *= 2
        needed = last_ns // self.bin_ns + 1
        if needed > len(self._work):
            grown = np.zeros(min(max(needed, 2 * len(self._work)), self._limit))
            grown[: len(self._work)] = self._work
            self._work = grown

    def _pour(self, bins: Ints, amounts: Floats | None) -> None:
        if len(bins):
            poured = np.bincount(bins, weights=amounts)
            self._work[: len(poured)] += poured
