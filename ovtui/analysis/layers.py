"""Where time goes, layer by layer: shares that add up, their balance with the latency, and who feeds whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ovtui import formatting
from ovtui.records import Layer, Profile

_ALIKE = 0.02
"""A sum of layers so near to the latency, or above it by so little, is the same: both are means that scatter."""


_NO_TIMES = "This device gives no times of layers."
_ALL_SHORT = "All layers take less than 2 µs, which the device's counters, in whole µs, do not tell."
_ROUGH = 0.1
_NOTHING_US = 0.05
"""Bounds that leave a time open by more than this, to either side, are shown in its place."""


class Row(NamedTuple):
    """A layer with what its time is of the whole; None where the device gives no times, or all of them are zero."""

    place: int  # in `profile.layers`
    time_us: float | None
    share: float | None  # of the sum of all layers
    cumulative: float | None  # share of this one and of all that take longer


class Balance(NamedTuple):
    """The layers' sum against the latency of the inferences in which they were timed."""

    layers_us: float | None
    latency_us: float | None
    ratio: float | None  # sum over latency
    rest_us: float | None  # latency less sum; negative when the layers add up to more
    text: str  # the same in a sentence
    range_us: tuple[float, float] | None = None  # of the sum, by the resolution of the counters


class Neighbours(NamedTuple):
    """Whose outputs a layer reads, and who reads its own; places in the list, in order, each once."""

    producers: tuple[int, ...]
    consumers: tuple[int, ...]


def total_us(profile: Profile) -> float | None:
    """The sum of all layers' times; None when the device gives none."""
    times = [layer.time_us for layer in profile.layers if layer.time_us is not None]
    return sum(times) if times else None


def total_range(profile: Profile) -> tuple[float, float] | None:
    """Between which bounds the counters' resolution leaves that sum, with the layers that they do not tell of.

    None when the device gives no times, or none that are cut. What cuts them is no chance that averages out: a layer of
    1.9 µs is always cut to 1, so that the bounds add up.
    """
    if total_us(profile) is None or not any(layer.high_us is not None for layer in profile.layers):
        return None
    low = sum(layer.low_us if layer.low_us is not None else layer.time_us or 0.0 for layer in profile.layers)
    high = sum(layer.high_us if layer.high_us is not None else layer.time_us or 0.0 for layer in profile.layers)
    return low, high


def is_time_open(layer: Layer) -> bool:
    """Whether the counters' resolution leaves a layer's time open: only bounds are known, or they are far apart."""
    if layer.low_us is None or layer.high_us is None:
        return False
    if layer.time_us is None or layer.low_us < _NOTHING_US:
        return True
    return layer.high_us - layer.low_us > 2 * _ROUGH * layer.time_us


def time_text(layer: Layer) -> str | None:
    """A layer's time in µs: `45.20`, of whole µs `45`, and where their resolution leaves it open, `1–3` or `< 2`.

    None where nothing is known of it.
    """
    low, high = layer.low_us, layer.high_us
    if low is None or high is None:
        return None if layer.time_us is None else formatting.number(layer.time_us)
    if layer.time_us is None or low < _NOTHING_US:
        return f"< {_short(high)}"
    return f"{_short(low)}–{_short(high)}" if is_time_open(layer) else f"{layer.time_us:,.0f}"


def _short(time_us: float) -> str:
    return f"{time_us:.1f}".removesuffix(".0")


def counting_cost(profile: Profile) -> str | None:
    """`+12.0 % latency (8.1–15.9 %)`: what the counters cost; None where it is not known to be above nothing."""
    if profile.overhead is None or profile.overhead_ci95 is None or profile.overhead_ci95[0] <= 0:
        return None
    low, high = (f"{100 * bound:.1f}" for bound in profile.overhead_ci95)
    return f"{100 * profile.overhead:+.1f} % latency ({low}–{high} %)"


def in_order(layers: Sequence[Layer]) -> list[int]:
    """The places of the layers in the order in which they are executed."""
    return sorted(range(len(layers)), key=[layer.order for layer in layers].__getitem__)


def rows(profile: Profile) -> list[Row]:
    """One for each layer, in the order of execution."""
    order = in_order(profile.layers)
    times = [layer.time_us for layer in profile.layers]
    total = total_us(profile)
    if not total:
        return [Row(index, times[index], None, None) for index in order]
    timed = [(time, index) for index in order if (time := times[index]) is not None]
    timed.sort(key=lambda each: -each[0])
    cumulative: dict[int, float] = {}
    so_far = 0.0
    for time, index in timed:
        so_far += time
        cumulative[index] = min(1.0, so_far / total)
    return [
        Row(index, time, None if time is None else time / total, cumulative.get(index))
        for index in order
        for time in (times[index],)
    ]


def hottest(found: Sequence[Row], share: float = 0.8) -> list[Row]:
    """The fewest rows that make up `share` of the time, slowest first."""
    timed = [(row.cumulative, row) for row in found if row.cumulative is not None]
    timed.sort(key=lambda each: (each[0], -(each[1].time_us or 0.0)))
    for count, (cumulative, _) in enumerate(timed, 1):
        if cumulative >= share - 1e-9:
            return [row for _, row in timed[:count]]
    return [row for _, row in timed]


def concentration(profile: Profile, share: float = 0.8) -> str | None:
    """`7 of 61 layers take 80 % of the time.`; None without times that can be read so."""
    found = rows(profile)
    hot = hottest(found, share)
    if not hot or too_short(profile):
        return None
    timed = sum(1 for row in found if row.time_us)
    verb = "takes" if len(hot) == 1 else "take"
    return f"{len(hot):,} of {formatting.plural(timed, 'layer')} {verb} {100 * share:.0f} % of the time."


def balance(profile: Profile) -> Balance:
    """What the layers explain of the pass's mean latency, and what the rest is."""
    layers, latency = total_us(profile), profile.latency_us or None
    if layers is None:
        return Balance(None, latency, None, None, _ALL_SHORT if too_short(profile) else _NO_TIMES)
    bounds = total_range(profile)
    rough = bounds if bounds is not None and bounds[1] - bounds[0] > 2 * _ALIKE * layers else None
    if latency is None:
        text = f"The layers take {_sum(layers, rough)}; the latency is not known."
        return Balance(layers, None, None, None, text, bounds)
    ratio, rest = layers / latency, latency - layers
    least, most = rough or (layers, layers)
    if too_short(profile):
        text = (
            "Most layers take less than 2 µs, which the device's counters, in whole µs, do not tell: those that they "
            f"do tell add up to {took(layers)} of the mean latency of {took(latency)}. Read no shares from that."
        )
    elif least / latency > 1 + _ALIKE:
        text = (
            f"The layers add up to {_sum(layers, rough)}, {ratio:.2f} × the mean latency of {took(latency)}: layers "
            "ran side by side, or counting distorts layers this short; read the times as shares."
        )
    elif most / latency >= 1 - _ALIKE:
        all_of = "all" if rough is None else "which may be all"
        mark = ":" if rough is None else ","
        text = f"The layers take {_sum(layers, rough)}{mark} {all_of} of the mean latency of {took(latency)}."
    else:
        text = (
            f"The layers take {_sum(layers, rough)} of the mean latency of {took(latency)}. {_outside(profile, rest)}"
        )
    return Balance(layers, latency, ratio, rest, text, bounds)


def _sum(layers_us: float, bounds: tuple[float, float] | None) -> str:
    return took(layers_us) if bounds is None else f"{took(layers_us)} ({took(bounds[0])} to {took(bounds[1])})"


def _outside(profile: Profile, rest_us: float) -> str:
    """What is beside the layers, and how much of it any inference takes in the pass."""
    share = 100 * rest_us / (profile.latency_us or rest_us)
    text = f"The other {took(rest_us)} ({share:.1f} %) is overhead outside layers"
    if profile.requests > profile.streams:
        text += ", waiting for a stream included"
    own = profile.empty_us or 0.0
    if own < _NOTABLE * rest_us:
        return text + ": scheduling, input and output copies."
    if own >= rest_us:
        return text + f", no more than a model of one element takes in this pass ({took(own)})."
    return text + f", of which about {took(own)} is what the profiling pass takes with a model of one element."


_NOTABLE = 0.1
STILL = frozenset({"input", "output", "parameter", "result", "reshape"})


def too_short(profile: Profile) -> bool:
    """Whether most layers, or all, take less than 2 µs, and mostly less than the one that a CPU's counters tell.

    Then shares say little, and what the layers leave of the latency is partly their own.
    """
    working = [layer for layer in profile.layers if layer.type.lower() not in STILL and layer.status != "optimized_out"]
    silent = sum(1 for layer in working if layer.status == "not_run" and not layer.time_us)
    total = total_us(profile)
    if total is None:
        return bool(profile.counters)
    return bool(total and profile.latency_us and 2 * total < profile.latency_us and 2 * silent > len(working))


def notes(profile: Profile) -> list[str]:
    """What was said of it, except for what its balance says."""
    text = balance(profile).text
    return [note for note in profile.notes if note != text]


def neighbours(layers: Sequence[Layer], index: int) -> Neighbours:
    """Along the edges as the device reports them."""
    producers = {edge.source for edge in layers[index].inputs if 0 <= edge.source < len(layers)}
    consumers = (place for place, layer in enumerate(layers) if any(edge.source == index for edge in layer.inputs))
    return Neighbours(tuple(sorted(producers)), tuple(consumers))


def took(time_us: float) -> str:
    """A time as it is read best: `45.20 µs`, `1.20 ms`."""
    return f"{formatting.number(time_us / 1000)} ms" if abs(time_us) >= 1000 else f"{formatting.number(time_us)} µs"
