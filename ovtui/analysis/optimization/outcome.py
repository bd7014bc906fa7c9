"""What a version gained and cost: figures of parent and version side by side, and a verdict in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ovtui import formatting
from ovtui.analysis.accuracy.agreement import is_broken
from ovtui.analysis.comparison import criteria, paired
from ovtui.analysis.optimization.wording import METHODS, percent_between, percent_of, points, points_between
from ovtui.records import Accuracy, Comparison, Labelled, Optimization, OutputAgreement, PairedResult, Proportion, Run
from ovtui.sanitize import plain

_FACTOR = 1.2  # from here on a ratio is read as a factor, below it in per cent
_ALIKE = 1.005
_COUNTS = 1.1
"""Compile time and memory are measured once: nothing is made of less than this."""
_WIDE = 0.01
"""Half of an interval of the drop; one wider than this leaves open what people want to know."""
_WANTED = 0.005
_INSTEAD = {"p50": "mean"}


class Figure(NamedTuple):
    """A row of the table; texts are ready to show. `better`: the version is, surely; None: the same, or not known."""

    title: str
    parent: str
    version: str
    change: str
    better: bool | None
    weak: bool = False  # too few independent inferences beyond one of them


class Outcome(NamedTuple):
    """All that came of an optimization."""

    optimization: Optimization
    size_ratio: float | None  # the parent's bytes over the version's: above 1, the version is smaller
    latency: PairedResult | None  # the version's speed over the parent's; None: not measured
    throughput: PairedResult | None
    figures: tuple[Figure, ...]
    verdict: str  # safe to show


def outcome(
    optimization: Optimization, latency: Comparison | None, throughput: Comparison | None, runs: Mapping[str, Run]
) -> Outcome:
    """`runs` by id, those of the sides of both comparisons; of what is missing there are no figures."""
    duels = _duel(latency), _duel(throughput)
    ratio = size_ratio(optimization)
    figures = (
        *_size(optimization, ratio),
        *_of_speed(throughput, runs, duels[1], ("throughput",)),
        *_of_speed(latency, runs, duels[0], ("p50", "p99")),
        *_of_running(_sides(latency, runs) or _sides(throughput, runs)),
        *(_of_accuracy(optimization.accuracy) if optimization.accuracy is not None else ()),
    )
    return Outcome(optimization, ratio, *duels, figures, _verdict(optimization, ratio, *duels))


def weak_means(figures: Iterable[Figure]) -> str:
    """What the mark before a weak figure means, if any of these has it; else nothing."""
    return formatting.WEAK_MEANS if any(each.weak for each in figures) else ""


def size_ratio(optimization: Optimization) -> float | None:
    """The parent's bytes over the version's; None without a version."""
    version = optimization.version
    return optimization.parent.bytes / version.bytes if version is not None and version.bytes else None


def broken_output(accuracy: Accuracy | None) -> OutputAgreement | None:
    """The first output that holds NaN or infinities which the parent's does not."""
    outputs = accuracy.outputs if accuracy is not None else ()
    return next((each for each in outputs if is_broken(each.sqnr_db)), None)


def agreement_of(accuracy: Accuracy) -> Proportion | None:
    """Samples for which both say the same class; None for a model that says none, and without samples."""
    found = next((each.top1 for each in accuracy.outputs if each.top1 is not None), None)
    return found if found is not None and found.of else None


def nearest_to_nothing(accuracy: Accuracy) -> OutputAgreement | None:
    """The output with most noise, of those that are more than zeros if any is; None without outputs or samples."""
    if not accuracy.samples:
        return None
    telling = [each for each in accuracy.outputs if each.cosine is not None] or accuracy.outputs
    return min(telling, key=lambda each: math.inf if each.sqnr_db is None else each.sqnr_db, default=None)


# Figures


def _duel(study: Comparison | None) -> PairedResult | None:
    return study.duels[0] if study is not None and study.duels else None


def _sides(study: Comparison | None, runs: Mapping[str, Run]) -> tuple[Run, Run] | None:
    if study is None or len(study.sides) < 2:
        return None
    found = [runs.get(side.run) if side.run is not None else None for side in study.sides[:2]]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def _size(optimization: Optimization, ratio: float | None) -> Iterator[Figure]:
    if optimization.version is not None and ratio is not None:
        better = None if _is_alike(ratio) else ratio > 1
        before, after = formatting.size(optimization.parent.bytes), formatting.size(optimization.version.bytes)
        yield Figure("size on disk", before, after, _compared(1 / ratio, "smaller", "larger"), better)


def _of_speed(
    study: Comparison | None, runs: Mapping[str, Run], duel: PairedResult | None, keys: tuple[str, ...]
) -> Iterator[Figure]:
    """The first of the titles is what the duel is about."""
    sides = _sides(study, runs)
    if sides is None:
        return
    known = {line.key: line for line in criteria.lines(*sides) if None not in (line.figure_a, line.figure_b)}
    # A median needs some inferences; the mean is always there.
    told = keys if keys[0] in known else (_INSTEAD.get(keys[0], keys[0]), *keys[1:])
    for key in told:
        line = known.get(key)
        if line is None:
            continue
        if key == told[0]:
            change, better = _raced(duel), _is_better(duel)
        else:
            change, better = _compared(line.ratio, "less", "more"), _apart(*sides, key)
        yield Figure(line.title, line.a, line.b, change, better, line.weak_a or line.weak_b)


def _of_running(sides: tuple[Run, Run] | None) -> Iterator[Figure]:
    for line in criteria.lines(*sides) if sides is not None else ():
        if line.key in ("memory", "compile") and line.ratio is not None:
            counts = line.ratio >= _COUNTS or line.ratio <= 1 / _COUNTS
            change = _compared(line.ratio, "less", "more")
            yield Figure(line.title, line.a, line.b, change, line.ratio < 1 if counts else None)


def _of_accuracy(accuracy: Accuracy) -> Iterator[Figure]:
    """On noise there is only how near the outputs are, which then says something about the noise."""
    if not accuracy.samples:
        return
    if accuracy.labelled is not None and not accuracy.meaningless:
        yield from _of_labels(accuracy.labelled)
    noise = ["on noise"] if accuracy.meaningless else []
    same = agreement_of(accuracy)
    if same is not None:
        share, between = percent_of(same.hits / same.of), percent_between(*same.ci95)
        yield Figure("same top-1", formatting.NOTHING, share, ", ".join([between, *noise]), None)
    output = nearest_to_nothing(accuracy)
    if output is None:
        return
    of_output = [f"of {plain(output.output, 40)}"] if len(accuracy.outputs) > 1 else []
    if is_broken(output.sqnr_db):
        yield Figure("outputs", "finite", "NaN or ∞", ", ".join(["cannot be used", *of_output]), False)
        return
    where = ", ".join([*of_output, *noise])
    cosine = formatting.NOTHING if output.cosine is None else f"{output.cosine:.4f}"
    ratio = "no difference" if output.sqnr_db is None else f"{output.sqnr_db:.1f} dB"
    yield Figure("cosine", formatting.NOTHING, cosine, where, None)
    yield Figure("signal to noise", formatting.NOTHING, ratio, where, None)


def _of_labels(labelled: Labelled) -> Iterator[Figure]:
    low, high = labelled.drop_ci95
    better = False if low > 0 else True if high < 0 else None
    yield Figure(
        "top-1", _share(labelled.parent_top1), _share(labelled.version_top1), _dropped(labelled.drop, low, high), better
    )
    before, after = labelled.parent_top5, labelled.version_top5
    if before is not None and after is not None:
        drop = (before.hits - after.hits) / before.of
        yield Figure("top-5", _share(before), _share(after), _dropped(drop), None)


def _share(found: Proportion) -> str:
    return percent_of(found.hits / found.of) if found.of else formatting.NOTHING


def _dropped(drop: float, low: float | None = None, high: float | None = None) -> str:
    """`0.4 points less (0.1–0.8)`, `no change`."""
    if drop < 0 and low is not None and high is not None:
        low, high = -high, -low
    text = "no change" if not drop else f"{points(abs(drop))} {'less' if drop > 0 else 'more'}"
    return text if low is None or high is None else f"{text} ({points_between(low, high)})"


def _is_alike(ratio: float) -> bool:
    return 1 / _ALIKE < ratio < _ALIKE


def _compared(ratio: float | None, less: str, more: str) -> str:
    """What the version has over what the parent has: `3.90 × smaller`, `4 % larger`, `the same`."""
    if not ratio:
        return formatting.NOTHING
    if _is_alike(ratio):
        return "the same"
    factor = max(ratio, 1 / ratio)
    word = less if ratio < 1 else more
    if factor >= _FACTOR:
        return f"{formatting.number(factor)} × {word}"
    return f"{formatting.percent(abs(ratio - 1))} {word}"


def _raced(duel: PairedResult | None) -> str:
    """`1.83 × faster (1.79–1.87)`, `no difference: within ±2 %`, `undecided: about 20 s more would decide`."""
    if duel is None:
        return formatting.NOTHING
    return paired.predicate(duel, "the parent", "it")


def _is_better(duel: PairedResult | None) -> bool | None:
    verdict = duel.verdict if duel is not None else "undecided"
    return True if verdict == "faster" else False if verdict == "slower" else None


def _apart(parent: Run, version: Run, percentile: str) -> bool | None:
    """By a percentile of which both know the interval: whether these lie apart, and how."""
    found = [
        run.result.latency_ms.ci95.get(percentile) if run.result is not None else None for run in (parent, version)
    ]
    before, after = found
    if before is None or after is None:
        return None
    lower, higher = (end[1] is not None and end[1] < other[0] for end, other in ((after, before), (before, after)))
    return True if lower else False if higher else None


# The verdict


def _verdict(
    optimization: Optimization, ratio: float | None, latency: PairedResult | None, throughput: PairedResult | None
) -> str:
    if optimization.version is None or ratio is None:
        return _without_version(optimization)
    duels = ((latency, " in latency"), (throughput, " in throughput"))
    predicates = [_speed(duel, where) for duel, where in duels if duel is not None]
    predicates.append("as large as its parent" if _is_alike(ratio) else _compared(1 / ratio, "smaller", "larger"))
    text = f"{METHODS[optimization.recipe.method]} is {', '.join(predicates)}"
    return f"{text}{_and_accuracy(optimization, ',' if len(predicates) > 1 else '')}."


def _without_version(optimization: Optimization) -> str:
    if optimization.error is not None:
        return f"No version was made: {plain(optimization.error)}"
    if optimization.status in ("queued", "running"):
        return "The version is still being made."
    return f"No version was made: the optimization was {optimization.status}."


def _speed(duel: PairedResult, where: str) -> str:
    """Fit to stand behind "is"; `where` comes before the doubt, which is in brackets."""
    if duel.verdict == "same":
        return f"as fast as its parent{where} (within ±2 %)"
    if not paired.is_decided(duel):
        return f"not known to be faster or slower{where} ({paired.why_undecided(duel, 'the parent', 'it')})"
    return _raced(duel).replace(" (", f"{where} (", 1)


def _and_accuracy(optimization: Optimization, comma: str) -> str:
    """What follows the speed and the size."""
    accuracy = optimization.accuracy
    if accuracy is None or not accuracy.samples:
        return "; how accurate it is was not looked at"
    broken = broken_output(accuracy)
    if broken is not None:
        return f", but its output {plain(broken.output, 40)} holds NaN or infinities: it cannot be used"
    if accuracy.meaningless and optimization.recipe.method != "int8":
        return "; it was held against its parent on noise only"
    if accuracy.meaningless:
        return "; what it answers means nothing, since it was calibrated with noise"
    if accuracy.labelled is not None:
        return f"{comma} and {_drop(accuracy.labelled)}{_doubt(accuracy.labelled)}"
    same, output = agreement_of(accuracy), nearest_to_nothing(accuracy)
    if same is not None:
        share, between = percent_of(same.hits / same.of), percent_between(*same.ci95)
        says = f"says the same as its parent of {share} of {formatting.plural(same.of, 'sample')} ({between})"
        return f"{comma} and {says}; without labels nobody knows which of them is right"
    if output is None:
        return ""
    if output.cosine is None:
        only = "as its parent does" if output.sqnr_db is None else "where its parent gives nothing but zeros"
        gives = (
            "gives nothing but zeros" if output.sqnr_db is None else f"gives up to {formatting.number(output.max_abs)}"
        )
        return f"{comma} and {gives} {only}, which says nothing of accuracy"
    if output.sqnr_db is None:
        return f"{comma} and gives just what its parent does"
    return f"{comma} and its outputs are {output.sqnr_db:.1f} dB above the noise that it adds; {_judged(output)}"


def _judged(output: OutputAgreement) -> str:
    cosine = "" if output.cosine is None else f"their cosine with the parent's is {output.cosine:.4f}, and "
    return f"{cosine}what that means for accuracy only labels would tell"


def _drop(labelled: Labelled) -> str:
    """`loses 0.4 points of top-1 (0.1–0.8)`."""
    drop, (low, high) = labelled.drop, labelled.drop_ci95
    if low > 0:
        return f"loses {points(drop)} of top-1 ({points_between(low, high)})"
    if high < 0:
        return f"gains {points(-drop)} of top-1 ({points_between(-high, -low)})"
    if not drop:
        samples = formatting.plural(labelled.parent_top1.of, "sample")
        return f"keeps its top-1 on {samples} ({points_between(low, high)} points lost)"
    verb = "loses" if drop > 0 else "gains"
    low, high = (low, high) if drop > 0 else (-high, -low)
    return f"{verb} {points(abs(drop))} of top-1, which may be chance ({points_between(low, high)})"


def _doubt(labelled: Labelled) -> str:
    """Whether there were enough samples; the interval narrows with the square root of their number."""
    low, high = labelled.drop_ci95
    half = (high - low) / 2
    of = labelled.parent_top1.of
    if half <= _WIDE or not of:
        return ""
    more = _rounded(of * (half / _WANTED) ** 2)
    return (
        f"; the drop is not known well enough with {formatting.plural(of, 'sample')}: about {more:,} would tell it to "
        f"±{points(_WANTED)}"
    )


def _rounded(value: float) -> int:
    """Up, to one digit and a half: 1,500, 20,000."""
    step = 10 ** math.floor(math.log10(max(value, 1))) / 2
    return max(1, math.ceil(value / step) * round(step)) if step >= 1 else math.ceil(value)
