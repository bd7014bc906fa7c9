"""Which percentiles a sample supports."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.histogram import BUCKETS, LatencyHistogram, Stretch
from ovtui.analysis.percentiles import (
    PercentileSupport,
    is_measured,
    latency_summary,
    needs,
    order_statistics,
    quantile_interval,
)
from ovtui.records import Latency
from tests.benchmarks.percentile_coverage import PROCESSES, coverage


def counted(ticks: list[np.ndarray]) -> tuple[LatencyHistogram, PercentileSupport]:
    histogram, support = LatencyHistogram(), PercentileSupport()
    for tick in ticks:
        histogram.add(tick)
        support.add(tick)
    return histogram, support


def independent(ticks: int, each: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.lognormal(15, 0.3, each).astype(np.int64) for _ in range(ticks)]


# How much slow latencies come in clusters


def test_independent_latencies_have_a_design_effect_near_one() -> None:
    found = [counted(independent(200, 50, seed))[1].design_effect(0.95) for seed in range(20)]
    assert 1 <= np.mean([each.likely for each in found]) < 1.3
    assert np.mean([each.cautious for each in found]) < 1.6  # an interval that is a quarter wider


def test_clusters_of_slow_latencies_raise_the_design_effect() -> None:
    rng = np.random.default_rng(1)
    ticks = [rng.lognormal(15, 0.1, 100) * (3 if tick % 20 == 0 else 1) for tick in range(64)]
    assert counted([tick.astype(np.int64) for tick in ticks])[1].design_effect(0.95).likely > 50


@pytest.mark.parametrize("phi", [0.9, 0.99])
def test_the_design_effect_of_an_autoregression_is_the_one_that_is_known(phi: float) -> None:
    """At the median 1 + 2·Σ (2/π)·arcsin(φ^h): the correlation of signs of a Gaussian process."""
    lags = np.arange(1, 5000)
    true = 1 + 2 * float((2 / np.pi * np.arcsin(phi**lags)).sum())
    rng, found = np.random.default_rng(4), []
    for logs in PROCESSES[f"AR({phi:g})".replace("0.", ".")].samples(rng, 10, 50_000):
        found.append(counted([(2e6 * np.exp(logs)).astype(np.int64)])[1].design_effect(0.5))
    assert np.mean([each.likely for each in found]) == pytest.approx(true, rel=0.25)
    assert np.mean([each.cautious for each in found]) == pytest.approx(1.3 * true, rel=0.3)


def test_a_tight_distribution_hides_no_clusters() -> None:
    """Latencies within 1 % of each other, in slow stretches of 0.5 %."""
    rng = np.random.default_rng(5)
    slow = (np.arange(20_000) // 500) % 2
    latencies = (2e6 * (1 + 0.005 * slow + 0.0005 * rng.standard_normal(20_000))).astype(np.int64)
    assert counted([latencies])[1].design_effect(0.5).likely > 100


def test_what_is_longer_than_the_sample_is_not_known() -> None:
    trend = (2e6 * (1 + np.linspace(0, 1, 2000))).astype(np.int64)
    assert counted([trend])[1].design_effect(0.5).cautious > 400  # fewer than five independent ones


def test_one_stretch_that_holds_all_slow_latencies_says_little() -> None:
    """As many slow ones as in twenty stretches, whose interval is narrower."""
    rng = np.random.default_rng(6)
    place = np.arange(10_000)
    found = []
    for slow in (place // 50 % 20 == 7, place // 500 == 7):
        latencies = (2e6 * (1 + 0.05 * rng.standard_normal(10_000) + slow)).astype(np.int64)
        found.append(counted([latencies])[1].design_effect(0.9))
    many, one = found
    assert one.cautious / one.likely > 1.3 * many.cautious / many.likely


def test_equal_latencies_are_no_cluster() -> None:
    assert counted([np.full(100, 2_000_000)])[1].design_effect(0.5) == (1, 1)


@given(st.floats(0.001, 0.999))
def test_a_design_effect_is_at_least_one(p: float) -> None:
    found = SUPPORT.design_effect(p)
    assert 1 <= found.likely <= found.cautious < math.inf


SUPPORT = counted(independent(40, 5))[1]


@given(st.integers(1, 5000))
def test_there_are_never_more_than_64_batches(latencies: int) -> None:
    support = PercentileSupport()
    support.add(np.full(latencies, 5))
    assert min(latencies, 32) <= support.batches <= 64


@given(st.lists(st.integers(0, 4000), max_size=8))
def test_it_does_not_matter_how_latencies_are_cut(cuts: list[int]) -> None:
    """And some of them may have been kept apart."""
    latencies = np.concatenate(independent(1, 4000))
    whole, parts = PercentileSupport(), PercentileSupport()
    whole.add(latencies)
    for place, part in enumerate(np.split(latencies, sorted(cuts))):
        stretch = Stretch.of(part)
        if place % 2 and stretch is not None:
            parts.add_stretch(stretch)
        else:
            parts.add(part)
    assert [parts.design_effect(p) for p in (0.5, 0.9, 0.99)] == [whole.design_effect(p) for p in (0.5, 0.9, 0.99)]


def test_merged_batches_see_the_same_clusters_as_new_ones() -> None:
    """Slow stretches of 400 latencies fill whole batches, merged or not."""
    rng = np.random.default_rng(3)
    slow = (np.arange(12_800) // 400) % 4 == 0
    latencies = (rng.lognormal(15, 0.1, 12_800) * (1 + slow)).astype(np.int64)
    assert counted([latencies])[1].design_effect(0.75).likely > 100


# What a percentile needs


@pytest.mark.parametrize(
    ("p", "deff", "enough"), [(0.5, 1, 40), (0.9, 1, 200), (0.99, 1, 2000), (0.999, 1, 20_000), (0.99, 3, 6000)]
)
def test_a_percentile_needs_twenty_independent_latencies_beyond_it(p: float, deff: float, enough: int) -> None:
    assert needs(p, enough, deff) == 0
    assert needs(p, enough - 1, deff) == 1
    assert needs(p, 0, deff) == enough


@pytest.mark.parametrize(("p", "first"), [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100), (0.999, 1000)])
def test_a_percentile_is_measured_once_one_latency_is_expected_beyond_it(p: float, first: int) -> None:
    assert is_measured(p, first)
    assert not is_measured(p, first - 1)


def test_a_summary_shows_what_was_measured_marks_what_is_weak_and_says_what_it_needs() -> None:
    (latencies,) = independent(1, 120, seed=3)
    summary = latency_summary(*counted([latencies]))
    exact = np.sort(latencies)[[59, 107, 113, 118]] / 1e6
    assert (summary.p50, summary.p90, summary.p95, summary.p99) == pytest.approx(tuple(exact), rel=0.002)
    assert summary.p99_9 is None
    assert set(summary.ci95) == {"p50", "p90", "p95", "p99"}
    assert summary.weak == {"p90": True, "p95": True, "p99": True}
    assert summary.needs.keys() == {"p90", "p95", "p99", "p99_9"}
    assert summary.needs["p99"] >= 2000 - 120
    assert summary.ci95["p99"][1] is None  # the largest of 120 is below the true one in .3 of cases


def test_few_latencies_have_a_median_and_no_interval_of_it() -> None:
    summary = latency_summary(*counted([np.array([9_000_000, 10_000_000, 11_000_000])]))
    assert summary.p50 == pytest.approx(10, rel=0.002)
    assert summary.weak == {"p50": True}
    assert summary.ci95 == {"p50": (0.0, None)}
    assert summary.needs["p50"] == 37


def test_one_latency_has_no_percentile() -> None:
    summary = latency_summary(*counted([np.array([9_000_000])]))
    assert (summary.p50, summary.ci95, summary.weak) == (None, {}, {})
    assert (summary.mean, summary.min, summary.max, summary.needs["p50"]) == (9, 9, 9, 39)


def test_noise_makes_a_percentile_weak_and_does_not_take_it_away() -> None:
    """Some 5,000 inferences in 6 s beside a neighbour that is on and off."""
    (logs,) = PROCESSES["bursts 200 of 2,200 × 1.5"].samples(np.random.default_rng(2), 1, 5067)
    summary = latency_summary(*counted([(2e6 * np.exp(logs)).astype(np.int64)]))
    assert summary.p95 is not None
    assert summary.weak["p95"]
    assert summary.ci95["p95"][0] <= summary.p95
    assert summary.needs["p95"] > 0


def test_a_weak_percentile_survives_json() -> None:
    summary = latency_summary(*counted(independent(1, 120)))
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Latency) == summary


def test_a_summary_of_before_there_were_weak_ones_is_read() -> None:
    text = (
        b'{"mean":10,"min":9,"p50":10,"p90":11,"p95":null,"p99":null,"p99_9":null,"max":12,'
        b'"ci95":{"p50":[9.9,10.1]},"needs":{"p95":80,"p99":1200,"p99_9":19000}}'
    )
    kept = msgspec.json.decode(text, type=Latency)
    assert (kept.p95, kept.weak, kept.needs["p99"]) == (None, {}, 1200)
    assert kept.interval("p50") == (9.9, 10.1)


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


# Intervals


def _coverage(n: int, p: float, low: int, high: int) -> tuple[float, float]:
    """Chances that the quantile lies below the order statistic `low`, and above `high`, of n independent values."""
    at_most = [math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(n + 1)]
    return math.fsum(at_most[:low]), math.fsum(at_most[high:])


@pytest.mark.parametrize("p", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 5, 6, 17, 107, 367, 368, 900])
def test_ends_are_the_nearest_order_statistics_that_err_with_two_and_a_half_percent(n: int, p: float) -> None:
    low, high = order_statistics(p, n, 0.025)
    least, most = low or 0, n + 1 if high is None else high
    below, above = _coverage(n, p, least, most)
    assert below <= 0.025 + 1e-12
    assert high is None or above <= 0.025 + 1e-12
    # One nearer would err too often, and without an end the outermost does.
    assert _coverage(n, p, least + 1, most)[0] > 0.025
    assert _coverage(n, p, least, most - 1)[1] > 0.025


def test_the_normal_form_goes_on_where_the_exact_one_ends() -> None:
    exact, normal = (order_statistics(0.99, n, 0.025) for n in (50_000, 50_001))
    assert normal == pytest.approx(exact, abs=3)


def test_clusters_widen_an_interval_as_fewer_independent_latencies_would() -> None:
    large, small = LatencyHistogram(), LatencyHistogram()
    large.add(np.arange(1, 10_001) * 1000)
    small.add(np.arange(1, 101) * 100_000)
    wide, same = (quantile_interval(histogram, 0.9, deff) for histogram, deff in ((large, 100.0), (small, 1.0)))
    assert wide == pytest.approx(same, rel=0.02)
    assert quantile_interval(large, 0.9, 1e9) == (0.0, None)


@given(st.integers(1, 3000), st.floats(0.01, 0.999), st.floats(1, 5000))
def test_an_interval_holds_its_percentile(n: int, p: float, deff: float) -> None:
    histogram = LatencyHistogram()
    histogram.add(np.arange(1, n + 1) * 1000)
    low, high = quantile_interval(histogram, p, deff)
    assert low <= histogram.quantile(p)
    assert high is None or histogram.quantile(p) <= high


@pytest.mark.parametrize(
    ("title", "n", "least"),
    [
        ("iid lognormal", 1000, 0.9), ("iid, Pareto tail", 1000, 0.9), ("iid, CV 0.5 %", 5000, 0.9),
        ("AR(.9)", 1000, 0.9), ("AR(.99)", 1000, 0.9), ("AR(.99)", 20_000, 0.9), ("AR(.999)", 5000, 0.9),
        ("AR(.999)", 20_000, 0.9), ("¾ white + ¼ AR(.999)", 20_000, 0.9), ("bursts 200 of 2,200 × 1.5", 20_000, 0.9),
        ("bursts 1,000 of 2,000 × 1.1", 20_000, 0.9),
    ],
)  # fmt: skip
def test_intervals_cover_the_truth_on_latencies_with_memory(title: str, n: int, least: float) -> None:
    """Of 60 samples; tests/benchmarks/percentile_coverage.py has the whole table."""
    found = coverage(PROCESSES[title], n, 60, seed=11)
    assert all(each.after >= least - 0.04 for each in found.values()), found
    assert np.mean([each.after for each in found.values()]) >= least


def test_independent_latencies_keep_both_ends() -> None:
    found = coverage(PROCESSES["iid lognormal"], 5000, 30, seed=12)
    assert min(each.bounded for each in found.values()) >= 0.95


def test_nothing_counted_has_no_summary() -> None:
    with pytest.raises(ValueError, match="no latencies"):
        latency_summary(LatencyHistogram(), PercentileSupport())


def test_memory_does_not_grow_with_the_number_of_latencies() -> None:
    histogram, support = LatencyHistogram(), PercentileSupport()
    ticks = [np.clip(tick, 1_000_000, 9_000_000) for tick in independent(160, 12_500)]
    sizes = []
    for tick in ticks:
        histogram.add(tick)
        support.add(tick)
        sizes.append(histogram.nbytes + support.nbytes)
    assert histogram.count == 2_000_000
    assert sizes[0] == sizes[-1] <= 500_000
    quantiles = (0.5, 0.9, 0.99, 0.999)
    exact = np.quantile(np.concatenate(ticks), quantiles)
    assert [histogram.quantile(q) for q in quantiles] == pytest.approx(exact, rel=0.002)


def test_latencies_of_all_sizes_take_two_megabytes() -> None:
    support = PercentileSupport()
    support.add(np.array([1, 2**50]))
    assert support.nbytes == 64 * BUCKETS * 4 <= 2_300_000
