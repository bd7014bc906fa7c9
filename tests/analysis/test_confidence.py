"""Doubt about a mean over time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.confidence import Interval, autocorrelation_time, interval, standard_error
from ovtui.records import Estimate


def ar1(n: int, phi: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary AR(1) around 0: a sum of shocks that fade."""
    fade = phi ** np.arange(200)
    return np.convolve(rng.standard_normal(n + 199), fade, mode="valid")


def coverage(n: int, phi: float, trials: int) -> float:
    rng = np.random.default_rng(7)
    found = [interval(100 + ar1(n, phi, rng)) for _ in range(trials)]
    return float(np.mean([abs(i.mean - 100) <= i.half_width for i in found if i]))


def test_the_interval_of_independent_values_covers_their_mean() -> None:
    assert coverage(300, 0.0, 400) >= 0.93


def test_the_interval_of_autocorrelated_values_covers_their_mean() -> None:
    assert coverage(400, 0.9, 400) >= 0.90


def test_the_autocorrelation_time_of_an_ar1_is_that_of_theory() -> None:
    rng = np.random.default_rng(1)
    found = [autocorrelation_time(ar1(4000, 0.9, rng)) for _ in range(20)]
    assert np.mean(found) == pytest.approx((1 + 0.9) / (1 - 0.9), rel=0.15)


def test_the_autocorrelation_time_of_independent_values_is_one() -> None:
    rng = np.random.default_rng(2)
    assert np.mean([autocorrelation_time(rng.standard_normal(1000)) for _ in range(20)]) < 1.2


def test_values_that_alternate_are_not_surer_than_independent_ones() -> None:
    assert autocorrelation_time(np.tile([1.0, 2.0], 50)) == 1


@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=60), st.floats(0.001, 1000))
def test_scale_does_not_change_the_autocorrelation_time(values: list[float], factor: float) -> None:
    x = np.round(np.asarray(values))
    assert 1 <= autocorrelation_time(x) <= len(x)
    assert autocorrelation_time(x * 4) == pytest.approx(autocorrelation_time(x), rel=1e-6)


@given(st.floats(1e-3, 1e6), st.integers(8, 200))
def test_a_series_that_is_constant_but_for_rounding_says_nothing_about_doubt(value: float, n: int) -> None:
    assert interval(np.full(n, value)) is None
    assert interval(np.full(n, value) * (1 + 1e-9 * (np.arange(n) % 3))) is None
    assert interval(np.full(n, value) * (1 + 1e-5 * (np.arange(n) % 3))) is not None


def test_there_are_never_more_independent_values_than_were_measured() -> None:
    x = np.random.default_rng(5).standard_normal(100)
    few, many = interval(x, values=9), interval(x)
    assert few is not None and many is not None
    assert few.n_eff == 9
    assert few.half_width > many.half_width
    assert interval(x, values=7) is None


def test_a_slow_wave_widens_the_standard_error() -> None:
    rng = np.random.default_rng(3)
    noise = rng.standard_normal(320)
    wave = 3 * np.sin(np.arange(320) / 40)
    assert standard_error(noise + wave) > 4 * standard_error(noise)


def test_fewer_than_eight_values_say_nothing_about_doubt() -> None:
    assert interval(np.arange(7.0)) is None
    assert interval(np.arange(8.0)) is not None


def test_a_higher_level_is_wider() -> None:
    x = np.random.default_rng(4).standard_normal(50)
    narrow, wide = interval(x, 0.9), interval(x, 0.99)
    assert narrow is not None and wide is not None
    assert narrow.half_width < wide.half_width


def test_an_interval_knows_its_bounds_and_its_relative_width() -> None:
    found = Interval(mean=100, half_width=2, n_eff=40)
    assert found.bounds == (98, 102)
    assert found.relative == 0.02
    assert Interval(mean=0, half_width=1, n_eff=40).relative == float("inf")


def test_the_doubt_of_an_interval_that_is_cut_at_zero_is_that_of_its_upper_half() -> None:
    assert Estimate(mean=10.0, ci95=(0.0, 40.0), converged=False).half_width == 3.0
    assert Estimate(mean=10.0, ci95=(9.0, 11.0), converged=True).half_width == pytest.approx(0.1)
    assert Estimate(mean=10.0, ci95=None, converged=False).half_width is None
    assert Estimate(mean=0.0, ci95=(0.0, 1.0), converged=False).half_width is None
