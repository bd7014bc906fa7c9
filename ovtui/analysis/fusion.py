"""What became of each of the model's own operations: which layers execute it, and which operations a layer is made of.

The device tells for each layer the names of the operations that were fused into it. Names need not be unique: OpenVINO
numbers those that come again, and where a device does not, each operation of a name has all the layers that tell it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from ovtui.records import Layer, Operation, Profile
from ovtui.sanitize import plain

Fate = Literal["executed", "fused", "optimized_out", "not_run", "folded"]

# The device's names, in lower case and without underscores, for OpenVINO's operations, where they differ.
_EXECUTES = {
    "fullyconnected": {"MatMul"},
    "gemm": {"MatMul"},
    "convolution": {"Convolution", "GroupConvolution", "BinaryConvolution", "DeformableConvolution"},
    "deconvolution": {"ConvolutionBackpropData", "GroupConvolutionBackpropData"},
    "pooling": {"MaxPool", "AvgPool"},
    "reduce": {
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
        "ReduceSum",
    },
    "rnnseq": {"LSTMSequence", "GRUSequence", "RNNSequence"},
    "rnncell": {"LSTMCell", "GRUCell", "RNNCell"},
    "input": {"Parameter"},
    "output": {"Result"},
    "quantize": {"FakeQuantize"},
    "permute": {"Transpose"},
    "concatenation": {"Concat"},
    "tensoriterator": {"Loop", "LSTMSequence", "GRUSequence", "RNNSequence"},
}  # fmt: skip


class Origin(NamedTuple):
    """An operation's fate, and the layers that say so, those that execute it first."""

    fate: Fate
    layers: tuple[int, ...]


class Origins(NamedTuple):
    """Both ways: place in `profile.operations` → its origin, place in `profile.layers` → the operations in it."""

    operations: list[Origin]
    layers: list[tuple[int, ...]]


def origins(profile: Profile) -> Origins:
    """Where each operation went.

    An operation that no layer tells of is `folded`: computed when the model was compiled, merged into the constants of
    another one, or replaced. But OpenVINO forgets names, as that of a MatMul or Convolution to which a scale and a bias
    were added: a layer of its type that tells only of what follows it executes it.
    """
    layers, operations = profile.layers, profile.operations
    within, numbered = _told(layers, operations)
    for place in range(len(operations) - 1, -1, -1):  # owners come after what they execute
        body = operations[place].within
        if body is not None and not within[place] and 0 <= body.owner < len(operations):
            within[place] = list(within[body.owner])
    held: list[list[int]] = [[] for _ in layers]
    for operation, places in enumerate(within):
        for place in places:
            held[place].append(operation)
    for operation, place in _forgotten(layers, operations, within, held):
        within[operation].append(place)
        held[place].insert(0, operation)
    main = [_main(layer, operations, numbered, held[place]) for place, layer in enumerate(layers)]
    found = []
    for operation, places in enumerate(within):
        executing = [place for place in places if layers[place].status == "executed"]
        own = [place for place in executing if operation in main[place]]
        fate: Fate
        if not places:
            fate = "folded"
        elif executing:
            fate = "executed" if own else "fused"
        else:
            fate = "optimized_out" if any(layers[place].status == "optimized_out" for place in places) else "not_run"
        found.append(Origin(fate, tuple(dict.fromkeys((*own, *executing, *places)))))
    return Origins(found, [tuple(each) for each in held])


def names(profile: Profile, found: Origins | None = None) -> list[str]:
    """What to call each layer: as the model does, where the device made up a name of its own. Raw."""
    operations, found = profile.operations, found or origins(profile)
    known = {operation.name for operation in operations}.union(
        called(operations, {layer.name for layer in profile.layers})
    )
    return [
        layer.name if layer.name in known or not held else operations[held[0]].name
        for layer, held in zip(profile.layers, found.layers, strict=True)
    ]


def sentence(origin: Origin, layers: Sequence[Layer]) -> str:
    """`executed as conv1 (Convolution)`, `fused into conv1 (Convolution) and 2 more layers`, …; safe to show."""
    if origin.fate == "folded":
        return "folded when the model was compiled"
    if origin.fate == "optimized_out":
        return "optimized out"
    if origin.fate == "not_run":
        return "takes no time"
    first, more = layers[origin.layers[0]], len(origin.layers) - 1
    also = "" if not more else " and one more layer" if more == 1 else f" and {more:,} more layers"
    verb = "executed as" if origin.fate == "executed" else "fused into"
    return f"{verb} {plain(first.name, 60)} ({plain(first.type, 30)}){also}"


def called(operations: Sequence[Operation], told: Collection[str]) -> list[str]:
    """The operations' names as they are `told`: the second `conv` as `conv_1`, unless no layer tells that.

    A body that the device has taken apart is told without the name of the body.
    """
    taken = {operation.name for operation in operations}
    counts: dict[str, int] = {}
    found = []
    for operation in operations:
        name = operation.name
        if operation.within is not None and name not in told:
            alone = name.removeprefix(f"{operation.within.name}/")
            name = alone if alone in told and alone not in taken else name
        count = counts.get(name)
        if count is None:
            counts[name] = 0
            found.append(name)
            continue
        numbered = name
        while numbered in taken:
            count += 1
            numbered = f"{name}_{count}"
        counts[name] = count
        taken.add(numbered)
        found.append(numbered if numbered in told else name)
    return found


def _told(layers: Sequence[Layer], operations: Sequence[Operation]) -> tuple[list[list[int]], list[str]]:
    """For each operation the layers that tell its name, and how they tell it."""
    by_name: dict[str, list[int]] = {}
    # The device parts names by commas; one that has commas itself comes in pieces.
    pieces = {operation.name.count(",") + 1 for operation in operations} - {1}
    for place, layer in enumerate(layers):
        told = dict.fromkeys((*layer.original, layer.name))
        for count in pieces:
            told |= dict.fromkeys(
                ",".join(layer.original[begin : begin + count]) for begin in range(len(layer.original) - count + 1)
            )
        for name in told:
            by_name.setdefault(name, []).append(place)
    numbered = called(operations, by_name)
    return [list(by_name.get(name, ())) for name in numbered], numbered


def _forgotten(
    layers: Sequence[Layer], operations: Sequence[Operation], within: list[list[int]], held: list[list[int]]
) -> list[tuple[int, int]]:
    """Operations that no layer tells of, each with a layer of its type that tells of none: that of a later operation.

    Between the two lie only operations that no layer tells of either, and nothing else reads what they give.
    """
    readers: list[list[int]] = [[] for _ in operations]
    for place, operation in enumerate(operations):
        for edge in operation.inputs:
            if 0 <= edge.source < place:
                readers[edge.source].append(place)
    found: list[tuple[int, int]] = []
    told_next: list[int | None] = [None] * len(operations)
    taken: set[int] = set()
    for lost in range(len(operations) - 1, -1, -1):  # the nearest to a layer first
        if len(readers[lost]) != 1 or within[lost]:
            continue
        reader = readers[lost][0]
        told = told_next[lost] = reader if within[reader] else told_next[reader]
        for place in within[told] if told is not None else ():
            alone = place not in taken and not any(_does(layers[place], operations[each]) for each in held[place])
            if alone and _does(layers[place], operations[lost]):
                taken.add(place)
                found.append((lost, place))
    return found


def _main(
    layer: Layer, operations: Sequence[Operation], numbered: Sequence[str], held: Sequence[int]
) -> frozenset[int]:  # fmt: skip
    """Of the operations in a layer those that it is, rather than those that were fused into it."""
    does = [each for each in held if _does(layer, operations[each])]
    if does:
        return frozenset(each for each in does if numbered[each] == numbered[does[0]])
    named = [each for each in held if numbered[each] == layer.name]
    return frozenset(named or (held if len(held) == 1 else ()))


def _does(layer: Layer, operation: Operation) -> bool:
    """Whether this type of layer executes this type of operation."""
    kind = layer.type.lower().replace("_", "")
    return kind == operation.type.lower() or operation.type in _EXECUTES.get(kind, ())
