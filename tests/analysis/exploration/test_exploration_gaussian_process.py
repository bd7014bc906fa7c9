"""What is expected where nothing was measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ovtui.analysis.exploration.gaussian_process import Expected, below, expected, expected_gain

LINE = np.arange(5.0)[:, None]


def test_what_was_measured_without_doubt_is_expected_again() -> None:
    values = np.array([0.0, 1.0, 0.5])
    found = expected(LINE[:3], values, np.zeros(3), LINE[:3])
    assert found.mean == pytest.approx(values, abs=1e-3)
    assert found.deviation == pytest.approx(np.zeros(3), abs=1e-2)


def test_doubt_grows_with_the_distance() -> None:
    found = expected(LINE[:1], np.array([2.0]), np.array([0.01]), LINE)
    assert found.mean == pytest.approx(np.full(5, 2.0))
    assert (np.diff(found.deviation) > 0).all()


def test_between_two_lies_between_them() -> None:
    found = expected(LINE[[0, 2]], np.array([0.0, 1.0]), np.full(2, 0.01), LINE[1:2])
    assert 0.2 < found.mean[0] < 0.8


def test_a_doubtful_value_is_drawn_to_its_neighbours() -> None:
    values = np.array([0.0, 0.3, 0.0])
    sure, unsure = (expected(LINE[:3], values, np.array([0.01, d, 0.01]), LINE[1:2]).mean[0] for d in (0.01, 1.0))
    assert sure == pytest.approx(0.3, abs=0.01)
    assert unsure < 0.15


def test_an_effect_along_one_axis_is_expected_on_parallel_lines() -> None:
    places = np.array([[0, 0], [1, 0], [0, 1]], float)
    found = expected(places, np.array([0.0, 0.5, 0.0]), np.full(3, 0.01), np.array([[1.0, 1.0]]))
    assert found.mean[0] > 0.3


@pytest.mark.parametrize("least", [-math.inf, 0.4])
def test_the_expected_gain_is_that_of_many_draws(least: float) -> None:
    draws = np.random.default_rng(1).normal(0.1, 0.3, 1_000_000)
    counted = np.where(draws > max(least, 0.2), draws - 0.2, 0).mean()
    found = expected_gain(Expected(np.array([0.1]), np.array([0.3])), 0.2, np.array([least]))
    assert found[0] == pytest.approx(counted, rel=0.01)


def test_without_doubt_the_gain_is_the_difference() -> None:
    known = Expected(np.array([1.0, 3.0]), np.zeros(2))
    assert expected_gain(known, 2.0, np.full(2, -np.inf)) == pytest.approx([0, 1])


def test_the_normal_distribution_is_right() -> None:
    assert below(np.array([-np.inf, -1.96, 0, 1.96, np.inf])) == pytest.approx([0, 0.025, 0.5, 0.975, 1], abs=1e-4)
