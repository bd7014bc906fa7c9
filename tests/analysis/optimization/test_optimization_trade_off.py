"""Versions side by side, by one measure, and the front of those that none beats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.accuracy.agreement import BROKEN_DB
from ovtui.analysis.accuracy.drift import EXACT_DB
from ovtui.analysis.optimization.outcome import Outcome
from ovtui.analysis.optimization.trade_off import Way, accuracy_measure, ways
from ovtui.records import Accuracy, Data, Recipe
from tests.analysis.optimization.versions import PARENT, a_paired_result, an_accuracy, an_outcome, an_output, labelled

ON_LABELS = Recipe(data=(Data(path="/images"),), labels="/labels.csv")


def with_top1(speed: float, lost: int, recipe: Recipe = ON_LABELS, of: int = 1000) -> Outcome:
    found = labelled(lost, 0, of, right=of * 9 // 10)
    return an_outcome(
        None, a_paired_result(speed), recipe, accuracy=an_accuracy(found, an_output(same=(of - lost, of)))
    )


def with_agreement(speed: float, same: int, of: int = 1000) -> Outcome:
    return an_outcome(None, a_paired_result(speed), accuracy=an_accuracy(None, an_output(same=(same, of)), samples=of))


def with_ratio(speed: float | None, sqnr_db: float | None, **other: object) -> Outcome:
    accuracy = an_accuracy(None, an_output(sqnr_db=sqnr_db), **other)
    return an_outcome(None, None if speed is None else a_paired_result(speed), accuracy=accuracy)


def test_the_parent_comes_first_with_speed_1_and_its_own_accuracy() -> None:
    parent, version = ways([with_top1(1.8, 10)])
    assert parent == Way(None, PARENT.name, 100.0, 1.0, None, 0.9, None, None, True)
    assert (version.size_mb, version.speed, version.accuracy, version.front) == (25.0, 1.8, 0.89, True)
    assert version.speed_ci95 == pytest.approx((1.764, 1.836))
    assert version.samples == 1_000
    low, high = version.accuracy_ci95 or (1.0, 0.0)
    assert low < 0.89 < high


def test_what_another_one_beats_in_both_is_not_on_the_front() -> None:
    found = ways([with_top1(1.8, 10), with_top1(1.7, 20), with_top1(1.9, 50), with_top1(0.8, 0)])
    assert [way.front for way in found] == [True, True, False, True, False]


def test_equals_are_both_on_the_front() -> None:
    assert [way.front for way in ways([with_top1(1.8, 10), with_top1(1.8, 10)])] == [True, True, True]


def test_labels_are_taken_where_all_have_the_same() -> None:
    assert accuracy_measure([with_top1(1.8, 10), with_top1(1.7, 5)]) == "top1"


def test_top_1_on_other_samples_cannot_be_compared() -> None:
    other = with_top1(1.8, 10, Recipe(data=(Data(path="/other"),), labels="/labels.csv"))
    fewer = with_top1(1.8, 10, of=500)
    for mixed in ([with_top1(1.8, 10), other], [with_top1(1.8, 10), fewer], [with_top1(1.8, 10), with_agreement(2, 9)]):
        assert accuracy_measure(mixed) == "agreement"
        assert ways(mixed)[0].accuracy == 1.0


def test_without_classes_the_noise_is_compared() -> None:
    found = ways([with_ratio(1.5, 30.0), with_ratio(1.2, None)])
    assert [way.accuracy for way in found] == [EXACT_DB, 30.0, EXACT_DB]
    assert [way.front for way in found] == [False, True, True]  # one is faster than the parent and exact


def test_what_was_measured_on_noise_or_not_at_all_has_no_accuracy() -> None:
    found = ways([with_ratio(1.5, 30.0, meaningless=True), an_outcome(None, a_paired_result(2.0))])
    assert [way.accuracy for way in found] == [None, None, None]
    assert not any(way.front for way in found)


def test_what_gives_nan_is_on_no_front_however_fast() -> None:
    found = ways([with_ratio(9.0, BROKEN_DB), with_ratio(1.5, 30.0)])
    assert [way.front for way in found] == [True, False, True]


def test_speeds_are_all_of_one_kind() -> None:
    both = an_outcome(a_paired_result(1.5), a_paired_result(1.9))
    latency = an_outcome(a_paired_result(1.4))
    assert [way.speed for way in ways([both, latency])] == [1.0, 1.5, 1.4]
    assert [way.speed for way in ways([both, both])] == [1.0, 1.9, 1.9]
    assert [way.speed for way in ways([an_outcome()])] == [1.0, None]


def test_it_is_called_by_the_samples_that_there_were() -> None:
    assert ways([an_outcome(samples=50)])[1].name == "int8 mixed, 50 samples"
    assert ways([an_outcome(recipe=Recipe(method="fp16"), samples=50)])[1].name == "fp16"


def test_what_was_not_made_is_no_way() -> None:
    assert len(ways([an_outcome(version=None, status="failed")])) == 1
    assert ways([]) == []


@given(st.lists(st.tuples(st.floats(0.1, 10), st.integers(0, 800)), min_size=1, max_size=8))
def test_the_front_holds_the_fastest_and_the_most_accurate_and_beats_the_rest(said: list[tuple[float, int]]) -> None:
    found = ways([with_top1(speed, lost) for speed, lost in said])
    places = [(way.speed or 0.0, way.accuracy or 0.0) for way in found]
    front = [place for place, way in zip(places, found, strict=True) if way.front]
    assert max(places) in front
    assert max(places, key=lambda place: place[::-1]) in front
    for place, way in zip(places, found, strict=True):
        beaten = any(other != place and other[0] >= place[0] and other[1] >= place[1] for other in front)
        assert way.front != beaten


def test_no_samples_are_no_accuracy() -> None:
    empty = an_outcome(accuracy=Accuracy(samples=0, outputs=(an_output(),)))
    assert ways([empty])[1].accuracy is None
