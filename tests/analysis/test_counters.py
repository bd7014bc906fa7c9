"""Running means in whole microseconds give back what lies between two readings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovtui.analysis.counters import Reading, from_each, from_running_means, stretches


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


def test_what_takes_less_than_a_microsecond_is_nothing() -> None:
    found = from_running_means(counted(np.full((100, 1), 0.7), [10, 50, 100]))
    assert found.mean_us[0] == 0


def test_readings_twice_as_late_each_time_lose_less_than_a_microsecond_to_rounding() -> None:
    durations = np.random.default_rng(1).uniform(14, 16, (4096, 1))
    found = stretches(counted(durations, [2**k for k in range(13)]))
    assert np.all(np.abs(found[:, 0] - 15) < 2)
    assert abs(found[-1, 0] - 15) < 1


def test_devices_that_tell_of_the_last_inference_are_averaged() -> None:
    found = from_each([Reading(n, np.array([float(n), 5.0])) for n in range(1, 81)])
    assert found.mean_us.tolist() == [40.5, 5.0]
    assert found.spread_us[0] > 0
    assert found.spread_us[1] == 0


def test_one_stretch_tells_no_spread() -> None:
    assert from_running_means(counted(np.full((20, 2), 9.5), [10, 20])).spread_us.tolist() == [0, 0]
    assert from_each([Reading(1, np.array([3.0]))]).spread_us.tolist() == [0]
