"""Layers put together by type, precision, kernel, or block: what each group costs and achieves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from ovtui import formatting
from ovtui.analysis import precisions
from ovtui.analysis.layers import in_order, total_us
from ovtui.records import Layer, Profile

By = Literal["type", "precision", "kernel", "block"]

_SEPARATOR = re.compile(r"[/.]")
_DEEPEST = 16
_MOST_OF_ALL = 2 / 3
"""A level of names at which one block holds more than this of all layers does not divide them usefully."""


class Group(NamedTuple):
    """Layers that have something in common; a dash for a name stands for what is not known."""

    name: str
    places: tuple[int, ...]  # in `profile.layers`, in the order of execution
    executed: int
    time_us: float | None
    share: float | None  # of the sum of all layers
    flops: int | None  # of those that can be counted
    gflops: float | None  # 10⁹ FLOPs per second, of those that can be counted and are timed

    @property
    def layers(self) -> int:
        """How many are in it, executed or not."""
        return len(self.places)


def groups(profile: Profile, by: By, depth: int | None = None) -> list[Group]:
    """The slowest first, those without times last. `depth`: see `blocks`."""
    names = _names(profile, by, depth)
    total = total_us(profile)
    members: dict[str, list[int]] = {}
    for index in in_order(profile.layers):
        members.setdefault(names[index] or formatting.NOTHING, []).append(index)
    found = [_group(profile.layers, name, indices, total) for name, indices in members.items()]
    return sorted(
        found, key=lambda group: (-1.0 if group.time_us is None else group.time_us, group.layers), reverse=True
    )


def blocks(profile: Profile, depth: int | None = None) -> list[str]:
    """For each layer the block it is in: so many levels of its name's scope; "" for a name without one.

    Without a depth, the first one that divides the layers usefully. A layer that the device put in, such as a
    Reorder, is in the block of the layer it was put in for.
    """
    scopes = _scopes(profile.layers)
    levels = _useful(scopes) if depth is None else max(1, depth)
    return [_level(scope, levels) for scope in scopes]


def useful_depth(profile: Profile) -> int:
    """The first level of the names at which no block holds most of the layers; 1 if there is none."""
    return _useful(_scopes(profile.layers))


def scope(name: str) -> tuple[str, ...]:
    """The blocks that a name lies in, outermost first; of `enc.layer.7/Add`: enc, enc.layer, enc.layer.7.

    ONNX files of PyTorch models say a level twice (`/layer1/layer1.0/conv`): it counts once.
    """
    text = name.lstrip("/")
    return _around(text[: max(text.rfind("/"), text.rfind(".")) + 1])


@lru_cache(maxsize=16_384)
def _around(text: str) -> tuple[str, ...]:
    """The blocks of a name, of which this is what stands before its last part: many layers share it."""
    found: list[str] = []
    begin, before = 0, ""  # of the part between two slashes, and the part before it
    for separator in _SEPARATOR.finditer(text):
        end = separator.start()
        slash = text[end] == "/"
        part = text[begin:end]
        twice = not slash and before.startswith(part) and before[len(part) : len(part) + 1] in ("", ".")
        if part and not twice and text[end - 1] not in "/.":
            found.append(text[:end])
            if len(found) == _DEEPEST:
                break
        if slash:
            begin, before = end + 1, part
    return tuple(found)


def _names(profile: Profile, by: By, depth: int | None) -> Sequence[str | None]:
    if by == "block":
        return blocks(profile, depth)
    if by == "precision":
        return [precisions.normal(layer.precision) for layer in profile.layers]
    return [layer.type if by == "type" else layer.kernel for layer in profile.layers]


def _group(layers: Sequence[Layer], name: str, indices: list[int], total: float | None) -> Group:
    executed, arithmetic, worked, worked_us = 0, 0, 0, 0.0
    time_us: float | None = None
    counted = False
    for index in indices:
        layer = layers[index]
        executed += layer.status == "executed"
        if layer.time_us is not None:
            time_us = (time_us or 0.0) + layer.time_us
        if layer.flops is not None:
            counted = True
            arithmetic += layer.flops
            if layer.time_us is not None:
                worked, worked_us = worked + layer.flops, worked_us + layer.time_us
    return Group(
        name=name,
        places=tuple(indices),
        executed=executed,
        time_us=time_us,
        share=time_us / total if time_us is not None and total else None,
        flops=arithmetic if counted else None,
        gflops=worked / worked_us / 1e3 if worked_us else None,
    )


def _scopes(layers: Sequence[Layer]) -> list[tuple[str, ...]]:
    found = [scope(layer.original[0] if layer.original else layer.name) for layer in layers]
    put_in = {index for index, layer in enumerate(layers) if not layer.original}
    if len(put_in) == len(layers):  # a device that tells of no originals
        return found
    first_consumer: dict[int, int] = {}
    for index, layer in enumerate(layers):
        for edge in layer.inputs:
            first_consumer.setdefault(edge.source, index)
    for index in sorted(put_in, reverse=True):  # consumers come later, so that chains are followed
        other = first_consumer.get(index)
        if other is None:
            other = next((edge.source for edge in layers[index].inputs if 0 <= edge.source < len(layers)), None)
        if other is not None:
            found[index] = found[other]
    return found


def _useful(scopes: Sequence[tuple[str, ...]]) -> int:
    named = [each for each in scopes if each]
    for depth in range(1, max(map(len, named), default=0) + 1):
        largest = max(Counter(_level(each, depth) for each in named).values())
        if largest <= _MOST_OF_ALL * len(named):
            return depth
    return 1


def _level(blocks_around: tuple[str, ...], depth: int) -> str:
    return blocks_around[min(depth, len(blocks_around)) - 1] if blocks_around else ""
