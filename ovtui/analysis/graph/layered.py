"""Boxes in layers (after Sugiyama): each below all that it reads from, few crossings, lines as straight as they go.

A line that passes a layer has an item there as well, one for all consumers of its producer: so lines never run through
boxes, and the number of items is bounded by boxes × layers.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 8
_STRAIGHT = 8.0  # how much more it counts that a passing line is straight than that a box is in the middle
_APART = 2  # cells between neighbours


@dataclass(eq=False)
class Item:
    """A box, or a passing line (`box` is None). `x` is its middle."""

    source: int  # the box, or that whose line it is
    box: int | None
    width: int
    above: list[Item] = field(default_factory=list)
    below: list[Item] = field(default_factory=list)
    x: int = 0


def layered(widths: Sequence[int], consumers: Sequence[Sequence[int]]) -> list[list[Item]]:
    """Layers from top to bottom, items from left to right.

    `consumers`: of each box, others with a higher number. A box gets wider where many lines come into it.
    """
    level = _levels(consumers)
    layers: list[list[Item]] = [[] for _ in range(max(level, default=-1) + 1)]
    boxes = [Item(box, box, width) for box, width in enumerate(widths)]
    for item, at in zip(boxes, level, strict=True):
        layers[at].append(item)
    for source, targets in enumerate(consumers):
        above = boxes[source]
        for at in range(level[source] + 1, max((level[target] for target in targets), default=-1) + 1):
            for target in targets:
                if level[target] == at:
                    _join(above, boxes[target])
            if any(level[target] > at for target in targets):
                passing = Item(source, None, 1)
                layers[at].append(passing)
                _join(above, passing)
                above = passing
    for item in boxes:
        item.width = max(item.width, 2 * len(item.above) + 3)
    layers = _ordered(layers)
    _straightened(layers)
    return layers


def ports(item: Item) -> list[int]:
    """Where the lines of `item.above` come in, in that order: beside each other around its middle, uncrossed."""
    from_left = sorted(item.above, key=lambda each: each.x)
    count = len(from_left)
    first = item.x - count + 1
    if count and count % 2 == 0:  # one of the two in the middle may come in straight
        left, right = from_left[count // 2 - 1], from_left[count // 2]
        first += 1 if left.x == item.x else -1 if right.x == item.x else 0
    place = {id(each): first + 2 * number for number, each in enumerate(from_left)}
    return [place[id(each)] for each in item.above]


def _join(above: Item, below: Item) -> None:
    above.below.append(below)
    below.above.append(above)


def _levels(consumers: Sequence[Sequence[int]]) -> list[int]:
    """One more than the lowest producer's; what has none stands right above its first consumer."""
    level = [0] * len(consumers)
    fed = bytearray(len(consumers))
    for box, targets in enumerate(consumers):
        for target in targets:
            fed[target] = 1
            level[target] = max(level[target], level[box] + 1)
    for box, targets in enumerate(consumers):
        if not fed[box] and targets:
            level[box] = min(level[target] for target in targets) - 1
    return level


def _ordered(layers: list[list[Item]]) -> list[list[Item]]:
    """Each item near the middle of what it is joined with, down and up again; the order with the fewest crossings."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        turned = layers if down else layers[::-1]
        for fixed, layer in pairwise(turned):
            place = {id(item): number for number, item in enumerate(fixed)}
            middle = {}
            for number, item in enumerate(layer):
                joined = [place[id(each)] for each in (item.above if down else item.below)]
                middle[id(item)] = sum(joined) / len(joined) if joined else number
            layer.sort(key=lambda item: middle[id(item)])
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _crossings(layers: Sequence[Sequence[Item]]) -> int:
    """How often lines cross between neighbouring layers."""
    count = 0
    for upper, lower in pairwise(layers):
        place = {id(item): number for number, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(place[id(each)] for each in item.below)
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _straightened(layers: Sequence[Sequence[Item]]) -> None:
    """Middles, so that joined items are as nearly above each other as the order and the widths allow."""
    for layer in layers:
        x = 0
        for item in layer:
            item.x = x + item.width // 2
            x += item.width + _APART
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            wanted, weights = [], []
            for item in layer:
                around = item.above if down else item.below
                # Like stands with like: a box not between boxes and lines that come by, a line not aside for a box.
                alike = [each.x for each in around if (each.box is None) == (item.box is None)]
                near = alike or [each.x for each in around]
                joined, count = sorted(near), len(near)
                wanted.append((joined[(count - 1) // 2] + joined[count // 2]) / 2 if joined else float(item.x))
                weights.append(_STRAIGHT if item.box is None else 1.0)
            _placed(layer, wanted, weights)
    left = min((item.x - item.width // 2 for layer in layers for item in layer), default=0)
    for layer in layers:
        for item in layer:
            item.x -= left


def _placed(layer: Sequence[Item], wanted: Sequence[float], weights: Sequence[float]) -> None:
    """The middles nearest to `wanted`, by least squares, that keep the order and the distances (pooled violators)."""
    offsets = [0]
    for left, right in pairwise(layer):
        offsets.append(offsets[-1] + left.width - left.width // 2 + _APART + right.width // 2)
    pools: list[tuple[float, float, int]] = []  # mean, weight, items
    for want, offset, weight in zip(wanted, offsets, weights, strict=True):
        mean, total, count = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other, heavy, more = pools.pop()
            mean, total, count = (mean * total + other * heavy) / (total + heavy), total + heavy, count + more
        pools.append((mean, total, count))
    items = iter(zip(layer, offsets, strict=True))
    for mean, _, count in pools:
        for _ in range(count):
            item, offset = next(items)
            item.x = round(mean) + offset
