"""Server mode: what a queue would do with known service times, and the highest rate that keeps a latency limit.

Arrivals come at random (Poisson) and do not care whether the device is ready; the latency of each counts from then.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.confidence import autocorrelation_time
from ovtui.analysis.exploring.answering import highest_kept
from ovtui.analysis.percentiles import PERCENTILES
from ovtui.analysis.student import normal_quantile
from ovtui.records import Load, Percentile

CUSTOMERS = 50_000
MOST_MOVES = 4
_STEP = 0.1  # of the logarithm of the rate; the second move is two of them, and so on
_CLOSE_ENOUGH = 1.06  # between a rate that keeps the limit and one that does not
_PRECISION = 1e-3


def replay(service_s: Floats, rate: float, servers: int, seed: int, customers: int = CUSTOMERS) -> Floats:
    """Latencies of the first `customers` arrivals at an empty queue, s, in order: (customers,).

    `rate` arrivals per second, first come first served by `servers`. Service times, shape (n,), n ≥ 1, s, are taken in
    their order, and again from the first, so that slow stretches stay together. The same seed gives the same arrivals,
    scaled by the rate. One server: W′ = max(0, W + S − A) (D. Lindley, 1952); several: each arrival goes to the server
    that is free first (J. Kiefer & J. Wolfowitz, 1955).
    """
    return _latencies(np.resize(service_s, customers), _gaps(seed, customers) / rate, servers)


def highest_rate(
    service_s: Floats,
    servers: int,
    limit_s: float,
    percentile: Percentile,
    seed: int,
    customers: int = CUSTOMERS,
) -> float | None:
    """The highest rate, arrivals per second, at which the percentile of the latencies is at most `limit_s`.

    None if even an idle system misses the limit. By bisection up to what the servers can do at most, to 0.1 %; the same
    arrivals at every rate make each latency grow with it, so there is one answer. The first tenth of the arrivals, when
    the queue fills, does not count.
    """
    p = PERCENTILES[percentile]
    if float(np.quantile(service_s, p)) > limit_s:
        return None
    service, gaps = np.resize(service_s, customers), _gaps(seed, customers)
    low, high = 0.0, servers / float(service.mean())
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        latencies = _latencies(service, gaps / middle, servers)[customers // 10 :]
        low, high = (middle, high) if float(np.quantile(latencies, p)) <= limit_s else (low, middle)
    return low or None


def missed(latencies_s: Floats, limit_s: float, refused: int = 0) -> tuple[float, tuple[float, float]]:
    """The share of arrivals above the limit, in order of arrival, and its 95 % interval; refused ones are above it.

    E. Wilson's interval (1927) with as many arrivals as are worth independent ones, since late ones come in a row; near
    saturation in rows so long that it covers the truth in some 85 % of cases. Without any arrival nothing is known: a
    share of 0, between 0 and 1.
    """
    late = (latencies_s > limit_s).astype(np.float64)
    count = len(late) + refused
    if not count:
        return 0.0, (0.0, 1.0)
    share = (float(late.sum()) + refused) / count
    n = count / (autocorrelation_time(late) if len(late) else 1.0)
    z = normal_quantile(0.975)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return share, (max(middle - half, 0.0), min(middle + half, 1.0))


def kept(load: Load, percentile: Percentile) -> bool | None:
    """Whether a measured load keeps the limit: at most 1 − p of its arrivals missed it. None: not measured.

    The point decides, not the interval's upper end: that one falls with measuring time, and a rate would be called too
    high for having been measured briefly. The doubt stands beside it, in `missed_ci95`.
    """
    return None if load.missed is None else load.missed <= 1 - PERCENTILES[percentile] + 1e-12


def rates_to_verify(answer: float) -> tuple[float, float, float]:
    """A predicted rate and its neighbours at 0.95 and 1.05, lowest first."""
    return 0.95 * answer, answer, 1.05 * answer


def next_rate(loads: Sequence[Load], predicted: float) -> float | None:
    """The rate to measure after those that were; None when the answer is known well enough.

    First the three to verify. While all keep the limit it goes up, while all miss it down, in growing steps, and
    between a rate that keeps it and one that does not, more than 6 % apart, to the middle (all geometric): four moves
    in all, which reach from 0.35 to 2.9 times the prediction. A load without a verdict (it failed) counts as a miss.
    """
    planned = rates_to_verify(predicted)
    tried = {load.rate for load in loads}
    for rate in planned:
        if not any(math.isclose(rate, other, rel_tol=0.01) for other in tried):
            return rate
    moves = len(tried) - len(planned)
    if moves >= MOST_MOVES:
        return None
    answer = highest_kept(loads)
    if answer is None:
        return min(tried) * math.exp(-_STEP * (moves + 1))
    above = [load.rate for load in loads if load.rate > answer.rate]
    if not above:
        return answer.rate * math.exp(_STEP * (moves + 1))
    return math.sqrt(answer.rate * min(above)) if min(above) > _CLOSE_ENOUGH * answer.rate else None


def _gaps(seed: int, customers: int) -> Floats:
    """Between arrivals, in units of the mean: (customers,)."""
    return np.random.default_rng(seed).exponential(1.0, customers)


def _latencies(service: Floats, gaps: Floats, servers: int) -> Floats:
    if servers == 1:
        walk = np.concatenate(((0.0,), np.cumsum(service[:-1] - gaps[1:])))
        waiting: Floats = walk - np.minimum.accumulate(walk)  # Lindley's recursion, unrolled
        return waiting + service
    free = [0.0] * servers
    latencies = np.empty(len(service))
    arrivals = np.cumsum(gaps).tolist()
    for index, (arrival, needed) in enumerate(zip(arrivals, service.tolist(), strict=True)):
        end = max(free[0], arrival) + needed
        heapq.heapreplace(free, end)
        latencies[index] = end - arrival
    return latencies
