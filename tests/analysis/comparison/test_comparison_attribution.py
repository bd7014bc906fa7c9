"""Which layers differ: none of two that are the same, and those that do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.comparison.attribution import (
    ENOUGH,
    FEWEST,
    Doubt,
    Sides,
    discoveries,
    enough,
    interval,
    marked,
    of_recorded,
    paired,
)
from ovtui.analysis.t_quantile import t_quantile, t_tail
from ovtui.records import LayerDifferences
from tests.analysis.comparison.layer_noise import KINDS, NOISE, as_sides, base_times, counted
from tests.analysis.profiles import a_layer, a_profile

TRIALS = 40


def compared(random: np.random.Generator, kind: str, slower: float = 1.0, instances: int = ENOUGH) -> LayerDifferences:
    """Two sides of 30 to 60 layers; the first layer has 10 % of the time, and in B takes so many times as long."""
    times = base_times(random, int(random.integers(30, 61)))
    times[0] = times[1:].sum() / 9
    other = times.copy()
    other[0] *= slower
    found = counted(random, np.stack([times, other]), NOISE[kind], instances)
    return paired([(place, place) for place in range(len(times))], as_sides(found))


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_that_are_the_same_hardly_ever_a_layer_is_marked(kind: str) -> None:
    random = np.random.default_rng(1)
    assert sum(any(row.marked for row in compared(random, kind).rows) for _ in range(TRIALS)) <= 0.05 * TRIALS


@pytest.mark.parametrize("kind", ["calm", "placed", "shared"])
def test_a_layer_of_a_tenth_of_the_time_that_became_a_fifth_slower_is_marked(kind: str) -> None:
    random = np.random.default_rng(2)
    found = [compared(random, kind, 1.2) for _ in range(TRIALS)]
    assert sum(each.rows[0].marked for each in found) >= 0.9 * TRIALS
    assert sum(any(row.marked for row in each.rows[1:]) for each in found) <= 0.05 * TRIALS


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_recorded_passes_only_what_no_scatter_explains_is_marked(kind: str) -> None:
    random = np.random.default_rng(5)
    alarms = found = 0
    for _ in range(TRIALS):
        times = base_times(random, int(random.integers(30, 61)))
        times[0] = times[1:].sum() / 9
        slower = times.copy()
        slower[0] *= 1.6
        for other in (times, slower):
            a, b = counted(random, np.stack([times, other]), NOISE[kind], 1, in_turn=False)[:, 0]
            known = of_recorded(*(a_profile(*(a_layer(f"l{n}", time_us=float(time)) for n, time in enumerate(side)))
                                  for side in (a, b)))  # fmt: skip
            assert known is not None
            if other is times:
                alarms += any(row.marked for row in known.rows)
            else:
                found += known.rows[0].marked
    assert alarms <= 0.05 * TRIALS
    assert found >= 0.9 * TRIALS


def test_more_instances_make_up_for_a_wild_machine() -> None:
    random = np.random.default_rng(3)
    assert sum(compared(random, "wild", 1.2, 12).rows[0].marked for _ in range(TRIALS)) >= 0.9 * TRIALS


def test_the_intervals_hold_the_true_difference() -> None:
    random = np.random.default_rng(4)
    inside = 0
    for _ in range(TRIALS):
        row = compared(random, "placed", 1.2).rows[0]
        assert row.ci95 is not None
        inside += row.ci95[0] <= 0.2 * 500 <= row.ci95[1]  # base times add up to about 5 ms, of which it has a tenth
    assert inside >= 0.85 * TRIALS


def test_counting_ends_when_the_whole_is_known_and_not_before() -> None:
    calm = [Sides([100.0 + n % 2 for n in range(ENOUGH)], [101.0 - n % 2 for n in range(ENOUGH)])] * 10
    assert enough(calm)
    assert not enough([Sides(each.a[:-1], each.b[:-1]) for each in calm if each.a is not None and each.b is not None])
    wild = [Sides([100.0, 120.0] * 3, [110.0, 95.0] * 3)] * 10
    assert not enough(wild)
    assert not enough([])


def test_what_counters_cannot_tell_is_not_marked() -> None:
    a, b = [2.0] * 6, [0.0] * 6  # a layer of 0.99 µs reads 0, one of 1.01 µs reads 2
    assert not paired([(0, 0)], [Sides(a, b)]).rows[0].marked
    assert paired([(0, 0)], [Sides([20.0] * 6, [10.0] * 6)]).rows[0].marked


def test_a_certain_difference_below_one_per_cent_of_the_layer_is_none() -> None:
    steady = Sides([1000.0, 1000.1] * 3, [1008.0, 1008.1] * 3)
    assert not paired([(0, 0)], [steady]).rows[0].marked
    slower = Sides([1000.0, 1000.1] * 3, [1030.0, 1030.1] * 3)
    assert paired([(0, 0)], [slower]).rows[0].marked


def test_a_layer_without_a_partner_is_compared_with_nothing() -> None:
    found = paired([(0, None), (None, 0), (1, 1)], [Sides([50.0, 51, 49], None), Sides(None, [20.0, 21, 19]),
                                                  Sides(None, None)])  # fmt: skip
    assert [(row.place_a, row.place_b, row.delta_us) for row in found.rows] == [(0, None, -50.0), (None, 0, 20.0)]
    assert all(row.marked for row in found.rows)


@pytest.mark.parametrize("layer", [Sides([1.0] * 2, [1.0] * 2), Sides([1.0] * 4, [1.0] * 5)])
def test_too_few_or_unequal_instances_are_refused(layer: Sides) -> None:
    assert FEWEST == 3
    with pytest.raises(ValueError, match="instances"):
        paired([(0, 0)], [layer])


def test_no_layers_make_no_differences() -> None:
    assert paired([], []).rows == ()


@given(st.lists(st.floats(0, 1), max_size=40))
def test_discoveries_are_those_of_benjamini_and_hochberg(chances: list[float]) -> None:
    found = discoveries(chances)
    ordered = sorted(chances)
    last = max((n for n in range(1, len(ordered) + 1) if ordered[n - 1] <= 0.05 * n / len(ordered)), default=0)
    assert len(found) >= last  # equals of the last one may stand before or behind it
    assert sorted(chances[place] for place in found)[:last] == ordered[:last]
    assert all(chances[place] <= 0.05 for place in found)


def test_a_single_layer_is_judged_by_its_interval_beyond_the_margin() -> None:
    doubt = Doubt(error=10.0, freedom=5.0)
    low, high = interval(100.0, doubt)
    assert high - low == pytest.approx(2 * t_quantile(0.975, 5.0) * 10, rel=0.02)
    assert marked([100.0], [1000.0], [doubt]) == {0}
    assert marked([30.0], [1000.0], [doubt]) == frozenset()


@pytest.mark.parametrize("dof", [1.0, 3.5, 12.0, 1e9])
def test_tail_and_quantile_of_t_are_each_others_inverse(dof: float) -> None:
    for tail in (0.25, 0.025, 1e-4):
        assert t_tail(t_quantile(1 - tail, dof), dof) == pytest.approx(tail, rel=1e-6)
    assert t_tail(0.0, dof) == pytest.approx(0.5)
    assert math.isfinite(t_tail(1e6, dof))
