"""Shares of samples and their doubt: a share by itself, and the drop from one model to another on the same samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ovtui.analysis.t_quantile import normal_quantile
from ovtui.records import Proportion

_Z = normal_quantile(0.975)
_HALVINGS = 60  # of an interval no longer than 2: below what a float tells apart


def proportion(hits: int, of: int) -> Proportion:
    """A share with Wilson's score interval at 95 % (E. Wilson, J. American Statistical Association 22, 1927).

    It holds for few samples too, and for shares of 0 and 1, where the textbook's ± has no width. Of no samples the
    interval is all there is, 0 to 1. Raises ValueError unless 0 ≤ hits ≤ of.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"proportion needs 0 ≤ hits ≤ of, not {hits} of {of}")
    if not of:
        return Proportion(hits=0, of=0, ci95=(0.0, 1.0))
    share, square = hits / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    low = 0.0 if not hits else max(0.0, middle - half)  # the ends are exact there, and rounding must not move them
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Proportion(hits=hits, of=of, ci95=(low, high))


def paired_drop(parent_right: Sequence[bool], version_right: Sequence[bool]) -> tuple[float, tuple[float, float]]:
    """How much less of the samples the version gets right, a share, with its interval at 95 %; below 0 it is better.

    Both are of the same samples in the same order, which makes the interval much narrower than that of two shares: only
    samples on which they differ count. It is the score interval of T. Tango, Statistics in Medicine 17 (1998): near its
    level for few samples too, and for models that nearly always agree; it excludes 0 exactly when McNemar's test does,
    keeps to −1 … 1, and has a width when no sample differs: ± z²/(n + z²), 3.7 points of 100 samples.
    Of no samples the interval is all there is. Raises ValueError when the lengths differ.
    """
    if len(parent_right) != len(version_right):
        raise ValueError(f"paired_drop needs pairs, not {len(parent_right)} and {len(version_right)} samples")
    lost = gained = 0
    for before, after in zip(parent_right, version_right, strict=True):
        lost += bool(before) and not after
        gained += bool(after) and not before
    return drop_of(lost, gained, len(parent_right))


def drop_of(lost: int, gained: int, of: int) -> tuple[float, tuple[float, float]]:
    """The same from counts: samples that only the parent gets right, that only the version does, and all of them."""
    if not 0 <= lost <= of - gained <= of:
        raise ValueError(f"drop_of needs lost + gained ≤ of, none below 0, not {lost}, {gained} and {of}")
    if not of:
        return 0.0, (-1.0, 1.0)
    drop = (lost - gained) / of
    high = _last(drop, lambda supposed: _compatible(supposed, lost, gained, of))
    low = -_last(-drop, lambda supposed: _compatible(supposed, gained, lost, of))
    return drop, (low, high)


def _compatible(drop: float, lost: int, gained: int, of: int) -> bool:
    """Whether Tango's score statistic for this true drop lies within ±z.

    The share that only the version gets right is then the larger root of 2n·q² + b·q + c = 0.
    """
    b = -lost - gained + (2 * of - lost + gained) * drop
    c = -gained * drop * (1 - drop)
    q = (math.sqrt(max(0.0, b * b - 8 * of * c)) - b) / (4 * of)
    variance = of * max(0.0, 2 * q + drop * (1 - drop))
    return (lost - gained - of * drop) ** 2 <= _Z * _Z * variance


def _last(known: float, holds: Callable[[float], bool]) -> float:
    """The largest value up to 1 for which it holds; it does at `known`, and where it fails, it fails beyond."""
    if holds(1.0):
        return 1.0
    low, high = known, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
