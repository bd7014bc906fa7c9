"""Memory, speed and error of the latency statistics for up to 10⁸ latencies. Run by hand; prints a table.

The error is against the exact order statistics: the latencies are whole nanoseconds below 2²³, so that counting every
possible value gives the truth at any size.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from ovtui.analysis.histogram import LatencyHistogram, rank_of
from ovtui.analysis.percentiles import PERCENTILES, PercentileSupport

WINDOW = 5_000  # 100 ms at 50,000 a second
CHUNK = 200 * WINDOW
LARGEST = 2**23


def chunk(seed: int) -> np.ndarray:
    """Latencies around 0.5 ms with a long tail, ns."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.lognormal(np.log(500_000), 0.5, CHUNK), 1, LARGEST - 1).astype(np.int64)


def main(largest: int) -> None:
    histogram, support = LatencyHistogram(), PercentileSupport()
    exact = np.zeros(LARGEST, np.int64)
    seconds = 0.0
    print("| latencies | seconds | ns per latency | bytes | largest error p50 … p99.9 |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    reports = {10**n for n in range(6, 12)} | {largest}
    for seed in range(largest // CHUNK):
        latencies = chunk(seed)
        exact += np.bincount(latencies, minlength=LARGEST)
        begin = time.perf_counter()
        for first in range(0, CHUNK, WINDOW):
            window = latencies[first : first + WINDOW]
            histogram.add(window)
            support.add(window)
        seconds += time.perf_counter() - begin
        if histogram.count in reports:
            below = np.cumsum(exact)
            truths = {p: int(np.searchsorted(below, rank_of(p, histogram.count))) for p in PERCENTILES.values()}
            error = max(abs(histogram.quantile(p) / truth - 1) for p, truth in truths.items())
            row = (f"{histogram.count:,}", f"{seconds:.2f}", f"{1e9 * seconds / histogram.count:.1f}")
            print("|", " | ".join((*row, f"{histogram.nbytes + support.nbytes:,}", f"{100 * error:.3f} %")), "|")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**8)
