"""What an executed layer costs in arithmetic, from shapes and from what was fused into it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import NamedTuple

from ovtui.analysis import flops
from ovtui.analysis.fusion import called
from ovtui.analysis.traffic import static
from ovtui.records import Operation, StaticShape, Tensor

_MULTIPLY = {"FullyConnected": "MatMul", "MatMul": "MatMul", "Convolution": "Convolution",
             "Deconvolution": "ConvolutionBackpropData"}  # fmt: skip
_PRODUCTS = frozenset({
    "MatMul", "Convolution", "GroupConvolution", "BinaryConvolution", "ConvolutionBackpropData",
    "GroupConvolutionBackpropData", "DeformableConvolution", "ScaledDotProductAttention",
})  # fmt: skip


class Work(NamedTuple):
    """What the model's operations in a layer come to."""

    flops: int | None  # None when something in it cannot be counted
    constants: tuple[Tensor, ...] = ()  # that a body reads in it: of those, the device tells nothing


class Costs:
    """The work of a model's operations, given out to the layers that execute them, each once.

    `told`: all names that layers tell. Of operations of one name that are told alike, each layer takes the next. What
    a body executes is its owner's.
    """

    def __init__(self, operations: Sequence[Operation], told: Collection[str]) -> None:
        self._operations = operations
        self._works = _works(operations)
        self._left: dict[str, list[int]] = {}
        for place, name in enumerate(called(operations, told)):
            self._left.setdefault(name, []).append(place)
        for left in self._left.values():
            left.reverse()

    def of(
        self,
        type_: str,
        name: str,
        original: Sequence[str],
        inputs: Sequence[StaticShape],
        outputs: Sequence[Tensor],
    ) -> Work:
        """The work of a layer.

        What it was made from counts. OpenVINO does not always tell the product of matrices or the convolution itself
        among that: then it is counted from the layer's own shapes.
        """
        places = [left.pop() for each in dict.fromkeys((*original, name)) if (left := self._left.get(each))]
        works = [self._works[place] for place in places]
        constants = tuple(tensor for work in works for tensor in work.constants)
        if any(work.flops is None for work in works):
            return Work(None, constants)
        total = sum(work.flops or 0 for work in works)
        if type_ in _MULTIPLY and not any(self._operations[place].type in _PRODUCTS for place in places):
            own = _own(type_, inputs, outputs)
            if own is None:
                return Work(None, constants)
            total += own
        return Work(total, constants)


def _works(operations: Sequence[Operation]) -> list[Work]:
    """Of each operation, with what it executes: that comes before it."""
    found: list[Work] = []
    inside: dict[int, list[Work]] = {}
    for place, operation in enumerate(operations):
        works = inside.pop(place, [])
        counts = [operation.flops, *(work.flops for work in works)]
        flops_ = None if None in counts else sum(count or 0 for count in counts)
        constants = tuple(tensor for work in works for tensor in work.constants)
        found.append(Work(flops_, constants))
        body = operation.within
        if body is not None:
            # A branch that is not counted is neither computed nor read.
            own = () if body.trips == 0 else (*constants, *body.constants)
            inside.setdefault(body.owner, []).append(Work(flops_, own))
    return found


def _own(type_: str, inputs: Sequence[StaticShape], outputs: Sequence[Tensor]) -> int | None:
    """From the shapes that the device reports: data, then weights."""
    out = static(outputs[0].shape) if outputs else None
    if out is None or not inputs or not inputs[0]:
        return None
    if type_ in ("FullyConnected", "MatMul"):
        return 2 * prod(out) * inputs[0][-1]
    if len(inputs) < 2 or not inputs[1]:
        return None
    grouped = len(inputs[1]) == len(inputs[0]) + 1
    kind = ("Group" if grouped else "") + _MULTIPLY[type_]
    return flops.flops(flops.Operation(kind, tuple(inputs), (out,)))
