"""How recipes and differences in accuracy are called."""

from __future__ import annotations

import pytest

from ovtui.analysis.optimization.wording import called, percent_between, percent_of, points, points_between
from ovtui.records import Recipe
from tests.analysis.optimization.versions import an_optimization


@pytest.mark.parametrize(
    ("recipe", "name"),
    [
        (Recipe(), "int8 mixed, 300 samples"),
        (Recipe(preset="performance", subset=1), "int8 performance, 1 sample"),
        (Recipe(model_type="transformer", random=True), "int8 mixed, transformer, noise"),
        (Recipe(max_drop=0.01, ignored=("a", "b"), ignored_patterns=("c",)),
         "int8 mixed, 300 samples, drop ≤ 1 point, 3 ignored"),
        (Recipe(method="fp16", ignored=("a",)), "fp16"),
        (Recipe(method="int8-weights"), "int8 weights"),
        (Recipe(method="int8-weights", symmetric=False, group_size=-1), "int8 weights, asymmetric, whole channels"),
        (Recipe(method="int4-weights", group_size=128, ratio=0.8), "int4 weights, groups of 128, 80 % of them"),
    ],
)  # fmt: skip
def test_a_recipe_is_called_by_what_sets_it_apart(recipe: Recipe, name: str) -> None:
    assert called(an_optimization(recipe, samples=0)) == name


def test_once_it_is_made_it_is_called_by_the_samples_that_there_were() -> None:
    assert called(an_optimization(Recipe(subset=300), samples=40)) == "int8 mixed, 40 samples"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.004, "0.4 points"), (0.01, "1 point"), (0.0125, "1.25 points"), (0.0, "0 points"), (0.2, "20 points"),
        (-0.001, "−0.1 points"), (1e-9, "0 points"), (-1e-9, "0 points"),
    ],
)  # fmt: skip
def test_points_have_two_digits_at_most(share: float, text: str) -> None:
    assert points(share) == text


def test_intervals_with_a_sign_are_not_read_as_a_range_of_dashes() -> None:
    assert points_between(0.001, 0.008) == "0.1–0.8"
    assert points_between(-0.002, 0.01) == "−0.2 to 1"
    assert percent_between(0.98, 0.998) == "98–99.8 %"
    assert percent_of(0.9996) == "99.96 %"
