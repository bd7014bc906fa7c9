"""Shares with their doubt, and the paired drop from one model to another."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.accuracy.proportions import drop_of, paired_drop, proportion
from ovtui.analysis.t_quantile import normal_quantile

_SQUARE = normal_quantile(0.975) ** 2


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, int]:
    """Lost, gained, of."""
    of = draw(st.integers(1, 2000))
    lost = draw(st.integers(0, of))
    return lost, draw(st.integers(0, of - lost)), of


def binomial(k: int, n: int, p: float) -> float:
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


# A share


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_the_interval_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    # The examples of R. Newcombe, Statistics in Medicine 17 (1998) 857, method 3.
    assert proportion(hits, of).ci95 == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_a_share_lies_within_its_interval_and_that_within_0_and_1(hits: int, more: int) -> None:
    found = proportion(hits, hits + more)
    low, high = found.ci95
    assert 0 <= low <= high <= 1
    if hits + more:
        assert low <= hits / (hits + more) <= high
        assert low < high


@given(st.integers(0, 500), st.integers(0, 500))
def test_misses_have_the_interval_of_hits_turned_round(hits: int, misses: int) -> None:
    low, high = proportion(hits, hits + misses).ci95
    assert proportion(misses, hits + misses).ci95 == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_of_no_samples_everything_is_possible() -> None:
    assert proportion(0, 0).ci95 == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "of"), [(2, 1), (-1, 3)])
def test_counts_that_cannot_be_are_refused(hits: int, of: int) -> None:
    with pytest.raises(ValueError, match="proportion needs"):
        proportion(hits, of)


# A drop


def test_a_drop_has_the_interval_of_tango() -> None:
    # Airway reactivity before and after transplantation (Bentur et al. 2009), as in M. Fagerland, S. Lydersen &
    # P. Laake, Statistics in Medicine 33 (2014): 1 and 7 of 21 pairs differ.
    drop, interval = drop_of(1, 7, 21)
    assert drop == pytest.approx(-0.2857, abs=5e-5)
    assert interval == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize("of", [1, 2, 10, 100, 10_000])
def test_when_no_sample_differs_the_doubt_is_z_squared_over_n_and_z_squared(of: int) -> None:
    half = _SQUARE / (of + _SQUARE)
    assert drop_of(0, 0, of) == (0.0, pytest.approx((-half, half), rel=1e-9))


@given(counts())
def test_a_drop_lies_within_its_interval_and_that_within_the_possible(given_counts: tuple[int, int, int]) -> None:
    drop, (low, high) = drop_of(*given_counts)
    assert -1 <= low <= drop <= high <= 1
    assert low < high


@given(counts())
def test_exchanging_the_models_turns_the_drop_round(given_counts: tuple[int, int, int]) -> None:
    lost, gained, of = given_counts
    drop, (low, high) = drop_of(lost, gained, of)
    assert drop_of(gained, lost, of) == (-drop, (-high, -low))


@given(counts())
def test_it_excludes_nothing_lost_when_mcnemars_test_does(given_counts: tuple[int, int, int]) -> None:
    lost, gained, of = given_counts
    _, (low, high) = drop_of(lost, gained, of)
    chi = (lost - gained) ** 2 / (lost + gained) if lost + gained else 0.0
    if abs(chi - _SQUARE) > 1e-9:
        assert (low > 0 or high < 0) == (chi > _SQUARE)


@given(counts(), st.integers(2, 20))
def test_more_samples_of_the_same_kind_narrow_it(given_counts: tuple[int, int, int], times: int) -> None:
    lost, gained, of = given_counts
    _, (low, high) = drop_of(lost, gained, of)
    _, (lower, higher) = drop_of(lost * times, gained * times, of * times)
    assert higher - lower < high - low


@pytest.mark.parametrize(
    ("of", "lost", "gained"), [(20, 0.1, 0.02), (50, 0.03, 0.01), (50, 0.02, 0.02), (80, 0.05, 0.0)]
)
def test_it_holds_what_95_per_cent_promise_for_few_samples_of_models_that_agree(
    of: int, lost: float, gained: float
) -> None:
    covered = 0.0
    for differing in range(of + 1):
        chance = binomial(differing, of, lost + gained)
        if chance < 1e-9:
            continue
        for mine in range(differing + 1):
            _, (low, high) = drop_of(mine, differing - mine, of)
            if low <= lost - gained <= high:
                covered += chance * binomial(mine, differing, lost / (lost + gained))
    assert 0.93 < covered < 0.995


def test_only_samples_on_which_they_differ_count() -> None:
    values = random.Random(3)
    parent = [values.random() < 0.9 for _ in range(400)]
    version = [right != (place in (5, 50, 71)) for place, right in enumerate(parent)]
    lost = sum(before and not after for before, after in zip(parent, version, strict=True))
    assert paired_drop(parent, version) == drop_of(lost, 3 - lost, 400)


def test_a_drop_of_no_samples_may_be_anything() -> None:
    assert paired_drop([], []) == (0.0, (-1.0, 1.0))


def test_sides_of_different_length_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="2 and 1 samples"):
        paired_drop([True, True], [True])


@pytest.mark.parametrize(("lost", "gained", "of"), [(-1, 0, 3), (2, 2, 3), (0, 4, 3), (0, -1, 3)])
def test_counts_of_a_drop_that_cannot_be_are_refused(lost: int, gained: int, of: int) -> None:
    with pytest.raises(ValueError, match="drop_of needs"):
        drop_of(lost, gained, of)
