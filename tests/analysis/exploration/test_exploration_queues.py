"""Misses under random arrivals, predicted from service times: against closed forms and simulated queues."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest

from ovtui.analysis.arrays import Floats, Ints
from ovtui.analysis.exploration import queues
from ovtui.analysis.exploration.queues import ServiceTimes
from ovtui.analysis.measurement import Measurement
from ovtui.records import Stop
from tests.analysis.scripted_device import Script, play
from tests.queue_simulation import constant, exponential, missed_m_d_c, missed_m_m_c, waits


def known(services: Floats, limit: float, servers: int, stretches: int = 8) -> ServiceTimes:
    found = ServiceTimes(limit, servers)
    for part in np.array_split(services, stretches):
        found.add(part)
    return found


def evenly_exponential(n: int = 100_000) -> Floats:
    """The quantiles of an exponential distribution with mean 1, shuffled."""
    return np.random.default_rng(4).permutation(-np.log1p(-(np.arange(n) + 0.5) / n))


# The simulator that the benchmark uses


def one_by_one(arrivals: Floats, service: Floats, servers: int) -> Floats:
    """Waits, event after event."""
    free, found = [0.0] * servers, []
    for arrival, needed in zip(arrivals.tolist(), service.tolist(), strict=True):
        start = max(arrival, heapq.heappop(free))
        heapq.heappush(free, start + needed)
        found.append(start - arrival)
    return np.array(found)


@pytest.mark.parametrize("servers", [1, 2, 3, 4])
def test_queues_side_by_side_are_those_of_an_event_by_event_queue(servers: int) -> None:
    rng = np.random.default_rng(servers)
    gaps, services = rng.exponential(1 / (0.9 * servers), (5, 500)), rng.exponential(1.0, (5, 500))
    found = waits(gaps, services, servers)
    for row in range(5):
        assert found[row] == pytest.approx(one_by_one(np.cumsum(gaps[row]), services[row], servers), abs=1e-9)


@pytest.mark.parametrize(("servers", "load", "limit"), [(1, 0.5, 6), (2, 0.7, 5), (4, 0.8, 4)])
def test_the_simulator_agrees_with_m_m_c(servers: int, load: float, limit: float) -> None:
    rng = np.random.default_rng(7)
    services = exponential(rng, (400, 1500))
    latencies = waits(rng.exponential(1 / (load * servers), (400, 1500)), services, servers) + services
    found = float((latencies[:, 500:] > limit).mean())
    assert found == pytest.approx(missed_m_m_c(load * servers, servers, limit), rel=0.06)


@pytest.mark.parametrize("servers", [2, 4])
def test_constant_service_by_servers_in_turn_is_that_of_one_line(servers: int) -> None:
    rng = np.random.default_rng(8)
    services = constant(rng, (400, 1500))
    latencies = waits(rng.exponential(1 / (0.8 * servers), (400, 1500)), services, servers) + services
    found = float((latencies[:, 500:] > 2.5).mean())
    assert found == pytest.approx(missed_m_d_c(0.8 * servers, servers, 2.5, 1_000_000), rel=0.08)


# What service times foretell


@pytest.mark.parametrize("servers", [1, 2, 4])
@pytest.mark.parametrize("limit", [5, 20])
def test_exponential_service_has_the_misses_of_m_m_c(servers: int, limit: float) -> None:
    services = known(evenly_exponential(), limit, servers)
    for load in (0.3, 0.6, 0.8):
        truth = missed_m_m_c(load * servers, servers, limit)
        if truth > 1e-5:  # below, the largest of the sample tells
            assert services.missed(load * servers) == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize(("servers", "limit"), [(1, 3), (1, 10), (2, 3), (2, 10), (4, 3), (4, 10)])
def test_constant_service_has_its_highest_rate_within_three_percent(servers: int, limit: float) -> None:
    found = known(np.ones(100), limit, servers).highest_rate(0.01)
    assert found is not None
    below, above = (missed_m_d_c(share * found, servers, limit, 1_500_000) for share in (0.97, 1.03))
    assert below < 0.01 < above


def test_one_server_waits_as_pollaczek_and_khinchine_say() -> None:
    """P(W > x) of M/D/1 for x below one service is 1 − (1 − ρ)·exp(ρx) (A. Erlang, 1909)."""
    services = known(np.ones(100), 1.75, 1)
    assert services.missed(0.6) == pytest.approx(1 - 0.4 * math.exp(0.6 * 0.75), rel=1e-3)


def test_no_more_is_served_than_capacity() -> None:
    services = known(np.ones(100), 1000, 3)
    assert services.capacity == pytest.approx(3)
    assert services.missed(3.001) == 1
    assert services.highest_rate(0.01) == pytest.approx(3, rel=0.01)


def test_a_limit_that_services_miss_by_themselves_has_no_rate() -> None:
    assert known(np.full(100, 1.01), 1, 1).highest_rate(0.5) is None
    assert known(evenly_exponential(), 3, 2).highest_rate(0.01) is None  # exp(−3) = 5 %


def test_what_is_feared_is_above_the_truth_in_nineteen_of_twenty_samples() -> None:
    rng = np.random.default_rng(2)
    truth, above = missed_m_m_c(0.8, 1, 20), 0
    for _ in range(200):
        above += known(rng.exponential(1.0, 600), 20, 1).feared(0.8) >= truth
    assert above >= 186


def test_services_that_do_not_vary_leave_nothing_to_fear() -> None:
    services = known(np.ones(100), 10, 1)
    assert services.feared(0.7) == pytest.approx(services.missed(0.7), rel=1e-6)


# Misses that were counted


def test_the_share_of_late_arrivals_has_wilsons_interval() -> None:
    """15 of 300, at 3 arrivals for an independent one: as 5 of 100."""
    share, (low, high) = queues.missed_interval([(3, 60)] * 5, 2.0)
    assert share == pytest.approx(0.05)
    assert (low, high) == pytest.approx((0.0215, 0.1118), abs=5e-4)


def test_without_arrivals_nothing_is_known() -> None:
    assert queues.missed_interval([], 1.0) == (0, (0, 1))
    assert queues.missed_interval([(0, 0)], 5.0) == (0, (0, 1))


def test_rounds_that_differ_and_queues_that_settle_slowly_widen_it() -> None:
    alike, apart = [(10, 1000)] * 8, [(80, 1000), *[(0, 1000)] * 7]
    widths = [
        high - low
        for _, (low, high) in (
            queues.missed_interval(alike, 1.0), queues.missed_interval(apart, 1.0),
            queues.missed_interval(alike, 50.0),
        )
    ]  # fmt: skip
    assert widths[1] > 3 * widths[0]
    assert widths[2] > 3 * widths[0]


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_the_interval_over_rounds_covers_the_truth_of_m_m_1(load: float) -> None:
    """At a true share of 1 %; `tests.benchmarks.arrival_rate` goes to a load of 0.95."""
    rng = np.random.default_rng(3)
    limit, relaxed = math.log(100) / (1 - load), queues.relaxation(load, 1.0)
    warm, counted = int(4 * relaxed), int(6 * relaxed) + 100
    services = rng.exponential(1.0, (150 * 8, warm + counted))
    late = (waits(rng.exponential(1 / load, services.shape), services, 1) + services)[:, warm:] > limit
    inside = 0
    for hits in late.sum(axis=1).reshape(150, 8):
        _, (low, high) = queues.missed_interval([(int(each), counted) for each in hits], relaxed)
        inside += low <= 0.01 <= high
    assert inside >= 135


# A stall, watched as a job does it


def test_a_stall_of_100_ms_is_measured_within_5_percent_of_the_truth() -> None:
    """It stands still every second; in half the time such late rows support no p99 yet."""
    rng = np.random.default_rng(21)
    arrivals = np.cumsum(rng.exponential(1 / 200, 200 * 70))
    service = 0.002 * rng.uniform(0.9, 1.1, len(arrivals))
    free, found = 0.0, []
    for arrival, needed in zip(arrivals.tolist(), service.tolist(), strict=True):
        start = max(arrival, free)
        free = start + needed
        for begin in (math.floor(start) + 0.4, math.floor(start) + 1.4):
            if begin < free and start < begin + 0.1:
                free += begin + 0.1 - max(begin, start)
        found.append(free - arrival)
    latencies = np.array(found)
    starts: Ints = np.round(arrivals * 1e9).astype(np.int64)
    ends: Ints = np.round((arrivals + latencies) * 1e9).astype(np.int64)
    job = Measurement(Stop(kind="seconds", seconds=60), batch=1, open_loop=True)
    play(job, Script(starts, ends, np.empty(0, np.int64)))
    result = job.result()
    assert result is not None and result.latency_ms.p99 is not None
    truth = float(np.quantile(latencies, 0.99)) * 1e3
    assert truth > 80
    assert result.latency_ms.p99 == pytest.approx(truth, rel=0.05)
