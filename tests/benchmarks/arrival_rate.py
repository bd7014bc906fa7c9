"""The highest arrival rate: `python -m tests.benchmarks.arrival_rate [SEARCHES] [SERVICE_MS]`.

Searches with the product's own rule over simulated queues, many side by side; what they answer against the true
optimum, and the true share of misses at the answer against the allowed one.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.exploration.queues import missed_interval, relaxation
from ovtui.analysis.exploration.rate_search import BUDGET_S, ROUNDS, Learn, RateSearch, Served, Try, answer
from tests.queue_simulation import Service, constant, exponential, missed_m_d_c, missed_m_m_c, waits

LIMITS, SERVERS, SERVICES = (3, 5, 10, 30, 50), (1, 2, 4), (exponential, constant)
ALLOWED = 0.01


@dataclass
class Search:
    """One search and the seconds that it has taken."""

    rule: RateSearch
    elapsed_s: float = 0.0
    todo: Learn | Try | None = None


def searches(
    service: Service, servers: int, limit: float, *, count: int, service_s: float, seed: int, budget_s: float = BUDGET_S
) -> list[Search]:
    """Searches that have ended; the limit in services."""
    generator = np.random.default_rng(seed)
    found = [Search(RateSearch(limit * service_s, "p99", servers, budget_s)) for _ in range(count)]
    while True:
        for search in found:
            search.todo = search.rule.ask(search.elapsed_s)
        for search in found:
            if isinstance(search.todo, Learn):
                n = int(search.todo.seconds / service_s * servers)
                search.rule.learned(service(generator, (n,)) * service_s, search.todo.seconds)
                search.elapsed_s += search.todo.seconds
        turns = [(search, search.todo) for search in found if isinstance(search.todo, Try)]
        for (search, todo), served in zip(turns, _turns([t for _, t in turns], service, servers, service_s, generator),
                                          strict=True):  # fmt: skip
            search.rule.tried(served)
            search.elapsed_s += todo.seconds
        if all(search.todo is None for search in found):
            return found


def _turns(
    todo: list[Try], service: Service, servers: int, service_s: float, generator: np.random.Generator
) -> list[Served]:
    """Each with a queue of its own that begins empty."""
    if not todo:
        return []
    rates = np.asarray([each.rate * service_s for each in todo])
    ends = np.asarray([each.seconds / service_s for each in todo])
    n = int((rates * ends + 6 * np.sqrt(rates * ends)).max()) + 8
    gaps = generator.exponential(1.0, (len(todo), n)) / rates[:, None]
    services = service(generator, (len(todo), n))
    scheduled = np.cumsum(gaps, axis=1)
    begun = scheduled + waits(gaps, services, servers)
    return [
        Served(
            came[start < end] * service_s, (start + took - came)[start < end] * service_s,
            took[start < end] * service_s, came[(start >= end) & (came < end)] * service_s, 0, end * service_s,
        )
        for came, start, took, end in zip(scheduled, begun, services, ends, strict=True)
    ]  # fmt: skip


class Truth:
    """The true share of misses at a rate, as arrivals per service time."""

    def __init__(self, service: Service, servers: int, limit: float, arrivals: int = 2_000_000) -> None:
        self._servers, self._limit, self._exact = servers, limit, service is exponential
        if self._exact:
            return
        near = _near_optimum(servers, limit)
        self._rates = np.unique(np.concatenate((np.linspace(0.05, 0.99, 12) * servers, near)))
        shares = [missed_m_d_c(each, servers, limit, arrivals) for each in self._rates]
        self._logs = np.log(np.maximum(shares, 1e-9))

    def __call__(self, rate: float) -> float:
        if self._exact:
            return missed_m_m_c(rate, self._servers, self._limit)
        return float(np.exp(np.interp(rate, self._rates, self._logs)))

    def optimum(self) -> float | None:
        """The highest rate at which at most 1 % miss."""
        low, high = 1e-3, self._servers * 0.9999
        if self(low) > ALLOWED:
            return None
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if self(middle) <= ALLOWED else (low, middle)
        return low


def _near_optimum(servers: int, limit: float) -> Floats:
    """Rates among which the optimum is for constant service."""
    least, most = 0.02 * servers, 0.9995 * servers
    for _ in range(12):
        middle = (least + most) / 2
        late = missed_m_d_c(middle, servers, limit, 400_000) > ALLOWED
        least, most = (least, middle) if late else (middle, most)
    spare = servers - least
    return np.linspace(max(least - 0.6 * spare, 0.02), min(least + 0.6 * spare, servers - 0.2 * spare), 14)


def table(count: int, service_s: float) -> None:
    print(f"{count} searches each, services of {service_s * 1e3:g} ms, at most {BUDGET_S:g} s.\n")
    print("| service | servers | limit / service | optimum / capacity | answer / optimum: median (5–95 %) "
          "| misses ≤ 1.5 × allowed | none | seconds |\n|---|---:|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    for service in SERVICES:
        for servers in SERVERS:
            for limit in LIMITS:
                row(service, servers, limit, count, service_s)


def row(service: Service, servers: int, limit: float, count: int, service_s: float) -> None:
    truth = Truth(service, servers, limit)
    best = truth.optimum()
    found = searches(service, servers, limit, count=count, service_s=service_s, seed=limit * 10 + servers)
    answers = [answer(search.rule.points) for search in found]
    rates = np.asarray([0.0 if each is None else each.rate * service_s for each in answers])
    kept = np.mean([rate == 0 or truth(rate) <= 1.5 * ALLOWED for rate in rates])
    ratio = "–" if best is None else "{1:.3f} ({0:.2f}–{2:.2f})".format(*np.quantile(rates / best, (0.05, 0.5, 0.95)))
    optimum = "none" if best is None else f"{best / servers:.3f}"
    seconds = np.median([search.elapsed_s for search in found])
    cells = (
        service.__name__,
        servers,
        limit,
        optimum,
        ratio,
        f"{kept:.3f}",
        f"{np.mean(rates == 0):.3f}",
        f"{seconds:.0f}",
    )
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def coverage(times: int = 400) -> None:
    """M/M/1 with a true miss rate of 1 %: how often the interval over turns holds it."""
    print("\n| ρ | arrivals counted | interval covers 1 % | median width |\n|---:|---:|---:|---:|")
    generator = np.random.default_rng(5)
    for load in (0.5, 0.8, 0.9, 0.95):
        limit = np.log(100) / (1 - load)
        relaxed = relaxation(load, 1.0)
        warm, counted = int(4 * relaxed), int(max(6 * relaxed, 250))
        shape = (times * ROUNDS, warm + counted)
        services = generator.exponential(1.0, shape)
        late = (waits(generator.exponential(1 / load, shape), services, 1) + services)[:, warm:] > limit
        hits = late.sum(axis=1).reshape(times, ROUNDS)
        found = [missed_interval([(int(each), counted) for each in one], relaxed)[1] for one in hits]
        inside = np.mean([low <= 0.01 <= high for low, high in found])
        width = np.median([high - low for low, high in found])
        print(f"| {load} | {ROUNDS * counted} | {inside:.3f} | {width * 100:.1f} % |", flush=True)


if __name__ == "__main__":
    begin = time.process_time()
    given = [float(each) for each in sys.argv[1:]]
    table(int(given[0]) if given else 200, given[1] / 1e3 if len(given) > 1 else 0.01)
    coverage()
    print(f"\n{time.process_time() - begin:.0f} s of processor time.")
