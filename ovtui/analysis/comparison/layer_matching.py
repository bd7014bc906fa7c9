"""Which layer of one profile is which of another: by what was fused into them, then by name and shape."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from ovtui.analysis import precisions
from ovtui.analysis.fusion import names, origins
from ovtui.analysis.layers import in_order
from ovtui.records import Layer, Profile, Shape

Both = tuple[str | None, str | None]
"""Of A and of B; None on the side that has no such layer, or does not say."""


class Row(NamedTuple):
    """A layer of A with that of B, or one that only one side has. Names are raw, times in µs."""

    place_a: int | None  # in the profile's layers
    place_b: int | None
    name: str  # as the model calls it, on A's side if there is one
    types: Both
    precisions: Both
    kernels: Both
    time_a: float | None  # None: no such layer, or no time is told
    time_b: float | None
    delta: float | None  # B less A, where what is not told counts as nothing; None when neither side tells
    ratio: float | None  # of the times, B over A
    share_of_difference: float | None  # of the sum of all deltas; above 1 or below 0 where layers work against others


def matched(a: Profile, b: Profile) -> list[Row]:
    """One row for each pair of layers and for each layer that only one side has; every layer is in exactly one row.

    Layers are the same when the same original operations were fused into them, of the same type first; when the
    operations that both models have are the same (a version has some of its own, as FakeQuantize); when name and
    shapes of the outputs are; when type and name are. Several of a kind are matched in the order of execution.
    Rows are in A's order of execution, what only B has after what it follows there.
    """
    left, right = _Side(a), _Side(b)
    common = frozenset().union(*left.sets) & frozenset().union(*right.sets)
    keys: tuple[Callable[[_Side, int], Hashable], ...] = (
        lambda side, place: side.sets[place] and (side.sets[place], side.layers[place].type),
        lambda side, place: side.sets[place],
        lambda side, place: side.sets[place] & common,
        lambda side, place: (side.names[place], side.shapes(place)),
        lambda side, place: (side.names[place], side.layers[place].type),
    )
    partner: dict[int, int] = {}  # place in A → place in B
    rest_a, rest_b = left.order, right.order
    for key in keys:
        found = _alike(left, rest_a, right, rest_b, key)
        partner |= found
        taken = set(found.values())
        rest_a = [place for place in rest_a if place not in found]
        rest_b = [place for place in rest_b if place not in taken]
    return _rows(left, right, _in_line(left.order, right.order, partner))


class _Side:
    """A profile's layers with what they are matched by."""

    def __init__(self, profile: Profile) -> None:
        self.layers: Sequence[Layer] = profile.layers
        self.order = in_order(profile.layers)
        found = origins(profile)
        self.names = names(profile, found)
        self.sets: list[frozenset[str]] = [
            frozenset([profile.operations[each].name for each in held]) if held else frozenset(layer.original)
            for layer, held in zip(profile.layers, found.layers, strict=True)
        ]
        # The last value is that of a place that is not there, -1.
        self.types = [*(layer.type for layer in profile.layers), None]
        self.precisions = [*(precisions.normal(layer.precision) for layer in profile.layers), None]
        self.kernels = [*(layer.kernel for layer in profile.layers), None]
        self.times = [*(layer.time_us for layer in profile.layers), None]

    def shapes(self, place: int) -> tuple[Shape, ...]:
        return tuple(tensor.shape for tensor in self.layers[place].outputs)


def _alike(
    left: _Side, rest_a: Sequence[int], right: _Side, rest_b: Sequence[int], key: Callable[[_Side, int], Hashable]
) -> dict[int, int]:
    """The layers of both sides with the same key, in order; an empty key is like no other."""
    if not rest_a or not rest_b:
        return {}
    waiting: dict[Hashable, list[int]] = {}
    for place in reversed(rest_b):
        if own := key(right, place):
            waiting.setdefault(own, []).append(place)
    found = {}
    for place in rest_a:
        if same := waiting.get(key(left, place)):
            found[place] = same.pop()
    return found


def _in_line(
    order_a: Sequence[int], order_b: Sequence[int], partner: dict[int, int]
) -> list[tuple[int | None, int | None]]:
    """A's order; what only B has stands behind the layer that it follows in B."""
    of_b = {place_b: place_a for place_a, place_b in partner.items()}
    behind: dict[int | None, list[int]] = {}
    last: int | None = None
    for place_b in order_b:
        if place_b in of_b:
            last = of_b[place_b]
        else:
            behind.setdefault(last, []).append(place_b)
    found: list[tuple[int | None, int | None]] = [(None, place_b) for place_b in behind.get(None, ())]
    for place_a in order_a:
        found.append((place_a, partner.get(place_a)))
        found += [(None, place_b) for place_b in behind.get(place_a, ())]
    return found


def _rows(left: _Side, right: _Side, pairs: Sequence[tuple[int | None, int | None]]) -> list[Row]:
    deltas = []
    for place_a, place_b in pairs:
        time_a = left.times[-1 if place_a is None else place_a]
        time_b = right.times[-1 if place_b is None else place_b]
        deltas.append(None if time_a is None and time_b is None else (time_b or 0.0) - (time_a or 0.0))
    whole = sum(delta for delta in deltas if delta is not None)
    if abs(whole) <= 1e-9 * sum(abs(delta) for delta in deltas if delta is not None):
        whole = 0.0  # what is left of a sum that cancels is rounding
    rows = []
    for (place_a, place_b), delta in zip(pairs, deltas, strict=True):
        a, b = -1 if place_a is None else place_a, -1 if place_b is None else place_b
        time_a, time_b = left.times[a], right.times[b]
        rows.append(
            Row(
                place_a,
                place_b,
                left.names[a] if a >= 0 else right.names[b],
                (left.types[a], right.types[b]),
                (left.precisions[a], right.precisions[b]),
                (left.kernels[a], right.kernels[b]),
                time_a,
                time_b,
                delta,
                ratio=time_b / time_a if time_a and time_b is not None else None,
                share_of_difference=delta / whole if delta is not None and whole else None,
            )
        )
    return rows
