"""How recipes, differences in accuracy, and their intervals are put into words."""

from __future__ import annotations

from ovtui import formatting
from ovtui.records import Method, Optimization

METHODS: dict[Method, str] = {
    "int8": "INT8",
    "fp16": "FP16",
    "int8-weights": "INT8 of the weights",
    "int4-weights": "INT4 of the weights",
}
"""As they are named at the beginning of a sentence."""


def called(optimization: Optimization) -> str:
    """`int8 mixed, 300 samples`, `int4 weights, groups of 128, 80 % of them`, `fp16`: what sets recipes apart.

    Once the version is made, with as many samples as there were.
    """
    recipe = optimization.recipe
    if recipe.method == "fp16":
        return "fp16"
    parts: list[str] = []
    if recipe.method == "int8":
        name = f"int8 {recipe.preset}"
        if recipe.model_type is not None:
            parts.append(recipe.model_type)
        parts.append("noise" if recipe.random else formatting.plural(optimization.samples or recipe.subset, "sample"))
    else:
        name = recipe.method.replace("-", " ")
        if not recipe.symmetric:
            parts.append("asymmetric")
        if recipe.group_size is not None:
            parts.append("whole channels" if recipe.group_size < 0 else f"groups of {recipe.group_size:,}")
        if recipe.ratio is not None and recipe.method == "int4-weights":
            parts.append(f"{formatting.percent(recipe.ratio)} of them")
    if recipe.max_drop is not None:
        parts.append(f"drop ≤ {points(recipe.max_drop)}")
    ignored = len(recipe.ignored) + len(recipe.ignored_patterns)
    if ignored:
        parts.append(f"{ignored:,} ignored")
    return ", ".join((name, *parts))


def points(share: float) -> str:
    """A difference of shares in points of a hundred: `0.4 points`, `1 point`."""
    value = _figure(share)
    return f"{value} point" if value == "1" else f"{value} points"


def points_between(low: float, high: float) -> str:
    """`0.1–0.8`, or with a minus sign `−0.2 to 1`."""
    return _between(_figure(low), _figure(high), low < 0 or high < 0)


def percent_of(share: float) -> str:
    """A share of samples: `76.1 %`, `99.96 %`."""
    return f"{_figure(share)} %"


def percent_between(low: float, high: float) -> str:
    """Of a share of samples: `75.2–77.4 %`."""
    return f"{_figure(low)}–{_figure(high)} %"


def _figure(share: float) -> str:
    """In hundredths, two digits after the point at most."""
    text = f"{100 * share:.2f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def _between(low: str, high: str, signed: bool) -> str:
    return f"{low} to {high}" if signed else f"{low}–{high}"
