"""Where the precision changes: from layer to layer along the executed graph, by which conversions, at what cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ovtui.analysis import precisions, traffic
from ovtui.analysis.layers import total_us
from ovtui.records import Layer, Profile, Tensor

_CONVERTERS = frozenset({"reorder", "convert"})
# Their output is of another type by their nature.
_COMPARISONS = frozenset({
    "Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "IsFinite", "IsInf", "IsNaN", "LogicalAnd",
    "LogicalNot", "LogicalOr", "LogicalXor",
})  # fmt: skip


class Link(NamedTuple):
    """An edge between two layers; `bytes`: that cross, None where a shape or a type does not tell."""

    source: int
    target: int
    bytes: int | None


class Crossing(NamedTuple):
    """The edges from one precision to another."""

    edges: int
    bytes: int | None  # of the edges whose size is known


class Transitions(NamedTuple):
    """How often and with how many bytes the precision of a layer (row) is followed by that of its consumer (column)."""

    precisions: tuple[str, ...]
    cells: dict[tuple[str, str], Crossing]  # (row, column); where there is none, no edge
    unknown: int  # edges of which one end's precision is not known

    @property
    def changes(self) -> int:
        """Edges along which the precision is not the same."""
        return sum(cell.edges for (row, column), cell in self.cells.items() if row != column)


class Conversion(NamedTuple):
    """A layer that gives its values another type or layout."""

    place: int  # in `profile.layers`
    fused: bool  # beside its own work: then the time is that of all it does
    cause: str  # `f32→u8`, `abcd→acdb`, both, `copy` when nothing changes, `unknown` when the graph does not tell
    types: tuple[str, str] | None  # from, to; None: the same, or not known
    layouts: tuple[str, str] | None
    time_us: float | None
    share: float | None
    bytes: int | None


class Cause(NamedTuple):
    """Conversions of one cause together."""

    cause: str
    layers: int
    time_us: float | None
    share: float | None


class Island(NamedTuple):
    """Layers in floating point between quantized ones, and the conversions that they need."""

    places: tuple[int, ...]
    conversions: tuple[int, ...]  # Reorder and Convert next to them
    time_us: float | None  # of both


def runs(layer: Layer) -> bool:
    """Whether it is executed."""
    return layer.status == "executed"


def is_conversion(layer: Layer) -> bool:
    """Whether converting is all it does."""
    return layer.type.lower() in _CONVERTERS


def links(layers: Sequence[Layer], kept: Callable[[Layer], bool] = runs) -> list[Link]:
    """The edges between the layers that are `kept`, in the order of their targets; the others are passed through.

    The layers are in the order of execution. What crosses an edge is the smallest tensor on the way: a part of what
    the producer gives, or of what the consumer takes. Along the same passed layers a producer is reached once.
    """
    return [Link(*each) for each in _walk(layers, [kept(layer) for layer in layers])]


def transitions(profile: Profile) -> Transitions:
    """The matrix over all edges between executed layers."""
    computing = [precisions.normal(layer.precision) for layer in profile.layers]
    edges: dict[tuple[str, str], int] = {}
    crossing: dict[tuple[str, str], int] = {}
    unknown = 0
    for source, target, size in _walk(profile.layers, [runs(layer) for layer in profile.layers]):
        row, column = computing[source], computing[target]
        if row is None or column is None:
            unknown += 1
            continue
        pair = (row, column)
        edges[pair] = edges.get(pair, 0) + 1
        if size is not None:
            crossing[pair] = crossing.get(pair, 0) + size
    cells = {pair: Crossing(count, crossing.get(pair)) for pair, count in edges.items()}
    named = precisions.in_order(name for pair in cells for name in pair)
    return Transitions(tuple(named), cells, unknown)


def _walk(layers: Sequence[Layer], keeps: Sequence[bool]) -> Iterator[tuple[int, int, int | None]]:
    """Source, target and bytes of the edges between those that are kept."""
    passed: dict[int, dict[int, int | None]] = {}
    for target, layer in enumerate(layers):
        merged: dict[int, int | None] = {}
        for edge in layer.inputs:
            if not 0 <= edge.source < len(layers):
                continue
            size = _given(layers[edge.source], edge.port)
            arriving: Iterable[tuple[int, int | None]] = ((edge.source, size),)
            if not keeps[edge.source]:
                behind = passed.get(edge.source, {})
                arriving = [(source, _least(size, part)) for source, part in behind.items()]
            for source, crossing in arriving:
                if keeps[target]:
                    yield source, target, crossing
                else:
                    merged[source] = _sum(merged[source], crossing) if source in merged else crossing
        if not keeps[target]:
            passed[target] = merged


def conversions(profile: Profile) -> list[Conversion]:
    """The executed layers that convert, slowest first; first those that do nothing else, then the fused ones."""
    types = {operation.name: operation.type for operation in profile.operations}
    total = total_us(profile)
    found = []
    for index, layer in enumerate(profile.layers):
        if not runs(layer):
            continue
        if is_conversion(layer):
            cause, changed, relaid = _explicit(profile.layers, layer)
        else:
            changed, relaid = _fused(profile.layers, layer), None
            if changed is None or any(types.get(name) in _COMPARISONS for name in layer.original):
                continue
            cause = "→".join(changed)
        share = layer.time_us / total if layer.time_us is not None and total else None
        found.append(
            Conversion(index, not is_conversion(layer), cause, changed, relaid, layer.time_us, share, layer.bytes)
        )
    return sorted(found, key=lambda each: (each.fused, -(each.time_us or 0.0)))


def causes(found: Iterable[Conversion]) -> list[Cause]:
    """The costliest cause first."""
    together: dict[str, Cause] = {}
    for each in found:
        old = together.get(each.cause, Cause(each.cause, 0, None, None))
        together[each.cause] = Cause(
            each.cause, old.layers + 1, _known(old.time_us, each.time_us), _known(old.share, each.share)
        )
    return sorted(together.values(), key=lambda cause: (cause.time_us or 0.0, cause.layers), reverse=True)


def islands(profile: Profile) -> list[Island]:
    """Connected layers in floating point which have quantized producers and quantized consumers, slowest first.

    What begins or ends the graph is none: values come in and go out as floating point.
    """
    layers = profile.layers
    computing = [precisions.normal(layer.precision) for layer in layers]
    into: dict[int, list[int]] = {}
    out_of: dict[int, list[int]] = {}
    for source, target, _ in links(layers, lambda layer: runs(layer) and not is_conversion(layer)):
        into.setdefault(target, []).append(source)
        out_of.setdefault(source, []).append(target)
    beside: dict[int, set[int]] = {}
    for source, target, _ in links(layers):
        for one, other in ((source, target), (target, source)):
            if is_conversion(layers[other]):
                beside.setdefault(one, set()).add(other)
    found, seen = [], set[int]()
    for index, layer in enumerate(layers):
        if index in seen or computing[index] not in precisions.FLOATS or not runs(layer) or is_conversion(layer):
            continue
        members = _connected(index, into, out_of, computing)
        seen |= members
        before = {computing[source] for each in members for source in into.get(each, ())}
        after = {computing[target] for each in members for target in out_of.get(each, ())}
        inside = all(into.get(each) and out_of.get(each) for each in members)
        if inside and before & precisions.NARROW and after & precisions.NARROW:
            converting = sorted(set().union(*(beside.get(each, ()) for each in members)))
            time_us: float | None = None
            for each in (*members, *converting):
                time_us = _known(time_us, layers[each].time_us)
            found.append(Island(tuple(sorted(members)), tuple(converting), time_us))
    return sorted(found, key=lambda island: -(island.time_us or 0.0))


def _connected(
    start: int, into: dict[int, list[int]], out_of: dict[int, list[int]], computing: Sequence[str | None]
) -> set[int]:
    members, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for other in (*into.get(here, ()), *out_of.get(here, ())):
            if other not in members and computing[other] in precisions.FLOATS:
                members.add(other)
                waiting.append(other)
    return members


def _explicit(layers: Sequence[Layer], layer: Layer) -> tuple[str, tuple[str, str] | None, tuple[str, str] | None]:
    """Cause, change of type, change of layout."""
    before = next(iter(_read(layers, layer)), None)
    if before is None or not layer.outputs:
        return "unknown", None, None
    after = layer.outputs[0]
    changed = _change(precisions.normal(before.type), precisions.normal(after.type))
    layouts = _layout(before), _layout(after)
    relaid = _change(*layouts)
    if changed is None and relaid is None and None in layouts:
        return "unknown", None, None
    return ", ".join("→".join(pair) for pair in (changed, relaid) if pair) or "copy", changed, relaid


def _fused(layers: Sequence[Layer], layer: Layer) -> tuple[str, str] | None:
    """The change of type within a layer; indices, shapes and truth values are no change."""
    computes = precisions.FLOATS | precisions.NARROW
    read = [name for tensor in _read(layers, layer) if (name := precisions.normal(tensor.type)) in computes]
    given = precisions.normal(layer.outputs[0].type) if layer.outputs else None
    if not read or given not in computes or given in read:
        return None
    return _change(read[0], given)


def _read(layers: Sequence[Layer], layer: Layer) -> Iterable[Tensor]:
    for edge in layer.inputs:
        if 0 <= edge.source < len(layers) and 0 <= edge.port < len(layers[edge.source].outputs):
            yield layers[edge.source].outputs[edge.port]


def _layout(tensor: Tensor) -> str | None:
    return None if (tensor.layout or "undef").startswith("undef") else tensor.layout


def _change(before: str | None, after: str | None) -> tuple[str, str] | None:
    return (before, after) if before is not None and after is not None and before != after else None


def _given(layer: Layer, port: int) -> int | None:
    """Bytes of an output."""
    if not 0 <= port < len(layer.outputs):
        return None
    return traffic.bytes_of(layer.outputs[port])


def _least(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _known(one: float | None, other: float | None) -> float | None:
    """The sum of what is known of two."""
    return other if one is None else one if other is None else one + other
