"""Values that resemble the ones before: what is new in each, and whether a slope stands out beside that."""

from __future__ import annotations

import math

import numpy as np

from ovtui.analysis.arrays import Floats

TINY = 1e-6  # of a mean: nothing is measured more precisely

_STRAIGHT = 0.95  # share of the variance that a line explains


def news(x: Floats) -> tuple[Floats, float, Floats]:
    """What each value of x, shape (n,), but the first is beyond their mean and what the one before explains (shape
    (n−1,)); the energy of those before, and they themselves about their mean.
    """
    y, before = x[1:] - x[1:].mean(), x[:-1] - x[:-1].mean()
    energy = max(float(before @ before), TINY**2)
    return y - float(y @ before) / energy * before, energy, before


def normal_square(gain: float, energy: float, dof: int, own: float = 0.0) -> float:
    """The squared normal value as unlikely as a t of so many degrees of freedom (D. Wallace, Annals of Mathematical
    Statistics 30, 1959).

    `gain`: what one more regressor explains of the `energy`; `own`: the least variance.
    """
    t_square = gain / max((energy - gain) / dof, own, TINY**2)
    return float(dof * math.log1p(t_square / dof) * ((8 * dof + 1) / (8 * dof + 3)) ** 2)


def slope_height(x: Floats) -> float:
    """`normal_square` of a slope in x, shape (n,), n ≥ 5, beside what the value before explains (Frisch–Waugh).

    ∞ where a line explains nearly all of x: there the value before is as good as the line, which leaves the slope
    nothing, and what only wanders is not that straight.
    """
    along = np.arange(len(x)) - (len(x) - 1) / 2
    whole = float(np.square(x - x.mean()).sum())
    if whole > len(x) * TINY**2 and float(along @ x) ** 2 / float(along @ along) > _STRAIGHT * whole:
        return math.inf
    rest, energy, before = news(x - x.mean())
    time = np.arange(len(rest)) - (len(rest) - 1) / 2
    time = time - float(time @ before) / energy * before
    gain = float(rest @ time) ** 2 / max(float(time @ time), TINY)
    return normal_square(gain, float(rest @ rest), len(rest) - 3)
