"""Server mode: how many of the arrivals miss a latency limit, from service times; and doubt about that.

Arrivals come at random (Poisson) and do not care whether the device is ready; the latency of each counts from then.
They are served first come first served by as many servers as there are infer requests (M/G/c).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.t_quantile import normal_quantile, t_quantile

_CELLS = 512  # of the limit
_FFT = 2 * _CELLS
_TILT = 1e-9  # what wraps around in a transform weighs so little
_GROUPS = 16
_TINY = 1e-12
_PRECISION = 1e-3
_SURE = 1.8
"""Standard errors of the logarithm of a share between what is expected and what is feared: 96 % on one side."""


def erlang_c(servers: int, offered: float) -> float:
    """The share of arrivals that find all servers busy; `offered`: arrival rate × mean service time, < servers.

    By the recursion of Erlang's B (A. Erlang, 1917), which is exact for M/M/c and close for any service (H. Tijms, A
    First Course in Stochastic Models, 2003, §9.6).
    """
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    load = offered / servers
    return blocked / (1 - load * (1 - blocked))


class ServiceTimes:
    """What is known of service times, in stretches; and which share of arrivals would be late at a rate.

    Who has to wait, waits until the first server is free, and then as in the queue of one server who is as fast as all
    together (H. Tijms, A First Course in Stochastic Models, 2003, §9.6): exact for one server (Pollaczek and Khinchine)
    and for exponential service, close for others. Computed on a lattice with 512 cells up to the limit that keeps
    means, by one Fourier transform with exponential tilting (R. Grübel & R. Hermesmeier, ASTIN Bulletin 29, 1999).
    """

    def __init__(self, limit_s: float, servers: int) -> None:
        self._limit, self._servers = limit_s, servers
        self._parts: list[_Part] = []
        self._known: _Lattice | None = None

    def add(self, services_s: Floats) -> None:
        """A stretch of service times, s, shape (n,), n ≥ 0."""
        if len(services_s):
            self._parts.append(_Part(services_s, self._limit, self._servers))
            self._known = None

    @property
    def count(self) -> int:
        """Services known."""
        return int(sum(part.count for part in self._parts))

    @property
    def mean(self) -> float:
        """Seconds. Raises ZeroDivisionError when nothing is known, like all that follows."""
        return sum(part.sum for part in self._parts) / self.count

    @property
    def mean_error(self) -> float:
        """Standard error of the mean, s, from how stretches differ; infinite below two stretches."""
        if len(self._parts) < 2:
            return math.inf
        values = np.asarray([part.sum / part.count for part in self._parts])
        weights = np.asarray([part.count for part in self._parts]) / self.count
        spread = float((weights**2 * (values - self.mean) ** 2).sum())
        return math.sqrt(spread * len(self._parts) / (len(self._parts) - 1))

    @property
    def variability(self) -> float:
        """The squared coefficient of variation: 0 of constant service, 1 of exponential."""
        return max(sum(part.squares for part in self._parts) / self.count / self.mean**2 - 1, 0.0)

    @property
    def capacity(self) -> float:
        """Arrivals per second that can be served at most."""
        return self._servers / self.mean

    @property
    def late_when_idle(self) -> float:
        """The share of services that take longer than the limit by themselves."""
        return sum(part.beyond for part in self._parts) / self.count

    def missed(self, rate: float) -> float:
        """The share of arrivals above the limit, at so many arrivals per second."""
        return float(self._missed(rate, slice(0, 1))[0])

    def feared(self, rate: float) -> float:
        """The share that is missed at most, as far as the stretches differ: the upper end of a 96 % interval.

        A jackknife over at most 16 groups of stretches of unequal size (F. Busing, E. Meijer & R. van der Leeden,
        Statistics and Computing 9, 1999), of the logarithm.
        """
        shares = self._missed(rate, slice(None))
        whole, others = float(shares[0]), shares[1:]
        if len(others) < 2:
            return 1.0
        logs, log = np.log(np.maximum(others, _TINY)), math.log(max(whole, _TINY))
        h = self._lattice().count / self._lattice().sizes
        pseudo = h * log - (h - 1) * logs
        mean = len(h) * log - float(((1 - 1 / h) * logs).sum())
        error = math.sqrt(float(((pseudo - mean) ** 2 / (h - 1)).mean()))
        return min(1.0, whole * math.exp(min(_SURE * error, 50.0)))

    def highest_rate(self, allowed: float) -> float | None:
        """The rate at which `allowed` of the arrivals miss the limit. None: they do even when it is idle."""
        return _highest(lambda rate: self.missed(rate) <= allowed, self.capacity)

    def highest_safe_rate(self, allowed: float, tolerated: float) -> float | None:
        """The highest rate at which at most `allowed` are expected to miss it, and at most `tolerated` feared to."""
        best = self.highest_rate(allowed)
        return None if best is None else _highest(lambda rate: self.feared(rate) <= tolerated, best)

    def _missed(self, rate: float, rows: slice) -> Floats:
        """Of all stretches, and without each group of them: those rows."""
        known = self._lattice()
        loads = rate * known.means[rows] / self._servers
        stable = loads < 1
        load = np.where(stable, loads, 0.5)[:, None]
        waiting = known.first[rows] * ((1 - load) / (1 - load * known.residual[rows]))
        weights = np.fft.irfft(waiting, _FFT, axis=1)[:, :_CELLS] * known.untilt
        above = 1 - np.cumsum(weights, axis=1) + weights / 2  # halfway between above and at least
        above[:, 0] = 1
        some = np.asarray([erlang_c(self._servers, float(each) * self._servers) for each in load[:, 0]])
        # A service of j cells is late if the wait is longer than the other cells of the limit.
        late = np.einsum("ij,ij->i", known.services[rows, 1:], above[:, ::-1])
        return np.where(stable, np.minimum(some * late + known.beyond[rows], 1.0), 1.0)

    def _lattice(self) -> _Lattice:
        if self._known is None:
            self._known = _Lattice(self._parts, self._limit, self._servers)
        return self._known


def _highest(keeps: Callable[[float], bool], most: float) -> float | None:
    """The highest rate up to `most` that keeps it, to 0.1 %; None: not even a thousandth does."""
    low, high = most / 1000, most
    if keeps(high):
        return high
    if not keeps(low):
        return None
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        low, high = (middle, high) if keeps(middle) else (low, middle)
    return low


class _Part:
    """One stretch on the lattice, as sums, so that stretches add up."""

    def __init__(self, services_s: Floats, limit_s: float, servers: int) -> None:
        cell = limit_s / _CELLS
        self.count, self.sum = len(services_s), float(services_s.sum())
        self.squares = float((services_s**2).sum())
        within = services_s[services_s < limit_s] / cell
        self.beyond = len(services_s) - len(within)
        lower = within.astype(np.int64)
        upper_share = within - lower
        self.services = np.bincount(lower, 1 - upper_share, _CELLS + 1) + np.bincount(
            lower + 1, upper_share, _CELLS + 1
        )
        # The second integral of the distribution of residual times, times what is served; its second differences are
        # the weights on the lattice.
        y = np.sort(services_s / servers)
        x = np.arange(_CELLS + 1) * cell
        below = np.searchsorted(y, x)
        sums = np.concatenate(((0.0,), np.cumsum(y)))[below]
        halves = np.concatenate(((0.0,), np.cumsum(y * y / 2)))[below]
        self.integral = servers * ((len(y) - below) * x * x / 2 + sums * x - halves)
        s, x = np.sort(services_s), np.arange(2 * _CELLS + 1) * (cell / 2)
        below = np.searchsorted(s, x)
        self.shorter = (len(s) - below) * x + np.concatenate(((0.0,), np.cumsum(s)))[below]  # Σ min(s, x)


class _Lattice:
    """All stretches in one row, and in further rows all but a group of neighbours."""

    def __init__(self, parts: Sequence[_Part], limit_s: float, servers: int) -> None:
        def rows(values: Sequence[Any]) -> Floats:
            groups = [each.sum(axis=0) for each in np.array_split(np.asarray(values), min(len(values), _GROUPS))]
            whole = np.sum(groups, axis=0)
            return np.asarray([whole, *(whole - each for each in groups)] if len(groups) > 1 else [whole])

        counts = rows([np.float64(part.count) for part in parts])
        sums = rows([np.float64(part.sum) for part in parts])
        integral = rows([part.integral for part in parts])
        self.count = float(counts[0])
        self.sizes = counts[0] - counts[1:]
        self.means = sums / counts
        self.beyond = rows([np.float64(part.beyond) for part in parts]) / counts
        self.services = rows([part.services for part in parts]) / counts[:, None]
        first, later = integral[:, 1:2], integral[:, 2:] - 2 * integral[:, 1:-1] + integral[:, :-2]
        weights = np.concatenate((first, later), axis=1) / (limit_s / _CELLS * sums[:, None])
        tilt = _TILT ** (np.arange(_CELLS) / _FFT)
        self.untilt = 1 / tilt
        self.residual = np.fft.rfft(weights * tilt, _FFT, axis=1)
        # Until the first of all servers is free; its distribution function integrated over each cell by Simpson's rule.
        busy = np.maximum(1 - rows([part.shorter for part in parts]) / sums[:, None], 0.0) ** servers
        free = 1 - (busy[:, :-2:2] + 4 * busy[:, 1:-1:2] + busy[:, 2::2]) / 6
        self.first = np.fft.rfft(np.diff(free, axis=1, prepend=0.0) * tilt, _FFT, axis=1)


def relaxation(load: float, variability: float) -> float:
    """Arrivals after which a queue has forgotten half of where it stood: (1 + c²)·ρ/(1 − ρ)², at least 1.

    The time unit of Brownian motion with a barrier, in which a queue in heavy traffic moves (J. Abate & W. Whitt,
    Advances in Applied Probability 19, 1987). `variability`: c², of service.
    """
    return max((1 + variability) * load / (1 - load) ** 2, 1.0) if load < 1 else math.inf


def missed_interval(rounds: Sequence[tuple[int, int]], relaxed: float) -> tuple[float, tuple[float, float]]:
    """The share of arrivals above the limit, and its 95 % interval over rounds; each (late, counted).

    E. Wilson's interval (1927) with as many arrivals as are worth independent ones. Late ones come in clumps; of two
    estimates of how large these are the larger counts: how rounds differ (Pearson's dispersion, then with Student's t),
    and 1.5 relaxation times, since few rounds may have seen none of them: a visit of Brownian motion above a high level
    lasts half of one on the mean (D. Aldous, Probability Approximations via the Poisson Clumping Heuristic, 1989), and
    visits differ. Without any arrival nothing is known: a share of 0, between 0 and 1.
    """
    late, counts = (np.asarray([each[i] for each in rounds], np.float64) for i in (0, 1))
    late, counts = late[counts > 0], counts[counts > 0]
    total, k = float(counts.sum()), len(counts)
    if not total:
        return 0.0, (0.0, 1.0)
    share = float(late.sum()) / total
    clump, q = 1.5 * max(relaxed, 1.0), normal_quantile(0.975)
    if k > 1 and 0 < share < 1:
        dispersion = float(((late - counts * share) ** 2 / counts).sum()) / (share * (1 - share)) / (k - 1)
        if dispersion > clump:
            clump, q = dispersion, t_quantile(0.975, k - 1)
    n = total / clump
    middle = (share + q * q / (2 * n)) / (1 + q * q / n)
    half = q / (1 + q * q / n) * math.sqrt(share * (1 - share) / n + q * q / (4 * n * n))
    return share, (max(middle - half, 0.0), min(middle + half, 1.0))
