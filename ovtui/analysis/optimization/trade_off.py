"""Several versions of one model side by side: size, speed, accuracy, and those that no other one beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ovtui import formatting
from ovtui.analysis.accuracy.drift import EXACT_DB
from ovtui.analysis.optimization.outcome import Outcome, agreement_of, broken_output, nearest_to_nothing
from ovtui.analysis.optimization.wording import called
from ovtui.records import Accuracy, Labelled, Optimization, PairedResult

__all__ = ["MEASURES", "Measure", "Way", "accuracy_in_words", "accuracy_measure", "called", "ways"]

Measure = Literal["top1", "agreement", "sqnr"]
MEASURES: dict[Measure, str] = {
    "top1": "top-1",
    "agreement": "same top-1 as the parent",
    "sqnr": "signal over noise, dB",
}
"""What accuracies are compared by, as a column is called; of the last one `EXACT_DB` stands for no noise at all."""


class Way(NamedTuple):
    """The parent, or a version of it."""

    optimization: Optimization | None  # None: the parent
    name: str  # `int8 mixed, 300 samples`; of the parent its own, raw
    size_mb: float  # 10⁶ bytes
    speed: float | None  # over the parent's
    speed_ci95: tuple[float, float] | None
    accuracy: float | None  # of the same measure for all: see `accuracy_measure`
    accuracy_ci95: tuple[float, float] | None  # of a share
    samples: int | None  # that the accuracy is of; None for the parent
    front: bool  # no other one is at least as fast and as accurate, and better in one of both


def ways(outcomes: Sequence[Outcome]) -> list[Way]:
    """The parent of the first, then those that were made of it, as they were given; of no outcomes, nothing.

    Speed is by throughput where as many are known by it as by latency, else by latency. What is not known by both
    measures is on no front, nor is what gives NaN or infinities.
    """
    if not outcomes:
        return []
    parent = outcomes[0].optimization.parent
    made = [
        each for each in outcomes if each.optimization.version is not None and each.optimization.parent.id == parent.id
    ]
    measure, duels = accuracy_measure(made), _duels(made)
    found = [Way(None, parent.name, parent.bytes / 1e6, 1.0, None, _of_parent(made, measure), None, None, False)]
    whole = [True]
    for each, duel in zip(made, duels, strict=True):
        optimization = each.optimization
        assert optimization.version is not None
        found.append(
            Way(
                optimization=optimization,
                name=called(optimization),
                size_mb=optimization.version.bytes / 1e6,
                speed=None if duel is None else duel.ratio,
                speed_ci95=None if duel is None else duel.ci95,
                accuracy=(figure := _figure(optimization, measure, _basis(made))),
                accuracy_ci95=None if figure is None else _interval(optimization, measure),
                samples=None if figure is None else _samples(optimization),
                front=False,
            )
        )
        whole.append(broken_output(optimization.accuracy) is None)
    rivals = [_place(way) for way, fine in zip(found, whole, strict=True) if fine]
    return [
        way._replace(front=fine and _is_on_front(_place(way), rivals)) for way, fine in zip(found, whole, strict=True)
    ]


def accuracy_measure(outcomes: Sequence[Outcome]) -> Measure | None:
    """What most of the versions have, of equals the one that says most; None where none has any.

    Top-1 is of those that were measured on the labels and data of the first labelled one; so the parent's is known too.
    What was measured on noise has none of them.
    """
    basis = _basis(outcomes)
    counts: dict[Measure, int] = {
        measure: sum(_figure(each.optimization, measure, basis) is not None for each in outcomes)
        for measure in MEASURES
    }
    best = max(MEASURES, key=lambda measure: counts[measure])
    return best if counts[best] else None


def accuracy_in_words(value: float | None, measure: Measure | None) -> str:
    """`75.50 %`, `31.2` of decibels, or that there is no difference."""
    if value is None:
        return formatting.NOTHING
    if measure != "sqnr":
        return f"{100 * value:.2f} %"
    return "exact" if value >= EXACT_DB else f"{value:.1f}"


def _of_parent(outcomes: Sequence[Outcome], measure: Measure | None) -> float | None:
    if measure == "top1":
        found = next(labelled for each in outcomes if (labelled := _labelled(each.optimization)) is not None)
        return found.parent_top1.hits / found.parent_top1.of
    return {"agreement": 1.0, "sqnr": EXACT_DB}[measure] if measure is not None else None


def _figure(optimization: Optimization, measure: Measure | None, basis: object) -> float | None:
    accuracy = _telling(optimization)
    if accuracy is None:
        return None
    if measure == "top1":
        labelled = _labelled(optimization)
        if labelled is None or _measured_on(optimization, labelled) != basis:
            return None
        return labelled.version_top1.hits / labelled.version_top1.of
    if measure == "agreement":
        same = agreement_of(accuracy)
        return None if same is None else same.hits / same.of
    output = nearest_to_nothing(accuracy)
    if output is None:
        return None
    return EXACT_DB if output.sqnr_db is None else min(EXACT_DB, output.sqnr_db)


def _interval(optimization: Optimization, measure: Measure | None) -> tuple[float, float] | None:
    accuracy = _telling(optimization)
    if accuracy is None:
        return None
    if measure == "top1":
        labelled = _labelled(optimization)
        return None if labelled is None else labelled.version_top1.ci95
    same = agreement_of(accuracy) if measure == "agreement" else None
    return None if same is None else same.ci95


def _samples(optimization: Optimization) -> int | None:
    accuracy = _telling(optimization)
    return None if accuracy is None else accuracy.samples


def _telling(optimization: Optimization) -> Accuracy | None:
    accuracy = optimization.accuracy
    return None if accuracy is None or accuracy.meaningless or not accuracy.samples else accuracy


def _labelled(optimization: Optimization) -> Labelled | None:
    accuracy = _telling(optimization)
    labelled = None if accuracy is None else accuracy.labelled
    return None if labelled is None or not labelled.parent_top1.of else labelled


def _measured_on(optimization: Optimization, labelled: Labelled) -> object:
    """What is the same for those whose top-1 can be compared."""
    return optimization.recipe.data, optimization.recipe.labels, labelled.parent_top1.of


def _basis(outcomes: Sequence[Outcome]) -> object:
    for each in outcomes:
        labelled = _labelled(each.optimization)
        if labelled is not None:
            return _measured_on(each.optimization, labelled)
    return None


def _duels(outcomes: Sequence[Outcome]) -> list[PairedResult | None]:
    """All by throughput, or all by latency."""
    throughput, latency = [each.throughput for each in outcomes], [each.latency for each in outcomes]
    return throughput if _known(throughput) >= _known(latency) else latency


def _known(duels: Sequence[PairedResult | None]) -> int:
    return sum(duel is not None and duel.ratio is not None for duel in duels)


def _place(way: Way) -> tuple[float, float] | None:
    return None if way.speed is None or way.accuracy is None else (way.speed, way.accuracy)


def _is_on_front(own: tuple[float, float] | None, rivals: Sequence[tuple[float, float] | None]) -> bool:
    if own is None:
        return False
    return not any(each is not None and each != own and each[0] >= own[0] and each[1] >= own[1] for each in rivals)
