"""Axes: ticks at round numbers, and places in a drawing for values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple


class Scale(NamedTuple):
    """From values to places in a drawing. `start` and `end` are the places of `low` and `high`."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Where a value lies; what is outside lies at the edge."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            low = math.log(self.low)
            share = (math.log(inside) - low) / (math.log(self.high) - low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def label(self, value: float) -> str:
        """A tick as text, all of them with the same decimals: `0.5`, `1.0`, `1,500`."""
        if self.log:
            return f"{value:,.0f}" if value >= 1 else f"{value:.10g}"
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else value or 1.0
        decimals = max(0, -math.floor(math.log10(abs(step)) + 1e-9))
        return f"{value:,.{decimals}f}"


def scale(
    values: Iterable[float], start: float, end: float, *, zero: bool = False, log: bool = False, about: int = 5
) -> Scale:
    """One that holds all values, from round number to round number, with about so many ticks.

    Not finite values are left out; so are those that are not positive where the scale is logarithmic.
    """
    known = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
    low, high = (min(known), max(known)) if known else (1.0, 2.0) if log else (0.0, 1.0)
    if log:
        return _logarithmic(low, high, start, end)
    if zero:
        low, high = min(0.0, low), max(0.0, high)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        margin = 0.05 * abs(high) or 0.5
        low, high = low - margin * (not zero), high + margin
    step = _round_step((high - low) / about)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(n * step, 12) if step > 1e-9 else n * step for n in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, end, False, ticks)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9)) * power


def _logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    fine = [factor * 10.0**power for power in decades for factor in (1, 2, 5)]
    below = max(tick for tick in fine if tick <= low * (1 + 1e-9))
    above = min(tick for tick in fine if tick >= high * (1 - 1e-9) and tick > below)
    ticks = [tick for tick in fine if below <= tick <= above]
    if len(ticks) > 8:
        ticks = [tick for tick in ticks if math.isclose(math.log10(tick), round(math.log10(tick)))]
        ticks = ticks[:: -(-len(ticks) // 8)]
    return Scale(below, above, start, end, True, tuple(ticks))
