"""What a device was found to do at most, over all that was seen of it: measurings, and layers that reached more."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ovtui.analysis import precisions
from ovtui.analysis.roofline import beaten, proves
from ovtui.records import Ceilings, Layer, Profile

K = TypeVar("K", str, int)

METHOD = 2
"""Of measuring: 2 takes the best inference of several operations, and reading apart from copying."""
_ENOUGH = 3
"""Measurings after which the highest rates are believed: one may meet a busy machine, three some time apart rarely."""
_APART_S = 600.0
_MOST = 8  # also where layers stay above the ceilings, as those do whose arithmetic a kernel saves
_LONG_US = 20.0
_SHARE = 1.25
"""More above the measured peak is no evidence, but a layer that computes less, or in another precision, than it tells:
Winograd's convolutions save a factor of 2.25 and more, dynamic quantization computes in i8 (2 to 4 times as fast)."""
_SAVING = ("wino",)  # in names of kernels


def usable(known: Ceilings | None, machine: str) -> Ceilings | None:
    """What is kept, if it was measured on this machine and in today's way."""
    return known if known is not None and known.machine == machine and known.method == METHOD else None


def worth_measuring(known: Ceilings | None, profile: Profile, now: float) -> bool:
    """Whether to measure (again): nothing is known, little at one time only, or a layer was quicker than they allow."""
    if known is None:
        return True
    if known.times < _ENOUGH and now - known.measured >= _APART_S:
        return True
    return known.times < _MOST and beaten(msgspec.structs.replace(profile, ceilings=known))


def merged(known: Ceilings | None, later: Ceilings) -> Ceilings:
    """The higher rates of both; what disturbs a measuring lowers them, and nothing raises them."""
    if known is None:
        return later
    return msgspec.structs.replace(
        later,
        gflops=_higher(known.gflops, later.gflops),
        operations_gflops=_higher(known.operations_gflops, later.operations_gflops),
        gbytes=tuple(sorted(_higher(dict(known.gbytes), dict(later.gbytes)).items())),
        reads=tuple(sorted(_higher(dict(known.reads), dict(later.reads)).items())),
        times=known.times + later.times,
        again=True,
    )


def _higher(one: dict[K, float], other: dict[K, float]) -> dict[K, float]:
    return one | {key: max(rate, one.get(key, 0.0)) for key, rate in other.items()}


def raised(ceilings: Ceilings, profile: Profile) -> Ceilings:
    """With the peaks that layers of the profile reached beyond what was measured: a real layer is evidence.

    Of layers of 20 µs and more, by the longest time that the counters leave open, two standard errors above their
    mean, and by FLOPs that must be done at the least. Bandwidths are not raised so: what a layer reads may still lie
    in a cache from the one before, which says nothing of the working set that it would be noted at.
    """
    streams = max(1, min(profile.streams, profile.requests))
    gflops = dict(ceilings.gflops)
    for layer in profile.layers:
        name = precisions.computed_in(layer.kernel, layer.precision) or ""
        name = "i8" if name == "u8" else name
        measured = ceilings.operations_gflops.get(name, 0.0)
        rate = _reached(layer) * streams
        if gflops.get(name, 0.0) < rate <= _SHARE * measured:
            gflops[name] = rate
    return msgspec.structs.replace(ceilings, gflops=gflops)


def _reached(layer: Layer) -> float:
    """GFLOP/s, at the least; 0 where nothing is proved."""
    if layer.status != "executed" or not layer.flops or not layer.time_us or layer.time_us < _LONG_US:
        return 0.0
    if not proves(layer) or any(word in (layer.kernel or "").lower() for word in _SAVING):
        return 0.0
    longest = max(layer.time_us, layer.high_us or 0.0) + 2 * (layer.spread_us or 0.0) / 8**0.5
    return layer.flops / longest / 1e3
