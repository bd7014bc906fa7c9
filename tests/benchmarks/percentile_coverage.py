"""How often the 95 % interval of a percentile holds the truth, on latencies with memory. Run by hand; prints a table.

Before: order statistics at p ± 1.96·√(p(1 − p)·deff/n), clipped to the sample, deff from 32 to 64 batches that were
taken for independent. After: the product's own. Beside each, the share of intervals that have both ends: one without
an upper end says that the sample does not tell. An argument is the number of samples of each kind (default 200).
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from ovtui.analysis.arrays import Floats
from ovtui.analysis.histogram import LatencyHistogram, rank_of
from ovtui.analysis.percentiles import PERCENTILES, PercentileSupport, latency_summary

SIZES = (1_000, 5_000, 50_000)
NAMES = ("p50", "p90", "p95", "p99")
TYPICAL_NS = 2e6
_NORMAL = NormalDist()


class Process(NamedTuple):
    """Logarithms of latencies: `samples(rng, count, n)` has the shape (count, n); `quantile(p)` is the truth."""

    samples: Callable[[np.random.Generator, int, int], Floats]
    quantile: Callable[[float], float]


def white(rng: np.random.Generator, count: int, n: int) -> Floats:
    return rng.standard_normal((count, n))


def ar1(phi: float, share: float = 1.0) -> Process:
    """An AR(1) process of variance `share` plus white noise, of variance 1 together."""

    def samples(rng: np.random.Generator, count: int, n: int) -> Floats:
        x = rng.standard_normal((n, count))
        x[1:] *= math.sqrt(1 - phi * phi)
        for i in range(1, n):
            x[i] += phi * x[i - 1]
        slow = np.ascontiguousarray(x.T)
        return slow if share == 1 else math.sqrt(share) * slow + math.sqrt(1 - share) * white(rng, count, n)

    return _of_normal(samples, 0.3)


def _of_normal(samples: Callable[[np.random.Generator, int, int], Floats], spread: float) -> Process:
    return Process(lambda rng, count, n: spread * samples(rng, count, n), lambda p: spread * _NORMAL.inv_cdf(p))


def heavy() -> Process:
    """Independent, with a Pareto tail of index 2 (infinite variance)."""
    return Process(
        lambda rng, count, n: -np.log(rng.random((count, n))) / 2,
        lambda p: -math.log1p(-p) / 2,
    )


def bursts(slow: int, quick: int, factor: float) -> Process:
    """Stretches of random length, `slow` and `quick` inferences in the mean; the slow ones take `factor` as long."""
    spread, shift, share = 0.05, math.log(factor), slow / (slow + quick)

    def samples(rng: np.random.Generator, count: int, n: int) -> Floats:
        on = np.empty((n, count), bool)
        now = rng.random(count) < share
        for i in range(n):
            on[i] = now
            now ^= rng.random(count) < np.where(now, 1 / slow, 1 / quick)
        return shift * on.T + spread * rng.standard_normal((count, n))

    def quantile(p: float) -> float:
        low, high = -1.0, shift + 1
        for _ in range(60):
            x = (low + high) / 2
            below = (1 - share) * _NORMAL.cdf(x / spread) + share * _NORMAL.cdf((x - shift) / spread)
            low, high = (low, x) if below >= p else (x, high)
        return high

    return Process(samples, quantile)


PROCESSES = {
    "iid lognormal": _of_normal(white, 0.3),
    "iid, Pareto tail": heavy(),
    "iid, CV 0.5 %": _of_normal(white, 0.005),
    "AR(.9)": ar1(0.9),
    "AR(.99)": ar1(0.99),
    "AR(.999)": ar1(0.999),
    "¾ white + ¼ AR(.999)": ar1(0.999, 0.25),
    "bursts 50 of 500 × 2": bursts(50, 450, 2.0),
    "bursts 200 of 2,200 × 1.5": bursts(200, 2000, 1.5),
    "bursts 1,000 of 2,000 × 1.1": bursts(1000, 1000, 1.1),
    "bursts 500 of 3,000 × 3": bursts(500, 2500, 3.0),
}


def before(latencies: Floats, ordered: Floats, p: float) -> tuple[float, float]:
    """The interval as it used to be."""
    n = len(latencies)
    per_batch = 1
    while n // per_batch >= 64:
        per_batch *= 2
    k = n // per_batch
    slower = latencies > ordered[rank_of(p, n) - 1]
    share = slower.mean()
    means = slower[: k * per_batch].reshape(k, per_batch).mean(axis=1)
    deff = max(1.0, per_batch * float(((means - share) ** 2).sum()) / (k - 1) / (share * (1 - share)))
    margin = 1.96 * math.sqrt(p * (1 - p) * deff / n)
    return ordered[rank_of(max(p - margin, 0), n) - 1], ordered[rank_of(min(p + margin, 1), n) - 1]


def after(latencies: Floats) -> dict[str, tuple[float, float | None]]:
    """The product's, ns."""
    histogram, support = LatencyHistogram(), PercentileSupport()
    for part in np.array_split(latencies.astype(np.int64), 50):
        histogram.add(part)
        support.add(part)
    found = latency_summary(histogram, support).ci95
    return {name: (low * 1e6, None if high is None else high * 1e6) for name, (low, high) in found.items()}


class Share(NamedTuple):
    """Of the samples: those whose interval held the truth, before and after, and those with two ends, after."""

    before: float
    after: float
    bounded: float


def coverage(process: Process, n: int, count: int, seed: int = 1) -> dict[str, Share]:
    """By percentile."""
    hits = {name: np.zeros(3) for name in NAMES}
    rng = np.random.default_rng(seed)
    for some in np.array_split(np.arange(count), -(-count * n // 2_000_000)):
        for latencies in TYPICAL_NS * np.exp(process.samples(rng, len(some), n)):
            ordered, found = np.sort(latencies), after(latencies)
            for name in NAMES:
                truth = TYPICAL_NS * math.exp(process.quantile(PERCENTILES[name]))
                old_low, old_high = before(latencies, ordered, PERCENTILES[name])
                low, high = found[name]
                holds = low <= truth and (high is None or truth <= high)
                hits[name] += old_low <= truth <= old_high, holds, high is not None and low > 0
    return {name: Share(*(hits[name] / count).tolist()) for name in NAMES}


def main(count: int) -> None:
    print(f"Coverage of the 95 % interval, {count} samples each: before → after (share with two ends)\n")
    print("| latencies | n |", " | ".join(NAMES), "|")
    print("| --- | ---: |", " | ".join(":---:" for _ in NAMES), "|")
    begin = time.perf_counter()
    for title, process in PROCESSES.items():
        for n in SIZES:
            found = coverage(process, n, count).values()
            cells = (f"{each.before:.2f} → {each.after:.2f} ({each.bounded:.2f})" for each in found)
            print(f"| {title} | {n:,} |", " | ".join(cells), "|", flush=True)
    print(f"\n{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
