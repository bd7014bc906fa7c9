"""Is B faster than A, measured in turn? Blocks side by side, instances started afresh, and looks until it is decided.

A machine's speed drifts, so blocks of both sides lie next to each other and only their ratio counts. Where a compiled
model comes to lie in memory makes a percent or two that stays for its lifetime, so that what scatters is the ratio of
instances (both sides started afresh), not of blocks: the interval is over those (T. Kalibera & R. Jones, "Rigorous
benchmarking in reasonable time", ISMM 2013).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean, stdev

from ovtui.analysis.comparison.margins import DIFFERENT, SAME, around, judge
from ovtui.analysis.t_quantile import t_quantile
from ovtui.formatting import duration, number
from ovtui.records import PairedResult
from ovtui.sanitize import plain

FEWEST = 4
"""Instances before anything is decided."""
_KNOWN = 3
"""Instances from which on an interval is worth showing."""
_TRIMMED = 0.2
_SURE_DIFFERENT = 0.98
_SURE_SAME = 0.988
"""Levels of the intervals that decide: higher than 95 % and 90 %, which would do for one look, since there is a look
after every instance. Of 20,000 simulated comparisons of equals with a look after each of 4 to 20 instances that scatter
by 4 % (normal), 5.1 % were called different at 95 %, 2.2 % at 98 %, 1.1 % at 99 %; at a scatter of 2 % these are
1.2, 0.4 and 0.2 %. A slowdown of 3 % at a scatter of 1 % was found within seven instances in 99, 97 and 93 %. Of
4,000 that truly differ by 2 %, with looks after each of 4 to 40 instances at scatters of 1 to 4 %, up to 13 % were
called the same at 95 %, 6 % at 98 %, 4 % at 98.8 %; equals that scatter by 1 % then take 6 instances in the median in
place of 4. See tests/analysis/comparison/test_comparing_looks.py and `python -m tests.benchmarks.changes`.
"""
_LONGEST_S = 3600.0
_FACTOR = 1.2  # from here on a ratio is read as a factor, below it in per cent


def instance_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """B's speed over A's in one instance, from the speeds (a, b) of blocks that lay next to each other.

    exp of the mean of ln(b/a) without the lowest and the highest fifth. Raises ValueError without a pair, or when a
    speed is not above 0 and finite.
    """
    if not pairs or not all(0 < speed < math.inf for pair in pairs for speed in pair):
        raise ValueError("instance_ratio needs pairs of finite speeds above 0")
    logs = sorted(math.log(b) - math.log(a) for a, b in pairs)
    cut = int(_TRIMMED * len(logs))
    return math.exp(fmean(logs[cut : len(logs) - cut]))


def duel(ratios: Sequence[float], *, seconds_per_instance: float) -> PairedResult:
    """The verdict on B's speed over A's, given for each instance in the order in which they were measured.

    The intervals are Student's over the ln of the ratios, as for a single look; what decides is stricter, so that
    looking after every instance does no harm. Raises ValueError when a ratio is not above 0 and finite.
    """
    if not all(0 < ratio < math.inf for ratio in ratios):
        raise ValueError("duel needs finite ratios above 0")
    count = len(ratios)
    if not count:
        return PairedResult(verdict="undecided")
    logs = [math.log(ratio) for ratio in ratios]
    mean = fmean(logs)
    if count < _KNOWN:
        return PairedResult(verdict="undecided", ratio=math.exp(mean), ratios=tuple(ratios))
    scatter = stdev(logs)
    verdict = judge(mean, _half(scatter, count, _SURE_DIFFERENT), _half(scatter, count, _SURE_SAME))
    if count < FEWEST:
        verdict = "undecided"
    most = count + int(_LONGEST_S / max(seconds_per_instance, 1e-3))
    more = _instances_more(mean, scatter, count, most) if verdict == "undecided" else None
    return PairedResult(
        verdict=verdict,
        ratio=math.exp(mean),
        ci95=around(mean, _half(scatter, count, 0.95)),
        ci90=around(mean, _half(scatter, count, 0.90)),
        seconds_more=None if more is None else more * seconds_per_instance,
        ratios=tuple(ratios),
    )


def decided(found: PairedResult, instances: int) -> bool:
    """Whether to stop after so many instances: the rule whose false verdicts are known."""
    return instances >= FEWEST and found.verdict != "undecided"


def sentence(found: PairedResult, a: str = "A", b: str = "B") -> str:
    """`B is 1.83 × faster (1.79–1.87)`, `B is 3.1 % slower (2.5–3.7 %)`, `No difference: within ±2 %`, or why not yet.

    Safe to show. In per cent it is of A's speed; "1.83 × slower" is A's speed over B's.
    """
    text = predicate(found, a, b)
    return f"{plain(b, 40)} is {text}" if is_decided(found) else f"{text[0].upper()}{text[1:]}"


def is_decided(found: PairedResult) -> bool:
    """Whether one is known to be faster, and by how much."""
    return found.verdict in ("faster", "slower") and found.ratio is not None and found.ci95 is not None


def predicate(found: PairedResult, a: str = "A", b: str = "B") -> str:
    """What stands behind "B is": `1.83 × faster (1.79–1.87)`; else `no difference: …` or `undecided: …`."""
    a, b = plain(a, 40), plain(b, 40)
    if found.verdict == "same":
        return "no difference: within ±2 %"
    if found.verdict == "undecided" or found.ratio is None or found.ci95 is None:
        return f"undecided: {why_undecided(found, a, b)}"
    low, high = found.ci95
    if max(found.ratio, 1 / found.ratio) >= _FACTOR:
        bounds = (low, high) if found.verdict == "faster" else (1 / high, 1 / max(low, 1e-300))
        factor = found.ratio if found.verdict == "faster" else 1 / found.ratio
        return f"{number(factor)} × {found.verdict} ({number(bounds[0])}–{number(bounds[1])})"
    sign = 1 if found.verdict == "faster" else -1
    least, most = sorted((100 * sign * (low - 1), 100 * sign * (high - 1)))
    return f"{100 * sign * (found.ratio - 1):.1f} % {found.verdict} ({least:.1f}–{most:.1f} %)"


def why_undecided(found: PairedResult, a: str = "A", b: str = "B") -> str:
    """`about 20 s more would decide`, or what is missing. Safe to show, if the names are."""
    if found.ratio is None:
        return "there are no results to compare"
    if found.seconds_more is not None:
        return f"about {_about(found.seconds_more)} more would decide"
    if found.ci95 is None:
        return "too little was measured to know the doubt"
    low, high = found.ci95
    between = f"{b} has between {number(low)} and {number(high)} × the speed of {a}"
    if not found.ratios:
        return f"{between}; measuring them in turn would tell more"
    return f"{between}, and an hour more would not decide"


def _about(seconds: float) -> str:
    step = 1 if seconds < 10 else 10 if seconds < 300 else 60
    return duration(max(step, step * math.ceil(seconds / step - 0.25)))


def _half(scatter: float, count: int, level: float) -> float:
    """Half the width of the interval of the mean."""
    return t_quantile((1 + level) / 2, count - 1) * scatter / math.sqrt(count)


def _instances_more(mean: float, scatter: float, count: int, most: int) -> int | None:
    """How many until one of the verdicts fits around the present mean; None: it would take more than `most` in all."""
    needs = [
        _first(lambda n: _half(scatter, n, _SURE_DIFFERENT) < abs(mean) - DIFFERENT, count, most),
        _first(lambda n: _half(scatter, n, _SURE_SAME) < SAME - abs(mean), count, most),
    ]
    return min((need for need in needs if need is not None), default=None)


def _first(fits: Callable[[int], bool], count: int, most: int) -> int | None:
    """Instances beyond `count` until it fits; once it does, it does for good."""
    least = max(FEWEST, count + 1)
    if most < least or not fits(most):
        return None
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if fits(middle) else (middle + 1, most)
    return least - count
