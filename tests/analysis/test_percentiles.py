"""Which percentiles a sample supports."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.histogram import LatencyHistogram, Sparse
from ovtui.analysis.percentiles import PercentileSupport, latency_summary, needs, quantile_interval


def counted(ticks: list[np.ndarray]) -> tuple[LatencyHistogram, PercentileSupport]:
    histogram, support = LatencyHistogram(), PercentileSupport()
    for tick in ticks:
        histogram.add(tick)
        support.add(tick)
    return histogram, support


def independent(ticks: int, each: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.lognormal(15, 0.3, each).astype(np.int64) for _ in range(ticks)]


def test_independent_latencies_have_a_design_effect_near_one() -> None:
    found = []
    for seed in range(20):
        histogram, support = counted(independent(200, 50, seed))
        found.append(support.deff(histogram.quantile(0.95)))
    assert 1 <= np.mean(found) < 1.3


def test_clusters_of_slow_latencies_raise_the_design_effect() -> None:
    rng = np.random.default_rng(1)
    ticks = [rng.lognormal(15, 0.1, 100) * (3 if tick % 20 == 0 else 1) for tick in range(64)]
    histogram, support = counted([tick.astype(np.int64) for tick in ticks])
    assert support.deff(histogram.quantile(0.95)) > 50


def test_batches_of_unequal_size_are_no_sign_of_clusters() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(20):
        ticks = [rng.lognormal(15, 0.3, int(n)).astype(np.int64) for n in rng.integers(1, 200, 100)]
        histogram, support = counted(ticks)
        found.append(support.deff(histogram.quantile(0.9)))
    assert np.mean(found) < 1.4


@given(st.floats(1, 1e10))
def test_a_design_effect_is_at_least_one(threshold: float) -> None:
    assert SUPPORT.deff(threshold) >= 1


SUPPORT = counted(independent(40, 5))[1]


@given(st.integers(1, 1000))
def test_there_are_never_more_than_64_batches(ticks: int) -> None:
    support = PercentileSupport()
    for _ in range(ticks):
        support.add(np.empty(0, np.int64))
    assert min(ticks, 32) <= support.batches <= 64


def test_merged_batches_see_the_same_clusters_as_new_ones() -> None:
    """Slow stretches of 100 ticks fill whole batches, merged or not."""
    rng = np.random.default_rng(3)
    slow = (np.arange(3200) // 100) % 4 == 0
    histogram, support = counted([(rng.lognormal(15, 0.1, 4) * (1 + s)).astype(np.int64) for s in slow])
    assert support.deff(histogram.quantile(0.75)) > 100  # about the 400 latencies of a stretch


def test_the_sparse_form_counts_the_same() -> None:
    ticks = independent(70, 30)
    plain, sparse = counted(ticks)[1], PercentileSupport()
    for tick in ticks:
        sparse.add_sparse(Sparse.of(tick))
    for threshold in (2e6, 3.3e6, 5e6):
        assert sparse.deff(threshold) == plain.deff(threshold)


@pytest.mark.parametrize(
    ("p", "deff", "enough"), [(0.5, 1, 40), (0.9, 1, 200), (0.99, 1, 2000), (0.999, 1, 20_000), (0.99, 3, 6000)]
)
def test_a_percentile_needs_twenty_independent_latencies_beyond_it(p: float, deff: float, enough: int) -> None:
    assert needs(p, enough, deff) == 0
    assert needs(p, enough - 1, deff) == 1
    assert needs(p, 0, deff) == enough


def test_a_summary_leaves_out_what_is_not_supported_and_says_what_it_needs() -> None:
    summary = latency_summary(*counted([np.full(50, 2_000_000), np.full(50, 3_000_000)]))
    assert summary.p50 == pytest.approx(2, rel=0.002)
    assert (summary.p90, summary.p99, summary.p99_9) == (None, None, None)
    assert summary.needs == {"p90": 100, "p95": 300, "p99": 1900, "p99_9": 19_900}
    assert set(summary.ci95) == {"p50"}
    assert (summary.mean, summary.min, summary.max) == (2.5, 2, 3)


def test_a_large_sample_supports_all_percentiles() -> None:
    ticks = independent(300, 500)
    exact = np.quantile(np.concatenate(ticks), (0.5, 0.9, 0.95, 0.99, 0.999)) / 1e6
    summary = latency_summary(*counted(ticks))
    found = (summary.p50, summary.p90, summary.p95, summary.p99, summary.p99_9)
    assert found == pytest.approx(exact, rel=0.002)
    assert not summary.needs
    for name, value in zip(("p50", "p90", "p95", "p99", "p99_9"), found, strict=True):
        low, high = summary.ci95[name]
        assert low <= value <= high


def test_the_interval_of_a_percentile_covers_it() -> None:
    true = float(np.exp(15 + 0.3 * 1.2815515655))  # p90 of the lognormal
    hits = 0
    for seed in range(200):
        histogram, support = counted(independent(20, 50, seed))
        low, high = quantile_interval(histogram, 0.9, support.deff(histogram.quantile(0.9)))
        hits += low <= true <= high
    assert hits / 200 >= 0.92


def test_nothing_counted_has_no_summary() -> None:
    with pytest.raises(ValueError, match="no latencies"):
        latency_summary(LatencyHistogram(), PercentileSupport())


def test_two_million_latencies_take_no_more_memory_than_none() -> None:
    histogram, support = LatencyHistogram(), PercentileSupport()
    before = histogram.nbytes + support.nbytes
    ticks = independent(160, 12_500)
    for tick in ticks:
        histogram.add(tick)
        support.add(tick)
    assert histogram.count == 2_000_000
    assert histogram.nbytes + support.nbytes == before <= 1_000_000
    quantiles = (0.5, 0.9, 0.99, 0.999)
    exact = np.quantile(np.concatenate(ticks), quantiles)
    assert [histogram.quantile(q) for q in quantiles] == pytest.approx(exact, rel=0.002)
