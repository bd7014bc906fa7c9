"""A look after every instance, until it is decided: how often that errs, in simulated comparisons."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from statistics import median

import pytest

from ovtui.analysis.comparison.paired import FEWEST, decided, duel

TRIALS = 400
MOST = 20
SLOWER = 32 / 33  # 33 equal layers against 32

Draw = Callable[[random.Random], float]


def normal(values: random.Random) -> float:
    return values.gauss(0.0, 1.0)


def heavy(values: random.Random) -> float:
    """Student's t with 3 degrees of freedom, of standard deviation 1."""
    square = sum(values.gauss(0.0, 1.0) ** 2 for _ in range(3))
    return values.gauss(0.0, 1.0) / math.sqrt(square / 3) / math.sqrt(3)


def outliers(values: random.Random) -> float:
    """One in ten has five times the scatter."""
    return values.gauss(0.0, 5.0 if values.random() < 0.1 else 1.0) / math.sqrt(0.9 + 0.1 * 25)


def two_modes(values: random.Random) -> float:
    """Each side falls into one of two places in memory."""
    return (values.randrange(2) - values.randrange(2)) * math.sqrt(2) + values.gauss(0.0, 0.05)


class Trials:
    """What was said in the end, and after how many instances."""

    def __init__(self, draw: Draw, ratio: float, scatter: float, most: int = MOST) -> None:
        self.said: Counter[str] = Counter()
        self.after: list[int] = []
        for trial in range(TRIALS):
            values = random.Random(trial)
            ratios: list[float] = []
            while len(ratios) < most:
                ratios.append(ratio * math.exp(scatter * draw(values)))
                # An hour for each: what is still needed is not asked here, and takes longest.
                if len(ratios) >= FEWEST and decided(duel(ratios, seconds_per_instance=3600.0), len(ratios)):
                    break
            self.said[duel(ratios, seconds_per_instance=3600.0).verdict] += 1
            self.after.append(len(ratios))

    def share(self, *verdicts: str) -> float:
        return sum(self.said[verdict] for verdict in verdicts) / TRIALS


@pytest.mark.parametrize("draw", [normal, heavy, outliers, two_modes])
@pytest.mark.parametrize("scatter", [0.003, 0.01, 0.02, 0.04])
def test_equal_ones_are_hardly_ever_called_different(draw: Draw, scatter: float) -> None:
    trials = Trials(draw, 1.0, scatter)
    assert trials.share("faster", "slower") <= 0.025
    if scatter <= 0.01:
        assert trials.share("same") >= 0.97
        assert median(trials.after) <= 7


@pytest.mark.parametrize("draw", [normal, heavy, outliers, two_modes])
@pytest.mark.parametrize("scatter", [0.003, 0.01, 0.015])
def test_three_per_cent_are_found_and_not_called_the_same(draw: Draw, scatter: float) -> None:
    trials = Trials(draw, SLOWER, scatter)
    assert trials.share("slower") >= 0.975
    assert trials.share("same") <= 0.005
    assert trials.share("faster") == 0
    if scatter <= 0.01:
        assert sum(1 for after in trials.after if after <= 8) >= 0.9 * TRIALS


@pytest.mark.parametrize("draw", [normal, heavy, outliers, two_modes])
@pytest.mark.parametrize("scatter", [0.01, 0.02, 0.04])
def test_two_per_cent_are_hardly_ever_called_the_same_in_forty_looks(draw: Draw, scatter: float) -> None:
    assert Trials(draw, 1 / 1.02, scatter, most=40).share("same") <= 0.05
