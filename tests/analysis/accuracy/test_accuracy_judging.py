"""The tally of a version against its parent: right and wrong, the same class, and what is shown of it."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.accuracy.agreement import is_broken
from ovtui.analysis.accuracy.judging import NO_CLASS, Tally, classes_of
from ovtui.analysis.accuracy.proportions import drop_of
from ovtui.records import Accuracy, Shape


def scores(best: int, classes: int = 10) -> np.ndarray:
    """As a net of classes gives them: `best` first, then the others in their order."""
    found = np.linspace(0.5, 0.1, classes, dtype=np.float32)[None]
    found[0, best] = 1.0
    return found


def tally(*said: tuple[int | None, int, int], classes: int = 10) -> Accuracy:
    """Label, the parent's class, the version's."""
    found = Tally(["logits"], 0)
    for place, (label, parent, version) in enumerate(said):
        found.add(f"{place}.png", label, [scores(parent, classes)], [scores(version, classes)])
    return found.accuracy((), 0, False)


def test_right_and_wrong_are_counted_on_both_sides() -> None:
    found = tally((1, 1, 1), (2, 2, 9), (3, 9, 3), (4, 4, 0), (5, 9, 9)).labelled
    assert found is not None
    assert (found.parent_top1.hits, found.version_top1.hits, found.parent_top1.of) == (3, 2, 5)
    assert (found.drop, found.drop_ci95) == drop_of(2, 1, 5)


def test_the_same_class_counts_as_agreement_right_or_wrong() -> None:
    found = tally((1, 1, 1), (None, 3, 3), (None, 3, 4))
    (output,) = found.outputs
    assert output.top1 is not None
    assert (output.top1.hits, output.top1.of, found.changes, found.samples) == (2, 3, 1, 3)


def test_without_labels_nothing_is_said_of_right_and_wrong() -> None:
    assert tally((None, 1, 1), (None, 2, 3)).labelled is None


def test_only_labelled_samples_count_for_the_drop() -> None:
    found = tally((None, 1, 2), (3, 3, 3))
    assert found.labelled is not None
    assert found.labelled.parent_top1.of == 1


def test_five_guesses_count_where_there_are_more_than_five_classes() -> None:
    found = tally((3, 9, 9), (4, 9, 9), (5, 9, 9)).labelled  # the guesses: 9, 0, 1, 2, 3
    assert found is not None and found.parent_top5 is not None
    assert (found.parent_top5.hits, found.parent_top5.of) == (1, 3)


def test_of_five_classes_five_guesses_would_always_be_right() -> None:
    found = tally((0, 0, 1), classes=5).labelled
    assert found is not None
    assert (found.parent_top5, found.version_top5) == (None, None)


def test_of_equal_scores_the_first_is_the_class() -> None:
    found = Tally(["logits"], 0)
    for label in range(8):
        found.add("flat", label, [np.ones((1, 8))], [np.ones((1, 8))])
    labelled = found.accuracy((), 0, False).labelled
    assert labelled is not None and labelled.version_top5 is not None
    assert (labelled.version_top1.hits, labelled.version_top5.hits) == (1, 5)


def test_a_label_beyond_the_classes_is_never_right() -> None:
    found = tally((10, 1, 1), (-1, 1, 1)).labelled
    assert found is not None
    assert found.parent_top1.hits == 0


def test_samples_that_were_right_and_are_wrong_now_are_shown_first() -> None:
    found = tally((3, 9, 3), (4, 9, 8), (None, 1, 2), (5, 5, 9))
    assert [each.sample for each in found.changed] == ["3.png", "1.png", "2.png", "0.png"]
    assert (found.changed[0].label, found.changed[0].parent, found.changed[0].version) == (5, 5, 9)


def test_fifty_changed_samples_are_shown_and_all_are_counted() -> None:
    found = tally(*[(None, 1, 2)] * 60, *[(1, 1, 2)] * 45)
    assert (len(found.changed), found.changes) == (50, 105)
    assert sum(each.label == 1 for each in found.changed) == 45


def test_a_version_that_gives_no_numbers_agrees_with_nothing() -> None:
    bad = scores(1)
    bad[0, 7] = math.nan
    found = Tally(["logits"], 0)
    found.add("a", 1, [scores(1)], [bad])
    found.add("b", 1, [bad], [bad])  # nor with a parent that is no better
    result = found.accuracy((), 0, False)
    assert result.labelled is not None and result.outputs[0].top1 is not None
    assert (result.labelled.version_top1.hits, result.outputs[0].top1.hits, result.changes) == (0, 0, 2)
    assert result.changed[0].version == NO_CLASS
    assert is_broken(result.outputs[0].sqnr_db)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Accuracy) == result


def test_outputs_are_told_apart() -> None:
    found = Tally(["boxes", "logits"], 1)
    found.add("a", None, [np.zeros((1, 4)), scores(1)], [np.ones((1, 4)), scores(1)])
    boxes, logits = found.accuracy((), 0, False).outputs
    assert (boxes.output, boxes.max_abs, boxes.top1) == ("boxes", 1.0, None)
    assert (logits.output, logits.sqnr_db) == ("logits", None)
    assert logits.top1 is not None


def test_without_classes_outputs_are_compared_all_the_same() -> None:
    found = Tally(["mask"], None)
    found.add("a", 3, [np.ones((1, 2, 8, 8))], [np.ones((1, 2, 8, 8)) * 1.1])
    result = found.accuracy((), 0, True)
    assert (result.labelled, result.changes, result.meaningless) == (None, 0, True)
    assert result.outputs[0].sqnr_db == pytest.approx(20.0)


def test_of_no_samples_nothing_is_known() -> None:
    result = tally()
    assert (result.samples, result.labelled, result.changed) == (0, None, ())
    assert result.outputs[0].top1 is not None and result.outputs[0].top1.ci95 == (0.0, 1.0)


def test_outputs_that_are_missing_are_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zip"):
        Tally(["a", "b"], None).add("x", None, [np.zeros(1)], [np.zeros(1)])


@given(st.lists(st.tuples(st.none() | st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_the_counts_belong_together(said: list[tuple[int | None, int, int]]) -> None:
    found = tally(*said)
    assert found.outputs[0].top1 is not None
    assert found.outputs[0].top1.hits + found.changes == found.samples == len(said)
    assert len(found.changed) == min(50, found.changes)
    if found.labelled is not None:
        of = found.labelled.parent_top1.of
        assert found.labelled.drop * of == pytest.approx(
            found.labelled.parent_top1.hits - found.labelled.version_top1.hits
        )
        assert found.labelled.parent_top5 is not None
        assert found.labelled.parent_top5.hits >= found.labelled.parent_top1.hits


@pytest.mark.parametrize(
    ("shapes", "place"),
    [
        ([(1, 1000)], 0),
        ([("?", 10)], 0),
        ([("1..8", 10)], 0),
        ([(1, 1000, 1, 1)], 0),
        ([(1, 1, 1, 1001)], 0),
        ([(1, 100, 4), (1, 10)], 1),
        ([(1, 10), (1, 20)], None),  # which of them?
        ([(1, 1)], None),
        ([(8, 10)], None),
        ([(1, "?")], None),
        ([(1, 3, 8, 8)], None),
        ([(1, 1, 8, 8)], None),
        ([(10,)], None),
        ([None], None),
        ([], None),
    ],
)
def test_classes_are_the_only_row_of_more_than_one(shapes: list[Shape], place: int | None) -> None:
    assert classes_of(shapes) == place
