"""What each operation adds to the damage, and which ones are worth leaving as they were."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from ovtui.analysis.accuracy.agreement import BROKEN_DB
from ovtui.analysis.accuracy.drift import EXACT_DB, Taps, worst
from ovtui.records import Drift


def a_drift(name: str, sqnr_db: float | None, loss_db: float | None) -> Drift:
    return Drift(name=name, type="Add", sqnr_db=sqnr_db, cosine=None, max_abs=0.0, loss_db=loss_db)


def taps(**ratios: float | None) -> Taps:
    """Operations whose outputs have so many dB; None: none is different."""
    found = Taps()
    for name, ratio in ratios.items():
        found.add(name, np.array([1.0]), np.array([1.0 + (0.0 if ratio is None else 10 ** (-ratio / 20))]))
    return found


def test_the_loss_is_from_the_worst_of_what_comes_in() -> None:
    found = taps(left=40, right=25, sum=20).drifts([
        ("left", "Convolution", ()), ("right", "Convolution", ()), ("sum", "Add", ("left", "right")),
    ])  # fmt: skip
    assert [(each.name, each.type) for each in found] == [
        ("left", "Convolution"), ("right", "Convolution"), ("sum", "Add"),
    ]  # fmt: skip
    assert [each.loss_db for each in found] == [None, None, pytest.approx(5.0)]


def test_an_output_without_difference_counts_as_120_db() -> None:
    exact, noisy, rounded = taps(exact=None, noisy=30, rounded=None).drifts([
        ("exact", "Relu", ()), ("noisy", "Convolution", ("exact",)), ("rounded", "Floor", ("noisy",)),
    ])  # fmt: skip
    assert (exact.sqnr_db, rounded.sqnr_db) == (None, None)
    assert noisy.loss_db == pytest.approx(EXACT_DB - 30)
    assert rounded.loss_db == pytest.approx(30 - EXACT_DB)  # it takes the noise away


def test_what_was_not_tapped_is_left_out() -> None:
    found = taps(conv=30).drifts([("shape", "ShapeOf", ()), ("conv", "Convolution", ("weights", "shape"))])
    assert [(each.name, each.loss_db) for each in found] == [("conv", None)]


def test_samples_add_up() -> None:
    found = Taps()
    for noise in (0.1, 0.3):
        found.add("conv", np.array([1.0, 0.0]), np.array([1.0, noise]))
    (drift,) = found.drifts([("conv", "Convolution", ())])
    assert drift.sqnr_db == pytest.approx(10 * math.log10(2 / 0.1))
    assert drift.max_abs == pytest.approx(0.3)


def test_an_output_that_is_not_a_number_is_the_worst_of_all() -> None:
    found = taps(before=30)
    found.add("broken", np.array([1.0]), np.array([math.nan]))
    (drift,) = found.drifts([("broken", "Divide", ("before",))])
    assert drift.sqnr_db == BROKEN_DB
    assert drift.loss_db == pytest.approx(30 - BROKEN_DB)


def named(found: Sequence[Drift]) -> list[str]:
    return [each.name for each in found]


def test_the_worst_lose_most_of_what_came_in() -> None:
    residual, usual, little = a_drift("a", 16.6, 3.4), a_drift("b", 20.0, 1.0), a_drift("c", 19.0, 0.3)
    assert named(worst([little, residual, usual], 3)) == named([residual, usual, little])


def test_what_is_far_better_than_the_worst_is_harmless_even_if_its_input_was_exact() -> None:
    first = a_drift("first", 45.0, EXACT_DB - 45.0)
    residual = a_drift("residual", 16.6, 3.4)
    assert named(worst([first, residual], 2)) == named([residual])
    assert named(worst([first], 2)) == named([first])  # alone it is what there is


def test_where_values_broke_is_told_from_what_they_broke() -> None:
    before, broken, behind = a_drift("a", 20.0, 9.0), a_drift("b", BROKEN_DB, 140.0), a_drift("c", BROKEN_DB, 0.0)
    assert named(worst([before, broken, behind], 9)) == named([broken])


def test_the_worst_tell_the_loss_that_they_are_ordered_by() -> None:
    (broken,) = worst([a_drift("before", 20.0, 0.0), a_drift("broken", BROKEN_DB, 140.0)], 9)
    assert broken.loss_db == 10.0


def test_what_loses_nothing_is_not_among_the_worst() -> None:
    gains, unknown, exact = a_drift("a", 30.0, -2.0), a_drift("b", 23.0, None), a_drift("c", None, 0.0)
    harmful = a_drift("d", 25.0, 1.0)
    assert named(worst([gains, unknown, exact, harmful], 10)) == named([harmful])


@pytest.mark.parametrize(("count", "left"), [(0, 0), (-1, 0), (2, 2), (9, 5)])
def test_no_more_than_asked_for(count: int, left: int) -> None:
    assert len(worst([a_drift(str(n), 20.0, 1.0 + n) for n in range(5)], count)) == left
