"""Settings as places: in octaves for distances, in steps for neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.exploration.grid import order
from ovtui.records import Setting

REACH = {"batch": 2.0, "streams": 0.75, "threads": 0.75, "requests": 0.75}
"""Octaves over which figures resemble each other: a batch changes them more gradually than the others do."""


class Lattice:
    """The axes on which some settings differ, as log₂ grid."""

    def __init__(self, points: Sequence[Setting]) -> None:
        self._points = points
        self._names = [name for name in ("batch", "streams", "threads", "requests")
                       if len({getattr(point, name) for point in points}) > 1] or ["batch"]  # fmt: skip
        self._values = {name: self._octaves(name) for name in self._names}
        self._steps = {name: {value: step for step, value in enumerate(self._values[name])} for name in self._names}
        self._at = {self._step(point): point for point in points}

    def places(self, points: Iterable[Setting]) -> Floats:
        """In octaves over REACH, shape (n, axes)."""
        octaves = [[self._values[name][getattr(point, name)] for name in self._names] for point in points]
        return np.array(octaves) / [REACH[name] for name in self._names]

    def neighbours(self, point: Setting, walls: set[Setting]) -> list[Setting]:
        """One step on each axis and on two at once, in order; in a grid with gaps the next that is there."""
        here = self._step(point)
        moves = [move for move in product((-1, 0, 1), repeat=len(here)) if 1 <= sum(map(abs, move)) <= 2]
        found = {self._next(here, move) for move in moves}
        return sorted((each for each in found if each is not None and each not in walls), key=order)

    def _next(self, here: tuple[int, ...], move: tuple[int, ...]) -> Setting | None:
        for far in range(1, max(map(len, self._steps.values()))):
            there = tuple(at + far * by for at, by in zip(here, move, strict=True))
            if there in self._at:
                return self._at[there]
        return None

    def _step(self, point: Setting) -> tuple[int, ...]:
        return tuple(self._steps[name][getattr(point, name)] for name in self._names)

    def _octaves(self, name: str) -> dict[int | None, float]:
        """Each value's place; the device's choice lies a step beyond the largest number, where it usually is."""
        values = sorted({getattr(point, name) for point in self._points} - {None})
        found: dict[int | None, float] = {value: math.log2(value) for value in values}
        if any(getattr(point, name) is None for point in self._points):
            found[None] = max(found.values(), default=0.0) + 1
        return found
