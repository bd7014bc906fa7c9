"""Is B faster than A, as far as two recorded runs can tell: measured at different times, hence with wider doubt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from ovtui.analysis.comparison import paired
from ovtui.analysis.comparison.margins import DIFFERENT, around, judge
from ovtui.analysis.t_quantile import normal_quantile, t_quantile
from ovtui.formatting import percent, plural
from ovtui.records import Criterion, PairedResult, Run

Basis = Literal["throughput", "p50"]
BASES: dict[Basis, str] = {"throughput": "throughput", "p50": "median latency"}

ASSUMED = 0.03
"""Standard deviation of ln throughput, or ln median latency, between runs of one spec, where history knows none.

The same load differed by 2 to 8 % from one time to the next on the shared guests on which this was looked into; a quiet
machine of one's own does better, and its history will say so.
"""
_LEAST_FREEDOM = 3


class Scatter(NamedTuple):
    """How runs of one spec differ here: the standard deviation of ln of a figure, and what it is known from."""

    deviation: float
    runs: int
    freedom: int  # degrees of freedom: runs less specs
    by: Basis = "throughput"  # the figure


class Speed(NamedTuple):
    """ln of a run's speed and that value's standard error; None where the run does not know its own doubt."""

    ln: float
    error: float | None


def scatter_of(figures: Sequence[Sequence[float]], by: Basis = "throughput") -> Scatter | None:
    """From a figure of runs, a group for each measurement on this machine; pooled within the groups.

    None with less than 3 degrees of freedom. Figures that are not above 0 and finite do not count.
    """
    groups = [[math.log(each) for each in group if 0 < each < math.inf] for group in figures]
    groups = [group for group in groups if len(group) >= 2]
    runs = sum(map(len, groups))
    freedom = runs - len(groups)
    if freedom < _LEAST_FREEDOM:
        return None
    squares = sum((value - mean) ** 2 for group in groups for mean in (fmean(group),) for value in group)
    return Scatter(math.sqrt(squares / freedom), runs, freedom, by)


def basis(runs: Sequence[Run]) -> Basis | None:
    """What the speed of these runs is judged by.

    The median latency, where all of them are in latency mode and know it with both ends of its interval, or serve
    arrivals at the same rate; else throughput. None where a server's throughput, which is only the rate that was asked
    for, would be judged. Runs without a result do not count.
    """
    runs = [run for run in runs if run.result is not None]
    modes = {run.spec.mode for run in runs}
    alike = modes == {"latency"} or (modes == {"server"} and len({run.spec.rate for run in runs}) == 1)
    medians = [_median(run) for run in runs]
    if alike and all(median is not None and median.error is not None for median in medians):
        return "p50"
    return None if "server" in modes else "throughput"


def wanted(runs: Sequence[Run], criterion: Criterion | None) -> Basis | None:
    """What they are judged by when somebody asked for a criterion, and what `basis` says when nobody did."""
    if criterion is None:
        return basis(runs)
    if criterion == "latency":
        return "p50"
    return None if any(run.spec.mode == "server" for run in runs) else "throughput"


def speed(run: Run, by: Basis) -> Speed | None:
    """None where the run has no such figure."""
    if by == "p50":
        return _median(run)
    if run.result is None:
        return None
    return _speed(run.result.throughput_fps.mean, run.result.throughput_fps.ci95)


def figure(run: Run, by: Basis) -> float | None:
    """What a run is judged by: FPS, or ms. None where it has none; a server's throughput is only its rate."""
    if run.result is None or (by == "throughput" and run.spec.mode == "server"):
        return None
    return run.result.latency_ms.p50 if by == "p50" else run.result.throughput_fps.mean


def half_width(a: Speed, b: Speed, scatter: Scatter | None, level: float) -> float | None:
    """Of the interval of ln(speed of B / speed of A): both runs' own doubt, and the scatter between runs twice.

    None where a run does not know its own doubt.
    """
    if a.error is None or b.error is None:
        return None
    tail = (1 + level) / 2
    quantile = normal_quantile(tail) if scatter is None else t_quantile(tail, scatter.freedom)
    between = ASSUMED if scatter is None else scatter.deviation
    return quantile * math.sqrt(a.error**2 + b.error**2 + 2 * between**2)


def recorded(a: Run, b: Run, scatter: Scatter | None = None, criterion: Criterion | None = None) -> PairedResult:
    """B's speed over A's by throughput, or by median latency (see `wanted`); `scatter` as history knows it.

    Undecided without a ratio where one of them has no result, or nothing that both can be judged by.
    """
    by = wanted((a, b), criterion)
    left, right = (speed(run, by) if by is not None else None for run in (a, b))
    if left is None or right is None:
        return PairedResult(verdict="undecided")
    ln_ratio = right.ln - left.ln
    wide, narrow = (half_width(left, right, scatter, level) for level in (0.95, 0.90))
    if wide is None or narrow is None:
        return PairedResult(verdict="undecided", ratio=math.exp(ln_ratio))
    return PairedResult(
        verdict=judge(ln_ratio, wide, narrow),
        ratio=math.exp(ln_ratio),
        ci95=around(ln_ratio, wide),
        ci90=around(ln_ratio, narrow),
    )


def sentence(found: PairedResult, a: Run, b: Run, criterion: Criterion | None = None) -> str:
    """As of a comparison in turn, with what was judged by; without a ratio, why there is none. Safe to show."""
    by = wanted((a, b), criterion)
    if found.ratio is not None or a.result is None or b.result is None:
        named = f", by {BASES[by]}" if by is not None and found.ratio is not None else ""
        return f"{paired.sentence(found)}{named}"
    if by is None:
        return "Undecided: how fast a server is at one rate says nothing of others; their latencies tell"
    return "Undecided: one of them has too few inferences for a median latency"


def rests_on(scatter: Scatter | None = None) -> str:
    """What the doubt of recorded runs rests on, and what it means at best."""
    deviation = ASSUMED if scatter is None else scatter.deviation
    source = "assumed" if scatter is None else f"from {plural(scatter.runs, 'run')}"
    named = "" if scatter is None else f" in {BASES[scatter.by]}"
    exact = Speed(0.0, 0.0)
    least = math.expm1(DIFFERENT + (half_width(exact, exact, scatter, 0.95) or 0.0))
    return (
        f"They were measured at different times. Runs of one spec scatter by {percent(deviation)}{named} here "
        f"({source}), so that a difference below {percent(least)} decides nothing."
    )


def _median(run: Run) -> Speed | None:
    latency = None if run.result is None else run.result.latency_ms
    found = None if latency is None or not latency.p50 else _speed(latency.p50, latency.interval("p50"))
    return None if found is None else Speed(-found.ln, found.error)


def _speed(mean: float, ci95: tuple[float, float] | None) -> Speed | None:
    if not 0 < mean < math.inf:
        return None
    if ci95 is None or not 0 < ci95[0] <= ci95[1] < math.inf:
        return Speed(math.log(mean), None)
    return Speed(math.log(mean), math.log(ci95[1] / ci95[0]) / 2 / normal_quantile(0.975))
