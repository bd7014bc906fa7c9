"""Made-up devices: how fast every setting is, with noise, and what it costs to find out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ovtui.analysis.exploration import race, selection
from ovtui.analysis.exploration.grid import settings
from ovtui.analysis.exploration.search import next_probe
from ovtui.records import Cell, Estimate, Grid, Latency, Limits, Setting

GRID = Grid(batches=(1, 2, 4, 8, 16, 32, 64, 128), streams=(1, 2, 4, 8))
LOAD_S, PROBE_S, ROUND_S = 0.7, 1.3, 1.1
EXHAUSTIVE_S = 0.7 + 1.5 + 5  # a cell

Shape = Callable[[float, float], float]
"""Logarithm of the throughput by octaves of batch and streams."""


def a_latency(ms: float) -> Latency:
    return Latency(mean=ms, min=ms, p50=ms, p90=ms, p95=ms, p99=None, p99_9=None, max=1.2 * ms)


def a_cell(batch: int, streams: int, fps: float | None = None, **other: object) -> Cell:
    """Measured, if there is a throughput; the latency is that of a closed loop."""
    known: dict[str, object] = {"setting": Setting(batch=batch, streams=streams)}
    if fps is None:
        return Cell(**(known | other))  # type: ignore[arg-type]
    known |= {
        "state": "measured",
        "throughput_fps": Estimate(mean=fps, ci95=None, converged=False),
        "latency_ms": a_latency(1e3 * batch * streams / fps),
        "peak_rss_mb": 200.0 + batch * streams,
    }
    return Cell(**(known | other))  # type: ignore[arg-type]


def saturating(rng: np.random.Generator) -> Shape:
    half, share = rng.uniform(0.2, 4), rng.uniform(0, 1)
    return lambda b, s: -math.log1p(half / 2**b / 2 ** (share * s)) - 0.3 * math.log1p(1 / 2**s)


def peaked(rng: np.random.Generator) -> Shape:
    b0, s0, steep, across = rng.uniform(0, 7), rng.uniform(0, 3), rng.uniform(0.01, 0.04), rng.uniform(0.01, 0.08)
    return lambda b, s: -steep * (b - b0) ** 2 - across * (s - s0) ** 2 - 0.02 * (b - b0) * (s - s0)


def flat(rng: np.random.Generator) -> Shape:
    b1, s1 = rng.uniform(-0.01, 0.01, 2)
    return lambda b, s: b1 * b / 7 + s1 * s / 3


def by_streams(rng: np.random.Generator) -> Shape:
    power, drop = rng.uniform(0.3, 0.9), rng.uniform(0, 0.05)
    most = rng.integers(1, 4)
    return lambda b, s: power * math.log(2) * min(s, most) - 0.1 * max(s - most, 0) - drop * b


def cache_bound(rng: np.random.Generator) -> Shape:
    """Batches help until what is in flight no longer fits."""
    fits, gain, loss = rng.uniform(2, 8), rng.uniform(0.02, 0.3), rng.uniform(0.05, 0.4)
    return lambda b, s: gain * min(b, 4) + 0.15 * s - loss * max(b + s - fits, 0)


SHAPES = (saturating, peaked, flat, by_streams, cache_bound)


@dataclass
class Device:
    """One of the shapes, bumps that belong to a setting, and noise of each look at it."""

    seed: int
    noise: float = 0.015
    bumps: float = 0.005
    memory: float = math.inf  # inputs in flight that fit
    spent_s: float = 0.0
    loaded: set[Setting] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        shape = SHAPES[self.seed % len(SHAPES)](self.rng)
        level = self.rng.uniform(20, 2000)
        self.true = {
            point: level * math.exp(shape(math.log2(point.batch), math.log2(point.streams))
                                    + self.bumps * self.rng.standard_normal())
            for point in settings(GRID)
        }  # fmt: skip

    def latency_ms(self, point: Setting) -> float:
        return 1e3 * point.batch * point.streams / self.true[point]

    def fits(self, point: Setting) -> bool:
        return point.batch * point.streams <= self.memory

    def look(self, point: Setting, seconds: float) -> float:
        self.spent_s += seconds + (0 if point in self.loaded else LOAD_S)
        self.loaded.add(point)
        return self.true[point] * math.exp(self.noise * self.rng.standard_normal())

    def highest(self, limits: Limits) -> float | None:
        able = [fps for point, fps in self.true.items() if self.fits(point) and self._keeps(point, limits)]
        return max(able, default=None)

    def _keeps(self, point: Setting, limits: Limits) -> bool:
        return limits.latency_ms is None or self.latency_ms(point) <= limits.latency_ms


@dataclass(frozen=True)
class Found:
    probes: int
    rounds: int
    seconds: float
    cells: list[Cell]
    best: Cell | None


def explore(device: Device, limits: Limits, hint: int | None = 4) -> Found:
    """Probes, then the race, as a job does it."""
    cells: dict[Setting, Cell] = {}
    while (point := next_probe(GRID, list(cells.values()), hint, limits)) is not None:
        assert point not in cells
        if not device.fits(point):
            device.spent_s += LOAD_S
            cells[point] = a_cell(point.batch, point.streams, state="failed", reason="not enough memory")
        else:
            cells[point] = a_cell(point.batch, point.streams, device.look(point, PROBE_S))
    probes, turns = len(cells), 0
    rounds: dict[Setting, list[float]] = {point: [] for point in race.contestants(list(cells.values()), limits)}
    left = list(rounds)
    while len(left) > 1:
        for point in left:
            rounds[point].append(device.look(point, ROUND_S))
            turns += 1
        thrift = {point: selection.thrift(cells[point]) for point in left}
        gone = race.drop({point: rounds[point] for point in left}, thrift)
        left = [point for point in left if point not in gone]
    for point, rates in rounds.items():
        cells[point] = a_cell(point.batch, point.streams, float(np.mean(rates)), rounds=len(rates))
    known = list(cells.values())
    return Found(probes, turns, device.spent_s, known, selection.best(known, limits))


@dataclass(frozen=True)
class Trial:
    probes: int
    rounds: int
    seconds: float
    regret: float  # 1 − throughput / highest throughput within the limit
    kept: bool  # the limit, in truth
    close: bool  # some setting is so near the limit that noise decides whether it keeps it


def trial(seed: int, *, memory: float = math.inf, times: float | None = None) -> Trial:
    """One surface; the latency limit is a multiple of the lowest latency."""
    device = Device(seed, memory=memory)
    latencies = [device.latency_ms(point) for point in device.true]
    limit = None if times is None else times * min(latencies)
    limits = Limits(latency_ms=limit)
    found, highest = explore(device, limits), device.highest(limits)
    assert found.best is not None and highest is not None
    best = found.best.setting
    return Trial(
        found.probes,
        found.rounds,
        found.seconds,
        1 - device.true[best] / highest,
        limit is None or device.latency_ms(best) <= limit,
        limit is not None and any(abs(math.log(ms / limit)) < 0.06 for ms in latencies),
    )


def table(count: int = 200) -> str:
    """What a search costs and loses: one line for each kind of surface."""
    kinds = [(shape.__name__, {"seeds": range(n, count, len(SHAPES))}) for n, shape in enumerate(SHAPES)]
    rows = [("all", {"seeds": range(count)}), *kinds, ("64 inputs fit", {"seeds": range(count), "memory": 64})]
    titles = ("probes", "turns", "s", "p95", "max", "% of all", "regret %", "p95", "max")
    lines = [f"{'surface':14}{'n':>5}" + "".join(f"{title:>9}" for title in titles)]
    for name, given in rows:
        other = {key: value for key, value in given.items() if key != "seeds"}
        found = [trial(seed, **other) for seed in given["seeds"]]  # type: ignore[arg-type,attr-defined]
        probes, turns, seconds, regrets = (
            np.array([getattr(each, key) for each in found]) for key in ("probes", "rounds", "seconds", "regret")
        )
        share = 100 * seconds.mean() / (32 * EXHAUSTIVE_S)
        figures = [probes.mean(), turns.mean(), seconds.mean(), np.quantile(seconds, 0.95), seconds.max(), share]
        figures += [100 * regrets.mean(), 100 * np.quantile(regrets, 0.95), 100 * regrets.max()]
        lines.append(f"{name:14}{len(found):5}" + "".join(f"{value:9.2f}" for value in figures))
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
