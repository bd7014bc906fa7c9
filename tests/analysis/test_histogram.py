"""The log-linear histogram."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.histogram import BUCKETS, LARGEST_NS, LatencyHistogram, Stretch, bucket_of, edges_of, rank_of

latencies = st.lists(st.integers(1, LARGEST_NS), min_size=1, max_size=200).map(lambda v: np.asarray(v, np.int64))


def of(*parts: np.ndarray) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for part in parts:
        histogram.add(part)
    return histogram


def same(a: LatencyHistogram, b: LatencyHistogram) -> bool:
    columns = all(np.array_equal(x, y) for x, y in zip(a.buckets(), b.buckets(), strict=True))
    return columns and (a.count, a.sum_ns, a.min_ns, a.max_ns) == (b.count, b.sum_ns, b.min_ns, b.max_ns)


@given(latencies, st.floats(0, 1))
def test_a_quantile_is_within_two_tenths_of_a_percent(values: np.ndarray, q: float) -> None:
    exact = np.sort(values)[rank_of(q, len(values)) - 1]
    assert of(values).quantile(q) == pytest.approx(exact, rel=0.002)


@given(latencies)
def test_every_latency_lies_in_its_bucket(values: np.ndarray) -> None:
    index = bucket_of(values)
    lower, upper = edges_of(index)
    assert (lower <= values).all() and (values < upper).all()
    assert (index >= 0).all() and (index < BUCKETS).all()


def test_buckets_follow_each_other_without_gap_or_overlap() -> None:
    lower, upper = edges_of(np.arange(BUCKETS))
    assert np.array_equal(lower[1:], upper[:-1])
    assert upper[-1] == LARGEST_NS + 1


@given(latencies, latencies)
def test_merging_is_counting_both(a: np.ndarray, b: np.ndarray) -> None:
    merged = of(a)
    merged.merge(of(b))
    assert same(merged, of(a, b))


@given(latencies)
def test_a_stretch_that_was_kept_apart_counts_the_same(values: np.ndarray) -> None:
    histogram = LatencyHistogram()
    stretch = Stretch.of(values)
    assert stretch is not None
    histogram.add_stretch(stretch)
    assert same(histogram, of(values))


def test_merging_an_empty_one_changes_nothing() -> None:
    histogram = of(np.asarray([5, 7]))
    histogram.merge(LatencyHistogram())
    assert same(histogram, of(np.asarray([5, 7])))


def test_count_mean_and_extremes_are_exact() -> None:
    histogram = of(np.asarray([1_000_001, 3_000_002, 2_000_003]))
    assert (histogram.count, histogram.min_ns, histogram.max_ns) == (3, 1_000_001, 3_000_002)
    assert histogram.mean_ns == 6_000_006 / 3


def test_what_is_out_of_range_counts_at_the_end_of_it() -> None:
    histogram = of(np.asarray([-5, 0, 2**50]))
    assert (histogram.min_ns, histogram.max_ns, histogram.count) == (1, LARGEST_NS, 3)


def test_buckets_that_are_empty_are_left_out() -> None:
    lower, upper, counts = of(np.asarray([100, 100, 1000])).buckets()
    assert lower.tolist() == [100, 1000]
    assert upper.tolist() == [101, 1002]
    assert counts.tolist() == [2, 1]


def test_it_takes_less_than_75_kb() -> None:
    assert LatencyHistogram().nbytes <= 75_000


def test_an_empty_one_has_no_quantile_and_no_mean() -> None:
    for of_empty in (lambda h: h.quantile(0.5), lambda h: h.mean_ns, lambda h: h.min_ns, lambda h: h.max_ns):
        with pytest.raises(ValueError, match="no latencies"):
            of_empty(LatencyHistogram())
    assert Stretch.of(np.empty(0, np.int64)) is None


def test_adding_nothing_changes_nothing() -> None:
    assert of(np.empty(0, np.int64)).count == 0
