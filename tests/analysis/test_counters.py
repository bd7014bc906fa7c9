"""Running means in whole microseconds give back what lies between two readings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovtui.analysis.counters import Reading, from_each, from_running_means, within


def counted(durations: np.ndarray, at: list[int]) -> list[Reading]:
    """What OpenVINO's CPU plugin says after so many inferences: the sum of whole µs over their number, whole again."""
    whole = np.floor(durations)
    return [Reading(n, np.floor(whole[:n].sum(axis=0) / n)) for n in at]


@settings(max_examples=50)
@given(st.floats(3, 5_000), st.integers(1, 60), st.integers(0, 2**31))
def test_slow_first_inferences_are_not_in_the_mean(usual: float, warming: int, seed: int) -> None:
    numbers = np.random.default_rng(seed)
    durations = usual * numbers.uniform(0.9, 1.1, (600, 1))
    durations[:warming] *= 40
    found = from_running_means(counted(durations, [60, 200, 400, 600]))
    assert found.mean_us[0] == pytest.approx(durations[60:].mean(), abs=1.0)


def test_a_steady_layer_has_no_spread_and_one_that_drifts_has() -> None:
    steady, drifting = np.full((800, 1), 250.4), np.linspace(200, 300, 800)[:, None]
    at = list(range(100, 801, 100))
    found = from_running_means(counted(np.hstack([steady, drifting]), at))
    assert found.spread_us[0] < 2.5
    true = np.std([drifting[a:b].mean() for a, b in itertools.pairwise(at)], ddof=1)
    assert found.spread_us[1] == pytest.approx(true, abs=4)


TRUE_US = np.array([0.3, 1.05, 1.9, 2.5, 50.0])
AT = [400, *range(1000, 9001, 1000)]


@pytest.mark.parametrize("noise", ["none", "narrow", "wide", "stalls"])
def test_the_bounds_hold_the_truth_of_short_layers(noise: str) -> None:
    """Of what scatters little, all executions are cut by the same part of a microsecond: counting more is no help."""
    numbers = np.random.default_rng(3)
    factors = {
        "none": np.ones((9000, 5)),
        "narrow": numbers.lognormal(0, 0.02, (9000, 5)),
        "wide": numbers.lognormal(0, 0.4, (9000, 5)),
        "stalls": np.where(numbers.random((9000, 5)) < 0.01, 10.0, 1.0),
    }[noise]
    durations = TRUE_US * factors
    durations[:5] *= 30
    found = from_running_means(counted(durations, AT))
    true = durations[AT[0] :].mean(axis=0)
    assert np.all(found.low_us <= true)
    assert np.all(true <= found.high_us)
    assert np.all(found.high_us - found.low_us < 2.2)
    assert np.all((found.mean_us == 0) | ((found.low_us <= found.mean_us) & (found.mean_us <= found.high_us)))


def test_what_takes_less_than_a_microsecond_is_not_told_but_has_a_bound() -> None:
    found = from_running_means(counted(np.full((100, 1), 0.7), [10, 50, 100]))
    assert (found.mean_us[0], found.low_us[0]) == (0, 0)
    assert 1.9 < found.high_us[0] < 2


@settings(max_examples=60)
@given(st.lists(st.floats(1, 300), min_size=30, max_size=120), st.integers(1, 20), st.integers(2, 9))
def test_whatever_the_executions_take_their_mean_is_within_the_bounds(
    durations: list[float], first: int, step: int
) -> None:
    """The law does not rest on a distribution: any sequence, also one that gets slower or quicker."""
    column = np.array(durations)[:, None]
    at = [*range(first, len(durations), step), len(durations)]
    found = from_running_means(counted(column, at))
    assert found.low_us[0] - 1e-9 <= column[first:].mean() <= found.high_us[0] + 1e-9


def test_layers_that_run_one_after_the_other_take_no_longer_than_their_inference() -> None:
    """Ten of 1.05 µs are told as 1, which leaves 1 to 3 each: an inference of 14 µs says that it is rather 1.4."""
    found = from_running_means(counted(np.full((5000, 10), 1.05), [100, 1000, 3000, 5000]))
    assert found.mean_us.sum() == pytest.approx(20, abs=0.5)
    moved = within(found, 14.0)
    assert moved.mean_us.sum() == pytest.approx(14.0)
    assert np.all((moved.low_us <= moved.mean_us) & (moved.mean_us < found.mean_us))
    assert moved.high_us.tolist() == found.high_us.tolist()
    assert within(found, 25.0).mean_us.tolist() == found.mean_us.tolist()
    assert within(found, 1.0).mean_us.tolist() == pytest.approx(found.low_us.tolist())  # they ran side by side


def test_devices_that_tell_of_the_last_inference_are_averaged() -> None:
    found = from_each([Reading(n, np.array([float(n), 5.0])) for n in range(1, 81)])
    assert found.mean_us.tolist() == [40.5, 5.0]
    assert found.spread_us[0] > 0
    assert found.spread_us[1] == 0


def test_one_stretch_tells_no_spread() -> None:
    assert from_running_means(counted(np.full((20, 2), 9.5), [10, 20])).spread_us.tolist() == [0, 0]
    assert from_each([Reading(1, np.array([3.0]))]).spread_us.tolist() == [0]
