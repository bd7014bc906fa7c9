"""Where a model's runs of one spec became slower or faster, and what changed in the environment there.

A change point is where the mean of the runs' logarithms steps. It is looked for as in the performance tests of MongoDB
(D. Daly et al., "The use of change point detection to identify software performance regressions in a continuous
integration system", ICPE 2020): the likeliest place is split off, if it stands out, and the parts are searched in turn.
Different from there:

- A machine has good days and bad days: runs resemble the ones before, and a level that wanders looks like steps. So the
  statistic is that of a step *beside* what the run before explains (regression on 1, the run before, and the step, as
  in P. Perron, "The great crash, the oil price shock, and the unit root hypothesis", Econometrica 57, 1989), made
  comparable between lengths (D. Wallace, Annals of Mathematical Statistics 30, 1959); and it must be larger than in
  97 % of series of the same length that do nothing but wander: an AR(1) process of .8 (STEP_LIMITS).
- It is sought in intervals of halving length (S. Kovács et al., "Seeded binary segmentation", Biometrika 110, 2023):
  over all runs together, a regression that was mended again is no step.
- A step has _SIDE runs on each side, and stays a step without any three runs in a row: those are a few bad ones.
- A drift is no step. Between its neighbours, a step must explain the runs better than a line does, and than a line
  with a knee, by the Bayesian information criterion (G. Schwarz, Annals of Statistics 6, 1978); and so must all steps
  together. What drifts is told as a drift: a slope beside what the run before explains, beyond DRIFT_LIMITS.
- That needs TELLS runs. Of fewer, a step that is clear beyond doubt (CLEAR_STEP, CLEAR_ERRORS) is believed from two
  runs on each side, at ASSUMED_SCATTER between runs, or what is seen if that is more.

How often it errs and what it finds: `python -m tests.benchmarks.changes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from ovtui.analysis.arrays import Floats, Ints
from ovtui.analysis.autoregression import TINY, news, normal_square, slope_height
from ovtui.analysis.comparison.confounders import differences
from ovtui.analysis.measurement_key import series_key
from ovtui.analysis.t_quantile import t_quantile
from ovtui.formatting import number, percent, plural, shape, when
from ovtui.records import Run
from ovtui.sanitize import plain

Figure = Literal["throughput_fps", "p50_ms"]

FEWEST = 4
"""Runs without which nothing is said: two before, two after."""
TELLS = 10
"""Runs from which on the series itself tells how much its runs scatter."""
SMALLEST_STEP = 0.02
CLEAR_STEP, ASSUMED_SCATTER = 0.05, 0.03
CLEAR_ERRORS = 4.0  # standard errors

_SIDE = 4  # runs on each side of a step
_CLEAR_SIDE = 2
_KNEES = 50  # places of a knee that are tried
_BAD, _STAYS = 3, 2.0  # runs in a row that make no step, and standard errors by which it holds without them
_SHORTEST = 10  # interval, in runs that have one before them
STEP_LIMITS = ((10, 9.3), (20, 12.2), (30, 15.0), (100, 19.0), (400, 23.0), (1600, 26.5))
DRIFT_LIMITS = ((10, 7.0), (12, 7.0), (15, 8.0), (30, 7.4), (50, 6.8), (100, 5.4), (400, 5.0))
"""Runs, and what 3 % of series exceed that only wander, AR(.8): simulated, 1,500 series of each length."""


@dataclass(frozen=True)
class Change:
    """A step in a series: from the run at place `at` on, the figure was `ratio` times what it had been."""

    at: int
    run: Run  # the first one after it
    ratio: float  # of the figure, after over before
    ci95: tuple[float, float]
    slower: bool
    before: float  # the figure's mean since the change before this one
    after: float  # until the next change
    runs_before: int
    runs_after: int
    circumstances: tuple[str, ...]  # what else changed there


@dataclass(frozen=True)
class Drift:
    """A figure that moved gradually, run by run: from the first of `runs` runs to the last one it became `ratio` times
    what it had been, along a line.
    """

    at: int  # place of the first run
    run: Run
    last: Run
    ratio: float
    ci95: tuple[float, float]
    slower: bool
    before: float  # at the ends of the line
    after: float
    runs: int


@dataclass(frozen=True)
class RunSeries:
    """Runs of one spec on one machine, oldest first, the figure that they are compared by, its steps and drifts."""

    figure: Figure
    runs: tuple[Run, ...]
    values: tuple[float, ...]
    changes: tuple[Change, ...]
    drifts: tuple[Drift, ...] = ()

    @property
    def missing(self) -> int:
        """Runs without which nothing can be said yet."""
        return max(0, FEWEST - len(self.runs))


def series_of(runs: Iterable[Run]) -> list[RunSeries]:
    """The series that `runs`, in any order, are made of; the one that was measured last comes first.

    Runs that are not done, or lack the figure, are left out. A file that was imported with several contents is one
    series: that its content changed may be why its speed did.
    """
    alike: dict[bytes, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.created, run.id)):
        if run.status == "done" and _value(run, _figure(run)) is not None:
            alike.setdefault(series_key(run), []).append(run)
    found = [_series(group) for group in alike.values()]
    return sorted(found, key=lambda series: series.runs[-1].created, reverse=True)


def change_points(values: Sequence[float], errors: Sequence[float]) -> list[int]:
    """Places of the first value after each step, ascending.

    `values` > 0 in order of time; `errors`: standard error of each over the value itself, 0 where it is not known.
    The same values give the same places.
    """
    if len(values) < FEWEST:
        return []
    logs, own = np.log(np.asarray(values, np.float64)), np.square(np.asarray(errors, np.float64))
    found: list[int] = []
    if len(logs) < TELLS:
        clear = _clear_step(logs, own)
        found = [] if clear is None else [clear]
    else:
        _search(logs, own, 0, found)
    side = _CLEAR_SIDE if len(logs) < TELLS else _SIDE
    return _worth_telling(logs, _steps(logs, _settled(logs, sorted(found), side), side), side)


def drifts(values: Sequence[float], places: Sequence[int]) -> list[tuple[int, int]]:
    """Begin and end (places of the first and behind the last value) of the parts between steps that drift."""
    logs = np.log(np.asarray(values, np.float64))
    return [(begin, end) for begin, end in pairwise([0, *places, len(logs)]) if _drifts(logs[begin:end])]


def title(series: RunSeries) -> str:
    """The spec in words, as far as it was asked for, and the machine: safe to show."""
    run = series.runs[-1]
    spec, batch = run.spec, run.effective.batch if run.effective else run.spec.batch
    parts = [f"{spec.mode} on {plain(spec.device, 40)}"]
    parts += [f"batch {batch}"] if batch else []
    for name in ("streams", "threads", "requests", "precision"):
        if getattr(spec, name) is not None:
            parts.append(f"{name} {getattr(spec, name)}")
    parts += [f"{spec.rate:g} arrivals per second"] if spec.mode == "server" and spec.rate is not None else []
    parts += [f"requests by {spec.api}"] if spec.api != "threads" else []
    parts += ["state kept"] if spec.keep_state else []
    parts += [f"{plain(name, 40)} {shape(dims)}" for name, dims in sorted(spec.shapes.items())]
    parts += [f"{plain(name, 40)}={plain(value, 40)}" for name, value in sorted(spec.properties.items())]
    parts += [f"layout of {plain(name, 40)} {plain(value, 20)}" for name, value in sorted(spec.layouts.items())]
    parts += [f"inputs from {plain(data.path, 60)}" for data in spec.data]
    parts += [f"machine {plain(run.environment.host, 60)}"] if run.environment else []
    return ", ".join(parts)


def sentences(change: Change, figure: Figure) -> str:
    """When, how much, and what else changed there; safe to show.

    `since 2026-11-20 12:03, run abc: 6.3 % slower (5.1–7.6 %), 190 → 178 FPS. Different OpenVINO: 2026.3 and 2026.4.`
    """
    sign = 1 if change.ratio > 1 else -1
    low, high = sorted(100 * sign * (end - 1) for end in change.ci95)
    unit = "ms p50" if figure == "p50_ms" else "FPS"
    text = (
        f"since {when(change.run.created)}, run {plain(change.run.id, 40)}: "
        f"{percent(abs(change.ratio - 1))} {'slower' if change.slower else 'faster'} ({low:.1f}–{high:.1f} %), "
        f"{number(change.before)} → {number(change.after)} {unit}."
    )
    return " ".join([text, *(change.circumstances or ("Nothing else that is recorded changed there.",))])


def drift_sentence(drift: Drift, figure: Figure) -> str:
    """`12 % slower, gradually over 30 runs (9.8–14.1 %), from 2026-11-20 12:03 to 2026-11-29 12:01: 100 → 88 FPS.`"""
    sign = 1 if drift.ratio > 1 else -1
    low, high = sorted(100 * sign * (end - 1) for end in drift.ci95)
    unit = "ms p50" if figure == "p50_ms" else "FPS"
    return (
        f"{percent(abs(drift.ratio - 1))} {'slower' if drift.slower else 'faster'}, gradually over "
        f"{drift.runs:,} runs ({low:.1f}–{high:.1f} %), from {when(drift.run.created)} to "
        f"{when(drift.last.created)}: {number(drift.before)} → {number(drift.after)} {unit}."
    )


def latest(series: RunSeries) -> str:
    """The last that happened to a series, in a sentence: a drift after its last step, else that step, else nothing."""
    if series.drifts and (not series.changes or series.drifts[-1].at >= series.changes[-1].at):
        return f"drift: {drift_sentence(series.drifts[-1], series.figure)}"
    return sentences(series.changes[-1], series.figure) if series.changes else no_change(series)


def no_change(series: RunSeries) -> str:
    """What a series without a change says, and how many runs it takes to say more."""
    runs = len(series.runs)
    if series.missing:
        return f"{plural(runs, 'run')}: a large change shows from {FEWEST} on, a small one from {TELLS}."
    if runs < TELLS:
        return f"no large change in {runs} runs; a small one shows from {TELLS} on."
    return f"no change in {runs:,} runs."


# -- runs


def _figure(run: Run) -> Figure:
    # At a given arrival rate, the throughput is that rate.
    return "p50_ms" if run.spec.mode in ("latency", "server") else "throughput_fps"


def _value(run: Run, figure: Figure) -> float | None:
    if run.result is None:
        return None
    value: float | None = run.result.throughput_fps.mean
    if figure == "p50_ms":
        latency = run.result.latency_ms
        unknown = "p50" in latency.weak and latency.interval("p50") is None  # it cannot be weighed
        value = None if unknown else latency.p50
    return value if value and 0 < value < math.inf else None


def _error(run: Run, figure: Figure, value: float) -> float:
    """Standard error over the value, from the run's own interval."""
    assert run.result is not None
    p50 = figure == "p50_ms"
    ends = run.result.latency_ms.interval("p50") if p50 else run.result.throughput_fps.ci95
    return (ends[1] - ends[0]) / 3.92 / value if ends else 0.0


def _series(runs: Sequence[Run]) -> RunSeries:
    figure = _figure(runs[0])
    values = [value for run in runs if (value := _value(run, figure)) is not None]
    errors = [_error(run, figure, value) for run, value in zip(runs, values, strict=True)]
    places = change_points(values, errors)
    changes = [
        _change(runs, values, errors, begin, at, end)
        for (begin, at), (_, end) in pairwise(pairwise([0, *places, len(runs)]))
    ]
    gradual = tuple(_drift(runs, values, begin, end) for begin, end in drifts(values, places))
    return RunSeries(figure, tuple(runs), tuple(values), tuple(changes), gradual)


def _change(
    runs: Sequence[Run], values: Sequence[float], errors: Sequence[float], begin: int, at: int, end: int
) -> Change:
    left, right = np.log(values[begin:at]), np.log(values[at:end])
    step, half = float(right.mean() - left.mean()), _half_width(left, right, errors[begin:at], errors[at:end])
    ratio = math.exp(step)
    return Change(
        at=at,
        run=runs[at],
        ratio=ratio,
        ci95=(math.exp(step - half), math.exp(step + half)),
        slower=(ratio > 1) == (_figure(runs[at]) == "p50_ms"),
        before=math.exp(float(left.mean())),
        after=math.exp(float(right.mean())),
        runs_before=at - begin,
        runs_after=end - at,
        circumstances=_circumstances(runs, at),
    )


def _drift(runs: Sequence[Run], values: Sequence[float], begin: int, end: int) -> Drift:
    logs, count = np.log(values[begin:end]), end - begin
    slope, level, rest = _line(logs)
    error = math.sqrt(float(rest @ rest) / (count - 2) / (count * (count**2 - 1) / 12))
    resemblance = min(max(float(rest[1:] @ rest[:-1]) / max(float(rest @ rest), TINY**2), 0.0), 0.9)
    # Of runs that resemble each other, so many fewer tell something of their own.
    half = t_quantile(0.975, count - 2) * error * math.sqrt((1 + resemblance) / (1 - resemblance)) * (count - 1)
    moved = slope * (count - 1)
    ratio = math.exp(moved)
    return Drift(
        at=begin,
        run=runs[begin],
        last=runs[end - 1],
        ratio=ratio,
        ci95=(math.exp(moved - half), math.exp(moved + half)),
        slower=(ratio > 1) == (_figure(runs[begin]) == "p50_ms"),
        before=math.exp(level - moved / 2),
        after=math.exp(level + moved / 2),
        runs=count,
    )


def _half_width(left: Floats, right: Floats, *errors: Sequence[float]) -> float:
    """Half the 95 % interval of the difference of two means: Student's, of runs that scatter alike before and after.

    They scatter by no less than their own doubt. Fewer than TELLS of them say little about it; there, the scatter that
    is assumed counts as if TELLS runs had shown it.
    """
    size, dof = (len(left), len(right)), len(left) + len(right) - 2
    scatter = (float(left.var()) * size[0] + float(right.var()) * size[1]) / dof
    if sum(size) < TELLS:
        scatter, dof = max(scatter, ASSUMED_SCATTER**2), TELLS - 2
    own = [float(np.square(part).mean()) for part in errors]
    square = sum(max(scatter, mine, TINY**2) / n for mine, n in zip(own, size, strict=True))
    return t_quantile(0.975, dof) * math.sqrt(square)


def _circumstances(runs: Sequence[Run], at: int) -> tuple[str, ...]:
    """What differs between the runs around a change; if nothing, a run further on each side: its place is uncertain."""
    return _different(runs[at - 1], runs[at]) or _different(runs[at - 2], runs[at + 1])


def _different(a: Run, b: Run) -> tuple[str, ...]:
    """In sentences, the likeliest cause first."""
    found = []
    if a.model.sha256 != b.model.sha256:
        found.append(f"Different content of the model's file: SHA-256 {a.model.sha256[:8]} and {b.model.sha256[:8]}.")
    found += differences(a, b)
    if a.effective is not None and b.effective is not None:
        for name in ("streams", "threads", "requests", "precision"):
            left, right = getattr(a.effective, name), getattr(b.effective, name)
            if left != right:
                found.append(f"Different {name}: {left or 'unknown'} and {right or 'unknown'}.")
    return tuple(found)


# -- numbers


def _search(x: Floats, own: Floats, begin: int, found: list[int]) -> None:
    """Add the places of the steps in x, shape (n,), whose first value has the place `begin` among all."""
    if len(x) < TELLS:
        return
    height, place = _likeliest(x, float(own.mean()))
    if height < _limit(STEP_LIMITS, len(x)):
        return
    found.append(begin + place)
    _search(x[:place], own[:place], begin, found)
    _search(x[place:], own[place:], begin + place, found)


def _limit(limits: Sequence[tuple[int, float]], count: int) -> float:
    """Between the lengths that were simulated, linear in the logarithm of the length."""
    lengths, heights = zip(*limits, strict=True)
    return float(np.interp(math.log(count), np.log(lengths), heights))


def _layers(n: int, shortest: int) -> list[tuple[int, Ints]]:
    """Lengths, halving from n down to `shortest`, and where the intervals of each begin; they overlap by half."""
    layers, length = [], n
    while length >= shortest or length == n:
        layers.append((length, np.unique(np.append(np.arange(0, n - length, max(1, length // 2)), n - length))))
        length //= 2
    return layers


def _likeliest(x: Floats, own: float) -> tuple[float, int]:
    """The largest square of the statistic, which is normal where nothing steps, and its place in x, shape (n,).

    `own` is the variance of a run by its own doubt. Each run but the first is explained by the one before it; what that
    leaves of the runs, and of a step, is what they are compared by (Frisch–Waugh).
    """
    best, place = -1.0, 0
    centred = x - x.mean()
    for length, begins in _layers(len(x) - 1, _SHORTEST):
        left = np.arange(_SIDE - 1, length - _SIDE + 1)  # runs before the step, beside the first one
        if not len(left):
            continue
        for begin in begins:
            fresh, energy, before = news(centred[begin : begin + length + 1])
            after = fresh.sum() - np.cumsum(fresh)[left - 1]
            explained = before.sum() - np.cumsum(before)[left - 1]
            of_step = left * (length - left) / length - np.square(explained) / energy
            gain = np.where(of_step > 1e-9 * length, np.square(after) / np.maximum(of_step, TINY), 0.0)
            which = int(gain.argmax())
            dof = length - 3
            height = normal_square(float(gain[which]), float(fresh @ fresh), dof, own)
            if height > best:
                best, place = height, int(begin) + int(left[which]) + 1
    return best, place


def _drifts(x: Floats) -> bool:
    """Whether x, shape (n,), moves along a line by more than what is worth telling, beyond what wandering explains."""
    if len(x) < TELLS:
        return False
    slope, _, _ = _line(x)
    if abs(slope) * (len(x) - 1) <= math.log1p(SMALLEST_STEP):
        return False
    return slope_height(x) > _limit(DRIFT_LIMITS, len(x))


def _line(x: Floats) -> tuple[float, float, Floats]:
    """Slope for each run, the level in the middle, and what the line leaves of x, shape (n,)."""
    time = np.arange(len(x)) - (len(x) - 1) / 2
    level, slope = float(x.mean()), float(time @ x) / float(time @ time)
    return slope, level, x - level - slope * time


def _steps(x: Floats, places: Sequence[int], side: int) -> list[int]:
    """The places that are steps and no part of a drift, the least convincing ones taken away first."""
    kept = list(places)
    while kept:
        ends = [0, *kept, len(x)]
        better = [
            _better_than_drift(x[a:c], b - a) if side < _SIDE or _stays(x[a:c], b - a) else -math.inf
            for a, b, c in zip(ends, ends[1:], ends[2:], strict=False)
        ]
        worst = min(range(len(kept)), key=better.__getitem__)
        if better[worst] > 0:
            break
        del kept[worst]
        kept = _settled(x, kept, side)
    return [] if _is_line(x, kept) else kept


def _is_line(x: Floats, places: Sequence[int]) -> bool:
    """Whether one line explains all of x better than these steps do."""
    rest, least, n = _line(x)[2], len(x) * TINY**2, len(x)
    stairs = sum(float(np.square(x[a:b] - x[a:b].mean()).sum()) for a, b in pairwise([0, *places, n]))
    line, stairs = (n * math.log(max(each, least)) for each in (float(rest @ rest), stairs))
    return bool(places) and line + 2 * math.log(n) < stairs + (2 * len(places) + 1) * math.log(n)


def _stays(x: Floats, place: int) -> bool:
    """Whether x steps at `place` by half as much at least, and beyond doubt, without any _BAD runs in a row."""
    left, right = x[:place], x[place:]
    step = float(right.mean() - left.mean())
    spread = math.sqrt(float((left.var() * len(left) + right.var() * len(right)) / max(1, len(x) - 2)))
    for part, other in ((left, right), (right, left)):
        whole, count = float(part.sum()), len(part) - _BAD
        sums = np.convolve(part, np.ones(_BAD), "valid")
        rest = np.abs((whole - sums) / count - float(other.mean()))
        least = _STAYS * max(spread, TINY) * math.sqrt(1 / count + 1 / len(other))
        if float(rest.min()) < max(abs(step) / 2, least):
            return False
    return True


def _better_than_drift(x: Floats, place: int) -> float:
    """How much more convincing a step at `place` is than a line, and than a line with a knee: the smaller difference
    of their information criteria, above 0 if it is.
    """
    n, least = len(x), len(x) * TINY**2
    step = sum(float(np.square(part - part.mean()).sum()) for part in (x[:place], x[place:]))
    rest = _line(x)[2]
    line = float(rest @ rest)
    knee = line
    for at in range(2, n - 2, max(1, n // _KNEES)):
        time = np.arange(n) - at
        both = np.stack([np.ones(n), np.minimum(time, 0.0), np.maximum(time, 0.0)])
        fitted = np.linalg.lstsq(both.T, x, rcond=None)[0] @ both
        knee = min(knee, float(np.square(x - fitted).sum()))
    step, line, knee = (n * math.log(max(each, least)) for each in (step, line, knee))
    per_parameter = math.log(n)
    return min(line - step - per_parameter, knee - step + per_parameter)


def _clear_step(x: Floats, own: Floats) -> int | None:
    """The place of the clearest step in x, shape (n,), that no plausible scatter explains; own: variances, (n,)."""
    if len(x) < FEWEST:
        return None
    # Differences between runs beside each other hold the scatter, and few of them a step.
    calm = 1.4826 * float(np.median(np.abs(x[1:] - x[:-1]))) / math.sqrt(2) * (1 + 2 / len(x))
    sums, squares, doubts = (np.append(0.0, np.cumsum(each)) for each in (x - x.mean(), np.square(x - x.mean()), own))
    best, found = CLEAR_ERRORS, None
    for length, begins in _layers(len(x), FEWEST):
        left = np.arange(_CLEAR_SIDE, length - _CLEAR_SIDE + 1)
        right = length - left
        begin, middle, end = begins[:, None], begins[:, None] + left, begins[:, None] + length
        step = (sums[end] - sums[middle]) / right - (sums[middle] - sums[begin]) / left
        within = squares[end] - squares[begin] - np.square(sums[end] - sums[begin]) / length
        within = within - np.square(step) * left * right / length
        scatter = np.maximum(within / (length - 2), max(ASSUMED_SCATTER, calm) ** 2)
        doubt = (doubts[middle] - doubts[begin]) / left**2 + (doubts[end] - doubts[middle]) / right**2
        errors = np.abs(step) / np.sqrt(scatter * (1 / left + 1 / right) + doubt)
        errors[np.abs(step) <= math.log1p(CLEAR_STEP)] = 0.0
        place = int(errors.argmax())
        if errors.flat[place] > best:
            best, found = float(errors.flat[place]), int(middle.flat[place])
    return found


def _settled(x: Floats, places: Sequence[int], side: int) -> list[int]:
    """Each place moved to where the step between its neighbours is clearest, with `side` runs at least on each side."""
    settled = [0, *places, len(x)]
    for _ in range(2):
        for i in range(1, len(settled) - 1):
            begin, end = settled[i - 1], settled[i + 1]
            sizes = np.arange(side, end - begin - side + 1)
            if not len(sizes):
                continue
            sums = np.cumsum(x[begin:end] - x[begin:end].mean())[sizes - 1]
            settled[i] = begin + int(sizes[np.argmax(np.square(sums) / (sizes * (end - begin - sizes)))])
    return settled[1:-1]


def _worth_telling(x: Floats, places: Sequence[int], side: int) -> list[int]:
    """Without the steps that are too small, the smallest first: taking one away moves the means beside it."""
    kept = list(places)
    while kept:
        means = [float(x[a:b].mean()) for a, b in pairwise([0, *kept, len(x)])]
        steps = [abs(after - before) for before, after in pairwise(means)]
        smallest = min(range(len(kept)), key=steps.__getitem__)
        if steps[smallest] > math.log1p(SMALLEST_STEP):
            break
        del kept[smallest]
        kept = _settled(x, kept, side)
    return kept
