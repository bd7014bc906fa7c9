"""Which setting to probe next when looking for the best one: a pure function of what is known so far.

It begins at the device's own choice, the corner of low latency and two spread points, then climbs: of the neighbours of
the best so far, on the log₂ grid, the one that is expected to gain the most, until none is expected to gain anything
worth a measurement. Neighbours are judged by all that was measured (`kriging`), so that a direction that got worse
beyond doubt, or stays flat, ends by itself. A cell that failed is a wall.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.exploration import selection
from ovtui.analysis.exploration.axis_scale import Lattice
from ovtui.analysis.exploration.gaussian_process import Expected, below, expected, expected_gain
from ovtui.analysis.exploration.grid import order, settings
from ovtui.analysis.latency_limit import limited_ms, spread
from ovtui.records import Cell, Grid, Limits, Setting

WORTH = 0.001
"""Expected gain in throughput below which a neighbour is not worth a probe."""
WORTH_WITHIN = 0.0002
"""The same within a latency limit: few settings keep it, so that little is learnt on the way, and little it costs."""
_NOISE = 0.015  # standard error of a probe's throughput that does not say its own; no probe is taken to be better
_LATENCY_NOISE = 0.05
_MEMORY_NOISE = 0.02
_HOPELESS = 0.02  # chance to keep the limits
_BEHIND_A_WALL = 0.3  # how likely what is larger in all than something that failed is to work


def next_probe(grid: Grid, cells: Sequence[Cell], hint_streams: int | None, limits: Limits) -> Setting | None:
    """The setting to probe next; None when no other one is expected to be better than the best so far.

    `cells` is what is known: measured, failed, being measured; what is not among them is open. `hint_streams` is what
    the device would choose. Raises InputError for an empty grid.
    """
    points = settings(grid)
    by_setting = {cell.setting: cell for cell in cells}
    done = {point for point in points if point in by_setting and by_setting[point].state != "open"}
    works = [by_setting[point] for point in points if point in done and by_setting[point].throughput_fps is not None]
    todo = [point for point in points if point not in done]
    starts = [point for point in first_probes(points, hint_streams) if point not in done]
    if not todo:
        return None
    lattice = Lattice(points)
    failed = [point for point in done if by_setting[point].state == "failed"]
    if not works:
        return starts[0] if starts else todo[0]
    view = _View(lattice, works, failed, limits)
    for start in starts:
        corner = (start.batch, start.streams) == (points[0].batch, points[0].streams)
        if corner or view.may_keep(start):  # the corner of low latency is known in any case
            return start
    at = view.best()
    # Chosen settings need not be in line with each other: any of them may be next.
    near = todo if grid.chosen else lattice.neighbours(at.setting, set(failed))
    return view.most_promising([point for point in near if point not in done], at)


def first_probes(points: Sequence[Setting], hint_streams: int | None) -> list[Setting]:
    """Where a search begins: the hint with the smallest batch, the smallest of both, and two points spread out."""
    batches, streams = _axis(points, "batch"), _axis(points, "streams")
    hint = min(streams, key=lambda value: abs(math.log2(value / (hint_streams or streams[-1]))))
    other = max(streams, key=lambda value: (abs(streams.index(value) - streams.index(hint)), value))
    last = len(batches) - 1
    wanted = ((batches[0], hint), (batches[0], streams[0]), (batches[round(0.7 * last)], hint),
              (batches[round(0.35 * last)], other))  # fmt: skip
    found: list[Setting] = []
    for batch, stream in wanted:
        nearest = min(points, key=lambda point: (_far(point, batch, stream), _plainness(point)))
        found += [nearest] if nearest not in found else []
    return found


def _axis(points: Iterable[Setting], name: str) -> list[int]:
    return sorted({getattr(point, name) for point in points})


def _far(point: Setting, batch: int, streams: int) -> float:
    return abs(math.log2(point.batch / batch)) + abs(math.log2(point.streams / streams))


def _plainness(point: Setting) -> tuple[float, float]:
    """Sorts first what leaves threads and requests to the device, then what gives it many threads, few requests."""
    return -(point.threads or math.inf), point.requests or 0.0


class _View:
    """What the measured cells say about the others."""

    def __init__(self, lattice: Lattice, works: Sequence[Cell], failed: Sequence[Setting], limits: Limits) -> None:
        self._lattice, self._works, self._failed, self._limits = lattice, works, failed, limits

    def best(self) -> Cell:
        """The best that keeps the limits; while none does, the one that misses them least."""
        nearest = min(self._works, key=lambda cell: (selection.excess(cell, self._limits), order(cell.setting)))
        return max(selection.able(self._works, self._limits), key=_fps, default=nearest)

    def may_keep(self, point: Setting) -> bool:
        """Whether it could keep the limits, from what is known; a start that surely does not is not tried."""
        guess = self._throughput([point])
        enough = below((guess.mean - self._needed([point])) / guess.deviation)
        return float((enough * self._fits([point]))[0]) > _HOPELESS

    def most_promising(self, points: Sequence[Setting], at: Cell) -> Setting | None:
        """The one to be tried, if it is worth it."""
        if not points:
            return None
        guess = self._throughput(points)
        if selection.excess(at, self._limits) > 1:
            return self._towards_the_limits(points, at, guess)
        able = [cell.setting for cell in selection.able(self._works, self._limits)]
        top = float(self._throughput(able).mean.max())
        gain = expected_gain(guess, top, self._needed(points)) * self._fits(points)
        gain *= [self._likely_to_work(point) for point in points]
        first = int(gain.argmax())
        worth = WORTH if self._limits.latency_ms is None else WORTH_WITHIN
        return points[first] if gain[first] >= worth else None

    def _towards_the_limits(self, points: Sequence[Setting], at: Cell, guess: Expected) -> Setting | None:
        """The one that is likely to miss the limits least; None if none is likely to miss them by less than `at`."""
        over = self._needed(points) - guess.mean - guess.deviation
        memory = self._memory(points)
        if memory is not None and self._limits.memory_mb:
            over = np.maximum(over, memory.mean - memory.deviation - math.log(self._limits.memory_mb))
        first = int(over.argmin())
        return points[first] if over[first] < math.log(selection.excess(at, self._limits)) else None

    def _needed(self, points: Sequence[Setting]) -> Floats:
        """The logarithm of the throughput from which on each keeps the latency limit, (m,); −∞ without one.

        In a closed loop latency = inputs in flight / throughput (J. Little, 1961), for the mean; a percentile is higher
        by a factor that changes gradually.
        """
        limit = self._limits.latency_ms
        known = {cell.setting: limited_ms(cell.latency_ms, self._limits.percentile) * _fps(cell)
                 for cell in self._works if cell.latency_ms is not None}  # fmt: skip
        doubts = [max(spread(cell.latency_ms, self._limits.percentile) or 0.0, _LATENCY_NOISE)
                  for cell in self._works if cell.latency_ms is not None]  # fmt: skip
        if limit is None or not known:
            return np.full(len(points), -np.inf)
        factors = np.log([max(value, 1e-9) / _in_flight(setting) for setting, value in known.items()])
        factor = self._expected(known, factors, np.array(doubts), points).mean
        return np.asarray(factor + np.log([_in_flight(point) for point in points]) - math.log(max(limit, 1e-9)))

    def _fits(self, points: Sequence[Setting]) -> Floats:
        """How likely each is to keep the memory limit, (m,)."""
        memory, limit = self._memory(points), self._limits.memory_mb
        if memory is None or limit is None:
            return np.ones(len(points))
        return below((math.log(max(limit, 1e-9)) - memory.mean) / np.maximum(memory.deviation, 1e-9))

    def _memory(self, points: Sequence[Setting]) -> Expected | None:
        known = {cell.setting: cell.peak_rss_mb for cell in self._works if cell.peak_rss_mb}
        if not known:
            return None
        return self._expected(known, np.log(list(known.values())), np.full(len(known), _MEMORY_NOISE), points)

    def _throughput(self, points: Sequence[Setting]) -> Expected:
        logs = np.log([max(_fps(cell), 1e-9) for cell in self._works])
        doubts = np.array([_doubt(cell) for cell in self._works])
        return self._expected([cell.setting for cell in self._works], logs, doubts, points)

    def _expected(self, at: Iterable[Setting], logs: Floats, doubts: Floats, points: Sequence[Setting]) -> Expected:
        return expected(self._lattice.places(at), logs, doubts, self._lattice.places(points))

    def _likely_to_work(self, point: Setting) -> float:
        beyond = any(point.batch >= wall.batch and point.streams >= wall.streams for wall in self._failed)
        return _BEHIND_A_WALL if beyond else 1.0


def _in_flight(setting: Setting) -> float:
    return setting.batch * (setting.requests or setting.streams)


def _fps(cell: Cell) -> float:
    return cell.throughput_fps.mean if cell.throughput_fps is not None else 0.0


def _doubt(cell: Cell) -> float:
    """Standard error of the logarithm of the throughput."""
    doubt = None if cell.throughput_fps is None else cell.throughput_fps.half_width
    return _NOISE if doubt is None else max(doubt / 2, _NOISE)
