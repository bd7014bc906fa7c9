"""Where a model's runs of one spec became slower or faster, and what changed in the environment there.

A change point is where the mean of the runs' logarithms steps. It is looked for as in the performance tests of MongoDB
(D. Daly et al., "The use of change point detection to identify software performance regressions in a continuous
integration system", ICPE 2020, after D. Matteson & N. James, JASA 109, 2014): the likeliest place is split off, if it
stands out from what random orders of the same runs give, and the parts are searched in turn. Different from there:

- The statistic is a t of the two means, with the scatter between runs or, where that is larger, the runs' own doubt,
  made comparable between lengths (D. Wallace, Annals of Mathematical Statistics 30, 1959). It is sought in intervals of
  halving length (S. Kovács et al., "Seeded binary segmentation", Biometrika 110, 2023): over all runs together, a
  regression that was mended again is no step.
- What is put in random order are the runs less the steps seen so far, and less their resemblance to the run before
  (an AR(1) process, which is added again): a machine has good days and bad days, and these are no changes.
- That needs TELLS runs. A step that is clear beyond doubt (CLEAR_STEP, CLEAR_ERRORS) is believed from two runs on each
  side, at ASSUMED_SCATTER between runs, or what is seen if that is more.

Simulated, 2,000 series each. False alarms in 30 stable runs: scatter 1 % 0, 3 % .15 %, 8 % .15 %, t with 3 degrees of
freedom .5 %, every seventh run disturbed .9 %; AR(.3) of 3 % 1.1 %, AR(.5) of 1 % .7 %, but AR(.5) of 3 % 4.6 %.
Found at 1.5 % scatter: a step of 5 % with 10 runs on each side .97, 7 .81, 5 .54, with 5 runs after 20 .92, 3 after 27
.72; of 3 % with 15 .78; of 20 % with 2 .74; 10 runs 5 % slower between 10 and 10 others .76.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np

from ovtui import words
from ovtui.analysis.arrays import Floats, Ints
from ovtui.analysis.comparing.circumstances import differences
from ovtui.analysis.student import normal_quantile, t_quantile
from ovtui.records import Run
from ovtui.text import plain

Figure = Literal["throughput_fps", "p50_ms"]

FEWEST = 4
"""Runs without which nothing is said: two before, two after."""
TELLS = 10
"""Runs from which on the series itself tells how much its runs scatter."""
SMALLEST_STEP = 0.02
CLEAR_STEP, ASSUMED_SCATTER = 0.05, 0.03
CLEAR_ERRORS, CLEAR_AMONG_MANY = 4.0, 5.0  # standard errors; among TELLS runs and more, many places are tried

_SIDE = 3  # runs on each side, where random orders decide
_CLEAR_SIDE = 2
_ORDERS, _HIGHER = 499, 3  # random orders, and how many of them may stand out as much: p ≤ 4 / 500
_MANY, _MANY_ORDERS = 60, 199  # of a long series fewer, and none of them: p ≤ 1 / 200
_UNLIKELY = normal_quantile(0.995) ** 2  # of the statistic: the runs' own doubt is the same in any order
_SEEN = 18.0  # square of the statistic from which on a second step is taken out before the runs are shuffled
_LEAST_RESEMBLANCE, _MOST_RESEMBLANCE = 0.1, 0.9
_TINY = 1e-6  # of a mean: nothing is measured more precisely
_SEED = 5


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
class RunSeries:
    """Runs of one spec on one machine, oldest first, the figure that they are compared by, and its changes."""

    figure: Figure
    runs: tuple[Run, ...]
    values: tuple[float, ...]
    changes: tuple[Change, ...]

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
            alike.setdefault(_kind(run), []).append(run)
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
    _search(logs, own, 0, found, np.random.default_rng(_SEED))
    return _worth_telling(logs, _settled(logs, sorted(found)))


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
    parts += [f"{plain(name, 40)} {words.shape(dims)}" for name, dims in sorted(spec.shapes.items())]
    parts += [f"{plain(name, 40)}={plain(value, 40)}" for name, value in sorted(spec.properties.items())]
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
        f"since {words.when(change.run.created)}, run {plain(change.run.id, 40)}: "
        f"{words.percent(abs(change.ratio - 1))} {'slower' if change.slower else 'faster'} ({low:.1f}–{high:.1f} %), "
        f"{words.number(change.before)} → {words.number(change.after)} {unit}."
    )
    return " ".join([text, *(change.circumstances or ("Nothing else that is recorded changed there.",))])


def no_change(series: RunSeries) -> str:
    """What a series without a change says, and how many runs it takes to say more."""
    runs = len(series.runs)
    if series.missing:
        return f"{words.plural(runs, 'run')}: a large change shows from {FEWEST} on, a small one from {TELLS}."
    if runs < TELLS:
        return f"no large change in {runs} runs; a small one shows from {TELLS} on."
    return f"no change in {runs:,} runs."


# -- runs


def _kind(run: Run) -> bytes:
    """The same for runs of one spec on one machine.

    Settings count as they were asked for: when another version of OpenVINO chooses other streams by itself, that is a
    change in the series, not another series. Batch and shapes are those measured with, since a file has its own.
    """
    spec, effective = run.spec, run.effective
    asked = (spec.device, spec.mode, spec.api, spec.streams, spec.threads, spec.requests, spec.precision)
    kept = ("state kept",) if spec.keep_state else ()
    load = (spec.rate, spec.queue) if spec.mode == "server" else None
    batch = effective.batch if effective else spec.batch
    shapes = effective.shapes if effective else spec.shapes
    host = run.environment.host if run.environment else None
    whole = (run.model.path, host, asked, load, batch, shapes, spec.properties, spec.data, *kept)
    return msgspec.json.encode(whole, order="deterministic")


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
    return RunSeries(figure, tuple(runs), tuple(values), tuple(changes))


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
    square = sum(max(scatter, mine, _TINY**2) / n for mine, n in zip(own, size, strict=True))
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


def _search(x: Floats, own: Floats, begin: int, found: list[int], random: np.random.Generator) -> None:
    """Add the places of the steps in x, shape (n,), whose first value has the place `begin` among all."""
    place = _step(x, float(own.mean()), random) if len(x) >= TELLS else None
    place = place or _clear_step(x, own)
    if place is None:
        return
    found.append(begin + place)
    _search(x[:place], own[:place], begin, found, random)
    _search(x[place:], own[place:], begin + place, found, random)


def _step(x: Floats, own: float, random: np.random.Generator) -> int | None:
    """The likeliest place of a step in x, shape (n,), if random orders seldom show one as likely; own: variance."""
    layers = _layers(len(x), TELLS - 2)
    (height,), (place,) = _likeliest(x[None], own, layers)
    if height < _UNLIKELY:
        return None
    rest, parts = _without_steps(x, own, int(place))
    resemblance = _resemblance(rest, parts)
    news = rest.copy()
    news[1:] -= resemblance * rest[:-1]
    news[0] *= math.sqrt(1 - resemblance**2)
    orders, allowed = (_ORDERS, _HIGHER) if len(x) <= _MANY else (_MANY_ORDERS, 0)
    done = higher = 0
    while done < orders:
        # Most series have no step, and show that in the first few orders.
        shuffled = random.permuted(np.tile(news, (min(20 if not done else 80, orders - done), 1)), axis=1)
        shuffled[:, 0] /= math.sqrt(1 - resemblance**2)
        for now in range(1, len(x)):
            shuffled[:, now] += resemblance * shuffled[:, now - 1]
        higher += int((_likeliest(shuffled, own, layers)[0] >= height).sum())
        done += len(shuffled)
        if higher > allowed:
            return None
    return int(place)


def _layers(n: int, shortest: int) -> list[tuple[int, Ints]]:
    """Lengths, halving from n down to `shortest`, and where the intervals of each begin; they overlap by half."""
    layers, length = [], n
    while length >= shortest or length == n:
        layers.append((length, np.unique(np.append(np.arange(0, n - length, max(1, length // 2)), n - length))))
        length //= 2
    return layers


def _likeliest(x: Floats, own: float, layers: Sequence[tuple[int, Ints]]) -> tuple[Floats, Ints]:
    """The largest square of the statistic, which is normal where nothing steps, and its place: of each row of x (m, n).

    `own` is the variance of a run by its own doubt.
    """
    rows = np.arange(len(x))
    best, places = np.full(len(x), -1.0), np.zeros(len(x), np.int64)
    sums = np.pad(np.cumsum(x - x.mean(axis=1, keepdims=True), axis=1), ((0, 0), (1, 0)))
    squares = np.pad(np.cumsum(np.square(x - x.mean(axis=1, keepdims=True)), axis=1), ((0, 0), (1, 0)))
    for length, begins in layers:
        sizes = np.arange(_SIDE, length - _SIDE + 1)
        whole = sums[:, begins + length] - sums[:, begins]
        apart = sums[:, begins[:, None] + sizes] - sums[:, begins, None] - whole[:, :, None] * (sizes / length)
        between = np.square(apart) * (length / (sizes * (length - sizes)))
        likeliest = between.argmax(axis=2)
        between = np.take_along_axis(between, likeliest[:, :, None], axis=2)[:, :, 0]
        within = squares[:, begins + length] - squares[:, begins] - np.square(whole) / length - between
        dof = length - 2
        t_square = between / np.maximum(within / dof, max(own, _TINY**2))
        # Wallace's approximation of the normal value as unlikely as a t of so many degrees of freedom.
        height = dof * np.log1p(t_square / dof) * ((8 * dof + 1) / (8 * dof + 3)) ** 2
        which = height.argmax(axis=1)
        higher = height[rows, which] > best
        best = np.where(higher, height[rows, which], best)
        places = np.where(higher, begins[which] + sizes[likeliest[rows, which]], places)
    return best, places


def _without_steps(x: Floats, own: float, place: int) -> tuple[Floats, int]:
    """x less the means of its parts: split at `place`, and again wherever that stands out; and how many parts."""
    cuts, open_ = [0, place, len(x)], [(0, place), (place, len(x))]
    while open_:
        begin, end = open_.pop()
        if end - begin < 2 * _SIDE + 2:
            continue
        (height,), (at,) = _likeliest(x[None, begin:end], own, _layers(end - begin, end - begin))
        if height > _SEEN:
            cuts.append(begin + int(at))
            open_ += [(begin, cuts[-1]), (cuts[-1], end)]
    return np.concatenate([x[a:b] - x[a:b].mean() for a, b in pairwise(sorted(cuts))]), len(cuts) - 1


def _resemblance(rest: Floats, parts: int) -> float:
    """φ of an AR(1) process, from what is left after the means of so many parts are taken away, which makes it smaller.

    Of few runs it is known so badly that none is taken to be zero.
    """
    energy, n = float(rest @ rest), len(rest)
    if not energy:
        return _LEAST_RESEMBLANCE
    raw = float(rest[1:] @ rest[:-1]) / energy
    return min(max((n * raw + parts) / max(n - parts, 1), _LEAST_RESEMBLANCE), _MOST_RESEMBLANCE)


def _clear_step(x: Floats, own: Floats) -> int | None:
    """The place of the clearest step in x, shape (n,), that no plausible scatter explains; own: variances, (n,)."""
    if len(x) < FEWEST:
        return None
    # Differences between runs near each other hold the scatter, and few of them a step; at a distance of three, runs
    # resemble each other no more.
    distance = 1 if len(x) < TELLS else 3
    calm = 1.4826 * float(np.median(np.abs(x[distance:] - x[:-distance]))) / math.sqrt(2) * (1 + 2 / len(x))
    sums, squares, doubts = (np.append(0.0, np.cumsum(each)) for each in (x - x.mean(), np.square(x - x.mean()), own))
    best, found = CLEAR_ERRORS if len(x) < TELLS else CLEAR_AMONG_MANY, None
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


def _settled(x: Floats, places: Sequence[int]) -> list[int]:
    """Each place moved to where the step between its neighbours is clearest."""
    settled = [0, *places, len(x)]
    for _ in range(2):
        for i in range(1, len(settled) - 1):
            begin, end = settled[i - 1], settled[i + 1]
            sizes = np.arange(_CLEAR_SIDE, end - begin - _CLEAR_SIDE + 1)
            sums = np.cumsum(x[begin:end] - x[begin:end].mean())[sizes - 1]
            settled[i] = begin + int(sizes[np.argmax(np.square(sums) / (sizes * (end - begin - sizes)))])
    return settled[1:-1]


def _worth_telling(x: Floats, places: Sequence[int]) -> list[int]:
    """Without the steps that are too small, the smallest first: taking one away moves the means beside it."""
    kept = list(places)
    while kept:
        means = [float(x[a:b].mean()) for a, b in pairwise([0, *kept, len(x)])]
        steps = [abs(after - before) for before, after in pairwise(means)]
        smallest = min(range(len(kept)), key=steps.__getitem__)
        if steps[smallest] > math.log1p(SMALLEST_STEP):
            break
        del kept[smallest]
    return kept
