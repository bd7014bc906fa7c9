"""Quantiles of Student's t and of the normal distribution, without scipy."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300


def normal_quantile(p: float) -> float:
    """The standard normal value below which a share `p` in (0, 1) lies."""
    return _NORMAL.inv_cdf(p)


@lru_cache(maxsize=256)
def t_quantile(p: float, dof: float) -> float:
    """The value of Student's t with `dof` ≥ 1 (any real) degrees of freedom below which a share `p` in (0, 1) lies.

    Inverts the incomplete beta function by Newton's method, kept within a bracket; good to 1e-9, relative.
    Raises ValueError outside these ranges.
    """
    if not 0 < p < 1 or not dof >= 1:
        raise ValueError(f"t_quantile needs 0 < p < 1 and dof ≥ 1, not p = {p}, dof = {dof}")
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1 - p, dof)
    if dof > 1e7:  # where the two agree to 1e-7
        return normal_quantile(p)
    low, high = 0.0, 1.0
    while _upper_tail(high, dof) > 1 - p:
        low, high = high, 2 * high
    t = (low + high) / 2
    for _ in range(100):
        excess = _upper_tail(t, dof) - (1 - p)
        low, high = (t, high) if excess > 0 else (low, t)
        step = t + excess / _density(t, dof)
        step = step if low < step < high else (low + high) / 2
        if abs(step - t) <= 1e-12 * step:
            return step
        t = step
    return t


def t_tail(t: float, dof: float) -> float:
    """The chance of a value above `t` ≥ 0 of Student's t with `dof` > 0 (any real) degrees of freedom."""
    return math.erfc(t / math.sqrt(2)) / 2 if dof > 1e7 else _upper_tail(t, dof)


def _density(t: float, dof: float) -> float:
    log_norm = math.lgamma((dof + 1) / 2) - math.lgamma(dof / 2) - math.log(dof * math.pi) / 2
    return math.exp(log_norm - (dof + 1) / 2 * math.log1p(t * t / dof))


def _upper_tail(t: float, dof: float) -> float:
    """P(T > t) for t ≥ 0."""
    square = t * t
    return _incomplete_beta(dof / 2, 0.5, dof / (dof + square), square / (dof + square)) / 2


def _incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """The regularised I_x(a, b) with y = 1 − x given apart, so that neither loses digits (DLMF 8.17)."""
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y)
    front = math.exp(log_front)
    if x < (a + 1) / (a + b + 2):  # where the fraction converges fast; the other side by symmetry
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, y) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function by Lentz's method (Numerical Recipes, 3rd ed., §6.4)."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return result


def _away(value: float) -> float:
    """Keep a divisor off zero."""
    return value if abs(value) > _TINY else _TINY
