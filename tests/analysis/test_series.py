"""Work over time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.series import WorkSeries

BIN = 100
inferences = st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 3_000)), min_size=1, max_size=80)


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.asarray([start for start, _ in pairs])
    return starts, starts + np.asarray([length for _, length in pairs])


@given(inferences, st.sampled_from([4, 16, 8192]))
def test_the_work_of_all_bins_is_the_number_of_inferences(pairs: list[tuple[int, int]], limit: int) -> None:
    series = WorkSeries(BIN, limit)
    series.add(*arrays(pairs))
    assert series.total == pytest.approx(len(pairs), rel=1e-9)


@given(inferences)
def test_merging_keeps_the_sums_of_neighbours(pairs: list[tuple[int, int]]) -> None:
    fine, merged = WorkSeries(BIN), WorkSeries(BIN)
    fine.add(*arrays(pairs))
    merged.add(*arrays(pairs))
    merged.add_at(np.asarray([8192 * BIN + 1]))
    assert merged.bin_ns == 2 * BIN
    pairwise = fine.rates(0, 600 * BIN).reshape(-1, 2).mean(axis=1)
    assert merged.rates(0, 600 * BIN) == pytest.approx(pairwise, rel=1e-9, abs=1e-3)


@given(inferences, st.integers(1, 79))
def test_it_does_not_matter_how_the_inferences_are_cut(pairs: list[tuple[int, int]], cut: int) -> None:
    whole, parts = WorkSeries(BIN, 16), WorkSeries(BIN, 16)
    starts, ends = arrays(pairs)
    whole.add(starts, ends)
    parts.add(starts[:cut], ends[:cut])
    parts.add(starts[cut:], ends[cut:])
    assert parts.rates(0, 60_000) == pytest.approx(whole.rates(0, 60_000), rel=1e-9, abs=1e-3)


def test_an_inference_is_spread_over_bins_by_time() -> None:
    series = WorkSeries(BIN)
    series.add(np.asarray([50]), np.asarray([250]))  # 50, 100 and 50 of 200
    assert (series.rates(0, 3 * BIN) * BIN / 1e9).tolist() == [0.25, 0.5, 0.25]


def test_one_without_length_counts_in_its_bin() -> None:
    series = WorkSeries(BIN)
    series.add(np.asarray([130]), np.asarray([130]))
    assert (series.rates(0, 2 * BIN) * BIN / 1e9).tolist() == [0, 1]


def test_a_slow_model_is_smooth() -> None:
    series = WorkSeries()
    ends = np.arange(1, 5) * 3_000_000_000
    series.add(ends - 3_000_000_000, ends)
    assert series.rates(0, 12_000_000_000) == pytest.approx(np.full(120, 1 / 3))


def test_amounts_at_moments_are_summed() -> None:
    series = WorkSeries(BIN)
    series.add_at(np.asarray([1, 100, 101]), np.asarray([2.0, 3.0, 4.0]))
    assert (series.rates(0, 2 * BIN) * BIN / 1e9).tolist() == [5, 4]


def test_only_bins_wholly_before_the_horizon_have_rates() -> None:
    series = WorkSeries(BIN)
    series.add(np.asarray([0]), np.asarray([400]))
    assert len(series.rates(1, 399)) == 2
    assert len(series.rates(5, 399)) == 0
    assert len(series.rates_between(101, 400)) == 2


def test_bins_without_work_have_rate_zero() -> None:
    assert WorkSeries(BIN).rates(0, 1000 * BIN).tolist() == [0] * 1000


def test_memory_is_bounded_over_a_week() -> None:
    series = WorkSeries()
    for hour in range(0, 24 * 7, 6):
        at = hour * 3600 * 10**9
        series.add(np.asarray([at]), np.asarray([at + 10**9]))
    assert series.nbytes <= 8192 * 8
    assert series.total == pytest.approx(28)


def test_a_series_that_cannot_be_is_refused() -> None:
    for bin_ns, limit in ((0, 8), (100, 7)):
        with pytest.raises(ValueError):
            WorkSeries(bin_ns, limit)
