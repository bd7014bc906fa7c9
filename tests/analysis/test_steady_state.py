"""The end of the warm-up."""

import numpy as np
import pytest

from ovtui.analysis.steady_state import steady_from


def noise(n: int, share: float = 0.02, seed: int = 0) -> np.ndarray:
    return 1 + share * np.random.default_rng(seed).standard_normal(n)


def test_a_constant_rate_is_steady_from_the_beginning() -> None:
    found = steady_from(np.full(20, 500.0))
    assert (found.index, found.steady) == (0, True)


def test_a_cold_beginning_is_cut_off() -> None:
    rates = 500 * noise(60)
    rates[:10] *= np.linspace(0.5, 0.95, 10)
    found = steady_from(rates)
    assert found.steady
    assert 10 <= found.index <= 20


def test_a_ramp_over_everything_is_not_steady() -> None:
    assert not steady_from(np.linspace(0.85, 1, 60) * noise(60, 0.005)).steady


def test_a_step_in_the_second_half_is_not_steady() -> None:
    rates = noise(60, 0.005)
    rates[40:] *= 0.9
    assert not steady_from(rates).steady


@pytest.mark.parametrize("n", [0, 4, 19])
def test_fewer_than_four_batches_are_not_enough(n: int) -> None:
    found = steady_from(np.full(n, 500.0))
    assert (found.index, found.steady) == (0, False)


def test_noise_alone_is_called_steady() -> None:
    found = [steady_from(noise(100, 0.02, seed)) for seed in range(100)]
    assert np.mean([f.steady for f in found]) > 0.9


def test_a_slow_ramp_leaves_little_bias() -> None:
    biases = []
    ramp = 1 - 0.15 * np.exp(-np.arange(300) / 15)
    for seed in range(50):
        rates = ramp * noise(300, 0.02, seed)
        until = next(k for k in range(20, 301, 5) if steady_from(rates[:k]).steady or k >= 100)
        biases.append(rates[steady_from(rates[:until]).index :].mean() - 1)
    assert abs(np.mean(biases)) < 0.4 * abs(ramp.mean() - 1)
