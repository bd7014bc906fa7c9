"""Cosine, signal over noise and the largest difference, also of what is not finite."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ovtui.analysis.accuracy.agreement import BROKEN_DB, LEAST_DB, MOST_DB, Agreement, Values, is_broken

NAN, INF = math.nan, math.inf


def of(*pairs: tuple[object, object]) -> Agreement:
    found = Agreement()
    for parent, version in pairs:
        found.add(np.asarray(parent), np.asarray(version))
    return found


_ANY = arrays(np.float32, array_shapes(max_dims=3, max_side=4), elements=st.floats(width=32))


def test_it_is_what_the_textbook_says() -> None:
    found = of(([3.0, 4.0, 0.0], [3.0, 4.5, 0.5]))
    assert found.cosine == pytest.approx(27 / (5 * math.sqrt(29.5)))
    assert found.sqnr_db == pytest.approx(10 * math.log10(25 / 0.5))
    assert found.max_abs == 0.5


def test_equals_have_no_noise() -> None:
    found = of(([1.0, 2.0], [1.0, 2.0]))
    assert (found.sqnr_db, found.max_abs) == (None, 0.0)
    assert found.cosine == pytest.approx(1.0)


def test_the_ratio_is_of_all_samples_together_and_the_cosine_their_mean() -> None:
    found = of(([10.0, 0.0], [10.0, 0.0]), ([1.0, 0.0], [0.0, 1.0]))
    assert found.cosine == pytest.approx(0.5)
    assert found.sqnr_db == pytest.approx(10 * math.log10(101 / 2))
    assert found.samples == 2


@given(st.floats(1e-3, 1e3), st.floats(1e-6, 1e3))
def test_a_scaled_parent_is_alike_in_direction_only(scale: float, error: float) -> None:
    parent = np.array([1.0, -2.0, 0.5]) * scale
    found = of((parent, parent * (1 + error)))
    assert found.cosine == pytest.approx(1.0)
    assert found.sqnr_db == pytest.approx(-20 * math.log10(error), abs=1e-3)


@given(_ANY)
def test_an_array_is_like_itself_whatever_it_holds(values: Values) -> None:
    found = of((values, values.copy()))
    assert (found.sqnr_db, found.max_abs) == (None, 0.0)


@given(st.lists(st.tuples(_ANY, _ANY), max_size=3))
def test_whatever_comes_goes_into_a_record_and_back(pairs: list[tuple[Values, Values]]) -> None:
    found = of(*pairs)
    kept = (found.cosine, found.sqnr_db, found.max_abs)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=tuple[float | None, float | None, float]) == kept
    assert found.cosine is None or -1 <= found.cosine <= 1
    assert found.sqnr_db is None or BROKEN_DB <= found.sqnr_db <= MOST_DB


@pytest.mark.parametrize(("parent", "version"), [(1.0, NAN), (1.0, INF), (NAN, 1.0), (INF, -INF), (-INF, NAN)])
def test_what_is_finite_on_one_side_only_breaks_the_whole(parent: float, version: float) -> None:
    found = of(([2.0, parent], [2.5, version]), ([1.0, 1.0], [1.0, 1.0]))
    assert is_broken(found.sqnr_db)
    assert found.max_abs == 0.5
    assert found.cosine == pytest.approx(0.5)  # 0 of the broken sample


def test_a_mask_of_minus_infinities_is_no_difference() -> None:
    found = of(([1.0, -INF, NAN], [1.0, -INF, NAN]), ([3.0, -INF, NAN], [3.0, -INF, NAN]))
    assert found.sqnr_db is None


def test_noise_where_the_parent_is_zero_is_the_worst_ratio() -> None:
    found = of(([0.0, 0.0], [0.0, 1e-3]))
    assert (found.cosine, found.sqnr_db) == (None, LEAST_DB)
    assert not is_broken(found.sqnr_db)


def test_a_version_of_zeros_has_no_direction() -> None:
    found = of(([1.0, 2.0], [0.0, 0.0]))
    assert found.cosine == 0.0
    assert found.sqnr_db == pytest.approx(0.0)


def test_outputs_of_different_sizes_have_lost_everything() -> None:
    found = of(([1.0, 2.0], [1.0, 2.0, 3.0]))
    assert found.cosine == 0.0
    assert found.sqnr_db == pytest.approx(0.0)


def test_integers_do_not_overflow() -> None:
    found = of((np.array([200, 0], np.uint8), np.array([0, 200], np.uint8)))
    assert found.max_abs == 200.0
    assert found.sqnr_db == pytest.approx(10 * math.log10(0.5))


def test_texts_agree_where_they_are_the_same() -> None:
    assert of((["a", "b"], ["a", "b"])).sqnr_db is None
    assert of((["a", "b"], ["a", "c"])).sqnr_db == pytest.approx(10 * math.log10(2))


def test_values_near_the_end_of_float64_do_not_stop_it() -> None:
    found = of(([1e300, 1.0], [-1e300, 1.0]))
    assert found.sqnr_db == LEAST_DB
    assert found.max_abs == 2e300


def test_arrays_without_elements_are_alike() -> None:
    found = of((np.empty((1, 0)), np.empty((1, 0))))
    assert (found.cosine, found.sqnr_db, found.max_abs) == (None, None, 0.0)
