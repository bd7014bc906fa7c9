"""What an executed layer costs in arithmetic and in memory traffic, from shapes and from what was fused into it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from math import prod

from ovtui.analysis import flops, precisions
from ovtui.analysis.origins import called
from ovtui.records import Operation, Shape, StaticShape, Tensor

_BITS = {"boolean": 8, "nf4": 4, "f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8, "f4e2m1": 4}
_MULTIPLY = {"FullyConnected": "MatMul", "MatMul": "MatMul", "Convolution": "Convolution",
             "Deconvolution": "ConvolutionBackpropData"}  # fmt: skip
_PRODUCTS = frozenset({
    "MatMul", "Convolution", "GroupConvolution", "BinaryConvolution", "ConvolutionBackpropData",
    "GroupConvolutionBackpropData", "DeformableConvolution", "ScaledDotProductAttention",
})  # fmt: skip
_STILL = frozenset({"Input", "Output", "Parameter", "Result", "Const"})


class Costs:
    """The arithmetic of a model's operations, given out to the layers that execute them, each once.

    `told`: all names that layers tell. Of operations of one name that are told alike, each layer takes the next.
    """

    def __init__(self, operations: Sequence[Operation], told: Collection[str]) -> None:
        self._left: dict[str, list[Operation]] = {}
        for name, operation in zip(called(operations, told), operations, strict=True):
            self._left.setdefault(name, []).append(operation)
        for left in self._left.values():
            left.reverse()

    def flops(
        self,
        type_: str,
        name: str,
        original: Sequence[str],
        inputs: Sequence[StaticShape],
        outputs: Sequence[Tensor],
    ) -> int | None:
        """FLOPs of a layer; None when something in it cannot be counted.

        What it was made from counts. OpenVINO does not always tell the product of matrices or the convolution itself
        among that: then it is counted from the layer's own shapes.
        """
        operations = [left.pop() for each in dict.fromkeys((*original, name)) if (left := self._left.get(each))]
        if any(operation.flops is None for operation in operations):
            return None
        total = sum(operation.flops or 0 for operation in operations)
        if type_ in _MULTIPLY and not any(operation.type in _PRODUCTS for operation in operations):
            own = _own(type_, inputs, outputs)
            if own is None:
                return None
            total += own
        return total


def _own(type_: str, inputs: Sequence[StaticShape], outputs: Sequence[Tensor]) -> int | None:
    """From the shapes that the device reports: data, then weights."""
    out = _static(outputs[0].shape) if outputs else None
    if out is None or not inputs or not inputs[0]:
        return None
    if type_ in ("FullyConnected", "MatMul"):
        return 2 * prod(out) * inputs[0][-1]
    if len(inputs) < 2 or not inputs[1]:
        return None
    grouped = len(inputs[1]) == len(inputs[0]) + 1
    kind = ("Group" if grouped else "") + _MULTIPLY[type_]
    return flops.flops(flops.Operation(kind, tuple(inputs), (out,)))


def traffic(type_: str, read: Sequence[Tensor], written: Sequence[Tensor]) -> int | None:
    """Bytes that a layer must read and write at the least; None when a shape or a type does not tell."""
    if type_ in _STILL:
        return 0
    ins, outs = [bytes_of(tensor) for tensor in read], [bytes_of(tensor) for tensor in written]
    if None in ins or None in outs:
        return None
    out = sum(size or 0 for size in outs)
    if type_.startswith(("Gather", "Embedding")) and ins:
        # Of a table only the rows that were asked for are read.
        ins[0] = min(ins[0] or 0, out)
    return sum(size or 0 for size in ins) + out


def bytes_of(tensor: Tensor) -> int | None:
    """What a tensor holds; None when its shape or its type does not tell."""
    return _size(tensor.shape, tensor.type)


@lru_cache(maxsize=65_536)
def _size(shape: Shape, type_: str) -> int | None:
    dims, bits = _static(shape), bits_of(precisions.normal(type_) or "")
    return None if dims is None or bits is None else (prod(dims) * bits + 7) // 8


def bits_of(type_: str) -> int | None:
    """Of an element: 32 for f32, 4 for u4; None for text and what is not known."""
    if type_ in _BITS:
        return _BITS[type_]
    found = re.fullmatch(r"(?:f|bf|i|u)(\d{1,2})", type_)
    return int(found[1]) if found else None


def _static(shape: Shape) -> StaticShape | None:
    if shape is None:
        return None
    dims = tuple(dim for dim in shape if isinstance(dim, int))
    return dims if len(dims) == len(shape) else None
