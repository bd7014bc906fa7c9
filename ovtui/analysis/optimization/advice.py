"""What to try next, when a version lost too much or gained too little: a changed recipe, with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from ovtui import formatting
from ovtui.analysis.accuracy.drift import worst
from ovtui.analysis.optimization.layer_outcomes import Fate
from ovtui.analysis.optimization.outcome import Outcome, agreement_of, broken_output, nearest_to_nothing
from ovtui.analysis.optimization.quantizable import QUANTIZED, kind_of
from ovtui.analysis.optimization.recipes import used
from ovtui.analysis.optimization.wording import percent_of, points
from ovtui.records import Accuracy, Optimization, Recipe
from ovtui.sanitize import plain

_DROP = 0.005
"""Points of top-1 that are worth an effort."""
_AGREEMENT = 0.98
_RATIO_DB = 20.0
"""Without labels: from here on outputs are so far apart that it is likely to show."""
_FEW_SAMPLES, _ENOUGH_SAMPLES = 100, 300
_LAYERS = 4
_NAMED = 3
_GROUP = 64


def next_steps(optimization: Optimization, outcome: Outcome, fates: Sequence[Fate]) -> list[tuple[str, Recipe]]:
    """Reasons, safe to show, with the recipe to try; what promises most first. Nothing when all is well."""
    if optimization.version is None:
        return []
    recipe = optimization.recipe
    found: list[tuple[str, Recipe]] = []
    lost = _lost(optimization.accuracy)
    if lost is not None:
        found += _for_accuracy(optimization, lost, fates)
    if _is_slow(outcome):
        found += _for_speed(optimization)
    seen: list[Recipe] = [recipe]
    kept = []
    for text, other in found:
        if other not in seen:
            seen.append(other)
            kept.append((text, other))
    return kept


def _lost(accuracy: Accuracy | None) -> str | None:
    """What was lost, when it is too much and no chance: the beginning of a sentence. None else."""
    if accuracy is None or accuracy.meaningless or not accuracy.samples:
        return None
    if broken_output(accuracy) is not None:
        return "It gives NaN or infinities"
    labelled = accuracy.labelled
    if labelled is not None:
        surely = labelled.drop_ci95[0] > 0 and labelled.drop >= _DROP
        return f"It loses {points(labelled.drop)} of top-1" if surely else None
    same, output = agreement_of(accuracy), nearest_to_nothing(accuracy)
    if same is not None:
        share = same.hits / same.of
        return f"It agrees with its parent on only {percent_of(share)} of the samples" if share < _AGREEMENT else None
    if output is not None and output.sqnr_db is not None and output.sqnr_db < _RATIO_DB:
        return f"Its outputs are only {output.sqnr_db:.1f} dB above the noise that it adds"
    return None


def _is_slow(outcome: Outcome) -> bool:
    """Slower in one way, and faster in none."""
    verdicts = {duel.verdict for duel in (outcome.latency, outcome.throughput) if duel is not None}
    return "slower" in verdicts and "faster" not in verdicts


def _for_accuracy(optimization: Optimization, lost: str, fates: Sequence[Fate]) -> Iterator[tuple[str, Recipe]]:
    recipe = optimization.recipe
    if recipe.method == "int8":
        yield from _better_int8(optimization, lost)
        yield from _ignoring(optimization, lost, fates)
        if recipe.max_drop is None and recipe.labels is not None:
            yield (
                f"{lost}: quantize only as far as it stays within 1 point; this takes several times as long.",
                _with(recipe, max_drop=0.01),
            )
    elif recipe.method == "int4-weights":
        if recipe.group_size is None or recipe.group_size < 0 or recipe.group_size > _GROUP:
            yield f"{lost}: smaller groups share a scale more closely.", _with(recipe, group_size=_GROUP)
        if recipe.ratio is None or recipe.ratio > 0.8:
            yield f"{lost}: keep the most sensitive fifth of the weights at 8 bits.", _with(recipe, ratio=0.8)
        yield (
            f"{lost}: 8 bits lose much less (41 dB instead of 26 in one transformer).",
            _with(recipe, method="int8-weights", group_size=None, ratio=None),
        )
    elif recipe.method == "int8-weights" and recipe.symmetric:
        yield f"{lost}: a zero point fits weights that are not around zero.", _with(recipe, symmetric=False)


def _better_int8(optimization: Optimization, lost: str) -> Iterator[tuple[str, Recipe]]:
    """Settings that cost nothing at run time, or hardly anything."""
    recipe = optimization.recipe
    if recipe.model_type is None and kind_of(optimization.parent).is_transformer:
        yield (
            f"{lost}, and it looks like a transformer: the model type transformer smooths its activations.",
            _with(recipe, model_type="transformer"),
        )
    if recipe.preset == "performance":
        yield (
            f"{lost}: the mixed preset gives activations below zero a range of their own (0.4 points lost instead of "
            "1.25 in a MobileNet).",
            _with(recipe, preset="mixed"),
        )
    if recipe.subset < _FEW_SAMPLES:
        yield (
            f"{lost}, calibrated with {formatting.plural(recipe.subset, 'sample')}: use {_ENOUGH_SAMPLES}.",
            _with(recipe, subset=_ENOUGH_SAMPLES),
        )


def _ignoring(optimization: Optimization, lost: str, fates: Sequence[Fate]) -> Iterator[tuple[str, Recipe]]:
    """The four worst of those that can be quantized: in a MobileNet that took a drop of 1.25 points to 0.25."""
    recipe, accuracy = optimization.recipe, optimization.accuracy
    drift = accuracy.drift if accuracy is not None else ()
    ignored = set(recipe.ignored)
    found = worst([each for each in drift if each.type in QUANTIZED and each.name not in ignored], _LAYERS)
    if not found:
        return
    names = [each.name for each in found]
    share = _share_of(names, fates)
    cost = "" if share is None else f" They take {formatting.percent(share)} of its time."
    listed = ", ".join(plain(name, 40) for name in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    which = "the operation that loses" if len(names) == 1 else f"the {len(names)} operations that lose"
    yield (
        f"{lost}: leave {which} most in floating point ({listed}).{cost}",
        _with(recipe, ignored=(*recipe.ignored, *names)),
    )


def _share_of(names: Iterable[str], fates: Sequence[Fate]) -> float | None:
    wanted = frozenset(names)
    shares = [fate.share for fate in fates if fate.share is not None and not wanted.isdisjoint(fate.operations)]
    return sum(shares) if shares else None


def _for_speed(optimization: Optimization) -> Iterator[tuple[str, Recipe]]:
    recipe, kind = optimization.recipe, kind_of(optimization.parent)
    if recipe.method == "int8" and kind.is_transformer:
        yield (
            "It is slower than its parent: compress the weights only, which keeps activations as they are.",
            _instead(recipe, "int8-weights"),
        )
    if recipe.method == "int4-weights":
        yield "It is slower than its parent: 8 bits take less to expand.", _instead(recipe, "int8-weights")
    if recipe.method != "fp16":
        yield (
            "It is slower than its parent: FP16 halves the file and leaves the speed as it is.",
            _instead(recipe, "fp16"),
        )


def _instead(recipe: Recipe, method: str) -> Recipe:
    """Another method, less what it does not know; data stays, to judge it by."""
    return used(_with(recipe, method=method))


def _with(recipe: Recipe, **changes: Any) -> Recipe:
    return msgspec.structs.replace(recipe, **changes)
