"""Blocks in turn: what one way costs against another is found, and nothing is said of what is noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ovtui.analysis.alternating import FEWEST, cost

SIMULATIONS = 400


def blocks(true: float, noise: str, count: int, numbers: np.random.Generator) -> list[tuple[float, float]]:
    """Times of pairs of blocks that lie next to each other, in random order, on a machine with this noise."""
    own = numbers.lognormal(0, 0.05, 2 * count)
    slow = np.ones(2 * count)
    if noise == "drifting":
        steps = numbers.normal(0, 0.02, 2 * count)
        slow = np.exp(np.cumsum(steps))
    elif noise == "neighbour":  # half of the time, for six blocks on average, everything takes half as long again
        slow = np.where(np.cumsum(numbers.random(2 * count) < 1 / 6) % 2 == 1, 1.5, 1.0)
    times = (own * slow).reshape(count, 2)
    second = numbers.random(count) < 0.5
    plain = np.where(second, times[:, 0], times[:, 1])
    counted = np.where(second, times[:, 1], times[:, 0]) * (1 + true)
    return list(zip(plain.tolist(), counted.tolist(), strict=True))


def said(true: float, noise: str, count: int, seed: int) -> tuple[float, float]:
    """The share of simulations in which a cost above nothing is known, and in which the interval holds the truth."""
    numbers = np.random.default_rng(seed)
    found = [cost(blocks(true, noise, count, numbers)) for _ in range(SIMULATIONS)]
    known = [each for each in found if each is not None]
    assert len(known) == SIMULATIONS
    held = sum(each.ci95[0] <= true <= each.ci95[1] for each in known)
    return sum(each.ci95[0] > 0 for each in known) / SIMULATIONS, held / SIMULATIONS


@pytest.mark.parametrize("noise", ["white", "drifting", "neighbour"])
@pytest.mark.parametrize("count", [FEWEST, 40])
def test_nothing_is_said_of_a_cost_that_is_none(noise: str, count: int) -> None:
    share, held = said(0.0, noise, count, seed=1)
    assert share <= 0.05
    assert held >= 0.92


@pytest.mark.parametrize("noise", ["white", "drifting", "neighbour"])
def test_a_cost_of_a_tenth_is_found(noise: str) -> None:
    share, held = said(0.1, noise, 40, seed=2)
    assert share >= 0.95
    assert held >= 0.92


def test_a_few_disturbed_blocks_move_nothing() -> None:
    quiet = [(100.0, 103.0 + 0.1 * (i % 3)) for i in range(20)]
    disturbed = [*quiet[:18], (100.0, 900.0), (100.0, 800.0)]
    found = cost(disturbed)
    assert found is not None
    assert found.mean == pytest.approx(0.031, abs=0.001)
    assert found.ci95[1] < 0.04


def test_equal_blocks_have_no_doubt() -> None:
    found = cost([(100.0, 110.0)] * FEWEST)
    assert found is not None
    assert (found.mean, *found.ci95) == pytest.approx((0.1, 0.1, 0.1))


@pytest.mark.parametrize(
    "pairs", [[], [(1.0, 1.1)] * (FEWEST - 1), [(0.0, 1.0)] * 20, [(1.0, math.inf)] * 20, [(math.nan, 1.0)] * 20]
)
def test_from_too_little_nothing_is_told(pairs: list[tuple[float, float]]) -> None:
    assert cost(pairs) is None
