"""Noise of known law on bins of 100 ms, with a long-run mean of 1, and devices that run under it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from tests.analysis.scripted_device import Script

Law: TypeAlias = Callable[[np.random.Generator, int], np.ndarray]
BIN_S = 0.1


def white(share: float) -> Law:
    return lambda rng, n: 1 + share * rng.standard_normal(n)


def ar1(share: float, phi: float) -> Law:
    """A stationary AR(1) with the standard deviation `share`."""

    def law(rng: np.random.Generator, n: int) -> np.ndarray:
        shocks = rng.standard_normal(n) * math.sqrt(1 - phi * phi)
        level, levels = float(rng.standard_normal()), []
        for shock in shocks.tolist():
            level = phi * level + shock
            levels.append(level)
        return 1 + share * np.asarray(levels)

    return law


def both(one: Law, other: Law) -> Law:
    return lambda rng, n: one(rng, n) + other(rng, n) - 1


def neighbour(depth: float, mean_s: float) -> Law:
    """Somebody takes `depth` of the speed, on and off for exponential times of the same mean."""

    def law(rng: np.random.Generator, n: int) -> np.ndarray:
        begin_on = rng.random() < 0.5
        times = np.concatenate(([0.0], np.cumsum(rng.exponential(mean_s, int(4 * n * BIN_S / mean_s) + 40))))
        on = (np.arange(len(times) - 1) % 2 == 0) == begin_on
        spent = np.interp(np.arange(n + 1) * BIN_S, times, np.concatenate(([0.0], np.cumsum(np.diff(times) * on))))
        return 1 - depth * (np.diff(spent) / BIN_S - 0.5)

    return law


def stalls(chance: float, depth: float) -> Law:
    """Now and then a bin loses `depth` of its work."""
    return lambda rng, n: 1 + depth * (chance - (rng.random(n) < chance))


LAWS: dict[str, Law] = {
    "white 1 %": white(0.01),
    "white 2 %": white(0.02),
    "white 3 %": white(0.03),
    "AR(.5) 2 %": ar1(0.02, 0.5),
    "AR(.9) 1 %": ar1(0.01, 0.9),
    "AR(.9) 2 %": ar1(0.02, 0.9),
    "white 2 % + AR(.98) 1 %": both(white(0.02), ar1(0.01, 0.98)),
    "white 3 % + AR(.98) 2 %": both(white(0.03), ar1(0.02, 0.98)),
    "white 1 % + neighbour 5 %, 2 s": both(white(0.01), neighbour(0.05, 2.0)),
    "white 2 % + neighbour 5 %, 2 s": both(white(0.02), neighbour(0.05, 2.0)),
    "white 1 % + a stall of 50 ms in 30 s": both(white(0.01), stalls(0.0033, 0.5)),
    "white 1 % + a stall of 50 ms in 10 s": both(white(0.01), stalls(0.01, 0.5)),
    "white 1 % + neighbour 5 %, 5 s": both(white(0.01), neighbour(0.05, 5.0)),
}


def device(rates: np.ndarray, per_bin: float) -> Script:
    """One request, `per_bin` inferences in a bin at a rate of 1."""
    done = np.concatenate(([0.0], np.cumsum(np.maximum(rates, 0.01) * per_bin)))
    ends = np.interp(np.arange(1, int(done[-1]) + 1), done, np.arange(len(done)) * BIN_S)
    ends = np.round(ends * 1e9).astype(np.int64)
    return Script(np.concatenate(([0], ends[:-1])), ends, np.zeros(len(ends), np.int64))
