"""Histograms at the resolution of a screen lose no latency and keep their place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.distribution import averaged, bars, thinned
from ovtui.records import Histogram


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    widths = draw(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=1, max_size=60))
    lower, upper, place = [], [], draw(st.integers(1, 10**9))
    for gap, width in widths:
        lower.append(place + gap)
        upper.append(place + gap + width)
        place = upper[-1]
    counts = draw(st.lists(st.integers(1, 10**6), min_size=len(lower), max_size=len(lower)))
    return Histogram(lower_ns=lower, upper_ns=upper, counts=counts)


@given(histograms(), st.integers(1, 40))
def test_thinning_keeps_every_count_and_the_ends(histogram: Histogram, most: int) -> None:
    thin = thinned(histogram, most)
    assert len(thin.counts) <= max(most, 0)
    assert sum(thin.counts) == sum(histogram.counts)
    assert (thin.lower_ns[0], thin.upper_ns[-1]) == (histogram.lower_ns[0], histogram.upper_ns[-1])
    assert all(a < b for a, b in zip(thin.lower_ns, thin.upper_ns, strict=True))
    assert all(b <= a for a, b in zip(thin.lower_ns[1:], thin.upper_ns[:-1], strict=True))


@given(histograms(), st.integers(1, 80))
def test_bars_hold_what_the_histogram_holds(histogram: Histogram, parts: int) -> None:
    found = bars(histogram, parts)
    assert found is not None
    assert len(found.counts) == parts
    assert len(found.edges_ms) == parts + 1
    total = sum(histogram.counts)
    assert abs(sum(found.counts) + found.beyond - total) < 1e-6 * total + 1e-6


def test_a_long_tail_does_not_squeeze_the_rest() -> None:
    counted = Histogram(lower_ns=[1_000_000, 900_000_000], upper_ns=[1_100_000, 910_000_000], counts=[9_999, 1])
    found = bars(counted, 10)
    assert found is not None
    assert found.edges_ms[-1] < 1.2
    assert found.beyond == 1


def test_nothing_has_no_bars() -> None:
    assert bars(Histogram(lower_ns=[], upper_ns=[], counts=[]), 10) is None


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=300), st.integers(1, 50))
def test_means_of_neighbours_lie_between_the_smallest_and_the_largest(values: list[float | None], most: int) -> None:
    means = averaged(values, most)
    assert len(means) == min(len(values), most)
    known = [value for value in values if value is not None]
    assert all(min(known) - 1e-6 <= mean <= max(known) + 1e-6 for mean in means if mean is not None)
