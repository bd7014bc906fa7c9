"""A latency histogram at the resolution of a screen. Plain Python: what draws need not load numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ovtui.records import Histogram


class Bars(NamedTuple):
    """Equal parts of an axis: part i from `edges_ms[i]` to `edges_ms[i + 1]`; what lies above is in `beyond`."""

    edges_ms: list[float]
    counts: list[float]
    beyond: int


def thinned(histogram: Histogram, most: int) -> Histogram:
    """The same with at most `most` buckets: neighbours are put together, the largest gaps between them last."""
    lower, upper, counts = histogram.lower_ns, histogram.upper_ns, histogram.counts
    if len(counts) <= most:
        return histogram
    low, high = lower[0], upper[-1]
    edges = [low + (high - low) * (i + 1) / most for i in range(most)]
    new: tuple[list[int], list[int], list[int]] = ([], [], [])
    place = -1
    for begin, end, count in zip(lower, upper, counts, strict=True):
        part = next_edge(edges, begin, max(place, 0))
        if part == place:
            new[1][-1], new[2][-1] = end, new[2][-1] + count
        else:
            place = part
            for column, value in zip(new, (begin, end, count), strict=True):
                column.append(value)
    return Histogram(lower_ns=new[0], upper_ns=new[1], counts=new[2])


def next_edge(edges: Sequence[float], value: float, start: int) -> int:
    """The first part, from `start` on, whose upper edge lies above `value`; the last one if none does."""
    while start < len(edges) - 1 and edges[start] <= value:
        start += 1
    return start


def bars(histogram: Histogram, parts: int, *, share: float = 0.995) -> Bars | None:
    """`parts` equal parts of the axis from the smallest latency to the one that `share` of them do not exceed.

    A bucket that lies across an edge is divided in proportion. None for a histogram of nothing.
    """
    total = sum(histogram.counts)
    if not total or parts < 1:
        return None
    low, high, seen = histogram.lower_ns[0], histogram.upper_ns[-1], 0
    for upper, count in zip(histogram.upper_ns, histogram.counts, strict=True):
        seen += count
        if seen >= share * total:
            high = upper
            break
    width = (high - low) / parts
    counts = [0.0] * parts
    beyond = 0
    for begin, end, count in zip(histogram.lower_ns, histogram.upper_ns, histogram.counts, strict=True):
        if begin >= high:
            beyond += count
            continue
        first, last = int((begin - low) / width), min(int((end - low) / width), parts - 1)
        for part in range(min(first, parts - 1), last + 1):
            left, right = low + part * width, low + (part + 1) * width
            counts[part] += count * max(0.0, min(end, right) - max(begin, left)) / (end - begin)
    return Bars([(low + width * i) / 1e6 for i in range(parts + 1)], counts, beyond)


def averaged(values: Sequence[float | None], most: int) -> list[float | None]:
    """At most `most` means of neighbours, for a line that has no more room; None where all of them are."""
    count = len(values)
    if count <= most:
        return list(values)
    means: list[float | None] = []
    for part in range(most):
        known = [v for v in values[part * count // most : (part + 1) * count // most] if v is not None]
        means.append(sum(known) / len(known) if known else None)
    return means
