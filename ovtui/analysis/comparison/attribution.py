"""Which layers differ for certain: an interval for each, and as many of them are marked as false discoveries allow.

Two profiles differ in every layer: by scatter, by where a compiled model came to lie in memory, by a neighbour that was
there for one of them. A layer is marked when its difference is beyond what it may be without a reason (MARGIN of its
own time, and the microsecond of the counters) by more than the doubt explains, after the procedure of Y. Benjamini &
Y. Hochberg (J. R. Statist. Soc. B 57, 1995) at FALSE: of two that are the same, any layer is marked in at most 5 % of
comparisons.

Interleaved, both sides are started afresh several times and counted in turn; what scatters are the differences of
these instances (see `interleaved`). With few instances, a layer's own variance is known badly and by chance too small:
it is moderated by that of the other layers (G. Smyth, "Linear models and empirical Bayes methods", Statistical
Applications in Genetics and Molecular Biology 3, 2004), what all layers of an instance share kept apart, since it is
seen once for an instance and not once for a layer. Never is a layer believed to scatter less than it did.

Recorded apart, a layer's doubt is the spread within each pass and the scatter between runs, twice; layers scatter more
than the whole of them does (LAYERS_APART).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

from ovtui.analysis.comparison.layer_matching import Row, matched
from ovtui.analysis.comparison.unpaired import ASSUMED, Scatter
from ovtui.analysis.t_quantile import t_quantile, t_tail
from ovtui.records import LayerDifference, LayerDifferences, Profile

FALSE = 0.05
MARGIN = 0.01
"""Share of a layer's time: a smaller difference is of no interest, even when it is certain (see `margins`)."""
COUNTER_US = 1.0
"""Counters tell whole microseconds; how much each of two sides loses by that differs by up to so much."""
LAYERS_APART = 0.05
"""Standard deviation of the ln of a layer's time between runs, beyond what all layers of a run share."""
FEWEST = 3
"""Instances without which nothing is known of a layer's doubt."""
ENOUGH, ENOUGH_SHARE = 6, 0.015
"""Instances after which counting ends if the whole difference is known to so much of the time; see `enough`."""
_ROUNDING_US = 2 * COUNTER_US / math.sqrt(12)  # standard deviation: two sides, each cut twice
_SHARED_FROM = 8  # layers from which on it can be told what they share
_MOST_LENT = 2.0  # degrees of freedom that other layers lend, for each of a layer's own
_TYPICAL, _TYPICAL_US = 0.02, 0.5  # how scatter grows with a layer's time; only the shape of it counts
_CERTAIN = 1e9  # degrees of freedom of what is not estimated


class Sides(NamedTuple):
    """A layer's times in µs, one for each instance; None on the side that has no such layer, or tells no time."""

    a: Sequence[float] | None
    b: Sequence[float] | None


class Doubt(NamedTuple):
    """Standard error of a difference in µs, and the degrees of freedom it is known with."""

    error: float
    freedom: float


def paired(places: Sequence[tuple[int | None, int | None]], layers: Sequence[Sides]) -> LayerDifferences:
    """Of instances that were counted in turn; `places` in the two profiles, a row for each of `layers`.

    Raises ValueError unless all times of all layers are of the same instances, FEWEST at least.
    """
    counts = {len(side) for layer in layers for side in layer if side is not None}
    if len(counts) > 1 or min(counts, default=FEWEST) < FEWEST:
        raise ValueError(f"paired needs times of {FEWEST} instances or more, as many for each layer")
    count = max(counts, default=FEWEST)
    known = [place for place, layer in enumerate(layers) if layer.a is not None or layer.b is not None]
    none = [0.0] * count
    sides = [(layers[place].a or none, layers[place].b or none) for place in known]
    times = [max(fmean(a), fmean(b)) for a, b in sides]
    deltas = [[right - left for left, right in zip(a, b, strict=True)] for a, b in sides]
    means = [fmean(each) for each in deltas]
    chosen = marked(means, times, doubts := _doubts(deltas, times))
    rows = tuple(
        LayerDifference(*places[place], round(mean, 3), _rounded(interval(mean, doubt)), number in chosen)
        for number, (place, mean, doubt) in enumerate(zip(known, means, doubts, strict=True))
    )
    rest = [sum(each[k] for number, each in enumerate(deltas) if number not in chosen) for k in range(count)]
    return LayerDifferences(rows=rows, instances=count, rest_ci95=_of_instances(rest))


def enough(layers: Sequence[Sides]) -> bool:
    """Whether to stop counting: with ENOUGH instances, once the layers together are known to differ by ±1.5 %.

    It asks how well it is known and not what it is: stopping there makes no difference look certain.
    """
    sides = [side for layer in layers for side in layer if side is not None]
    if not sides or len(sides[0]) < ENOUGH:
        return False
    a = [sum(layer.a[k] for layer in layers if layer.a is not None) for k in range(len(sides[0]))]
    b = [sum(layer.b[k] for layer in layers if layer.b is not None) for k in range(len(sides[0]))]
    low, high = _of_instances([right - left for left, right in zip(a, b, strict=True)])
    return (high - low) / 2 <= ENOUGH_SHARE * max(fmean(a), fmean(b))


def of_recorded(a: Profile | None, b: Profile | None, scatter: Scatter | None = None) -> LayerDifferences | None:
    """`apart`, of two recorded runs; None where one of them has no profile."""
    return None if a is None or b is None else apart(matched(a, b), a, b, scatter)


def apart(rows: Sequence[Row], a: Profile, b: Profile, scatter: Scatter | None = None) -> LayerDifferences:
    """Of two passes at different times, their layers matched in `rows`; `scatter` between runs as history knows it.

    A spread counts whole, not over the root of the stretches that it is from: those resemble each other.
    """
    between, freedom = (ASSUMED, _CERTAIN) if scatter is None else (scatter.deviation, scatter.freedom)
    known = [row for row in rows if row.delta is not None]
    doubts, own_errors = [], []
    for row in known:
        both = math.hypot(row.time_a or 0.0, row.time_b or 0.0)
        own = math.hypot(_spread(a, row.place_a), _spread(b, row.place_b), LAYERS_APART * both)
        own_errors.append(own)
        doubts.append(Doubt(math.hypot(own, between * both), freedom))
    means = [row.delta or 0.0 for row in known]
    chosen = marked(means, [max(row.time_a or 0.0, row.time_b or 0.0) for row in known], doubts)
    found = tuple(
        LayerDifference(row.place_a, row.place_b, round(mean, 3), _rounded(interval(mean, doubt)), number in chosen)
        for number, (row, mean, doubt) in enumerate(zip(known, means, doubts, strict=True))
    )
    left = [number for number in range(len(known)) if number not in chosen]
    # What all layers of a run share adds up; what is a layer's own adds up in squares.
    common = math.hypot(sum(known[n].time_a or 0.0 for n in left), sum(known[n].time_b or 0.0 for n in left))
    own = math.hypot(*(own_errors[n] for n in left))
    rest = interval(sum(means[n] for n in left), Doubt(math.hypot(between * common, own), freedom))
    return LayerDifferences(rows=found, instances=0, rest_ci95=rest)


def marked(means: Sequence[float], times: Sequence[float], doubts: Sequence[Doubt]) -> frozenset[int]:
    """The places of the layers whose difference holds: µs B less A, the longer of both times, and the doubt of each."""
    chances = []
    for mean, time, doubt in zip(means, times, doubts, strict=True):
        beyond = abs(mean) - max(MARGIN * time, COUNTER_US)
        error = math.hypot(doubt.error, _ROUNDING_US)
        chances.append(2 * t_tail(beyond / error, _freedom(doubt, error)) if beyond > 0 else 1.0)
    return discoveries(chances)


def discoveries(chances: Sequence[float], level: float = FALSE) -> frozenset[int]:
    """The places of the p-values that hold by the procedure of Benjamini and Hochberg."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    last = max((n for n, place in enumerate(order, 1) if chances[place] <= level * n / len(order)), default=0)
    return frozenset(order[:last])


def interval(mean: float, doubt: Doubt) -> tuple[float, float]:
    """The 95 % interval of a difference in µs, that of one layer by itself; the counters' rounding included."""
    error = math.hypot(doubt.error, _ROUNDING_US)
    half = t_quantile(0.975, _freedom(doubt, error)) * error
    return mean - half, mean + half


def _rounded(bounds: tuple[float, float]) -> tuple[float, float]:
    """To nanoseconds: counters tell no more, and there may be thousands of layers."""
    return round(bounds[0], 3), round(bounds[1], 3)


def _spread(profile: Profile, place: int | None) -> float:
    return 0.0 if place is None else profile.layers[place].spread_us or 0.0


def _doubts(deltas: Sequence[Sequence[float]], times: Sequence[float]) -> list[Doubt]:
    if not deltas:
        return []
    count = len(deltas[0])
    own_freedom = count - 1
    own = [_variance(each) for each in deltas]
    if len(deltas) < _SHARED_FROM:
        return [Doubt(math.sqrt(variance / count), own_freedom) for variance in own]
    shared = _shared(deltas, times)
    rests = [
        _variance([each - time * part for each, part in zip(row, shared, strict=True)])
        for row, time in zip(deltas, times, strict=True)
    ]
    typical = [(_TYPICAL * time) ** 2 + _TYPICAL_US**2 for time in times]
    lent, usual = _prior([rest / shape for rest, shape in zip(rests, typical, strict=True)], own_freedom)
    together = _variance(shared)
    found = []
    for variance, rest, shape, time in zip(own, rests, typical, times, strict=True):
        moderated = (lent * usual * shape + own_freedom * rest) / (lent + own_freedom)
        common = together * time**2
        whole = moderated + common
        # Satterthwaite: of a sum of two variances, each known with degrees of freedom of its own.
        parts = moderated**2 / (lent + own_freedom) + common**2 / own_freedom
        freedom = whole**2 / parts if parts else own_freedom
        found.append(Doubt(math.sqrt(max(variance, whole) / count), max(1.0, freedom)))
    return found


def _shared(deltas: Sequence[Sequence[float]], times: Sequence[float]) -> list[float]:
    """What share of their time all layers of an instance differ by, beyond what they differ by on average."""
    timed = [(row, time, fmean(row)) for row, time in zip(deltas, times, strict=True) if time]
    found = []
    for k in range(len(deltas[0])):
        found.append(_weighted_median([((row[k] - mean) / time, time) for row, time, mean in timed]))
    return found


def _weighted_median(values: Sequence[tuple[float, float]]) -> float:
    half = sum(weight for _, weight in values) / 2
    so_far = 0.0
    for value, weight in sorted(values):
        so_far += weight
        if so_far >= half:
            return value
    return 0.0


def _prior(ratios: Sequence[float], freedom: int) -> tuple[float, float]:
    """The degrees of freedom that the layers lend each other, and the usual variance over its typical shape.

    As Smyth, §6.2: from how much more the logarithms of the variances differ than those of a χ² would. The middle and
    the quartiles stand for mean and standard deviation, as some layers may be disturbed.
    """
    logs = sorted(math.log(max(ratio, 1e-4)) for ratio in ratios)
    low, high = logs[len(logs) // 4], logs[-1 - len(logs) // 4]
    excess = ((high - low) / 1.349) ** 2 - _trigamma(freedom / 2)
    # A χ²'s median is below its mean: by that much the median of the variances is below the usual one.
    usual = math.exp(median(logs)) / (1 - 2 / (9 * freedom)) ** 3
    most = _MOST_LENT * freedom
    lent = most
    while lent > 0 and _trigamma(lent / 2) < excess:
        lent -= 0.5
    return lent, usual


def _trigamma(x: float) -> float:
    """ψ′(x) for x > 0 (Abramowitz & Stegun 6.4.12, after the recurrence 6.4.6)."""
    found = 0.0
    while x < 6:
        found += 1 / x**2
        x += 1
    return found + 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3) - 1 / (30 * x**5) + 1 / (42 * x**7)


def _freedom(doubt: Doubt, error: float) -> float:
    """Of the error with the rounding, which is known for certain."""
    if not doubt.error:
        return _CERTAIN
    return float(f"{min(_CERTAIN, doubt.freedom * (error / doubt.error) ** 4):.3g}")  # quantiles are kept: few of them


def _of_instances(values: Sequence[float]) -> tuple[float, float]:
    mean = fmean(values)
    half = t_quantile(0.975, len(values) - 1) * math.sqrt(_variance(values) / len(values))
    return mean - half, mean + half


def _variance(values: Sequence[float]) -> float:
    mean = fmean(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)
