"""What to try next: only when something was lost, and a recipe that is another one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovtui.analysis.accuracy.agreement import BROKEN_DB
from ovtui.analysis.optimization.advice import next_steps
from ovtui.analysis.optimization.layer_outcomes import fates
from ovtui.records import Accuracy, Data, Drift, PairedResult, Recipe
from ovtui.specs import check_recipe
from tests.analysis.optimization.versions import a_paired_result, an_accuracy, an_outcome, an_output, labelled
from tests.analysis.profiles import EMPTY, a_layer, a_profile
from tests.store.samples import a_model

LOSES = labelled(25, 0, 2000)  # 1.25 points
FINE = labelled(1, 1, 2000)
TRANSFORMER = a_model("t", operation_types={"MatMul": 48, "Softmax": 6})
LABELS = Recipe(data=(Data(path="/images"),), labels="/labels.csv")


def a_drift(name: str, sqnr_db: float, loss_db: float, type_: str = "Convolution") -> Drift:
    return Drift(name=name, type=type_, sqnr_db=sqnr_db, cosine=0.99, max_abs=0.1, loss_db=loss_db)


def steps(
    recipe: Recipe, accuracy: Accuracy | None, *duels: PairedResult, layers: Any = (), **other: Any
) -> list[tuple[str, Recipe]]:
    found = an_outcome(*duels, recipe=recipe, accuracy=accuracy, **other)
    return next_steps(found.optimization, found, fates(EMPTY, a_profile(*layers), recipe))


def the_step(found: list[tuple[str, Recipe]], word: str) -> tuple[str, Recipe]:
    (wanted,) = [step for step in found if word in step[0]]
    return wanted


def test_when_all_is_well_nothing_is_to_be_done() -> None:
    assert steps(LABELS, an_accuracy(FINE), a_paired_result(1.8), a_paired_result(1.9)) == []


def test_a_drop_that_may_be_chance_is_no_reason() -> None:
    assert steps(LABELS, an_accuracy(labelled(2, 0, 100))) == []


def test_a_drop_that_is_sure_but_small_is_no_reason() -> None:
    assert steps(LABELS, an_accuracy(labelled(30, 0, 20_000))) == []


def test_the_operations_that_lose_most_are_left_in_floating_point() -> None:
    drift = tuple(a_drift(f"conv{n}", 30.0 - n, 1.0 + n) for n in range(7))
    text, recipe = the_step(steps(LABELS, an_accuracy(LOSES, drift=drift)), "in floating point")
    assert recipe.ignored == ("conv6", "conv5", "conv4", "conv3")
    assert text == (
        "It loses 1.25 points of top-1: leave the 4 operations that lose most in floating point "
        "(conv6, conv5, conv4, …)."
    )


def test_their_share_of_the_time_is_the_price() -> None:
    layers = (a_layer("a", original=("conv", "relu"), time_us=10.0), a_layer("b", time_us=90.0))
    drift = (a_drift("conv", 20.0, 2.0),)
    text, _ = the_step(steps(LABELS, an_accuracy(LOSES, drift=drift), layers=layers), "in floating point")
    assert text.endswith("leave the operation that loses most in floating point (conv). They take 10 % of its time.")


def test_only_what_can_be_quantized_and_is_not_left_yet_is_to_be_ignored() -> None:
    drift = (
        a_drift("softmax", 10.0, 5.0, "Softmax"), a_drift("ignored", 11.0, 5.0), a_drift("conv", 20.0, 1.0),
        a_drift("better", 30.0, -1.0),
    )  # fmt: skip
    recipe = msgspec.structs.replace(LABELS, ignored=("ignored",))
    _, found = the_step(steps(recipe, an_accuracy(LOSES, drift=drift)), "in floating point")
    assert found.ignored == ("ignored", "conv")


def test_a_transformer_is_tried_as_one() -> None:
    found = steps(LABELS, an_accuracy(LOSES), parent=TRANSFORMER)
    assert the_step(found, "looks like a transformer")[1].model_type == "transformer"
    assert found[0][1].model_type == "transformer"
    as_one = msgspec.structs.replace(LABELS, model_type="transformer")
    assert not any("looks like" in text for text, _ in steps(as_one, an_accuracy(LOSES), parent=TRANSFORMER))


def test_a_better_preset_and_more_samples_come_before_what_costs_speed() -> None:
    recipe = msgspec.structs.replace(LABELS, preset="performance", subset=10)
    found = steps(recipe, an_accuracy(LOSES, drift=(a_drift("conv", 20.0, 1.0),)))
    assert [(other.preset, other.subset, other.ignored, other.max_drop) for _, other in found] == [
        ("mixed", 10, (), None), ("performance", 300, (), None), ("performance", 10, ("conv",), None),
        ("performance", 10, (), 0.01),
    ]  # fmt: skip


def test_a_limit_to_the_drop_needs_labels() -> None:
    unlabelled = an_accuracy(None, an_output(same=(900, 1000)), samples=1000)
    assert not any(other.max_drop for _, other in steps(Recipe(), unlabelled))
    assert any(other.max_drop for _, other in steps(LABELS, an_accuracy(LOSES)))


@pytest.mark.parametrize(
    ("accuracy", "text"),
    [
        (an_accuracy(None, an_output(same=(900, 1000)), samples=1000), "agrees with its parent on only 90 %"),
        (an_accuracy(None, an_output(sqnr_db=15.0)), "only 15.0 dB above the noise"),
        (an_accuracy(FINE, an_output(sqnr_db=BROKEN_DB)), "gives NaN or infinities"),
    ],
)
def test_without_labels_other_signs_are_taken(accuracy: Accuracy, text: str) -> None:
    found = steps(Recipe(preset="performance"), accuracy)
    assert found and all(text in reason for reason, _ in found)


@pytest.mark.parametrize(
    "accuracy",
    [
        None,
        an_accuracy(None, an_output(same=(995, 1000)), samples=1000),
        an_accuracy(None, an_output(sqnr_db=35.0)),
        an_accuracy(None, an_output(sqnr_db=None)),
        an_accuracy(LOSES, meaningless=True),
        an_accuracy(samples=0),
    ],
)
def test_where_nothing_was_lost_or_nothing_is_known_nothing_is_advised(accuracy: Accuracy | None) -> None:
    assert steps(Recipe(preset="performance"), accuracy) == []


def test_four_bits_that_lose_become_finer_or_eight() -> None:
    recipe = Recipe(method="int4-weights", group_size=128, labels="/labels.csv")
    found = [other for _, other in steps(recipe, an_accuracy(LOSES))]
    assert [(other.method, other.group_size, other.ratio) for other in found] == [
        ("int4-weights", 64, None), ("int4-weights", 128, 0.8), ("int8-weights", None, None),
    ]  # fmt: skip


def test_eight_bits_of_weights_that_lose_get_a_zero_point() -> None:
    ((_, other),) = steps(Recipe(method="int8-weights"), an_accuracy(LOSES))
    assert not other.symmetric


def test_a_slower_version_is_made_in_another_way() -> None:
    found = steps(LABELS, an_accuracy(FINE), a_paired_result(0.8), parent=TRANSFORMER)
    assert [other.method for _, other in found] == ["int8-weights", "fp16"]
    assert [other.method for _, other in steps(LABELS, an_accuracy(FINE), a_paired_result(0.8))] == ["fp16"]
    assert all(other.labels == "/labels.csv" for _, other in found)


def test_the_other_way_is_one_that_can_be_asked_for() -> None:
    asymmetric = Recipe(method="int4-weights", symmetric=False, group_size=64, ratio=0.8, ignored=("conv",))
    found = steps(asymmetric, an_accuracy(FINE), a_paired_result(0.8))
    assert [(other.method, other.symmetric) for _, other in found] == [("int8-weights", False), ("fp16", True)]
    for _, other in found:
        check_recipe(other)


def test_what_is_faster_in_one_way_is_not_called_slow() -> None:
    assert steps(LABELS, an_accuracy(FINE), a_paired_result(0.8), a_paired_result(1.5)) == []


def test_fp16_that_is_slower_has_nothing_below_it() -> None:
    assert steps(Recipe(method="fp16"), None, a_paired_result(0.8)) == []


def test_without_a_version_nothing_is_advised() -> None:
    assert steps(LABELS, an_accuracy(LOSES), version=None, status="failed") == []


def test_names_that_command_a_terminal_are_safe_to_show() -> None:
    name = "conv\x1b[2J\u202e"
    text, recipe = the_step(steps(LABELS, an_accuracy(LOSES, drift=(a_drift(name, 20.0, 1.0),))), "in floating point")
    assert text.isprintable()
    assert recipe.ignored == (name,)
