"""How near each layer comes to what the machine can do, and whether arithmetic or memory binds it.

S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 52(4), 2009: a layer takes at least as long as its arithmetic
at the peak of its precision, and at least as long as its traffic at the bandwidth of its working set.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Literal, NamedTuple

from ovtui.analysis import precisions
from ovtui.analysis.traffic import bytes_of
from ovtui.records import Ceilings, Layer, Profile

Bound = Literal["compute", "memory"]

_SAME_UNIT = {"u8": "i8", "i4": "i8", "u4": "i8"}
"""Precisions that the same instructions compute. Of what is not measured, no lane is wider than that of a float."""
_BEATEN, _LONG_US = 1.1, 20.0


class Roof(NamedTuple):
    """What a layer achieves and could achieve; None where something needed for it is not known."""

    gflops: float | None = None  # 10⁹ FLOPs per second
    gbytes: float | None = None  # 10⁹ bytes per second
    attainable_us: float | None = None
    bound: Bound | None = None
    efficiency: float | None = None  # attainable over measured time; above 1 where a kernel saves arithmetic or traffic
    recoverable_us: float | None = None  # measured time less attainable, not below 0
    above: bool = False  # quicker than the ceiling allows, and long enough to be sure: the ceiling is too low


class Limits:
    """What one of several streams side by side has of the ceilings: an equal part of each."""

    def __init__(self, ceilings: Ceilings | None, streams: int = 1) -> None:
        self._streams = max(1, streams)
        self._gflops = dict(ceilings.gflops) if ceilings else {}
        self._copies = _Rates(ceilings.gbytes if ceilings else ())
        self._reads = _Rates(ceilings.reads if ceilings else ())

    def peak(self, precision: str | None) -> float | None:
        """GFLOP/s in a precision; in one that was not measured, as whole numbers are, at most that of f32.

        Where the device tells no precision, the highest of all: no layer is quicker than that.
        """
        name = precisions.normal(precision)
        rate = max(self._gflops.values(), default=0.0)
        if name is not None:
            rate = self._gflops.get(_SAME_UNIT.get(name, name), self._gflops.get("f32", rate))
        return rate / self._streams if rate > 0 else None

    def bandwidth(self, working_set: int, written: int | None = None) -> float | None:
        """GB/s at a working set of so many bytes, of which `written` are written; None: as many as are read.

        Two rates are known: R where all bytes are read, C where half of them are written. A byte that is read takes
        1/R and one that is written 2/C − 1/R, so that the times of both add up to what was measured. What writes more
        than it reads is held against C. The streams' working sets share the caches.
        """
        size = max(1, working_set * self._streams)
        copy = self._copies.at(size)
        if copy is None:
            return None
        # Older ceilings know no reading; and where a copy is quicker, since caches are written while they are read,
        # reading could be so too.
        read = max(copy, self._reads.at(size) or 0.0)
        share = 0.5 if written is None or working_set <= 0 else min(0.5, max(0, written) / working_set)
        return 1 / ((1 - share) / read + share * (2 / copy - 1 / read)) / self._streams

    def attainable(
        self, flops: int | None, traffic: int | None, precision: str | None, written: int | None = None
    ) -> tuple[float, Bound] | None:
        """The least time in µs, and what binds it; None when it is not known. Traffic in bytes, `written` of them."""
        if flops is None or traffic is None or not (flops or traffic):
            return None
        peak = self.peak(precision) if flops else 1.0
        bandwidth = self.bandwidth(traffic, written) if traffic else 1.0
        if peak is None or bandwidth is None:
            return None
        # 10⁹ per second are 10³ per µs.
        computing, moving = flops / peak / 1e3, traffic / bandwidth / 1e3
        return (computing, "compute") if computing > moving else (moving, "memory")


class _Rates:
    """GB/s by working set: between two measured sizes by the logarithm of the size, beyond them theirs."""

    def __init__(self, rates: tuple[tuple[int, float], ...]) -> None:
        known = sorted((size, rate) for size, rate in rates if size > 0 and rate > 0)
        self._sizes = [math.log(size) for size, _ in known]
        self._rates = [rate for _, rate in known]

    def at(self, working_set: int) -> float | None:
        if not self._rates:
            return None
        size = math.log(working_set)
        above = bisect_left(self._sizes, size)
        if above == 0:
            return self._rates[0]
        if above == len(self._sizes):
            return self._rates[-1]
        low, high = self._sizes[above - 1], self._sizes[above]
        part = (size - low) / (high - low)
        return self._rates[above - 1] * (1 - part) + self._rates[above] * part


def written(layer: Layer) -> int | None:
    """How many of a layer's bytes it writes; None where that is not known."""
    if layer.bytes is None:
        return None
    sizes = [bytes_of(tensor) for tensor in layer.outputs]
    return None if None in sizes else min(layer.bytes, sum(size or 0 for size in sizes))


def roofline(profile: Profile) -> list[Roof]:
    """For each layer, in their order. What is not executed has none of it."""
    limits = Limits(profile.ceilings, min(profile.streams, profile.requests))
    return [_roof(layer, limits) if layer.status == "executed" else _UNKNOWN for layer in profile.layers]


def _roof(layer: Layer, limits: Limits) -> Roof:
    precision = precisions.computed_in(layer.kernel, layer.precision)
    least, bound = limits.attainable(layer.flops, layer.bytes, precision, written(layer)) or (None, None)
    time = layer.time_us
    if not time:  # what took no time at all was not timed
        return Roof(attainable_us=least, bound=bound)
    return Roof(
        gflops=None if layer.flops is None else layer.flops / time / 1e3,
        gbytes=None if layer.bytes is None else layer.bytes / time / 1e3,
        attainable_us=least,
        bound=bound,
        efficiency=None if least is None else least / time,
        recoverable_us=None if least is None else max(0.0, time - least),
        above=least is not None and time >= _LONG_US and least > _BEATEN * time,
    )


_UNKNOWN = Roof()


ABOVE = "above the ceiling"
"""What a layer is called that was quicker than the ceilings allow."""


def beaten(profile: Profile) -> bool:
    """Whether a layer was above the ceiling: perhaps the machine was busy when that was measured."""
    return any(roof.above and proves(layer) for layer, roof in zip(profile.layers, roofline(profile), strict=True))


def proves(layer: Layer) -> bool:
    """Whether a layer's FLOPs are done for certain: of a body, only values may tell how often, and of which branch."""
    return layer.type.lower() not in ("if", "loop", "tensoriterator")
