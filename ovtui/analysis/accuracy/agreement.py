"""How near one array is to another: cosine, signal over noise in dB, largest difference; over one sample or many.

A value that is not a number on one side only, or not finite, makes the two differ beyond all measure. Such a sample
counts as cosine 0 and makes the ratio `BROKEN_DB`, whatever the others say: nothing infinite goes into a record, which
has no way to keep it.
"""

from __future__ import annotations

import math
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from ovtui.analysis.arrays import Floats

Values: TypeAlias = npt.NDArray[np.generic]

LEAST_DB, MOST_DB = -100.0, 200.0
"""Ratios are kept within these: beyond, one of the two is nothing."""
BROKEN_DB = -120.0
"""What stands for the ratio when something is not a number, or infinite, and is not so on both sides."""


class Agreement:
    """Gathers pairs of arrays. All sums are in float64."""

    def __init__(self) -> None:
        self.samples = 0
        self.max_abs = 0.0  # over what is finite on both sides
        self._signal = self._noise = 0.0
        self._broken = False
        self._cosines = 0.0
        self._with_cosine = 0

    def add(self, parent: Values, version: Values) -> None:
        """One sample's arrays. Of different sizes they have nothing in common: all that the parent says is lost."""
        self.samples += 1
        a = _floats(parent)
        if parent.size != version.size:
            energy = _energy(np.where(np.isfinite(a), a, 0.0))
            self._put(energy, 0.0, 0.0, max(energy, 1.0), False)
            return
        b = _floats(version) if _is_number(parent) and _is_number(version) else _same_texts(parent, version)
        usual = bool(np.isfinite(a).all() and np.isfinite(b).all())
        broken = False
        if not usual:
            # −∞ where the parent has it too, as in a mask of attention, is no difference; nor is a NaN that it has.
            same = (a == b) | (np.isnan(a) & np.isnan(b))
            finite = np.isfinite(a) & np.isfinite(b)
            broken = bool((~same & ~finite).any())
            a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
        difference = a - b
        self.max_abs = max(self.max_abs, float(np.abs(difference).max(initial=0.0)))
        with np.errstate(over="ignore"):
            self._put(_energy(a), _energy(b), float(np.dot(a, b)), _energy(difference), broken)

    def _put(self, signal: float, other: float, product: float, noise: float, broken: bool) -> None:
        self._signal += signal
        self._noise += noise
        self._broken |= broken
        if signal > 0:
            self._with_cosine += 1
            lengths = math.sqrt(signal) * math.sqrt(other)
            if lengths > 0 and not broken and math.isfinite(product / lengths):
                self._cosines += max(-1.0, min(1.0, product / lengths))

    @property
    def cosine(self) -> float | None:
        """Mean over the samples; None when the parent is zero in all of them."""
        return self._cosines / self._with_cosine if self._with_cosine else None

    @property
    def sqnr_db(self) -> float | None:
        """The parent's energy over that of the difference, over all samples together; None: no difference at all."""
        if self._broken:
            return BROKEN_DB
        if not self._noise:
            return None
        if not self._signal or math.isinf(self._noise):
            return LEAST_DB
        return max(LEAST_DB, min(MOST_DB, 10 * (math.log10(self._signal) - math.log10(self._noise))))


def is_broken(sqnr_db: float | None) -> bool:
    """Whether a ratio stands for values that are not numbers, or infinite."""
    return sqnr_db is not None and sqnr_db <= BROKEN_DB


def _is_number(values: Values) -> bool:
    return values.dtype.kind in "biuf"


def _floats(values: Values) -> Floats:
    """Flat, in float64; for what is no number, such as texts, ones."""
    if not _is_number(values):
        return np.ones(values.size)
    return cast(Floats, values.astype(np.float64, copy=False).reshape(-1))


def _same_texts(parent: Values, version: Values) -> Floats:
    """1 where texts are the same, else 0."""
    return cast(Floats, (parent.reshape(-1) == version.reshape(-1)).astype(np.float64))


def _energy(values: Floats) -> float:
    return float(np.dot(values, values))
