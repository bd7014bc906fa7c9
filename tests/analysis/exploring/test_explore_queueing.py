"""The replayed queue against theory and against a scripted device, and the highest rate that keeps a limit."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest

from ovtui.analysis.arrays import Floats, Ints
from ovtui.analysis.exploring import answering, queueing
from ovtui.analysis.measurement import Measurement
from ovtui.records import Load, Stop
from tests.analysis.scripted_device import Script, open_loop, play


def exponential(mean: float, n: int = 400_000) -> Floats:
    return np.random.default_rng(99).exponential(mean, n)


def serve(arrivals: Floats, service: Floats, stalls: list[tuple[float, float]], servers: int = 1) -> Floats:
    """Latencies of a device that stands still during the stalls (from, to): event after event, in s."""
    free, latencies = [0.0] * servers, []
    for arrival, needed in zip(arrivals.tolist(), service.tolist(), strict=True):
        start = max(arrival, heapq.heappop(free))
        end = start + needed
        for begin, until in stalls:
            if begin < end and start < until:
                end += until - max(begin, start)
        heapq.heappush(free, end)
        latencies.append(end - arrival)
    return np.array(latencies)


# The replay


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_random_service_agrees_with_m_m_1(load: float) -> None:
    """Latencies are exponential with mean 1/(μ − λ) (L. Kleinrock, Queueing Systems I, 1975, §3.2)."""
    latencies = queueing.replay(exponential(0.01), 100 * load, 1, 3, 400_000)
    mean = 1 / (100 - 100 * load)
    assert latencies.mean() == pytest.approx(mean, rel=0.05)
    assert np.quantile(latencies, 0.99) == pytest.approx(mean * math.log(100), rel=0.08)


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_constant_service_agrees_with_m_d_1(load: float) -> None:
    """The mean waiting time is ρ·S/(2(1 − ρ)) (Pollaczek–Khinchine)."""
    latencies = queueing.replay(np.array([0.01]), 100 * load, 1, 4, 400_000)
    assert latencies.mean() - 0.01 == pytest.approx(load * 0.01 / (2 * (1 - load)), rel=0.05)
    assert latencies.min() >= 0.01 * (1 - 1e-6)


@pytest.mark.parametrize("servers", [2, 5])
def test_several_servers_agree_with_m_m_c(servers: int) -> None:
    """The mean waiting time is C/(cμ − λ), with Erlang's C."""
    load, rate = 0.8, 0.8 * servers * 100
    offered = load * servers
    last = offered**servers / math.factorial(servers) / (1 - load)
    erlang = last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)
    latencies = queueing.replay(exponential(0.01, 200_000), rate, servers, 5, 200_000)
    assert latencies.mean() - 0.01 == pytest.approx(erlang / (servers * 100 - rate), rel=0.08)


@pytest.mark.parametrize("servers", [1, 3])
def test_each_latency_is_that_of_an_event_by_event_queue(servers: int) -> None:
    service = exponential(0.01, 3000)
    arrivals = np.cumsum(np.random.default_rng(8).exponential(1.0, 3000)) / (80 * servers)
    found = queueing.replay(service, 80 * servers, servers, 8, 3000)
    assert found == pytest.approx(serve(arrivals, service, [], servers), abs=1e-9)


def test_it_repeats_what_a_scripted_open_loop_did() -> None:
    device = open_loop(2.0, 400, seconds=30, seed=11)
    starts, ends = device.starts / 1e9, device.ends / 1e9
    service = ends - np.maximum(starts, np.concatenate(((0.0,), ends[:-1])))
    found = queueing.replay(service, 400, 1, 11, len(service))
    assert np.quantile(found, 0.99) == pytest.approx(np.quantile(ends - starts, 0.99), rel=1e-3)


def test_stalls_among_the_service_times_show_in_p99() -> None:
    """Every 150th inference takes 100 ms more; the truth is a device with other arrivals, ten times as long."""
    service = 0.002 * np.random.default_rng(1).uniform(0.9, 1.1, 150_000)
    service[75::150] += 0.1
    arrivals = np.cumsum(np.random.default_rng(2).exponential(1 / 150, len(service)))
    truth = np.quantile(serve(arrivals, service, []), 0.99)
    found = np.quantile(queueing.replay(service[:15_000], 150, 1, 3), 0.99)
    assert truth > 0.1
    assert found == pytest.approx(truth, rel=0.05)


def test_a_stall_of_100_ms_is_measured_within_5_percent_of_the_truth() -> None:
    """It stands still every second, watched as a job does it; in half the time such late rows support no p99 yet."""
    rng = np.random.default_rng(21)
    arrivals = np.cumsum(rng.exponential(1 / 200, 200 * 70))
    service = 0.002 * rng.uniform(0.9, 1.1, len(arrivals))
    stalls = [(second + 0.4, second + 0.5) for second in range(75)]
    latencies = serve(arrivals, service, stalls)
    starts: Ints = np.round(arrivals * 1e9).astype(np.int64)
    ends: Ints = np.round((arrivals + latencies) * 1e9).astype(np.int64)
    job = Measurement(Stop(kind="seconds", seconds=60), batch=1, open_loop=True)
    play(job, Script(starts, ends, np.empty(0, np.int64)))
    result = job.result()
    assert result is not None and result.latency_ms.p99 is not None
    truth = float(np.quantile(latencies, 0.99)) * 1e3
    assert truth > 80
    assert result.latency_ms.p99 == pytest.approx(truth, rel=0.05)


# The highest rate


def test_the_highest_rate_of_m_m_1_has_a_closed_form() -> None:
    found = queueing.highest_rate(exponential(0.01), 1, 0.1, "p99", 6, 400_000)
    assert found == pytest.approx(100 - math.log(100) / 0.1, rel=0.03)


def test_the_answer_keeps_the_limit_and_a_little_more_does_not() -> None:
    service = exponential(0.01, 20_000)
    found = queueing.highest_rate(service, 2, 0.08, "p95", 7, 20_000)
    assert found is not None
    at, above = (
        np.quantile(queueing.replay(service, rate, 2, 7, 20_000)[2000:], 0.95) for rate in (found, 1.01 * found)
    )
    assert at <= 0.08 < above


def test_a_limit_that_an_idle_system_misses_has_no_rate() -> None:
    assert queueing.highest_rate(np.full(100, 0.01), 1, 0.0099, "p50", 1) is None


def test_a_loose_limit_is_bounded_by_what_the_servers_can_do() -> None:
    found = queueing.highest_rate(np.full(100, 0.01), 3, 1e3, "p99", 1, 5000)
    assert found == pytest.approx(300, rel=0.01)
    assert found is not None and found <= 300


# Verdicts on loads


def test_the_share_of_late_arrivals_has_an_interval() -> None:
    """Wilson's interval of 5 in 100 is 2.2 to 11.2 %."""
    late = np.full(100, 0.01)
    late[[3, 27, 44, 71, 90]] = 0.03
    share, (low, high) = queueing.missed(late, 0.02)
    assert share == pytest.approx(0.05)
    assert (low, high) == pytest.approx((0.0215, 0.1118), abs=5e-4)


def test_refused_arrivals_are_late() -> None:
    share, _ = queueing.missed(np.full(90, 0.01), 0.02, refused=10)
    assert share == pytest.approx(0.1)
    assert queueing.missed(np.empty(0), 0.02, refused=4)[0] == 1
    assert queueing.missed(np.empty(0), 0.02) == (0, (0, 1))


def test_late_arrivals_in_a_row_are_worth_fewer() -> None:
    rng = np.random.default_rng(3)
    scattered = (rng.random(4000) < 0.1).astype(float)
    in_a_row = np.repeat(scattered[:200], 20)
    widths = [high - low for _, (low, high) in (queueing.missed(x, 0.5) for x in (scattered, in_a_row))]
    assert widths[1] > 3 * widths[0]


def test_the_interval_covers_the_truth_of_a_queue() -> None:
    truth = queueing.missed(queueing.replay(np.array([0.01]), 80, 1, 0, 2_000_000), 0.06)[0]
    inside = 0
    for seed in range(1, 101):
        _, (low, high) = queueing.missed(queueing.replay(np.array([0.01]), 80, 1, seed, 4000), 0.06)
        inside += low <= truth <= high
    assert inside >= 80


def test_the_point_decides_whether_a_limit_is_kept() -> None:
    loads = [Load(rate=10, missed=missed) for missed in (None, 0.0, 0.01, 0.0101)]
    assert [queueing.kept(load, "p99") for load in loads] == [None, True, True, False]
    assert [queueing.kept(load, "p50") for load in loads] == [None, True, True, True]


# Which rate next


def search(capacity: float, predicted: float) -> tuple[list[float], float | None]:
    """The rates tried, and the answer, of a device that keeps the limit up to a capacity."""
    loads: list[Load] = []
    while (rate := queueing.next_rate(loads, predicted)) is not None:
        loads.append(Load(rate=rate, kept=rate <= capacity))
    answer = answering.highest_kept(loads)
    return [load.rate for load in loads], answer.rate if answer else None


def test_what_keeps_a_limit_that_a_lower_rate_missed_is_no_answer() -> None:
    loads = [Load(rate=rate, kept=kept) for rate, kept in ((95, True), (100, False), (105, True), (110, False))]
    answer = answering.highest_kept(loads)
    assert answer is not None
    assert answer.rate == 95
    assert [load.rate for load in answering.lucky(loads)] == [105]
    assert answering.highest_kept(loads[1:]) is None


def test_a_good_prediction_takes_three_loads() -> None:
    assert search(101, 100) == ([95, 100, 105], 100)
    assert search(96, 100) == ([95, 100, 105], 95)


@pytest.mark.parametrize("capacity", [40, 60, 75, 90, 108, 120, 150, 200])
def test_a_wrong_prediction_is_put_right_within_four_moves(capacity: float) -> None:
    rates, answer = search(capacity, 100)
    assert 4 <= len(rates) <= 7
    assert answer is not None
    assert 0.8 * capacity <= answer <= capacity


def test_it_gives_up_after_four_moves() -> None:
    rates, answer = search(1, 100)
    assert (len(rates), answer) == (7, None)
    assert min(rates) < 36


def test_rates_that_were_rounded_count_as_tried() -> None:
    loads = [Load(rate=rate, kept=rate < 34) for rate in (31.7, 33.3, 35.0)]
    assert queueing.next_rate(loads, 100 / 3) is None
