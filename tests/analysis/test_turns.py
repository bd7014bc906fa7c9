"""Blocks of inferences and all of them together, on a scripted device that takes turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.turns import DROPPED, Tally, block, counted_from, turn_length
from ovtui.records import Stop

MS = 1_000_000


def lanes(
    requests: int, inferences: int, latency_ns: int, *, at: int = 0, noise: float = 0.0, seed: int = 1
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Requests that infer one after the other without a gap, from `at` on."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(requests):
        took = (latency_ns * np.exp(noise * generator.standard_normal(inferences))).astype(np.int64)
        ends = at + np.cumsum(took)
        found.append((ends - took, ends))
    return found


def test_a_block_leaves_out_the_first_inferences_of_each_request() -> None:
    cold = lanes(2, 10, 5 * MS)
    for begins, ends in cold:
        begins[1:] += 50 * MS  # the first one took 50 ms longer
        ends[:] += 50 * MS
    found = block(cold)
    assert found is not None
    assert len(found.ends) == 2 * (10 - DROPPED)
    assert found.median_ns == 5 * MS
    assert found.rate == pytest.approx(400)


def test_a_turn_too_short_for_that_keeps_its_last_inference() -> None:
    found = block(lanes(1, 1, 7 * MS))
    assert found is not None
    assert found.rate == pytest.approx(1000 / 7)
    assert block([(np.empty(0, np.int64), np.empty(0, np.int64))]) is None


@given(requests=st.integers(1, 6), inferences=st.integers(3, 60), latency=st.integers(1_000, 10**9))
def test_the_rate_of_whole_inferences_has_no_edge(requests: int, inferences: int, latency: int) -> None:
    found = block(lanes(requests, inferences, latency))
    assert found is not None
    assert found.rate == pytest.approx(requests * 1e9 / latency)


def test_turns_together_give_a_mean_with_its_interval_and_percentiles() -> None:
    tally = Tally(batch=4)
    for turn in range(60):
        found = block(lanes(2, 300, MS, at=turn * 10**9, noise=0.05, seed=turn))
        assert found is not None
        tally.add(found)
    result = tally.result(Stop(), warmup_s=0.5)
    assert result is not None
    estimate = result.throughput_fps
    assert estimate.mean == pytest.approx(4 * 2000, rel=0.01)
    assert estimate.ci95 is not None
    truth = 8000 * np.exp(-(0.05**2) / 2)  # the mean of such latencies lies above their median
    assert estimate.ci95[0] < truth < estimate.ci95[1] < 1.01 * estimate.ci95[0]
    assert estimate.converged
    assert result.inferences == 60 * 2 * (300 - DROPPED)
    assert result.latency_ms.p50 == pytest.approx(1.0, rel=0.01)
    assert result.latency_ms.p99 == pytest.approx(np.exp(0.05 * 2.326), rel=0.01)
    assert result.measured_s == pytest.approx(60 * 0.298, rel=0.02)


def test_one_short_turn_has_no_interval() -> None:
    tally = Tally(batch=1)
    assert tally.result(Stop(), warmup_s=0.0) is None
    found = block(lanes(1, 20, MS))
    assert found is not None
    tally.add(found)
    result = tally.result(Stop(), warmup_s=0.0)
    assert result is not None
    assert result.throughput_fps.ci95 is None
    assert not result.throughput_fps.converged


def test_a_long_turn_is_cut_into_bins_that_all_requests_fill() -> None:
    """Ends that do not come together would make the last bin look slow."""
    tally = Tally(batch=1)
    quick, late = lanes(1, 120, 10 * MS)[0], lanes(1, 140, 10 * MS)[0]
    found = block([quick, late])
    assert found is not None
    tally.add(found)
    result = tally.result(Stop(), warmup_s=0.0)
    assert result is not None
    assert result.throughput_fps.mean == pytest.approx(200, rel=0.01)


def test_over_time_there_is_a_window_for_each_turn() -> None:
    tally = Tally(batch=2)
    for turn in range(3):
        found = block(lanes(1, 50, MS, at=turn * 10**9))
        assert found is not None
        tally.add(found)
    series = tally.series()
    assert series.throughput_fps == pytest.approx([2000, 2000, 2000])
    assert series.t_s == sorted(series.t_s)
    assert len(series.p50_ms) == len(series.disturbed) == 3
    assert sum(tally.histogram().counts) == 3 * (50 - DROPPED)


def test_a_turn_holds_twenty_inferences_within_its_bounds() -> None:
    assert turn_length(0.001, 1, at_least_s=0.03, at_most_s=2) == 0.03
    assert turn_length(0.01, 1, at_least_s=0.03, at_most_s=2) == pytest.approx(0.22)
    assert turn_length(0.5, 1, at_least_s=0.03, at_most_s=2) == 2
    assert turn_length(3.0, 2, at_least_s=0.03, at_most_s=2) == 9.0  # a slow model needs three of each request
    assert turn_length(40.0, 1, at_least_s=0.03, at_most_s=2) == 10.0  # a very slow one finishes what it began


def test_of_a_slow_model_the_first_inference_of_a_turn_counts() -> None:
    ends = np.array([40, 81]) * 1_000_000_000
    found = block([(np.array([0, 40]) * 1_000_000_000, ends)])
    assert found is not None
    assert len(found.ends) == 2
    assert found.rate == pytest.approx(2 / 81)


def test_a_few_slow_inferences_have_no_interval() -> None:
    tally = Tally(1)
    for turn in range(4):
        begin = turn * 50_000_000_000
        found = block([(np.array([begin]), np.array([begin + 40_000_000_000 + turn * 100_000_000]))])
        assert found is not None
        tally.add(found)
    result = tally.result(Stop(), warmup_s=0)
    assert result is not None
    assert result.throughput_fps.ci95 is None
    assert not result.throughput_fps.converged
    assert result.throughput_fps.mean == pytest.approx(1 / 40, rel=0.01)


@pytest.mark.parametrize(("inferences", "latency_ms", "first"), [(10, 5, DROPPED), (2, 5, 1), (1, 5, 0), (3, 600, 0)])
def test_something_of_each_request_counts_and_of_a_slow_one_all(inferences: int, latency_ms: int, first: int) -> None:
    ((begins, ends),) = lanes(1, inferences, latency_ms * MS)
    assert counted_from(begins, ends) == first
    assert counted_from(begins[:0], ends[:0]) == 0
