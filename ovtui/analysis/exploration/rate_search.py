"""The search for the highest arrival rate under a latency limit: what to measure next, and what came of it.

A pure machine: it asks for service times, or for a turn of random arrivals; whoever drives it, with a device or with a
simulated queue, tells it what happened. Service times say which rate to try: misses are rare and come in clumps, so
that counting them alone would take hours near capacity. Turns at that rate then confirm it or refuse it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.exploration.max_rate import highest_kept
from ovtui.analysis.exploration.queues import ServiceTimes, missed_interval, relaxation
from ovtui.analysis.percentiles import PERCENTILES
from ovtui.analysis.t_quantile import t_quantile
from ovtui.records import Percentile, RatePoint

BUDGET_S = 120.0
"""Seconds that a search may take."""
ROUNDS = 8
_FEWEST_ROUNDS = 3
_LEARN_S, _LEARN_SHARE = 5.0, 1 / 3  # of the budget, for service times
_STRETCHES = 8  # of service times in a turn
_WARM, _LONG = 4.0, 6.0  # relaxation times that a turn drops, and counts at least, if there is time
_WANTED = 250  # independent arrivals, where 1 % may miss: none of them late is at most 1.5 %
_SHORT = 2.0  # of each: the least that makes a rate worth trying
_SHORTEST_S = 0.5
_MOST_LOAD = 0.98  # of capacity
_HIGHER = 1.04  # a rate that is worth another try is that much higher
_STEPS_DOWN = (0.9, 0.8, 0.65)  # of the lowest rate that missed
_MOST_RATES = 5
_TIME_LEFT = 0.08  # of the budget, below which nothing is begun
_GROWING = 0.995  # confidence that waiting grew within turns

Ground: TypeAlias = Literal["misses", "backlog", "service times", "capacity"]
Bound: TypeAlias = Literal["services", "turns"]


class Learn(NamedTuple):
    """Infer for so long with all requests busy, for service times."""

    seconds: float


class Try(NamedTuple):
    """One turn of random arrivals."""

    rate: float  # arrivals per second
    seconds: float
    round: int  # 0 …
    rounds: int


class Served(NamedTuple):
    """What came of a turn; times in s since it began, in order of arrival."""

    scheduled_s: Floats
    latencies_s: Floats
    services_s: Floats  # without the waiting
    unserved_s: Floats  # when those arrived whom nobody served before the end
    refused: int
    seconds: float


@dataclass
class RateTrial:
    """A rate and what turns have shown of it."""

    rate: float
    rounds: int
    warm_s: float
    turn_s: float
    relaxed: float  # the relaxation time, in arrivals
    expected: float  # share of arrivals that miss the limit, from service times
    counts: list[tuple[int, int]] = field(default_factory=list)  # late and counted, of each turn
    growth_s: list[float] = field(default_factory=list)  # of latencies, from the first third of a turn to its last
    waiting: int = 0  # at the ends of its turns
    kept: bool | None = None
    ground: Ground | None = None  # for refusing it

    @property
    def missed(self) -> tuple[float, tuple[float, float]]:
        """The share above the limit, and its 95 % interval over turns."""
        return missed_interval(self.counts, self.relaxed)


class RateSearch:
    """One search. `ask`, do that, tell it by `learned` or `tried`, until it asks for nothing."""

    def __init__(self, limit_s: float, percentile: Percentile, servers: int, budget_s: float = BUDGET_S) -> None:
        self._limit, self._servers, self._budget = limit_s, servers, budget_s
        share = 1 - PERCENTILES[percentile]
        self.allowed = share
        self.alone_s = 0.0
        """What the limited percentile of service times is."""
        self.tolerated = share + share * (1 - share) / 2  # half as many again, where they are few
        self._busy = ServiceTimes(limit_s, servers)  # all requests at work all the time
        self._open = ServiceTimes(limit_s, servers)  # as arrivals found it
        self._all = ServiceTimes(limit_s, servers)
        self._capacity = math.inf
        self._learned_s = 0.0
        self._fastest_s = math.inf
        self.points: list[RateTrial] = []
        self.bound: Bound | None = None
        """What keeps the next rate below the one that service times suggest; None: nothing."""

    def ask(self, elapsed_s: float) -> Learn | Try | None:
        """What to do now, so many seconds after the beginning; None: the search has ended."""
        if self.points and self.points[-1].kept is None:
            return self._turn(self.points[-1])
        if not self.points and (more := self._seconds_to_learn()) > 0:
            return Learn(more)
        rate = self._next_rate(elapsed_s)
        if rate is None:
            return None
        self.points.append(self._planned(rate, self._time(elapsed_s)))
        return self._turn(self.points[-1])

    def learned(self, services_s: Floats, seconds: float, capacity: float = math.inf) -> None:
        """Service times in order, s, shape (n,), of so many seconds; what was served per second when too many came."""
        self._learned_s += seconds
        self._capacity = min(self._capacity, capacity)
        for stretch in np.array_split(services_s, _STRETCHES):
            self._busy.add(stretch)
            self._all.add(stretch)
        if len(services_s):
            self._fastest_s = min(self._fastest_s, float(np.quantile(services_s, 0.1)))
            self.alone_s = float(np.quantile(services_s, 1 - self.allowed))

    def tried(self, served: Served) -> None:
        """What came of the turn that was asked for."""
        point = self.points[-1]
        unserved = served.unserved_s
        # Whose fate is known: arrivals that had the limit's time to end before the turn did.
        last = served.seconds - self._limit
        counts = (served.scheduled_s >= point.warm_s) & (served.scheduled_s < last)
        waited = (unserved >= point.warm_s) & (unserved < last)
        late = int((served.latencies_s[counts] > self._limit).sum())
        late += int(waited.sum()) + served.refused
        point.counts.append((late, int(counts.sum()) + int(waited.sum()) + served.refused))
        point.waiting += len(unserved)
        thirds = np.array_split(served.latencies_s[served.scheduled_s >= point.warm_s], 3)
        if len(thirds[-1]):
            point.growth_s.append(float(thirds[-1].mean() - thirds[0].mean()))
        half = served.scheduled_s >= point.warm_s / 2  # a queue does not change how long a service takes
        self._open.add(served.services_s[half])
        self._all.add(served.services_s[half])
        self._judge(point)

    def latest(self, served: Served) -> Floats:
        """Latencies of a turn that count, s; of those that nobody served, how long they had waited."""
        begin = self.points[-1].warm_s
        ages = served.seconds - served.unserved_s[served.unserved_s >= begin]
        return np.concatenate((served.latencies_s[served.scheduled_s >= begin], ages))

    def seconds_left(self) -> float:
        """Of the rate that is measured now."""
        point = self.points[-1] if self.points else None
        return 0.0 if point is None or point.kept is not None else (point.rounds - len(point.counts)) * point.turn_s

    @property
    def services(self) -> ServiceTimes:
        """Those to predict with: all, or what arrivals found where that differs from a device that is always busy."""
        if self._open.count and self._busy.count:
            apart = abs(self._open.mean - self._busy.mean)
            error = math.hypot(self._open.mean_error, self._busy.mean_error)
            if apart > 3 * error and apart > 0.02 * self._busy.mean:
                return self._open
        return self._all

    @property
    def capacity(self) -> float:
        """Arrivals per second that can be served at most."""
        return min(self._capacity, self._busy.capacity if self._busy.count else math.inf)

    @property
    def hopeless(self) -> bool:
        """Whether nothing can keep the limit, since an inference alone takes longer."""
        return not self.points and bool(self._busy.count) and self._busy.late_when_idle > self.allowed

    # -- choosing

    def _seconds_to_learn(self) -> float:
        """More seconds of service times: none once they hardly hold the answer down, or a third of the time is gone."""
        first, most = min(_LEARN_S, self._budget / 6), self._budget * _LEARN_SHARE
        if not self._learned_s:
            return first
        if self._learned_s >= 0.99 * most or self._fastest_s > self._limit:
            return 0.0
        best = self._busy.highest_rate(self.allowed)
        safe = self._busy.highest_safe_rate(self.allowed, self.tolerated)
        if best is not None and safe is not None and safe >= 0.97 * best:
            return 0.0
        return min(self._learned_s, most - self._learned_s)

    def _time(self, elapsed_s: float) -> float:
        """Seconds for the next rate: the first one leaves as much for another."""
        left = max(self._budget - elapsed_s, 0.0)
        return left if self.points else left / 2

    def _safe_rate(self, seconds: float) -> float | None:
        """The highest rate that service times allow with confidence, and that so many seconds can confirm."""
        services = self.services
        self.bound = None
        if not services.count:
            return None
        best = services.highest_rate(self.allowed)
        safe = services.highest_safe_rate(self.allowed, self.tolerated)
        if best is None or safe is None:
            self.bound = None if best is None else "services"
            return None
        if safe < 0.95 * best:
            self.bound = "services"
        safe = min(safe, _MOST_LOAD * self.capacity)
        # 1 − ρ at which all turns have the least number of relaxation times.
        spare = math.sqrt(ROUNDS * 2 * _SHORT * (1 + services.variability) / (self.capacity * max(seconds, 1e-3)))
        known = max(1 - spare, 0.2) * self.capacity
        if known < safe:
            self.bound = "turns" if known < 0.95 * best else self.bound
            return known
        return safe

    def _next_rate(self, elapsed_s: float) -> float | None:
        if len(self.points) >= _MOST_RATES or (elapsed_s > (1 - _TIME_LEFT) * self._budget and self.points):
            return None
        seconds, before = self._time(elapsed_s), self.bound
        safe = self._safe_rate(seconds)
        missed = [point.rate for point in self.points if point.kept is False]
        best = max((point.rate for point in self.points if point.kept), default=None)
        if not self.points:
            if safe is None and self._servers > 1 and self._fastest_s <= self._limit:
                return self.capacity / 10  # with few arrivals a device may be faster than with all requests busy
            return safe
        if best is not None:
            if safe is not None and safe > _HIGHER * best and safe < 0.97 * min(missed, default=math.inf):
                return safe
            self.bound = before if safe is None or safe < best else self.bound
            return None
        step = _STEPS_DOWN[min(len(missed), len(_STEPS_DOWN)) - 1]
        return min(math.inf if safe is None else safe, step * min(missed))

    def _planned(self, rate: float, seconds: float) -> RateTrial:
        services, load = self.services, rate / self.capacity
        relaxed = relaxation(min(load, 0.999), services.variability)
        wanted = max(_WANTED * 0.01 / self.allowed, 50) * 1.5 * relaxed
        counted = max(_LONG * relaxed, wanted / ROUNDS)
        turn_s = max((_WARM * relaxed + counted) / rate, _SHORTEST_S)
        warm = _WARM * relaxed / rate / turn_s
        # The last arrivals of a turn must have the limit's time to end: of a long limit there are fewer turns.
        rounds = min(max(int(seconds / (2 * self._limit)), _FEWEST_ROUNDS), ROUNDS)
        longest = seconds / rounds
        after_s = min(self._limit, longest / 2)
        turn_s = min(turn_s, longest - after_s)
        return RateTrial(
            rate=rate,
            rounds=rounds,
            warm_s=min(max(warm, 0.05), 0.5) * turn_s,
            turn_s=turn_s + after_s,
            relaxed=relaxed,
            expected=services.missed(rate),
        )

    @staticmethod
    def _turn(point: RateTrial) -> Try:
        return Try(point.rate, point.turn_s, len(point.counts), point.rounds)

    # -- judging

    def _judge(self, point: RateTrial) -> None:
        """Whether it keeps the limit, once that is known: after all turns, or earlier where it cannot."""
        share, (low, _) = point.missed
        ground: Ground | None = None
        if low > self.allowed or (share > self.tolerated and len(point.counts) == point.rounds):
            ground = "misses"
        elif self._grows(point):
            ground = "backlog"
        elif len(point.counts) == point.rounds:
            point.expected = self.services.missed(point.rate)
            if point.rate > _MOST_LOAD * self.capacity:
                ground = "capacity"
            elif point.expected > (self.allowed + self.tolerated) / 2:
                ground = "service times"
        if ground is not None and len(point.counts) >= _FEWEST_ROUNDS:
            point.kept, point.ground = False, ground
        elif len(point.counts) == point.rounds:
            point.kept = True

    def _grows(self, point: RateTrial) -> bool:
        """Whether latencies grow within turns, by more than a service takes: a queue that does not settle."""
        growth = np.asarray(point.growth_s)
        if len(growth) < _FEWEST_ROUNDS or growth.mean() <= self.services.mean:
            return False
        error = float(growth.std(ddof=1)) / math.sqrt(len(growth))
        return float(growth.mean()) > t_quantile(_GROWING, len(growth) - 1) * error


def answer(points: list[RateTrial]) -> RateTrial | None:
    """The highest rate that keeps the limit below each that misses it."""
    found = highest_kept([RatePoint(rate=point.rate, kept=point.kept) for point in points])
    return None if found is None else next(point for point in points if point.rate == found.rate)
