"""Quantiles of t and of the normal distribution."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.t_quantile import normal_quantile, t_quantile

TABLE = [  # NIST/SEMATECH e-Handbook §1.3.6.7.2, and R's qt for more digits
    (0.975, 5, 2.5705818356),
    (0.995, 5, 4.0321429836),
    (0.975, 29, 2.0452296421),
    (0.95, 10, 1.8124611228),
    (0.975, 100, 1.9839715185),
    (0.9995, 3, 12.923978637),
    (0.975, 1e5, 1.9599877080),
]


@pytest.mark.parametrize(("p", "dof", "expected"), TABLE)
def test_it_agrees_with_tables(p: float, dof: float, expected: float) -> None:
    assert t_quantile(p, dof) == pytest.approx(expected, rel=1e-8)


@given(st.floats(0.501, 0.99999))
def test_one_and_two_degrees_have_closed_forms(p: float) -> None:
    assert t_quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-7)
    assert t_quantile(p, 2) == pytest.approx((2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p))), rel=1e-7)


@pytest.mark.parametrize("dof", [1.3, 2.5, 7.7, 33.3])
def test_fractional_degrees_integrate_back_to_the_probability(dof: float) -> None:
    x = np.linspace(0, t_quantile(0.975, dof), 200_001)
    density = (1 + x * x / dof) ** (-(dof + 1) / 2)
    norm = math.gamma((dof + 1) / 2) / math.gamma(dof / 2) / math.sqrt(dof * math.pi)
    assert norm * np.trapezoid(density, x) == pytest.approx(0.475, abs=1e-9)


@given(st.floats(0.001, 0.999), st.floats(1, 1e6))
def test_it_is_antisymmetric_and_wider_than_the_normal(p: float, dof: float) -> None:
    assert t_quantile(p, dof) == pytest.approx(-t_quantile(1 - p, dof), rel=1e-9, abs=1e-12)
    assert abs(t_quantile(p, dof)) >= abs(normal_quantile(p)) * (1 - 1e-9)


def test_the_limit_is_the_normal() -> None:
    assert t_quantile(0.975, 1e9) == normal_quantile(0.975) == pytest.approx(1.959963985, rel=1e-9)


@pytest.mark.parametrize(("p", "dof"), [(0.0, 5), (1.0, 5), (0.5, 0.9), (0.5, math.nan)])
def test_what_has_no_quantile_is_refused(p: float, dof: float) -> None:
    with pytest.raises(ValueError, match="t_quantile"):
        t_quantile(p, dof)
